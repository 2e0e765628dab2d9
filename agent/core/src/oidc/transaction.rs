//! Authorization requests that wait for a person.

use super::request::Request;
use super::shares::Shares;
use crate::identity::{SessionId, UnixTime};
use crate::secret::{Entropy, SecretHash, random_string};
use std::sync::Arc;

/// How long a request waits, seconds.
pub(super) const LIFETIME: i64 = 600;
/// Requests of one client that wait at a time: the last ones. A page that opens many pushes out its own.
const MAX_OF_CLIENT: usize = 32;
const ID_BYTES: usize = 32;

/// All waiting requests, by the hash of their identifier: the identifier is a page's authority.
#[derive(Default)]
pub(super) struct Transactions(Shares<Request, MAX_OF_CLIENT>);

impl Transactions {
    /// Lets a request wait; gives its identifier.
    pub(super) fn add(&mut self, request: Request, entropy: &mut dyn Entropy) -> String {
        self.sweep(request.made);
        let id = random_string(entropy, ID_BYTES);
        let client = Arc::clone(&request.client);
        self.0.add(client.id(), SecretHash::of(&id), request);
        id
    }

    /// A waiting request.
    pub(super) fn get(&self, id: &str, now: UnixTime) -> Option<&Request> {
        self.0.get(&SecretHash::of(id)).filter(|request| waits(request, now))
    }

    /// The person of this session agreed that the client may know them.
    pub(super) fn agreed(&mut self, id: &str, session: &SessionId) {
        if let Some(request) = self.0.get_mut(&SecretHash::of(id)) {
            request.agreed = Some(session.clone());
        }
    }

    /// What a person agreed to for a client counts no more: its requests ask anew.
    pub(super) fn disagree(&mut self, client: &str) {
        for request in self.0.of_mut(client) {
            request.agreed = None;
        }
    }

    /// A login for the request brought an authentication of this time.
    pub(super) fn renewed(&mut self, id: &str, auth_time: UnixTime) {
        if let Some(request) = self.0.get_mut(&SecretHash::of(id)).filter(|request| auth_time >= request.made)
        {
            request.outdated = None;
        }
    }

    /// Ends the wait.
    pub(super) fn take(&mut self, id: &str, now: UnixTime) -> Option<Request> {
        self.0.take(&SecretHash::of(id)).filter(|request| waits(request, now))
    }

    /// Ends the wait of a client's requests.
    pub(super) fn end_client(&mut self, client: &str) {
        self.0.end(client);
    }

    /// Forgets requests that waited too long.
    pub(super) fn sweep(&mut self, now: UnixTime) {
        self.0.sweep(|request| !waits(request, now));
    }
}

fn waits(request: &Request, now: UnixTime) -> bool {
    now.since(request.made) < LIFETIME
}
