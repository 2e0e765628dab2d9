//! CPS4: its ATRs, its files and its keys, as tables.

use super::Identity;
use super::chipdoc::{AUTHENTICATION_KEY, SECRETS, SIGNATURE_KEY};
use super::contents;
use super::cps3::{CONTACT_AID, ROOT_AID, absolute};
use super::faults::Faults;
use super::files::{Access, Files};
use super::ias::CONTACT;
use super::pin::PinPolicy;
use super::pkcs15::{self, Algorithm, Data, DataKind, Pair, Usage};

/// Which of the known answers to reset a CPS4 gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cps4Model {
    /// The card in the field: T=0 and T=1, of which readers choose T=1.
    #[default]
    Release,
    /// Release candidate, T=0 and T=1.
    Candidate,
    /// Release candidate, T=0 only.
    CandidateT0,
}

impl Cps4Model {
    pub(super) fn atr(self) -> &'static [u8] {
        match self {
            Self::Release => &[
                0x3B, 0x9B, 0x18, 0x80, 0x01, 0x00, 0x12, 0x25, 0x00, 0x64, 0x80, 0x04, 0x01, 0x00, 0x00,
                0x90, 0x44,
            ],
            Self::Candidate => &[
                0x3B, 0x9B, 0x18, 0x80, 0x01, 0x00, 0x12, 0x25, 0x00, 0x64, 0x80, 0x00, 0x04, 0x01, 0x00,
                0x90, 0x44,
            ],
            Self::CandidateT0 => &[
                0x3B, 0xDC, 0x18, 0xFF, 0x00, 0x00, 0x12, 0x25, 0x00, 0x64, 0x80, 0x00, 0x04, 0x01, 0x00,
                0x90, 0x00,
            ],
        }
    }
}

/// Mechanisms with the card's references.
const ALGORITHMS: &[Algorithm] = &[
    Algorithm { mechanism: 0x0001, operation: 1, oid: "1.2.840.113549.1.1.1", reference: 0x28 },
    Algorithm { mechanism: 0x0006, operation: 1, oid: "1.2.840.113549.1.1.5", reference: 0x0A },
    Algorithm { mechanism: 0x0040, operation: 1, oid: "1.2.840.113549.1.1.11", reference: 0x28 },
    Algorithm { mechanism: 0x0043, operation: 1, oid: "1.2.840.113549.1.1.10", reference: 0x2C },
];

/// Legacy data, which are ordinary files here.
const LEGACY: &[(&str, u16)] = &[
    ("CPS2TER_ATR", 0xD140),
    ("CPS2TER_ID", 0xD141),
    ("CPS2TER_ICC", 0xD142),
    ("CPS2TER_NAME", 0xD143),
    ("CPS2TER_LANG", 0xD144),
    ("CPS2TER_PSINFO", 0xD145),
    ("CPS2TER_DIRAMO", 0xD146),
];

/// All files of a CPS4.
pub(super) fn files(identity: &Identity, pin: PinPolicy, puk: PinPolicy, faults: &Faults) -> Files {
    let id = |number: u8| [CONTACT_AID, &[number]].concat();
    let pairs = [
        Pair {
            label: "CPS_PRIV_SIG",
            certificate_label: "Certificat de Signature CPS",
            id: id(0x10),
            reference: SIGNATURE_KEY,
            usage: Usage::NonRepudiation,
            certificate_path: absolute(CONTACT, 0xA001),
        },
        Pair {
            label: "CPS_PRIV_AUT",
            certificate_label: "Certificat d'Authentification CPS",
            id: id(0x20),
            reference: AUTHENTICATION_KEY,
            usage: Usage::SignAndDecrypt,
            certificate_path: absolute(CONTACT, 0xA002),
        },
    ];
    let [pin_reference, puk_reference] = SECRETS;
    let directory = |tag, file| (tag, absolute(CONTACT, file));
    let odf = pkcs15::object_directory(&[
        directory(0xA8, 0x7001),
        directory(0xA0, 0x7002),
        directory(0xA1, 0x7003),
        directory(0xA4, 0x7005),
        directory(0xA7, 0x7006),
    ]);
    let label = format!("CPS4v1-{} TEST", identity.serial);

    let mut files = Files::new(ROOT_AID, faults.clone());
    files.file(&[0x2F00], Some(0x1E), Access::ISSUED, application_directory());
    files.file(&[0xD003], Some(0x1C), Access::OPEN, contents::serial_file(&identity.serial));
    files.directory(&[CONTACT], Some(CONTACT_AID));
    let mut add = |file, access, content| files.file(&[CONTACT, file], None, access, content);
    add(0x5031, Access::OPEN, odf);
    add(0x5032, Access::OPEN, pkcs15::token_info(&label, ALGORITHMS));
    add(0x7001, Access::OPEN, pkcs15::authentication_directory((pin_reference, pin), (puk_reference, puk)));
    add(0x7002, Access::OPEN, pkcs15::private_key_directory(&pairs));
    add(0x7003, Access::OPEN, vec![0; 16]);
    add(0x7005, Access::OPEN, pkcs15::certificate_directory(&pairs));
    add(0xA001, Access::OPEN, identity.certificates.signature.clone());
    add(0xA002, Access::OPEN, identity.certificates.authentication.clone());
    let objects = data_objects(identity);
    for (_, file, kind, content) in &objects {
        let access = match kind {
            DataKind::Public => Access::OPEN,
            DataKind::Modifiable => Access::WRITABLE,
            DataKind::Private => Access::PRIVATE,
        };
        add(*file, access, content.clone());
    }
    let records: Vec<Data<'_>> = objects
        .iter()
        .map(|(label, file, kind, _)| Data { label, path: absolute(CONTACT, *file), kind: *kind })
        .collect();
    add(0x7006, Access::OPEN, pkcs15::data_directory(&records));
    files
}

fn application_directory() -> Vec<u8> {
    pkcs15::application_directory(&[(CONTACT_AID, "CPS IAS", &[0x3F, 0x00, 0x00, 0x01])])
}

/// Label, file, rule and content of every data object.
fn data_objects(identity: &Identity) -> Vec<(String, u16, DataKind, Vec<u8>)> {
    let holder = identity.holder;
    let public = |label: &str, file, content| (label.to_owned(), file, DataKind::Public, content);
    let mut list = vec![
        public("CPS_ID_CARD", 0xD101, contents::card_identity(&identity.serial)),
        public("CPS_NAME_PS", 0xD102, contents::holder_name(holder)),
        public("CPS_LANG_PS", 0xD103, contents::languages()),
        public("CPS_INFO_PS", 0xD104, contents::professional(holder)),
        ("CPS_DATA".to_owned(), 0xD107, DataKind::Modifiable, vec![0; contents::SCRATCH]),
        ("CPS_SIT_FACT".to_owned(), 0xD108, DataKind::Private, contents::billing(holder)),
    ];
    list.extend(
        LEGACY.iter().map(|(label, file)| public(label, *file, format!("TEST {label}").into_bytes())),
    );
    for situation in holder.situations {
        let file = u16::from(situation.index);
        let name = format!("CPS_ACTIVITY_{:02}_PS", situation.index);
        list.push((name, 0xD11F + file, DataKind::Private, contents::situation(situation)));
        let name = format!("CPS2TER_ACTIVITY_{:02}_PS", situation.index);
        list.push((name, 0xD12F + file, DataKind::Private, contents::legacy_situation(situation)));
    }
    list
}
