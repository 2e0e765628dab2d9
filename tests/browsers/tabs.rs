//! Seven tabs of ours in one browser, as many as a busy morning leaves behind, and an application that logs in all the same.
//! A browser opens six connections to one address, over all its tabs; nothing stands between browser and agent here.

use crate::{
    application::Application,
    browser::{BOTH, Browser, Wish},
    desk::Desk,
    dossier::{self, WELCOME},
};
use cps_agent_api::words::{Client, PortalRequest};
use cps_sandbox::card::cards;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn seven_open_pages_keep_no_application_out() {
    for kind in BOTH {
        let doctor = cards::doctor_cps3();
        let settings = [("login", "ways", vec!["card", "ecps"].into()), ("upstream", "ciba", true.into())];
        let desk = Desk::configured(&settings, &[&doctor]).await;
        desk.login("card").await.expect("a session");
        // Each of these wants a login of its own, and waits for a click.
        let client =
            Client { ways: vec!["card".to_owned(), "ecps".to_owned()], ..Application::usual("others") };
        let others = Application::registered(&desk, client).await;
        let mut pages = Vec::new();
        for _ in 0..5 {
            pages.push(others.begin_with(&[("prompt", "login")]).await.to_string());
        }
        for _ in 0..2 {
            pages.push(desk.control().await.portal(&PortalRequest::default()).await.expect("a link").url);
        }
        let mut control = desk.control().await;
        let mut eighth =
            dossier::Application::open(&mut control, desk.agent.issuer(), "eighth", &["card"], None).await;
        let mut browser = Browser::start(Wish::of(kind, desk.workstation.folder().join("home"))).await;
        let tabs = browser.told(json!({ "do": "tabs", "addresses": pages, "selector": "#live" })).await;
        let seen = [vec!["hidden"; 6], vec!["visible"]].concat();
        assert_eq!((&tabs["open"], &tabs["seen"]), (&json!(7), &json!(seen)), "{kind:?}");
        let came = browser.told(json!({ "do": "open", "address": eighth.address() })).await;
        assert!(came["text"].as_str().is_some_and(|text| text.contains(WELCOME)), "{kind:?}: {came}");
        assert_eq!(eighth.accepted().claims["sub"], WELCOME, "{kind:?}");
        // The last one is looked at, and still hears what happens.
        assert!(control.end_session().await.expect("an answer"), "there was a session");
        let over = browser.told(json!({ "do": "front", "text": ["fermée", "closed"] })).await;
        assert_eq!(over["open"], 7, "{kind:?}");
        desk.end().await;
    }
}
