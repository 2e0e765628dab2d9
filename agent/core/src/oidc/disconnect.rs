//! The person ends the part of one client in a session that goes on for the others.

use super::Provider;
use super::backchannel_logout::Notice;
use crate::identity::{SessionId, UnixTime};
use crate::secret::Entropy;
use ring::rand::SecureRandom;

/// What became of a client that the person disconnected.
#[derive(Debug)]
pub struct Disconnected {
    /// The notice for a client that wants one.
    pub notice: Option<Notice>,
}

impl Provider {
    /// Ends everything that a client holds of a session: tokens, codes and answers that it has not fetched yet. It is told
    /// as it would be of the session's end (OpenID Connect Back-Channel Logout 1.0 §2.5: the session at that client). `None`
    /// when it held nothing. The client stays registered: it may ask for another login.
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
        let sub = self.audiences.leaves(client, sid);
        let notice = sub.and_then(|sub| self.notice(client, sid, &sub, now, entropy, random));
        (tokens || codes || answers || notice.is_some()).then_some(Disconnected { notice })
    }
}
