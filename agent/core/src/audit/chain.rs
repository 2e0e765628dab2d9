//! The hash chain: one JSON object a line, each with a sequence number, the time and the hash of the line before.
//!
//! A line's own hash is the last member and covers every byte before it, so that checking needs no second opinion on how
//! JSON is written: `hash = SHA-256(line up to, and without, ",\"hash\":…")`. The chain shows accidents and edits; against
//! somebody who writes a whole new chain only heads that were kept elsewhere help (see [`Head`]).

use super::Event;
use crate::identity::UnixTime;
use serde_json::Value;

const HASH_MEMBER: &str = ",\"hash\":\"";
const HASH_DIGITS: usize = 64;

/// The end of a chain: what the next line continues, and what is worth keeping elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Sequence number of the last line; 0 before the first.
    pub sequence: u64,
    /// Hash of the last line, lower-case hexadecimal; zeros before the first.
    pub hash: String,
}

impl Default for Head {
    fn default() -> Self {
        Self { sequence: 0, hash: "0".repeat(HASH_DIGITS) }
    }
}

/// What [`verify`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// End of the chain.
    pub head: Head,
    /// Length in bytes of the complete lines: where the next line belongs.
    pub length: usize,
    /// The last line was cut short (a crash): it counts for nothing and is to be removed before the next is written.
    pub truncated: bool,
}

/// The chain is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the audit chain is broken at line {line}")]
pub struct Broken {
    /// Number of the first bad line, counted from 1.
    pub line: usize,
}

/// Makes the next line (with its newline) and the new head.
#[must_use]
pub fn chain(previous: &Head, event: &Event, now: UnixTime) -> (String, Head) {
    let sequence = previous.sequence.saturating_add(1);
    let body = Value::Object(event.members()).to_string();
    let body = body.strip_prefix('{').and_then(|b| b.strip_suffix('}')).unwrap_or_default();
    let covered =
        format!("{{\"seq\":{sequence},\"time\":{},\"previous\":\"{}\",{body}", now.0, previous.hash);
    let hash = digest(&covered);
    let line = format!("{covered}{HASH_MEMBER}{hash}\"}}\n");
    (line, Head { sequence, hash })
}

/// Checks a chain that begins after `start` ([`Head::default`] for the first file). A last line without newline is a
/// crash and not an edit: the chain before it verifies.
///
/// # Errors
/// [`Broken`] with the first line that is not what the line before demands.
pub fn verify(start: &Head, text: &[u8]) -> Result<Verified, Broken> {
    let mut head = start.clone();
    let mut length = 0;
    for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let broken = Broken { line: index + 1 };
        let Some(complete) = line.strip_suffix(b"\n") else {
            return Ok(Verified { head, length, truncated: true });
        };
        let complete = std::str::from_utf8(complete).map_err(|_| broken)?;
        head = follow(&head, complete).ok_or(broken)?;
        length += line.len();
    }
    Ok(Verified { head, length, truncated: false })
}

/// The head after `line`, if `line` continues `head`.
fn follow(head: &Head, line: &str) -> Option<Head> {
    let sequence = head.sequence.checked_add(1)?;
    let (covered, tail) = line.rsplit_once(HASH_MEMBER)?;
    let hash = tail.strip_suffix("\"}")?;
    if hash != digest(covered) {
        return None;
    }
    // The line must also be an object that a reader understands, with the members that the hash was made over.
    let object = crate::jose::json::object(line.as_bytes()).ok()?;
    let fits = object.get("seq").and_then(Value::as_u64) == Some(sequence)
        && object.get("previous").and_then(Value::as_str) == Some(&head.hash);
    fits.then(|| Head { sequence, hash: hash.to_owned() })
}

fn digest(text: &str) -> String {
    crate::secret::SecretHash::of(text).to_hex()
}
