//! The discovery document (OpenID Connect Discovery §3, RFC 8414): read, and compared with the profile.
//!
//! Discovery only confirms: the issuer is known beforehand, and every address must lie on a host of the profile.

use super::answer::{garbled, json_object};
use super::client::ClientAuth;
use super::profile::Profile;
use crate::failure::Failure;
use crate::fetch::{Fetch, Fetched};
use serde_json::{Map, Value};
use url::Url;

/// What we use of an upstream's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// `authorization_endpoint`.
    pub authorization_endpoint: Url,
    /// `token_endpoint`.
    pub token_endpoint: Url,
    /// `userinfo_endpoint`.
    pub userinfo_endpoint: Url,
    /// `jwks_uri`.
    pub jwks_uri: Url,
    /// `end_session_endpoint`.
    pub end_session_endpoint: Option<Url>,
    /// `revocation_endpoint`.
    pub revocation_endpoint: Option<Url>,
    /// `backchannel_authentication_endpoint` (CIBA).
    pub ciba_endpoint: Option<Url>,
    /// `authorization_response_iss_parameter_supported` (RFC 9207).
    pub answers_with_issuer: bool,
}

impl Metadata {
    /// The request for the document.
    #[must_use]
    pub fn request(profile: &Profile) -> Fetch {
        Fetch::get_json(profile.discovery.clone())
    }

    /// Reads the document.
    ///
    /// # Errors
    /// [`crate::failure::UPSTREAM_GARBLED`] when it is not the profile's issuer's, or lacks an endpoint;
    /// [`crate::failure::UPSTREAM_HOST_REFUSED`] when an endpoint lies outside the profile.
    pub fn read(profile: &Profile, answer: &Fetched) -> Result<Self, Failure> {
        let document = json_object(answer, "discovery")?;
        if document.get("issuer").and_then(Value::as_str) != Some(&profile.issuer) {
            return Err(garbled("issuer"));
        }
        let authorization_endpoint = required(profile, &document, "authorization_endpoint")?;
        let document = &for_our_client(profile, document);
        if profile.authorization_endpoint.is_some_and(|pinned| pinned != authorization_endpoint.as_str()) {
            return Err(garbled("authorization_endpoint"));
        }
        Ok(Self {
            authorization_endpoint,
            token_endpoint: required(profile, document, "token_endpoint")?,
            userinfo_endpoint: required(profile, document, "userinfo_endpoint")?,
            jwks_uri: required(profile, document, "jwks_uri")?,
            end_session_endpoint: optional(profile, document, "end_session_endpoint")?,
            revocation_endpoint: optional(profile, document, "revocation_endpoint")?,
            ciba_endpoint: optional(profile, document, "backchannel_authentication_endpoint")?,
            answers_with_issuer: document
                .get("authorization_response_iss_parameter_supported")
                .and_then(Value::as_bool)
                .unwrap_or(false),
        })
    }
}

/// The document as our client is to use it: one that identifies itself by a TLS certificate takes the addresses among
/// `mtls_endpoint_aliases` where there are some (RFC 8705 §5).
fn for_our_client(profile: &Profile, mut document: Map<String, Value>) -> Map<String, Value> {
    if matches!(profile.client.auth, ClientAuth::Tls)
        && let Some(Value::Object(aliases)) = document.remove("mtls_endpoint_aliases")
    {
        document.extend(aliases.into_iter().filter(|(name, _)| name.ends_with("_endpoint")));
    }
    document
}

fn required(profile: &Profile, document: &Map<String, Value>, name: &'static str) -> Result<Url, Failure> {
    optional(profile, document, name)?.ok_or_else(|| garbled(name))
}

/// An endpoint on a host of the profile, over https; a fragment has no place in one (RFC 6749 §3.1).
fn optional(
    profile: &Profile,
    document: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<Url>, Failure> {
    let Some(value) = document.get(name) else { return Ok(None) };
    let url = value
        .as_str()
        .and_then(|text| Url::parse(text).ok())
        .filter(|url| url.fragment().is_none())
        .ok_or_else(|| garbled(name))?;
    profile.admits(&url)?;
    Ok(Some(url))
}
