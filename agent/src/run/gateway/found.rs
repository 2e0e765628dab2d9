//! What a diagnosis finds of the gateways: whether what they are told to use is there, and how long it lasts.

use super::{Gate, Gateways};
use crate::{
    config::{GatewayCredential, OrganisationKey},
    host::gateway::files,
};
use cps_agent_core::{
    diagnosis::{self, Finding, Subject},
    identity::UnixTime,
};
use std::sync::Arc;

impl Gateways {
    /// A line for each gateway. Asks disk and key stores, not the network, and spends no PIN.
    pub(in crate::run) async fn found(&self, now: UnixTime) -> Vec<Finding> {
        let mut found = Vec::new();
        for gate in self.0.values().map(Arc::clone) {
            // A key store takes its time.
            found.extend(tokio::task::spawn_blocking(move || gate.found(now)).await);
        }
        found
    }
}

impl Gate {
    fn found(&self, now: UnixTime) -> Finding {
        if let Err(error) = files::anchors(&self.settings.anchors) {
            return Finding::bad(Subject::Gateway, self.unusable(&error));
        }
        let route = &self.settings.route;
        let (credential, end) = match &self.settings.credential {
            GatewayCredential::Card => ("card".to_owned(), None),
            GatewayCredential::Organisation(key) => match files::organisation_end(key, &self.refused) {
                Ok(end) => (format!("organisation, {}", source(key)), end),
                Err(error) => return Finding::bad(Subject::Gateway, self.unusable(&error)),
            },
        };
        // A key store may show its certificate only to whoever has its PIN.
        let end = end.or_else(|| self.live().as_ref().and_then(|live| live.end_of_certificate));
        let values = [
            ("gateway", route.name.as_str().into()),
            ("origin", route.origin().into()),
            ("credential", credential.into()),
        ];
        let good = Finding::good(Subject::Gateway, values);
        match end {
            Some(end) => diagnosis::gateway(good, route, end, now),
            None => good,
        }
    }
}

/// Where an organisation's key is.
fn source(key: &OrganisationKey) -> String {
    match key {
        OrganisationKey::Pem { key, .. } => format!("PEM {}", key.display()),
        OrganisationKey::Pkcs12 { file, .. } => format!("PKCS#12 {}", file.display()),
        OrganisationKey::Pkcs11 { uri, .. } => format!("PKCS#11 {}", uri.token_name()),
    }
}
