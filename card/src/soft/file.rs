//! A token's file: PEM blocks with the encrypted key, the certificate, and while there is none the request for it.
//!
//! The key is a PKCS#8 `ENCRYPTED PRIVATE KEY` (RFC 5958 §3) by PBES2 (RFC 8018 §6.2) with scrypt (RFC 7914) and
//! AES-256-CBC, which other tools read too. scrypt runs with N = 2^14, r = 8, p = 5: 16 MiB and about a fifth of a second.

use super::{MAX_PASSPHRASE, MIN_PASSPHRASE};
use crate::certificate::{self, Certificate};
use crate::{Error, Pin};
use p256::ecdsa::SigningKey;
use pkcs8::der::Decode;
use pkcs8::der::pem::{LineEnding, encode_string};
use pkcs8::pkcs5::{EncryptionScheme, pbes2, scrypt};
use pkcs8::{DecodePrivateKey, EncodePrivateKey, EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use ring::rand::SecureRandom;
use x509_parser::pem::Pem;

/// Longest file read. A real one has about 3 KiB.
const MAX_SIZE: usize = 64 * 1024;
const LOG_N: u8 = 14;
const R: u32 = 8;
const P: u32 = 5;
/// What a file may ask of scrypt: 16 to 128 MiB of memory and a few seconds. A hostile file could ask for hours.
const COSTS: std::ops::RangeInclusive<u64> = 1 << 14..=1 << 17;
const MAX_BLOCK_SIZE: u16 = 8;
const MAX_PARALLELIZATION: u16 = 16;

const KEY: &str = "ENCRYPTED PRIVATE KEY";
const CERTIFICATE: &str = "CERTIFICATE";
const REQUEST: &str = "CERTIFICATE REQUEST";

/// The blocks of a file, as DER.
#[derive(Clone, Default)]
pub(super) struct TokenFile {
    key: Vec<u8>,
    certificate: Option<Vec<u8>>,
    request: Option<Vec<u8>>,
}

impl TokenFile {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_SIZE {
            return Err(damaged("longer than 64 KiB"));
        }
        let (mut key, mut certificate, mut request) = (None, None, None);
        for block in Pem::iter_from_buffer(bytes) {
            let block = block.map_err(|_| damaged("not PEM"))?;
            let place = match block.label.as_str() {
                KEY => &mut key,
                CERTIFICATE => &mut certificate,
                REQUEST => &mut request,
                _ => return Err(damaged("a PEM block that does not belong in it")),
            };
            if place.replace(block.contents).is_some() {
                return Err(damaged("two blocks of the same kind"));
            }
        }
        Ok(Self { key: key.ok_or_else(|| damaged("no encrypted key"))?, certificate, request })
    }

    pub(super) fn to_pem(&self) -> Result<String, Error> {
        let blocks = [
            (KEY, Some(&self.key)),
            (CERTIFICATE, self.certificate.as_ref()),
            (REQUEST, self.request.as_ref()),
        ];
        let mut out = String::new();
        for (label, der) in blocks {
            if let Some(der) = der {
                out.push_str(&pem(label, der)?);
            }
        }
        Ok(out)
    }

    pub(super) fn certificate(&self) -> Result<Certificate, Error> {
        match &self.certificate {
            Some(der) => Certificate::from_der(der),
            None => {
                Err(Error::Token("the token has no certificate yet: its request is not answered".to_owned()))
            }
        }
    }

    pub(super) fn set_certificate(&mut self, certificate: &Certificate) {
        self.certificate = Some(certificate.der().to_vec());
        self.request = None;
    }

    pub(super) fn request(&self) -> Option<&[u8]> {
        self.request.as_deref()
    }

    pub(super) fn set_request(&mut self, der: Vec<u8>) {
        self.request = Some(der);
    }

    /// Encrypts the key under a passphrase.
    pub(super) fn seal(
        &mut self,
        entropy: &dyn SecureRandom,
        passphrase: &Pin,
        key: &SigningKey,
    ) -> Result<(), Error> {
        check_length(passphrase)?;
        let failed = || Error::Token("the key cannot be encrypted".to_owned());
        let (mut salt, mut iv) = ([0; 16], [0; 16]);
        entropy.fill(&mut salt).map_err(|_| failed())?;
        entropy.fill(&mut iv).map_err(|_| failed())?;
        let cost = scrypt::Params::new(LOG_N, R, P).map_err(|_| failed())?;
        let scheme = pbes2::Parameters::generate_scrypt_aes256cbc(cost, &salt, iv).map_err(|_| failed())?;
        let plain = key.to_pkcs8_der().map_err(|_| failed())?;
        let info = PrivateKeyInfoRef::try_from(plain.as_bytes()).map_err(|_| failed())?;
        let sealed = info.encrypt_with_params(scheme, passphrase.expose()).map_err(|_| failed())?;
        self.key = sealed.as_bytes().to_vec();
        Ok(())
    }

    /// Decrypts the key; `None` when the passphrase is wrong.
    pub(super) fn unseal(&self, passphrase: &Pin) -> Result<Option<SigningKey>, Error> {
        let info = EncryptedPrivateKeyInfoRef::from_der(&self.key)
            .map_err(|_| damaged("its key is not encrypted PKCS#8"))?;
        if !is_affordable(&info.encryption_algorithm) {
            return Err(damaged("its key is encrypted in a way this program does not accept"));
        }
        // Without an integrity check in the format, a wrong passphrase shows as a plaintext that is no key.
        let Ok(plain) = info.decrypt(passphrase.expose()) else { return Ok(None) };
        Ok(SigningKey::from_pkcs8_der(plain.as_bytes()).ok())
    }
}

fn is_affordable(scheme: &EncryptionScheme) -> bool {
    let Some(scheme) = scheme.pbes2() else { return false };
    let aes_256 = matches!(
        scheme.encryption,
        pbes2::EncryptionScheme::Aes256Cbc { .. } | pbes2::EncryptionScheme::Aes256Gcm { .. }
    );
    aes_256
        && scheme.kdf.scrypt().is_some_and(|kdf| {
            COSTS.contains(&kdf.cost_parameter)
                && kdf.cost_parameter.is_power_of_two()
                && (1..=MAX_BLOCK_SIZE).contains(&kdf.block_size)
                && (1..=MAX_PARALLELIZATION).contains(&kdf.parallelization)
        })
}

/// Refuses a passphrase that is too short to protect a file, or absurdly long.
pub(super) fn check_length(passphrase: &Pin) -> Result<(), Error> {
    let characters = String::from_utf8_lossy(passphrase.expose()).chars().count();
    if characters < usize::from(MIN_PASSPHRASE) || passphrase.len() > usize::from(MAX_PASSPHRASE) {
        return Err(Error::PinFormat { min: MIN_PASSPHRASE, max: MAX_PASSPHRASE });
    }
    Ok(())
}

/// Reads one certificate, in PEM or in DER.
pub(super) fn read_certificate(bytes: &[u8]) -> Result<Certificate, Error> {
    if bytes.len() > 2 * certificate::MAX_SIZE {
        return Err(Error::Token("the certificate file is too long".to_owned()));
    }
    match Pem::iter_from_buffer(bytes).next() {
        Some(Ok(block)) if block.label == CERTIFICATE => Certificate::from_der(&block.contents),
        _ => Certificate::from_der(bytes),
    }
}

pub(super) fn request_pem(der: &[u8]) -> Result<String, Error> {
    pem(REQUEST, der)
}

fn pem(label: &'static str, der: &[u8]) -> Result<String, Error> {
    encode_string(label, LineEnding::LF, der).map_err(|_| damaged("a block that cannot be written as PEM"))
}

fn damaged(why: &str) -> Error {
    Error::Token(format!("the token's file is damaged or foreign: {why}"))
}
