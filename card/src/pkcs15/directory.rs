//! ODF and the directories it names: private keys, certificates, data objects (PKCS #15 v1.1 §6.2 to §6.7).

use super::object::{BIT_STRING, Bits, INTEGER, OCTET_STRING, identifier, number, path, records, reference};
use crate::apdu::FilePath;
use crate::apdu::tlv;

/// Bits of KeyUsageFlags.
const DECRYPT: u32 = 1;
const SIGN: u32 = 2;
const NON_REPUDIATION: u32 = 9;

/// Shortest and longest RSA modulus taken seriously, in bits.
const MODULUS_BITS: std::ops::RangeInclusive<u16> = 1024..=4096;

/// Where the directories are. `None`: the ODF does not name it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Directories {
    /// AODF: PINs.
    pub pins: Option<FilePath>,
    /// PrKDF: private keys.
    pub private_keys: Option<FilePath>,
    /// CDF: certificates.
    pub certificates: Option<FilePath>,
    /// DODF: data objects.
    pub data_objects: Option<FilePath>,
}

/// Reads the ODF of the application in `application`. Of several directories of one kind the first counts.
#[must_use]
pub fn parse_odf(odf: &[u8], application: &FilePath) -> Directories {
    let mut directories = Directories::default();
    for element in tlv::elements(odf).take(super::MOST_RECORDS) {
        let slot = match element.tag {
            0xA0 => &mut directories.private_keys,
            0xA4 => &mut directories.certificates,
            0xA7 => &mut directories.data_objects,
            0xA8 => &mut directories.pins,
            _ => continue,
        };
        if slot.is_none() {
            *slot = path(&element, application);
        }
    }
    directories
}

/// A private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// The card's label.
    pub label: String,
    /// Identifier shared with the certificate (CKA_ID).
    pub id: Vec<u8>,
    /// Reference of MANAGE SECURITY ENVIRONMENT.
    pub reference: u8,
    /// Usage bit nonRepudiation.
    pub non_repudiation: bool,
    /// Usage bit sign.
    pub signs: bool,
    /// Usage bit decrypt.
    pub decrypts: bool,
    /// Identifier of the PIN that protects the key.
    pub protected_by: Option<Vec<u8>>,
    /// Length of the modulus in bits, where the record says it plausibly.
    pub modulus_bits: Option<u16>,
}

/// Reads the PrKDF. Records without identifier, usage or reference are left out.
#[must_use]
pub fn parse_private_keys(prkdf: &[u8]) -> Vec<KeyRecord> {
    records(prkdf)
        .filter_map(|record| {
            let usage = Bits::parse(record.class.child(BIT_STRING)?.value);
            let modulus = record.attributes.and_then(|attributes| number(attributes.child(INTEGER)?.value));
            Some(KeyRecord {
                label: record.label,
                id: identifier(record.class.child(OCTET_STRING)?.value)?,
                reference: reference(record.class.child(INTEGER)?.value)?,
                non_repudiation: usage.has(NON_REPUDIATION),
                signs: usage.has(SIGN),
                decrypts: usage.has(DECRYPT),
                protected_by: record.protected_by,
                modulus_bits: modulus.filter(|bits| MODULUS_BITS.contains(bits) && bits % 8 == 0),
            })
        })
        .collect()
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRecord {
    /// The card's label.
    pub label: String,
    /// Identifier shared with the key.
    pub id: Vec<u8>,
    /// Its file.
    pub path: FilePath,
}

/// Reads the CDF of the application in `application`. Records without identifier or path are left out.
#[must_use]
pub fn parse_certificates(cdf: &[u8], application: &FilePath) -> Vec<CertificateRecord> {
    records(cdf)
        .filter_map(|record| {
            Some(CertificateRecord {
                label: record.label,
                id: identifier(record.class.child(OCTET_STRING)?.value)?,
                path: path(&record.attributes?, application)?,
            })
        })
        .collect()
}

/// A data object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataRecord {
    /// The card's label, by which the object is known.
    pub label: String,
    /// Identifier of the PIN that protects it.
    pub protected_by: Option<Vec<u8>>,
    /// Its file.
    pub path: FilePath,
}

/// Reads the DODF of the application in `application`. Records without path are left out.
#[must_use]
pub fn parse_data_objects(dodf: &[u8], application: &FilePath) -> Vec<DataRecord> {
    records(dodf)
        .filter_map(|record| {
            Some(DataRecord {
                label: record.label,
                protected_by: record.protected_by,
                path: path(&record.attributes?, application)?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests;
