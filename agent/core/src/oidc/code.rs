//! Authorization codes: a minute long, for one client and redirect URI, and good for one use.
//!
//! A code that was used is remembered for a while, so that its second use can revoke what the first one gave
//! (RFC 6749 §4.1.2). Memory is bounded.

use super::client::Client;
use super::grant::{FamilyId, Grant};
use super::shares::Shares;
use crate::identity::{SessionId, UnixTime};
use crate::jose::encode;
use crate::secret::{Entropy, Secret, SecretHash, random_string};
use std::sync::Arc;

/// Lifetime of a code, seconds.
pub(super) const LIFETIME: i64 = 60;
/// How long a used code is remembered, seconds after it was made.
const MEMORY: i64 = 600;
/// Codes of one client that are remembered.
const MAX_OF_CLIENT: usize = 1024;
const CODE_BYTES: usize = 32;

/// What a code stands for.
pub(super) struct Code {
    pub(super) client: Arc<Client>,
    pub(super) redirect_uri: String,
    pub(super) challenge: Option<Challenge>,
    pub(super) nonce: Option<String>,
    pub(super) grant: Grant,
}

/// A PKCE S256 challenge (RFC 7636 §4.2), in its one possible form.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Challenge(String);

impl Challenge {
    /// A challenge as requested: base64url of 32 bytes.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = crate::jose::decode(text).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    /// Whether a verifier is the one behind this challenge; its form is checked too (RFC 7636 §4.1).
    pub(super) fn answered_by(&self, verifier: &str) -> bool {
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        (43..=128).contains(&verifier.len())
            && verifier.bytes().all(unreserved)
            && encode(ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes()).as_ref()) == self.0
    }
}

struct Entry {
    made: UnixTime,
    state: State,
}

enum State {
    Unused(Box<Code>),
    Used(Option<FamilyId>),
    /// Nobody used it, and nobody will: the client was disconnected.
    Ended,
}

/// What became of a presented code.
pub(super) enum Presented {
    /// Never made, forgotten, or ended before it was used.
    Unknown,
    /// Used before; what it gave, if anything.
    Used(Option<FamilyId>),
    /// Older than [`LIFETIME`].
    Expired,
    /// Good: the hash is for [`Codes::use_up`].
    Good(SecretHash),
}

/// All codes.
#[derive(Default)]
pub(super) struct Codes(Shares<Entry, MAX_OF_CLIENT>);

impl Codes {
    /// Makes a code.
    pub(super) fn issue(&mut self, code: Code, now: UnixTime, entropy: &mut dyn Entropy) -> Secret {
        self.sweep(now);
        let secret = Secret::new(random_string(entropy, CODE_BYTES));
        let client = Arc::clone(&code.client);
        let entry = Entry { made: now, state: State::Unused(Box::new(code)) };
        self.0.add(client.id(), secret.hash(), entry);
        secret
    }

    /// Looks at a presented code, changing nothing.
    pub(super) fn present(&self, code: &str, now: UnixTime) -> Presented {
        let hash = SecretHash::of(code);
        match self.0.get(&hash) {
            None | Some(Entry { state: State::Ended, .. }) => Presented::Unknown,
            Some(Entry { state: State::Used(family), .. }) => Presented::Used(*family),
            Some(entry) if now.since(entry.made) >= LIFETIME => Presented::Expired,
            Some(_) => Presented::Good(hash),
        }
    }

    /// What an unused code stands for.
    pub(super) fn get(&self, hash: &SecretHash) -> Option<&Code> {
        match &self.0.get(hash)?.state {
            State::Unused(code) => Some(code),
            State::Used(_) | State::Ended => None,
        }
    }

    /// Takes the code for its one use.
    pub(super) fn use_up(&mut self, hash: &SecretHash) -> Option<Code> {
        let entry = self.0.get_mut(hash)?;
        match std::mem::replace(&mut entry.state, State::Used(None)) {
            State::Unused(code) => Some(*code),
            spent @ (State::Used(_) | State::Ended) => {
                entry.state = spent;
                None
            }
        }
    }

    /// Remembers what the use gave.
    pub(super) fn gave(&mut self, hash: &SecretHash, family: FamilyId) {
        if let Some(entry) = self.0.get_mut(hash) {
            entry.state = State::Used(Some(family));
        }
    }

    /// Ends what a client was given of a session and has not fetched yet. Says whether there was anything.
    pub(super) fn end_session(&mut self, client: &str, sid: &SessionId) -> bool {
        let mut ended = false;
        for entry in self.0.of_mut(client) {
            if matches!(&entry.state, State::Unused(code) if code.grant.sid == *sid) {
                entry.state = State::Ended;
                ended = true;
            }
        }
        ended
    }

    /// Forgets codes whose time is over.
    pub(super) fn sweep(&mut self, now: UnixTime) {
        self.0.sweep(|entry| now.since(entry.made) >= MEMORY);
    }
}
