//! What a login is refused for: by the site's policy, by an upstream that misbehaves, by settings that point to the real
//! service. Each time with a code of its own, and no session.

use crate::{
    application::{Application, Page},
    desk::{Desk, UNTOUCHED, code, counts, program, script, verifications, written},
};
use cps_agent::run::StartError;
use cps_agent_api::words::Client;
use cps_agent_core::failure::{LOGIN_GONE, LOGOUT_GONE, NO_WAY_LEFT};
use cps_sandbox::{
    agent::{self, Agent},
    card::cards,
    pinentry::Answer,
    reader::InProcessReaders,
    upstream::{Endpoint, Fault, Wrong},
    workstation::{Transport, Workstation},
};
use hyper::StatusCode;

impl Desk {
    async fn nobody_is_logged_in(&self) {
        assert!(self.control().await.session().await.expect("an answer").is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_that_the_policy_lacks_is_refused_before_anything_happens() {
    let card = cards::doctor_cps3();
    let never = [("local", "allow", "never".into()), ("login", "ways", vec!["card", "local"].into())];
    let desk = Desk::configured(&never, &[&card]).await;
    assert_eq!(code(desk.login("local").await), "local_not_allowed");
    for way in ["browser", "ecps", "token"] {
        assert_eq!(code(desk.login(way).await), "way_not_allowed", "{way}");
    }
    assert_eq!(code(desk.login("telepathy").await), "no_way");
    assert_eq!((verifications(&card), counts(&card)), (0, UNTOUCHED));
    assert_eq!(desk.questions_after(0), []);
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_login_for_bad_days_is_refused_while_the_upstream_answers() {
    let card = cards::doctor_cps3();
    let desk = Desk::configured(&[("local", "allow", "upstream-down".into())], &[&card]).await;
    assert_eq!(code(desk.login("local").await), "local_only_when_down");
    assert_eq!((verifications(&card), counts(&card)), (0, UNTOUCHED));
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_prompt_is_told_on_the_page_and_logs_nobody_in() {
    let card = cards::doctor_cps3();
    let desk = Desk::with(&[&card]).await;
    let application = Application::register(&desk, "dossier").await;
    script(desk.person(), &[Answer::Cancel]);
    let page = application.begin().await;
    let told = Page::Refused("La saisie du code a été abandonnée.".to_owned());
    assert_eq!(application.end_of(&page).await, told);
    // Looking again asks nobody anything: the machine tries nothing by itself.
    assert_eq!(application.look(&page).await, told);
    assert_eq!(desk.questions_after(0).len(), 1);
    assert_eq!((verifications(&card), counts(&card)), (0, UNTOUCHED));
    desk.nobody_is_logged_in().await;
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_page_that_is_over_says_so_and_starts_nothing() {
    let card = cards::doctor_cps3();
    let desk = Desk::with(&[&card]).await;
    let application = Application::register(&desk, "dossier").await;
    let page = application.begin().await;
    let never = page.join("/login/TEST-never-was").expect("an address");
    let shown = application.shown(&never).await;
    for sentence in [LOGIN_GONE.line().french.what, LOGIN_GONE.line().french.next] {
        assert!(shown.contains(sentence), "{shown}");
    }
    assert_eq!(application.pressed(&never, "way=card").await, StatusCode::GONE);
    assert_eq!((verifications(&card), counts(&card), desk.questions_after(0).len()), (0, UNTOUCHED, 0));
    desk.nobody_is_logged_in().await;
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_page_that_is_over_says_so() {
    let desk = Desk::with(&[]).await;
    let application = Application::register(&desk, "dossier").await;
    let never = application.begin().await.join("/logout/TEST-never-was").expect("an address");
    let shown = application.shown(&never).await;
    for sentence in [LOGOUT_GONE.line().french.what, LOGOUT_GONE.line().french.next] {
        assert!(shown.contains(sentence), "{shown}");
    }
    assert_eq!(application.pressed(&never, "yes=1").await, StatusCode::GONE);
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_without_a_way_on_this_workstation_is_told_so() {
    let desk = Desk::configured(&[("login", "ways", vec!["card"].into())], &[]).await;
    let client = Client { ways: vec!["ecps".to_owned()], ..Application::usual("dossier") };
    let application = Application::registered(&desk, client).await;
    let page = application.begin().await;
    assert_eq!(application.look(&page).await, Page::Refused(NO_WAY_LEFT.line().french.what.to_owned()));
    assert_eq!(application.pressed(&page, "way=ecps").await, StatusCode::OK);
    assert!(desk.workstation.upstream.handle().phone().requests().is_empty(), "nobody's phone rings");
    desk.nobody_is_logged_in().await;
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_misbehaves_gets_a_code_for_each_fault_and_no_session() {
    let card = cards::doctor_cps3();
    // Where the local way is allowed, an outage is told with that offer instead: `offline.rs`.
    let desk = Desk::configured(&[("local", "allow", "never".into())], &[&card]).await;
    let upstream = desk.workstation.upstream.handle();
    let wrong = |what| Fault::Wrong { what };
    for (fault, expected, pins) in [
        (Fault::Fail { at: Endpoint::Discovery }, "upstream_failing", 0),
        (Fault::Garbage { at: Endpoint::Discovery }, "upstream_garbled", 0),
        (wrong(Wrong::DiscoveryIssuer), "upstream_garbled", 0),
        (Fault::Fail { at: Endpoint::Token }, "upstream_failing", 1),
        (Fault::Refuse, "upstream_denied", 1),
        (Fault::Form, "upstream_page", 1),
        (Fault::ForeignHost, "upstream_host_refused", 1),
        (wrong(Wrong::State), "upstream_state", 1),
        (wrong(Wrong::ResponseIssuer), "upstream_state", 1),
        (wrong(Wrong::Nonce), "id_token_refused", 1),
        (wrong(Wrong::Audience), "id_token_refused", 1),
        (wrong(Wrong::Signature), "id_token_refused", 1),
        (wrong(Wrong::Algorithm), "id_token_refused", 1),
        (wrong(Wrong::Level), "upstream_acr", 1),
        (wrong(Wrong::Subject), "id_token_refused", 1),
    ] {
        upstream.set(fault.clone());
        let before = (verifications(&card), desk.person().questions().len());
        assert_eq!(code(desk.login("card").await), expected, "{fault:?}");
        let after = (verifications(&card), desk.person().questions().len());
        assert_eq!((after.0 - before.0, after.1 - before.1), (pins, pins), "{fault:?}");
        desk.nobody_is_logged_in().await;
        assert_eq!(counts(&card), UNTOUCHED, "{fault:?}");
        desk.wait_for("a card that is not verified", async |_| (!card.verified()).then_some(())).await;
        upstream.heal();
    }
    desk.login("card").await.expect("a healed upstream");
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_told_to_walk_the_card_login_of_the_real_service_does_not_start() {
    let workstation = Workstation::new(&[], Transport::InProcess, program()).await.expect("a workstation");
    for host in ["wallet.bas.psc.esante.gouv.fr", "wallet.esw.esante.gouv.fr", "auth.bas.psc.esante.gouv.fr"]
    {
        let issuer = format!("https://{host}/auth/realms/TEST");
        let config = written(&workstation, &[("upstream", "issuer", issuer.into())]);
        let readers = InProcessReaders::with_readers(1);
        let started = Agent::start(&config, workstation.folder(), readers).await;
        let refused = matches!(started, Err(agent::Error::Start(StartError::Upstream(_))));
        assert!(refused, "{host}: the agent may not be a card client of the real service");
    }
}
