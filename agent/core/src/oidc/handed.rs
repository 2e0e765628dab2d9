//! The upstream's access tokens that clients got by token exchange: who has which and until when, so that a disconnected
//! client's can be taken back, and what remains can be said.

use crate::identity::{SessionId, UnixTime};
use crate::secret::{Secret, SecretHash};
use std::collections::BTreeSet;

/// Most tokens that are remembered: an upstream's live a minute or two.
const MOST: usize = 64;

/// A token, and who has it.
struct Out {
    token: Secret,
    sid: SessionId,
    clients: BTreeSet<String>,
    expires: UnixTime,
}

/// All that live.
#[derive(Default)]
pub(super) struct Handed(Vec<Out>);

impl Handed {
    /// A client got a token.
    pub(super) fn note(
        &mut self,
        token: &Secret,
        sid: &SessionId,
        client: &str,
        expires: UnixTime,
        now: UnixTime,
    ) {
        self.0.retain(|out| now < out.expires);
        let known = self.0.iter_mut().find(|out| out.token.hash() == token.hash());
        if let Some(out) = known {
            out.clients.insert(client.to_owned());
            return;
        }
        if self.0.len() == MOST {
            self.0.remove(0);
        }
        let token = Secret::new(token.expose().to_owned());
        self.0.push(Out { token, sid: sid.clone(), clients: BTreeSet::from([client.to_owned()]), expires });
    }

    /// The tokens of a client that nobody else has who is `connected`.
    pub(super) fn of_alone(
        &self,
        client: &str,
        sid: &SessionId,
        now: UnixTime,
        connected: impl Fn(&str) -> bool,
    ) -> Vec<Secret> {
        let own = self.of(client, sid, now);
        let alone = own.filter(|out| !out.clients.iter().any(|other| other != client && connected(other)));
        alone.map(|out| Secret::new(out.token.expose().to_owned())).collect()
    }

    /// Until when a client has a token.
    pub(super) fn until(&self, client: &str, sid: &SessionId, now: UnixTime) -> Option<UnixTime> {
        self.of(client, sid, now).map(|out| out.expires).max()
    }

    /// The clients of a session that have one.
    pub(super) fn clients(&self, sid: &SessionId, now: UnixTime) -> BTreeSet<&str> {
        let living = self.0.iter().filter(|out| out.sid == *sid && now < out.expires);
        living.flat_map(|out| &out.clients).map(String::as_str).collect()
    }

    /// The upstream took one back.
    pub(super) fn taken_back(&mut self, token: &SecretHash) {
        self.0.retain(|out| out.token.hash() != *token);
    }

    /// The session ended.
    pub(super) fn end_session(&mut self, sid: &SessionId) {
        self.0.retain(|out| out.sid != *sid);
    }

    fn of<'a>(
        &'a self,
        client: &'a str,
        sid: &'a SessionId,
        now: UnixTime,
    ) -> impl Iterator<Item = &'a Out> + 'a {
        self.0.iter().filter(move |out| out.sid == *sid && now < out.expires && out.clients.contains(client))
    }
}
