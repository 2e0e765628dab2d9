//! Carrying out what the session table asks for.

use super::shared::{Quiet, Shared};
use crate::host::entropy::SystemEntropy;
use cps_agent_api::words;
use cps_agent_core::{
    audit,
    identity::UnixTime,
    session::table::{Effect, Happening},
};

impl Shared {
    /// Tells the table what happened outside, and carries out what it asks for.
    pub(super) fn happened(&self, quiet: &mut Quiet, happening: Happening, now: UnixTime) {
        let effects = quiet.sessions.on(happening, now);
        self.carry_out(quiet, effects, None);
    }

    /// Carries effects out. None of them waits. `by` is the application that caused them, when one did.
    pub(super) fn carry_out(&self, quiet: &mut Quiet, effects: Vec<Effect>, by: Option<&audit::Application>) {
        if effects.is_empty() {
            return;
        }
        for effect in effects {
            match effect {
                Effect::EndProviderSession(sid) => {
                    let (now, entropy) = (self.clock.now(), &mut SystemEntropy::new());
                    self.portal.forget();
                    for notice in quiet.provider.end_session(&sid, now, entropy, &self.random) {
                        self.tell_client(notice, sid.clone());
                    }
                }
                Effect::ReleaseToken { serial } => {
                    if let Some(present) = self.cards.find(&serial) {
                        present.release();
                    }
                }
                Effect::UpstreamLogout { upstream, sid } => {
                    self.end_upstream_session(upstream, sid);
                }
                Effect::UpstreamReplaced { upstream, sid } => {
                    self.revoke_upstream_session(upstream, sid);
                }
                Effect::Announce { topic, what, sid, reason } => self.tell(words::Event {
                    topic: topic.to_owned(),
                    what: what.to_owned(),
                    subject: Some(sid.0),
                    reason: reason.map(|why| why.name().to_owned()),
                    ..words::Event::default()
                }),
                Effect::Audit(event) => match by {
                    Some(application) => self.journal.write(&event.by(application.clone())),
                    None => self.journal.write(&event),
                },
            }
        }
        self.gateways.keep_for(quiet.sessions.current().as_ref());
    }
}
