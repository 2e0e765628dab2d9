//! Takes the body of a request: bounded in size and time, of one media type, decoded once.

use super::{limits, problem::Fault};
use bytes::Bytes;
use cps_agent_core::{
    failure::{Failure, REQUEST_MALFORMED, REQUEST_MEDIA_TYPE, REQUEST_TOO_LARGE, REQUEST_TOO_SLOW},
    oidc::authorize::Parameters,
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::{HeaderMap, body::Body, header};

/// The media type of HTML forms and OAuth requests.
pub const FORM: &str = "application/x-www-form-urlencoded";
/// The media type of the `/v1` API.
pub const JSON: &str = "application/json";

/// Reads the whole body.
///
/// # Errors
/// 415 for another media type or a content coding, 413 beyond [`limits::BODY`], 408 after [`limits::BODY_TIME`], 400 for a broken body.
pub async fn body<B>(headers: &HeaderMap, body: B, media_type: &str) -> Result<Bytes, Fault>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    // What is packed is not of the media type it says before it is unpacked, and nothing is unpacked here.
    if !is(headers, media_type) || headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Failure::new(REQUEST_MEDIA_TYPE).with("expected", media_type).into());
    }
    // An announced length is believed at once; what was not announced is counted as it comes.
    if body.size_hint().lower() > limits::BODY as u64 {
        return Err(REQUEST_TOO_LARGE.into());
    }
    match tokio::time::timeout(limits::BODY_TIME, Limited::new(body, limits::BODY).collect()).await {
        Err(_) => Err(REQUEST_TOO_SLOW.into()),
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(REQUEST_TOO_LARGE.into()),
        Ok(Err(_)) => Err(malformed("body")),
    }
}

/// Whether `Content-Type` is this one; its parameters (`charset`) do not matter, both media types are UTF-8.
fn is(headers: &HeaderMap, media_type: &str) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    given.split(';').next().is_some_and(|given| given.trim().eq_ignore_ascii_case(media_type))
}

/// Decodes form parameters, in order, doubles kept so that the provider can refuse them.
#[must_use]
pub fn parameters(form: &[u8]) -> Parameters {
    Parameters(url::form_urlencoded::parse(form).map(|(name, value)| (name.into(), value.into())).collect())
}

/// Decodes a JSON body of the `/v1` API. An empty body stands for an empty object.
///
/// # Errors
/// 400 when it is not the word that was expected.
pub fn json<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body)
        .map_err(|error| malformed(&format!("JSON, line {} column {}", error.line(), error.column())))
}

fn malformed(reason: &str) -> Fault {
    Failure::new(REQUEST_MALFORMED).with("reason", reason).into()
}
