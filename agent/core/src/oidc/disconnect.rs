//! The person ends the part of one client in a session that goes on for the others.

use super::Provider;
use super::backchannel_logout::Notice;
use crate::identity::{SessionId, UnixTime};
use crate::secret::{Entropy, Secret, SecretHash};
use ring::rand::SecureRandom;
use std::collections::BTreeSet;

/// What became of a client that the person disconnected.
#[derive(Debug)]
pub struct Disconnected {
    /// The notice for a client that wants one.
    pub notice: Option<Notice>,
    /// Access tokens of the upstream that no other client of the session has: to be taken back there.
    pub upstream: Vec<Secret>,
}

impl Provider {
    /// Ends everything that a client holds of a session: tokens, codes and answers that it has not fetched yet, and what the
    /// secret address of a gateway opens. It is told as it would be of the session's end (OpenID Connect Back-Channel Logout
    /// 1.0 §2.5: the session at that client). `None` when it had no part in the session. The client stays registered, and
    /// comes back into this session when the person says yes to it on a page, or logs in for it.
    pub fn disconnect(
        &mut self,
        client: &str,
        sid: &SessionId,
        now: UnixTime,
        entropy: &mut dyn Entropy,
        random: &dyn SecureRandom,
    ) -> Option<Disconnected> {
        let tokens = self.grants.end_client_of(client, sid);
        let codes = self.codes.end_session(client, sid);
        let answers = self.backchannel.end_session(client, sid);
        self.situations.remove(&(client.to_owned(), sid.clone()));
        // A yes that waits for something else was said before this no.
        self.transactions.disagree(client);
        let sub = self.audiences.leaves(client, sid);
        let part = tokens || codes || answers || sub.is_some() || self.has_address(client, sid);
        if !part {
            return None;
        }
        self.disconnected.insert((client.to_owned(), sid.clone()));
        let notice = sub.and_then(|sub| self.notice(client, sid, &sub, now, entropy, random));
        let connected = |other: &str| !self.is_disconnected(other, sid);
        Some(Disconnected { notice, upstream: self.handed.of_alone(client, sid, now, connected) })
    }

    /// Until when a client has an access token of the upstream, which is good there whatever becomes of the client here.
    #[must_use]
    pub fn has_upstream_token(&self, client: &str, sid: &SessionId, now: UnixTime) -> Option<UnixTime> {
        self.handed.until(client, sid, now)
    }

    /// Clients that were disconnected and have an access token of the upstream all the same, and until when.
    #[must_use]
    pub fn remaining(&self, sid: &SessionId, now: UnixTime) -> Vec<(String, UnixTime)> {
        let gone =
            self.handed.clients(sid, now).into_iter().filter(|client| self.is_disconnected(client, sid));
        gone.filter_map(|client| Some((client.to_owned(), self.handed.until(client, sid, now)?))).collect()
    }

    /// The upstream took an access token back.
    pub fn taken_back(&mut self, token: &SecretHash) {
        self.handed.taken_back(token);
    }

    /// Whether the person disconnected a client from a session, and has not let it come back.
    #[must_use]
    pub fn is_disconnected(&self, client: &str, sid: &SessionId) -> bool {
        self.disconnected.iter().any(|(of, session)| of == client && session == sid)
    }

    /// Clients with a part in a session, in alphabetical order: those that hold tokens of it, those that learnt who it is,
    /// and those that reach a gateway in it by a secret address.
    #[must_use]
    pub fn connected(&self, sid: &SessionId) -> Vec<String> {
        let tokens = self.grants.clients_of(sid);
        let audience = self.audiences.of(sid).map(str::to_owned);
        let addresses = self.registry.clients().map(|client| client.id());
        let addresses = addresses.filter(|client| self.has_address(client, sid)).map(str::to_owned);
        let all: BTreeSet<String> = tokens.into_iter().chain(audience).chain(addresses).collect();
        all.into_iter().collect()
    }

    /// The person let a client come back.
    pub(super) fn reconnect(&mut self, client: &str, sid: &SessionId) {
        self.disconnected.remove(&(client.to_owned(), sid.clone()));
    }

    /// Whether a client reaches a gateway by a secret address.
    fn has_address(&self, client: &str, sid: &SessionId) -> bool {
        self.registry.client(client).is_some_and(|client| client.gateway_hash().is_some())
            && !self.is_disconnected(client, sid)
    }
}
