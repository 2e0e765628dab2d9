//! The key as the agent uses it: opened with the PIN of a file, asked for signatures, opened again when its process died.
//!
//! Everything here blocks; whoever asks does so on a thread of its own.

use super::{
    process::{Process, garbled},
    refused::RefusedPins,
    wire::{Algorithm, Found, Opened, kind},
};
use crate::host::{
    client_certificate::{self, ClientCertificateError},
    key_file::{self, KeyFileError},
    pkcs12,
};
use cps_agent_core::{gateway::key_uri::KeyUri, identity::UnixTime};
use cps_card::{
    certificate::Certificate,
    digest::{digest_info, hash},
    token::{Payload, Scheme},
};
use rustls_pki_types::CertificateDer;
use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// What is signed once to see whether key and certificate belong together.
const PROBE: &[u8] = b"cps-agent: does this key belong to this certificate?";

/// Longest wait for others' signatures: behind a store that hangs, whoever asked has gone by then.
const WAIT: Duration = Duration::from_secs(20);

/// Why a key store does not serve.
#[derive(Debug, thiserror::Error)]
pub enum KeyStoreError {
    /// The file of the PIN.
    #[error(transparent)]
    PinFile(#[from] KeyFileError),
    /// The file of the certificate.
    #[error(transparent)]
    Certificate(#[from] Box<ClientCertificateError>),
    /// The module cannot be loaded.
    #[error("the module cannot be used: {0}")]
    Module(String),
    /// The module leads to cards of persons.
    #[error("the module leads to a person's card: {0}")]
    Card(String),
    /// No token of this name, or several, or it left.
    #[error("the token is not there: {0}")]
    Token(String),
    /// The PIN was refused, now or before, or the token has one try left or none.
    #[error("the token refuses the PIN: {0}")]
    Pin(String),
    /// No such key, several, none that TLS can use, or one that belongs to another certificate.
    #[error("no key: {0}")]
    Key(String),
    /// The module failed.
    #[error("the module failed: {0}")]
    Broken(String),
    /// The process of the module could not be started, ended, or did not answer.
    #[error("the process of the module does not answer")]
    Died(#[source] io::Error),
}

/// What a store shows to everybody.
#[derive(Debug)]
pub struct Seen {
    /// End of the certificate, if it is shown.
    pub not_after: Option<UnixTime>,
}

/// A key in a store, open. Dropping it ends its process.
#[derive(Debug)]
pub struct KeyStore {
    uri: KeyUri,
    refused: Arc<RefusedPins>,
    process: Mutex<Option<Process>>,
    chain: Vec<Arc<Certificate>>,
    schemes: Vec<Scheme>,
}

impl KeyStore {
    /// Looks whether the store is there, without its PIN. `certificate` is the file of the key's certificate, where it has
    /// one.
    ///
    /// # Errors
    /// See [`KeyStoreError`]. A PIN that was refused before is told, too.
    pub fn look(
        uri: &KeyUri,
        certificate: Option<&Path>,
        refused: &RefusedPins,
    ) -> Result<Seen, KeyStoreError> {
        // A PIN that is being tried is not known to be right yet.
        let _turn = refused.turn();
        let pin = key_file::own_secret(&PathBuf::from(&uri.pin))?;
        let (_process, found) = found(uri, pin.expose(), refused)?;
        let shown = match certificate {
            Some(file) => chain_of_file(file)?.into_iter().next().map(|leaf| leaf.to_vec()),
            None => found.certificate,
        };
        let shown = shown.and_then(|der| Certificate::from_der(&der).ok());
        Ok(Seen { not_after: shown.map(|certificate| UnixTime(certificate.not_after())) })
    }

    /// Opens the store. The certificate is that of a file, or the one beside the key.
    ///
    /// # Errors
    /// See [`KeyStoreError`].
    pub fn open(
        uri: &KeyUri,
        certificate: Option<&Path>,
        refused: Arc<RefusedPins>,
    ) -> Result<Self, KeyStoreError> {
        let of_file = certificate.map(chain_of_file).transpose()?;
        let (mut process, opened) = begin(uri, &refused)?;
        let others: Vec<CertificateDer<'static>> = opened.others.into_iter().map(Into::into).collect();
        let chain = match (of_file, opened.certificate) {
            (Some(chain), _) => chain,
            (None, Some(leaf)) => pkcs12::chain(leaf.into(), &others),
            (None, None) => return Err(KeyStoreError::Key("the token has no certificate of it".to_owned())),
        };
        let read = chain.iter().map(|der| Certificate::from_der(der).map(Arc::new));
        let read = read.collect::<Result<Vec<_>, _>>();
        let chain = read.map_err(|error| KeyStoreError::Key(error.to_string()))?;
        let schemes: Vec<_> = opened.algorithms.into_iter().map(scheme).collect();
        let (Some(leaf), Some(first)) = (chain.first(), schemes.first()) else {
            return Err(KeyStoreError::Key("the token signs nothing with it that TLS knows".to_owned()));
        };
        if !leaf.verifies(*first, PROBE, &signature(&mut process, *first, PROBE)?) {
            return Err(KeyStoreError::Key("it belongs to another certificate".to_owned()));
        }
        Ok(Self { uri: uri.clone(), refused, process: Mutex::new(Some(process)), chain, schemes })
    }

    /// The certificate, and those above it.
    #[must_use]
    pub fn chain(&self) -> &[Arc<Certificate>] {
        &self.chain
    }

    /// What it signs with, best first.
    #[must_use]
    pub fn schemes(&self) -> &[Scheme] {
        &self.schemes
    }

    /// Signs. A process that died, or whose token left and came back, is replaced once.
    ///
    /// # Errors
    /// See [`KeyStoreError`].
    pub fn sign(&self, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        let asked = Instant::now();
        let mut place = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.elapsed() > WAIT {
            return Err(KeyStoreError::Broken("it is busy with others".to_owned()));
        }
        if let Some(mut process) = place.take() {
            match signature(&mut process, scheme, message) {
                Ok(signed) => {
                    *place = Some(process);
                    return Ok(signed);
                }
                Err(error) => tracing::warn!(%error, source = ?error, "a key store is opened again"),
            }
        }
        let (mut process, _) = begin(&self.uri, &self.refused)?;
        let signed = signature(&mut process, scheme, message)?;
        *place = Some(process);
        Ok(signed)
    }
}

/// Starts the process of a store and opens its token with the PIN that the file holds now.
fn begin(uri: &KeyUri, refused: &RefusedPins) -> Result<(Process, Opened), KeyStoreError> {
    let turn = refused.turn();
    let pin = key_file::own_secret(&PathBuf::from(&uri.pin))?;
    let (mut process, found) = found(uri, pin.expose(), refused)?;
    let names = [&uri.text, &found.token];
    for name in names {
        refused.note(name, pin.expose());
    }
    let login = process.ask(kind::LOGIN, pin.expose().as_bytes(), kind::LOGGED_IN);
    if matches!(login, Ok(_) | Err(KeyStoreError::Token(_))) {
        for name in names {
            refused.forget(name, pin.expose());
        }
    }
    drop(turn);
    login?;
    let opened = process.ask(kind::OPEN, &[], kind::OPENED)?;
    Ok((process, serde_json::from_slice(&opened).map_err(garbled)?))
}

/// Starts the process of a store and has it find its token, unless that token refused this PIN before.
fn found(uri: &KeyUri, pin: &str, refused: &RefusedPins) -> Result<(Process, Found), KeyStoreError> {
    let before = || KeyStoreError::Pin("it did before, and it is not tried again".to_owned());
    if refused.holds(&uri.text, pin) {
        return Err(before());
    }
    let mut process = Process::start()?;
    let found = process.ask(kind::FIND, uri.text.as_bytes(), kind::FOUND)?;
    let found: Found = serde_json::from_slice(&found).map_err(garbled)?;
    // Another gateway may have named the same token in other words.
    if refused.holds(&found.token, pin) {
        return Err(before());
    }
    Ok((process, found))
}

fn signature(process: &mut Process, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
    let message = Payload::Message(message);
    let data = match scheme {
        Scheme::RsaPkcs1Sha256 | Scheme::RsaPkcs1Sha384 | Scheme::RsaPkcs1Sha512 => {
            digest_info(scheme, message)
        }
        Scheme::RsaPssSha256 | Scheme::EcdsaP256Sha256 => hash(scheme, message),
    };
    let data = data.map_err(|error| KeyStoreError::Broken(error.to_string()))?;
    let question = [&[algorithm(scheme).byte()], data.as_slice()].concat();
    process.ask(kind::SIGN, &question, kind::SIGNED)
}

fn chain_of_file(file: &Path) -> Result<Vec<CertificateDer<'static>>, KeyStoreError> {
    client_certificate::chain(file).map_err(|error| KeyStoreError::Certificate(Box::new(error)))
}

const fn algorithm(scheme: Scheme) -> Algorithm {
    match scheme {
        Scheme::RsaPkcs1Sha256 => Algorithm::RsaPkcs1Sha256,
        Scheme::RsaPkcs1Sha384 => Algorithm::RsaPkcs1Sha384,
        Scheme::RsaPkcs1Sha512 => Algorithm::RsaPkcs1Sha512,
        Scheme::RsaPssSha256 => Algorithm::RsaPssSha256,
        Scheme::EcdsaP256Sha256 => Algorithm::EcdsaP256Sha256,
    }
}

const fn scheme(algorithm: Algorithm) -> Scheme {
    match algorithm {
        Algorithm::RsaPkcs1Sha256 => Scheme::RsaPkcs1Sha256,
        Algorithm::RsaPkcs1Sha384 => Scheme::RsaPkcs1Sha384,
        Algorithm::RsaPkcs1Sha512 => Scheme::RsaPkcs1Sha512,
        Algorithm::RsaPssSha256 => Scheme::RsaPssSha256,
        Algorithm::EcdsaP256Sha256 => Scheme::EcdsaP256Sha256,
    }
}
