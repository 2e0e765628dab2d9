//! Carrying out what the session table asks for.

use super::shared::{Quiet, Shared};
use crate::host::{
    clock::Clock,
    entropy::SystemEntropy,
    fetch::{Answer, Fetcher},
};
use cps_agent_core::{
    audit,
    identity::UnixTime,
    psc::{Fresh, UpstreamSession},
    session::table::{Effect, Happening},
};
use ring::rand::SystemRandom;
use std::{sync::Arc, time::Duration};

/// Pauses before each try to end the upstream's session.
const LOGOUT_PAUSES: [u64; 4] = [0, 2, 10, 60];

impl Shared {
    /// Tells the table what happened outside, and carries out what it asks for.
    pub(super) fn happened(&self, quiet: &mut Quiet, happening: Happening, now: UnixTime) {
        let effects = quiet.sessions.on(happening, now);
        self.carry_out(quiet, effects, None);
    }

    /// Carries effects out. None of them waits. `by` is the application that caused them, when one did.
    pub(super) fn carry_out(&self, quiet: &mut Quiet, effects: Vec<Effect>, by: Option<&audit::Application>) {
        for effect in effects {
            match effect {
                Effect::EndProviderSession(sid) => {
                    let (now, entropy) = (self.clock.now(), &mut SystemEntropy::new());
                    drop(quiet.provider.end_session(&sid, now, entropy, &self.random));
                }
                Effect::ReleaseToken { serial } => {
                    if let Some(present) = self.cards.find(&serial) {
                        present.release();
                    }
                }
                Effect::UpstreamLogout(session) => {
                    if let Some(fetcher) = &self.fetcher {
                        let clock = Arc::clone(&self.clock);
                        self.runtime.spawn(end_upstream_session(fetcher.clone(), clock, session));
                    }
                }
                Effect::Announce { topic, what, sid } => self.announce(topic, what, Some(&sid.0)),
                Effect::Audit(event) => match by {
                    Some(application) => self.journal.write(&event.by(application.clone())),
                    None => self.journal.write(&event),
                },
            }
        }
    }
}

/// Ends the session at the upstream, as far as it can be reached: here it is over already.
async fn end_upstream_session(fetcher: Fetcher, clock: Arc<dyn Clock>, session: Box<UpstreamSession>) {
    let random = SystemRandom::new();
    let requests = || {
        let mut entropy = SystemEntropy::new();
        session.logout(&mut Fresh { now: clock.now(), entropy: &mut entropy, random: &random })
    };
    for index in 0..requests().len() {
        for pause in LOGOUT_PAUSES {
            tokio::time::sleep(Duration::from_secs(pause)).await;
            // Asking again gives the same requests: each try needs its own.
            let Some(fetch) = requests().into_iter().nth(index) else { break };
            match fetcher.fetch(&fetch).await {
                Answer::Fetched(fetched) if fetched.status < 500 => break,
                Answer::Fetched(fetched) => {
                    tracing::warn!(status = fetched.status, "the upstream did not end its session");
                }
                Answer::Failed(fault) => tracing::warn!(%fault, "the upstream did not hear of the logout"),
                Answer::CertificateRequested { .. } => break,
            }
        }
    }
}
