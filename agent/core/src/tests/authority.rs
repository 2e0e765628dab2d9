//! Made-up authorities and cards in the shape of IGC-Santé TEST, with every detail open to change.

use crate::identity::Environment;
use crate::jose::{Algorithm, SigningKey};
use crate::session::step::TokenSeen;
use crate::trust::{AnchorFile, Anchors};
use cps_card::certificate::Certificate;
use cps_card::token::{Kind, Scheme};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CrlDistributionPoint,
    CrlIssuingDistributionPoint, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};
use std::sync::Arc;

pub(crate) const CRL: &str = "http://crl.test.invalid/persons.crl";
const DOCTOR_KEY: &str = include_str!("../../../../tests/sandbox/keys/card-doctor-cps3-authentication.pem");
const NURSE_KEY: &str = include_str!("../../../../tests/sandbox/keys/card-nurse-authentication.pem");

/// RSA of 1024 bits, the public half alone.
const WEAK_KEY: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCXcvLAfWv7amPvMypfTaxwVgjr
51BDVtzbrbk9CGXaYvI7wJ3BB3lZ2BG4W3uyREeBubxba1e4ybDqmMCC+FSsIlkH
Ldb8WIM0sACPRJ0IBoaMok+d8h5qwHGVknHSRB40h1fsKkueuf9qvLp734jxv77x
//N6WTaOZE8sqKVGcwIDAQAB
-----END PUBLIC KEY-----
";

/// An authority that can issue.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) certificate: Certificate,
    pem: String,
}

/// What an authority looks like. The default is good.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) is_ca: bool,
    pub(crate) path_length: Option<u8>,
    pub(crate) usages: Vec<KeyUsagePurpose>,
    pub(crate) extended: Vec<ExtendedKeyUsagePurpose>,
    pub(crate) years: (i32, i32),
    pub(crate) critical: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            name: "TEST AC RACINE",
            unit: "IGC-SANTE TEST",
            is_ca: true,
            path_length: None,
            usages: vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign],
            extended: Vec::new(),
            years: (2013, 2033),
            critical: false,
        }
    }
}

impl Shape {
    fn parameters(&self) -> CertificateParams {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = DistinguishedName::new();
        parameters.distinguished_name.push(DnType::OrganizationalUnitName, self.unit);
        parameters.distinguished_name.push(DnType::CommonName, self.name);
        parameters.is_ca = match (self.is_ca, self.path_length) {
            (false, _) => IsCa::ExplicitNoCa,
            (true, None) => IsCa::Ca(BasicConstraints::Unconstrained),
            (true, Some(length)) => IsCa::Ca(BasicConstraints::Constrained(length)),
        };
        parameters.key_usages = self.usages.clone();
        parameters.extended_key_usages = self.extended.clone();
        parameters.not_before = date_time_ymd(self.years.0, 1, 1);
        parameters.not_after = date_time_ymd(self.years.1, 1, 1);
        if self.critical {
            parameters.custom_extensions.push(critical_extension());
        }
        parameters
    }
}

fn critical_extension() -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![0x05, 0x00]);
    extension.set_criticality(true);
    extension
}

impl Authority {
    pub(crate) fn root(shape: &Shape) -> Self {
        let (parameters, key) = (shape.parameters(), KeyPair::generate().unwrap());
        let made = parameters.self_signed(&key).unwrap();
        Self::of(made, parameters, key)
    }

    pub(crate) fn under(&self, shape: &Shape) -> Self {
        let (parameters, key) = (shape.parameters(), KeyPair::generate().unwrap());
        let made = parameters.signed_by(&key, &self.issuer).unwrap();
        Self::of(made, parameters, key)
    }

    fn of(made: rcgen::Certificate, parameters: CertificateParams, key: KeyPair) -> Self {
        Self {
            certificate: Certificate::from_der(made.der()).unwrap(),
            pem: made.pem(),
            issuer: Issuer::new(parameters, key),
        }
    }

    pub(crate) fn file(&self) -> AnchorFile {
        AnchorFile { name: "authority.pem".into(), content: self.pem.clone().into_bytes() }
    }

    /// A signature by the authority's key (ECDSA, P-256, SHA-256).
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        rcgen::SigningKey::sign(self.issuer.key(), message).unwrap()
    }

    /// A revocation list with these serial numbers, in force between the two years.
    pub(crate) fn list(&self, revoked: &[u64], years: (i32, i32), point: Option<&str>) -> Vec<u8> {
        let revoked_certs = revoked
            .iter()
            .map(|serial| RevokedCertParams {
                serial_number: SerialNumber::from(*serial),
                revocation_time: date_time_ymd(2026, 6, 1),
                reason_code: None,
                invalidity_date: None,
            })
            .collect();
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(years.0, 1, 1),
            next_update: date_time_ymd(years.1, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: point.map(|uri| CrlIssuingDistributionPoint {
                distribution_point: CrlDistributionPoint { uris: vec![uri.to_owned()] },
                scope: None,
            }),
            revoked_certs,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).unwrap().der().to_vec()
    }
}

/// A TEST root and the authority of persons below it, as the cards have them.
pub(crate) struct Pki {
    pub(crate) root: Authority,
    pub(crate) persons: Authority,
}

impl Default for Pki {
    fn default() -> Self {
        let root = Authority::root(&Shape::default());
        let persons =
            root.under(&Shape { name: "TEST AC PERSONNES", path_length: Some(0), ..Shape::default() });
        Self { root, persons }
    }
}

impl Pki {
    pub(crate) fn anchors(&self) -> Anchors {
        let (anchors, refused) = Anchors::read(&[self.root.file(), self.persons.file()], Environment::Test);
        assert!(refused.is_empty());
        anchors
    }
}

/// What a card or token looks like. The default is a good doctor's CPS3.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    pub(crate) serial: &'static str,
    pub(crate) id: &'static str,
    pub(crate) names: Option<(&'static str, &'static str)>,
    pub(crate) category: Option<u8>,
    pub(crate) card_type: Option<u8>,
    pub(crate) card_number: Option<&'static str>,
    pub(crate) usage: KeyUsagePurpose,
    pub(crate) extended: Option<ExtendedKeyUsagePurpose>,
    pub(crate) years: (i32, i32),
    pub(crate) number: u64,
    pub(crate) needs_pin: bool,
    pub(crate) critical: bool,
    pub(crate) weak: bool,
}

/// The doctor of the tests.
pub(crate) const DOCTOR: &str = "899700990015";
/// The nurse of the tests.
pub(crate) const NURSE: &str = "899700990023";

impl Default for Plan {
    fn default() -> Self {
        Self {
            kind: Kind::Cps3,
            serial: "10000001",
            id: DOCTOR,
            names: Some(("CAMILLE", "EXEMPLE0099001")),
            category: Some(0x80),
            card_type: Some(0),
            card_number: Some("8025000001/0010000001"),
            usage: KeyUsagePurpose::DigitalSignature,
            extended: Some(ExtendedKeyUsagePurpose::ClientAuth),
            years: (2025, 2028),
            number: 4711,
            needs_pin: true,
            critical: false,
            weak: false,
        }
    }
}

impl Plan {
    pub(crate) fn nurse() -> Self {
        Self {
            serial: "10000002",
            id: NURSE,
            names: Some(("SACHA", "EXEMPLE0099002")),
            card_number: Some("8025000001/0010000002"),
            number: 4712,
            ..Self::default()
        }
    }

    pub(crate) fn soft() -> Self {
        Self {
            kind: Kind::Soft,
            serial: "4713",
            category: Some(0x83),
            card_type: None,
            card_number: None,
            number: 4713,
            ..Self::default()
        }
    }

    /// Has an authority issue it.
    pub(crate) fn issued_by(&self, authority: &Authority) -> Card {
        let key = match self.kind {
            Kind::Soft => KeyPair::generate().unwrap(),
            _ => KeyPair::from_pem(if self.id == NURSE { NURSE_KEY } else { DOCTOR_KEY }).unwrap(),
        };
        let mut parameters = CertificateParams::default();
        parameters.serial_number = Some(SerialNumber::from(self.number));
        let mut subject = DistinguishedName::new();
        if let Some((given, family)) = self.names {
            subject.push(DnType::CustomDnType(vec![2, 5, 4, 42]), given);
            subject.push(DnType::CustomDnType(vec![2, 5, 4, 4]), family);
        }
        subject.push(DnType::CommonName, self.id);
        parameters.distinguished_name = subject;
        parameters.key_usages = vec![self.usage];
        parameters.extended_key_usages = self.extended.iter().cloned().collect();
        parameters.not_before = date_time_ymd(self.years.0, 1, 1);
        parameters.not_after = date_time_ymd(self.years.1, 1, 1);
        parameters.crl_distribution_points = vec![CrlDistributionPoint { uris: vec![CRL.to_owned()] }];
        let mut add = |last: &[u64], content: Vec<u8>| {
            let oid = [&[1, 2, 250, 1, 71], last].concat();
            parameters.custom_extensions.push(CustomExtension::from_oid_content(&oid, content));
        };
        if let Some(kind) = self.card_type {
            add(&[1, 2, 2], vec![0x02, 0x01, kind]);
        }
        if let Some(number) = self.card_number {
            let mut content = vec![0x13, u8::try_from(number.len()).unwrap()];
            content.extend(number.bytes());
            add(&[1, 2, 3], content);
        }
        if let Some(category) = self.category {
            add(&[1, 2, 5], vec![0x04, 0x01, category]);
        }
        add(&[1, 2, 7], vec![0x02, 0x01, 10]);
        add(&[4, 2, 5], b"\x30\x06\x0C\x04SM26".to_vec());
        if self.critical {
            parameters.custom_extensions.push(critical_extension());
        }
        let weak = rcgen::SubjectPublicKeyInfo::from_pem(WEAK_KEY).unwrap();
        let made = match self.weak {
            false => parameters.signed_by(&key, &authority.issuer),
            true => parameters.signed_by(&weak, &authority.issuer),
        }
        .unwrap();
        Card {
            certificate: Arc::new(Certificate::from_der(made.der()).unwrap()),
            key: key.serialized_der().to_vec(),
            plan: self.clone(),
        }
    }
}

/// A card or token with its key.
pub(crate) struct Card {
    pub(crate) certificate: Arc<Certificate>,
    pub(crate) plan: Plan,
    key: Vec<u8>,
}

impl Card {
    /// As the loop reports it.
    pub(crate) fn seen(&self) -> TokenSeen {
        TokenSeen {
            serial: self.plan.serial.to_owned(),
            kind: self.plan.kind,
            certificate: Arc::clone(&self.certificate),
            schemes: match self.plan.kind {
                Kind::Soft => vec![Scheme::EcdsaP256Sha256],
                _ => vec![Scheme::RsaPkcs1Sha256],
            },
            needs_pin: self.plan.needs_pin,
        }
    }

    /// Signs as the card would after the PIN.
    pub(crate) fn sign(&self, scheme: Scheme, message: &[u8]) -> Vec<u8> {
        let random = random();
        let (key, algorithm) = match scheme {
            Scheme::EcdsaP256Sha256 => (SigningKey::p256(&self.key, &random).unwrap(), Algorithm::Es256),
            _ => (SigningKey::rsa(&self.key).unwrap(), Algorithm::Rs256),
        };
        key.sign(algorithm, message, &random).unwrap()
    }
}

/// The system's randomness, for the salts and blinding of signatures in tests.
#[expect(clippy::disallowed_methods, reason = "tests sign with real keys")]
pub(crate) fn random() -> ring::rand::SystemRandom {
    ring::rand::SystemRandom::new()
}
