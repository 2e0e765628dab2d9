//! CPS3 through its antenna: one technical key that works without PIN, in a directory of its own; T=1.

use super::cps3::{FILES, IAS};
use super::{Atr, Key, Profile};
use crate::token::{KeyRole, Kind, Scheme};

pub(super) static PROFILE: Profile = Profile {
    kind: Kind::Cps3Contactless,
    atrs: &[Atr {
        bytes: &[
            0x3B, 0x8F, 0x80, 0x01, 0x00, 0x31, 0xB8, 0x64, 0x04, 0xB0, 0xEC, 0xC1, 0x73, 0x94, 0x01, 0x80,
            0x82, 0x90, 0x00, 0x0E,
        ],
        // Chip manufacturer and type, and the version of the IAS implementation, may change.
        mask: Some(&[
            0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0xFF, 0xC0, 0xFF, 0xFF, 0xFF, 0xFF,
            0xFF, 0xFF, 0xFF, 0xFF,
        ]),
    }],
    applet: &IAS,
    application: &[0x00, 0x02],
    // Not readable through the antenna.
    update_marker: None,
    default_files: FILES,
    pins: None,
    keys: &[Key {
        role: KeyRole::Technical,
        schemes: &[Scheme::RsaPkcs1Sha256, Scheme::RsaPkcs1Sha384, Scheme::RsaPkcs1Sha512],
        default_label: "CPS_PRIV_TECH_AUT",
        default_id: &[0xE8, 0x28, 0xBD, 0x08, 0x0F, 0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x20, 0x01],
        default_reference: 0x83,
        default_modulus: 2048,
        default_certificate: 0xA003,
        default_certificate_label: "Certificat Technique CPS",
    }],
    pad: false,
};
