//! Certificates in the shape of IGC-Santé TEST, built byte by byte.
//!
//! The subject of a person's certificate has one RDN with three attributes and the certificate carries the health
//! extensions of `services.md` §6.4; general certificate makers do neither.

use super::date::Day;
use super::holder::Holder;
use super::keys::TestKey;
use crate::der;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

/// Names an authority and where it publishes.
#[derive(Debug, Clone, Copy)]
pub(super) struct AuthorityName {
    /// Common name.
    pub(super) common_name: &'static str,
    /// Stem of its file names on the publication site.
    pub(super) stem: &'static str,
}

/// What a leaf is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Authentication of the person.
    Authentication,
    /// Signature with non-repudiation.
    Signature,
    /// The card itself, without PIN (contactless).
    Technical,
}

/// Everything a leaf certificate of a card says.
#[derive(Debug, Clone, Copy)]
pub struct Leaf<'a> {
    /// Whose card it is.
    pub holder: &'a Holder,
    /// The card's serial number, 8 digits.
    pub serial: &'a str,
    /// What the key is for.
    pub purpose: Purpose,
    /// The key.
    pub key: &'a TestKey,
    /// First year of its three years.
    pub(super) from_year: i64,
}

const COMMON: &str = "http://igc-sante.esante.gouv.fr";
const DIRECTORY: &str = "ldap://annuaire-igc.esante.gouv.fr";

/// Distinguished name of an authority.
pub(super) fn authority_name(common_name: &str) -> Vec<u8> {
    der::sequence(&[
        rdn(&[country()]),
        rdn(&[text("2.5.4.10", "ASIP-SANTE")]),
        rdn(&[text("2.5.4.11", "0002 187512751")]),
        rdn(&[text("2.5.4.11", "IGC-SANTE TEST")]),
        rdn(&[text("2.5.4.3", common_name)]),
    ])
}

fn country() -> Vec<u8> {
    der::sequence(&[der::oid("2.5.4.6"), der::printable("FR")])
}

fn text(oid: &str, value: &str) -> Vec<u8> {
    der::sequence(&[der::oid(oid), der::utf8(value)])
}

fn rdn(attributes: &[Vec<u8>]) -> Vec<u8> {
    der::set_of(attributes.to_vec())
}

/// The card number of the certificate: issuer, slash, serial on ten digits.
pub(super) fn card_number(serial: &str) -> String {
    format!("8025000001/{serial:0>10}")
}

fn subject(leaf: &Leaf<'_>) -> Vec<u8> {
    let mut names = vec![rdn(&[country()])];
    if leaf.purpose == Purpose::Technical {
        names.push(rdn(&[text("2.5.4.11", "CARTE TEST")]));
        names.push(rdn(&[text("2.5.4.3", &card_number(leaf.serial))]));
        return der::sequence(&names);
    }
    if let Some(organisation) = leaf.holder.organisation {
        names.push(rdn(&[text("2.5.4.10", organisation)]));
    }
    if let Some(title) = leaf.holder.title {
        names.push(rdn(&[text("2.5.4.12", title)]));
    }
    let common = text("2.5.4.3", leaf.holder.identifier);
    names.push(match leaf.holder.name {
        Some((family, given)) => rdn(&[text("2.5.4.42", given), text("2.5.4.4", family), common]),
        None => rdn(&[common]),
    });
    der::sequence(&names)
}

/// SubjectPublicKeyInfo of an RSA key.
fn public_key_info(key: &TestKey) -> Vec<u8> {
    der::sequence(&[
        der::sequence(&[der::oid("1.2.840.113549.1.1.1"), der::null()]),
        der::bits(0, key.public()),
    ])
}

pub(super) fn key_identifier(key: &TestKey) -> Vec<u8> {
    digest(&SHA1_FOR_LEGACY_USE_ONLY, key.public()).as_ref().to_vec()
}

/// `sha256WithRSAEncryption`.
pub(super) fn signature_algorithm() -> Vec<u8> {
    der::sequence(&[der::oid("1.2.840.113549.1.1.11"), der::null()])
}

/// Wraps a to-be-signed structure with its signature.
pub(super) fn signed(to_be_signed: Vec<u8>, key: &TestKey) -> Vec<u8> {
    let signature = der::bits(0, &key.sign(&to_be_signed));
    der::sequence(&[to_be_signed, signature_algorithm(), signature])
}

pub(super) fn extension(oid: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let mut parts = vec![der::oid(oid)];
    if critical {
        parts.push(der::truth());
    }
    parts.push(der::octets(value));
    der::sequence(&parts)
}

/// Serial number of a certificate: stable for its contents, positive, 16 bytes.
fn serial_number(seed: &str) -> Vec<u8> {
    let hash = digest(&SHA256, seed.as_bytes());
    let mut bytes: Vec<u8> = hash.as_ref().iter().copied().take(16).collect();
    if let Some(first) = bytes.first_mut() {
        *first = *first & 0x7F | 0x10;
    }
    bytes
}

/// Serial number of a leaf certificate, as the revocation list names it.
pub(super) fn leaf_serial_number(leaf: &Leaf<'_>) -> Vec<u8> {
    serial_number(&format!("{} {:?} {}", leaf.serial, leaf.purpose, leaf.holder.identifier))
}

fn certificate(
    serial: &[u8],
    issuer: Vec<u8>,
    validity: (Day, Day),
    subject: Vec<u8>,
    key: &TestKey,
    extensions: &[Vec<u8>],
    issuer_key: &TestKey,
) -> Vec<u8> {
    let to_be_signed = der::sequence(&[
        der::context(0, true, &der::integer(2)),
        der::unsigned(serial),
        signature_algorithm(),
        issuer,
        der::sequence(&[der::utc_time(&validity.0.utc()), der::utc_time(&validity.1.utc())]),
        subject,
        public_key_info(key),
        der::context(3, true, &der::sequence(extensions)),
    ]);
    signed(to_be_signed, issuer_key)
}

/// Certificate of an authority; a root when it issues itself.
pub(super) fn authority(
    name: AuthorityName,
    key: &TestKey,
    issuer: AuthorityName,
    issuer_key: &TestKey,
) -> Vec<u8> {
    let root = name.common_name == issuer.common_name;
    let constraints =
        if root { der::sequence(&[der::truth()]) } else { der::sequence(&[der::truth(), der::integer(0)]) };
    let mut extensions = vec![
        extension("2.5.29.19", true, &constraints),
        extension("2.5.29.15", true, &der::named_bits(&[5, 6])),
        extension("2.5.29.14", false, &der::octets(&key_identifier(key))),
        extension("2.5.29.35", false, &der::sequence(&[der::context(0, false, &key_identifier(issuer_key))])),
        extension("2.5.29.32", false, &policy("2.5.29.32.0")),
    ];
    if !root {
        extensions.push(extension(
            "2.5.29.31",
            false,
            &distribution_points(issuer, "certificaterevocationlist"),
        ));
    }
    // Fixed years, so that an anchor written to disk stays the same from one run to the next.
    certificate(
        &serial_number(name.common_name),
        authority_name(issuer.common_name),
        (Day::new_year(2013), Day::new_year(2049)),
        authority_name(name.common_name),
        key,
        &extensions,
        issuer_key,
    )
}

/// Certificate of a card.
pub(super) fn leaf(leaf: &Leaf<'_>, issuer: AuthorityName, issuer_key: &TestKey) -> Vec<u8> {
    let validity = (Day::new_year(leaf.from_year), Day::new_year(leaf.from_year + 3));
    let (usage, extended): (&[u8], &str) = match leaf.purpose {
        Purpose::Authentication => (&[0, 2], "1.3.6.1.5.5.7.3.2"),
        Purpose::Signature => (&[1], "1.3.6.1.5.5.7.3.4"),
        Purpose::Technical => (&[0], "1.3.6.1.5.5.7.3.2"),
    };
    let mut extensions = vec![
        extension("2.5.29.19", true, &der::sequence(&[])),
        extension("2.5.29.15", true, &der::named_bits(usage)),
        extension("2.5.29.37", false, &der::sequence(&[der::oid(extended)])),
        extension("2.5.29.14", false, &der::octets(&key_identifier(leaf.key))),
        extension("2.5.29.35", false, &der::sequence(&[der::context(0, false, &key_identifier(issuer_key))])),
        extension("2.5.29.32", false, &policy("1.2.250.1.213.1.7.2.1.1.1.1")),
        extension("2.5.29.31", false, &distribution_points(issuer, "certificaterevocationlist")),
        extension("2.5.29.46", false, &distribution_points(issuer, "deltarevocationlist")),
        extension("1.3.6.1.5.5.7.1.1", false, &access_points(issuer)),
    ];
    if leaf.purpose == Purpose::Signature {
        let period = [validity.0, validity.1].map(|day| day.generalized());
        let [start, end] = period;
        let content = [der::context(0, false, start.as_bytes()), der::context(1, false, end.as_bytes())];
        extensions.push(extension("2.5.29.16", false, &der::sequence(&content)));
    }
    extensions.extend(health_extensions(leaf));
    certificate(
        &leaf_serial_number(leaf),
        authority_name(issuer.common_name),
        validity,
        subject(leaf),
        leaf.key,
        &extensions,
        issuer_key,
    )
}

/// The private extensions of `services.md` §6.4. A technical certificate speaks of the card only.
fn health_extensions(leaf: &Leaf<'_>) -> Vec<Vec<u8>> {
    let holder = leaf.holder;
    let mut list = vec![
        extension("1.2.250.1.71.1.2.5", false, &der::octets(&[0x80])),
        extension("1.2.250.1.71.1.2.2", false, &der::integer(holder.card_type.code())),
        extension("1.2.250.1.71.1.2.3", false, &der::printable(&card_number(leaf.serial))),
    ];
    if leaf.purpose == Purpose::Technical {
        return list;
    }
    if let Some(profession) = holder.profession {
        list.push(extension("1.2.250.1.71.1.2.7", false, &der::integer(profession)));
    }
    if let Some(speciality) = holder.speciality {
        list.push(extension("1.2.250.1.71.4.2.5", false, &der::sequence(&[der::utf8(speciality)])));
    }
    if let Some(section) = holder.section {
        list.push(extension("1.2.250.1.71.4.2.6", false, &der::sequence(&[der::utf8(section)])));
    }
    list
}

fn policy(oid: &str) -> Vec<u8> {
    let text = der::tlv(0x16, format!("{COMMON}/PC%20TEST").as_bytes());
    let qualifier = der::sequence(&[der::oid("1.3.6.1.5.5.7.2.1"), text]);
    der::sequence(&[der::sequence(&[der::oid(oid), der::sequence(&[qualifier])])])
}

fn address(url: &str) -> Vec<u8> {
    der::context(6, false, url.as_bytes())
}

fn distribution_points(issuer: AuthorityName, attribute: &str) -> Vec<u8> {
    let web = format!("{COMMON}/CRL/{}-TEST.crl", issuer.stem);
    let parent = issuer.common_name.replace(" PERSONNES", "").replace("TEST AC IGC", "TEST AC RACINE IGC");
    let ldap = format!(
        "{DIRECTORY}/cn={},ou={},ou=IGC-SANTE%20TEST,ou=0002%20187512751,o=ASIP-SANTE,c=FR?{attribute};binary?base?objectClass=pkiCA",
        issuer.common_name.replace(' ', "%20"),
        parent.replace(' ', "%20"),
    );
    let point = |url: &str| der::sequence(&[der::context(0, true, &der::context(0, true, &address(url)))]);
    // The delta list is published in the directory only.
    if attribute.starts_with("delta") {
        der::sequence(&[point(&ldap)])
    } else {
        der::sequence(&[point(&web), point(&ldap)])
    }
}

fn access_points(issuer: AuthorityName) -> Vec<u8> {
    let certificate = format!("{COMMON}/AC%20TEST/{}-TEST.cer", issuer.stem);
    der::sequence(&[
        der::sequence(&[der::oid("1.3.6.1.5.5.7.48.1"), address("http://ocsp.esante.gouv.fr")]),
        der::sequence(&[der::oid("1.3.6.1.5.5.7.48.2"), address(&certificate)]),
    ])
}
