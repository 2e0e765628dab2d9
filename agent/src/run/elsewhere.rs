//! The parts of a login that happen elsewhere: in the person's browser, or on their phone.

use super::{driver::Driver, shared::Shared};
use crate::{
    host::{
        browser,
        entropy::SystemEntropy,
        redirect::{Farewell, Listener, Place},
    },
    serve::{
        caller::{self, Peer},
        desk::{Hint, Number},
    },
};
use cps_agent_core::{
    failure::{self, Code, Failure},
    identity::NationalId,
    psc::{ciba::Channel, pushes::End},
    secret::SecretHash,
    session::{
        login::Shows,
        step::{Event, Fetch},
    },
};
use std::{sync::Arc, time::Duration};
use url::Url;

/// How long the browser's return is awaited: as long as an application's request waits for its person.
const BROWSER_PATIENCE: Duration = Duration::from_secs(600);

impl Driver {
    /// Listens for the browser's return. Nobody is sent away before somebody listens.
    pub(super) async fn listen(&mut self) -> Event {
        let Some(upstream) = &self.shared.fixed.config.upstream else {
            return Event::Impossible(failure::NO_UPSTREAM.into());
        };
        let redirect = &upstream.redirect;
        let place = Place { port: redirect.port, host: redirect.host, path: &redirect.path };
        match Listener::open(place).await {
            Ok(listener) => {
                let address = listener.address().clone();
                self.listener = Some(listener);
                Event::Listening(address)
            }
            Err(error) => {
                tracing::error!(%error, port = redirect.port, "the browser's return cannot be received");
                Event::Impossible(Failure::new(failure::REDIRECT_PORT).with("port", redirect.port))
            }
        }
    }

    /// Sends the person to the upstream's page and waits until they are back. A page that waits goes there itself, by an
    /// answer that its browser alone sees; for a command the browser is opened, at an address of the listener's that tells
    /// other users nothing, and the upstream's is shown to the command in case none appears.
    pub(super) async fn browse(&mut self, address: &Url, state: SecretHash) -> Event {
        let Some(mut listener) = self.listener.take() else {
            return Event::Impossible(failure::INTERNAL.into());
        };
        self.hint(Hint::Browser { address: address.to_string() });
        let by_page = self.shared.decide(|quiet, _| {
            quiet.pages.running(self.number).is_some_and(|running| !running.transactions.is_empty())
        });
        if !by_page {
            let program = &self.shared.fixed.config.login.browser;
            let start = listener.start(address, &mut SystemEntropy::new());
            if let Err(error) = browser::open(program, &start, &self.wish.screen) {
                tracing::warn!(%error, "no browser can be opened");
            }
        }
        let ours = |ours, theirs| !matches!(caller::peer(ours, theirs), Peer::OtherUser { .. });
        let (shared, number) = (Arc::clone(&self.shared), self.number);
        let back = listener.returned(state, ours, move || farewell(&shared, number));
        let returned = tokio::time::timeout(BROWSER_PATIENCE, back).await;
        let signed = self.shared.decide(|quiet, _| {
            quiet.pages.running(self.number).map(|running| std::mem::take(&mut running.signed))
        });
        self.signed = signed.unwrap_or_default();
        self.hint(Hint::Wait);
        match returned {
            Ok(query) => {
                Event::Returned { query, signed: self.signed.iter().map(|card| card.seen.clone()).collect() }
            }
            Err(_) => Event::Impossible(failure::BROWSER_LATE.into()),
        }
    }

    /// Lets a phone ring, if it may.
    pub(super) async fn ring(&mut self, fetch: &Fetch, identifier: &NationalId) -> Event {
        let allowed = self.shared.decide(|quiet, now| quiet.pushes.ring(identifier, now));
        if let Err(refusal) = allowed {
            return Event::Impossible(refusal);
        }
        self.rang = Some(identifier.clone());
        // Written down before it happens: a restart is no way round the count.
        self.shared.save_pushes();
        self.fetch(fetch).await
    }

    /// Shows what the person is to compare.
    pub(super) fn show(&self, shows: Option<Shows>) {
        let Some(Shows { question, expires }) = shows else { return };
        self.hint(Hint::Number(Number {
            digits: question.number.digits().to_owned(),
            identifier: question.identifier.0,
            phone: question.channel == Channel::Mobile,
            expires: expires.map(|at| at.0),
        }));
    }
}

/// Where the browser goes once it is back: to the page that it came from, or nowhere.
fn farewell(shared: &Shared, number: u64) -> Farewell {
    shared.decide(|quiet, _| {
        let issuer = quiet.provider.issuer().to_owned();
        let page = quiet.pages.running(number).and_then(|running| running.browsing.clone());
        page.map_or(Farewell::Page, |page| Farewell::Onward(format!("{issuer}/login/{page}")))
    })
}

impl Shared {
    /// Notes what became of the request to the phone of this person.
    pub(super) fn phone_answered(&self, rang: &NationalId, failed: Option<Code>) {
        self.decide(|quiet, now| quiet.pushes.ended(rang, End::of(failed), now));
        self.save_pushes();
    }

    /// Stores how often phones rang, and who logged in last. Whoever comes last stores what holds then.
    pub(super) fn save_pushes(&self) {
        self.store.save_pushes(|| self.look(|quiet, _| serde_json::to_string(&quiet.pushes)));
    }
}
