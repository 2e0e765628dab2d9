//! The login in the person's own browser: whom it may bring back, and what does not disturb it.

use crate::scene::{PATIENCE, Scene};
use bytes::Bytes;
use cps_agent_api::words::{LoginProgress, LoginRequest, Session};
use cps_sandbox::{
    browser::{Browser, Choice},
    card::cards,
    pki::holder::{DOCTOR, NURSE},
    upstream::{Endpoint, Fault, Habit, Wrong},
};
use hyper::Request;
use tokio::net::TcpListener;
use url::Url;

const BROWSER: (&str, &str) = ("login.ways", "browser");

fn request() -> LoginRequest {
    LoginRequest { way: Some("browser".to_owned()), ..LoginRequest::default() }
}

/// A workstation whose people agree on their phones.
async fn scene(more: &[(&str, &str)]) -> Scene {
    let settings: Vec<_> = [BROWSER].iter().chain(more).copied().collect();
    let scene = Scene::with_upstream(&settings, &[]).await;
    scene.upstream().phone().habit(Habit::Approve);
    scene
}

async fn refused(scene: &Scene, choice: &str) -> String {
    scene.browses(choice);
    scene.login_with(&request()).await.expect_err("no login")
}

/// Waits until the login is at the upstream's page, and gives its address.
async fn address(scene: &Scene) -> Url {
    let there = async |control: &mut cps_agent_api::client::Agent| {
        control
            .login_progress()
            .await
            .expect("an answer")
            .and_then(|progress: LoginProgress| progress.address)
    };
    scene.until("the upstream's page", there).await.parse().expect("an address")
}

/// Where the upstream sends the browser back to.
fn redirect_uri(address: &Url) -> Url {
    let pair = address.query_pairs().find(|(name, _)| name == "redirect_uri");
    pair.expect("a redirect URI").1.parse().expect("an address")
}

#[tokio::test]
async fn who_cancels_at_the_upstream_is_told_so() {
    let scene = scene(&[]).await;
    assert_eq!(refused(&scene, "cancel").await, "upstream_denied");
    assert_eq!(scene.session().await.map(|session| session.sub), None);
}

#[tokio::test]
async fn an_answer_of_another_issuer_or_with_another_nonce_is_refused() {
    let scene = scene(&[]).await;
    let choice = format!("ecps {}", DOCTOR.identifier);
    for (wrong, code) in [
        (Wrong::ResponseIssuer, "upstream_state"),
        (Wrong::Nonce, "id_token_refused"),
        (Wrong::Subject, "id_token_refused"),
    ] {
        scene.upstream().set(Fault::Wrong { what: wrong });
        assert_eq!(refused(&scene, &choice).await, code, "{wrong:?}");
        scene.upstream().heal();
    }
    scene.login_with(&request()).await.expect("nothing is left behind");
}

#[tokio::test]
async fn with_a_card_in_the_reader_nobody_else_comes_back() {
    let card = cards::doctor_cps3();
    let settings = [("upstream.card_login", "false"), ("upstream.ciba", "false"), ("login.ways", "card")];
    let scene = Scene::with_upstream(&settings, &[&card]).await;
    scene.upstream().phone().habit(Habit::Approve);
    scene.browses(&format!("ecps {}", NURSE.identifier));
    assert_eq!(scene.login().await.expect_err("somebody else"), "other_person");
    scene.browses(&format!("ecps {}", DOCTOR.identifier));
    assert_eq!(scene.login().await.expect_err("by phone"), "upstream_mode");
    scene.browses("card");
    let session = scene.login().await.expect("by card");
    assert_eq!((session.way.as_str(), session.card.as_deref()), ("card", Some(card.serial())));
    assert_eq!(session.sub, card.holder().identifier);
    // Whoever the browser is still logged in as counts for nothing.
    assert!(scene.upstream().authorizations().iter().all(|asked| asked["prompt"] == "login"));
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let held = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = held.local_addr().expect("bound").port().to_string();
    let scene = scene(&[("upstream.redirect_port", &port)]).await;
    assert_eq!(refused(&scene, "close").await, "redirect_port");
}

#[tokio::test]
async fn a_page_that_guesses_ends_nothing() {
    let scene = scene(&[]).await;
    scene.browses("close");
    let wish = request();
    let login = scene.login_with(&wish);
    let meanwhile = async {
        let address = address(&scene).await;
        let mut forged = redirect_uri(&address);
        forged.set_query(Some("code=1&state=guessed"));
        let browser = Browser::new(&[]).expect("a browser");
        let visit = browser.open(forged.as_str(), PATIENCE).await.expect("an answer");
        assert_eq!(visit.status, 400, "{}", visit.body);
        let hidden = Request::get(forged.as_str()).header("host", "evil.example").body(Bytes::new());
        let answer = browser.fetch(hidden.expect("a request")).await.expect("an answer");
        assert!(answer.status().is_client_error());
        // The person's own browser still finds its way back.
        let own = scene.browser(Choice::Ecps(DOCTOR.identifier.to_owned()));
        let visit = own.open(address.as_str(), PATIENCE).await.expect("back");
        assert!(visit.body.contains("You may close this page"), "{}", visit.body);
        assert!(!visit.body.contains("code="), "{}", visit.body);
    };
    let (session, ()) = tokio::join!(login, meanwhile);
    assert_eq!(session.expect("logged in").sub, DOCTOR.identifier);
}

#[tokio::test]
async fn nobody_listens_any_more_when_the_login_was_given_up() {
    let scene = scene(&[]).await;
    scene.browses("close");
    let wish = request();
    let back = {
        let login = scene.login_with(&wish);
        tokio::pin!(login);
        tokio::select! {
            ended = &mut login => panic!("nobody came back: {ended:?}"),
            address = address(&scene) => redirect_uri(&address),
        }
    };
    let port = back.port().expect("a port");
    let closed = async |_: &mut cps_agent_api::client::Agent| {
        tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err().then_some(())
    };
    scene.until("the end of the listener", closed).await;
}

#[tokio::test]
async fn a_command_opens_the_persons_browser() {
    let scene = scene(&[("upstream.idp_hint", "TEST-chu")]).await;
    scene.browses(&format!("ecps {}", DOCTOR.identifier));
    let Session { sub, way, amr, card, .. } = scene.login_with(&request()).await.expect("logged in");
    assert_eq!((sub.as_str(), way.as_str(), card), (DOCTOR.identifier, "browser", None));
    assert_eq!(amr, ["hwk", "user", "mfa"]);
    let asked = scene.upstream().authorizations();
    assert_eq!(asked[0]["kc_idp_hint"], "TEST-chu");
    assert_eq!(asked[0]["code_challenge_method"], "S256");
    assert!(asked[0]["redirect_uri"].starts_with("http://127.0.0.1:"), "{}", asked[0]["redirect_uri"]);
}

#[tokio::test]
async fn what_starts_the_browser_tells_other_users_nothing() {
    let scene = scene(&[]).await;
    for choice in ["cancel", &format!("ecps {}", DOCTOR.identifier)] {
        scene.browses(choice);
        let _ended = scene.login_with(&request()).await;
    }
    scene.session().await.expect("the second one logged in");
    let (starts, asked) = (scene.browser_starts(), scene.upstream().authorizations());
    assert_eq!((starts.len(), asked.len()), (2, 2));
    for (start, asked) in starts.iter().zip(&asked) {
        let back: Url = asked["redirect_uri"].parse().expect("an address");
        let start = Url::parse(start).expect("an address");
        assert_eq!((start.origin(), start.query()), (back.origin(), None), "it begins at the listener");
        for name in ["state", "nonce", "code_challenge", "client_id"] {
            assert!(!start.as_str().contains(&asked[name]), "{name} in {start}");
        }
    }
    assert_ne!(starts[0], starts[1]);
    // A page that waits goes to the upstream by itself: no program is started.
    scene.control().await.end_session().await.expect("ended");
    let own = scene.browser(Choice::Ecps(DOCTOR.identifier.to_owned()));
    scene.application_in("dpi", own).await.login().await.expect("accepted");
    assert_eq!(scene.browser_starts().len(), 2);
}

#[tokio::test]
async fn a_page_goes_to_the_upstream_and_comes_back_to_its_application() {
    let scene = scene(&[]).await;
    let doctor = || scene.browser(Choice::Ecps(DOCTOR.identifier.to_owned()));
    let mut first = scene.application_in("first", doctor()).await;
    let accepted = first.login().await.expect("accepted");
    assert_eq!(accepted.claims["sub"], DOCTOR.identifier);
    assert_eq!(
        (&accepted.claims["acr"], &accepted.claims["psc_auth_mode"]),
        (&"eidas1".into(), &"MOBILE".into())
    );
    // Nobody goes there twice.
    let mut second = scene.application_in("second", doctor()).await;
    second.login().await.expect("accepted");
    assert_eq!(scene.upstream().hits().get(&Endpoint::Token), Some(&1));
}

#[tokio::test]
async fn who_cancels_is_offered_to_try_again_on_the_page() {
    let scene = scene(&[]).await;
    let mut application = scene.application_in("dpi", scene.browser(Choice::Cancel)).await;
    let page = application.login().await.err().expect("cancelled");
    assert!(page.contains("annulée sur la page du service"), "{page}");
    assert!(page.contains("value=\"browser\""), "{page}");
}

#[tokio::test]
async fn an_upstream_that_answers_with_an_old_authentication_answers_no_demand_for_a_new_one() {
    let scene = scene(&[]).await;
    let browser = scene.browser(Choice::Ecps(DOCTOR.identifier.to_owned()));
    let mut first = scene.application_in("first", browser.clone()).await;
    let mut second = scene.application_in("second", browser).await;
    let held = first.login().await.expect("accepted");
    scene.upstream().set(Fault::Wrong { what: Wrong::AuthTime });
    for wish in ["prompt=login", "max_age=0", "max_age=60"] {
        scene.clock.pass(1);
        let refused = match second.login_wishing(wish).await {
            Err(refused) => refused,
            Ok(accepted) => panic!("{wish}: {}", accepted.claims),
        };
        assert!(refused.contains("login_required"), "{wish}: {refused}");
    }
    first.refresh(&held).await.expect("the first one has nothing to do with it");
    scene.upstream().heal();
    second.login_wishing("prompt=login").await.expect("a new authentication");
}

#[tokio::test]
async fn what_an_application_demands_is_demanded_of_the_upstream() {
    let scene = scene(&[]).await;
    let browser = scene.browser(Choice::Ecps(DOCTOR.identifier.to_owned()));
    let mut application = scene.application_in("dpi", browser).await;
    let asked =
        |name: &str| scene.upstream().authorizations().last().and_then(|sent| sent.get(name).cloned());
    application.login_wishing("max_age=3600").await.expect("accepted");
    assert_eq!((asked("max_age").as_deref(), asked("prompt")), (Some("3600"), None));
    // The session is young enough: the upstream is not asked at all.
    application.login_wishing("max_age=3600").await.expect("accepted");
    assert_eq!(scene.upstream().authorizations().len(), 1);
    let before = application.login().await.expect("accepted");
    scene.pass(2);
    let after = application.login_wishing("prompt=login").await.expect("accepted");
    assert_eq!((asked("max_age"), asked("prompt").as_deref()), (None, Some("login")));
    let time = |accepted: &cps_sandbox::relying_party::Accepted| accepted.claims["auth_time"].as_i64();
    assert!(time(&after) > time(&before), "{:?} {:?}", time(&after), time(&before));
}
