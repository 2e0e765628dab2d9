//! The agent's own bridge: whether it can be used, where software finds it, and the certificate it presents.
//!
//! With `bridge.tls` the port is taken at the start, whether there is a certificate or not: the issuer is known, nobody
//! else can sit down there, and callers are answered from the moment when `cps trust install` made a certificate.

use super::{shared::Shared, words as put};
use crate::{
    host::{
        bridge_tls::{Authority, BridgeTls, BridgeTlsError},
        entropy::SystemEntropy,
        paths::Paths,
        state::Folder,
    },
    serve::bridge::{Bound, Closed},
};
use cps_agent_api::words;
use cps_agent_core::{
    audit,
    failure::{self, Failure},
    identity::UnixTime,
};
use std::{io, path::PathBuf};

/// What the loop knows of its bridge.
pub(super) struct OwnBridge {
    /// Why its port could not be taken, when that is so.
    closed: Option<Failure>,
    /// Issuer and port, when it listens.
    place: Option<(String, u16)>,
    /// It speaks https.
    secure: bool,
    tls: BridgeTls,
    runtime: PathBuf,
    /// `bridge.json`: how local software finds the bridge.
    file: PathBuf,
}

impl OwnBridge {
    /// The bridge as it was bound, or not.
    pub(super) fn new(paths: &Paths, tls: BridgeTls, secure: bool, bound: &Result<Bound, Closed>) -> Self {
        Self {
            closed: bound.as_ref().err().map(Closed::failure),
            place: bound.as_ref().ok().map(|bound| (bound.issuer(), bound.port())),
            secure,
            tls,
            runtime: paths.runtime.clone(),
            file: paths.bridge_file(),
        }
    }

    /// Why no application can use it now, when that is so.
    pub(super) fn problem(&self, now: UnixTime) -> Option<Failure> {
        self.closed.clone().or_else(|| self.secure.then(|| self.tls.problem(now)).flatten())
    }

    /// The port it listens on.
    pub(super) fn port(&self) -> Option<u16> {
        self.place.as_ref().map(|(_, port)| *port)
    }

    /// Writes `bridge.json`, or takes away what an agent that was killed has left there.
    fn publish(&self, thumbprint: &str, now: UnixTime) {
        let (Some((issuer, port)), None) = (&self.place, self.problem(now)) else { return self.withdraw() };
        let content = serde_json::json!({ "issuer": issuer, "port": port, "jwks_thumbprint": thumbprint });
        let name = self.file.file_name().and_then(|name| name.to_str()).unwrap_or("bridge.json");
        let written =
            Folder::open(&self.runtime).and_then(|folder| folder.write(name, content.to_string().as_bytes()));
        if let Err(error) = written {
            tracing::warn!(%error, "local software cannot be told where the bridge is");
        }
    }

    /// Takes `bridge.json` away.
    pub(super) fn withdraw(&self) {
        match std::fs::remove_file(&self.file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, "local software is told of a bridge that is not there");
            }
            _ => {}
        }
    }
}

impl Shared {
    /// Tells local software where the bridge is, or that it is nowhere; the log, why.
    pub(super) fn publish_bridge(&self) {
        let thumbprint = self.look(|quiet, _| quiet.provider.keys().thumbprint().to_owned());
        let now = self.clock.now();
        self.bridge.publish(&thumbprint, now);
        if let Some(problem) = self.bridge.problem(now) {
            let next = problem.next(failure::Language::English);
            tracing::error!(code = %problem.code, %next, "no application can use the bridge");
        }
    }

    /// Who vouches for the bridge's certificate.
    pub(super) fn authority(&self) -> Option<words::Authority> {
        self.bridge.tls.authority().map(|authority| self.word(&authority))
    }

    fn word(&self, authority: &Authority) -> words::Authority {
        put::authority(authority, &self.bridge.tls.authority_file(), self.bridge.secure)
    }

    /// Makes an authority and the bridge's certificate, unless there is one that lasts and no new one is wanted.
    ///
    /// # Errors
    /// When they cannot be made or kept.
    pub(super) fn make_authority(
        &self,
        by: &audit::Application,
        renew: bool,
    ) -> Result<words::Authority, Failure> {
        let (tls, now) = (&self.bridge.tls, self.clock.now());
        if !renew
            && tls.lasts(now)
            && let Some(present) = self.authority()
        {
            return Ok(present);
        }
        let made = tls.renew(&mut SystemEntropy::new(), now).map_err(|error| unmade(&error))?;
        let made = self.word(&made);
        self.record([audit::Event::done(audit::What::BridgeCertificate(made.sha256.clone()))], by);
        self.publish_bridge();
        Ok(made)
    }

    /// Forgets both.
    ///
    /// # Errors
    /// When the state folder cannot be written.
    pub(super) fn remove_authority(&self, by: &audit::Application) -> Result<(), Failure> {
        if self.bridge.tls.authority().is_none() {
            return Ok(());
        }
        self.bridge.tls.remove().map_err(|error| unmade(&error))?;
        self.record([audit::Event::done(audit::What::BridgeCertificateRemoved)], by);
        self.publish_bridge();
        Ok(())
    }
}

fn unmade(error: &BridgeTlsError) -> Failure {
    tracing::error!(%error, "the certificate of the bridge cannot be made or removed");
    match error {
        BridgeTlsError::Seal(_) | BridgeTlsError::Io(_) => failure::STATE_UNWRITABLE.into(),
        BridgeTlsError::Make(_) | BridgeTlsError::Content(_) => failure::INTERNAL.into(),
    }
}
