//! The discovery document against what is known of the upstream: what moved, and what our settings need and it lacks.
//!
//! Logins judge for themselves what they use; this is for the diagnosis, which looks before somebody is turned away.

use super::answer::json_object;
use super::client::ClientAuth;
use super::profile::{Name, Profile};
use crate::failure::Failure;
use crate::fetch::Fetched;
use serde_json::{Map, Value};

/// Endpoints of Pro Santé Connect below its issuer (`pro-sante-connect.md` §2.1).
const PSC: [(&str, &str); 7] = [
    ("token_endpoint", "token"),
    ("userinfo_endpoint", "userinfo"),
    ("introspection_endpoint", "token/introspect"),
    ("revocation_endpoint", "revoke"),
    ("end_session_endpoint", "logout"),
    ("jwks_uri", "certs"),
    ("backchannel_authentication_endpoint", "ext/ciba/auth"),
];

/// How a document differs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drift {
    /// Members that are not what this version of the agent knows of Pro Santé Connect.
    pub moved: Vec<&'static str>,
    /// Members that do not offer what our settings will ask for.
    pub lacking: Vec<&'static str>,
}

/// Compares the document with the profile.
///
/// # Errors
/// As [`super::Metadata::read`], for a document that is none.
pub fn drift(profile: &Profile, answer: &Fetched) -> Result<Drift, Failure> {
    let document = json_object(answer, "discovery")?;
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    let mut moved = Vec::new();
    if profile.name != Name::Custom {
        let expected = |path: &str| format!("{}/protocol/openid-connect/{path}", profile.issuer);
        moved.extend(
            PSC.iter().filter(|(name, path)| text(name) != Some(&expected(path))).map(|(name, _)| *name),
        );
        if text("authorization_endpoint") != profile.authorization_endpoint {
            moved.push("authorization_endpoint");
        }
    }
    let needs = [
        ("response_types_supported", "code"),
        ("code_challenge_methods_supported", "S256"),
        ("token_endpoint_auth_methods_supported", method(&profile.client.auth)),
    ];
    let mut lacking: Vec<_> =
        needs.iter().filter(|(name, value)| !offers(&document, name, value)).map(|(name, _)| *name).collect();
    let algorithm = profile
        .algorithms
        .iter()
        .any(|algorithm| offers(&document, "id_token_signing_alg_values_supported", algorithm.name()));
    if !algorithm {
        lacking.push("id_token_signing_alg_values_supported");
    }
    if profile.ciba && text("backchannel_authentication_endpoint").is_none() {
        lacking.push("backchannel_authentication_endpoint");
    }
    Ok(Drift { moved, lacking })
}

/// A list that is absent says nothing: many providers leave some out.
fn offers(document: &Map<String, Value>, name: &str, wanted: &str) -> bool {
    let list = document.get(name).and_then(Value::as_array);
    list.is_none_or(|list| list.iter().any(|value| value.as_str() == Some(wanted)))
}

/// The method as registered with IANA.
const fn method(auth: &ClientAuth) -> &'static str {
    match auth {
        ClientAuth::None => "none",
        ClientAuth::SecretBasic(_) => "client_secret_basic",
        ClientAuth::SecretPost(_) => "client_secret_post",
        ClientAuth::PrivateKeyJwt(_) => "private_key_jwt",
        ClientAuth::Tls => "tls_client_auth",
    }
}
