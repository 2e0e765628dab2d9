//! The card logs in at a certified provider, and certified clients accept what the agent says of it.

use crate::{
    party::Party,
    scene::{Scene, application},
};
use cps_sandbox::card::{CardHandle, cards};
use serde_json::{Value, json};

/// What every judge must agree on, whatever the card.
fn agreed(login: &Value, card: &CardHandle, algorithm: &str) {
    let holder = card.holder();
    let (family, given) = holder.name.expect("a person's card");
    let (claims, userinfo) = (&login["claims"], &login["userinfo"]);
    assert_eq!(login["header"]["alg"], algorithm);
    assert_eq!(claims["sub"], holder.identifier);
    assert_eq!(claims["iss"], login["issuer"]);
    assert_eq!(claims["acr"], "eidas1");
    assert_eq!(userinfo["sub"], holder.identifier);
    assert_eq!(userinfo["SubjectNameID"], holder.identifier);
    assert_eq!((&userinfo["family_name"], &userinfo["given_name"]), (&family.into(), &given.into()));
    assert_eq!(userinfo["SubjectRefPro"]["exercices"][0]["codeProfession"], "10");
}

/// A refresh as the standard wants it.
fn renewed(refresh: &Value) {
    assert_eq!((&refresh["renewed"], &refresh["rotated"]), (&true.into(), &true.into()), "{refresh}");
}

async fn both_judges_accept(card: CardHandle, tls: &str) {
    let mut scene = Scene::new(&card).await;
    for (id, confidential, algorithm) in [("judge-secret", true, "RS256"), ("judge-public", false, "ES256")] {
        let mut party = Party::openid_client(&mut scene, application(id, confidential, algorithm)).await;
        agreed(&party.ask("login", &scene), &card, algorithm);
        renewed(&party.ask("refresh", &scene));
        assert_eq!(party.ask("replay", &scene), "invalid_grant");
    }
    // One upstream login served both applications, and the person was asked once.
    assert_eq!(scene.person.questions().len(), 1);
    assert_eq!(card.pin_tries_spent(), 0);
    let events = scene.upstream.events();
    let visits: Vec<_> = events.iter().filter(|event| !event["card"].is_null()).collect();
    assert_eq!(visits, [&json!({"card": card.holder().identifier, "tls": tls})], "{}", scene.agent.log());
    assert!(!events.iter().any(|event| !event["failed"].is_null()), "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cps3_logs_in_at_a_certified_provider_over_tls_1_2_and_a_certified_client_accepts_it() {
    both_judges_accept(cards::doctor_cps3(), "TLSv1.2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cps4_logs_in_at_a_certified_provider_over_tls_1_3_and_a_certified_client_accepts_it() {
    both_judges_accept(cards::doctor_cps4(), "TLSv1.3").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_not_the_registered_one_gets_nothing() {
    let card = cards::doctor_cps3();
    let mut scene = Scene::new(&card).await;
    let mut party = Party::impostor(&mut scene, application("judge-wrong", true, "RS256")).await;
    let error = party.try_ask("login").expect_err("a wrong secret was accepted");
    // RFC 6749 §5.2: to a client that used the Authorization header, status 401 and a challenge.
    assert!(error.contains("CHALLENGE 401"), "{error}\n{}", scene.agent.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn authlib_logs_in_and_refreshes() {
    let card = cards::doctor_cps3();
    let mut scene = Scene::new(&card).await;
    for (id, confidential, algorithm) in [("python-secret", true, "ES256"), ("python-public", false, "RS256")]
    {
        let mut party = Party::authlib(&mut scene, application(id, confidential, algorithm)).await;
        agreed(&party.ask("login", &scene), &card, algorithm);
        renewed(&party.ask("refresh", &scene));
    }
    assert_eq!(scene.person.questions().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn apache_with_mod_auth_openidc_logs_in_and_refreshes() {
    let card = cards::doctor_cps3();
    let mut scene = Scene::new(&card).await;
    let mut apache = Party::apache(&mut scene).await;
    let session = apache.ask("login", &scene);
    let holder = card.holder().identifier;
    assert_eq!((&session["userinfo"]["sub"], &session["id_token"]["sub"]), (&holder.into(), &holder.into()));
    renewed(&apache.ask("refresh", &scene));
}

/// What a provider may do, and some do: each of these logins is a good one.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_standard_allows_and_what_pro_sante_connect_was_seen_to_do_is_accepted() {
    const ACCEPTED: [&str; 7] = [
        "valid-aud-as-array",
        "kid-absent-single-jwks",
        "acr-eidas2",
        "no-scope-in-token-endpoint-response",
        "userinfo-other-ids-misspelt",
        "userinfo-no-exercise",
        "userinfo-unknown-members",
    ];
    let card = cards::doctor_cps3();
    let mut scene = Scene::new(&card).await;
    for name in ACCEPTED {
        scene.upstream.fault(name);
        let session = scene.login("card").await;
        let session = session.unwrap_or_else(|problem| panic!("{name}: {problem:?}\n{}", scene.agent.log()));
        assert_eq!(session.sub, card.holder().identifier, "{name}");
        scene.logout().await;
    }
}

/// `oidcc-client-test-signing-key-rotation-just-before-signing`: the keys that the agent kept are not the provider's.
#[tokio::test(flavor = "multi_thread")]
async fn keys_that_were_rotated_are_fetched_again() {
    let card = cards::doctor_cps3();
    let mut scene = Scene::new(&card).await;
    scene.login("card").await.expect("a login");
    scene.logout().await;
    scene.upstream.restart_with_other_keys();
    let session = scene.login("card").await;
    session.unwrap_or_else(|problem| panic!("{problem:?}\n{}", scene.agent.log()));
}
