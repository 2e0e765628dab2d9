//! CPS3 through its contacts (versions 3.1 to 3.3): IAS-ECC, T=0.

use super::{Atr, Files, Key, Pin, Pins, Profile};
use crate::applet::Ias;
use crate::token::{KeyRole, Kind, Scheme};

/// Shared with the antenna: it is the same chip.
pub(super) static IAS: Ias = Ias {
    // The official driver's limit, and what a real card's log shows.
    piece: 0xE7,
    authentication: 0x02,
    hash: 0x40,
    signature: 0x42,
    decipher: 0x1A,
    longest_input: 40,
};

/// Default numbers of the directories. 7001 and 7005 were seen on a real card, the others are deduced.
pub(super) const FILES: Files = Files {
    odf: 0x5031,
    token_info: 0x5032,
    pins: 0x7001,
    private_keys: 0x7002,
    certificates: 0x7005,
    data_objects: 0x7006,
    first_activity: 0xD120,
};

pub(super) static PROFILE: Profile = Profile {
    kind: Kind::Cps3,
    atrs: &[Atr {
        bytes: &[
            0x3B, 0xAC, 0x00, 0x40, 0x2A, 0x00, 0x12, 0x25, 0x00, 0x64, 0x80, 0x00, 0x03, 0x10, 0x00, 0x90,
            0x00,
        ],
        // The version bytes and the pre-issuing data that differ between print runs do not count.
        mask: Some(&[
            0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0xFF, 0xFF,
            0xFF,
        ]),
    }],
    applet: &IAS,
    application: &[0x00, 0x01],
    update_marker: Some(&[0xD0, 0x10]),
    default_files: FILES,
    pins: Some(Pins {
        tries: 3,
        default_pin: Pin { reference: 0x01, min: 4, max: 4 },
        default_puk: Pin { reference: 0x02, min: 8, max: 8 },
    }),
    keys: &[
        Key {
            role: KeyRole::Authentication,
            schemes: &[Scheme::RsaPkcs1Sha256, Scheme::RsaPkcs1Sha384, Scheme::RsaPkcs1Sha512],
            default_label: "CPS_PRIV_AUT",
            default_id: &[0xE8, 0x28, 0xBD, 0x08, 0x0F, 0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x10, 0x02],
            default_reference: 0x82,
            default_modulus: 2048,
            default_certificate: 0xA002,
            default_certificate_label: "Certificat d'Authentification CPS",
        },
        Key {
            role: KeyRole::Signature,
            // The card makes DigestInfo itself, with the one hash it can finish.
            schemes: &[Scheme::RsaPkcs1Sha256],
            default_label: "CPS_PRIV_SIG",
            default_id: &[0xE8, 0x28, 0xBD, 0x08, 0x0F, 0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x10, 0x01],
            default_reference: 0x81,
            default_modulus: 2048,
            default_certificate: 0xA001,
            default_certificate_label: "Certificat de Signature CPS",
        },
    ],
    pad: true,
};
