//! Which client is calling: the five ways to prove it (OpenID Connect Core §9, RFC 8705).

use super::{
    http::{Reply, Request, refusal},
    organisation::thumbprint,
    realm::{ClientAuthentication, Memory, Realm},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hyper::StatusCode;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};
use serde_json::Value;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Longest life of an assertion, seconds.
const LONGEST: u64 = 300;

/// The public key of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientKey {
    /// `RSAPublicKey` of PKCS#1, DER: RS256 and PS256.
    Rsa(Vec<u8>),
    /// A point of P-256, uncompressed: ES256.
    P256(Vec<u8>),
}

/// How a client proved itself in one request.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Proof {
    /// `client_id`.
    pub client: String,
    /// The method, as registered with IANA; `none` for a public client.
    pub method: &'static str,
}

/// A client that proved itself.
pub(super) struct Caller {
    pub(super) id: String,
    /// The certificate its tokens are bound to.
    pub(super) bound: Option<String>,
}

/// The client behind a request, once it has proved itself in the way of its registration and in no second one.
pub(super) fn authenticate(request: &Request, memory: &mut Memory, realm: &Realm) -> Option<Caller> {
    let (id, method) = proof(request, memory, realm)?;
    memory.proofs.push(Proof { client: id.clone(), method });
    let bound = (method == "tls_client_auth").then(|| thumbprint(&request.certificates)).flatten();
    Some(Caller { id, bound })
}

pub(super) fn denied() -> Reply {
    refusal(StatusCode::UNAUTHORIZED, "invalid_client", "client authentication failed")
}

fn proof(request: &Request, memory: &mut Memory, realm: &Realm) -> Option<(String, &'static str)> {
    let basic = request.authorization.as_deref().and_then(|value| value.strip_prefix("Basic "));
    let posted = request.parameter("client_secret");
    let assertion = request.parameter("client_assertion");
    if [basic.is_some(), posted.is_some(), assertion.is_some()].into_iter().filter(|given| *given).count() > 1
    {
        return None;
    }
    if let Some(basic) = basic {
        let text = STANDARD.decode(basic).ok().and_then(|bytes| String::from_utf8(bytes).ok())?;
        let (id, secret) = text.split_once(':')?;
        let (id, secret) = (form_decoded(id), form_decoded(secret));
        return (memory.client(&id)?.authentication == ClientAuthentication::Secret(secret))
            .then_some((id, "client_secret_basic"));
    }
    if let Some(assertion) = assertion {
        return asserted(request, assertion, memory, realm).map(|id| (id, "private_key_jwt"));
    }
    let id = request.parameter("client_id")?.to_owned();
    let known = memory.client(&id)?;
    match (&known.authentication, posted) {
        (ClientAuthentication::None, None) => Some((id, "none")),
        (ClientAuthentication::Secret(expected), Some(given)) if expected == given => {
            Some((id, "client_secret_post"))
        }
        (ClientAuthentication::Certificate(name), None) => {
            (realm.organisations.name(&request.certificates).as_ref() == Some(name))
                .then_some((id, "tls_client_auth"))
        }
        _ => None,
    }
}

/// The client of a signed assertion (RFC 7523 §3): for us, for a short time, and for once.
fn asserted(request: &Request, assertion: &str, memory: &mut Memory, realm: &Realm) -> Option<String> {
    if request.parameter("client_assertion_type") != Some(ASSERTION_TYPE) {
        return None;
    }
    let (input, signature) = assertion.rsplit_once('.')?;
    let (header, claims) = input.split_once('.')?;
    let object = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    let (header, claims) = (object(header)?, object(claims)?);
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let id = text("sub")?;
    if text("iss") != Some(id) || request.parameter("client_id").is_some_and(|named| named != id) {
        return None;
    }
    let ClientAuthentication::Key(key) = &memory.client(id)?.authentication else { return None };
    let (algorithm, key): (&dyn VerificationAlgorithm, _) = match (header.get("alg")?.as_str()?, key) {
        ("RS256", ClientKey::Rsa(key)) => (&RSA_PKCS1_2048_8192_SHA256, key),
        ("PS256", ClientKey::Rsa(key)) => (&RSA_PSS_2048_8192_SHA256, key),
        ("ES256", ClientKey::P256(key)) => (&ECDSA_P256_SHA256_FIXED, key),
        _ => return None,
    };
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    UnparsedPublicKey::new(algorithm, key).verify(input.as_bytes(), &signature).ok()?;
    let accepted = [realm.issuer.clone(), format!("{}/protocol/openid-connect/token", realm.issuer)];
    let ours =
        |audience: &Value| audience.as_str().is_some_and(|aud| accepted.iter().any(|ours| ours == aud));
    let audience = claims.get("aud")?;
    if !ours(audience) && !audience.as_array().is_some_and(|all| all.iter().any(ours)) {
        return None;
    }
    let (now, end) = (memory.now(), claims.get("exp")?.as_u64()?);
    let once = text("jti").map(str::to_owned)?;
    (now < end && end <= now + LONGEST && memory.assertions.insert(once)).then(|| id.to_owned())
}

/// RFC 6749 §2.3.1: identifier and secret are form-encoded before they are joined.
fn form_decoded(text: &str) -> String {
    url::form_urlencoded::parse(text.as_bytes()).next().map(|(key, _)| key.into_owned()).unwrap_or_default()
}
