//! Logins and sessions, played by hand.

mod browser;
mod carrier;
mod ciba;
mod held;
mod local;
mod refresh;
mod table;
mod upstream;

use crate::identity::Way;
use crate::session::login::Settings;
use crate::session::step::{Demand, Purpose};
use crate::tests::authority::Pki;
use crate::tests::provider;
use crate::trust::Revocation;
use std::sync::Arc;

fn purpose(way: Way) -> Purpose {
    Purpose {
        application: "TEST".into(),
        way,
        serial: None,
        same_person_as: None,
        identifier: None,
        demand: Demand::default(),
    }
}

/// Settings with an upstream.
fn with_upstream(pki: &Pki) -> Settings {
    Settings { upstream: Some(Arc::new(provider::profile())), ..alone(pki) }
}

/// Settings without one.
fn alone(pki: &Pki) -> Settings {
    Settings {
        anchors: Arc::new(pki.anchors()),
        revocation: Revocation::Require,
        non_nominative: false,
        browser_card: true,
        upstream: None,
        keys: None,
        audience: "http://127.0.0.1:24788".into(),
    }
}
