//! An upstream that is not the one it should be, or falls silent.

use crate::scene::Scene;
use cps_sandbox::{
    card::cards,
    pki::WebAuthority,
    upstream::{Endpoint, Fault},
};

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

#[tokio::test]
async fn an_upstream_that_does_not_hear_of_a_logout_is_written_down_and_told_by_the_diagnosis() {
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&[], &[&card]).await;
    scene.login().await.expect("a session");
    scene.upstream().set(Fault::Forbid { at: Endpoint::Logout });
    scene.control().await.end_session().await.expect("over here at once");
    assert!(scene.session().await.is_none());
    let told = async |_: &mut _| {
        scene.audit().iter().find(|line| line["event"] == "upstream" && line["result"] == "refused").cloned()
    };
    let line = scene.until("the failure in the trail", told).await;
    assert_eq!((&line["code"], &line["endpoint"]), (&"upstream_not_told".into(), &"logout".into()));
    let checks = scene.control().await.diagnosis().await.expect("a diagnosis").checks;
    let logout = checks.iter().find(|check| check.name == "logout").expect("a line");
    assert_eq!(logout.code.as_deref(), Some("logout_undelivered"));
}
