//! The PKCS#15 files of a CPS card (`cps-card.md` §5.3), byte for byte, with the malformed flags of real cards.

use super::pin::PinPolicy;
use crate::der;

/// A key pair as its directories describe it.
pub(super) struct Pair<'a> {
    /// Label of the private key.
    pub(super) label: &'a str,
    /// Label of the certificate.
    pub(super) certificate_label: &'a str,
    /// Identifier of both.
    pub(super) id: Vec<u8>,
    /// Reference for MSE.
    pub(super) reference: u8,
    /// What the key does.
    pub(super) usage: Usage,
    /// Path of the certificate file.
    pub(super) certificate_path: Vec<u8>,
}

/// Usage of a private key, with the flags that real cards give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Usage {
    NonRepudiation,
    SignAndDecrypt,
    Sign,
}

/// A data object as the DODF describes it.
pub(super) struct Data<'a> {
    pub(super) label: &'a str,
    pub(super) path: Vec<u8>,
    pub(super) kind: DataKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DataKind {
    /// Read by anybody.
    Public,
    /// Read by anybody, written after the PIN.
    Modifiable,
    /// Read after the PIN.
    Private,
}

/// PKCS#15 identifiers of the PIN and the PUK.
const PIN_ID: u8 = 0x01;
const PUK_ID: u8 = 0x02;
/// What stands where real cards have a BIT STRING without its count of unused bits.
const MALFORMED_FLAGS: [u8; 3] = [0x03, 0x01, 0xC0];

/// `path` wrapped as the `[1] { SEQUENCE { … } }` of type attributes.
fn typed(attributes: &[u8]) -> Vec<u8> {
    der::context(1, true, attributes)
}

fn path(path: &[u8]) -> Vec<u8> {
    der::sequence(&[der::octets(path)])
}

/// One access rule: bits of the operation, then the condition.
fn rule(operation: &[u8], condition: Vec<u8>) -> Vec<u8> {
    der::sequence(&[der::named_bits(operation), condition])
}

/// AODF: the PIN, and the PUK that protects it.
pub(super) fn authentication_directory(pin: (u8, PinPolicy), puk: (u8, PinPolicy)) -> Vec<u8> {
    let by_puk = || der::octets(&[PUK_ID]);
    // Execute and update need nothing, the attributes need the PUK.
    let pin_rules = der::sequence(&[rule(&[2], der::null()), rule(&[1], der::null()), rule(&[4], by_puk())]);
    let puk_rules = der::sequence(&[rule(&[2], der::null()), rule(&[1], der::null())]);
    // Case-sensitive, initialised, exchangeRefData; the PUK is also unblockingPin and soPin.
    let (pin_flags, puk_flags): (&[u8], &[u8]) = (&[0, 4, 11], &[0, 4, 6, 7, 11]);
    [
        secret("Code porteur de la carte CPX", Some(PUK_ID), pin_rules, PIN_ID, pin_flags, pin),
        secret("Code de déblocage de la carte CPX", None, puk_rules, PUK_ID, puk_flags, puk),
    ]
    .concat()
}

fn secret(
    label: &str,
    protected_by: Option<u8>,
    rules: Vec<u8>,
    id: u8,
    flags: &[u8],
    (reference, policy): (u8, PinPolicy),
) -> Vec<u8> {
    let mut common = vec![der::utf8(label), MALFORMED_FLAGS.to_vec()];
    common.extend(protected_by.map(|id| der::octets(&[id])));
    common.push(rules);
    let mut flags = flags.to_vec();
    if policy.padded_to.is_some() {
        flags.push(5);
    }
    let attributes = der::sequence(&[
        der::named_bits(&flags),
        // ascii-numeric
        der::tlv(0x0A, &[0x01]),
        der::integer(policy.min.into()),
        der::integer(policy.padded_to.unwrap_or(policy.max).into()),
        der::integer(policy.max.into()),
        der::context(0, false, &[reference]),
        // pad character
        der::octets(&[0x00]),
    ]);
    der::sequence(&[der::sequence(&common), der::sequence(&[der::octets(&[id])]), typed(&attributes)])
}

/// PrKDF.
pub(super) fn private_key_directory(pairs: &[Pair<'_>]) -> Vec<u8> {
    pairs.iter().flat_map(private_key).collect()
}

fn private_key(pair: &Pair<'_>) -> Vec<u8> {
    let by_pin = || der::octets(&[PIN_ID]);
    // Flags as on real cards: private; private, modifiable and a third bit; none for the key without PIN.
    let (flags, rules, usage): (Vec<u8>, Option<Vec<u8>>, Vec<u8>) = match pair.usage {
        Usage::NonRepudiation => {
            (der::named_bits(&[0]), Some(der::sequence(&[rule(&[5], by_pin())])), der::named_bits(&[9]))
        }
        Usage::SignAndDecrypt => (
            der::named_bits(&[0, 1, 2]),
            Some(der::sequence(&[rule(&[7], by_pin()), rule(&[9], by_pin())])),
            der::named_bits(&[1, 2]),
        ),
        Usage::Sign => (der::named_bits(&[]), None, der::named_bits(&[2])),
    };
    let mut common = vec![der::utf8(pair.label), flags];
    if let Some(rules) = rules {
        common.extend([by_pin(), rules]);
    }
    let class = [
        der::octets(&pair.id),
        usage,
        // native
        der::truth(),
        // sensitive, alwaysSensitive, neverExtractable
        der::named_bits(&[0, 2, 3]),
        // Written with its sign byte, as real cards do.
        der::unsigned(&[pair.reference]),
    ];
    let attributes = der::sequence(&[der::sequence(&[der::octets(&[])]), der::integer(2048)]);
    der::sequence(&[der::sequence(&common), der::sequence(&class), typed(&attributes)])
}

/// CDF.
pub(super) fn certificate_directory(pairs: &[Pair<'_>]) -> Vec<u8> {
    pairs
        .iter()
        .flat_map(|pair| {
            der::sequence(&[
                der::sequence(&[der::utf8(pair.certificate_label), MALFORMED_FLAGS.to_vec()]),
                der::sequence(&[der::octets(&pair.id)]),
                typed(&der::sequence(&[path(&pair.certificate_path)])),
            ])
        })
        .collect()
}

/// DODF.
pub(super) fn data_directory(objects: &[Data<'_>]) -> Vec<u8> {
    objects
        .iter()
        .flat_map(|object| {
            let mut common = vec![der::utf8(object.label)];
            match object.kind {
                DataKind::Public => common.push(der::named_bits(&[])),
                DataKind::Modifiable => common.push(der::named_bits(&[1])),
                DataKind::Private => common.extend([der::named_bits(&[0]), der::octets(&[PIN_ID])]),
            }
            der::sequence(&[
                der::sequence(&common),
                der::sequence(&[der::utf8("CPS")]),
                typed(&der::sequence(&[der::octets(&object.path)])),
            ])
        })
        .collect()
}

/// EF.ODF: where the directories are; absent ones are left out.
pub(super) fn object_directory(directories: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut content: Vec<u8> =
        directories.iter().flat_map(|(tag, file)| der::tlv((*tag).into(), &path(file))).collect();
    // Two free bytes: the first 00 ends the content.
    content.extend([0, 0]);
    content
}

/// One algorithm of TokenInfo.
pub(super) struct Algorithm {
    /// PKCS#11 mechanism.
    pub(super) mechanism: u64,
    /// Bit of the operation: 1 compute signature, 5 decipher, 6 hash.
    pub(super) operation: u8,
    /// Object identifier.
    pub(super) oid: &'static str,
    /// Reference for MSE.
    pub(super) reference: u8,
}

/// EF.TokenInfo. The serial number is absent: software takes it from EF.SN.ICC.
pub(super) fn token_info(label: &str, algorithms: &[Algorithm]) -> Vec<u8> {
    let supported: Vec<Vec<u8>> = (1_u64..)
        .zip(algorithms)
        .map(|(number, algorithm)| {
            der::sequence(&[
                der::integer(number),
                der::integer(algorithm.mechanism),
                der::null(),
                der::named_bits(&[algorithm.operation]),
                der::oid(algorithm.oid),
                der::integer(algorithm.reference.into()),
            ])
        })
        .collect();
    der::sequence(&[
        der::integer(0),
        der::utf8("TEST cps-agent sandbox"),
        der::context(0, false, label.as_bytes()),
        // prnGeneration
        der::named_bits(&[2]),
        der::context(2, true, &supported.concat()),
    ])
}

/// EF.DIR: one application template for each.
pub(super) fn application_directory(applications: &[(&[u8], &str, &[u8])]) -> Vec<u8> {
    applications
        .iter()
        .flat_map(|(aid, label, path)| {
            let aid = der::tlv(0x4F, aid);
            let parts =
                [aid.clone(), der::tlv(0x50, label.as_bytes()), der::tlv(0x51, path), der::tlv(0x73, &aid)];
            der::tlv(0x61, &parts.concat())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<char> = text.chars().filter(char::is_ascii_hexdigit).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap())
            .collect()
    }

    fn pair(usage: Usage, label: &'static str, number: u8) -> Pair<'static> {
        Pair {
            label,
            certificate_label: "Certificat d'Authentification CPS",
            id: hex(&format!("E828BD080F80250000 01FF0010 {number:02X}")),
            reference: 0x80 | number,
            usage,
            certificate_path: hex(&format!("3F000001A0 {number:02X}")),
        }
    }

    #[test]
    fn the_pin_record_is_the_published_one() {
        let four = PinPolicy::default();
        let eight = PinPolicy { min: 8, max: 8, padded_to: None };
        let content = authentication_directory((1, four), (2, eight));
        let label = "436F646520706F727465757220 6465206C61206361727465 20435058";
        let expected = format!(
            "3061 303F 0C1C {label} 0301C0 040102 3019 3006 0302 0520 0500 3006 0302 0640 0500 3007 0302 0308 040102
             3003 040101 A119 3017 0303 048810 0A0101 020104 020104 020104 800101 040100"
        );
        assert_eq!(content[..99], hex(&expected));
    }

    #[test]
    fn the_key_records_are_the_published_ones() {
        let expected = "3050 3020 0C0C 4350535F505249565F534947 03020780 040101 3009 3007 03020204 040101
            3020 040E E828BD080F8025000001FF001001 0303060040 0101FF 030204B0 02020081 A10A 3008 3002 0400 02020800";
        assert_eq!(private_key_directory(&[pair(Usage::NonRepudiation, "CPS_PRIV_SIG", 1)]), hex(expected));
        let expected = "3059 302A 0C0C 4350535F505249565F415554 030205E0 040101 3013 3007 03020001 040101 3008 0303060040 040101
            301F 040E E828BD080F8025000001FF001002 03020560 0101FF 030204B0 02020082 A10A 3008 3002 0400 02020800";
        assert_eq!(private_key_directory(&[pair(Usage::SignAndDecrypt, "CPS_PRIV_AUT", 2)]), hex(expected));
    }

    #[test]
    fn the_certificate_record_is_the_published_one() {
        let expected =
            "3048 3026 0C21 4365727469666963617420642741757468656E74696669636174696F6E20435053 0301C0
            3010 040E E828BD080F8025000001FF001002 A10C 300A 3008 0406 3F000001A002";
        assert_eq!(certificate_directory(&[pair(Usage::SignAndDecrypt, "CPS_PRIV_AUT", 2)]), hex(expected));
    }

    #[test]
    fn the_data_records_are_the_published_ones() {
        let data = |label, path: &str, kind| Data { label, path: hex(path), kind };
        let expected = "3023 300E 0C08 4350535F44415441 03020640 3005 0C03 435053 A10A 3008 0406 3F000001D107
            3030 301B 0C12 4350535F41435449564954595F30315F5053 03020780 040101 3005 0C03 435053
            A10A 3008 0406 3F000001D120";
        let content = data_directory(&[
            data("CPS_DATA", "3F000001D107", DataKind::Modifiable),
            data("CPS_ACTIVITY_01_PS", "3F000001D120", DataKind::Private),
        ]);
        assert_eq!(content, hex(expected));
    }

    #[test]
    fn the_sha256_entry_of_token_info_is_that_of_a_real_card() {
        let sign = |mechanism, reference| Algorithm {
            mechanism,
            operation: 1,
            oid: "1.2.840.113549.1.1.11",
            reference,
        };
        let info = token_info("TEST", &[sign(1, 2), sign(6, 0x12), sign(1, 2), sign(0x40, 0x42)]);
        let expected = hex("301A 020104 020140 0500 03020640 0609 2A864886F70D01010B 020142");
        assert!(info.ends_with(&expected));
    }
}
