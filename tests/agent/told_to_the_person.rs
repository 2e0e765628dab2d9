//! Refusals that a person meets, each out of the door where it is met: a login page, the prompt, the card that was put in.

use crate::{
    application::{Application, Page},
    desk::Desk,
    scene::{Scene, code},
    soft_tokens::{PASSPHRASE, request, types},
};
use cps_agent_api::{
    client::Agent as Control,
    words::{Client, LoginRequest},
};
use cps_agent_core::failure::{self, Code};
use cps_sandbox::{card::cards, pinentry::Answer};
use hyper::StatusCode;

const DAY: i64 = 24 * 3600;
const HOUR: i64 = 3600;

fn by(way: &str) -> LoginRequest {
    LoginRequest { way: Some(way.to_owned()), ..LoginRequest::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_is_not_what_it_says_is_stopped_on_a_page() {
    let desk = Desk::with(&[]).await;
    let application = Application::register(&desk, "dossier").await;
    let page = application.begin().await;
    let asks =
        |query: &str| page.join(&format!("/authorize?response_type=code&{query}")).expect("an address");
    for (query, code) in [
        ("client_id=TEST-nobody", failure::UNKNOWN_CLIENT),
        ("client_id=dossier&redirect_uri=https://evil.example/", failure::REDIRECT_NOT_REGISTERED),
        ("client_id=dossier&request_uri=urn:ietf:params:oauth:request_uri:TEST", failure::REQUEST_URI_GONE),
    ] {
        let shown = application.shown(&asks(query)).await;
        assert!(shown.contains(code.line().french.what), "{code}: {shown}");
        assert!(shown.contains(code.line().french.next), "{code}: {shown}");
    }
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_that_the_application_has_not_is_refused_on_its_page() {
    let desk = Desk::configured(&[("login", "ways", vec!["card", "local"].into())], &[]).await;
    let application = Application::register(&desk, "dossier").await;
    let page = application.begin().await;
    application.press(&page, "cancel=1").await;
    let page = application.begin().await;
    assert_eq!(application.pressed(&page, "way=local").await, StatusCode::OK);
    let Page::Refused(told) = application.look(&page).await else { panic!("nothing is said") };
    assert_eq!(told, failure::WAY_NOT_REGISTERED.line().french.what);
    desk.end().await;
}

#[tokio::test]
async fn without_an_upstream_no_phone_is_asked() {
    let scene = Scene::with(&[("login.ways", "ecps,local")], &[]).await;
    let asking = LoginRequest { identifier: Some("899700990015".to_owned()), ..by("ecps") };
    assert_eq!(scene.login_with(&asking).await.expect_err("of whom"), failure::NO_UPSTREAM.word());
}

#[tokio::test]
async fn a_card_that_says_nothing_is_told_apart_from_none() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[]).await;
    scene.readers.insert_mute(0, &card);
    let mute = async |control: &mut Control| {
        let checks = control.diagnosis().await.expect("a diagnosis").checks;
        checks.into_iter().find(|check| check.name == "cards" && check.state != "ok")
    };
    let check = scene.until("the mute card", mute).await;
    assert_eq!(check.code.as_deref(), Some(failure::CARD_MUTE.word()));
}

#[tokio::test]
async fn a_locked_session_wants_its_own_card() {
    // The same person has two.
    let (doctor, other) = (cards::doctor_cps3(), cards::doctor_cps4());
    let scene = Scene::with(&[("session.mode", "lock")], &[&doctor]).await;
    scene.login().await.expect("a session");
    scene.readers.remove(0);
    scene.until_locked().await;
    scene.insert(0, &other);
    scene.until_seen(&other).await;
    assert_eq!(scene.login().await.expect_err("another card"), failure::SESSION_OTHER_CARD.word());
    assert!(scene.session().await.expect("a session").locked, "it stays as it is");
}

#[tokio::test]
async fn a_card_is_refused_before_its_time_and_told_of_before_its_end() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    let certificates = scene.control().await.certificates(card.serial()).await.expect("certificates");
    let (begin, end) = (certificates[0].not_before, certificates[0].not_after);
    let now = || scene.clock.ahead() + unix_now();
    // An hour more than the days that are told: the seconds go on meanwhile.
    scene.clock.pass(end - 20 * DAY - HOUR - now());
    let told = scene.control().await.cards().await.expect("cards").remove(0).warning.expect("a warning");
    assert_eq!((told.code.as_str(), &told.values["days"]), (failure::CARD_ENDING.word(), &20.into()));
    scene.clock.pass(begin - DAY - now());
    assert_eq!(scene.login().await.expect_err("too early"), failure::NOT_YET_VALID.word());
    assert_eq!(scene.person.questions().len(), 0);
}

fn unix_now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(now.as_secs()).expect("a time")
}

async fn token(scene: &Scene, name: &str) {
    types(scene, &[PASSPHRASE, PASSPHRASE]);
    scene.control().await.add_token(&request(name)).await.expect("made");
}

#[tokio::test]
async fn a_wrong_passphrase_is_told_in_the_next_prompt_and_several_tokens_are_not_chosen_from() {
    let mut scene = Scene::with(&[("login.ways", "card,token,local")], &[]).await;
    token(&scene, "one").await;
    let authority = scene.state().join("tokens/one.authority.pem");
    scene.stop().await;
    scene.trust("token.pem", &std::fs::read(&authority).expect("an authority"));
    scene.start().await;
    let tokens = async |control: &mut Control| Some(control.tokens().await.ok()?.len());
    scene.until("the token", async |control| tokens(control).await.filter(|count| *count == 1)).await;
    let asked = scene.person.questions().len();
    types(&scene, &["wrong passphrase"]);
    scene.person.next(Answer::Cancel).expect("a script");
    assert_eq!(scene.login_with(&by("token")).await.expect_err("closed"), "pin_cancelled");
    let again = scene.person.questions()[asked + 1].error.clone().unwrap_or_default();
    assert!(said(&again, failure::PASSPHRASE_WRONG), "{again}");

    token(&scene, "two").await;
    scene.until("both tokens", async |control| tokens(control).await.filter(|count| *count == 2)).await;
    assert_eq!(scene.login_with(&by("token")).await.expect_err("which"), failure::SEVERAL_TOKENS.word());
}

/// A prompt says what the table does, in one of both languages.
fn said(text: &str, code: Code) -> bool {
    [code.line().french.what, code.line().english.what].iter().any(|sentence| text.contains(sentence))
}

#[tokio::test]
async fn nobody_but_the_administrator_removes_what_is_theirs() {
    let mut scene = Scene::new(&[]).await;
    scene.stop().await;
    scene.administers("dpi", "id = \"dpi\"\nredirect_uris = [\"http://127.0.0.1/callback\"]\n");
    scene.start().await;
    let mut control = scene.control().await;
    let known: Vec<Client> = control.clients().await.expect("clients");
    assert_eq!(known[0].client_id, "dpi");
    assert_eq!(code(control.remove_client("dpi").await).expect_err("theirs"), failure::CLIENT_LOCKED.word());
}
