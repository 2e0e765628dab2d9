//! Token exchange (RFC 8693) and `psc_evidence`: the only ways by which the upstream's tokens leave.

use super::*;
use crate::identity::ACR_LOCAL;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
const ID: &str = "urn:ietf:params:oauth:token-type:id_token";

/// A house with an upstream and with the administrator's clients `relay` and `second`, which may have both tokens, and `plain`, which may
/// not. Both prove themselves by a key.
fn house() -> (House, SigningKey) {
    let key = p256_key();
    let jwk = Value::Object(key.public().to_jwk()).to_string().replace('"', "\\\"");
    let mut registry = Registry::default();
    let both = r#"["openid", "profile", "psc_token", "psc_evidence"]"#;
    for (id, scopes) in [("relay", both), ("second", both), ("plain", r#"["openid"]"#)] {
        let file = format!(
            "id = \"{id}\"\nredirect_uris = [\"{REDIRECT}\"]\nscopes = {scopes}\nid_token_alg = \"ES256\"\npublic_key = \"{jwk}\"\n"
        );
        registry.load_file(&file).unwrap();
    }
    let mut house = House::logged_in();
    house.provider = Provider::new(ISSUER.into(), registry, p256_key()).unwrap();
    house.add(json!({"id": "dpi"}));
    house.upstream.access = Some((Secret::new("the upstream's access token".into()), START.plus(100)));
    house.upstream.id_token = Some(Secret::new("the.upstreams.id-token".into()));
    (house, key)
}

/// A fresh assertion of a client.
fn assertion(house: &House, key: &SigningKey, client: &str, jti: &str) -> String {
    let header = crate::jose::encode(br#"{"alg":"ES256"}"#);
    let claims =
        json!({"iss": client, "sub": client, "aud": ISSUER, "jti": jti, "exp": house.now.plus(60).0});
    key.compact(crate::jose::Algorithm::Es256, &header, claims.to_string().as_bytes(), &house.random).unwrap()
}

/// Sends a token request of a client with a key.
fn asks(
    house: &mut House,
    key: &SigningKey,
    client: &str,
    parameters: &[(&str, &str)],
) -> Result<Map<String, Value>, TokenRefusal> {
    house.entropy.0 += 1;
    let proof = assertion(house, key, client, &format!("jti-{}", house.entropy.0));
    let proof = [
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", proof.as_str()),
    ];
    house.token(&[parameters, &proof].concat())
}

/// A login of a client for a scope: its access token.
fn login(house: &mut House, key: &SigningKey, client: &str, scope: &str) -> String {
    let code = house.code(&[("client_id", client), ("scope", scope)]);
    let redeem = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    text(&asks(house, key, client, &redeem).unwrap(), "access_token").to_owned()
}

fn exchange<'a>(token: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [("grant_type", GRANT), ("subject_token", token), ("subject_token_type", ACCESS)];
    [&usual, more].concat()
}

#[test]
fn a_public_client_gets_no_token_of_the_upstream() {
    let (mut house, _) = house();
    let tokens = house.tokens();
    let mut asked = exchange(text(&tokens, "access_token"), &[]);
    asked.push(("client_id", "dpi"));
    assert_eq!(house.token(&asked).unwrap_err().error, "unauthorized_client");
}

#[test]
fn without_the_scope_in_the_token_there_is_none() {
    let (mut house, key) = house();
    let plain = login(&mut house, &key, "plain", "openid");
    assert_eq!(asks(&mut house, &key, "plain", &exchange(&plain, &[])).unwrap_err().error, "invalid_scope");
    let narrow = login(&mut house, &key, "relay", "openid psc_evidence");
    assert_eq!(asks(&mut house, &key, "relay", &exchange(&narrow, &[])).unwrap_err().error, "invalid_scope");
}

#[test]
fn only_ones_own_good_access_token_counts() {
    let (mut house, key) = house();
    let own = login(&mut house, &key, "relay", "openid psc_token");
    for wrong in ["nonsense", ""] {
        assert_eq!(
            asks(&mut house, &key, "relay", &exchange(wrong, &[])).unwrap_err().error,
            "invalid_request"
        );
    }
    assert_eq!(asks(&mut house, &key, "plain", &exchange(&own, &[])).unwrap_err().error, "invalid_request");
    for (changed, error) in [
        (("subject_token_type", ID), "invalid_request"),
        (("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"), "invalid_request"),
        (("actor_token", "x"), "invalid_request"),
        (("audience", "https://api.example"), "invalid_target"),
        (("resource", "https://api.example"), "invalid_target"),
    ] {
        let all = super::changed(&exchange(&own, &[]), &[changed]);
        let all: Vec<(&str, &str)> = all.0.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(asks(&mut house, &key, "relay", &all).unwrap_err().error, error, "{changed:?}");
    }
    house.now = house.now.plus(300);
    assert_eq!(asks(&mut house, &key, "relay", &exchange(&own, &[])).unwrap_err().error, "invalid_request");
}

#[test]
fn a_locked_session_gives_none_and_a_local_one_never() {
    let (mut house, key) = house();
    let token = login(&mut house, &key, "relay", "openid psc_token");
    house.lock(true);
    let locked = asks(&mut house, &key, "relay", &exchange(&token, &[]));
    assert_eq!(locked.unwrap_err().error, "interaction_required");
    house.lock(false);
    house.sessions.0[0].assurance.acr = ACR_LOCAL.into();
    let local = asks(&mut house, &key, "relay", &exchange(&token, &[]));
    assert_eq!(local.unwrap_err().error, "invalid_target");
}

#[test]
fn a_token_that_is_over_upstream_is_not_handed_out() {
    let (mut house, key) = house();
    let token = login(&mut house, &key, "relay", "openid psc_token");
    house.now = START.plus(100);
    let refusal = asks(&mut house, &key, "relay", &exchange(&token, &[])).unwrap_err();
    assert_eq!((refusal.status, refusal.error), (503, "temporarily_unavailable"));
}

#[test]
fn a_registered_client_gets_the_upstreams_access_token_with_its_remaining_life() {
    let (mut house, key) = house();
    let token = login(&mut house, &key, "relay", "openid psc_token");
    let answer =
        asks(&mut house, &key, "relay", &exchange(&token, &[("requested_token_type", ACCESS)])).unwrap();
    let expected = json!({
        "access_token": "the upstream's access token", "issued_token_type": ACCESS, "token_type": "Bearer", "expires_in": 90
    });
    assert_eq!(Value::Object(answer), expected);
}

#[test]
fn the_evidence_comes_by_exchange_or_at_userinfo_and_only_with_its_scope() {
    let (mut house, key) = house();
    let without = login(&mut house, &key, "relay", "openid psc_token");
    assert_eq!(house.userinfo(&without).unwrap().get("psc_evidence"), None);
    let token = login(&mut house, &key, "relay", "openid psc_evidence");
    assert_eq!(house.userinfo(&token).unwrap()["psc_evidence"], "the.upstreams.id-token");
    let answer = asks(&mut house, &key, "relay", &exchange(&token, &[("requested_token_type", ID)])).unwrap();
    assert_eq!(
        (text(&answer, "access_token"), text(&answer, "token_type")),
        ("the.upstreams.id-token", "N_A")
    );
    assert_eq!(answer.get("refresh_token"), None);
}

#[test]
fn nobody_without_a_living_token_makes_the_agent_ask_its_upstream() {
    let (mut house, key) = house();
    let own = login(&mut house, &key, "relay", "openid psc_token");
    let plain = login(&mut house, &key, "plain", "openid");
    let wants = |house: &House, token: &str, more: &[(&str, &str)]| {
        let form = super::pairs(&exchange(token, more));
        house.provider.wants_upstream(&house.sessions, &form, house.now)
    };
    assert!(wants(&house, &own, &[]));
    assert!(!wants(&house, "nonsense", &[]));
    assert!(!wants(&house, &plain, &[]));
    assert!(!wants(&house, &own, &[("requested_token_type", ID)]));
    house.lock(true);
    assert!(!wants(&house, &own, &[]));
}

#[test]
fn a_disconnected_clients_token_is_taken_back_where_nobody_else_has_it() {
    let (mut house, key) = house();
    let sid = crate::identity::SessionId("s1".into());
    let end = START.plus(100);
    for client in ["relay", "second"] {
        let token = login(&mut house, &key, client, "openid psc_token");
        asks(&mut house, &key, client, &exchange(&token, &[])).unwrap();
        assert_eq!(house.provider.has_upstream_token(client, &sid, house.now), Some(end));
    }
    assert_eq!(house.provider.has_upstream_token("plain", &sid, house.now), None);
    let disconnect = |house: &mut House, client: &str| {
        let ended = house.provider.disconnect(client, &sid, house.now, &mut house.entropy, &house.random);
        let tokens: Vec<String> =
            ended.expect("connected").upstream.iter().map(|token| token.expose().to_owned()).collect();
        tokens
    };
    assert!(disconnect(&mut house, "relay").is_empty(), "the other one works with it");
    assert_eq!(house.provider.remaining(&sid, house.now), [("relay".to_owned(), end)]);
    assert_eq!(disconnect(&mut house, "second"), ["the upstream's access token"]);
    assert_eq!(house.provider.remaining(&sid, house.now).len(), 2, "as long as it is not taken back");
    house.provider.taken_back(&crate::secret::SecretHash::of("the upstream's access token"));
    assert!(house.provider.remaining(&sid, house.now).is_empty());
}

#[test]
fn what_could_not_be_taken_back_is_known_until_it_ends() {
    let (mut house, key) = house();
    let sid = crate::identity::SessionId("s1".into());
    let token = login(&mut house, &key, "relay", "openid psc_token");
    asks(&mut house, &key, "relay", &exchange(&token, &[])).unwrap();
    house.provider.disconnect("relay", &sid, house.now, &mut house.entropy, &house.random).unwrap();
    assert_eq!(house.provider.remaining(&sid, START.plus(99)).len(), 1);
    assert!(house.provider.remaining(&sid, START.plus(100)).is_empty());
    house.end_session();
    assert!(house.provider.remaining(&sid, house.now).is_empty());
}
