//! TEST authorities, the certificates of the virtual cards, and their revocation lists.
//!
//! The shape is that of IGC-Santé TEST (`services.md` §6); the keys are public and worthless (`tests/sandbox/keys`).
//! Nothing here chains to anything real.

mod certificate;
mod date;
pub mod holder;
mod keys;
mod revocation;
#[cfg(test)]
mod tests;
mod web;

pub use certificate::{Leaf, Purpose};
pub use date::http_date;
pub use holder::{CardType, Holder};
pub use keys::TestKey;
pub use web::WebAuthority;

use base64::{Engine, engine::general_purpose::STANDARD};
use certificate::AuthorityName;
use date::Day;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

/// The range (gamme) of IGC-Santé that a card comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// Cards of health professionals (CPS).
    Fort,
    /// Cards of employees (CPE).
    Standard,
}

/// A wish for a certificate that is wrong in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Variant {
    /// Nothing wrong.
    #[default]
    Valid,
    /// Its three years are over.
    Expired,
    /// Its three years have not begun.
    NotYetValid,
    /// The right issuer's name, signed by a stranger's key.
    WrongIssuer,
}

/// One TEST authority.
#[derive(Debug)]
struct Authority {
    name: AuthorityName,
    key: TestKey,
    certificate: Vec<u8>,
}

impl Authority {
    fn root(common_name: &'static str, stem: &'static str, key: &str) -> Self {
        let name = AuthorityName { common_name, stem };
        let key = TestKey::named(key);
        let certificate = certificate::authority(name, &key, name, &key);
        Self { name, key, certificate }
    }

    fn issue(&self, common_name: &'static str, stem: &'static str, key: &str) -> Self {
        let name = AuthorityName { common_name, stem };
        let key = TestKey::named(key);
        let certificate = certificate::authority(name, &key, self.name, &self.key);
        Self { name, key, certificate }
    }
}

/// The TEST authorities of the sandbox.
#[derive(Debug)]
pub struct Pki {
    fort_root: Authority,
    fort_persons: Authority,
    standard_root: Authority,
    standard_persons: Authority,
    stranger: TestKey,
}

impl Pki {
    /// The one set of authorities, the same on every machine and in every run.
    #[must_use]
    pub fn test() -> Arc<Self> {
        static ONLY: OnceLock<Arc<Pki>> = OnceLock::new();
        ONLY.get_or_init(|| Arc::new(Self::build())).clone()
    }

    fn build() -> Self {
        let fort_root = Authority::root("TEST AC RACINE IGC-SANTE FORT", "ACR-FO", "authority-fort-root");
        let standard_root =
            Authority::root("TEST AC RACINE IGC-SANTE STANDARD", "ACR-ST", "authority-standard-root");
        let fort_persons =
            fort_root.issue("TEST AC IGC-SANTE FORT PERSONNES", "ACI-FO-PP", "authority-fort-persons");
        let standard_persons = standard_root.issue(
            "TEST AC IGC-SANTE STANDARD PERSONNES",
            "ACI-ST-PP",
            "authority-standard-persons",
        );
        let stranger = TestKey::named("authority-stranger");
        Self { fort_root, fort_persons, standard_root, standard_persons, stranger }
    }

    fn issuer(&self, range: Range) -> &Authority {
        match range {
            Range::Fort => &self.fort_persons,
            Range::Standard => &self.standard_persons,
        }
    }

    fn authorities(&self) -> [(&'static str, &Authority); 4] {
        [
            ("test-ac-racine-igc-sante-fort", &self.fort_root),
            ("test-ac-igc-sante-fort-personnes", &self.fort_persons),
            ("test-ac-racine-igc-sante-standard", &self.standard_root),
            ("test-ac-igc-sante-standard-personnes", &self.standard_persons),
        ]
    }

    /// Roots and intermediates as (file name, PEM), ready to be written into a trust folder.
    #[must_use]
    pub fn anchors_pem(&self) -> Vec<(String, String)> {
        self.authorities()
            .map(|(stem, authority)| (format!("{stem}.pem"), pem("CERTIFICATE", &authority.certificate)))
            .to_vec()
    }

    /// Roots and intermediates as DER, for a server that checks client certificates.
    #[must_use]
    pub fn anchors_der(&self) -> Vec<Vec<u8>> {
        self.authorities().map(|(_, authority)| authority.certificate.clone()).to_vec()
    }

    /// A certificate of a card, DER.
    #[must_use]
    pub fn certificate(
        &self,
        holder: &Holder,
        serial: &str,
        purpose: Purpose,
        key: &TestKey,
        variant: Variant,
    ) -> Vec<u8> {
        let this_year = Day::of(SystemTime::now(), 0).year;
        let from_year = match variant {
            Variant::Valid | Variant::WrongIssuer => this_year - 1,
            Variant::Expired => this_year - 5,
            Variant::NotYetValid => this_year + 2,
        };
        let issuer = self.issuer(Range::of(holder));
        let signer = if variant == Variant::WrongIssuer { &self.stranger } else { &issuer.key };
        certificate::leaf(&Leaf { holder, serial, purpose, key, from_year }, issuer.name, signer)
    }

    /// The revocation list of the authority that issues a range's cards, DER: made today, good for a week.
    /// `revoked` holds DER certificates; those of other issuers are named all the same.
    #[must_use]
    pub fn crl(&self, range: Range, revoked: &[Vec<u8>]) -> Vec<u8> {
        let issuer = self.issuer(range);
        let now = SystemTime::now();
        revocation::list(issuer.name, &issuer.key, revoked, (Day::of(now, 0), Day::of(now, 7)))
    }

    /// The same list a month old, past its `nextUpdate`.
    #[must_use]
    pub fn stale_crl(&self, range: Range, revoked: &[Vec<u8>]) -> Vec<u8> {
        let issuer = self.issuer(range);
        let now = SystemTime::now();
        revocation::list(issuer.name, &issuer.key, revoked, (Day::of(now, -30), Day::of(now, -23)))
    }
}

impl Range {
    /// The range of a holder's card.
    #[must_use]
    pub fn of(holder: &Holder) -> Self {
        match holder.card_type {
            CardType::Cps => Self::Fort,
            CardType::Cpe => Self::Standard,
        }
    }
}

/// PEM text (RFC 7468).
#[must_use]
pub fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    let base64 = STANDARD.encode(der);
    for line in base64.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}
