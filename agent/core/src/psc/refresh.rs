//! The refresh grant (RFC 6749 §6, OpenID Connect Core §12): the same session, longer.
//!
//! A refresh keeps the session at Pro Santé Connect awake, so it is asked for only while the person is active; that is the
//! caller's to know. Only `invalid_grant` is the end of the session: an upstream that cannot be reached, is out of order or
//! answers something else says nothing about it.

use super::answer::{error, refused, skew, unanswered};
use super::client::Fresh;
use super::keys::Keys;
use super::token::{Answered, Tokens, UpstreamSession, parse};
use super::verify::{self, Expected, Refused};
use crate::failure::{self, Failure};
use crate::fetch::{Fetch, FetchFault, Fetched};
use crate::identity::UnixTime;
use crate::secret::Secret;

/// What became of a refresh that was answered well.
#[derive(Debug)]
pub enum Refreshed {
    /// The session has its new tokens.
    Done,
    /// The new ID token names a key that is not known: send this request, and give its answer to [`Unproven::prove`].
    NeedsKeys(Box<Unproven>, Fetch),
}

/// New tokens whose ID token waits for its key.
#[derive(Debug)]
pub struct Unproven {
    tokens: Tokens,
}

/// Why a session was not refreshed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefreshFault {
    /// The upstream's session is over: logged out there, idle, revoked, or its refresh token was used before.
    Ended,
    /// No answer, or none that says anything. The session is as it was; try again at the person's next act.
    Transport(Failure),
    /// The upstream refuses our client, or its answer is not to be believed. Trying again will not help; the new tokens
    /// were not taken.
    Refused(Failure),
}

impl From<&FetchFault> for RefreshFault {
    fn from(fault: &FetchFault) -> Self {
        Self::Transport(unanswered(fault))
    }
}

impl UpstreamSession {
    /// The request that refreshes; `None` without a refresh token, or when client authentication cannot be made.
    #[must_use]
    pub fn refresh(&self, fresh: &mut Fresh<'_>) -> Option<Fetch> {
        let refresh = self.tokens.refresh.as_ref()?;
        let parameters = [("grant_type", "refresh_token"), ("refresh_token", refresh.expose())];
        self.profile.post(self.metadata.token_endpoint.clone(), &parameters, fresh).ok()
    }

    /// Takes the answer.
    ///
    /// # Errors
    /// See [`RefreshFault`]; the session keeps the tokens it had.
    pub fn refreshed(&mut self, answer: &Fetched, now: UnixTime) -> Result<Refreshed, RefreshFault> {
        let tokens = self.renewed(parsed(answer)?);
        match tokens {
            Renewed::Plain(tokens) => {
                self.tokens = tokens;
                Ok(Refreshed::Done)
            }
            Renewed::WithIdToken(tokens) => match self.proven(&tokens, &self.keys, answer, now) {
                Ok(()) => {
                    self.tokens = tokens;
                    Ok(Refreshed::Done)
                }
                Err(Refused::UnknownKey) if self.keys.may_refetch(now) => {
                    // The old refresh token is spent: should the keys not come, the next try must not present it again.
                    // Its end stays, so that the next try is as due as this one was.
                    self.tokens.refresh = tokens.refresh.as_ref().map(copy);
                    let request = Keys::request(&self.metadata);
                    Ok(Refreshed::NeedsKeys(Box::new(Unproven { tokens }), request))
                }
                Err(fault) => Err(RefreshFault::Refused(fault.into())),
            },
        }
    }

    /// New tokens, with what the answer left as it was (RFC 6749 §6: the old refresh token stays good when none came).
    fn renewed(&self, answered: Answered) -> Renewed {
        let Answered { access, access_expires, refresh, refresh_expires, id_token } = answered;
        let refresh_expires = if refresh.is_some() { refresh_expires } else { self.tokens.refresh_expires };
        let refresh = refresh.or_else(|| self.tokens.refresh.as_ref().map(copy));
        match id_token {
            Some(id_token) => {
                Renewed::WithIdToken(Tokens { access, access_expires, refresh, refresh_expires, id_token })
            }
            None => {
                let id_token = copy(&self.tokens.id_token);
                Renewed::Plain(Tokens { access, access_expires, refresh, refresh_expires, id_token })
            }
        }
    }

    /// The new ID token is the same upstream's, for us, about the same subject (OpenID Connect Core §12.2).
    fn proven(&self, tokens: &Tokens, keys: &Keys, answer: &Fetched, now: UnixTime) -> Result<(), Refused> {
        let expected = Expected {
            profile: &self.profile,
            nonce: None,
            // How surely the person is known was settled by the login.
            level: false,
            access_token: tokens.access.expose(),
            now,
            skew: skew(answer),
        };
        let id_token = verify::id_token(tokens.id_token.expose(), keys, expected)?;
        if id_token.subject == self.subject {
            return Ok(());
        }
        Err(Failure::new(failure::ID_TOKEN_REFUSED).with("reason", "sub").into())
    }
}

enum Renewed {
    WithIdToken(Tokens),
    Plain(Tokens),
}

impl Unproven {
    /// Takes the keys, and with them the new tokens.
    ///
    /// # Errors
    /// See [`RefreshFault`]; the session keeps the tokens it had, but for the refresh token, which was spent.
    pub fn prove(
        self,
        session: &mut UpstreamSession,
        answer: &Fetched,
        now: UnixTime,
    ) -> Result<(), RefreshFault> {
        let keys = Keys::read(answer).map_err(RefreshFault::Transport)?.after_miss();
        session
            .proven(&self.tokens, &keys, answer, now)
            .map_err(|fault| RefreshFault::Refused(fault.into()))?;
        session.tokens = self.tokens;
        session.keys = keys;
        Ok(())
    }
}

fn copy(secret: &Secret) -> Secret {
    Secret::new(secret.expose().to_owned())
}

/// Reads the answer of the token endpoint, and tells the end of the session from everything else.
fn parsed(answer: &Fetched) -> Result<Answered, RefreshFault> {
    match (answer.status, error(answer).as_deref()) {
        (200, _) => parse(answer).map_err(RefreshFault::Transport),
        (400 | 401, Some("invalid_grant")) => Err(RefreshFault::Ended),
        (400 | 401, Some(_)) => Err(RefreshFault::Refused(refused(answer))),
        // Out of order, too busy, or not the upstream at all but a portal on the way.
        _ => Err(RefreshFault::Transport(refused(answer))),
    }
}
