//! The organisation's certificate of a gateway: opened when a session first needs it, and why it could not be.

use super::Gate;
use crate::{
    config::{GatewayCredential, OrganisationKey},
    host::{
        client_certificate::ClientCertificateError,
        gateway::{
            files::{self, FilesError, Organisation},
            line::Credential,
        },
        key_file::KeyFileError,
        key_store::{KeyStore, KeyStoreError},
        pkcs12::Pkcs12Error,
        token_tls::TlsToken,
    },
};
use cps_agent_core::{
    failure::{self, Failure},
    gateway::key_uri::KeyUri,
    identity::UnixTime,
    session::step::TokenFault,
};
use cps_card::token::Scheme;
use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

impl Gate {
    /// What a line of connections shows, and when that ends.
    pub(super) async fn organisation(
        self: &Arc<Self>,
        key: &OrganisationKey,
        now: UnixTime,
        signed: &Arc<AtomicBool>,
    ) -> Result<(Credential, Option<UnixTime>), Failure> {
        let (key, refused) = (key.clone(), Arc::clone(&self.refused));
        // A key store takes its time, and a password is made to.
        let opened = tokio::task::spawn_blocking(move || files::organisation(&key, &refused)).await;
        let opened = opened.map_err(|_| failure::INTERNAL)?;
        let organisation = opened.map_err(|error| {
            tracing::warn!(
                gateway = self.settings.route.name,
                error = chain(&error),
                "an organisation's key does not serve"
            );
            self.unusable(&error)
        })?;
        let end = organisation.not_after();
        if end.is_some_and(|end| end <= now) {
            return Err(self.failure(failure::GATEWAY_CERTIFICATE_EXPIRED));
        }
        let credential = match organisation {
            Organisation::Files(certificate) => Credential::Organisation(Arc::new(certificate)),
            Organisation::Store(store) => Credential::Token(self.token_of(signed, *store)),
        };
        Ok((credential, end))
    }

    /// A key store as TLS sees it.
    fn token_of(self: &Arc<Self>, signed: &Arc<AtomicBool>, store: KeyStore) -> TlsToken {
        let (chain_of_key, schemes) = (store.chain().to_vec(), store.schemes().to_vec());
        // The gate keeps the line that keeps this: a strong reference would hold all three, and the process, for good.
        let (gate, signing) = (Arc::downgrade(self), Arc::clone(signed));
        let sign = move |scheme: Scheme, message: &[u8]| {
            let signed = store.sign(scheme, message);
            signing.fetch_or(signed.is_ok(), Ordering::Relaxed);
            signed.map_err(|error| {
                tracing::warn!(error = chain(&error), "a key store did not sign");
                TokenFault::Other(gate.upgrade().map_or(failure::INTERNAL.into(), |gate| gate.store(&error)))
            })
        };
        TlsToken { chain: chain_of_key, schemes, sign: Arc::new(sign) }
    }

    /// Why the files of a gateway are of no use.
    pub(super) fn unusable(&self, error: &FilesError) -> Failure {
        match error {
            FilesError::Organisation(error) => self.certificate(error),
            FilesError::KeyStore(error) => self.store(error),
            error => self.unreadable(error),
        }
    }

    fn certificate(&self, error: &ClientCertificateError) -> Failure {
        match error {
            ClientCertificateError::Key(error) | ClientCertificateError::Pkcs12(Pkcs12Error::File(error)) => {
                self.secret(error)
            }
            ClientCertificateError::Pkcs12(Pkcs12Error::Password { .. }) => {
                self.failure(failure::GATEWAY_PASSWORD_WRONG)
            }
            ClientCertificateError::Mismatch { .. }
            | ClientCertificateError::Pkcs12(Pkcs12Error::NoPair { .. }) => {
                self.failure(failure::GATEWAY_KEY_MISSING)
            }
            error => self.unreadable(error),
        }
    }

    fn store(&self, error: &KeyStoreError) -> Failure {
        let uri = match &self.settings.credential {
            GatewayCredential::Organisation(OrganisationKey::Pkcs11 { uri, .. }) => KeyUri::clone(uri),
            _ => KeyUri::default(),
        };
        match error {
            KeyStoreError::PinFile(error) => self.secret(error),
            KeyStoreError::Certificate(error) => self.certificate(error),
            KeyStoreError::Module(_) => {
                self.failure(failure::GATEWAY_MODULE_MISSING).with("module", uri.module)
            }
            KeyStoreError::Card(_) => self.failure(failure::GATEWAY_MODULE_OF_CARD),
            KeyStoreError::Token(_) => {
                self.failure(failure::GATEWAY_TOKEN_MISSING).with("token", uri.token_name())
            }
            KeyStoreError::Pin(_) => self.failure(failure::GATEWAY_PIN_WRONG),
            KeyStoreError::Key(_) => self.failure(failure::GATEWAY_KEY_MISSING),
            KeyStoreError::Broken(_) | KeyStoreError::Died(_) => {
                self.failure(failure::GATEWAY_KEY_STORE_BROKEN)
            }
        }
    }

    fn secret(&self, error: &KeyFileError) -> Failure {
        match error {
            KeyFileError::Open { path } => {
                self.failure(failure::GATEWAY_SECRET_OPEN).with("file", path.display().to_string())
            }
            error => self.unreadable(error),
        }
    }

    /// What cannot be read, in its own words.
    pub(super) fn unreadable(&self, error: &(dyn Error + 'static)) -> Failure {
        self.failure(failure::GATEWAY_FILES).with("reason", chain(error))
    }
}

/// An error with every cause.
fn chain(error: &(dyn Error + 'static)) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
