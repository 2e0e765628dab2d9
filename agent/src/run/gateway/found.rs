//! What a diagnosis finds of the gateways: whether the files they are told to use are there, and how long they last.

use super::{Gate, Gateways, connect::unusable};
use crate::{config::GatewayCredential, host::gateway::files};
use cps_agent_core::{
    diagnosis::{self, Finding, Subject},
    identity::UnixTime,
};

impl Gateways {
    /// A line for each gateway. Asks the disk, not the network.
    pub(in crate::run) fn found(&self, now: UnixTime) -> Vec<Finding> {
        self.0.values().map(|gate| gate.found(now)).collect()
    }
}

impl Gate {
    fn found(&self, now: UnixTime) -> Finding {
        if let Err(error) = files::anchors(&self.settings.anchors) {
            return Finding::bad(Subject::Gateway, unusable(self, &error));
        }
        let organisation = match files::organisation(&self.settings.credential) {
            Ok(organisation) => organisation,
            Err(error) => return Finding::bad(Subject::Gateway, unusable(self, &error)),
        };
        let route = &self.settings.route;
        let credential = match self.settings.credential {
            GatewayCredential::Card => "card",
            GatewayCredential::Organisation { .. } => "organisation",
        };
        let values = [
            ("gateway", route.name.as_str().into()),
            ("origin", route.origin().into()),
            ("credential", credential.into()),
        ];
        let good = Finding::good(Subject::Gateway, values);
        match organisation {
            Some(certificate) => diagnosis::gateway(good, route, certificate.not_after(), now),
            None => good,
        }
    }
}
