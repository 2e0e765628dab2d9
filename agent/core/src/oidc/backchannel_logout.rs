//! Back-channel logout (OpenID Connect Back-Channel Logout 1.0): the clients of a session that ended are told.
//!
//! The provider makes the logout tokens; the loop sends them, to addresses of this machine only.

use super::Provider;
use super::client::Client;
use crate::identity::{SessionId, SessionView, UnixTime};
use crate::secret::{Entropy, Secret, random_string};
use ring::rand::SecureRandom;
use serde_json::json;
use std::collections::{BTreeSet, HashMap};

/// Member of `events` that says what the token is for (§2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// Lifetime of a logout token, seconds (§4 advises two minutes at most).
const LIFETIME: i64 = 120;
const JTI_BYTES: usize = 16;

/// A notice to be posted as `logout_token=…` to a client's address.
#[derive(Debug)]
pub struct Notice {
    /// Whom it tells.
    pub client: String,
    /// Where: on this machine, by registration.
    pub uri: String,
    /// The signed logout token.
    pub logout_token: Secret,
}

/// Who got ID tokens of a session.
struct Audience {
    sub: String,
    clients: BTreeSet<String>,
}

/// The clients of each session, whether or not they still hold tokens.
#[derive(Default)]
pub(super) struct Audiences(HashMap<SessionId, Audience>);

impl Audiences {
    /// A client learnt of a session.
    pub(super) fn joins(&mut self, client: &str, session: &SessionView) {
        let audience = self
            .0
            .entry(session.sid.clone())
            .or_insert_with(|| Audience { sub: session.person.id.0.clone(), clients: BTreeSet::new() });
        audience.clients.insert(client.to_owned());
    }

    /// A client was removed: nobody tells it anything any more.
    pub(super) fn end_client(&mut self, client: &str) {
        for audience in self.0.values_mut() {
            audience.clients.remove(client);
        }
    }

    /// A client's part in a session is over: gives whom that client knew there, if it knew anybody.
    pub(super) fn leaves(&mut self, client: &str, sid: &SessionId) -> Option<String> {
        let audience = self.0.get_mut(sid)?;
        audience.clients.remove(client).then(|| audience.sub.clone())
    }

    /// Who got ID tokens of a session.
    pub(super) fn of(&self, sid: &SessionId) -> impl Iterator<Item = &str> {
        self.0.get(sid).into_iter().flat_map(|audience| audience.clients.iter().map(String::as_str))
    }

    pub(super) fn sweep(&mut self, lives: impl Fn(&SessionId) -> bool) {
        self.0.retain(|sid, _| lives(sid));
    }
}

impl Provider {
    /// Ends everything that clients hold of a session, and gives the notices for those that want one. A code that was
    /// not used yet finds no session any more.
    pub fn end_session(
        &mut self,
        sid: &SessionId,
        now: UnixTime,
        entropy: &mut dyn Entropy,
        random: &dyn SecureRandom,
    ) -> Vec<Notice> {
        self.grants.end_session(sid);
        self.situations.retain(|(_, session), _| session != sid);
        self.disconnected.retain(|(_, session)| session != sid);
        self.handed.end_session(sid);
        let Some(Audience { sub, clients }) = self.audiences.0.remove(sid) else { return Vec::new() };
        let clients = clients.iter();
        clients.filter_map(|client| self.notice(client, sid, &sub, now, entropy, random)).collect()
    }

    /// The notice for a client that wants one.
    pub(super) fn notice(
        &self,
        client: &str,
        sid: &SessionId,
        sub: &str,
        now: UnixTime,
        entropy: &mut dyn Entropy,
        random: &dyn SecureRandom,
    ) -> Option<Notice> {
        let client = self.registry.client(client)?;
        let uri = client.registration().backchannel_logout_uri.clone()?;
        let jti = random_string(entropy, JTI_BYTES);
        // A client got its ID token from the key that signs here: there is one.
        let logout_token = self.logout_token(client, sid, sub, &jti, now, random)?;
        Some(Notice { client: client.id().to_owned(), uri, logout_token })
    }

    /// A logout token (§2.4): never a nonce, so that it cannot pass for an ID token.
    fn logout_token(
        &self,
        client: &Client,
        sid: &SessionId,
        sub: &str,
        jti: &str,
        now: UnixTime,
        random: &dyn SecureRandom,
    ) -> Option<Secret> {
        let claims = json!({
            "iss": self.issuer,
            "aud": client.id(),
            "sub": sub,
            "sid": sid.0,
            "iat": now.0,
            "exp": now.plus(LIFETIME).0,
            "jti": jti,
            "events": { EVENT: {} },
        });
        let algorithm = client.registration().id_token_alg.algorithm();
        let signed = self.keys.sign_logout(algorithm, claims.to_string().as_bytes(), random);
        signed.ok().map(Secret::new)
    }
}
