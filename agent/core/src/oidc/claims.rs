//! Which claims about the person a client gets: those of its registration, and never over a claim of ours.

use super::client::Client;
use super::situation::{Situation, reduced};
use crate::identity::{Person, SessionView};
use serde_json::{Map, Value};

/// Claims that the provider itself makes: a person's record cannot set them.
const OURS: [&str; 21] = [
    "iss",
    "sub",
    "aud",
    "azp",
    "exp",
    "iat",
    "nbf",
    "jti",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "at_hash",
    "c_hash",
    "sid",
    "idp",
    "psc_auth_mode",
    "session_expiry",
    "psc_evidence",
    "events",
    "typ",
];

/// The claims of the registration that the person has, when the scope asks for any.
pub(super) fn of_person(
    client: &Client,
    scope: &str,
    person: &Person,
    situation: Option<Situation>,
) -> Map<String, Value> {
    let mut claims = Map::new();
    if !scope.split(' ').any(|word| word == "profile" || word == "scope_all") {
        return claims;
    }
    for name in client.claims().iter().filter(|name| !OURS.contains(&name.as_str())) {
        let value = match (person.claims.get(name), situation) {
            (Some(reference), Some(situation)) if name == "SubjectRefPro" => {
                Some(reduced(reference, situation))
            }
            (Some(value), _) => Some(value.clone()),
            (None, _) => of_record(person, name).map(Value::from),
        };
        if let Some(value) = value {
            claims.insert(name.clone(), value);
        }
    }
    claims
}

/// Claims that every person has a field for, whatever the upstream sent.
fn of_record<'a>(person: &'a Person, name: &str) -> Option<&'a str> {
    match name {
        "given_name" => person.given_name.as_deref(),
        "family_name" => person.family_name.as_deref(),
        "SubjectNameID" => Some(&person.id.0),
        _ => None,
    }
}

/// The claims about the login that ID tokens carry (product.md §5), save `auth_time`, which is that of the grant.
pub(super) fn of_login(session: &SessionView, into: &mut Map<String, Value>) {
    let assurance = &session.assurance;
    let mut put = |name: &str, value: Value| {
        into.insert(name.to_owned(), value);
    };
    put("sub", session.person.id.0.as_str().into());
    put("acr", assurance.acr.as_str().into());
    put("amr", assurance.amr.clone().into());
    put("sid", session.sid.0.as_str().into());
    put("session_expiry", session.expires.0.into());
    if let Some(idp) = &assurance.idp {
        put("idp", idp.as_str().into());
    }
    if let Some(mode) = &assurance.psc_auth_mode {
        put("psc_auth_mode", mode.as_str().into());
    }
}
