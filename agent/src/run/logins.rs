//! Driving one login: the quiet half says what to do next, this does it and brings back what happened.
//!
//! A PIN lives in one local variable between the prompt and the card, is moved into the one operation that spends it,
//! and is wiped there.

use super::{
    pages::Running,
    present::Present,
    prompts::{Asking, fault},
    shared::{Quiet, Shared},
};
use crate::{
    host::{
        entropy::SystemEntropy,
        fetch::Answer,
        prompt_text::Deed,
        token_tls::{TlsToken, TokenAnswer, TokenClient},
    },
    serve::desk::Hint,
};
use cps_agent_api::words::Screen;
use cps_agent_core::{
    audit,
    failure::{self, Failure, Language},
    fetch::FetchFault,
    identity::{SessionId, UnixTime, Way},
    oidc::authorize::{Approval, AuthorizationError, Completion},
    session::{
        login::{Login, Outcome, Settings, Step},
        step::{Action, Event, Fetch, PinFault, Purpose, SamePerson, TokenFault, TokenSeen, TokenWanted},
        table::Happening,
    },
    trust::chain,
};
use cps_card::{
    certificate::Certificate,
    token::{Authorization, Hold, KeyRole, Kind, Payload, Scheme},
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// How long a page waits for a card before its login fails.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long cards that are being read are waited for. What takes longer is held by another program.
const READING: Duration = Duration::from_secs(10);

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
        self.decide(|quiet, now| {
            self.happened(quiet, Happening::Activity, now);
            if let Some(running) = &mut quiet.pages.running {
                if running.way != wish.way {
                    return Err(failure::LOGIN_BUSY.into());
                }
                if wish.serial.is_some() {
                    running.chosen.send_replace(wish.serial);
                }
                attach(running);
                return Ok(Joined { number: running.number, ended: running.ended.subscribe() });
            }
            let locked = quiet.sessions.current().filter(|session| session.locked);
            // Resuming with card and PIN is no new login: the policy allowed the session that is resumed.
            if locked.is_none() {
                let way = self.judged_way(wish.way);
                let upstream_down = quiet.upstream_down;
                let question = cps_agent_core::policy::Question::Login { way, registered, upstream_down };
                if let Err(reason) = self.fixed.policy.may(&question) {
                    let refused = audit::Event::refused(audit::What::Login(wish.way), reason.code());
                    self.record([refused], &wish.by);
                    return Err(reason.code().into());
                }
            }
            let purpose = Purpose {
                application: wish.application.clone(),
                way: if locked.is_some() { Way::Local } else { wish.way },
                serial: wish.serial.clone(),
                same_person_as: locked.map(|session| SamePerson { sid: session.sid, person: session.person }),
            };
            let settings = Arc::new(Settings {
                anchors: Arc::clone(&self.fixed.anchors),
                revocation: self.fixed.config.local.revocation,
                non_nominative: self.fixed.config.login.non_nominative,
                upstream: self.fixed.upstream.clone(),
                keys: quiet.upstream_keys.clone(),
                audience: quiet.provider.issuer().to_owned(),
            });
            let running = quiet.pages.begin(wish.way);
            attach(running);
            let driver = Driver {
                shared: Arc::clone(self),
                number: running.number,
                abandoned: running.abandon.subscribe(),
                chosen: running.chosen.subscribe(),
                wish,
                held: None,
                authorization: None,
                spent: false,
                tls: None,
            };
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

/// One login on its way.
struct Driver {
    shared: Arc<Shared>,
    number: u64,
    abandoned: watch::Receiver<bool>,
    chosen: watch::Receiver<Option<String>>,
    wish: Wish,
    /// The token that was found.
    held: Option<Arc<Present>>,
    /// What the person typed, for the next operation of the token.
    authorization: Option<Authorization>,
    /// A PIN was given to the token.
    spent: bool,
    /// The connection made with the token's key; ends with the login.
    tls: Option<TokenTls>,
}

/// A TLS client of the token, and the authorization its next signature takes.
struct TokenTls {
    client: TokenClient,
    authorization: Arc<Mutex<Option<Authorization>>>,
}

impl Driver {
    async fn drive(mut self, purpose: Purpose, settings: Arc<Settings>) {
        self.shared.announce("login", "started", None);
        let mut notes = Vec::new();
        let mut step = Login::start(purpose, settings, &mut notes);
        let result = loop {
            self.shared.record(notes.drain(..), &self.wish.by);
            match step {
                Step::Next(login, action) => {
                    let event = self.carry_out(action).await;
                    let now = self.shared.clock.now();
                    step = login.on(event, now, &mut SystemEntropy::new(), &mut notes);
                }
                Step::Done(outcome) => break Ok(outcome),
                Step::Failed(failure) => break Err(failure),
            }
        };
        self.authorization = None;
        self.tls = None;
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
            Action::Revocation { certificate, .. } => Event::Revocation(self.lists(&certificate).await),
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

    async fn fetch(&self, fetch: &Fetch) -> Event {
        match &self.shared.fetcher {
            Some(fetcher) => plain(fetcher.fetch(fetch).await),
            None => Event::FetchFailed(FetchFault::Unreachable("no upstream is configured".to_owned())),
        }
    }

    async fn fetch_with_token(&mut self, fetch: Fetch, serial: &str) -> Event {
        let authorization = self.hand_over();
        let typed = authorization.is_some();
        let tls = match self.tls(serial) {
            Ok(tls) => tls,
            Err(event) => return event,
        };
        *tls.authorization.lock().unwrap_or_else(PoisonError::into_inner) = authorization;
        let answer = tls.client.fetch(fetch).await;
        // A connection that was still open needed no signature: the PIN is wiped all the same.
        let unspent = tls.authorization.lock().unwrap_or_else(PoisonError::into_inner).take();
        match answer {
            TokenAnswer::Failed(fault) => self.failed(fault),
            TokenAnswer::Plain(answer) => {
                self.taken(typed && unspent.is_none());
                plain(answer)
            }
        }
    }

    fn tls(&mut self, serial: &str) -> Result<&TokenTls, Event> {
        if self.tls.is_none() {
            self.tls = Some(self.start_tls(serial)?);
        }
        self.tls.as_ref().ok_or_else(|| other(failure::INTERNAL))
    }

    /// Starts a TLS client whose signatures are made by the token.
    fn start_tls(&self, serial: &str) -> Result<TokenTls, Event> {
        let present = self.present(serial)?;
        let fetcher = self.shared.fetcher.as_ref().ok_or_else(|| other(failure::NO_UPSTREAM))?;
        let key = present.description.key(KeyRole::Authentication);
        let (schemes, leaf) = key
            .and_then(|key| Some((key.schemes.clone(), key.certificate.clone()?)))
            .ok_or_else(|| other(failure::CERTIFICATE_GARBLED))?;
        let mut tls_chain = vec![Arc::clone(&leaf)];
        // Servers know the roots and may lack what is between.
        let above =
            chain::build(&leaf, &self.shared.fixed.anchors, self.shared.clock.now()).unwrap_or_default();
        tls_chain
            .extend(above.into_iter().filter(|authority| authority.subject_raw() != authority.issuer_raw()));
        let slot = Arc::new(Mutex::new(None));
        let (authorization, hold) = (Arc::clone(&slot), self.shared.fixed.config.pin.hold);
        let sign = move |scheme: Scheme, message: &[u8]| {
            let typed = authorization.lock().unwrap_or_else(PoisonError::into_inner).take();
            let (typed, message) = (typed.unwrap_or(Authorization::Held), message.to_vec());
            present
                .run_blocking(move |token| {
                    token.sign(KeyRole::Authentication, scheme, Payload::Message(&message), typed, hold)
                })
                .map_err(|error| fault(&error))
        };
        let token = TlsToken { chain: tls_chain, schemes, sign: Arc::new(sign) };
        let client = TokenClient::start(fetcher.anchors(), fetcher.clock(), token).map_err(|error| {
            tracing::error!(%error, "no thread for a connection");
            other(failure::INTERNAL)
        })?;
        Ok(TokenTls { client, authorization: slot })
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

    async fn lists(&self, certificate: &Certificate) -> Vec<Vec<u8>> {
        let mut lists = self.shared.fixed.lists.clone();
        lists.extend(self.shared.revocations.lists(certificate).await);
        lists
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
            let taken = audit::Event::done(audit::What::Pin(None)).with(super::words::credential(present));
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

    fn hint(&self, hint: Hint) {
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
        shared.decide(|quiet, now| {
            // A login that was given up made room when it was.
            let running = quiet.pages.running.take_if(|running| running.number == self.number);
            let Some(running) = running else { return self.let_go(quiet) };
            let ended = match result {
                Ok(outcome) => {
                    quiet.upstream_down = false;
                    let sid = self.open(quiet, *outcome, now);
                    for transaction in &running.transactions {
                        shared.complete(quiet, transaction, now);
                    }
                    Ok(sid)
                }
                Err(failure) => {
                    quiet.upstream_down = failure.code == failure::UPSTREAM_UNREACHABLE;
                    for transaction in &running.transactions {
                        quiet.pages.failed(transaction, failure.clone());
                    }
                    self.let_go(quiet);
                    Err(failure)
                }
            };
            let what = if ended.is_ok() { "done" } else { "failed" };
            running.ended.send_replace(Some(ended));
            shared.announce("login", what, None);
        });
    }

    fn open(&self, quiet: &mut Quiet, outcome: Outcome, now: UnixTime) -> SessionId {
        for warning in &outcome.warnings {
            tracing::warn!(code = %warning.code, "a login succeeded with a warning");
            self.shared.announce("login", "warning", Some(warning.code.0));
        }
        if let Some(upstream) = &outcome.upstream {
            quiet.upstream_keys = Some(upstream.keys.clone());
        }
        let serial = outcome.assurance.credential.as_ref().map(|credential| credential.serial.clone());
        let (sid, effects) = quiet.sessions.open(outcome, now, &mut SystemEntropy::new());
        self.shared.carry_out(quiet, effects, Some(&self.wish.by));
        // The card may have left in the very last moment, when there was no session yet to be told.
        if let Some(serial) = serial.filter(|serial| self.shared.cards.find(serial).is_none()) {
            self.shared.happened(quiet, Happening::CardRemoved { serial }, now);
        }
        sid
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

impl Shared {
    /// Answers a waiting page with the live session, if that is what it waits for. Says whether the page is done.
    pub(super) fn complete(&self, quiet: &mut Quiet, transaction: &str, now: UnixTime) -> bool {
        let Some(session) = quiet.sessions.current() else { return false };
        let completion = self.provide_in(quiet, now, |provider, world, _| {
            match provider.complete(world, transaction, &session, Approval::default()) {
                Completion::AskConsent => {
                    provider.fail(transaction, AuthorizationError::CONSENT_REQUIRED, now)
                }
                Completion::AskSituation(_) => {
                    provider.fail(transaction, AuthorizationError::INTERACTION_REQUIRED, now)
                }
                other => other,
            }
        });
        match completion {
            Completion::Redirect { location, error } => {
                let event = match error {
                    None => audit::Event::done(audit::What::Authorization),
                    Some(error) => audit::Event::protocol(audit::What::Authorization, error),
                };
                self.journal.write(&event.within(session.sid.clone()).of(session.person.id.clone()));
                quiet.pages.leave(transaction, location, now);
                true
            }
            _ => false,
        }
    }
}

/// What was found.
enum Found {
    One(Arc<Present>, TokenSeen),
    Several(Vec<String>),
    None(Failure),
}

impl Shared {
    /// Waits until the cards that are there were read: one that was just inserted is neither missing, nor left out of a
    /// choice between several. A token that is named and here is enough.
    pub(super) async fn settled(&self, wanted: &TokenWanted, chosen: Option<&str>) {
        let named = chosen.or(serial_of(wanted)).is_some_and(|serial| self.cards.find(serial).is_some());
        if named || matches!(wanted, TokenWanted::Soft { .. }) {
            return;
        }
        let mut events = self.events.subscribe();
        let read = async {
            while self.cards.reading() {
                card_news(&mut events).await;
            }
        };
        // Late is as good as never: the caller looks at what there is.
        let _ = tokio::time::timeout(READING, read).await;
    }
}

/// Looks for the tokens that fit.
fn look(shared: &Shared, wanted: &TokenWanted, chosen: Option<&str>) -> Found {
    let named = chosen.or(serial_of(wanted));
    let fitting = fitting(shared, wanted, named);
    let serials = distinct(&fitting);
    if serials.len() > 1 {
        return Found::Several(serials);
    }
    match fitting.into_iter().next() {
        Some(present) => match seen(&present) {
            Some(seen) => Found::One(present, seen),
            None => Found::None(failure::CERTIFICATE_GARBLED.into()),
        },
        None if named.is_some() => Found::None(failure::CARD_UNKNOWN.into()),
        None if matches!(wanted, TokenWanted::Soft { .. }) => Found::None(failure::NO_TOKEN.into()),
        None => Found::None(shared.cards.why_none()),
    }
}

/// What a login wants to know of a token.
fn seen(present: &Present) -> Option<TokenSeen> {
    let description = &present.description;
    let key = description.key(KeyRole::Authentication).or_else(|| description.key(KeyRole::Technical))?;
    Some(TokenSeen {
        serial: description.serial.clone(),
        kind: description.kind,
        certificate: key.certificate.clone()?,
        schemes: key.schemes.clone(),
        needs_pin: key.needs_pin,
        unlocked: present.unlocked(),
    })
}

/// Waits until a card, reader or service came or went. After lost events everything may have changed.
async fn card_news(events: &mut tokio::sync::broadcast::Receiver<cps_agent_api::words::Event>) {
    use tokio::sync::broadcast::error::RecvError;
    loop {
        match events.recv().await {
            Ok(event) if !matches!(event.topic.as_str(), "card" | "reader" | "service") => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
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

/// The one token that fits and can do what is asked.
///
/// # Errors
/// Why there is none, or [`failure::SEVERAL_CARDS`].
pub(super) fn only(
    shared: &Shared,
    wanted: &TokenWanted,
    able: impl Fn(&Present) -> bool,
) -> Result<Arc<Present>, Failure> {
    let named = serial_of(wanted);
    let mut fitting = fitting(shared, wanted, named);
    let any = !fitting.is_empty();
    fitting.retain(|present| able(present));
    if distinct(&fitting).len() > 1 {
        return Err(failure::SEVERAL_CARDS.into());
    }
    match fitting.into_iter().next() {
        Some(present) => Ok(present),
        None if any => Err(failure::CARD_UNSUPPORTED.into()),
        None if named.is_some() => Err(failure::CARD_UNKNOWN.into()),
        None => Err(shared.cards.why_none()),
    }
}

/// The tokens that fit, contacts before antenna.
fn fitting(shared: &Shared, wanted: &TokenWanted, named: Option<&str>) -> Vec<Arc<Present>> {
    let mut fitting = shared.cards.present();
    fitting.retain(|present| {
        let soft = present.description.kind == Kind::Soft;
        let kind = match wanted {
            TokenWanted::Card { .. } => !soft,
            TokenWanted::Soft { .. } => soft,
            TokenWanted::Any { .. } => true,
        };
        kind && named.is_none_or(|serial| present.serial() == serial)
    });
    fitting.sort_by_key(|present| present.description.kind == Kind::Cps3Contactless);
    fitting
}

fn serial_of(wanted: &TokenWanted) -> Option<&str> {
    match wanted {
        TokenWanted::Card { serial } | TokenWanted::Soft { serial } | TokenWanted::Any { serial } => {
            serial.as_deref()
        }
    }
}

/// Serial numbers, each once: the same card on contacts and antenna is one card.
fn distinct(present: &[Arc<Present>]) -> Vec<String> {
    let mut serials: Vec<String> = present.iter().map(|present| present.serial().to_owned()).collect();
    serials.sort();
    serials.dedup();
    serials
}
