//! The e-CPS token: a P-256 key and its certificate, kept in one file under a passphrase.
//!
//! To everything above it is a [`Token`] like a card. Unlocking decrypts the key once; the key then stays in memory until
//! [`Token::release`]. A file can be copied and tried elsewhere, so its retry counter is a courtesy to a person who
//! mistypes, not a defence: the defence is the passphrase and the cost of scrypt.
//!
//! Bytes in, bytes out: whoever owns the file reads and writes it.

mod file;
mod issue;
pub(crate) mod x509;

pub use issue::{Person, Request, TestToken, complete, create_test, request};

use crate::certificate::{Certificate, PublicKey};
use crate::holder::Activity;
use crate::token::{Authorization, Description, Hold, KeyInfo, KeyRole, Kind, Payload, Scheme, Token};
use crate::{Error, Pin, PinStatus, Puk};
use file::TokenFile;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};
use std::sync::Arc;

/// Fewest characters of a passphrase.
pub const MIN_PASSPHRASE: u8 = 12;
/// Most bytes of a passphrase.
pub const MAX_PASSPHRASE: u8 = 255;
/// Wrong passphrases in a row before the token asks to be opened again.
pub const TRIES: u8 = 5;

/// Keeps the token's file when its passphrase changes.
///
/// The file must be replaced as a whole or not at all: on an error the old one is still good.
pub type Keeper = Box<dyn FnMut(&str) -> std::io::Result<()> + Send>;

/// A token in a file.
pub struct SoftToken {
    file: TokenFile,
    certificate: Arc<Certificate>,
    description: Arc<Description>,
    tries_left: u8,
    keeper: Option<Keeper>,
    /// Present while unlocked. Wiped when dropped.
    key: Option<SigningKey>,
}

impl SoftToken {
    /// Opens a token's file without its passphrase. `name` says where it is, for people.
    ///
    /// # Errors
    /// [`Error::Token`] when the file is not a token's, or was requested and never completed with a certificate.
    pub fn open(file: &[u8], name: &str) -> Result<Self, Error> {
        let file = TokenFile::parse(file)?;
        let certificate = Arc::new(file.certificate()?);
        if certificate.public_key() != PublicKey::P256 {
            return Err(Error::Token("the token's certificate is not for a P-256 key".to_owned()));
        }
        let key = KeyInfo {
            role: KeyRole::Authentication,
            id: certificate.fingerprint_sha256().get(..16).unwrap_or_default().to_vec(),
            label: "e-CPS".to_owned(),
            certificate_label: "e-CPS".to_owned(),
            certificate: Some(Arc::clone(&certificate)),
            schemes: vec![Scheme::EcdsaP256Sha256],
            needs_pin: true,
            longest_encoded: 0,
            block: 0,
            deciphers: false,
        };
        let description = Arc::new(Description {
            kind: Kind::Soft,
            serial: certificate.serial_hex().to_owned(),
            label: "e-CPS".to_owned(),
            manufacturer: String::new(),
            pin_lengths: Some((MIN_PASSPHRASE, MAX_PASSPHRASE)),
            place: name.to_owned(),
            keys: vec![key],
        });
        Ok(Self { file, certificate, description, tries_left: TRIES, keeper: None, key: None })
    }

    /// Says how the file is kept when the passphrase changes. Without it the passphrase cannot be changed.
    #[must_use]
    pub fn with_keeper(mut self, keeper: Keeper) -> Self {
        self.keeper = Some(keeper);
        self
    }

    /// Goes on with a counter that the caller kept, instead of a fresh one.
    #[must_use]
    pub fn with_tries_left(mut self, tries: u8) -> Self {
        self.tries_left = tries.min(TRIES);
        self
    }

    /// Wrong passphrases still accepted, for the caller to keep.
    #[must_use]
    pub fn tries_left(&self) -> u8 {
        self.tries_left
    }

    /// The key, unlocked by what the caller brings.
    fn unlock(&mut self, authorization: Authorization) -> Result<&SigningKey, Error> {
        match authorization {
            Authorization::Held => {}
            Authorization::Pad { .. } => return Err(Error::Unsupported("PIN entry on a reader")),
            Authorization::Pin { pin, last_try_accepted } => {
                // As on a card, presenting a passphrase ends the state that an earlier one made.
                self.key = None;
                self.key = Some(self.decrypt(&pin, last_try_accepted)?);
            }
        }
        self.key.as_ref().ok_or(Error::PinRequired)
    }

    /// Decrypts the key and counts. A passphrase of impossible length costs no try.
    fn decrypt(&mut self, passphrase: &Pin, last_try_accepted: bool) -> Result<SigningKey, Error> {
        file::check_length(passphrase)?;
        match self.tries_left {
            0 => return Err(Error::PinBlocked),
            1 if !last_try_accepted => return Err(Error::LastTry),
            _ => {}
        }
        let Some(key) = self.file.unseal(passphrase)? else {
            self.tries_left -= 1;
            return Err(Error::WrongPin { left: Some(self.tries_left) });
        };
        self.tries_left = TRIES;
        let point = key.verifying_key().to_sec1_point(false);
        if !self.certificate.spki().ends_with(point.as_bytes()) {
            return Err(Error::Token("the token's certificate belongs to another key".to_owned()));
        }
        Ok(key)
    }
}

impl Token for SoftToken {
    fn describe(&mut self) -> Result<Arc<Description>, Error> {
        Ok(Arc::clone(&self.description))
    }

    fn pin_status(&mut self) -> Result<Option<PinStatus>, Error> {
        Ok(Some(PinStatus {
            tries_left: Some(self.tries_left),
            tries_max: Some(TRIES),
            verified: self.key.is_some(),
            min_length: MIN_PASSPHRASE,
            max_length: MAX_PASSPHRASE,
            pad: false,
        }))
    }

    fn sign(
        &mut self,
        role: KeyRole,
        scheme: Scheme,
        payload: Payload<'_>,
        authorization: Authorization,
        hold: Hold,
    ) -> Result<Vec<u8>, Error> {
        if role != KeyRole::Authentication {
            return Err(Error::Unsupported("signatures other than for authentication"));
        }
        if scheme != Scheme::EcdsaP256Sha256 {
            return Err(Error::Unsupported("signature schemes other than ECDSA on P-256"));
        }
        if matches!(payload, Payload::Digest(digest) if digest.len() != 32) {
            return Err(Error::Unsupported("digests other than SHA-256"));
        }
        let key = self.unlock(authorization)?;
        let signature: Result<Signature, _> = match payload {
            Payload::Message(message) => key.try_sign(message),
            Payload::Digest(digest) => key.sign_prehash(digest),
        };
        if hold == Hold::Operation {
            self.key = None;
        }
        signature
            .map(|signature| signature.to_bytes().to_vec())
            .map_err(|_| Error::Token("the token's key cannot sign".to_owned()))
    }

    fn decipher(&mut self, _: &[u8], _: Authorization, _: Hold) -> Result<Vec<u8>, Error> {
        Err(Error::Unsupported("deciphering"))
    }

    /// None: professional situations are data of a card.
    fn activities(&mut self, _: Authorization, _: Hold) -> Result<Vec<Activity>, Error> {
        Ok(Vec::new())
    }

    fn change_pin(&mut self, old: Authorization, new: Pin) -> Result<(), Error> {
        file::check_length(&new)?;
        let Some(mut keeper) = self.keeper.take() else {
            return Err(Error::Unsupported("changing a passphrase without a place to keep it"));
        };
        let changed = self.unlock(old).cloned().and_then(|key| {
            let mut file = self.file.clone();
            file.seal(&ring::rand::SystemRandom::new(), &new, &key)?;
            keeper(&file.to_pem()?)
                .map_err(|error| Error::Token(format!("the token's file was not written: {error}")))?;
            self.file = file;
            Ok(())
        });
        self.keeper = Some(keeper);
        self.key = None;
        changed
    }

    fn unblock_pin(&mut self, _: Puk, _: Pin) -> Result<(), Error> {
        Err(Error::Unsupported("unblocking by PUK"))
    }

    fn release(&mut self) -> Result<(), Error> {
        self.key = None;
        Ok(())
    }

    /// Always: what was opened stays usable, whatever happens to the file.
    fn present(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// Shows the certificate's fingerprint and whether the key is unlocked.
impl std::fmt::Debug for SoftToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SoftToken")
            .field("certificate", &self.certificate)
            .field("unlocked", &self.key.is_some())
            .field("tries_left", &self.tries_left)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
