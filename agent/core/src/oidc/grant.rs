//! What clients hold: access tokens, and refresh tokens in families that die together.
//!
//! A family begins with a code and belongs to one client and one session. Its refresh token changes at every use; a refresh
//! token names its family in its first bytes, so that any other than the last one is recognised as used or forged without
//! keeping the used ones, and ends the family (RFC 9700 §4.14.2). All tokens are random; only their hashes are kept.

use super::situation::Situation;
use crate::identity::{SessionId, UnixTime};
use crate::jose::{decode, encode};
use crate::secret::{Entropy, Secret, SecretHash};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Lifetime of an access token, seconds.
pub(super) const ACCESS_LIFETIME: i64 = 300;
/// Access tokens of one family that live at a time: the last ones.
const MAX_ACCESS: usize = 4;
/// Families that one client can have in one session: the last ones.
const MAX_FAMILIES: usize = 32;
const FAMILY_BYTES: usize = 16;
const TOKEN_BYTES: usize = 32;

/// A family's identifier: 128 random bits.
pub(super) type FamilyId = [u8; FAMILY_BYTES];

/// What was granted: to whom, in which session, by which authentication, how much.
#[derive(Clone)]
pub(super) struct Grant {
    pub(super) client: Arc<str>,
    pub(super) sid: SessionId,
    /// Of the login that it began with. The session may be renewed for another client; a refreshed ID token still speaks
    /// of the original authentication (OpenID Connect Core §12.2).
    pub(super) auth_time: UnixTime,
    pub(super) scope: Arc<str>,
    pub(super) situation: Option<Situation>,
}

struct Family {
    grant: Grant,
    refresh: SecretHash,
    access: VecDeque<SecretHash>,
}

struct Access {
    family: FamilyId,
    scope: Arc<str>,
    expires: UnixTime,
}

/// New tokens.
pub(super) struct Issued {
    pub(super) access: Secret,
    pub(super) refresh: Secret,
}

/// What a presented refresh token is.
pub(super) enum Presented<'a> {
    /// Of no living family.
    Unknown,
    /// Of a living family, but not its last one.
    Used(FamilyId, &'a Grant),
    /// The last one of its family.
    Current(FamilyId, &'a Grant),
}

/// What a good access token speaks for.
pub(super) struct Bearer<'a> {
    pub(super) grant: &'a Grant,
    pub(super) scope: &'a str,
    pub(super) expires: UnixTime,
}

/// All tokens.
#[derive(Default)]
pub(super) struct Grants {
    families: HashMap<FamilyId, Family>,
    access: HashMap<SecretHash, Access>,
    sessions: HashMap<SessionId, HashMap<Arc<str>, VecDeque<FamilyId>>>,
}

impl Grants {
    /// Begins a family.
    pub(super) fn begin(
        &mut self,
        grant: Grant,
        expires: UnixTime,
        entropy: &mut dyn Entropy,
    ) -> (FamilyId, Issued) {
        let mut id = [0; FAMILY_BYTES];
        entropy.fill(&mut id);
        let scope = Arc::clone(&grant.scope);
        let refresh = refresh_token(&id, entropy);
        let clients = self.sessions.entry(grant.sid.clone()).or_default();
        let own = clients.entry(Arc::clone(&grant.client)).or_default();
        own.push_back(id);
        let surplus = if own.len() > MAX_FAMILIES { own.front().copied() } else { None };
        self.families.insert(id, Family { grant, refresh: refresh.hash(), access: VecDeque::new() });
        let access = self.access_token(id, scope, expires, entropy);
        if let Some(oldest) = surplus {
            self.revoke(oldest);
        }
        (id, Issued { access, refresh })
    }

    /// Looks at a presented refresh token, changing nothing.
    pub(super) fn present(&self, refresh: &str) -> Presented<'_> {
        let id = decode(refresh).ok().filter(|bytes| bytes.len() == FAMILY_BYTES + TOKEN_BYTES);
        let id = id.and_then(|bytes| FamilyId::try_from(bytes.get(..FAMILY_BYTES)?).ok());
        let Some((id, family)) = id.and_then(|id| Some((id, self.families.get(&id)?))) else {
            return Presented::Unknown;
        };
        if family.refresh == SecretHash::of(refresh) {
            Presented::Current(id, &family.grant)
        } else {
            Presented::Used(id, &family.grant)
        }
    }

    /// Gives a family its next refresh token and an access token of this scope.
    pub(super) fn rotate(
        &mut self,
        id: FamilyId,
        scope: Arc<str>,
        expires: UnixTime,
        entropy: &mut dyn Entropy,
    ) -> Option<Issued> {
        let refresh = refresh_token(&id, entropy);
        self.families.get_mut(&id)?.refresh = refresh.hash();
        let access = self.access_token(id, scope, expires, entropy);
        Some(Issued { access, refresh })
    }

    /// What an access token speaks for, if it is good now.
    pub(super) fn bearer(&self, access: &str, now: UnixTime) -> Option<Bearer<'_>> {
        let token = self.access.get(&SecretHash::of(access)).filter(|token| now < token.expires)?;
        let family = self.families.get(&token.family)?;
        Some(Bearer { grant: &family.grant, scope: &token.scope, expires: token.expires })
    }

    /// Ends one access token; its family goes on.
    pub(super) fn revoke_access(&mut self, access: &str) {
        let hash = SecretHash::of(access);
        if let Some(token) = self.access.remove(&hash)
            && let Some(family) = self.families.get_mut(&token.family)
        {
            family.access.retain(|other| *other != hash);
        }
    }

    /// Ends a family with all its tokens.
    pub(super) fn revoke(&mut self, id: FamilyId) {
        let Some(family) = self.families.remove(&id) else { return };
        for token in &family.access {
            self.access.remove(token);
        }
        let Some(clients) = self.sessions.get_mut(&family.grant.sid) else { return };
        if let Some(own) = clients.get_mut(&family.grant.client) {
            own.retain(|other| *other != id);
            if own.is_empty() {
                clients.remove(&family.grant.client);
            }
        }
        if clients.is_empty() {
            self.sessions.remove(&family.grant.sid);
        }
    }

    /// Ends everything of a session.
    pub(super) fn end_session(&mut self, sid: &SessionId) {
        let clients = self.sessions.get(sid);
        let families: Vec<FamilyId> =
            clients.into_iter().flat_map(|c| c.values().flatten()).copied().collect();
        families.into_iter().for_each(|id| self.revoke(id));
    }

    /// Ends everything of a client.
    pub(super) fn end_client(&mut self, client: &str) {
        let own = self.sessions.values().filter_map(|clients| clients.get(client));
        let families: Vec<FamilyId> = own.flatten().copied().collect();
        families.into_iter().for_each(|id| self.revoke(id));
    }

    /// Ends everything that a client holds of one session. Says whether there was anything.
    pub(super) fn end_client_of(&mut self, client: &str, sid: &SessionId) -> bool {
        let own = self.sessions.get(sid).and_then(|clients| clients.get(client));
        let families: Vec<FamilyId> = own.into_iter().flatten().copied().collect();
        families.iter().for_each(|id| self.revoke(*id));
        !families.is_empty()
    }

    /// Clients that hold tokens of a session, in alphabetical order.
    pub(super) fn clients_of(&self, sid: &SessionId) -> Vec<String> {
        let clients = self.sessions.get(sid).into_iter().flat_map(HashMap::keys);
        let mut names: Vec<String> = clients.map(|client| client.to_string()).collect();
        names.sort_unstable();
        names
    }

    /// Forgets access tokens whose time is over, and families whose session is.
    pub(super) fn sweep(&mut self, now: UnixTime, lives: impl Fn(&SessionId) -> bool) {
        let ended: Vec<SessionId> = self.sessions.keys().filter(|sid| !lives(sid)).cloned().collect();
        ended.iter().for_each(|sid| self.end_session(sid));
        self.access.retain(|_, token| now < token.expires);
        for family in self.families.values_mut() {
            family.access.retain(|token| self.access.contains_key(token));
        }
    }

    fn access_token(
        &mut self,
        family: FamilyId,
        scope: Arc<str>,
        expires: UnixTime,
        entropy: &mut dyn Entropy,
    ) -> Secret {
        let secret = Secret::new(crate::secret::random_string(entropy, TOKEN_BYTES));
        self.access.insert(secret.hash(), Access { family, scope, expires });
        if let Some(owner) = self.families.get_mut(&family) {
            owner.access.push_back(secret.hash());
            if owner.access.len() > MAX_ACCESS {
                owner.access.pop_front().map(|oldest| self.access.remove(&oldest));
            }
        }
        secret
    }

    #[cfg(test)]
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.families.len(), self.access.len())
    }
}

/// A refresh token: the family's identifier and 256 random bits.
fn refresh_token(id: &FamilyId, entropy: &mut dyn Entropy) -> Secret {
    let mut bytes = Zeroizing::new([0; FAMILY_BYTES + TOKEN_BYTES]);
    let (name, random) = bytes.split_at_mut(FAMILY_BYTES);
    name.copy_from_slice(id);
    entropy.fill(random);
    Secret::new(encode(bytes.as_slice()))
}
