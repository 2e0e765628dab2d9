//! While the upstream cannot be reached: the local way is offered, the upstream is looked for, and the person is asked for it
//! again once it is back.
//!
//! It is looked for by fetching its discovery document, first after two seconds, then after twice as long each time, up to ten
//! minutes, give or take a quarter: a short failure ends soon, a long one costs a site's upstream a request per workstation
//! every ten minutes, and not all of them at once. Nothing is sent while the upstream is not known to be down.
//!
//! A local session that was opened because of it is not extended then: it answers no new request of an application any more,
//! whoever asks sees the login page with the reason, and at its own time it ends.

use super::shared::{Quiet, Shared};
use crate::host::fetch::Answer;
use cps_agent_core::{
    audit,
    failure::{self, Code, Failure},
    identity::{SessionView, Way},
    psc::Metadata,
};
use ring::rand::SecureRandom as _;
use std::{sync::Arc, time::Duration};

/// Pauses between looks: the first, doubled up to the last.
const PAUSES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(600));

/// Whether a failure means that the upstream is out of order, or out of reach. One whose certificate is not trusted is neither:
/// somebody may be in between. A proxy that is gone keeps it out of reach; one that refuses is a matter of its settings.
pub(super) fn is_outage(code: Code) -> bool {
    [failure::UPSTREAM_UNREACHABLE, failure::UPSTREAM_FAILING, failure::PROXY_UNREACHABLE].contains(&code)
}

/// Looks for an upstream that is down, for ever.
pub(super) async fn look_for_upstream(shared: &Arc<Shared>) {
    let mut due = shared.due.subscribe();
    loop {
        // The sender lives as long as this.
        let _ = due.wait_for(|due| due.probe).await;
        shared.journal.write(&audit::Event::done(audit::What::UpstreamReach(false)));
        shared.announce("upstream", "down", None);
        let (mut pause, longest) = PAUSES;
        loop {
            tokio::select! {
                () = tokio::time::sleep(about(shared, pause)) => {}
                _ = due.wait_for(|due| !due.probe) => break,
            }
            if shared.upstream_answers().await {
                shared.decide(|quiet, _| quiet.upstream_down = false);
                break;
            }
            pause = pause.saturating_mul(2).min(longest);
        }
        shared.journal.write(&audit::Event::done(audit::What::UpstreamReach(true)));
        shared.announce("upstream", "back", None);
        let waiting = shared.look(|quiet, _| {
            quiet
                .sessions
                .current()
                .filter(|session| !shared.answers(quiet, session))
                .map(|session| session.sid)
        });
        if let Some(sid) = waiting {
            let back = failure::UPSTREAM_BACK.into();
            shared.announce_failure("session", "upstream_wanted", Some(&sid.0), &back);
        }
    }
}

/// A pause, longer or shorter by up to a quarter.
fn about(shared: &Shared, pause: Duration) -> Duration {
    let mut byte = [0];
    // Without a random number the pause is as it is.
    let _ = shared.random.fill(&mut byte);
    let [byte] = byte;
    pause.mul_f64(0.75 + f64::from(byte) / 510.0)
}

impl Shared {
    /// Whether the upstream gives its discovery document.
    async fn upstream_answers(&self) -> bool {
        let Some((fetcher, profile)) = self.fetcher.as_ref().zip(self.fixed.upstream.as_ref()) else {
            return true;
        };
        match fetcher.fetch(&Metadata::request(profile)).await {
            Answer::Fetched(answer) => Metadata::read(profile, &answer).is_ok(),
            Answer::Failed(_) | Answer::CertificateRequested { .. } => false,
        }
    }

    /// Takes note of a login or refresh that failed. Where the upstream is down and the policy then allows the local way, the
    /// person is told so.
    pub(super) fn note_outage(&self, quiet: &mut Quiet, failure: Failure) -> Failure {
        if !is_outage(failure.code) {
            return failure;
        }
        quiet.upstream_down = true;
        let offered = self.fixed.policy.ways(&[], true).contains(&Way::Local);
        if offered { failure::UPSTREAM_DOWN_LOCAL_OFFERED.into() } else { failure }
    }

    /// Whether a live session answers a new request without asking its person.
    pub(super) fn answers(&self, quiet: &Quiet, session: &SessionView) -> bool {
        self.fixed.policy.answers(session, quiet.upstream_down)
    }

    /// The live session, if it answers a new request without asking its person.
    pub(super) fn answering(&self, quiet: &Quiet) -> Option<SessionView> {
        quiet.sessions.current().filter(|session| self.answers(quiet, session))
    }

    /// Why the person is asked although there is a live session, when that is so.
    pub(super) fn asked_again(&self, quiet: &Quiet) -> Option<Failure> {
        let session = quiet.sessions.current()?;
        (!self.answers(quiet, &session)).then(|| failure::UPSTREAM_BACK.into())
    }
}
