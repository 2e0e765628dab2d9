//! What every answer of an upstream has in common: its status, its size, its clock.

use crate::failure::{self, Failure};
use crate::fetch::{FetchFault, Fetched, ProxyFault};
use crate::identity::UnixTime;
use crate::jose::json;
use serde_json::{Map, Value};

/// Longest JSON document read.
pub const MAX_JSON: usize = 64 * 1024;

/// Longest error word shown to a person.
const MAX_WORD: usize = 64;

/// The failure of a request that had no answer.
#[must_use]
pub fn unanswered(fault: &FetchFault) -> Failure {
    match fault {
        FetchFault::Unreachable(_) => failure::UPSTREAM_UNREACHABLE.into(),
        FetchFault::Untrusted { issuer, .. } => {
            Failure::new(failure::UPSTREAM_UNTRUSTED).with("issuer", shown(issuer))
        }
        FetchFault::CertificateRefused(_) => failure::UPSTREAM_CARD_REFUSED.into(),
        FetchFault::ClientRefused(_) => failure::UPSTREAM_CLIENT_CERTIFICATE.into(),
        FetchFault::Proxy { proxy, fault } => {
            let code = match fault {
                ProxyFault::Unreachable => failure::PROXY_UNREACHABLE,
                ProxyFault::Login(_) => failure::PROXY_LOGIN,
                ProxyFault::Refused(_) => failure::PROXY_REFUSED,
                ProxyFault::Garbled => failure::PROXY_GARBLED,
                ProxyFault::Unsupported => failure::PROXY_UNSUPPORTED,
            };
            let failure = Failure::new(code).with("proxy", shown(proxy));
            match fault {
                ProxyFault::Login(schemes) => failure.with("schemes", shown(schemes)),
                ProxyFault::Refused(status) => failure.with("status", *status),
                ProxyFault::Unreachable | ProxyFault::Garbled | ProxyFault::Unsupported => failure,
            }
        }
        FetchFault::Incompatible(_) | FetchFault::Garbled(_) => garbled("http"),
    }
}

/// An answer that makes no sense; `what` is a word of ours for the place.
#[must_use]
pub fn garbled(what: &'static str) -> Failure {
    Failure::new(failure::UPSTREAM_GARBLED).with("what", what)
}

/// The failure of a status that is not a success: the server is out of order, or it refuses.
#[must_use]
pub fn refused(answer: &Fetched) -> Failure {
    if answer.status >= 500 {
        return Failure::new(failure::UPSTREAM_FAILING).with("status", answer.status);
    }
    let word = error(answer).unwrap_or_else(|| answer.status.to_string());
    Failure::new(failure::UPSTREAM_REFUSED).with("error", word)
}

/// The error code of an error answer (RFC 6749 §5.2), as it may be shown; `None` when the body is no such answer.
#[must_use]
pub fn error(answer: &Fetched) -> Option<String> {
    json_of(answer).ok()?.get("error").and_then(Value::as_str).map(shown)
}

/// The JSON object of a 200 answer.
///
/// # Errors
/// [`refused`] for another status, [`garbled`] for a body that is too long or not a strict JSON object.
pub fn json_object(answer: &Fetched, what: &'static str) -> Result<Map<String, Value>, Failure> {
    match answer.status {
        200 => json_of(answer).map_err(|()| garbled(what)),
        _ => Err(refused(answer)),
    }
}

fn json_of(answer: &Fetched) -> Result<Map<String, Value>, ()> {
    if answer.body.len() > MAX_JSON {
        return Err(());
    }
    json::object(&answer.body).map_err(|_| ())
}

/// `error_description` of an error answer: for programs that must guess, never shown.
#[must_use]
pub fn description(answer: &Fetched) -> Option<String> {
    json_of(answer).ok()?.get("error_description").and_then(Value::as_str).map(shown)
}

/// A foreign word as it may be shown: a few plain characters.
#[must_use]
pub fn shown(word: &str) -> String {
    let plain = |c: &char| !c.is_control() && !"{}<>\"".contains(*c);
    word.chars().filter(plain).take(MAX_WORD).collect()
}

/// How far the upstream's clock is ahead of ours, in seconds, by the `Date` header (RFC 9110 §6.6.1).
#[must_use]
pub fn skew(answer: &Fetched) -> Option<i64> {
    answer.only("date").and_then(http_date).map(|date| date.since(answer.received))
}

/// Reads `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that senders may generate (RFC 9110 §5.6.7).
#[must_use]
pub fn http_date(text: &str) -> Option<UnixTime> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, rest) = text.split_once(", ")?;
    // Cookies of old servers write `06-Nov-1994`.
    let parts: Vec<&str> = rest.split([' ', ':', '-']).collect();
    let &[day, month, year, hour, minute, second, "GMT"] = parts.as_slice() else { return None };
    let number = |text: &str, most: i64| {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<i64>().ok().filter(|n| digits && *n <= most)
    };
    let day = number(day, 31).filter(|day| *day > 0)?;
    let month = MONTHS.iter().position(|name| *name == month)?;
    let year = number(year, 9999)?;
    let (hour, minute, second) = (number(hour, 23)?, number(minute, 59)?, number(second, 60)?);
    let days = days_from_civil(year, i64::try_from(month).ok()? + 1, day);
    Some(UnixTime(((days * 24 + hour) * 60 + minute) * 60 + second))
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, counted in eras of 400 years that begin in March.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}
