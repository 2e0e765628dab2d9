//! Starting and joining logins.

use super::{driver::Driver, pages::Running, shared::Shared};
use cps_agent_api::words::Screen;
use cps_agent_core::{
    audit,
    failure::{self, Failure, Language},
    identity::{NationalId, SessionId, Way},
    oidc::ciba::RequestId,
    policy::Question,
    psc::pushes,
    session::{
        login::Settings,
        step::{Demand, Purpose, SamePerson},
    },
};
use std::sync::Arc;
use tokio::sync::watch;

/// Who wants a login, and how the person is reached.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    /// Name shown to the person.
    pub(super) application: String,
    /// For the audit trail.
    pub(super) by: audit::Application,
    /// The way.
    pub(super) way: Way,
    /// Serial of the card to use, when one was named.
    pub(super) serial: Option<String>,
    /// Whose phone to ask, as the person typed it; the last holder of this account when absent.
    pub(super) identifier: Option<String>,
    /// How new the authentication must be.
    pub(super) demand: Demand,
    /// The request without a browser that raised it by itself.
    pub(super) ask: Option<RequestId>,
    /// Where prompts may appear.
    pub(super) screen: Screen,
    /// In which language.
    pub(super) language: Language,
    /// A page shows what is missing and waits; a command fails at once.
    pub(super) patient: bool,
}

/// A login that was started or joined.
pub(super) struct Joined {
    /// Its number.
    pub(super) number: u64,
    /// Becomes its end.
    pub(super) ended: watch::Receiver<Option<Result<SessionId, Failure>>>,
}

impl Shared {
    /// Starts a login, or joins the one under way. `attach` writes the caller down among those who wait.
    ///
    /// # Errors
    /// The policy's refusal, or [`failure::LOGIN_BUSY`] when a login of another way is under way.
    pub(super) fn join_login(
        self: &Arc<Self>,
        wish: Wish,
        registered: &[Way],
        attach: impl FnOnce(&mut Running),
    ) -> Result<Joined, Failure> {
        self.decide(|quiet, _| {
            let identifier = match wish.way {
                Way::Ecps => whom(wish.identifier.as_deref(), quiet.pushes.last_holder()).map(Some),
                _ => Ok(None),
            };
            if let Some(running) = &mut quiet.pages.running {
                // Whoever names a person does not wait for somebody else's phone.
                if running.way != wish.way || Ok(&running.asked) != identifier.as_ref() {
                    return Err(failure::LOGIN_BUSY.into());
                }
                // The upstream's page was asked for no newer authentication than the first one wanted. Everywhere else
                // the person is authenticated anew in any case.
                if wish.way == Way::Browser && !running.demand.covers(wish.demand) {
                    return Err(failure::LOGIN_BUSY.into());
                }
                // Whoever names a card gets that card or nothing: never another one's login under its name.
                if let Some(serial) = wish.serial {
                    if running.chosen.borrow().as_ref().is_some_and(|chosen| *chosen != serial) {
                        return Err(failure::LOGIN_BUSY.into());
                    }
                    running.chosen.send_replace(Some(serial));
                }
                attach(running);
                return Ok(Joined { number: running.number, ended: running.ended.subscribe() });
            }
            // One that the upstream's return made useless is not worth resuming.
            let locked = self.answering(quiet).filter(|session| session.locked);
            // A session that rests on a card is resumed with that card; any other one the way that is asked for.
            let by_card = locked.as_ref().is_some_and(|session| session.assurance.credential.is_some());
            // Resuming with the session's own card and PIN is no new login: the policy allowed that session.
            if !by_card {
                let way = self.judged_way(wish.way);
                let upstream_down = quiet.upstream_down;
                let question = Question::Login { way, registered, upstream_down };
                if let Err(reason) = self.fixed.policy.may(&question) {
                    let refused = audit::Event::refused(audit::What::Login(wish.way), reason.code());
                    self.record([refused], &wish.by);
                    return Err(reason.code().into());
                }
            }
            let identifier = identifier?;
            let purpose = Purpose {
                application: wish.application.clone(),
                way: if by_card { Way::Local } else { wish.way },
                serial: wish.serial.clone(),
                same_person_as: locked.map(|session| SamePerson { sid: session.sid, person: session.person }),
                identifier: identifier.clone(),
                demand: wish.demand,
            };
            let settings = Arc::new(Settings {
                anchors: Arc::clone(&self.fixed.anchors),
                revocation: self.fixed.config.local.revocation,
                non_nominative: self.fixed.config.login.non_nominative,
                browser_card: self.fixed.config.login.browser_card,
                upstream: self.fixed.upstream.clone(),
                keys: quiet.upstream_keys.clone(),
                audience: quiet.provider.issuer().to_owned(),
            });
            let kept = quiet.sessions.next_kept();
            let running = quiet.pages.begin(wish.way);
            running.asked = identifier;
            running.demand = wish.demand;
            attach(running);
            let driver = Driver::new(Arc::clone(self), running, wish, kept);
            let joined = Joined { number: running.number, ended: running.ended.subscribe() };
            self.runtime.spawn(driver.drive(purpose, settings));
            Ok(joined)
        })
    }

    /// The way the policy is asked about: without an upstream a login by card or token is a local one.
    fn judged_way(&self, way: Way) -> Way {
        match way {
            Way::Card | Way::Token if self.fixed.upstream.is_none() => Way::Local,
            way => way,
        }
    }
}

/// Whose phone to ask: the person who typed an identifier, or who logged in last.
fn whom(typed: Option<&str>, last_holder: Option<&NationalId>) -> Result<NationalId, Failure> {
    match typed.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => pushes::typed(text),
        None => last_holder.cloned().ok_or_else(|| failure::ECPS_NO_IDENTIFIER.into()),
    }
}
