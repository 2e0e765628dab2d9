//! A page of somebody else, in a real browser, with an agent behind which a person is logged in: it learns nothing and
//! changes nothing.

use crate::{
    browser::{BOTH, Browser, Kind, Wish},
    wire::House,
};
use cps_agent_api::words::Client;
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn browser(house: &House, kind: Kind, public: bool) -> Browser {
    let home = house.desk.workstation.folder().join("home");
    Browser::start(Wish { public, ..Wish::of(kind, home) }).await
}

/// What a page knows of the agent: more than any real one, an access token even.
async fn target(house: &House) -> Value {
    let page = house.waiting_page().await;
    let events = format!("{page}/events");
    json!({
        "issuer": house.desk.agent.issuer(),
        "api": ["/v1/status", "/v1/session", "/userinfo", "/token", "/jwks", "/.well-known/openid-configuration", events],
        "pages": ["/", "/authorize?client_id=dossier&response_type=code"],
        "waiting": page,
        "token": house.tokens.access,
    })
}

async fn attacked(kind: Kind, public: bool) {
    let house = House::with_session().await;
    let signatures = house.signatures();
    let mut browser = browser(&house, kind, public).await;
    let target = target(&house).await;
    let learned = browser.told(json!({ "do": "attack", "name": "evil.example", "target": target })).await;
    let learned = learned.as_object().expect("attempts");
    let something: Vec<_> = learned.iter().filter(|(_, what)| *what != "nothing").collect();
    assert!(something.is_empty(), "{kind:?} lets a page know: {something:#?}");
    assert!(learned.len() > 150, "{} attempts", learned.len());

    // With a form the page leaves, and the person sees an answer that says nothing.
    let page = target["waiting"].as_str().expect("a path");
    for path in ["/token", "/userinfo", "/authorize", "/v1/session", "/v1/challenges", page] {
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
            let fields =
                json!({ "way": "card", "grant_type": "authorization_code", "{\"challenge\":\"": "\"}" });
            let order = json!({
                "do": "post", "name": "evil.example", "target": format!("{}{path}", house.desk.agent.issuer()),
                "fields": fields, "kind": kind,
            });
            let stands = browser.told(order).await;
            assert_eq!(stands["status"], 403, "{path} as {kind}: {stands}");
        }
    }
    // The page's own name, made to lead to the bridge (DNS rebinding): same port, same address, another name.
    let port = house.address.port();
    let rebound =
        browser.told(json!({ "do": "open", "address": format!("http://evil.example:{port}/v1/status") }));
    let rebound = rebound.await;
    assert_eq!(rebound["status"], 421, "{rebound}");

    house.is_untouched(signatures).await;
    let told: BTreeSet<_> = house.refusals().into_iter().collect();
    if public {
        // The browser's own wall (Local Network Access) stands before ours: of the scripts nothing arrived.
        assert!(!told.contains("foreign_frame"), "{told:?}");
    } else {
        let expected = ["foreign_frame", "foreign_host", "foreign_origin"].map(str::to_owned);
        assert_eq!(told, BTreeSet::from(expected), "the audit trail names what was tried");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_chromium_a_foreign_page_learns_nothing_and_changes_nothing() {
    attacked(Kind::Chromium, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_firefox_a_foreign_page_learns_nothing_and_changes_nothing() {
    attacked(Kind::Firefox, false).await;
}

/// So that the silence above is that of a closed door and not of an empty house.
#[tokio::test(flavor = "multi_thread")]
async fn a_registered_page_reads_what_its_token_is_for() {
    for kind in BOTH {
        let house = House::with_session().await;
        let mut browser = browser(&house, kind, false).await;
        let origin = format!("http://localhost:{}", browser.port());
        let client = Client {
            client_id: "friend".to_owned(),
            redirect_uris: vec![format!("{origin}/callback")],
            origins: vec![origin],
            ..Client::default()
        };
        house.desk.control().await.add_client(&client).await.expect("a registration");
        let read = |name: &str| {
            json!({
                "do": "read", "name": name, "target": format!("{}/userinfo", house.desk.agent.issuer()),
                "headers": { "authorization": format!("Bearer {}", house.tokens.access) },
            })
        };
        let read_by_friend = browser.told(read("localhost")).await;
        assert_eq!(read_by_friend["status"], 200, "{kind:?}: {read_by_friend}");
        assert!(read_by_friend["text"].as_str().expect("text").contains("\"sub\""), "{read_by_friend}");
        let read_by_stranger = browser.told(read("evil.example")).await;
        assert_eq!(read_by_stranger["status"], Value::Null, "{kind:?}: {read_by_stranger}");
    }
}
