//! The local road: revocation, then a challenge of our own, signed by the card or token after the PIN.

use super::credential::{Holding, person_of};
use super::{Case, Moment, Outcome, Spend, State, Turn, unexpected};
use crate::audit;
use crate::challenge::{Challenge, KeyUse, Prepared, Purpose};
use crate::failure::{self, Failure};
use crate::identity::{ACR_LOCAL, Assurance, Way};
use crate::jose::Algorithm;
use crate::session::step::{Action, Event, TokenFault};
use crate::trust::{Status, revocation};
use cps_card::token::Scheme;
use std::sync::Arc;

/// Bytes of the nonce of our own challenge.
const NONCE: usize = 32;

/// Begins: is the certificate still good? Asked before the PIN, so that nobody types one for a revoked card.
pub(super) fn begin(holding: Holding) -> Turn {
    let action = Action::Revocation {
        certificate: Arc::clone(&holding.seen.certificate),
        issuer: Arc::clone(&holding.accepted.issuer),
    };
    Turn::on(State::Revocation(AwaitRevocation { holding }), action)
}

/// Revocation data is awaited.
#[derive(Debug)]
pub(super) struct AwaitRevocation {
    pub(super) holding: Holding,
}

impl AwaitRevocation {
    pub(super) fn on(self, event: Event, case: &mut Case, moment: &mut Moment<'_>) -> Result<Turn, Failure> {
        let Event::Revocation(evidence) = event else { return Err(unexpected()) };
        let holding = self.holding;
        let status =
            revocation::check(&holding.seen.certificate, &holding.accepted.issuer, &evidence, moment.now);
        if let Status::Unknown(_) = status {
            moment.notes.push(
                audit::Event::done(audit::What::RevocationUnknown)
                    .with(Some(holding.credential()))
                    .of(holding.national_id()),
            );
        }
        case.warnings.extend(status.decide(case.settings.revocation)?);
        let challenged = Challenged::prepare(&holding, case, moment)?;
        Ok(Spend::Signature(challenged).go(holding))
    }
}

/// Our own challenge, not signed yet.
#[derive(Debug)]
pub(super) struct Challenged {
    prepared: Prepared,
    scheme: Scheme,
}

impl Challenged {
    fn prepare(holding: &Holding, case: &Case, moment: &mut Moment<'_>) -> Result<Self, Failure> {
        let mut nonce = [0_u8; NONCE];
        moment.entropy.fill(&mut nonce);
        let nonce: String = nonce.iter().map(|byte| format!("{byte:02x}")).collect();
        let prepared = Challenge::new(&nonce, &case.settings.audience, Purpose::Login)
            .and_then(|challenge| {
                challenge.prepare(KeyUse::Authentication, &[holding.seen.certificate.der()], moment.now)
            })
            .map_err(|_| Failure::new(failure::INTERNAL))?;
        let scheme = match prepared.algorithm() {
            Algorithm::Rs256 => Scheme::RsaPkcs1Sha256,
            Algorithm::Ps256 => Scheme::RsaPssSha256,
            Algorithm::Es256 => Scheme::EcdsaP256Sha256,
        };
        if !holding.seen.schemes.contains(&scheme) {
            return Err(failure::CARD_UNSUPPORTED.into());
        }
        Ok(Self { prepared, scheme })
    }

    /// Lets the card sign.
    pub(super) fn sign(self, holding: Holding) -> Turn {
        let action = Action::Sign {
            serial: holding.seen.serial.clone(),
            scheme: self.scheme,
            message: self.prepared.message().to_vec(),
        };
        Turn::on(State::Signature(AwaitSignature { holding, challenged: self }), action)
    }
}

/// The card's signature is awaited.
#[derive(Debug)]
pub(super) struct AwaitSignature {
    pub(super) holding: Holding,
    challenged: Challenged,
}

impl AwaitSignature {
    pub(super) fn on(self, event: Event, case: &mut Case, moment: &mut Moment<'_>) -> Result<Turn, Failure> {
        let signature = match event {
            Event::Signed(signature) => signature,
            Event::TokenFailed(TokenFault::Pin(fault)) => {
                return Spend::Signature(self.challenged).refused(self.holding, fault, moment);
            }
            _ => return Err(unexpected()),
        };
        // The certificate alone proves nothing; this does.
        self.challenged.prepared.attach(&signature).map_err(|_| Failure::new(failure::PROOF_REFUSED))?;
        let holding = self.holding;
        moment.notes.push(
            audit::Event::done(audit::What::Challenge(Purpose::Login))
                .with(Some(holding.credential()))
                .of(holding.national_id()),
        );
        Ok(Turn::Done(Box::new(Outcome {
            person: Arc::new(person_of(&holding.accepted.holder)),
            assurance: Assurance {
                way: Way::Local,
                acr: ACR_LOCAL.to_owned(),
                amr: holding.amr(),
                auth_time: moment.now,
                idp: None,
                psc_auth_mode: None,
                credential: Some(holding.credential()),
            },
            purpose: case.purpose.clone(),
            without_card: None,
            upstream: None,
            warnings: std::mem::take(&mut case.warnings),
        })))
    }
}
