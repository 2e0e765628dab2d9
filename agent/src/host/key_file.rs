//! Keys and secrets that the administrator put into files: read once, and refused with the next step where they are not
//! what they should be.

use cps_agent_core::{jose::SigningKey, secret::Secret};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Largest file that is read.
const LIMIT: u64 = 64 * 1024;

/// Why a file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read.
    #[error("{path}: cannot be read", path = path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        #[source]
        cause: io::Error,
    },
    /// A secret that opens something, in a file that others can read.
    #[error("{path}: other users can read it", path = path.display())]
    Open {
        /// Which.
        path: PathBuf,
    },
    /// A secret with nothing in it.
    #[error("{path}: is empty: write the secret into it", path = path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
    /// A secret with a character that nobody types, as copying from a page or a document brings along.
    #[error("{path}: holds a character that cannot be seen (U+{code:04X}): copy the secret again, as plain text", path = path.display())]
    Invisible {
        /// Which.
        path: PathBuf,
        /// Its code point; it is no part of the secret.
        code: u32,
    },
    /// A key behind a passphrase.
    #[error("{path}: the key is encrypted: write it without a passphrase, for this user alone (openssl pkey -in FILE -out NEW)", path = path.display())]
    Encrypted {
        /// Which.
        path: PathBuf,
    },
    /// No key, or one of another kind.
    #[error("{path}: holds no private key that can be used: RSA of 2048 to 4096 bits or P-256, as PEM (PKCS#8, PKCS#1 or SEC1)", path = path.display())]
    NoKey {
        /// Which.
        path: PathBuf,
    },
}

/// Reads a secret: one line of text, without the white space around it.
///
/// # Errors
/// See [`KeyFileError`].
pub fn secret(path: &Path) -> Result<Secret, KeyFileError> {
    let text = text(path)?;
    let secret = text.trim_start_matches('\u{FEFF}').trim();
    if secret.is_empty() {
        return Err(KeyFileError::Empty { path: path.to_owned() });
    }
    match secret.chars().find(|c| !(c.is_ascii_graphic() || *c == ' ' || c.is_alphanumeric())) {
        Some(c) => Err(KeyFileError::Invisible { path: path.to_owned(), code: u32::from(c) }),
        None => Ok(Secret::new(secret.to_owned())),
    }
}

/// Reads a secret that its owner alone may read: what opens a key that is kept behind it.
///
/// # Errors
/// See [`KeyFileError`].
pub fn own_secret(path: &Path) -> Result<Secret, KeyFileError> {
    if grants(path, 0o077) {
        return Err(KeyFileError::Open { path: path.to_owned() });
    }
    secret(path)
}

/// Reads a private key as DER, in whichever of the three forms it is.
///
/// # Errors
/// See [`KeyFileError`].
pub fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, KeyFileError> {
    let text = text(path)?;
    if text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(KeyFileError::Encrypted { path: path.to_owned() });
    }
    PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| KeyFileError::NoKey { path: path.to_owned() })
}

/// Reads the key of `private_key_jwt`.
///
/// # Errors
/// See [`KeyFileError`].
pub fn signing_key(path: &Path) -> Result<SigningKey, KeyFileError> {
    let key = private_key(path)?;
    let pkcs8 = match &key {
        PrivateKeyDer::Pkcs8(key) => Zeroizing::new(key.secret_pkcs8_der().to_vec()),
        PrivateKeyDer::Pkcs1(key) => wrapped(RSA, key.secret_pkcs1_der()),
        PrivateKeyDer::Sec1(key) => wrapped(P256, key.secret_sec1_der()),
        _ => return Err(KeyFileError::NoKey { path: path.to_owned() }),
    };
    let random = ring::rand::SystemRandom::new();
    SigningKey::p256(&pkcs8, &random)
        .or_else(|_| SigningKey::rsa(&pkcs8))
        .map_err(|_| KeyFileError::NoKey { path: path.to_owned() })
}

/// `AlgorithmIdentifier` of `rsaEncryption` (RFC 8017 appendix A.1).
const RSA: &[u8] =
    &[0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00];
/// `AlgorithmIdentifier` of `id-ecPublicKey` on P-256 (RFC 5480 §2.1).
const P256: &[u8] = &[
    0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE,
    0x3D, 0x03, 0x01, 0x07,
];

/// An older form of key inside PKCS#8 (RFC 5958 §2): version, algorithm, the key as an octet string.
fn wrapped(algorithm: &[u8], key: &[u8]) -> Zeroizing<Vec<u8>> {
    let inner = der(0x04, key);
    let content = Zeroizing::new([&[0x02, 0x01, 0x00], algorithm, &inner].concat());
    der(0x30, &content)
}

/// Tag, length, content.
fn der(tag: u8, content: &[u8]) -> Zeroizing<Vec<u8>> {
    let length = content.len().to_be_bytes();
    let start = length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1);
    let digits = length.get(start..).unwrap_or_default();
    let mut out = Zeroizing::new(Vec::with_capacity(content.len() + digits.len() + 2));
    out.push(tag);
    if content.len() >= 0x80 {
        out.push(0x80 | u8::try_from(digits.len()).unwrap_or_default());
    }
    out.extend_from_slice(digits);
    out.extend_from_slice(content);
    out
}

/// Reads a file with a key in it as it is.
///
/// # Errors
/// See [`KeyFileError`].
pub(super) fn content(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let unreadable = |cause| KeyFileError::Unreadable { path: path.to_owned(), cause };
    let length = fs::metadata(path).map_err(unreadable)?.len();
    if length > LIMIT {
        return Err(unreadable(io::Error::other("longer than 64 KiB")));
    }
    fs::read(path).map(Zeroizing::new).map_err(unreadable)
}

fn text(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let content = content(path)?;
    if grants(path, 0o007) {
        tracing::warn!(file = %path.display(), "other users can read this secret");
    }
    let cause = |error| io::Error::new(io::ErrorKind::InvalidData, error);
    let text = std::str::from_utf8(&content).map_err(cause);
    let text = text.map_err(|cause| KeyFileError::Unreadable { path: path.to_owned(), cause })?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Whether a file grants any of these rights. Only where rights are bits of a mode.
fn grants(path: &Path, rights: u32) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(path).is_ok_and(|file| file.permissions().mode() & rights != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = (path, rights);
        false
    }
}

#[cfg(test)]
mod tests;
