//! The login at the upstream's page, whose handshake a browser signs through the module: one PIN in all, and nothing left
//! when it is given up.

use crate::{
    desk::program,
    module_door::{key_of, request, token_of},
    scene::Scene,
};
use cps_agent_api::{client::Agent as Control, pkcs11::Role, words::LoginRequest};
use cps_sandbox::{card::cards, pki::holder::DOCTOR, upstream::Habit};
use url::Url;

const CARD_BY_BROWSER: [(&str, &str); 4] = [
    ("upstream.card_login", "false"),
    ("upstream.ciba", "false"),
    ("login.ways", "card"),
    ("pkcs11.default", "allow"),
];

/// Waits until the login is at the upstream's page, and gives its address.
pub async fn address(scene: &Scene) -> Url {
    let there = async |control: &mut Control| control.login_progress().await.expect("an answer")?.address;
    scene.until("the upstream's page", there).await.parse().expect("an address")
}

/// The person opens the page after all, and makes this choice there. The browser that the agent opened may be so late that it
/// makes the choice too: whichever comes first brings the answer, and the other one may fail, but only then.
pub async fn visit(scene: &Scene, address: &Url, choice: &str) {
    scene.browses(choice);
    let browser = tokio::process::Command::new(program())
        .args(["browse".as_ref(), "--profile".as_ref(), scene.profile().as_os_str()])
        .arg(address.as_str())
        .status()
        .await;
    if !browser.expect("a browser").success() {
        let over = async |control: &mut Control| {
            control.login_progress().await.expect("an answer").is_none().then_some(())
        };
        scene.until("the login that the other browser ended", over).await;
    }
}

/// The wish for a login by this way.
pub fn by(way: &str) -> LoginRequest {
    LoginRequest { way: Some(way.to_owned()), ..LoginRequest::default() }
}

#[tokio::test]
async fn a_login_given_up_takes_back_what_its_browser_had_verified() {
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&CARD_BY_BROWSER, &[&card]).await;
    scene.browses("close");
    let mut control = scene.control().await;
    let wish = by("card");
    let command = tokio::spawn(async move { control.login(&wish).await });
    address(&scene).await;
    scene.program_signs(&card).await.expect("the handshake's signature");
    assert!(card.verified());
    command.abort();
    scene.until("a card that was reset", async |_| (!card.verified()).then_some(())).await;
    assert!(scene.session().await.is_none());
}

#[tokio::test]
async fn the_pin_of_the_handshake_is_the_only_one() {
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&CARD_BY_BROWSER, &[&card]).await;
    scene.browses("close");
    let wish = by("card");
    let meanwhile = async {
        let address = address(&scene).await;
        // A browser opens several connections.
        let (first, second) = tokio::join!(scene.program_signs(&card), scene.program_signs(&card));
        first.and(second).expect("signed");
        visit(&scene, &address, "card").await;
    };
    let (session, ()) = tokio::join!(scene.login_with(&wish), meanwhile);
    assert_eq!(session.expect("a session").card.as_deref(), Some(card.serial()));
    scene.program_signs(&card).await.expect("signed");
    scene.sign("login").await.expect("the session's own card");
    assert_eq!(scene.person.questions().len(), 1, "one PIN in all");
    assert!(scene.control().await.end_session().await.expect("an answer"));
    scene.until("a card that was reset", async |_| (!card.verified()).then_some(())).await;
}

#[tokio::test]
async fn a_locked_session_is_resumed_in_the_browser_with_its_own_persons_card_only() {
    let (card, other) = (cards::doctor_cps3(), cards::nurse_cps3());
    let settings = [("login.ways", "browser"), ("session.mode", "lock"), ("pkcs11.default", "allow")];
    let scene = Scene::with_upstream(&settings, &[&card]).await;
    scene.upstream().phone().habit(Habit::Approve);
    let doctor = format!("ecps {}", DOCTOR.identifier);
    scene.browses(&doctor);
    scene.login_with(&by("browser")).await.expect("a session without a card");
    scene.insert(1, &other);
    scene.until_locked().await;
    assert_eq!(scene.program_signs(&card).await.expect_err("locked"), "session_locked");

    scene.browses("close");
    let wish = by("browser");
    let meanwhile = async {
        let address = address(&scene).await;
        let theirs = token_of(scene.control().await.pkcs11().await.expect("tokens"), other.serial());
        let key = key_of(&theirs.expect("a token"), Role::Authentication).expect("a key");
        let stranger = request(other.serial(), &key, key.schemes[0]);
        assert_eq!(scene.program_asks(&stranger).await.expect_err("a stranger"), "other_person");
        scene.program_signs(&card).await.expect("the handshake of the resumption");
        visit(&scene, &address, &doctor).await;
    };
    let (session, ()) = tokio::join!(scene.login_with(&wish), meanwhile);
    assert!(!session.expect("resumed").locked);
    scene.program_signs(&card).await.expect("signed");
    assert_eq!(scene.person.questions().len(), 1);
}
