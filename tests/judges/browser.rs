//! The login by the system's browser at the wallet's page: every bad provider is refused here as well.

use crate::{
    people,
    refused::{ANSWERS, ID_TOKEN, Refusal, judged},
    scene::{Scene, Special},
};
use cps_sandbox::card::cards;
use serde_json::json;
use std::path::Path;

/// A workstation whose person logs in by a browser that types the identifier of the first person.
pub async fn browsing() -> Scene {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../support/node/browse.mjs");
    // The anchors lie where the settings of the scene put them, in the folder that becomes the agent's home.
    let program = ["sh", "-c", "exec node \"$0\" \"$HOME/upstream-ca.pem\" \"$1\" \"$2\""].map(str::to_owned);
    let arguments = [script.to_string_lossy().into_owned(), people::identifier(0)];
    let program: Vec<toml::Value> = program.into_iter().chain(arguments).map(toml::Value::from).collect();
    let special = Special {
        upstream: json!({ "login": "page", "people": people::known(1) }),
        settings: vec![
            ("login", "ways", vec!["browser"].into()),
            ("login", "browser", program.into()),
            ("upstream", "card_login", false.into()),
        ],
    };
    Scene::special(&cards::doctor_cps3(), special).await
}

async fn every_one_is_refused(refusals: impl Iterator<Item = &Refusal>) {
    let mut scene = browsing().await;
    for refusal in refusals {
        let told = scene.audit().len();
        scene.upstream.fault(refusal.fault);
        let login = scene.login("browser").await;
        judged(&scene, login, told, refusal);
    }
    scene.upstream.heal();
    let session = scene.login("browser").await;
    let session = session.unwrap_or_else(|problem| panic!("{problem:?}\n{}", scene.agent.log()));
    assert_eq!(session.sub, people::identifier(0));
    assert!(scene.upstream.events().contains(&json!({ "page": people::identifier(0) })));
    assert_eq!(scene.person.questions().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_that_is_not_for_this_login_is_refused_by_browser_too() {
    every_one_is_refused(ID_TOKEN.iter()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_do_not_belong_to_this_login_are_refused_by_browser_too() {
    // A return without our state is nobody's: the listener goes on waiting for the right one.
    let strays = ["response-invalid-state", "response-missing-state"];
    every_one_is_refused(ANSWERS.iter().filter(|refusal| !strays.contains(&refusal.fault))).await;
}
