//! The login on the person's phone: who may make it ring, how often, and what is compared.

use crate::{
    application::{Application, Page, claims, said},
    scene::Scene,
};
use cps_agent_api::{
    client::Agent as Control,
    words::{Client, LoginProgress, LoginRequest, Session},
};
use cps_sandbox::{
    browser::Browser,
    card::cards,
    pki::holder::{DOCTOR, NURSE},
    upstream::{Endpoint, Fault, Habit, PushState, Wrong},
};

const SETTINGS: [(&str, &str); 3] =
    [("login.ways", "ecps"), ("upstream.ciba", "true"), ("upstream.card_login", "false")];

async fn scene() -> Scene {
    let scene = Scene::with_upstream(&SETTINGS, &[]).await;
    scene.upstream().interval(1);
    scene
}

fn asking(identifier: Option<&str>) -> LoginRequest {
    LoginRequest {
        way: Some("ecps".to_owned()),
        identifier: identifier.map(str::to_owned),
        ..LoginRequest::default()
    }
}

async fn login(scene: &Scene, identifier: Option<&str>) -> Result<Session, String> {
    scene.login_with(&asking(identifier)).await
}

async fn doctor(scene: &Scene) -> Result<Session, String> {
    login(scene, Some(DOCTOR.identifier)).await
}

/// Waits until a number is shown.
async fn number(scene: &Scene) -> LoginProgress {
    let shown = async |control: &mut Control| {
        let progress = control.login_progress().await.expect("an answer")?;
        progress.expires.is_some().then_some(progress)
    };
    scene.until("the number", shown).await
}

fn rung(scene: &Scene) -> usize {
    scene.upstream().phone().requests().len()
}

#[tokio::test]
async fn nobodys_phone_rings_without_an_identifier_or_for_what_is_none() {
    let scene = scene().await;
    assert_eq!(login(&scene, None).await.expect_err("whose"), "ecps_no_identifier");
    assert_eq!(login(&scene, Some("99700990015")).await.expect_err("no 8"), "ecps_identifier");
    assert_eq!(login(&scene, Some("899999999999")).await.expect_err("unknown"), "ecps_unknown");
    assert_eq!(rung(&scene), 0);
}

#[tokio::test]
async fn a_refusal_is_told_and_followed_by_a_pause_that_a_restart_does_not_end() {
    let mut scene = scene().await;
    scene.upstream().phone().habit(Habit::Deny);
    assert_eq!(doctor(&scene).await.expect_err("denied"), "ecps_denied");
    scene.upstream().phone().habit(Habit::Approve);
    assert_eq!(doctor(&scene).await.expect_err("too soon"), "ecps_pause");
    // A login that let nothing ring does not end the pause.
    scene.upstream().set(Fault::Unavailable { at: Endpoint::Discovery });
    assert_eq!(doctor(&scene).await.expect_err("out of order"), "upstream_failing");
    scene.upstream().heal();
    assert_eq!(doctor(&scene).await.expect_err("too soon"), "ecps_pause");
    scene.stop().await;
    scene.start().await;
    assert_eq!(doctor(&scene).await.expect_err("too soon"), "ecps_pause");
    assert_eq!(rung(&scene), 1);
    // Somebody else is not concerned.
    login(&scene, Some(NURSE.identifier)).await.expect("logged in");
}

#[tokio::test]
async fn the_fourth_request_in_ten_minutes_is_refused_across_restarts() {
    let mut scene = scene().await;
    scene.upstream().phone().habit(Habit::Approve);
    for _ in 0..3 {
        doctor(&scene).await.expect("logged in");
        scene.control().await.end_session().await.expect("an answer");
    }
    scene.stop().await;
    scene.start().await;
    assert_eq!(doctor(&scene).await.expect_err("the fourth"), "ecps_too_many");
    assert_eq!(rung(&scene), 3);
}

#[tokio::test]
async fn a_request_that_was_given_up_stays_the_only_one() {
    let scene = scene().await;
    {
        let wish = asking(Some(DOCTOR.identifier));
        let login = scene.login_with(&wish);
        tokio::pin!(login);
        tokio::select! {
            ended = &mut login => panic!("nobody answered: {ended:?}"),
            progress = number(&scene) => assert_eq!(progress.channel.as_deref(), Some("MOBILE")),
        }
    }
    let over = async |control: &mut Control| {
        control.login_progress().await.expect("an answer").is_none().then_some(())
    };
    scene.until("the end of the login", over).await;
    assert_eq!(doctor(&scene).await.expect_err("one at a time"), "ecps_pending");
    assert_eq!(rung(&scene), 1);
}

#[tokio::test]
async fn who_does_not_answer_in_time_is_told_so() {
    let scene = scene().await;
    let meanwhile = async {
        number(&scene).await;
        scene.upstream().pass(200);
    };
    let (ended, ()) = tokio::join!(doctor(&scene), meanwhile);
    assert_eq!(ended.expect_err("too late"), "ecps_expired");
}

#[tokio::test]
async fn an_answer_about_somebody_else_is_refused() {
    let scene = scene().await;
    scene.upstream().phone().habit(Habit::Approve);
    scene.upstream().set(Fault::Wrong { what: Wrong::Person });
    assert_eq!(doctor(&scene).await.expect_err("somebody else"), "other_person");
    assert!(scene.session().await.is_none());
}

#[tokio::test]
async fn an_upstream_out_of_order_for_a_moment_ends_nothing() {
    let scene = scene().await;
    let meanwhile = async {
        let shown = number(&scene).await;
        let hits = || scene.upstream().hits().get(&Endpoint::Token).copied().unwrap_or_default();
        scene.upstream().set(Fault::Unavailable { at: Endpoint::Token });
        let failed = async |_: &mut Control| (hits() >= 2).then_some(());
        scene.until("polls that failed", failed).await;
        scene.upstream().heal();
        scene.upstream().phone().approve();
        shown
    };
    let (session, _) = tokio::join!(doctor(&scene), meanwhile);
    assert_eq!(session.expect("logged in").sub, DOCTOR.identifier);
}

#[tokio::test]
async fn the_number_here_is_the_number_on_the_phone_and_nobody_is_hurried() {
    let scene = scene().await;
    let meanwhile = async {
        let shown = number(&scene).await;
        let there = scene.upstream().phone().requests();
        assert_eq!(shown.number, there[0].number);
        assert_eq!(shown.identifier.as_deref(), Some(DOCTOR.identifier));
        let polled =
            async |_: &mut Control| (scene.upstream().phone().requests()[0].polls >= 2).then_some(());
        scene.until("polls", polled).await;
        scene.upstream().phone().approve();
    };
    let (session, ()) = tokio::join!(doctor(&scene), meanwhile);
    let session = session.expect("logged in");
    assert_eq!((session.way.as_str(), session.card.as_deref()), ("ecps", None));
    let request = scene.upstream().phone().requests().remove(0);
    assert_eq!((request.early, request.state), (0, PushState::Done));
    assert!(scene.control().await.login_progress().await.expect("an answer").is_none());
}

#[tokio::test]
async fn the_last_holder_need_not_type_again_even_after_a_restart() {
    let mut scene = scene().await;
    scene.upstream().phone().habit(Habit::Approve);
    doctor(&scene).await.expect("logged in");
    scene.stop().await;
    scene.start().await;
    assert_eq!(login(&scene, None).await.expect("logged in").sub, DOCTOR.identifier);
}

#[tokio::test]
async fn a_page_rings_nobody_until_the_person_clicks() {
    let scene = scene().await;
    let browser = Browser::new(&[]).expect("a browser");
    let mut application = scene.application_in("dpi", browser).await;
    let page = application.login().await.err().expect("it waits for a click");
    assert!(page.contains("name=\"identifier\" value=\"\""), "{page}");
    assert_eq!(rung(&scene), 0);
}

#[tokio::test]
async fn what_was_typed_stands_there_again_after_a_refusal_on_that_page_alone() {
    let scene = scene().await;
    scene.upstream().phone().habit(Habit::Deny);
    let client = Client { ways: vec!["ecps".to_owned()], ..Application::usual("dpi") };
    scene.control().await.add_client(&client).await.expect("a registration");
    let application = Application::at(&scene.issuer(), "dpi", "openid profile");
    let (page, other) = (application.begin().await, application.begin().await);
    let field = |typed: &str| format!("name=\"identifier\" value=\"{typed}\"");
    for (typed, told) in [
        ("8997 <b>", "Ce n’est pas un identifiant national."),
        (DOCTOR.identifier, "La demande a été refusée sur le téléphone."),
    ] {
        let form = url::form_urlencoded::byte_serialize(typed.as_bytes()).collect::<String>();
        // An identifier that is none is refused by the click itself, on the page that it brings.
        application.press(&page, &format!("way=ecps&identifier={form}")).await;
        assert_eq!(application.end_of(&page).await, Page::Refused(told.to_owned()));
        let shown = application.shown(&page).await;
        assert!(shown.contains(&field(&typed.replace('<', "&lt;").replace('>', "&gt;"))), "{shown}");
        assert_eq!(
            shown.matches(typed).count(),
            usize::from(!typed.contains('<')),
            "in its field alone: {shown}"
        );
    }
    for (elsewhere, page) in [("another page", other), ("the next page", application.begin().await)] {
        let shown = application.shown(&page).await;
        assert!(shown.contains(&field("")) && !shown.contains(DOCTOR.identifier), "{elsewhere}: {shown}");
    }
}

/// A workstation that knows whose phone to ask: they logged in before.
async fn knowing_the_doctor(more: &[(&str, &str)]) -> Scene {
    let scene = Scene::with_upstream(&[SETTINGS.as_slice(), more].concat(), &[]).await;
    scene.upstream().interval(1);
    scene.upstream().phone().habit(Habit::Approve);
    doctor(&scene).await.expect("logged in");
    scene.control().await.end_session().await.expect("an answer");
    scene
}

#[tokio::test]
async fn a_known_person_is_not_asked_without_a_click_unless_the_site_wants_that() {
    for clicks in [&[][..], &[("login.ecps_start", "click")]] {
        let scene = knowing_the_doctor(clicks).await;
        let mut application = scene.application("dpi").await;
        let page = application.login().await.err().expect("it waits for a click");
        assert!(page.contains(&format!("name=\"identifier\" value=\"{}\"", DOCTOR.identifier)), "{page}");
        assert_eq!(rung(&scene), 1, "{clicks:?}");
    }
    let scene = knowing_the_doctor(&[("login.ecps_start", "automatic")]).await;
    let accepted = scene.application("dpi").await.login().await.expect("nobody clicked");
    assert_eq!((&accepted.claims["sub"], rung(&scene)), (&DOCTOR.identifier.into(), 2));
}

#[tokio::test]
async fn an_unknown_person_is_never_asked_automatically() {
    let settings = [SETTINGS.as_slice(), &[("login.ecps_start", "automatic")]].concat();
    let scene = Scene::with_upstream(&settings, &[]).await;
    let mut application = scene.application("dpi").await;
    application.login().await.err().expect("whose phone?");
    assert_eq!(rung(&scene), 0);
}

#[tokio::test]
async fn a_locked_session_is_resumed_on_a_page_by_its_own_person_alone() {
    let settings = [SETTINGS.as_slice(), &[("session.mode", "lock")]].concat();
    let scene = Scene::with_upstream(&settings, &[]).await;
    scene.upstream().interval(1);
    scene.upstream().phone().habit(Habit::Approve);
    doctor(&scene).await.expect("logged in");
    let client = Client { ways: vec!["ecps".to_owned()], ..Application::usual("dpi") };
    scene.control().await.add_client(&client).await.expect("a registration");
    let application = Application::at(&scene.issuer(), "dpi", "openid profile");
    let held = application.exchange(&application.begin().await).await;
    scene.insert(0, &cards::nurse_cps3());
    scene.until_locked().await;
    scene.readers.remove(0);
    scene.until_empty().await;

    assert_eq!(application.userinfo(&held).await, Err(401));
    let none = application.begin_with(&[("prompt", "none")]).await;
    assert_eq!(said(&none, "error").as_deref(), Some("login_required"));
    let page = application.begin().await;
    let by_phone = |identifier: &str| format!("way=ecps&identifier={identifier}");
    application.press(&page, &by_phone(NURSE.identifier)).await;
    let refused = "L’identité obtenue n’est pas celle attendue.";
    assert_eq!(application.end_of(&page).await, Page::Refused(refused.to_owned()));
    assert!(scene.session().await.expect("a session").locked);

    application.press(&page, &by_phone(DOCTOR.identifier)).await;
    let Page::Left(back) = application.end_of(&page).await else { panic!("resumed") };
    let again = application.exchange(&back).await;
    assert_eq!(claims(&again.id)["sid"], claims(&held.id)["sid"]);
    application.userinfo(&held).await.expect("what was there works again");
    assert!(!scene.session().await.expect("a session").locked);
}

#[tokio::test]
async fn the_card_way_asks_the_card_tool_for_the_holder_of_the_card() {
    let card = cards::doctor_cps3();
    let settings: Vec<_> = SETTINGS[1..].iter().chain(&[("login.ways", "card")]).copied().collect();
    let scene = Scene::with_upstream(&settings, &[&card]).await;
    scene.upstream().interval(1);
    scene.upstream().phone().habit(Habit::Approve);
    let session = scene.login().await.expect("logged in");
    assert_eq!((session.way.as_str(), session.card.as_deref()), ("card", Some(card.serial())));
    let request = scene.upstream().phone().requests().remove(0);
    assert_eq!((request.channel, request.identifier), ("CARD", card.holder().identifier));
    assert_eq!(scene.person.questions().len(), 0, "the card tool asks for the PIN");
    // The session rests on that card.
    scene.readers.remove(0);
    scene.until_nobody().await;
}

#[tokio::test]
async fn a_locked_session_is_not_resumed_by_a_way_that_the_policy_forbids() {
    let settings = [SETTINGS.as_slice(), &[("session.mode", "lock"), ("local.allow", "never")]].concat();
    let scene = Scene::with_upstream(&settings, &[]).await;
    scene.upstream().interval(1);
    scene.upstream().phone().habit(Habit::Approve);
    doctor(&scene).await.expect("logged in");
    let (nurse, own) = (cards::nurse_cps3(), cards::doctor_cps3());
    scene.insert(0, &nurse);
    scene.until_locked().await;
    scene.readers.remove(0);
    scene.until_empty().await;
    scene.insert(0, &own);
    scene.until_seen(&own).await;
    for way in ["local", "card", "browser"] {
        let request = LoginRequest { way: Some(way.to_owned()), ..LoginRequest::default() };
        assert_eq!(scene.login_with(&request).await.expect_err(way), "way_not_allowed", "{way}");
    }
    assert_eq!(scene.person.questions().len(), 0, "no PIN is asked");
    assert!(scene.session().await.expect("a session").locked);
    doctor(&scene).await.expect("resumed by the way that is allowed");
    assert!(!scene.session().await.expect("a session").locked);
}
