//! A person logs in with a real browser: by top-level redirects, with buttons or without, on http and on https.

use crate::{
    browser::{BOTH, Browser, Kind, Wish, database},
    desk::Desk,
    dossier::{Application, WELCOME},
    real_agent::built,
};
use cps_sandbox::card::cards;
use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

/// An application of this agent.
async fn application(desk: &Desk, ways: &[&str], authority: Option<&str>) -> Application {
    Application::open(&mut desk.control().await, desk.agent.issuer(), "dpi", ways, authority).await
}

async fn browser(desk: &Desk, kind: Kind, public: bool) -> Browser {
    Browser::start(Wish { public, ..Wish::of(kind, desk.workstation.folder().join("home")) }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_one_way_a_link_and_a_pin_are_enough() {
    for kind in BOTH {
        let card = cards::doctor_cps3();
        let desk = Desk::with(&[&card]).await;
        let mut application = application(&desk, &["card"], None).await;
        let mut browser = browser(&desk, kind, false).await;
        let end = browser.told(application.order(&[])).await;
        assert_eq!(application.accepted().claims["sub"], WELCOME, "{kind:?}: {end}");
        assert_eq!(desk.questions_after(0).len(), 1, "{kind:?}: one PIN");
        // The second time there is no page and no PIN: the session is there.
        browser.told(application.order(&[])).await;
        assert_eq!(application.accepted().claims["sub"], WELCOME);
        assert_eq!(desk.questions_after(0).len(), 1, "{kind:?}");
        desk.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_are_several_the_person_presses_one() {
    for kind in BOTH {
        let card = cards::doctor_cps3();
        let desk = Desk::with(&[&card]).await;
        let mut application = application(&desk, &["card", "local"], None).await;
        let mut browser = browser(&desk, kind, false).await;
        let press = "form:has(input[name=way][value=card]) button";
        browser.told(application.order(&[press])).await;
        let accepted = application.accepted();
        assert_eq!((&accepted.claims["sub"], &accepted.claims["acr"]), (&json!(WELCOME), &json!("eidas1")));
        desk.end().await;
    }
}

/// Local Network Access: a page of the Internet needs the person's leave for a request to this machine, and none to send
/// the person here. To be looked at with each release of the browser.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_the_internet_can_send_the_person_to_the_login_and_nothing_else() {
    let card = cards::doctor_cps3();
    let desk = Desk::with(&[&card]).await;
    let mut application = application(&desk, &["card"], None).await;
    let mut browser = browser(&desk, Kind::Chromium, true).await;
    browser.told(application.order(&[])).await;
    assert_eq!(application.accepted().claims["sub"], WELCOME);
    let target = format!("{}/v1/status", desk.agent.issuer());
    let read =
        browser.told(json!({ "do": "read", "name": "evil.example", "target": target, "headers": {} })).await;
    assert_eq!(read["status"], Value::Null, "{read}");
    assert!(crate::wire::refusals(&desk).is_empty(), "the browser did not even ask");
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_https_a_browser_believes_the_bridge_once_its_store_is_filled() {
    for kind in BOTH {
        let card = cards::doctor_cps3();
        let desk = Desk::configured(&[("bridge", "tls", true.into())], &[&card]).await;
        let home = desk.workstation.folder().join("home");
        let database = database(kind, &home);
        fs::create_dir_all(&database).expect("a folder");
        run(Command::new("certutil")
            .arg("-N")
            .arg("--empty-password")
            .arg("-d")
            .arg(format!("sql:{}", database.display())));
        let authority = desk.agent.trusted().await.expect("an authority");
        let status = format!("{}/v1/status", desk.agent.issuer());
        let mut before = browser(&desk, kind, false).await;
        let refused = before.told(json!({ "do": "open", "address": status })).await;
        assert_ne!(refused["status"], 200, "{kind:?} believes it unasked: {refused}");
        before.told(json!({ "do": "close" })).await;
        drop(before);

        install(&desk, &home);
        let mut application = application(&desk, &["card"], Some(&authority)).await;
        let mut after = browser(&desk, kind, false).await;
        let served = after.told(json!({ "do": "open", "address": status })).await;
        assert_eq!(served["status"], 200, "{kind:?}: {served}");
        after.told(application.order(&[])).await;
        assert_eq!(application.accepted().claims["iss"], desk.agent.issuer());
        desk.end().await;
    }
}

/// `cps trust install`, by the person of this home.
fn install(desk: &Desk, home: &Path) {
    let mut cps = Command::new(built("cps"));
    cps.args(["trust", "install", "--no-system", "--socket"])
        .arg(desk.agent.control_socket())
        .env("HOME", home);
    run(&mut cps);
}

fn run(command: &mut Command) {
    let ran = command.stdin(Stdio::null()).output().expect("it runs: tests/run.sh says what is needed");
    assert!(ran.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ran.stderr));
}
