//! Signing a challenge: the same road as a login's signature, without a session at its end.

use super::{
    choice::only,
    present::Present,
    prompts::{Asking, failure_of, fault},
    shared::Shared,
    words,
};
use crate::host::prompt_text::Deed;
use cps_agent_api::words::{ChallengeAnswer, ChallengeRequest};
use cps_agent_core::{
    audit,
    challenge::{Challenge, KeyUse, Prepared, Purpose},
    failure::{self, Failure, Language},
    identity::{NationalId, SessionId},
    jose::Algorithm,
    policy::Question,
    session::{
        step::{PinFault, TokenFault, TokenWanted},
        table::Happening,
    },
};
use cps_card::token::{Authorization, Hold, KeyInfo, KeyRole, Payload, Scheme};
use std::sync::Arc;

/// How the signature is authorised.
struct Permit {
    authorization: Authorization,
    /// The session that keeps the verified state; without one it ends with the operation.
    keeper: Option<SessionId>,
    /// A person typed something for it.
    typed: bool,
}

impl Shared {
    /// Signs a challenge for an application.
    ///
    /// # Errors
    /// Malformed requests, cards that are missing or several, the person's no, and whatever the card says.
    pub(super) async fn sign_challenge(
        &self,
        application: String,
        by: &audit::Application,
        language: Language,
        request: ChallengeRequest,
    ) -> Result<ChallengeAnswer, Failure> {
        let purpose = request.purpose.as_deref().unwrap_or("test");
        let purpose = Purpose::from_name(purpose).ok_or_else(|| malformed("purpose"))?;
        let mut present = None;
        let signed = self.challenged(application, language, &request, purpose, &mut present).await;
        let what = audit::What::Challenge(purpose);
        let event = match &signed {
            Ok(_) => audit::Event::done(what),
            Err(failure) => audit::Event::refused(what, failure.code),
        };
        self.record([event.with(present.as_deref().and_then(words::credential))], by);
        let card = present.map(|present| present.serial().to_owned()).unwrap_or_default();
        signed.map(|jws| ChallengeAnswer { jws, card })
    }

    async fn challenged(
        &self,
        application: String,
        language: Language,
        request: &ChallengeRequest,
        purpose: Purpose,
        found: &mut Option<Arc<Present>>,
    ) -> Result<String, Failure> {
        let audience = match &request.audience {
            Some(audience) => audience.clone(),
            // Only a login must say to whom; the rest is addressed to us.
            None if purpose == Purpose::Login => return Err(malformed("audience")),
            None => self.look(|quiet, _| quiet.provider.issuer().to_owned()),
        };
        let challenge =
            Challenge::new(&request.challenge, &audience, purpose).map_err(|e| malformed(&e.to_string()))?;
        let (role, key_use) = match purpose {
            Purpose::Presence => (KeyRole::Technical, KeyUse::Technical),
            Purpose::Login | Purpose::Test => (KeyRole::Authentication, KeyUse::Authentication),
        };
        let question = Question::Challenge { key: key_use, purpose };
        self.fixed.policy.may(&question).map_err(|reason| Failure::from(reason.code()))?;

        let wanted = TokenWanted::Any { serial: request.card.clone() };
        self.settled(&wanted, None).await;
        let present = only(self, &wanted, |present| present.description.key(role).is_some())?;
        *found = Some(Arc::clone(&present));
        let key = present.description.key(role).ok_or(failure::CARD_UNSUPPORTED)?;
        let certificate = key.certificate.as_deref().ok_or(failure::CERTIFICATE_GARBLED)?;
        let prepared = challenge
            .prepare(key_use, &[certificate.der()], self.clock.now())
            .map_err(|_| failure::CERTIFICATE_GARBLED)?;
        let scheme = scheme(&prepared, key)?;

        let asking = Asking { application, deed: Deed::Challenge, screen: request.screen.clone(), language };
        let permit = self.permit(&present, key.needs_pin, &asking).await?;
        let signature = self.signed(&present, role, scheme, prepared.message(), permit, &asking).await?;
        prepared.attach(&signature).map_err(|_| failure::PROOF_REFUSED.into())
    }

    /// Whether the live session's verified state may be used, or the person has to be asked.
    async fn permit(&self, present: &Present, needs_pin: bool, asking: &Asking) -> Result<Permit, Failure> {
        let session = self.session_of(present)?;
        if !needs_pin {
            return Ok(Permit { authorization: Authorization::Held, keeper: None, typed: false });
        }
        let keeper = session.filter(|_| self.fixed.config.pin.hold == Hold::Session);
        if keeper.is_some() && present.unlocked() {
            return Ok(Permit { authorization: Authorization::Held, keeper, typed: false });
        }
        self.permit_typed(present, asking, None, keeper).await
    }

    /// Asks the person. The prompt may stay open for minutes: what the session allowed before it is judged anew after
    /// it, and a session that ended meanwhile keeps no verified state.
    async fn permit_typed(
        &self,
        present: &Present,
        asking: &Asking,
        previous: Option<&PinFault>,
        keeper: Option<SessionId>,
    ) -> Result<Permit, Failure> {
        let asked = self.ask_pin(present, asking, previous).await;
        let authorization = asked.map_err(|fault| failure_of(&fault))?;
        // An answered prompt is a person at work; a signature that needed nobody is not.
        self.decide(|quiet, now| self.happened(quiet, Happening::Activity, now));
        let session = self.session_of(present)?;
        let keeper = keeper.filter(|sid| session.as_ref() == Some(sid));
        Ok(Permit { authorization, keeper, typed: true })
    }

    /// The live session, if it was opened with this very token.
    ///
    /// # Errors
    /// When the session is locked, or another person's: nobody's token signs under somebody else's session. A token
    /// that names nobody is the person's only when the session was opened with it.
    fn session_of(&self, present: &Present) -> Result<Option<SessionId>, Failure> {
        let Some(session) = self.look(|quiet, _| quiet.sessions.current()) else { return Ok(None) };
        if session.locked {
            return Err(failure::SESSION_LOCKED.into());
        }
        let own = session.assurance.credential.is_some_and(|used| used.serial == present.serial());
        let theirs = match words::holder(present) {
            Some(holder) => session.person.has(&NationalId(holder.national_id.as_str().to_owned())),
            None => own,
        };
        if !theirs {
            return Err(failure::OTHER_PERSON.into());
        }
        Ok(own.then_some(session.sid))
    }

    /// Has the token sign. A verified state that turned out to be lost is asked for anew, once.
    async fn signed(
        &self,
        present: &Present,
        role: KeyRole,
        scheme: Scheme,
        message: &[u8],
        permit: Permit,
        asking: &Asking,
    ) -> Result<Vec<u8>, Failure> {
        let (typed, keeper) = (permit.typed, permit.keeper.clone());
        let made = self.operate(present, role, scheme, message, permit).await;
        let made = match made {
            Err(TokenFault::Pin(PinFault::Required)) if !typed => {
                let permit = self.permit_typed(present, asking, Some(&PinFault::Required), keeper).await?;
                self.operate(present, role, scheme, message, permit).await
            }
            made => made,
        };
        made.map_err(|fault| failure_of(&fault))
    }

    async fn operate(
        &self,
        present: &Present,
        role: KeyRole,
        scheme: Scheme,
        message: &[u8],
        permit: Permit,
    ) -> Result<Vec<u8>, TokenFault> {
        let Permit { authorization, keeper, .. } = permit;
        let message = message.to_vec();
        let hold = if keeper.is_some() { Hold::Session } else { Hold::Operation };
        let _kept = keeper.map(|sid| Kept::note(self, present, sid));
        let signed = present
            .run(move |token| token.sign(role, scheme, Payload::Message(&message), authorization, hold));
        signed.await.map_err(|error| {
            let fault = fault(&error);
            present.note_fault(&fault);
            fault
        })
    }
}

/// A verified state that an operation may bring about for a session. Whether the operation ends or is given up: a session
/// that ended or locked meanwhile had its release carried out before the state came about, so it is released again.
struct Kept<'a> {
    shared: &'a Shared,
    present: &'a Present,
    sid: SessionId,
}

impl<'a> Kept<'a> {
    fn note(shared: &'a Shared, present: &'a Present, sid: SessionId) -> Self {
        present.note_unlocked(true);
        Self { shared, present, sid }
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        let session = self.shared.look(|quiet, _| quiet.sessions.current());
        if !session.is_some_and(|session| session.sid == self.sid && !session.locked) {
            self.present.note_unlocked(true);
            self.present.release();
        }
    }
}

/// The token's name for the challenge's algorithm.
fn scheme(prepared: &Prepared, key: &KeyInfo) -> Result<Scheme, Failure> {
    let scheme = match prepared.algorithm() {
        Algorithm::Rs256 => Scheme::RsaPkcs1Sha256,
        Algorithm::Ps256 => Scheme::RsaPssSha256,
        Algorithm::Es256 => Scheme::EcdsaP256Sha256,
    };
    if key.schemes.contains(&scheme) { Ok(scheme) } else { Err(failure::CARD_UNSUPPORTED.into()) }
}

fn malformed(reason: &str) -> Failure {
    Failure::new(failure::CHALLENGE_MALFORMED).with("reason", reason)
}
