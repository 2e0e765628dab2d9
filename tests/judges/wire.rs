//! An upstream that is killed, hangs, is slow, fails or answers garbage, at every step of a login and of a logout: the
//! login is refused with a reason that fits, the agent goes on answering, the next login works, and nobody who is logged
//! in is logged out.

use crate::{
    party::Party,
    scene::{Scene, application},
};
use cps_sandbox::card::cards;
use serde_json::json;

/// The endpoints of a login by card, in its order.
const STEPS: [&str; 6] = ["discovery", "authorization", "card", "token", "jwks", "userinfo"];

/// What may be said of a fault: what it is called depends on where the connection broke.
const BROKEN: [(&str, &[&str]); 4] = [
    ("failing", &["upstream_failing"]),
    ("garbage", &["upstream_garbled", "upstream_page"]),
    ("huge", &["upstream_garbled"]),
    ("cut", &["upstream_garbled", "upstream_unreachable"]),
];

/// One login that must fail, with a reason for the person and one in the trail.
async fn refused(scene: &mut Scene, what: &str, codes: &[&str]) {
    let told = scene.audit().len();
    let Err(problem) = scene.login("card").await else { panic!("{what}: accepted\n{}", scene.agent.log()) };
    assert!(codes.contains(&problem.code.as_str()), "{what}: {problem:?}\n{}", scene.agent.log());
    assert!(problem.detail.is_some(), "{what}: {problem:?}");
    let trail = scene.audit();
    let login = trail[told..].iter().find(|line| line["event"] == "login").expect("a line of the login");
    assert_eq!((&login["result"], &login["code"]), (&json!("refused"), &json!(problem.code)), "{what}");
}

/// The next login works.
async fn recovered(scene: &mut Scene, what: &str) {
    let session = scene.login("card").await;
    session.unwrap_or_else(|problem| panic!("after {what}: {problem:?}\n{}", scene.agent.log()));
    scene.logout().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_answers_nonsense_at_any_step_stops_one_login_only() {
    for step in STEPS {
        let card = cards::doctor_cps3();
        let mut scene = Scene::new(&card).await;
        for (fault, codes) in BROKEN {
            let what = format!("{fault} at {step}");
            // Keys that were good once are kept: only a new agent asks for them again.
            if step == "jwks" {
                scene = Scene::new(&card).await;
            }
            scene.upstream.fault_at(fault, step);
            refused(&mut scene, &what, codes).await;
            scene.upstream.heal();
            recovered(&mut scene, &what).await;
        }
        scene.upstream.fault_at("slow", step);
        recovered(&mut scene, &format!("slow {step}")).await;
        assert_eq!(card.pin_tries_spent(), 0);
    }
}

async fn hangs(step: &str) {
    let card = cards::doctor_cps3();
    let mut scene = Scene::new(&card).await;
    scene.upstream.fault_at("hang", step);
    refused(&mut scene, &format!("hang at {step}"), &["upstream_unreachable"]).await;
    scene.upstream.heal();
    recovered(&mut scene, &format!("hang at {step}")).await;
}

#[test]
fn an_upstream_that_hangs_at_any_step_is_given_up() {
    // All at once: each of them waits for nothing but the agent's patience.
    std::thread::scope(|threads| {
        for step in STEPS {
            threads.spawn(move || {
                let runtime =
                    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
                runtime.expect("a runtime").block_on(hangs(step));
            });
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_is_killed_at_any_step_is_unreachable_until_it_is_back() {
    let card = cards::doctor_cps3();
    let mut scene = Scene::new(&card).await;
    for step in STEPS {
        if step == "jwks" {
            scene = Scene::new(&card).await;
        }
        scene.upstream.fault_at("killed", step);
        refused(&mut scene, &format!("killed at {step}"), &["upstream_unreachable", "upstream_garbled"])
            .await;
        refused(&mut scene, &format!("dead after {step}"), &["upstream_unreachable"]).await;
        scene.upstream.restart();
        recovered(&mut scene, &format!("killed at {step}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_logged_out_when_the_upstream_is_lost() {
    let card = cards::doctor_cps3();
    let mut scene = Scene::new(&card).await;
    let mut party = Party::openid_client(&mut scene, application("dpi", false, "ES256")).await;
    party.ask("login", &scene);
    for fault in ["failing", "garbage", "cut"] {
        for endpoint in ["token", "userinfo", "discovery"] {
            scene.upstream.fault_at(fault, endpoint);
            party.ask("refresh", &scene);
        }
    }
    scene.upstream.kill();
    party.ask("refresh", &scene);
    party.ask("userinfo", &scene);
    // A second application shares the login that the upstream no longer knows of.
    let mut second = Party::openid_client(&mut scene, application("second", false, "ES256")).await;
    second.ask("login", &scene);
    assert_eq!(scene.person.questions().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_that_the_upstream_does_not_hear_is_a_logout_here() {
    let card = cards::doctor_cps3();
    let mut scene = Scene::new(&card).await;
    for endpoint in ["end_session", "revocation"] {
        for fault in ["failing", "garbage", "cut", "hang"] {
            scene.login("card").await.expect("a login");
            scene.upstream.fault_at(fault, endpoint);
            scene.logout().await;
            let mut control = scene.agent.control().await.expect("the control door");
            assert!(control.session().await.expect("an answer").is_none(), "{fault} at {endpoint}");
            scene.agent.wait_for("a card that is reset", async |_| (!card.verified()).then_some(())).await;
        }
    }
    scene.upstream.heal();
    recovered(&mut scene, "logouts that were not heard").await;
}
