//! CPS4: ChipDoc on logical channel 1, T=0 and T=1.

use super::{Atr, Files, Key, Pin, Pins, Profile};
use crate::applet::ChipDoc;
use crate::token::{KeyRole, Kind, Scheme};

static CHIPDOC: ChipDoc = ChipDoc {
    root: &[0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x01, 0x00],
    // The CPS2ter application, and the GlobalPlatform issuer security domain.
    detour_basic: &[0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x02],
    detour_channel: &[0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00],
    piece: 256,
    pkcs1_sha256: 0x28,
    pss_sha256: 0x2C,
};

pub(super) static PROFILE: Profile = Profile {
    kind: Kind::Cps4,
    atrs: &[
        Atr {
            bytes: &[
                0x3B, 0x9B, 0x18, 0x80, 0x01, 0x00, 0x12, 0x25, 0x00, 0x64, 0x80, 0x04, 0x01, 0x00, 0x00,
                0x90, 0x44,
            ],
            mask: None,
        },
        // Release candidates.
        Atr {
            bytes: &[
                0x3B, 0x9B, 0x18, 0x80, 0x01, 0x00, 0x12, 0x25, 0x00, 0x64, 0x80, 0x00, 0x04, 0x01, 0x00,
                0x90, 0x44,
            ],
            mask: None,
        },
        Atr {
            bytes: &[
                0x3B, 0xDC, 0x18, 0xFF, 0x00, 0x00, 0x12, 0x25, 0x00, 0x64, 0x80, 0x00, 0x04, 0x01, 0x00,
                0x90, 0x00,
            ],
            mask: None,
        },
    ],
    applet: &CHIPDOC,
    application: &[0x00, 0x01],
    // The official driver checks none.
    update_marker: None,
    // Supposed to be those of a CPS3, as are the references of PIN and PUK below.
    default_files: Files {
        odf: 0x5031,
        token_info: 0x5032,
        pins: 0x7001,
        private_keys: 0x7002,
        certificates: 0x7005,
        data_objects: 0x7006,
        first_activity: 0xD120,
    },
    pins: Some(Pins {
        tries: 3,
        default_pin: Pin { reference: 0x11, min: 4, max: 4 },
        default_puk: Pin { reference: 0x12, min: 8, max: 8 },
    }),
    keys: &[
        Key {
            role: KeyRole::Authentication,
            schemes: &[
                Scheme::RsaPssSha256,
                Scheme::RsaPkcs1Sha256,
                Scheme::RsaPkcs1Sha384,
                Scheme::RsaPkcs1Sha512,
            ],
            default_label: "CPS_PRIV_AUT",
            default_id: &[0xE8, 0x28, 0xBD, 0x08, 0x0F, 0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x10, 0x20],
            default_reference: 0x20,
            default_modulus: 2048,
            default_certificate: 0xA002,
            default_certificate_label: "Certificat d'Authentification CPS",
        },
        Key {
            role: KeyRole::Signature,
            schemes: &[Scheme::RsaPkcs1Sha256, Scheme::RsaPssSha256],
            default_label: "CPS_PRIV_SIG",
            default_id: &[0xE8, 0x28, 0xBD, 0x08, 0x0F, 0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x10, 0x10],
            default_reference: 0x10,
            default_modulus: 2048,
            default_certificate: 0xA001,
            default_certificate_label: "Certificat de Signature CPS",
        },
    ],
    // The official driver refuses PIN entry on a pad with this card.
    pad: false,
};
