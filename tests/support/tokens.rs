//! Tokens as the agent tells the PKCS#11 module of them, for tests without a card: keys of the shape of a CPS3's, a CPS4's
//! and an e-CPS token's.

#![allow(dead_code, reason = "each test uses its part of it")]

use cps_agent_api::pkcs11::{Base64, Input, Key, Pin, PublicKey, Role, Scheme, Token};

/// Bytes of an RSA key of these tests.
pub const RSA: usize = 256;

/// The CPS3: an authentication key that takes a DigestInfo, and a signature key that finishes the hash itself.
pub fn cps3(serial: &str) -> Token {
    let authentication = Key {
        longest_raw: 102,
        decrypt: true,
        schemes: vec![
            Scheme::RsaPkcs1Sha256,
            Scheme::RsaPkcs1Sha384,
            Scheme::RsaPkcs1Sha512,
            Scheme::RsaPkcs1,
        ],
        ..rsa(2, "CPS_PRIV_AUT", "Certificat d'Authentification CPS", Role::Authentication)
    };
    let signature = Key {
        inputs: vec![Input::Message, Input::Digest],
        schemes: vec![Scheme::RsaPkcs1Sha256],
        always_authenticate: true,
        ..rsa(1, "CPS_PRIV_SIG", "Certificat de Signature CPS", Role::Signature)
    };
    token("CPS3v3-01992138450", "IAS ECC", serial, vec![authentication, signature])
}

/// The CPS4: its authentication key does PSS, and RSA itself.
pub fn cps4(serial: &str) -> Token {
    let authentication = Key {
        longest_raw: 245,
        schemes: vec![Scheme::RsaPssSha256, Scheme::RsaPkcs1Sha256, Scheme::RsaPkcs1, Scheme::RsaRaw],
        ..rsa(0x20, "CPS_PRIV_AUT", "Certificat d'Authentification CPS", Role::Authentication)
    };
    token("CPS4v1-04400012350", "ChipDoc", serial, vec![authentication])
}

/// The e-CPS token: one P-256 key, and a serial that is longer than Cryptoki's field.
pub fn soft(serial: &str) -> Token {
    let mut point = vec![0x04];
    point.extend([0x77; 64]);
    let curve = vec![0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    let key = Key {
        public_key: PublicKey::Ec { curve: Base64(curve), point: Base64(point) },
        schemes: vec![Scheme::EcdsaP256Sha256],
        ..rsa(9, "e-CPS", "e-CPS", Role::Authentication)
    };
    token("e-CPS", "e-CPS", serial, vec![key])
}

fn rsa(id: u8, label: &str, certificate_label: &str, role: Role) -> Key {
    let mut modulus = vec![0xc5; RSA];
    modulus[RSA - 1] = id | 1;
    Key {
        id: Base64(vec![0x80, 0x25, id]),
        label: label.to_owned(),
        certificate_label: certificate_label.to_owned(),
        certificate: Base64(vec![0x30, 0x03, 0x02, 0x01, id]),
        subject: Base64(vec![0x30, 0x01, id]),
        issuer: Base64(vec![0x30, 0x01, 0xff]),
        serial_number: Base64(vec![0x02, 0x01, id]),
        not_before: 1_704_067_200,
        not_after: 1_893_456_000,
        public_key: PublicKey::Rsa { modulus: Base64(modulus), exponent: Base64(vec![1, 0, 1]) },
        role,
        schemes: Vec::new(),
        inputs: vec![Input::Digest],
        longest_raw: 0,
        decrypt: false,
        always_authenticate: false,
    }
}

fn token(label: &str, model: &str, serial: &str, keys: Vec<Key>) -> Token {
    Token {
        label: label.to_owned(),
        manufacturer: "ASIP SANTE".to_owned(),
        model: model.to_owned(),
        serial: serial.to_owned(),
        insertion: 0,
        pin: Pin::Fine,
        pin_min: 4,
        pin_max: 4,
        keys,
    }
}
