//! An upstream that is killed, hangs, is slow, fails or answers garbage, at every step of a login and of a logout: the
//! login is refused with a reason that fits, the agent goes on answering, the next login works, and nobody who is logged
//! in is logged out.

use crate::{
    browser::browsing,
    party::Party,
    people,
    phone::phones,
    scene::{Scene, application},
};
use cps_agent_api::words::{Problem, Session};
use cps_sandbox::card::cards;
use serde_json::json;

/// The endpoints of a login by card, in its order.
const BY_CARD: [&str; 6] = ["discovery", "authorization", "card", "token", "jwks", "userinfo"];
/// Those that the agent asks itself when the browser does the rest.
const BY_BROWSER: [&str; 4] = ["discovery", "token", "jwks", "userinfo"];
/// Those of a login on the phone. A token endpoint that fails between two polls ends nothing: see there.
const BY_PHONE: [&str; 4] = ["discovery", "backchannel_authentication", "jwks", "userinfo"];

/// What may be said of a fault: what it is called depends on where the connection broke.
const BROKEN: [(&str, &[&str]); 4] = [
    ("failing", &["upstream_failing"]),
    ("garbage", &["upstream_garbled", "upstream_page"]),
    ("huge", &["upstream_garbled"]),
    ("cut", &["upstream_garbled", "upstream_unreachable"]),
];

/// A workstation and the way its person logs in.
struct Road {
    scene: Scene,
    way: &'static str,
    asked: u32,
}

impl Road {
    async fn new(way: &'static str) -> Self {
        let scene = match way {
            "browser" => browsing().await,
            "ecps" => phones().await,
            _ => Scene::new(&cards::doctor_cps3()).await,
        };
        Self { scene, way, asked: 0 }
    }

    /// One try; each of them rings another phone, as one phone rings three times in ten minutes at the most.
    async fn login(&mut self) -> Result<Session, Problem> {
        self.asked += 1;
        let identifier = (self.way == "ecps").then(|| people::identifier(self.asked));
        self.scene.login_as(self.way, identifier.as_deref()).await
    }

    /// One login that must fail, with a reason for the person and one in the trail.
    async fn refused(&mut self, what: &str, codes: &[&str]) {
        let told = self.scene.audit().len();
        let login = self.login().await;
        let Err(problem) = login else { panic!("{what}: accepted\n{}", self.scene.agent.log()) };
        assert!(codes.contains(&problem.code.as_str()), "{what}: {problem:?}\n{}", self.scene.agent.log());
        assert!(problem.detail.is_some(), "{what}: {problem:?}");
        let trail = self.scene.audit();
        let login = trail[told..].iter().find(|line| line["event"] == "login").expect("a line of the login");
        assert_eq!((&login["result"], &login["code"]), (&json!("refused"), &json!(problem.code)), "{what}");
    }

    /// The next login works.
    async fn recovered(&mut self, what: &str) {
        let login = self.login().await;
        login.unwrap_or_else(|problem| panic!("after {what}: {problem:?}\n{}", self.scene.agent.log()));
        self.scene.logout().await;
    }
}

async fn nonsense_stops_one_login_only(way: &'static str, steps: &[&str]) {
    for step in steps {
        let mut road = Road::new(way).await;
        for (fault, codes) in BROKEN {
            let what = format!("{fault} at {step} by {way}");
            // Keys that were good once are kept: only a new agent asks for them again.
            if *step == "jwks" {
                road = Road::new(way).await;
            }
            road.scene.upstream.fault_at(fault, step);
            road.refused(&what, codes).await;
            road.scene.upstream.heal();
            road.recovered(&what).await;
        }
        road.scene.upstream.fault_at("slow", step);
        road.recovered(&format!("slow {step}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_answers_nonsense_at_any_step_stops_one_login_by_card() {
    nonsense_stops_one_login_only("card", &BY_CARD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_answers_nonsense_at_any_step_stops_one_login_by_browser() {
    nonsense_stops_one_login_only("browser", &BY_BROWSER).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_answers_nonsense_at_any_step_stops_one_login_by_phone() {
    nonsense_stops_one_login_only("ecps", &BY_PHONE).await;
}

async fn hangs(way: &'static str, step: &str) {
    let what = format!("hang at {step} by {way}");
    let mut road = Road::new(way).await;
    road.scene.upstream.fault_at("hang", step);
    road.refused(&what, &["upstream_unreachable"]).await;
    road.scene.upstream.heal();
    road.recovered(&what).await;
}

#[test]
fn an_upstream_that_hangs_at_any_step_is_given_up() {
    // A few at once: each of them waits for nothing but the agent's patience.
    for (way, steps) in [("card", BY_CARD.as_slice()), ("browser", &BY_BROWSER), ("ecps", &BY_PHONE)] {
        std::thread::scope(|threads| {
            for step in steps {
                threads.spawn(move || {
                    let runtime =
                        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
                    runtime.expect("a runtime").block_on(hangs(way, step));
                });
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_is_killed_at_any_step_is_unreachable_until_it_is_back() {
    let mut road = Road::new("card").await;
    for step in BY_CARD {
        if step == "jwks" {
            road = Road::new("card").await;
        }
        road.scene.upstream.fault_at("killed", step);
        road.refused(&format!("killed at {step}"), &["upstream_unreachable", "upstream_garbled"]).await;
        road.refused(&format!("dead after {step}"), &["upstream_unreachable"]).await;
        road.scene.upstream.restart();
        road.recovered(&format!("killed at {step}")).await;
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
    scene.login("card").await.expect("a login after all of them");
}
