//! The person's page, whole: who gets it and for how long, what it ends, and that its numbers are those of the trail.

use crate::{
    application::{Application, Page, Tokens},
    desk::script,
    listener::Listener,
    module_door::this_program,
    scene::{Scene, code},
};
use bytes::Bytes;
use cps_agent_api::words;
use cps_agent_core::failure::PAGE_GONE;
use cps_sandbox::{browser::Browser, card::cards, pinentry::Answer};
use hyper::{Request, Response, StatusCode, header};

const FORM: &str = "application/x-www-form-urlencoded";

/// The browser of somebody who is given a link.
pub struct Visitor {
    browser: Browser,
    issuer: String,
}

impl Visitor {
    pub fn at(issuer: &str) -> Self {
        Self { browser: Browser::new(&[]).expect("a browser"), issuer: issuer.to_owned() }
    }

    /// Opens an address as a person does, following nothing.
    pub async fn get(&self, address: &str) -> Response<Bytes> {
        let address =
            if address.starts_with('/') { format!("{}{address}", self.issuer) } else { address.to_owned() };
        let request = Request::get(address)
            .header(header::ACCEPT_LANGUAGE, "en")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document")
            .header("sec-fetch-site", "none")
            .body(Bytes::new());
        self.browser.fetch(request.expect("a request")).await.expect("an answer")
    }

    /// Follows a link: the path of the page.
    pub async fn follow(&self, link: &str) -> Option<String> {
        let answer = self.get(link).await;
        let location = answer.headers().get(header::LOCATION)?.to_str().expect("an address").to_owned();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert!(!link.contains(location.rsplit('/').next().expect("an identifier")), "another secret");
        Some(location)
    }

    /// What a page shows, if it is there.
    pub async fn shown(&self, path: &str) -> Option<String> {
        let answer = self.get(path).await;
        let body = String::from_utf8(answer.body().to_vec()).expect("text");
        match answer.status() {
            StatusCode::OK => Some(body),
            status => {
                assert_eq!(status, StatusCode::GONE, "{body}");
                assert!(!is_personal(&body), "{body}");
                None
            }
        }
    }

    /// Presses a button, on a page of this origin.
    pub async fn press(&self, path: &str, origin: &str, fields: &str) -> Response<Bytes> {
        let request = Request::post(format!("{}{path}", self.issuer))
            .header(header::ORIGIN, origin)
            .header(header::CONTENT_TYPE, FORM)
            .body(Bytes::copy_from_slice(fields.as_bytes()));
        self.browser.fetch(request.expect("a request")).await.expect("an answer")
    }
}

fn is_personal(body: &str) -> bool {
    ["EXEMPLE", "CAMILLE", "8997", "Dossier"].iter().any(|word| body.contains(word))
}

async fn link(scene: &Scene) -> String {
    let made = scene.control().await.portal(&words::PortalRequest::default()).await.expect("a link");
    assert!(made.url.starts_with(&format!("{}/portal/open/", scene.issuer())), "{}", made.url);
    made.url
}

/// The page, opened.
async fn opened(scene: &Scene) -> (Visitor, String) {
    let visitor = Visitor::at(&scene.issuer());
    let page = visitor.follow(&link(scene).await).await.expect("the page");
    (visitor, page)
}

/// An application that logged the person in.
async fn connected(scene: &Scene, id: &str, told: Option<String>) -> (Application, Tokens) {
    let client = words::Client {
        ways: Vec::new(),
        backchannel_logout_uri: told,
        name: Some(format!("Dossier {id}")),
        ..Application::usual(id)
    };
    scene.control().await.add_client(&client).await.expect("registered");
    let application = Application::at(&scene.issuer(), id, "openid profile");
    let page = application.begin().await;
    let Page::Left(back) = application.look(&page).await else { panic!("the session answers at once") };
    let tokens = application.exchange(&back).await;
    (application, tokens)
}

#[tokio::test]
async fn a_link_opens_one_page_once_and_within_a_minute() {
    let scene = Scene::new(&[]).await;
    let visitor = Visitor::at(&scene.issuer());
    let first = link(&scene).await;
    let page = visitor.follow(&first).await.expect("the page");
    assert_eq!(visitor.follow(&first).await, None, "once");
    assert!(visitor.shown(&page).await.is_some(), "the page stays");
    let late = link(&scene).await;
    scene.clock.pass(60);
    assert_eq!(visitor.follow(&late).await, None, "too late");
    scene.clock.pass(20 * 60);
    let over = visitor.get(&page).await;
    let body = String::from_utf8_lossy(over.body()).into_owned();
    assert_eq!(over.status(), StatusCode::GONE, "nobody looked at it for long");
    assert!(body.contains(PAGE_GONE.line().english.what), "{body}");
}

#[tokio::test]
async fn without_a_link_the_bridge_shows_nobody() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.login().await.expect("a session");
    let visitor = Visitor::at(&scene.issuer());
    let home = visitor.shown("/").await.expect("a page");
    assert!(home.contains("cps open") && !is_personal(&home), "{home}");
    for path in ["/portal/AAAA", "/portal/AAAA/activity", "/portal/open/AAAA"] {
        assert_eq!(visitor.shown(path).await, None, "{path}");
    }
}

#[tokio::test]
async fn a_page_ends_with_its_session_and_never_shows_the_next_person() {
    let (doctor, nurse) = (cards::doctor_cps3(), cards::nurse_cps3());
    let scene = Scene::new(&[&doctor]).await;
    scene.login().await.expect("a session");
    let (visitor, page) = opened(&scene).await;
    let waiting = link(&scene).await;
    assert!(visitor.shown(&page).await.expect("shown").contains("CAMILLE EXEMPLE0099001"));
    scene.readers.remove(0);
    scene.until_nobody().await;
    for view in ["", "/activity", "/diagnosis", "/about"] {
        assert_eq!(visitor.shown(&format!("{page}{view}")).await, None, "{view}");
    }
    scene.insert(0, &nurse);
    scene.until_seen(&nurse).await;
    scene.login().await.expect("another person's session");
    assert_eq!(visitor.shown(&page).await, None);
    assert_eq!(visitor.follow(&waiting).await, None, "nor does a link that was made before");
}

#[tokio::test]
async fn a_page_opened_while_nobody_was_logged_in_does_not_become_the_next_persons() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    let (visitor, page) = opened(&scene).await;
    let waiting = link(&scene).await;
    scene.login().await.expect("a session");
    assert_eq!(visitor.shown(&page).await, None);
    assert_eq!(visitor.follow(&waiting).await, None);
}

#[tokio::test]
async fn while_the_session_is_locked_its_page_says_how_it_is_resumed_and_no_more() {
    let card = cards::doctor_cps3();
    let scene = Scene::with(&[("session.mode", "lock")], &[&card]).await;
    scene.login().await.expect("a session");
    connected(&scene, "dpi", None).await;
    let (visitor, page) = opened(&scene).await;
    scene.readers.remove(0);
    scene.until_locked().await;
    let shown = visitor.shown(&page).await.expect("the page");
    assert!(shown.contains("is locked. Put the card back"), "{shown}");
    assert!(!shown.contains("Dossier") && !shown.contains("8997"), "{shown}");
    for view in ["/activity", "/diagnosis", "/about"] {
        let answer = visitor.get(&format!("{page}{view}")).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{view}");
    }
}

#[tokio::test]
async fn another_page_of_the_web_disconnects_nobody() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.login().await.expect("a session");
    let (application, tokens) = connected(&scene, "dpi", None).await;
    let (visitor, page) = opened(&scene).await;
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        for fields in ["logout=1", "disconnect=dpi"] {
            let answer = visitor.press(&page, origin, fields).await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{origin} {fields}");
        }
    }
    assert!(scene.session().await.is_some());
    application.userinfo(&tokens).await.expect("still connected");
}

#[tokio::test]
async fn one_application_is_disconnected_at_once_and_the_others_go_on() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    let session = scene.login().await.expect("a session");
    let mut listener = Listener::start().await;
    let (gone, held) = connected(&scene, "gone", Some(listener.uri())).await;
    let (stays, other) = connected(&scene, "stays", None).await;
    let (visitor, page) = opened(&scene).await;
    let before = visitor.shown(&page).await.expect("the page");
    assert!(before.contains("Dossier gone") && before.contains("Dossier stays"), "{before}");

    let issuer = scene.issuer();
    let answer = visitor.press(&page, &issuer, "disconnect=gone").await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(gone.refresh(&held).await.expect_err("refused"), "invalid_grant");
    assert_eq!(gone.userinfo(&held).await.expect_err("refused"), 401);
    assert_eq!(listener.next().await["sid"], session.sid);
    let other = stays.refresh(&other).await.expect("the other goes on");
    stays.userinfo(&other).await.expect("the other goes on");
    let after = visitor.shown(&page).await.expect("the page");
    assert!(!after.contains("Dossier gone") && after.contains("Dossier stays"), "{after}");
    let trail = scene.audit();
    let line = trail.iter().find(|line| line["event"] == "client_disconnected").expect("in the trail");
    assert_eq!((&line["subject"], &line["sid"]), (&"gone".into(), &session.sid.into()));
}

#[tokio::test]
async fn the_person_logs_out_everywhere_and_the_page_is_over() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.login().await.expect("a session");
    let (application, tokens) = connected(&scene, "dpi", None).await;
    let (visitor, page) = opened(&scene).await;
    let issuer = scene.issuer();
    let answer = visitor.press(&page, &issuer, "logout=1").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(scene.session().await.is_none());
    assert_eq!(application.userinfo(&tokens).await.expect_err("refused"), 401);
    assert_eq!(visitor.shown(&page).await, None);
}

#[tokio::test]
async fn tries_that_are_left_and_programs_that_use_the_card_are_shown() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    let (visitor, page) = opened(&scene).await;
    assert!(visitor.shown(&page).await.expect("the page").contains("3 tries left"));
    script(&scene.person, &[Answer::WrongPin, Answer::Cancel]);
    assert!(scene.login().await.is_err());
    assert!(visitor.shown(&page).await.expect("the page").contains("2 tries left"));
    scene.program_signs(&card).await.expect("a signature");
    let shown = visitor.shown(&page).await.expect("the page");
    assert!(shown.contains(&this_program()), "{shown}");
    assert!(shown.contains("allowed while the card stays verified"), "{shown}");
    assert!(shown.contains("Keep the card no longer"), "nobody is logged in, and a card is kept: {shown}");
    let issuer = scene.issuer();
    visitor.press(&page, &issuer, "logout=1").await;
    let shown = visitor.shown(&page).await.expect("it showed no session");
    assert!(!shown.contains("Keep the card no longer"), "{shown}");
}

#[tokio::test]
async fn a_card_without_contact_has_no_tries_and_is_never_asked_for_them() {
    let card = cards::doctor_cps3_contactless();
    let scene = Scene::new(&[&card]).await;
    let before = card.counters().commands();
    let (visitor, page) = opened(&scene).await;
    for _ in 0..2 {
        let shown = visitor.shown(&page).await.expect("the page");
        assert!(shown.contains(card.serial()) && !shown.contains("tries left"), "{shown}");
    }
    let asked = scene.control().await.pin_state(card.serial()).await;
    assert_eq!(code(asked).expect_err("no PIN"), "contactless_card");
    assert_eq!(card.counters().commands(), before);
}

#[tokio::test]
async fn the_numbers_are_those_of_the_trail() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    for _ in 0..3 {
        scene.login().await.expect("a session");
        scene.control().await.end_session().await.expect("ended");
    }
    script(&scene.person, &[Answer::Cancel]);
    assert_eq!(scene.login().await.expect_err("the prompt was closed"), "pin_cancelled");
    let (visitor, page) = opened(&scene).await;
    let shown = visitor.shown(&format!("{page}/activity")).await.expect("the view");
    let trail = scene.audit();
    let logins = trail.iter().filter(|line| line["event"] == "login" && line["result"] == "done").count();
    assert_eq!(logins, 3);
    assert!(shown.contains(&format!("Logins by day, {logins} in all")), "{shown}");
    let (table, _) = shown.split_once("Failures by cause").expect("sections");
    let today = table.rsplit_once("<th scope=\"row\">").expect("a day").1;
    assert!(today.contains(&format!("</th><td>{logins}</td>")), "{today}");
    let cancelled = trail.iter().filter(|line| line["code"] == "pin_cancelled").count();
    assert!(shown.contains(&format!("<strong>{cancelled}</strong> ×")), "{cancelled}: {shown}");
    // Only the first login followed the card.
    let (_, delays) = shown.rsplit_once("From the card to the login").expect("a table");
    let (delays, _) = delays.split_once("</table>").expect("a table");
    let counts = delays.split("</th><td>").skip(1).filter_map(|cell| cell.split_once('<'));
    assert_eq!(counts.map(|(count, _)| count.parse::<usize>().expect("a number")).sum::<usize>(), 1);
    assert!(shown.contains("half of the logins took"), "{shown}");
}

#[tokio::test]
async fn what_somebody_wrote_into_the_trail_stays_text() {
    let scene = Scene::new(&[]).await;
    scene.edit_audit("\"event\":\"started\"", "\"event\":\"<script>alert('x')</script>\"");
    let (visitor, page) = opened(&scene).await;
    let shown = visitor.shown(&format!("{page}/activity")).await.expect("the view");
    assert!(shown.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"), "{shown}");
    assert!(!shown.contains("<script>"), "{shown}");
}

#[tokio::test]
async fn the_diagnosis_says_what_the_command_says() {
    let scene = Scene::new(&[]).await;
    let visitor = Visitor::at(&scene.issuer());
    let request = words::PortalRequest { view: Some("diagnosis".to_owned()) };
    let made = scene.control().await.portal(&request).await.expect("a link");
    let view = visitor.follow(&made.url).await.expect("the page");
    assert!(view.ends_with("/diagnosis"), "{view}");
    let shown = visitor.shown(&view).await.expect("the view");
    let checks = scene.control().await.diagnosis().await.expect("a diagnosis").checks;
    for check in checks {
        let title = check.title.replace('\'', "&#39;");
        assert!(shown.contains(&title), "{title}: {shown}");
    }
}

#[tokio::test]
async fn pages_end_with_the_agent() {
    let mut scene = Scene::new(&[]).await;
    let (_, page) = opened(&scene).await;
    let waiting = link(&scene).await;
    let once = waiting.rsplit('/').next().expect("a link").to_owned();
    scene.stop().await;
    scene.start().await;
    let visitor = Visitor::at(&scene.issuer());
    assert_eq!(visitor.shown(&page).await, None);
    assert_eq!(visitor.shown(&format!("/portal/open/{once}")).await, None);
}
