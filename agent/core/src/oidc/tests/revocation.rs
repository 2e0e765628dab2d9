//! Revocation (RFC 7009).

use super::*;
use crate::oidc::revocation::Revoked;
use crate::oidc::token::BearerError;

impl House {
    fn revoke(&mut self, parameters: &[(&str, &str)]) -> Result<Revoked, TokenRefusal> {
        let request = TokenRequest { parameters: pairs(parameters), authorization: None };
        let world = world!(self);
        self.provider.revoke(&world, &request).map_err(|refused| refused.refusal)
    }
}

#[test]
fn nobody_revokes_another_clients_tokens() {
    let mut house = House::logged_in();
    let tokens = house.tokens();
    let secret = house.secrets["post"].clone();
    for kind in ["access_token", "refresh_token"] {
        let asked =
            [("client_id", "post"), ("client_secret", secret.as_str()), ("token", text(&tokens, kind))];
        assert_eq!(house.revoke(&asked).unwrap_err().error, "invalid_request", "{kind}");
    }
    assert!(house.userinfo(text(&tokens, "access_token")).is_ok());
    assert!(house.refresh(text(&tokens, "refresh_token")).is_ok());
}

#[test]
fn a_confidential_client_proves_itself_and_a_token_must_be_named() {
    let mut house = House::logged_in();
    assert_eq!(house.revoke(&[("client_id", "post"), ("token", "x")]).unwrap_err().status, 401);
    assert_eq!(house.revoke(&[("client_id", "nobody"), ("token", "x")]).unwrap_err().status, 401);
    assert_eq!(house.revoke(&[("client_id", "dpi")]).unwrap_err().error, "invalid_request");
}

#[test]
fn an_unknown_token_is_no_error() {
    let mut house = House::logged_in();
    let revoked = house.revoke(&[("client_id", "dpi"), ("token", "never-was"), ("token_type_hint", "x")]);
    assert!(revoked.unwrap().session.is_none());
}

#[test]
fn a_refresh_token_takes_its_family_with_it() {
    let mut house = House::logged_in();
    let first = house.tokens();
    let second = house.refresh(text(&first, "refresh_token")).unwrap();
    // Even the one that was used already names its family.
    let asked = [("client_id", "dpi"), ("token", text(&first, "refresh_token"))];
    assert_eq!(house.revoke(&asked).unwrap().session, Some(SessionId("s1".into())));
    assert_eq!(house.refresh(text(&second, "refresh_token")).unwrap_err().error, "invalid_grant");
    for tokens in [&first, &second] {
        assert_eq!(house.userinfo(text(tokens, "access_token")).err(), Some(BearerError::Invalid));
    }
}

#[test]
fn an_access_token_goes_alone() {
    let mut house = House::logged_in();
    let tokens = house.tokens();
    let hinted = [
        ("client_id", "dpi"),
        ("token", text(&tokens, "access_token")),
        ("token_type_hint", "refresh_token"),
    ];
    house.revoke(&hinted).unwrap();
    assert_eq!(house.userinfo(text(&tokens, "access_token")).err(), Some(BearerError::Invalid));
    assert!(house.refresh(text(&tokens, "refresh_token")).is_ok());
}

#[test]
fn a_locked_session_does_not_keep_a_token_alive() {
    let mut house = House::logged_in();
    let tokens = house.tokens();
    house.lock(true);
    house.revoke(&[("client_id", "dpi"), ("token", text(&tokens, "refresh_token"))]).unwrap();
    house.lock(false);
    assert_eq!(house.refresh(text(&tokens, "refresh_token")).unwrap_err().error, "invalid_grant");
}
