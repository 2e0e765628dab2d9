//! From a leaf to a root (RFC 5280 §6), and the verdict on a card or token that wants to log in.

use super::anchors::{Anchors, calls_itself_test, is_authority, is_strong};
use crate::failure::{self, Code, Failure};
use crate::identity::{Environment, UnixTime};
use cps_card::certificate::{Certificate, PublicKey};
use cps_card::holder::Holder;
use cps_card::token::Kind;
use std::sync::Arc;

/// Most authorities in a chain, the root included. The IGC-Santé has two.
const MAX_DEPTH: usize = 4;

/// What the key is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// To log a person in: digitalSignature and clientAuth, of a card in a contact reader or of a soft token.
    Login,
    /// To show that a card is here. Says nothing about a person.
    Presence,
}

/// What was presented, besides the certificate itself.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// What holds the key.
    pub kind: Kind,
    /// Serial number as read from the plastic or the token file.
    pub serial: &'a str,
    /// Its certificate.
    pub certificate: &'a Certificate,
}

/// What is thought of a card or token. It is not a "valid": revocation is asked apart ([`super::revocation`]).
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Authorities from the issuer up to the root; empty when there is no chain.
    pub chain: Vec<Arc<Certificate>>,
    /// The person the certificate names, when it names one.
    pub holder: Option<Holder>,
    /// Everything that speaks against it, the most telling first; empty when nothing does.
    pub problems: Vec<Failure>,
}

impl Verdict {
    /// The verdict as an answer: chain and holder, or the first problem.
    ///
    /// # Errors
    /// The first problem.
    pub fn accepted(self) -> Result<Accepted, Failure> {
        if let Some(problem) = self.problems.into_iter().next() {
            return Err(problem);
        }
        match (self.chain.first().cloned(), self.holder) {
            (Some(issuer), Some(holder)) => Ok(Accepted { issuer, holder }),
            (None, _) => Err(failure::UNKNOWN_ISSUER.into()),
            (_, None) => Err(failure::NOT_A_PERSON.into()),
        }
    }
}

/// A card or token that may log in, revocation aside.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The authority that issued the certificate.
    pub issuer: Arc<Certificate>,
    /// Whom it names.
    pub holder: Holder,
}

/// Judges a card or token.
#[must_use]
pub fn judge(presented: Presented<'_>, wanted: Use, anchors: &Anchors, now: UnixTime) -> Verdict {
    let leaf = presented.certificate;
    let holder = Holder::from_certificate(leaf);
    let (chain, broken) = match build(leaf, anchors, now) {
        Ok(chain) => (chain, None),
        Err(code) => (Vec::new(), Some(code)),
    };
    // The environment comes first: a test card in production also has an unknown issuer, and that would help nobody.
    let found = [
        environment(leaf, holder.as_ref(), anchors.environment()),
        dates(leaf, now).err(),
        (!is_strong(leaf)).then_some(failure::WEAK_CERTIFICATE),
        broken,
        leaf.has_unknown_critical_extension().then_some(failure::WRONG_KEY_USAGE),
        is_authority(leaf).then_some(failure::WRONG_KEY_USAGE),
    ];
    let mut codes: Vec<Code> = found.into_iter().flatten().collect();
    if wanted == Use::Login {
        codes.extend(login(presented, holder.as_ref()));
    }
    codes.dedup();
    Verdict { chain, holder, problems: codes.into_iter().map(Failure::from).collect() }
}

/// Builds the chain of authorities from the issuer of `leaf` to a root, out of anchors only.
///
/// # Errors
/// [`failure::NO_ANCHORS`], [`failure::UNKNOWN_ISSUER`], or [`failure::AUTHORITY_EXPIRED`] when a chain fails by dates alone.
pub fn build(leaf: &Certificate, anchors: &Anchors, now: UnixTime) -> Result<Vec<Arc<Certificate>>, Code> {
    if anchors.is_empty() {
        return Err(failure::NO_ANCHORS);
    }
    climb(leaf, anchors, now, 0)
}

/// One step up. `below` authorities stand between `certificate`'s issuer and the leaf.
fn climb(
    certificate: &Certificate,
    anchors: &Anchors,
    now: UnixTime,
    below: usize,
) -> Result<Vec<Arc<Certificate>>, Code> {
    if below >= MAX_DEPTH {
        return Err(failure::UNKNOWN_ISSUER);
    }
    let mut worst = failure::UNKNOWN_ISSUER;
    for issuer in anchors.issuers_of(certificate) {
        let room = issuer
            .basic_constraints()
            .and_then(|b| b.path_length)
            .is_none_or(|limit| usize::try_from(limit).is_ok_and(|limit| limit >= below));
        if !room || !is_authority(issuer) || !is_strong(issuer) || !certificate.is_signed_by(issuer) {
            continue;
        }
        if dates(issuer, now).is_err() {
            worst = failure::AUTHORITY_EXPIRED;
            continue;
        }
        if issuer.is_signed_by(issuer) {
            return Ok(vec![Arc::clone(issuer)]);
        }
        match climb(issuer, anchors, now, below + 1) {
            Ok(mut above) => {
                above.insert(0, Arc::clone(issuer));
                return Ok(above);
            }
            Err(failure::AUTHORITY_EXPIRED) => worst = failure::AUTHORITY_EXPIRED,
            Err(_) => {}
        }
    }
    Err(worst)
}

fn dates(certificate: &Certificate, now: UnixTime) -> Result<(), Code> {
    if now.0 < certificate.not_before() {
        Err(failure::NOT_YET_VALID)
    } else if now.0 > certificate.not_after() {
        Err(failure::CERTIFICATE_EXPIRED)
    } else {
        Ok(())
    }
}

/// Test and production never mix. The category byte says what a card is; a certificate without one, which a soft token of
/// a site may have, is known by its issuer's name.
fn environment(leaf: &Certificate, holder: Option<&Holder>, here: Environment) -> Option<Code> {
    let category = holder.and_then(|h| h.category);
    let test = category.map_or_else(|| calls_itself_test(leaf), |c| c.is_test());
    match (here, test) {
        (Environment::Production, true) => Some(failure::TEST_CARD_IN_PRODUCTION),
        (Environment::Test, false) => Some(failure::REAL_CARD_IN_TEST),
        _ => None,
    }
}

/// What a login asks besides.
fn login(presented: Presented<'_>, holder: Option<&Holder>) -> Vec<Code> {
    let leaf = presented.certificate;
    let mut codes = Vec::new();
    if presented.kind == Kind::Cps3Contactless {
        codes.push(failure::CONTACTLESS_CARD);
    }
    let signs = leaf.key_usage().is_some_and(|usage| usage.digital_signature);
    let for_clients = leaf.extended_key_usage().is_some_and(|usage| usage.client_auth);
    if !signs || !for_clients {
        codes.push(failure::WRONG_KEY_USAGE);
    }
    match presented.kind {
        Kind::Cps3 | Kind::Cps3Contactless | Kind::Cps4 => codes.extend(plastic(presented, holder)),
        Kind::Soft => {
            // A site's own authority may write no category; what it writes must be "software".
            let software = holder.and_then(|h| h.category).is_none_or(|c| c.is_software());
            if !software || leaf.public_key() != PublicKey::P256 {
                codes.push(failure::WRONG_KEY_USAGE);
            }
        }
    }
    if holder.is_none() {
        codes.push(failure::NOT_A_PERSON);
    }
    codes
}

/// The certificate is one of a card, and of this card.
fn plastic(presented: Presented<'_>, holder: Option<&Holder>) -> Vec<Code> {
    let Some(holder) = holder else { return Vec::new() };
    let mut codes = Vec::new();
    if !holder.category.is_some_and(|c| c.is_card()) || holder.card_type.is_none() {
        codes.push(failure::WRONG_KEY_USAGE);
    }
    if !holder.card_number.as_ref().is_some_and(|number| number.is_of_card(presented.serial)) {
        codes.push(failure::WRONG_CARD_NUMBER);
    }
    codes
}
