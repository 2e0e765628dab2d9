//! Every negative of the conformance suite's relying-party plans (Basic and Config), and some more: the login is refused,
//! the audit trail has the reason, the person reads a sentence, and the next login works.

use crate::scene::Scene;
use cps_agent_api::words::{Problem, Session};
use cps_agent_core::failure::{Code, Language};
use cps_sandbox::card::cards;
use serde_json::{Value, json};

/// A fault of `tests/support/node/upstream/faults.mjs`, and what it is refused for.
pub struct Refusal {
    pub fault: &'static str,
    /// Step of the login whose answer is refused, as the audit trail names it; none when it is no fault of the upstream.
    pub step: Option<&'static str>,
    pub code: &'static str,
    /// The value in the person's sentence.
    pub value: (&'static str, &'static str),
}

const fn id_token(fault: &'static str, reason: &'static str) -> Refusal {
    Refusal { fault, step: Some("id_token"), code: "id_token_refused", value: ("reason", reason) }
}

pub const fn refusal(
    step: &'static str,
    fault: &'static str,
    code: &'static str,
    value: (&'static str, &'static str),
) -> Refusal {
    Refusal { fault, step: Some(step), code, value }
}

pub const NONE: (&str, &str) = ("", "");

pub const ID_TOKEN: &[Refusal] = &[
    id_token("invalid-iss", "iss"),
    id_token("missing-iss", "iss"),
    id_token("missing-sub", "sub"),
    id_token("invalid-aud", "aud"),
    id_token("invalid-secondary-aud", "aud"),
    id_token("missing-aud", "aud"),
    id_token("invalid-azp", "azp"),
    id_token("missing-iat", "iat"),
    id_token("old-iat", "iat"),
    id_token("future-iat", "iat"),
    id_token("expired", "exp"),
    id_token("missing-exp", "exp"),
    id_token("nonce-invalid", "nonce"),
    id_token("missing-nonce", "nonce"),
    id_token("invalid-at-hash", "at_hash"),
    id_token("future-auth-time", "auth_time"),
    id_token("kid-absent-multiple-jwks", "kid"),
    id_token("kid-unknown", "kid"),
    id_token("idtoken-sig-none", "alg"),
    id_token("idtoken-sig-hs256", "alg"),
    id_token("idtoken-sig-ps256", "alg"),
    id_token("invalid-sig-rs256", "signature"),
    id_token("invalid-sig-stranger", "signature"),
    id_token("crit-header", "format"),
    refusal("id_token", "invalid-acr", "upstream_acr", ("acr", "eidas0")),
    refusal("id_token", "missing-acr", "upstream_acr", ("acr", "-")),
];

const DOCUMENTS: &[Refusal] = &[
    refusal("discovery", "discovery-issuer-mismatch", "upstream_garbled", ("what", "issuer")),
    refusal(
        "discovery",
        "discovery-foreign-token-endpoint",
        "upstream_host_refused",
        ("host", "test.invalid"),
    ),
    refusal("discovery", "discovery-plain-http", "upstream_host_refused", ("host", "localhost")),
    refusal("discovery", "discovery-missing-jwks-uri", "upstream_garbled", ("what", "jwks_uri")),
    refusal("discovery", "discovery-duplicate-member", "upstream_garbled", ("what", "discovery")),
    refusal("id_token", "jwks-empty", "id_token_refused", ("reason", "kid")),
    refusal("id_token", "jwks-of-nonsense", "id_token_refused", ("reason", "kid")),
    refusal("id_token", "jwks-private", "id_token_refused", ("reason", "kid")),
];

pub const ANSWERS: &[Refusal] = &[
    refusal("authorization", "response-invalid-state", "upstream_state", NONE),
    refusal("authorization", "response-missing-state", "upstream_state", NONE),
    refusal("authorization", "response-invalid-iss", "upstream_state", NONE),
    refusal("authorization", "response-duplicate-code", "upstream_state", NONE),
    refusal("authorization", "response-access-denied", "upstream_denied", NONE),
    refusal("authorization", "response-server-error", "upstream_unavailable", ("error", "server_error")),
    refusal("token", "token-type-mac", "upstream_garbled", ("what", "token_type")),
    refusal("token", "token-missing-id-token", "upstream_garbled", ("what", "id_token")),
    refusal("token", "token-missing-access-token", "upstream_garbled", ("what", "access_token")),
    refusal("token", "token-invalid-client", "upstream_refused", ("error", "invalid_client")),
    refusal("token", "token-invalid-grant", "upstream_refused", ("error", "invalid_grant")),
    refusal("token", "token-temporarily-unavailable", "upstream_failing", ("status", "503")),
    refusal("userinfo", "userinfo-invalid-sub", "id_token_refused", ("reason", "userinfo sub")),
    refusal("userinfo", "userinfo-missing-sub", "id_token_refused", ("reason", "userinfo sub")),
    refusal("userinfo", "userinfo-other-name-id", "id_token_refused", ("reason", "SubjectNameID")),
    refusal("userinfo", "another-person", "id_token_refused", ("reason", "userinfo sub")),
    refusal("userinfo", "userinfo-duplicate-member", "upstream_garbled", ("what", "userinfo")),
    refusal("userinfo", "userinfo-too-many-exercises", "upstream_garbled", ("what", "userinfo")),
    refusal("userinfo", "userinfo-invalid-token", "upstream_refused", ("error", "invalid_token")),
];

/// The person reads the sentence of the table with the value in it, and what to do next.
fn sentence(problem: &Problem, refusal: &Refusal) {
    let line = Code::named(refusal.code).expect("a code of the table").line();
    let (name, value) = refusal.value;
    let title = line.text(Language::French).what.replace(&format!("{{{name}}}"), value);
    assert_eq!(problem.title, title, "{}", refusal.fault);
    assert!(problem.detail.as_deref().is_some_and(|next| next.len() > 10), "{}: {problem:?}", refusal.fault);
    assert!(!line.text(Language::English).what.is_empty());
}

/// The trail has the step with its code, then the login with the same.
fn trail(lines: &[Value], refusal: &Refusal) {
    let of = |event: &str| lines.iter().filter(|line| line["event"] == event).collect::<Vec<_>>();
    let steps: Vec<_> = of("upstream").iter().map(|line| json!([line["endpoint"], line["code"]])).collect();
    let expected: Vec<_> = refusal.step.iter().map(|step| json!([step, refusal.code])).collect();
    assert_eq!(steps, expected, "{}: {lines:#?}", refusal.fault);
    let logins: Vec<_> = of("login").iter().map(|line| json!([line["result"], line["code"]])).collect();
    assert_eq!(logins, [json!(["refused", refusal.code])], "{}: {lines:#?}", refusal.fault);
}

async fn every_one_is_refused(refusals: &[Refusal]) {
    let card = cards::doctor_cps3();
    let mut scene = Scene::new(&card).await;
    for refusal in refusals {
        let told = scene.audit().len();
        scene.upstream.fault(refusal.fault);
        let login = scene.login("card").await;
        judged(&scene, login, told, refusal);
    }
    scene.upstream.heal();
    let session = scene.login("card").await.expect("a good provider");
    assert_eq!(session.sub, card.holder().identifier);
    assert_eq!(card.pin_tries_spent(), 0);
}

/// The login was refused for this reason, which the person and the trail were told. `told` lines were there before.
pub fn judged(scene: &Scene, login: Result<Session, Problem>, told: usize, refusal: &Refusal) {
    let Err(problem) = login else { panic!("{} was accepted:\n{}", refusal.fault, scene.agent.log()) };
    assert_eq!(problem.code, refusal.code, "{}: {problem:?}\n{}", refusal.fault, scene.agent.log());
    sentence(&problem, refusal);
    trail(&scene.audit()[told..], refusal);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_that_is_not_for_this_login_is_refused() {
    every_one_is_refused(ID_TOKEN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn discovery_and_keys_that_are_not_the_providers_are_refused() {
    every_one_is_refused(DOCUMENTS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_do_not_belong_to_this_login_are_refused() {
    every_one_is_refused(ANSWERS).await;
}
