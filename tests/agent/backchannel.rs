//! The end of a session reaches every client, whoever ended it, and nobody waits for that.

use crate::{listener::Listener, scene::Scene};
use cps_sandbox::card::cards;

#[tokio::test]
async fn nobody_is_told_of_a_lock() {
    let card = cards::doctor_cps3();
    let scene = Scene::with(&[("session.mode", "lock")], &[&card]).await;
    let mut listener = Listener::start().await;
    let mut application = scene
        .application_with("dpi", |client| {
            client.backchannel_logout_uri = Some(listener.uri());
        })
        .await;
    let accepted = application.login().await.expect("accepted");
    scene.readers.remove(0);
    scene.until_locked().await;
    scene.insert(0, &card);
    scene.until_seen(&card).await;
    scene.login().await.expect("resumed");
    application.refresh(&accepted).await.expect("the family was kept");
    scene.control().await.end_session().await.expect("ended");
    let told = listener.next().await;
    assert_eq!(told["sid"], accepted.claims["sid"]);
    assert_eq!(listener.heard(), 1, "of the end alone");
}

#[tokio::test]
async fn two_applications_share_a_login_and_both_learn_that_the_card_left() {
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&[], &[&card]).await;
    let (mut first, mut second) = (Listener::start().await, Listener::start().await);
    let mut accepted = Vec::new();
    for (id, listener) in [("first", &first), ("second", &second)] {
        let uri = listener.uri();
        let mut application =
            scene.application_with(id, |client| client.backchannel_logout_uri = Some(uri)).await;
        accepted.push(application.login().await.expect("accepted"));
    }
    assert_eq!(scene.person.questions().len(), 1, "one PIN for both");
    scene.readers.remove(0);
    for (id, listener, accepted) in
        [("first", &mut first, &accepted[0]), ("second", &mut second, &accepted[1])]
    {
        let told = listener.next().await;
        assert_eq!((&told["aud"], &told["sid"]), (&id.into(), &accepted.claims["sid"]));
        assert_eq!(told["iss"], scene.issuer());
        assert!(told.get("nonce").is_none(), "it must not pass for an ID token");
        assert!(told["events"]["http://schemas.openid.net/event/backchannel-logout"].is_object());
    }
    let upstream = async |_: &mut _| (scene.upstream().sessions() == 0).then_some(());
    scene.until("the end upstream", upstream).await;
    let told = async |_: &mut _| {
        let trail = scene.audit();
        let done =
            |event: &str| trail.iter().filter(|l| l["event"] == event && l["result"] == "done").count();
        (done("logout_notice") == 2).then_some(())
    };
    scene.until("the notices in the trail", told).await;
}

#[tokio::test]
async fn an_application_that_does_not_listen_holds_nobody_up_and_is_written_down() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    let nobody = Listener::start().await;
    let uri = nobody.uri();
    drop(nobody);
    let mut application =
        scene.application_with("dpi", |client| client.backchannel_logout_uri = Some(uri)).await;
    application.login().await.expect("accepted");
    scene.control().await.end_session().await.expect("ended at once");
    assert!(scene.session().await.is_none());
    let told = async |_: &mut _| {
        let trail = scene.audit();
        trail.iter().find(|line| line["event"] == "logout_notice").cloned()
    };
    let line = scene.until("the failure in the trail", told).await;
    assert_eq!((&line["code"], &line["client"]), (&"client_not_told".into(), &"dpi".into()));
    let checks = scene.control().await.diagnosis().await.expect("a diagnosis").checks;
    let logout = checks.iter().find(|check| check.name == "logout").expect("a line");
    assert_eq!(logout.code.as_deref(), Some("logout_undelivered"));
}

#[tokio::test]
async fn an_agent_that_stops_tells_its_clients_first() {
    let card = cards::doctor_cps3();
    let mut scene = Scene::new(&[&card]).await;
    let mut listener = Listener::start().await;
    let uri = listener.uri();
    let mut application =
        scene.application_with("dpi", |client| client.backchannel_logout_uri = Some(uri)).await;
    let accepted = application.login().await.expect("accepted");
    scene.stop().await;
    assert_eq!(listener.next().await["sid"], accepted.claims["sid"]);
}
