//! One login on its way: the quiet half says what to do next, this does it and brings back what happened.
//!
//! A PIN lives in one variable between the prompt and the card, is moved into the one operation that spends it, and is
//! wiped there.

use super::{
    choice::{Found, card_news, look},
    grant::Grant,
    logins::Wish,
    pages::{Running, Signed},
    present::Present,
    prompts::{Asking, fault},
    shared::{Quiet, Shared},
    words,
};
use crate::{
    host::{
        entropy::SystemEntropy,
        fetch::Answer,
        prompt_text::Deed,
        redirect::Listener,
        token_tls::{TlsToken, TokenAnswer, TokenClient},
    },
    serve::desk::Hint,
};
use cps_agent_core::{
    audit,
    failure::{self, Failure},
    fetch::FetchFault,
    identity::{NationalId, SessionId, UnixTime},
    psc::Fresh,
    session::{
        login::{Login, Outcome, Settings, Step},
        step::{Action, Event, Fetch, PinFault, Purpose, TokenFault, TokenWanted},
        table::Happening,
    },
    trust::{Anchors, Evidence, chain},
};
use cps_card::{
    certificate::Certificate,
    token::{Authorization, Hold, KeyRole, Payload, Scheme},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// How long a page waits for a card before its login fails.
const PATIENCE: Duration = Duration::from_secs(300);

/// One login on its way.
pub(super) struct Driver {
    pub(super) shared: Arc<Shared>,
    pub(super) number: u64,
    abandoned: watch::Receiver<bool>,
    chosen: watch::Receiver<Option<String>>,
    pub(super) wish: Wish,
    /// The token that was found.
    held: Option<Arc<Present>>,
    /// What the person typed, for the next operation of the token.
    authorization: Option<Authorization>,
    /// A PIN was given to the token.
    spent: bool,
    /// Whose phone this login made ring.
    pub(super) rang: Option<NationalId>,
    /// What signed for programs while the browser was away.
    pub(super) signed: Vec<Signed>,
    /// Listens for the browser's return.
    pub(super) listener: Option<Listener>,
    /// The connection made with the token's key; ends with the login.
    tls: Option<TokenTls>,
    /// Cards that are kept verified for programs from this number on came to be so while this login ran.
    kept: u64,
}

/// A TLS client of the token, and what its next signature may use.
struct TokenTls {
    client: TokenClient,
    grant: Grant,
}

impl Drop for TokenTls {
    fn drop(&mut self) {
        self.grant.withdraw();
    }
}

impl Driver {
    /// Takes up a login that was begun.
    pub(super) fn new(shared: Arc<Shared>, running: &Running, wish: Wish, kept: u64) -> Self {
        Self {
            shared,
            number: running.number,
            abandoned: running.abandon.subscribe(),
            chosen: running.chosen.subscribe(),
            wish,
            held: None,
            authorization: None,
            spent: false,
            rang: None,
            signed: Vec::new(),
            listener: None,
            tls: None,
            kept,
        }
    }

    /// Brings the login to its end.
    pub(super) async fn drive(mut self, purpose: Purpose, settings: Arc<Settings>) {
        self.shared.announce("login", "started", None);
        let mut notes = Vec::new();
        let mut step = Login::start(purpose, settings, &mut notes);
        let result = loop {
            self.shared.record(notes.drain(..), &self.wish.by);
            match step {
                Step::Next(login, action) => {
                    self.show(login.shows());
                    let event = self.carry_out(action).await;
                    let fresh = Fresh {
                        now: self.shared.clock.now(),
                        entropy: &mut SystemEntropy::new(),
                        random: &self.shared.random,
                    };
                    step = login.on(event, fresh, &mut notes);
                }
                Step::Done(outcome) => break Ok(outcome),
                Step::Failed(failure) => break Err(failure),
            }
        };
        self.authorization = None;
        self.tls = None;
        self.listener = None;
        // A login that let no phone ring says nothing about the request of an earlier one.
        if let Some(rang) = &self.rang {
            self.shared.phone_answered(rang, result.as_ref().err().map(|failure| failure.code));
        }
        self.finish(result);
    }

    /// Does what the login asks for, unless it is given up or its token leaves meanwhile.
    async fn carry_out(&mut self, action: Action) -> Event {
        let mut abandoned = self.abandoned.clone();
        let held = self.held.clone();
        let left = async {
            match &held {
                Some(present) => present.gone().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = abandoned.wait_for(|abandoned| *abandoned) => Event::Abandoned,
            () = left => Event::TokenFailed(TokenFault::Removed),
            event = self.act(action) => event,
        }
    }

    async fn act(&mut self, action: Action) -> Event {
        match action {
            Action::FindToken(wanted) => self.find(wanted).await,
            Action::Fetch(fetch) => self.fetch(&fetch).await,
            Action::FetchWithToken { fetch, serial } => self.fetch_with_token(fetch, &serial).await,
            Action::AskPin { serial, previous } => self.ask_pin(&serial, previous.as_ref()).await,
            Action::Sign { serial, scheme, message } => self.sign(&serial, scheme, message).await,
            Action::Listen => self.listen().await,
            Action::Browse { address, state } => self.browse(&address, state).await,
            Action::Ring { fetch, identifier } => self.ring(&fetch, &identifier).await,
            Action::Wait(seconds) => {
                tokio::time::sleep(Duration::from_secs(u64::try_from(seconds).unwrap_or(0))).await;
                Event::Waited
            }
            Action::Revocation { certificate, issuer } => {
                Event::Revocation(self.evidence(&certificate, &issuer).await)
            }
        }
    }

    /// Looks for the one token that fits. A page tells the person what is missing and waits for it.
    async fn find(&mut self, wanted: TokenWanted) -> Event {
        let mut events = self.shared.events.subscribe();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let chosen = self.chosen.borrow_and_update().clone();
            self.shared.settled(&wanted, chosen.as_deref()).await;
            let (answer, hint) = match look(&self.shared, &wanted, chosen.as_deref()) {
                Found::One(present, seen) => {
                    self.settle_on(present.serial());
                    self.held = Some(present);
                    self.hint(Hint::Wait);
                    return Event::Token(seen);
                }
                Found::None(why) => {
                    // What the person can mend by a card is waited for; a broken service is told at once.
                    let mendable =
                        [failure::NO_CARD, failure::NO_READER, failure::NO_CARD_SERVICE].contains(&why.code);
                    let busy = (why.code == failure::CARD_BUSY).then_some(Hint::Wait);
                    (Event::NoToken(why), mendable.then_some(Hint::InsertCard).or(busy))
                }
                Found::Several(serials) => {
                    (Event::SeveralTokens(serials.clone()), Some(Hint::ChooseCard(serials)))
                }
            };
            let Some(hint) = hint.filter(|_| self.wish.patient) else { return answer };
            self.hint(hint);
            tokio::select! {
                () = card_news(&mut events) => {}
                changed = self.chosen.changed() => if changed.is_err() { return answer },
                () = tokio::time::sleep_until(deadline) => return answer,
            }
        }
    }

    pub(super) async fn fetch(&self, fetch: &Fetch) -> Event {
        match &self.shared.fetcher {
            Some(fetcher) => plain(fetcher.fetch(fetch).await),
            None => Event::FetchFailed(FetchFault::Unreachable("no upstream is configured".to_owned())),
        }
    }

    async fn fetch_with_token(&mut self, fetch: Fetch, serial: &str) -> Event {
        let authorization = self.hand_over();
        let typed = authorization.is_some();
        let (shared, application) = (Arc::clone(&self.shared), self.wish.application.clone());
        let tls = match self.tls(serial) {
            Ok(tls) => tls,
            Err(event) => return event,
        };
        let _shown = shared.pad_shown(authorization.as_ref(), &application, serial);
        tls.grant.give(authorization);
        let answer = tls.client.fetch(&fetch).await;
        // A connection that was still open needed no signature: the PIN is wiped all the same.
        let unspent = tls.grant.take_back();
        match answer {
            TokenAnswer::Failed(fault) => self.failed(fault),
            TokenAnswer::Plain(answer) => {
                self.taken(typed && unspent.is_none());
                plain(answer)
            }
        }
    }

    fn tls(&mut self, serial: &str) -> Result<&mut TokenTls, Event> {
        if self.tls.is_none() {
            self.tls = Some(self.start_tls(serial)?);
        }
        self.tls.as_mut().ok_or_else(|| other(failure::INTERNAL))
    }

    /// Starts a TLS client whose signatures are made by the token.
    fn start_tls(&self, serial: &str) -> Result<TokenTls, Event> {
        let present = self.present(serial)?;
        let fetcher = self.shared.fetcher.as_ref().ok_or_else(|| other(failure::NO_UPSTREAM))?;
        let key = present.description.key(KeyRole::Authentication);
        let (schemes, leaf) = key
            .and_then(|key| Some((key.schemes.clone(), key.certificate.clone()?)))
            .ok_or_else(|| other(failure::CERTIFICATE_GARBLED))?;
        let chain = shown_chain(&leaf, &self.shared.fixed.anchors, self.shared.clock.now());
        let grant = Grant::default();
        let (granted, hold) = (grant.clone(), self.shared.fixed.config.pin.hold);
        let sign = move |scheme: Scheme, message: &[u8]| granted.sign(&present, scheme, message, hold);
        let token = TlsToken { chain, schemes, sign: Arc::new(sign) };
        let client =
            TokenClient::new(fetcher.network(), fetcher.clock(), token).map_err(Event::FetchFailed)?;
        Ok(TokenTls { client, grant })
    }

    async fn ask_pin(&mut self, serial: &str, previous: Option<&PinFault>) -> Event {
        let present = match self.present(serial) {
            Ok(present) => present,
            Err(event) => return event,
        };
        self.hint(Hint::TypePin);
        let asking = Asking {
            application: self.wish.application.clone(),
            deed: Deed::Login,
            screen: self.wish.screen.clone(),
            language: self.wish.language,
        };
        let asked = self.shared.ask_pin(&present, &asking, previous).await;
        self.hint(Hint::Wait);
        match asked {
            Ok(authorization) => {
                self.authorization = Some(authorization);
                // An answered prompt is a person at work; that an application asked for one is not.
                self.shared.decide(|quiet, now| self.shared.happened(quiet, Happening::Activity, now));
                Event::PinGiven
            }
            Err(fault) => Event::TokenFailed(fault),
        }
    }

    async fn sign(&mut self, serial: &str, scheme: Scheme, message: Vec<u8>) -> Event {
        let present = match self.present(serial) {
            Ok(present) => present,
            Err(event) => return event,
        };
        let authorization = self.hand_over();
        let typed = authorization.is_some();
        let _shown = self.shared.pad_shown(authorization.as_ref(), &self.wish.application, serial);
        let (authorization, hold) =
            (authorization.unwrap_or(Authorization::Held), self.shared.fixed.config.pin.hold);
        let signed = present
            .run(move |token| {
                token.sign(KeyRole::Authentication, scheme, Payload::Message(&message), authorization, hold)
            })
            .await;
        match signed {
            Ok(signature) => {
                self.taken(typed);
                Event::Signed(signature)
            }
            Err(error) => self.failed(fault(&error)),
        }
    }

    /// What the network and the administrator's files say of a certificate.
    async fn evidence(&self, certificate: &Certificate, issuer: &Certificate) -> Evidence {
        let mut evidence = self.shared.revocations.evidence(certificate, issuer).await;
        evidence.lists.extend(self.shared.fixed.lists.iter().cloned());
        evidence
    }

    /// Gives what the person typed to the operation that spends it. From here on the token may be verified, even if
    /// nobody hears how the operation ended.
    fn hand_over(&mut self) -> Option<Authorization> {
        let authorization = self.authorization.take()?;
        self.spent = true;
        if let Some(present) =
            self.held.as_ref().filter(|_| self.shared.fixed.config.pin.hold == Hold::Session)
        {
            present.note_unlocked(true);
        }
        Some(authorization)
    }

    /// The token took the PIN, if one was spent.
    fn taken(&self, spent: bool) {
        if let Some(present) = self.held.as_ref().filter(|_| spent) {
            let taken = audit::Event::done(audit::What::Pin(None)).with(words::credential(present));
            self.shared.record([taken], &self.wish.by);
        }
    }

    /// The token did not do its part.
    fn failed(&self, fault: TokenFault) -> Event {
        if let Some(present) = &self.held {
            present.note_fault(&fault);
        }
        Event::TokenFailed(fault)
    }

    fn present(&self, serial: &str) -> Result<Arc<Present>, Event> {
        let held = self.held.clone().filter(|present| present.serial() == serial);
        held.ok_or(Event::TokenFailed(TokenFault::Removed))
    }

    /// The token is found: nobody may join this login under the name of another one any more.
    fn settle_on(&self, serial: &str) {
        self.shared.decide(|quiet, _| {
            if let Some(running) = quiet.pages.running(self.number) {
                running.chosen.send_replace(Some(serial.to_owned()));
            }
        });
    }

    pub(super) fn hint(&self, hint: Hint) {
        let changed = self.shared.decide(|quiet, _| match quiet.pages.running(self.number) {
            Some(running) if running.hint != hint => {
                running.hint = hint;
                true
            }
            _ => false,
        });
        if changed {
            self.shared.announce("login", "waiting", None);
        }
    }

    /// Opens the session, or tells why there is none; then sends the pages that waited on their way.
    fn finish(self, result: Result<Box<Outcome>, Failure>) {
        let shared = &self.shared;
        let holder = result.as_ref().ok().map(|outcome| outcome.person.id.clone());
        let finished = shared.decide(|quiet, now| {
            // A login that was given up made room when it was.
            let running = quiet.pages.running.take_if(|running| running.number == self.number);
            let Some(running) = running else {
                self.let_go(quiet);
                self.let_browser_go(quiet);
                return None;
            };
            let mut news = false;
            let ended = match result.and_then(|outcome| self.open(quiet, *outcome, now)) {
                Ok(sid) => {
                    // The one person whose phone may ring next time without their identifier being typed.
                    news = holder.is_some_and(|holder| quiet.pushes.logged_in(&holder));
                    for transaction in &running.transactions {
                        shared.complete_or_fail(quiet, transaction, now);
                    }
                    Ok(sid)
                }
                Err(failure) => {
                    // Only a login that went there says anything about the upstream.
                    let failure = shared.note_outage(quiet, failure);
                    if let Some(request) = self.wish.ask.filter(|_| failure.code == failure::PIN_CANCELLED) {
                        quiet.provider.backchannel_declined(request, now);
                    }
                    for transaction in &running.transactions {
                        quiet.pages.failed(transaction, failure.clone());
                    }
                    self.let_go(quiet);
                    self.let_browser_go(quiet);
                    Err(failure)
                }
            };
            Some((running, ended, news))
        });
        let Some((running, ended, news)) = finished else { return };
        if news {
            // Written down before anybody hears of it: it holds after a restart.
            shared.save_pushes();
        }
        let failure = ended.as_ref().err().cloned();
        running.ended.send_replace(Some(ended));
        match failure {
            None => shared.announce("login", "done", None),
            Some(failure) => shared.announce_failure("login", "failed", None, &failure),
        }
    }

    fn open(&self, quiet: &mut Quiet, outcome: Outcome, now: UnixTime) -> Result<SessionId, Failure> {
        for warning in &outcome.warnings {
            tracing::warn!(code = %warning.code, "a login succeeded with a warning");
            self.shared.announce_failure("login", "warning", Some(warning.code.word()), warning);
        }
        if let Some(upstream) = &outcome.upstream {
            quiet.upstream_down = false;
            quiet.upstream_keys = Some(upstream.keys.clone());
        }
        let serial = outcome.assurance.credential.as_ref().map(|credential| credential.serial.clone());
        let without_card = outcome.without_card.is_some();
        let (opened, effects) = quiet.sessions.open(outcome, now, &mut SystemEntropy::new());
        self.shared.carry_out(quiet, effects, Some(&self.wish.by));
        // The card may have left in the very last moment, when there was no session yet to be told; the one that signed in
        // the browser at any moment since.
        let left = |serial: &String| {
            let signed = self.signed.iter().find(|card| card.seen.serial == *serial);
            signed.is_some_and(Signed::left) || self.shared.cards.find(serial).is_none()
        };
        if let Some(serial) = serial.filter(left) {
            self.shared.happened(quiet, Happening::CardRemoved { serial }, now);
        }
        if without_card && quiet.sessions.current().is_some_and(|live| live.assurance.credential.is_none()) {
            let told = failure::SESSION_WITHOUT_CARD.into();
            self.shared.announce_failure(
                "login",
                "warning",
                Some(failure::SESSION_WITHOUT_CARD.word()),
                &told,
            );
        }
        opened.map_err(Failure::from)
    }

    /// What the person unlocked for the browser of a login that failed is locked again.
    fn let_browser_go(&self, quiet: &mut Quiet) {
        let effects = quiet.sessions.let_go_since(self.kept);
        self.shared.carry_out(quiet, effects, Some(&self.wish.by));
    }

    /// A login that failed leaves no verified card behind, unless a session rests on it.
    fn let_go(&self, quiet: &Quiet) {
        let Some(present) = self.held.as_ref().filter(|_| self.spent) else { return };
        let session = quiet.sessions.current().filter(|session| !session.locked);
        let kept = session.and_then(|session| session.assurance.credential);
        if kept.is_none_or(|credential| credential.serial != present.serial()) {
            present.release();
        }
    }
}

/// A certificate with the authorities above it, as a server wants to see them: it knows the roots and may lack what is
/// between.
pub(super) fn shown_chain(
    leaf: &Arc<Certificate>,
    anchors: &Anchors,
    now: UnixTime,
) -> Vec<Arc<Certificate>> {
    let above = chain::build(leaf, anchors, now).unwrap_or_default();
    let above = above.into_iter().filter(|authority| authority.subject_raw() != authority.issuer_raw());
    std::iter::once(Arc::clone(leaf)).chain(above).collect()
}

fn plain(answer: Answer) -> Event {
    match answer {
        Answer::Fetched(fetched) => Event::Fetched(fetched),
        Answer::Failed(fault) => Event::FetchFailed(fault),
        Answer::CertificateRequested { host } => Event::CertificateRequested { host },
    }
}

fn other(code: failure::Code) -> Event {
    Event::TokenFailed(TokenFault::Other(code.into()))
}
