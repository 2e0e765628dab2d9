//! CPS3: its two ATRs, its files and its keys, as tables.

use super::Identity;
use super::chip::Interface;
use super::contents;
use super::cps2ter;
use super::faults::Faults;
use super::files::{Access, Files};
use super::ias::{CONTACT, CONTACTLESS};
use super::pin::PinPolicy;
use super::pkcs15::{self, Algorithm, Data, DataKind, Pair, Usage};

/// ATR through the contacts.
pub(super) const ATR_CONTACT: &[u8] =
    &[0x3B, 0xAC, 0x00, 0x40, 0x2A, 0x00, 0x12, 0x25, 0x00, 0x64, 0x80, 0x00, 0x03, 0x10, 0x00, 0x90, 0x00];
/// ATR through the antenna.
pub(super) const ATR_CONTACTLESS: &[u8] = &[
    0x3B, 0x8F, 0x80, 0x01, 0x00, 0x31, 0xB8, 0x64, 0x04, 0xB0, 0xEC, 0xC1, 0x73, 0x94, 0x01, 0x80, 0x82,
    0x90, 0x00, 0x0E,
];

/// The root application (IAS-ECC).
pub(super) const ROOT_AID: &[u8] = &[0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x01, 0x00];
/// The PKCS#15 application of the contacts, and the prefix of its object identifiers.
pub(super) const CONTACT_AID: &[u8] =
    &[0xE8, 0x28, 0xBD, 0x08, 0x0F, 0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x10];
/// The PKCS#15 application of the antenna.
const CONTACTLESS_AID: &[u8] =
    &[0xE8, 0x28, 0xBD, 0x08, 0x0F, 0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x20];

/// The ATR of an interface.
pub(super) fn atr(interface: Interface) -> &'static [u8] {
    match interface {
        Interface::Contact => ATR_CONTACT,
        Interface::Contactless => ATR_CONTACTLESS,
    }
}

/// Free bytes at the end of each directory, as on a card that was laid out once and updated later.
const SPARE: usize = 16;

fn spare(mut content: Vec<u8>) -> Vec<u8> {
    content.resize(content.len() + SPARE, 0);
    content
}

/// Path of a file below an application, as the directories write it.
pub(super) fn absolute(application: u16, file: u16) -> Vec<u8> {
    [0x3F00, application, file].iter().flat_map(|part| part.to_be_bytes()).collect()
}

fn object_id(aid: &[u8], number: u8) -> Vec<u8> {
    [aid, &[number]].concat()
}

/// CKM_RSA_PKCS and its hashing brothers, with the card's references.
const ALGORITHMS: &[Algorithm] = &[
    Algorithm { mechanism: 0x0001, operation: 1, oid: "1.2.840.113549.1.1.1", reference: 0x02 },
    Algorithm { mechanism: 0x0006, operation: 1, oid: "1.2.840.113549.1.1.5", reference: 0x12 },
    Algorithm { mechanism: 0x0001, operation: 5, oid: "1.2.840.113549.1.1.1", reference: 0x1A },
    Algorithm { mechanism: 0x0040, operation: 1, oid: "1.2.840.113549.1.1.11", reference: 0x42 },
    Algorithm { mechanism: 0x0220, operation: 6, oid: "1.3.14.3.2.26", reference: 0x10 },
    Algorithm { mechanism: 0x0250, operation: 6, oid: "2.16.840.1.101.3.4.2.1", reference: 0x40 },
];

/// The IAS-ECC side.
pub(super) fn files(identity: &Identity, pin: PinPolicy, puk: PinPolicy, faults: &Faults) -> Files {
    let mut files = Files::new(ROOT_AID, faults.clone());
    files.file(&[0x2F00], Some(0x1E), Access::ISSUED, application_directory());
    files.file(&[0x2F01], Some(0x1D), Access::ISSUED, contents::EF_ATR.to_vec());
    files.file(&[0xD003], Some(0x1C), Access::OPEN, contents::serial_file(&identity.serial));
    contact_application(&mut files, identity, pin, puk);
    contactless_application(&mut files, identity);
    files
}

fn application_directory() -> Vec<u8> {
    pkcs15::application_directory(&[
        (CONTACTLESS_AID, "CPS IAS CL", &[0x3F, 0x00, 0x00, 0x02]),
        (CONTACT_AID, "CPS IAS", &[0x3F, 0x00, 0x00, 0x01]),
    ])
}

fn contact_application(files: &mut Files, identity: &Identity, pin: PinPolicy, puk: PinPolicy) {
    let pairs = [
        Pair {
            label: "CPS_PRIV_SIG",
            certificate_label: "Certificat de Signature CPS",
            id: object_id(CONTACT_AID, 0x01),
            reference: 0x81,
            usage: Usage::NonRepudiation,
            certificate_path: absolute(CONTACT, 0xA001),
        },
        Pair {
            label: "CPS_PRIV_AUT",
            certificate_label: "Certificat d'Authentification CPS",
            id: object_id(CONTACT_AID, 0x02),
            reference: 0x82,
            usage: Usage::SignAndDecrypt,
            certificate_path: absolute(CONTACT, 0xA002),
        },
    ];
    let directory = |tag, file| (tag, absolute(CONTACT, file));
    let odf = pkcs15::object_directory(&[
        directory(0xA8, 0x7001),
        directory(0xA0, 0x7002),
        directory(0xA1, 0x7003),
        directory(0xA4, 0x7005),
        directory(0xA7, 0x7006),
    ]);
    let label = format!("CPS3v3-{} TEST", identity.serial);
    files.directory(&[CONTACT], Some(CONTACT_AID));
    let mut add = |file, access, content| files.file(&[CONTACT, file], None, access, content);
    add(0x5031, Access::OPEN, odf);
    add(0x5032, Access::OPEN, pkcs15::token_info(&label, ALGORITHMS));
    add(0x7001, Access::CONTACT, spare(pkcs15::authentication_directory((0x01, pin), (0x02, puk))));
    add(0x7002, Access::CONTACT, spare(pkcs15::private_key_directory(&pairs)));
    // Public keys come from the certificates; their directory has room and nothing in it.
    add(0x7003, Access::OPEN, spare(Vec::new()));
    add(0x7005, Access::OPEN, spare(pkcs15::certificate_directory(&pairs)));
    add(0xA001, Access::OPEN, identity.certificates.signature.clone());
    add(0xA002, Access::OPEN, identity.certificates.authentication.clone());

    let holder = identity.holder;
    let mut objects = vec![
        Data { label: "CPS_ID_CARD", path: absolute(CONTACT, 0xD101), kind: DataKind::Public },
        Data { label: "CPS_NAME_PS", path: absolute(CONTACT, 0xD102), kind: DataKind::Public },
        Data { label: "CPS_LANG_PS", path: absolute(CONTACT, 0xD103), kind: DataKind::Public },
        Data { label: "CPS_INFO_PS", path: absolute(CONTACT, 0xD104), kind: DataKind::Public },
        Data { label: "CPS_DATA", path: absolute(CONTACT, 0xD107), kind: DataKind::Modifiable },
    ];
    add(0xD101, Access::OPEN, contents::card_identity(&identity.serial));
    add(0xD102, Access::OPEN, contents::holder_name(holder));
    add(0xD103, Access::OPEN, contents::languages());
    add(0xD104, Access::OPEN, contents::professional(holder));
    add(0xD107, Access::WRITABLE, vec![0; contents::SCRATCH]);
    let situations: Vec<(String, u16)> = holder
        .situations
        .iter()
        .map(|s| (format!("CPS_ACTIVITY_{:02}_PS", s.index), 0xD11F + u16::from(s.index)))
        .collect();
    for ((label, file), situation) in situations.iter().zip(holder.situations) {
        add(*file, Access::PRIVATE, contents::situation(situation));
        objects.push(Data { label, path: absolute(CONTACT, *file), kind: DataKind::Private });
    }
    add(0x7006, Access::OPEN, spare(pkcs15::data_directory(&objects)));
}

fn contactless_application(files: &mut Files, identity: &Identity) {
    let pairs = [Pair {
        label: "CPS_PRIV_TECH_AUT",
        certificate_label: "Certificat Technique CPS",
        id: object_id(CONTACTLESS_AID, 0x01),
        reference: 0x83,
        usage: Usage::Sign,
        certificate_path: absolute(CONTACTLESS, 0xA001),
    }];
    let directory = |tag, file| (tag, absolute(CONTACTLESS, file));
    let odf = pkcs15::object_directory(&[directory(0xA0, 0x7002), directory(0xA4, 0x7005)]);
    let label = format!("CPS3v3-{} TEST CL", identity.serial);
    let technical: Vec<Algorithm> =
        vec![Algorithm { mechanism: 0x0001, operation: 1, oid: "1.2.840.113549.1.1.1", reference: 0x02 }];
    files.directory(&[CONTACTLESS], Some(CONTACTLESS_AID));
    let mut add = |file, content| files.file(&[CONTACTLESS, file], None, Access::OPEN, content);
    add(0x5031, odf);
    add(0x5032, pkcs15::token_info(&label, &technical));
    add(0x7002, spare(pkcs15::private_key_directory(&pairs)));
    add(0x7005, spare(pkcs15::certificate_directory(&pairs)));
    add(0xA001, identity.certificates.technical.clone());
}

/// The legacy side.
pub(super) fn legacy_files(identity: &Identity) -> Files {
    // Faults name IAS-ECC paths; the legacy tree has its own.
    let mut files = Files::new(&[], Faults::default());
    files.directory(&[0x7F01], None);
    files.file(&[0x7F01, 0x4000], None, cps2ter::SITUATION, contents::billing(identity.holder));
    for situation in identity.holder.situations {
        let file = 0x400F + u16::from(situation.index);
        files.file(&[file], None, cps2ter::SITUATION, contents::legacy_situation(situation));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ef_dir_has_101_bytes_like_a_real_card() {
        let content = application_directory();
        assert_eq!(content.len(), 101);
        assert_eq!(content[..4], [0x61, 0x32, 0x4F, 0x0D]);
        assert_eq!(content[52..56], [0x61, 0x2F, 0x4F, 0x0D]);
    }
}
