//! An upstream that fails, lies or leads elsewhere: no session, and a verified card is not left behind.

use crate::scene::Scene;
use cps_sandbox::{
    card::cards,
    pki::WebAuthority,
    upstream::{Endpoint, Fault, Wrong},
};

#[tokio::test]
async fn every_fault_of_the_upstream_has_its_code() {
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&[], &[&card]).await;
    let faults = [
        (Fault::Refuse, "upstream_refused"),
        (Fault::Form, "upstream_page"),
        (Fault::ForeignHost, "upstream_host_refused"),
        (Fault::Fail { at: Endpoint::Discovery }, "upstream_failing"),
        (Fault::Garbage { at: Endpoint::Discovery }, "upstream_garbled"),
        (Fault::Fail { at: Endpoint::Card }, "upstream_failing"),
        (Fault::Fail { at: Endpoint::Token }, "upstream_failing"),
        (Fault::Garbage { at: Endpoint::Token }, "upstream_garbled"),
        (Fault::Fail { at: Endpoint::UserInfo }, "upstream_failing"),
        (Fault::Wrong { what: Wrong::State }, "upstream_state"),
        (Fault::Wrong { what: Wrong::Nonce }, "id_token_refused"),
        (Fault::Wrong { what: Wrong::Signature }, "id_token_refused"),
        (Fault::Wrong { what: Wrong::Algorithm }, "id_token_refused"),
        (Fault::Wrong { what: Wrong::Level }, "upstream_acr"),
    ];
    for (fault, expected) in faults {
        scene.upstream().set(fault.clone());
        assert_eq!(scene.login().await.expect_err("no login"), expected, "{fault:?}");
        assert!(scene.session().await.is_none());
        scene.until("a reset card", async |_| (!card.verified()).then_some(())).await;
        scene.upstream().heal();
    }
    scene.login().await.expect("all is well again");
}

#[tokio::test]
async fn an_intercepted_connection_is_named_before_anything_is_asked() {
    let card = cards::doctor_cps3();
    let other = WebAuthority::new().expect("an authority");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("other.pem");
    std::fs::write(&file, other.pem()).expect("written");
    let file = file.display().to_string();
    let scene = Scene::with_upstream(&[("upstream.ca_file", &file)], &[&card]).await;
    let refused = scene.control().await.login(&Default::default()).await.expect_err("no login");
    let cps_agent_api::client::ClientError::Refused(problem) = refused else { panic!("{refused}") };
    assert_eq!(problem.code, "upstream_untrusted");
    assert!(
        problem.values["issuer"].as_str().is_some_and(|issuer| issuer.contains("TEST")),
        "{:?}",
        problem.values
    );
    assert_eq!(scene.person.questions().len(), 0);
}

#[tokio::test]
async fn an_upstream_that_falls_silent_ends_no_session() {
    let card = cards::doctor_cps3();
    let mut scene = Scene::with_upstream(&[], &[&card]).await;
    let mut application = scene.application("dpi").await;
    let accepted = application.login().await.expect("accepted");
    scene.end_upstream();
    application.refresh(&accepted).await.expect("the session lives");
}
