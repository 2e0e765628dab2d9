//! What a client learns about the person and the login: what its registration names, and never over our own claims.

use super::*;

#[test]
fn a_persons_record_cannot_set_a_claim_of_ours() {
    let mut house = House::logged_in();
    let claims: Vec<&str> = vec!["sub", "acr", "exp", "iss", "aud", "sid", "given_name"];
    house.add(json!({"id": "greedy", "claims": claims}));
    let code = house.code(&[("client_id", "greedy")]);
    let tokens = house.redeem(&code, &[("client_id", "greedy")]).unwrap();
    let claims = house.claims(&tokens["id_token"]);
    assert_eq!(claims["sub"], "899700000001");
    assert_eq!(claims["acr"], "eidas1");
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims["exp"], house.now.0 + 300);
    let info = house.userinfo(text(&tokens, "access_token")).unwrap();
    assert_eq!(Value::from(info), json!({"sub": "899700000001", "given_name": "CAMILLE"}));
}

#[test]
fn without_profile_or_scope_all_there_are_no_names() {
    let mut house = House::logged_in();
    let code = house.code(&[("scope", "openid")]);
    let tokens = house.redeem(&code, &[]).unwrap();
    assert!(!house.claims(&tokens["id_token"]).contains_key("family_name"));
    let info = house.userinfo(text(&tokens, "access_token")).unwrap();
    assert_eq!(Value::from(info), json!({"sub": "899700000001"}));
}

#[test]
fn the_default_is_names_and_national_identifier_and_no_more() {
    let mut house = House::logged_in();
    let tokens = house.tokens();
    let info = house.userinfo(text(&tokens, "access_token")).unwrap();
    let expected = json!({"sub": "899700000001", "given_name": "CAMILLE", "family_name": "MARTIN",
        "SubjectNameID": "899700000001"});
    assert_eq!(Value::from(info), expected);
}

#[test]
fn an_id_token_says_who_by_what_and_until_when() {
    let mut house = House::logged_in();
    let tokens = house.tokens();
    let claims = house.claims(&tokens["id_token"]);
    let digest = ring::digest::digest(&ring::digest::SHA256, text(&tokens, "access_token").as_bytes());
    let expected = json!({
        "iss": ISSUER, "sub": "899700000001", "aud": "dpi", "azp": "dpi", "iat": house.now.0,
        "exp": house.now.0 + 300, "auth_time": START.0, "nonce": "a nonce", "acr": "eidas1",
        "amr": ["sc", "pin", "mfa", "hwk"], "sid": "s1", "idp": "https://upstream.example",
        "psc_auth_mode": "CARD", "session_expiry": START.0 + 4 * 3600,
        "at_hash": crate::jose::encode(&digest.as_ref()[..16]),
        "given_name": "CAMILLE", "family_name": "MARTIN", "SubjectNameID": "899700000001",
    });
    assert_eq!(Value::from(claims), expected);
}

#[test]
fn a_local_session_says_that_it_is_local_and_opens_no_upstream_scope() {
    let mut house = House::new();
    let mut local = session("s1", START);
    local.assurance.acr = crate::identity::ACR_LOCAL.into();
    local.assurance.idp = None;
    local.assurance.psc_auth_mode = None;
    house.sessions.0.push(local);
    let tokens = house.tokens();
    let claims = house.claims(&tokens["id_token"]);
    assert_eq!(claims["acr"], "urn:cps-agent:acr:local");
    assert!(!claims.contains_key("idp") && !claims.contains_key("psc_auth_mode"));

    let key = Value::from(p256_key().public().to_jwk()).to_string();
    let file = format!(
        "id = \"broker\"\nredirect_uris = [\"{REDIRECT}\"]\nscopes = [\"openid\", \"psc_token\"]\npublic_key = '{key}'\n"
    );
    let mut registry = Registry::default();
    registry.load_file(&file).unwrap();
    house.provider = Provider::new(ISSUER.into(), registry, p256_key()).unwrap();
    let asked = [("client_id", "broker"), ("scope", "openid psc_token")];
    assert!(matches!(house.authorize(&asked).answer, Authorize::Login(_)));
}
