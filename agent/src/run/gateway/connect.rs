//! A connection to the origin: which card signs its handshake, and what its person is asked for that.
//!
//! The PIN comes last: a handshake that needs no signature, because an earlier one is resumed or the card is still
//! verified, asks nobody.

use super::{Call, Live};
use crate::{
    config::GatewayCredential,
    host::{
        gateway::{
            files,
            line::{Credential, Line, Open, Unopened},
        },
        prompt_text::Deed,
        token_tls::TlsToken,
    },
    run::{
        driver, grant::Grant, key_use::Kept, present::Present, prompts::Asking, prompts::failure_of, words,
    },
};
use cps_agent_api::words::Screen;
use cps_agent_core::{
    audit,
    declined::Asker,
    failure::{self, Failure},
    identity::{NationalId, SessionView},
    session::{
        step::{PinFault, TokenFault},
        table::{Happening, Keeper},
    },
    trust::chain,
};
use cps_card::token::{Authorization, Hold, KeyRole, Scheme};
use std::{
    error::Error as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Most of an application's name in a prompt: where it goes is to be read too.
const NAME: usize = 30;

/// The card or token that signs a line's handshakes.
pub(super) struct Key {
    pub(super) present: Arc<Present>,
    /// What its next signature may use.
    pub(super) grant: Grant,
    /// The session was opened with it and may keep its verified state.
    own: bool,
}

impl Call<'_> {
    /// The gateway's line of this session; a new one where there is none.
    pub(super) async fn live(&self, session: &SessionView) -> Result<Arc<Live>, Failure> {
        let present = match &self.gate.settings.credential {
            GatewayCredential::Card => Some(self.card(session)?),
            GatewayCredential::Organisation(_) => None,
        };
        let same = |live: &&Arc<Live>| {
            let key = live.key.as_ref().map(|key| Arc::as_ptr(&key.present));
            live.sid == session.sid && live.line.over().is_none() && key == present.as_ref().map(Arc::as_ptr)
        };
        let there = || self.gate.live().as_ref().filter(same).map(Arc::clone);
        if let Some(live) = there() {
            return Ok(live);
        }
        let _making = self.gate.making.lock().await;
        if let Some(live) = there() {
            return Ok(live);
        }
        let live = Arc::new(self.begin(session, present.clone()).await?);
        // The session may have ended while files were read: nothing may begin after its end.
        self.shared.decide(|quiet, _| {
            if let Some(why) = live.over(quiet.sessions.current().as_ref()) {
                return Err(self.gate.failure(why));
            }
            let mut place = self.gate.live();
            if let Some(other) = place.as_ref().filter(same) {
                return Ok(Arc::clone(other));
            }
            if let Some(before) = place.replace(Arc::clone(&live)) {
                before.end(failure::CARD_REMOVED);
            }
            drop(place);
            self.watch(&live);
            Ok(live)
        })
    }

    /// The card whose certificate is shown: the one that the session was opened with, else the only one here of its person.
    fn card(&self, session: &SessionView) -> Result<Arc<Present>, Failure> {
        let cards = &self.shared.cards;
        let present = match &session.assurance.credential {
            Some(credential) => cards.find(&credential.serial),
            None => {
                let mut own = cards.present();
                own.retain(|present| {
                    words::holder(present).is_some_and(|holder| {
                        session.person.has(&NationalId(holder.national_id.as_str().to_owned()))
                    })
                });
                own.sort_by_key(|present| present.description.key(KeyRole::Authentication).is_none());
                let first = own.first().cloned();
                if own.iter().any(|other| first.as_ref().is_some_and(|f| f.serial() != other.serial())) {
                    let serials: Vec<_> = own.iter().map(|card| card.serial()).collect();
                    return Err(Failure::new(failure::SEVERAL_CARDS).with("serials", serials.join(", ")));
                }
                if first.is_none() && !cards.present().is_empty() {
                    return Err(failure::OTHER_PERSON.into());
                }
                first
            }
        };
        present.ok_or_else(|| cards.why_none())
    }

    /// A line without connections.
    async fn begin(&self, session: &SessionView, present: Option<Arc<Present>>) -> Result<Live, Failure> {
        let settings = &self.gate.settings;
        let anchors = files::anchors(&settings.anchors).map_err(|error| self.gate.unusable(&error))?;
        let signed = Arc::new(AtomicBool::new(false));
        let (credential, key, end_of_certificate) = match (present, &settings.credential) {
            (Some(present), _) => {
                let (token, key) = self.token(session, present, &signed)?;
                (Credential::Token(token), Some(key), None)
            }
            (None, GatewayCredential::Organisation(key)) => {
                let now = self.shared.clock.now();
                let (credential, end) = self.gate.organisation(key, now, &signed).await?;
                (credential, None, end)
            }
            (None, GatewayCredential::Card) => return Err(failure::INTERNAL.into()),
        };
        let proxies = Arc::clone(&self.shared.proxies);
        let line = Line::new(settings.route.base.clone(), &anchors, credential, proxies);
        let line = line.map_err(|error| self.gate.unreadable(&error))?;
        Ok(Live { sid: session.sid.clone(), line, key, end_of_certificate, signed })
    }

    /// The card as TLS sees it. One that the session was not opened with is judged first: the login judged the other.
    fn token(
        &self,
        session: &SessionView,
        present: Arc<Present>,
        signed: &Arc<AtomicBool>,
    ) -> Result<(TlsToken, Key), Failure> {
        let own = session.assurance.credential.is_some();
        let key = present.description.key(KeyRole::Authentication);
        let key = key.ok_or(failure::CONTACTLESS_CARD)?;
        let leaf = key.certificate.clone().ok_or(failure::CERTIFICATE_GARBLED)?;
        let anchors = &self.shared.fixed.anchors;
        if !own {
            let presented = chain::Presented {
                kind: present.description.kind,
                serial: present.serial(),
                certificate: &leaf,
            };
            chain::judge(presented, chain::Use::Login, anchors, self.shared.clock.now()).accepted()?;
        }
        let (schemes, needs_pin) = (key.schemes.clone(), key.needs_pin);
        let grant = Grant::default();
        let (granted, signer) = (grant.clone(), Arc::clone(&present));
        let signing = Arc::clone(signed);
        let key = Key { present, grant, own };
        let configured = self.shared.fixed.config.pin.hold;
        let sign = move |scheme: Scheme, message: &[u8]| {
            let verified = signer.unlocked();
            // Only the session's own card signs without its PIN.
            if needs_pin && !granted.has() && !(own && verified) {
                return Err(TokenFault::Pin(PinFault::Required));
            }
            let hold = match (own, verified) {
                (true, _) => configured,
                // What others keep verified stays so.
                (false, true) => Hold::Session,
                (false, false) => Hold::Operation,
            };
            let signed = granted.sign(&signer, scheme, message, hold);
            signing.fetch_or(signed.is_ok(), Ordering::Relaxed);
            if needs_pin && hold == Hold::Operation {
                signer.note_unlocked(false);
            }
            signed
        };
        let chain = driver::shown_chain(&leaf, anchors, self.shared.clock.now());
        Ok((TlsToken { chain, schemes, sign: Arc::new(sign) }, key))
    }

    /// Ends a line when its card leaves.
    fn watch(&self, live: &Arc<Live>) {
        let Some(key) = &live.key else { return };
        let (present, live) = (Arc::clone(&key.present), Arc::clone(live));
        self.shared.runtime.spawn(async move {
            tokio::select! {
                () = present.gone() => live.end(failure::CARD_REMOVED),
                _ = live.line.ended() => {}
            }
        });
    }

    /// Opens a connection when it is this call's turn, unless one has become free meanwhile. Asks for the PIN where the
    /// handshake turns out to need it.
    pub(super) async fn connect(&self, live: &Live) -> Result<Open, Failure> {
        let turn = live.line.turn().await;
        if let Some(open) = live.line.idle() {
            return Ok(open);
        }
        let mut typed: Option<Authorization> = None;
        loop {
            let spending = typed.is_some();
            let signature = Signature { call: self, live, typed: spending };
            let opened = self.handshake(live, typed.take()).await;
            drop(signature);
            match opened {
                Ok(mut open) => {
                    // Of a card or key store it is written down already.
                    if open.signed && live.line.signs_at_once() {
                        self.signed(live);
                    }
                    Line::settle(turn, &mut open);
                    return Ok(open);
                }
                Err(Unopened::Fault(fault)) => {
                    tracing::warn!(%fault, source = ?fault.source(), "no connection for a gateway");
                    return Err(self.gate.settings.route.unanswered(&fault));
                }
                Err(Unopened::Token(fault)) => typed = Some(self.asked(live, fault, spending).await?),
            }
        }
    }

    /// One handshake, with what the person typed or without.
    async fn handshake(&self, live: &Live, typed: Option<Authorization>) -> Result<Open, Unopened> {
        let person = longest(typed.as_ref(), self.shared.fixed.config.pin.timeout);
        let Some(key) = &live.key else { return live.line.open(person).await };
        let keeps = key.own && self.shared.fixed.config.pin.hold == Hold::Session;
        // Whatever becomes of the handshake: a session that ended meanwhile keeps no verified state.
        let _kept = typed
            .as_ref()
            .filter(|_| keeps)
            .map(|_| Kept::note(self.shared, &key.present, Keeper::Session(live.sid.clone())));
        let Asking { application, .. } = self.asking();
        let _shown = self.shared.pad_shown(typed.as_ref(), &application, key.present.serial());
        let _lent = key.grant.lend(typed);
        live.line.open(person).await
    }

    /// Asks for the PIN, when that is what a handshake lacked.
    async fn asked(&self, live: &Live, fault: TokenFault, spent: bool) -> Result<Authorization, Failure> {
        // A key store's fault is the administrator's to mend, and no person's PIN would.
        let Some(key) = &live.key else { return Err(failure_of(&fault)) };
        key.present.note_fault(&fault);
        let previous = match &fault {
            TokenFault::Pin(PinFault::Wrong { left }) if *left != Some(0) => {
                let wrong = audit::Event::refused(audit::What::Pin(*left), failure::PIN_WRONG);
                self.record(wrong, live);
                Some(&fault)
            }
            TokenFault::Pin(PinFault::Format { .. }) => Some(&fault),
            TokenFault::Pin(PinFault::Required) if !spent => None,
            _ => return Err(failure_of(&fault)),
        };
        let asker = Asker::Client(self.by.client.clone().unwrap_or_default());
        if self.shared.look(|quiet, now| quiet.declined.pauses(&asker, now)) {
            return Err(failure::PIN_CANCELLED.into());
        }
        let previous = previous.and_then(|fault| match fault {
            TokenFault::Pin(fault) => Some(fault),
            _ => None,
        });
        let asked = self.shared.ask_pin(&key.present, &self.asking(), previous).await;
        let authorization = asked.map_err(|fault| {
            let failure = failure_of(&fault);
            if failure.code == failure::PIN_CANCELLED {
                self.shared.decide(|quiet, now| quiet.declined.note(asker.clone(), now));
            }
            failure
        })?;
        // An answered prompt is a person at work; a call that needed nobody is not.
        self.shared.decide(|quiet, now| {
            quiet.declined.forget(&asker);
            self.shared.happened(quiet, Happening::Activity, now);
        });
        Ok(authorization)
    }

    fn asking(&self) -> Asking {
        let (application, route) = (self.shared.application_name(self.caller), &self.gate.settings.route);
        Asking {
            application: format!("{application:.NAME$} → {} ({})", route.origin(), route.name),
            deed: Deed::Gateway,
            screen: Screen::default(),
            language: self.caller.language,
        }
    }

    /// Writes a signature down.
    fn signed(&self, live: &Live) {
        let name = self.gate.settings.route.name.clone();
        self.record(audit::Event::done(audit::What::GatewayHandshake(name)), live);
    }

    fn record(&self, event: audit::Event, live: &Live) {
        let credential = live.key.as_ref().and_then(|key| words::credential(&key.present));
        self.shared.record([event.with(credential).within(live.sid.clone())], &self.by);
    }
}

/// What a handshake had the card or the key store do is written down when this is dropped: the handshake may break after the
/// signature, and its caller may hang up at any moment.
struct Signature<'a> {
    call: &'a Call<'a>,
    live: &'a Live,
    /// The person gave the PIN for it.
    typed: bool,
}

impl Drop for Signature<'_> {
    fn drop(&mut self) {
        if !self.live.signed.swap(false, Ordering::Relaxed) {
            return;
        }
        if let Some(key) = self.live.key.as_ref().filter(|_| self.typed) {
            key.present.note_right_pin();
            self.call.record(audit::Event::done(audit::What::Pin(None)), self.live);
        }
        self.call.signed(self.live);
    }
}

/// How long a handshake may take longer because of a person: at a reader's pad the PIN is typed within it.
fn longest(typed: Option<&Authorization>, prompt: Duration) -> Duration {
    if matches!(typed, Some(Authorization::Pad { .. })) { prompt } else { Duration::ZERO }
}
