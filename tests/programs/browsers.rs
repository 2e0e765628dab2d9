//! The login at the upstream with the card, in a browser: the page asks the browser for a certificate, the browser asks the
//! module, the module asks the agent, and the agent asks the person, once.

use crate::{
    browser::Kind,
    dossier::Application,
    house::{House, policy},
};
use cps_agent_api::client::Agent as Control;
use cps_sandbox::card::{CardHandle, cards};
use serde_json::json;

/// The way of the person at the upstream: the card.
const CARD: &str = "form#card button";

async fn application(house: &House, id: &str, way: &str) -> Application {
    let issuer = house.issuer().await;
    Application::open(&mut house.control().await, &issuer, id, &[way], None).await
}

/// INTERNAL AUTHENTICATE of a CPS3; COMPUTE DIGITAL SIGNATURE of a CPS4, or the decipherment that is its PKCS#1 v1.5.
fn signs(header: &[u8]) -> bool {
    matches!(header, [_, 0x88, ..] | [_, 0x2A, 0x9E, _] | [0x01, 0x2A, 0x80, _])
}

/// From a page of the application over the upstream's card page back to the application. By way `card` the agent knows the
/// card beforehand; by way `browser` it sees which one signs.
async fn logs_in(kind: Kind, card: CardHandle, tls: &str, way: &str) {
    let _policy = (kind == Kind::Chromium).then(policy);
    let mut house = House::with(card, tls == "TLS 1.3").await;
    let mut dossier = application(&house, "dossier", way).await;
    let mut browser = house.browser(kind).await;
    let before = house.card.counters().commands();
    let first = browser.told(dossier.order(&[CARD])).await;
    let accepted = dossier.accepted();
    assert_eq!(accepted.claims["sub"], house.card.holder().identifier, "{kind:?}: {first}");
    assert_eq!(accepted.claims["psc_auth_mode"], "CARD");
    let login = house.card.counters().commands() - before;
    let signatures =
        house.card.counters().log().iter().skip(before).filter(|seen| signs(&seen.header)).count();
    assert!((1..=4).contains(&signatures), "{kind:?}: {signatures} handshakes with the card's key");
    // Tries left asked afresh, PIN and signature; a browser that opens a second connection has it signed for too.
    let (first_signature, another) = if tls == "TLS 1.2" { (9, 5) } else { (7, 4) };
    let most = first_signature + another * (signatures - 1);
    assert!(login <= most, "{kind:?}: {login} commands for {signatures} signatures");

    // The PIN was asked once, for this program, and it was the agent who asked.
    let pins = house.pins();
    assert_eq!(pins.len(), 1, "{kind:?}: {pins:#?}");
    let program = if kind == Kind::Chromium { "chromium" } else { "firefox" };
    let named = format!("{} {}", pins[0].title, pins[0].description);
    assert!(named.contains(program), "the question names the program: {named}");
    let visits = house.workstation.upstream.handle().cards();
    assert!(visits.iter().all(|visit| visit.tls == tls && visit.outcome.is_ok()), "{visits:?}");

    // The session that came of it is the card's: a second application needs neither page nor PIN.
    let session = house.control().await.session().await.expect("an answer").expect("a session");
    assert_eq!((session.way.as_str(), session.card.as_deref()), (way, Some(house.card.serial())));
    let mut second = application(&house, "second", way).await;
    let again = browser.told(second.order(&[])).await;
    assert_eq!(second.accepted().claims["sub"], accepted.claims["sub"]);
    assert_eq!(house.card.counters().commands() - before, login, "no command more");
    assert_eq!(house.pins().len(), 1);
    println!(
        "{kind:?}, {tls}: {login} card commands and {signatures} signatures a login; click to page {:.0} ms with the PIN, {:.0} ms with the session",
        first["milliseconds"].as_f64().unwrap_or_default(),
        again["milliseconds"].as_f64().unwrap_or_default(),
    );
    browser.told(json!({ "do": "close" })).await;

    // Taking the card out is the way to go.
    house.loses_the_card().await;
    let over = async |control: &mut Control| control.session().await.ok()?.is_none().then_some(());
    house.agent.wait_for("the end of the session", over).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_chromium_with_a_cps3() {
    logs_in(Kind::Chromium, cards::doctor_cps3(), "TLS 1.2", "browser").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_chromium_with_a_cps4() {
    logs_in(Kind::Chromium, cards::doctor_cps4(), "TLS 1.3", "card").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_firefox_with_a_cps3() {
    logs_in(Kind::Firefox, cards::doctor_cps3(), "TLS 1.2", "card").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_firefox_with_a_cps4() {
    logs_in(Kind::Firefox, cards::doctor_cps4(), "TLS 1.3", "browser").await;
}
