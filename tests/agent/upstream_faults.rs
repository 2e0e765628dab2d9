//! An upstream that is not the one it should be, or falls silent.

use crate::scene::Scene;
use cps_sandbox::{card::cards, pki::WebAuthority};

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
