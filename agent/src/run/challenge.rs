//! Signing a challenge: the same road as a login's signature, without a session at its end.

use super::{
    choice::only,
    key_use::{Task, Use, Work},
    present::Present,
    prompts::Asking,
    shared::Shared,
    words,
};
use crate::host::prompt_text::Deed;
use cps_agent_api::words::{ChallengeAnswer, ChallengeRequest};
use cps_agent_core::{
    audit,
    challenge::{Challenge, KeyUse, Prepared, Purpose},
    failure::{self, Failure, Language},
    jose::Algorithm,
    policy::Question,
    session::step::TokenWanted,
};
use cps_card::token::{KeyInfo, KeyRole, Scheme};
use std::sync::{Arc, OnceLock};

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
        let present = OnceLock::new();
        let under_way = self.under_way(by, |how| {
            let event = audit::Event::ended(audit::What::Challenge(purpose), how);
            event.with(present.get().and_then(|present: &Arc<Present>| words::credential(present)))
        });
        let signed = self.challenged(application, language, &request, purpose, &present).await;
        let _told = under_way.ended(&signed);
        let card = present.get().map(|present| present.serial().to_owned()).unwrap_or_default();
        signed.map(|jws| ChallengeAnswer { jws, card })
    }

    async fn challenged(
        &self,
        application: String,
        language: Language,
        request: &ChallengeRequest,
        purpose: Purpose,
        found: &OnceLock<Arc<Present>>,
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
        let present = found.get_or_init(|| present);
        let key = present.description.key(role).ok_or(failure::CARD_UNSUPPORTED)?;
        let certificate = key.certificate.as_deref().ok_or(failure::CERTIFICATE_GARBLED)?;
        let prepared = challenge
            .prepare(key_use, &[certificate.der()], self.clock.now())
            .map_err(|_| failure::CERTIFICATE_GARBLED)?;
        let scheme = scheme(&prepared, key)?;

        let asking = Asking { application, deed: Deed::Challenge, screen: request.screen.clone(), language };
        let work = Arc::new(Work { role, task: Task::Message(scheme, prepared.message().to_vec()) });
        let key_use = Use { present, work, needs_pin: key.needs_pin, asking: &asking, program: None };
        let signature = self.use_key(&key_use).await?;
        prepared.attach(&signature).map_err(|_| failure::PROOF_REFUSED.into())
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
