//! Requests of applications that wait for a person: what their page shows, how a login answers them, and what the
//! person is asked besides.

use super::{
    desk::Waits,
    logins::Wish,
    pages::Asked,
    shared::{Quiet, Shared},
    words as put,
};
use crate::serve::desk::{Hint, LoginPage, Said};
use cps_agent_api::words::{self, Screen};
use cps_agent_core::{
    audit,
    failure::{self, Failure, Language},
    identity::{SessionId, SessionView, Sessions as _, UnixTime, Way},
    oidc::{
        authorize::{Approval, AuthorizationError, Completion},
        ciba::Ask,
        client::Client,
        situation::Offer,
    },
    psc::pushes,
    session::{step::Demand, table::Happening},
};
use std::{sync::Arc, time::Duration};

/// Where a waiting request stands with the live session.
enum Standing {
    /// It is answered: the page knows where to go.
    Answered,
    /// The person is asked whether they agree.
    Consent(SessionView),
    /// The person is asked for their situation.
    Situation(Vec<Offer>),
    /// There is no session, or none that satisfies it.
    Unanswered,
}

impl Shared {
    /// What the page of a waiting request shows. Whoever `opens` it is sent to the upstream, once; whoever looks is not.
    pub(super) fn page(
        &self,
        quiet: &mut Quiet,
        transaction: &str,
        language: Language,
        opens: bool,
        now: UnixTime,
    ) -> LoginPage {
        if let Some(location) = quiet.pages.destination(transaction) {
            return LoginPage::Leave { location: location.to_owned() };
        }
        let Some(waiting) = quiet.provider.waiting(transaction, now) else { return LoginPage::Gone };
        let application = waiting.client.name().to_owned();
        if let Some(running) = quiet.pages.of_page(transaction) {
            // A page's own browser is there already: it is sent to the upstream, once. Whoever goes back finds the link.
            if let (Hint::Browser { address }, None) = (&running.hint, &running.browsing) {
                let location = address.clone();
                if opens {
                    running.browsing = Some(transaction.to_owned());
                }
                return LoginPage::Leave { location };
            }
            let hint = running.hint.clone();
            let around = self.around_login(&hint, running.chosen.borrow().as_deref());
            return LoginPage::Working { application, way: running.way, hint, around };
        }
        match self.stands(quiet, transaction, Approval::default(), now) {
            Standing::Answered => match quiet.pages.destination(transaction) {
                Some(location) => LoginPage::Leave { location: location.to_owned() },
                None => LoginPage::Gone,
            },
            Standing::Consent(session) => LoginPage::Consent {
                application,
                person: session.person.display_name(),
                session: session.sid.0.clone(),
                claims: learns(&waiting.client),
            },
            Standing::Situation(offers) => {
                let situations =
                    offers.iter().map(|offer| (offer.situation.name(), put::situation(offer, language)));
                let situations = situations.collect();
                LoginPage::Situation { application, situations }
            }
            Standing::Unanswered => {
                let ways = self.fixed.policy.ways(waiting.client.ways(), quiet.upstream_down);
                let reason = quiet.pages.reason(transaction).or_else(|| self.asked_again(quiet));
                // What looks like no identifier could be any sentence, said in our name.
                let expected = waiting.login_hint.filter(|hint| pushes::typed(hint).is_ok());
                // Where somebody else is expected, their identifier is theirs to type.
                let last_holder = quiet.pushes.last_holder().map(|holder| holder.0.clone());
                let known = last_holder.filter(|holder| expected.as_ref().is_none_or(|name| name == holder));
                let starts = match ways.as_slice() {
                    [Way::Ecps] if self.fixed.config.login.ecps_click || known.is_none() => None,
                    &[way] => Some(way),
                    _ => None,
                };
                let identifier = quiet.pages.typed(transaction).map(str::to_owned).or(known);
                let around = self.around();
                LoginPage::Choose { application, ways, starts, identifier, expected, reason, around }
            }
        }
    }

    /// What the person said on the page of a waiting request. It is said for the person and the situations that the page
    /// showed: where another session took their place, the page asks anew.
    pub(super) fn approve(&self, by: &audit::Application, transaction: &str, said: &Said) {
        self.decide(|quiet, now| {
            let Some(waiting) = quiet.provider.waiting(transaction, now) else { return };
            self.happened(quiet, Happening::Activity, now);
            let Some(session) = self.answering(quiet) else { return };
            match said {
                Said::Agreed { session: shown } => {
                    let asked = self.stands(quiet, transaction, Approval::default(), now);
                    if *shown != session.sid.0 || !matches!(asked, Standing::Consent(_)) {
                        return;
                    }
                    let client = Some(waiting.client.id().to_owned());
                    let agreed = about(audit::Event::done(audit::What::Consent), &session);
                    self.record([agreed], &audit::Application { client, ..by.clone() });
                    self.stands(quiet, transaction, Approval { consent: true, situation: None }, now);
                }
                Said::Situation(name) => {
                    let stands = self.stands(quiet, transaction, Approval::default(), now);
                    let Standing::Situation(offers) = stands else { return };
                    let offer = offers.iter().find(|offer| offer.situation.name() == *name);
                    if let Some(offer) = offer {
                        let chosen = Approval { consent: false, situation: Some(offer.situation) };
                        self.stands(quiet, transaction, chosen, now);
                    }
                }
            }
        });
    }

    /// After a login that was made for the page: it is done, or asks for the rest, in any case; no page starts login after
    /// login that do not satisfy it.
    pub(super) fn complete_or_fail(&self, quiet: &mut Quiet, transaction: &str, now: UnixTime) {
        if let Some(session) = quiet.sessions.current() {
            quiet.provider.login_made(transaction, &session);
        }
        match self.stands(quiet, transaction, Approval::default(), now) {
            Standing::Answered | Standing::Consent(_) | Standing::Situation(_) => {}
            Standing::Unanswered if quiet.sessions.current().is_none() => {
                quiet.pages.failed(transaction, failure::CARD_REMOVED.into());
            }
            Standing::Unanswered => {
                let failed = quiet.provider.fail(transaction, AuthorizationError::LOGIN_REQUIRED, now);
                if let Completion::Redirect { location, .. } = failed {
                    quiet.pages.leave(transaction, location, now);
                }
            }
        }
    }

    /// Answers a waiting request with the live session, if that is all it waits for.
    fn stands(&self, quiet: &mut Quiet, transaction: &str, approval: Approval, now: UnixTime) -> Standing {
        let Some(session) = self.answering(quiet) else { return Standing::Unanswered };
        let client = quiet.provider.waiting(transaction, now).map(|waiting| waiting.client.id().to_owned());
        let completion = self.provide_in(quiet, now, |provider, world, _| {
            provider.complete(world, transaction, &session, approval)
        });
        match completion {
            Completion::Redirect { location, error } => {
                let event = match error {
                    None => audit::Event::done(audit::What::Authorization),
                    Some(error) => audit::Event::protocol(audit::What::Authorization, error),
                };
                self.record([about(event, &session)], &audit::Application { client, ..Default::default() });
                quiet.pages.leave(transaction, location, now);
                self.announce("page", "answered", None);
                Standing::Answered
            }
            Completion::AskConsent => {
                self.page_asks(quiet, transaction, Asked::Consent);
                Standing::Consent(session)
            }
            Completion::AskSituation(offers) => {
                self.page_asks(quiet, transaction, Asked::Situation);
                Standing::Situation(offers)
            }
            Completion::LoginNeeded | Completion::Gone => Standing::Unanswered,
        }
    }

    /// A page asks the person something: whoever lost sight of it finds it again.
    fn page_asks(&self, quiet: &mut Quiet, transaction: &str, what: Asked) {
        if quiet.pages.asks(transaction, what) {
            self.announce("page", "asking", None);
        }
    }

    /// The pages that ask something, with their addresses. Whoever has such an address may answer: for the person's own
    /// programs alone.
    pub(super) fn asking_pages(&self) -> Vec<words::Waiting> {
        self.look(|quiet, now| {
            let issuer = quiet.provider.issuer();
            let page = |(transaction, what): (String, Asked)| {
                let waiting = quiet.provider.waiting(&transaction, now)?;
                Some(words::Waiting {
                    application: waiting.client.name().to_owned(),
                    what: what.word().to_owned(),
                    address: format!("{issuer}/login/{transaction}"),
                })
            };
            quiet.pages.asking().into_iter().filter_map(page).collect()
        })
    }

    /// Has the person log in for a request that came without a browser (CIBA), and answers it.
    pub(super) fn ask_person(
        self: &Arc<Self>,
        ask: Ask,
        client: Arc<Client>,
        by: audit::Application,
        language: Language,
    ) {
        let shared = Arc::clone(self);
        self.runtime.spawn(async move {
            let left = ask.expires.since(shared.clock.now()).max(0);
            let left = Duration::from_secs(u64::try_from(left).unwrap_or(0));
            let login = shared.login_for(&ask, &client, &by, language);
            let ended = tokio::time::timeout(left, login).await;
            shared.decide(|quiet, now| {
                let session = match ended {
                    Ok(Ok(sid)) => quiet.sessions.session(&sid),
                    Ok(Err(_)) | Err(_) => None,
                };
                let Some(session) = session else {
                    quiet.provider.backchannel_failed(ask.request);
                    let error = AuthorizationError::ACCESS_DENIED.error;
                    return shared.record([audit::Event::protocol(audit::What::Authorization, error)], &by);
                };
                let agreed = shared.provide_in(quiet, now, |provider, world, _| {
                    provider.backchannel_done(world, ask.request, &session)
                });
                let event = if agreed {
                    audit::Event::done(audit::What::Authorization)
                } else {
                    audit::Event::protocol(
                        audit::What::Authorization,
                        AuthorizationError::ACCESS_DENIED.error,
                    )
                };
                shared.record([about(event, &session)], &by);
            });
        });
    }

    /// One login for such a request. Its prompt names the application and the binding message, so it never joins the
    /// login of somebody else, whose prompt did not; without a message, what comes of that one may do.
    async fn login_for(
        self: &Arc<Self>,
        ask: &Ask,
        client: &Client,
        by: &audit::Application,
        language: Language,
    ) -> Result<SessionId, Failure> {
        loop {
            let running = self.decide(|quiet, _| quiet.pages.running.as_ref().map(|r| r.ended.subscribe()));
            let Some(mut ended) = running else { break };
            // Its end, whatever it is, or its being given up.
            let _ = ended.wait_for(Option::is_some).await;
            let fitting = self.look(|quiet, now| {
                let session = self.answering(quiet)?;
                quiet.provider.backchannel_fits(ask.request, &session, now).then_some(session.sid)
            });
            if let (Some(sid), None) = (fitting, &ask.binding_message) {
                return Ok(sid);
            }
        }
        // While it waited for its turn the person may have closed another prompt of this client.
        if !self.look(|quiet, now| quiet.provider.backchannel_waits(ask.request, now)) {
            return Err(failure::PIN_CANCELLED.into());
        }
        let ways = self.look(|quiet, _| self.fixed.policy.ways(client.ways(), quiet.upstream_down));
        // Only where the agent's own prompt shows who asks: not in a browser, and a push to a phone wants a person's click.
        let way = ways.into_iter().find(|way| matches!(way, Way::Card | Way::Token | Way::Local));
        let way = way.ok_or(failure::NO_WAY)?;
        let application = match &ask.binding_message {
            Some(message) => format!("{} – {message}", client.name()),
            None => client.name().to_owned(),
        };
        let wish = Wish {
            application,
            by: by.clone(),
            way,
            serial: None,
            identifier: None,
            demand: Demand::default(),
            ask: Some(ask.request),
            screen: Screen::default(),
            language,
            patient: true,
        };
        let mut joined = self.join_login(wish, client.ways(), |running| running.commands += 1)?;
        let _waits = Waits { shared: self, number: joined.number };
        let ended = joined.ended.wait_for(Option::is_some).await.map(|ended| ended.clone());
        ended.ok().flatten().unwrap_or(Err(failure::SHUTTING_DOWN.into()))
    }
}

/// What a client learns: claims, and the scopes that give more than claims.
fn learns(client: &Client) -> Vec<String> {
    let tokens = client.scopes().iter().filter(|scope| scope.starts_with("psc_"));
    client.claims().iter().chain(tokens).cloned().collect()
}

fn about(event: audit::Event, session: &SessionView) -> audit::Event {
    event.within(session.sid.clone()).of(session.person.id.clone())
}
