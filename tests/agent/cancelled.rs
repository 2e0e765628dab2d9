//! A request without a browser raises a prompt by itself. Whoever closes it is left alone by that client for a while.

use crate::scene::Scene;
use bytes::Bytes;
use cps_agent_api::{events::News, words::Client};
use cps_sandbox::{
    browser::Browser,
    card::{CardHandle, cards},
    pinentry::Answer,
};
use hyper::{Request, header};
use serde_json::Value;
use url::form_urlencoded;

const GRANT: &str = "urn:openid:params:grant-type:ciba";
const ANYONE: &str = "urn:cps-agent:login-hint:anyone";

/// A workstation with a card and the programs `heavy` and `other`, which want no browser.
async fn scene(card: &CardHandle) -> Scene {
    let scene = Scene::new(&[card]).await;
    for id in ["heavy", "other"] {
        let client = Client {
            client_id: id.to_owned(),
            ciba: true,
            id_token_alg: Some("ES256".to_owned()),
            ..Client::default()
        };
        scene.control().await.add_client(&client).await.expect("a registration");
    }
    scene
}

async fn post(scene: &Scene, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::post(format!("{}{path}", scene.issuer()))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(form));
    let browser = Browser::new(&[]).expect("a browser");
    let answer = browser.fetch(request.expect("a request")).await.expect("an answer");
    (answer.status().as_u16(), serde_json::from_slice(answer.body()).expect("JSON"))
}

/// Has the person asked; the identifier of the request, or the refusal.
async fn ask(scene: &Scene, client: &str) -> Result<String, (u16, String)> {
    let fields = [("client_id", client), ("scope", "openid"), ("login_hint", ANYONE)];
    match post(scene, "/ciba", &fields).await {
        (200, answer) => Ok(answer["auth_req_id"].as_str().expect("an identifier").to_owned()),
        (status, answer) => Err((status, answer["error"].as_str().expect("an error").to_owned())),
    }
}

/// Polls until the request was answered: `tokens`, or the error.
async fn end_of(scene: &Scene, client: &str, request: &str) -> String {
    let ended = async |_: &mut _| {
        let fields = [("client_id", client), ("grant_type", GRANT), ("auth_req_id", request)];
        let (status, answer) = post(scene, "/token", &fields).await;
        match answer["error"].as_str() {
            Some("authorization_pending" | "slow_down") => None,
            Some(error) => Some(error.to_owned()),
            None => (status == 200).then(|| "tokens".to_owned()),
        }
    };
    scene.until("an answer", ended).await
}

async fn asked_and_answered(scene: &Scene, client: &str) -> String {
    let request = ask(scene, client).await.expect("taken");
    end_of(scene, client, &request).await
}

fn prompts(scene: &Scene) -> usize {
    scene.person.questions().len()
}

#[tokio::test]
async fn whoever_closes_a_prompt_is_left_alone_by_that_client_longer_each_time() {
    let card = cards::doctor_cps3();
    let scene = scene(&card).await;
    let denied = || Err((403, "access_denied".to_owned()));
    scene.person.always(Answer::Cancel).expect("a script");
    assert_eq!(asked_and_answered(&scene, "heavy").await, "access_denied");
    assert_eq!((ask(&scene, "heavy").await, prompts(&scene)), (denied(), 1));
    assert_eq!(asked_and_answered(&scene, "other").await, "access_denied");
    assert_eq!(prompts(&scene), 2, "another program has its own");
    scene.clock.pass(60);
    assert_eq!(asked_and_answered(&scene, "heavy").await, "access_denied");
    scene.clock.pass(60);
    assert_eq!((ask(&scene, "heavy").await, prompts(&scene)), (denied(), 3), "twice as long");

    // Whoever logs in all the same is served, and so is that client.
    scene.person.always(Answer::RightPin).expect("a script");
    scene.login().await.expect("logged in");
    assert_eq!(asked_and_answered(&scene, "heavy").await, "tokens");
    scene.control().await.end_session().await.expect("ended");
    scene.clock.pass(60);
    assert_eq!(asked_and_answered(&scene, "heavy").await, "tokens");
    scene.control().await.end_session().await.expect("ended");
    scene.person.always(Answer::Cancel).expect("a script");
    for _ in 0..2 {
        let before = prompts(&scene);
        assert_eq!(asked_and_answered(&scene, "heavy").await, "access_denied");
        assert_eq!(scene.login().await.expect_err("closed"), "pin_cancelled", "people ask when they like");
        assert_eq!(prompts(&scene), before + 2);
        // The yes began anew: the first pause is short again.
        scene.clock.pass(60);
    }
}

#[tokio::test]
async fn one_no_answers_everything_that_the_client_has_in_line() {
    let card = cards::doctor_cps3();
    let scene = scene(&card).await;
    let mut events = scene.control().await.events().await.expect("events");
    scene.person.always(Answer::Cancel).expect("a script");
    let thinking = scene.person.thinks().expect("a script");
    let mut requests = Vec::new();
    for _ in 0..3 {
        requests.push(ask(&scene, "heavy").await.expect("taken"));
    }
    loop {
        match events.next().await.expect("an event") {
            Some(News::Event(event)) if event.topic == "prompt" && event.what == "shown" => break,
            Some(_) => {}
            None => panic!("no prompt was shown"),
        }
    }
    drop(thinking);
    for request in &requests {
        assert_eq!(end_of(&scene, "heavy", request).await, "access_denied");
    }
    assert_eq!(prompts(&scene), 1);
}
