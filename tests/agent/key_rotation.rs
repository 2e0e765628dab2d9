//! Signing keys are replaced when they have served for 90 days; what they signed can be checked for a day more.

use crate::desk::until;
use bytes::Bytes;
use cps_agent::{
    config::{Config, Sources},
    host::{
        clock::{Clock, SystemClock},
        paths::Paths,
    },
    run::{Agent, Services},
};
use cps_agent_core::identity::UnixTime;
use cps_sandbox::{browser::Browser, reader::InProcessReaders};
use hyper::Request;
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path, sync::Arc};

/// The system's clock, so many days later.
#[derive(Debug)]
struct Later(i64);

impl Clock for Later {
    fn now(&self) -> UnixTime {
        SystemClock.now().plus(self.0 * 24 * 3600)
    }
}

/// The state of one agent, and its starts.
struct House(tempfile::TempDir);

impl House {
    async fn start(&self, days: i64) -> Agent {
        let folder = self.0.path();
        let text = |path: &Path| path.display().to_string();
        let flags = [
            ("bridge.listen", "127.0.0.1:0".to_owned()),
            ("trust.environment", "test".to_owned()),
            ("clients.directory", text(&folder.join("clients.d"))),
        ];
        let flags = flags.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let config = Config::load(&Sources { flags, ..Sources::default() }).expect("valid settings");
        let services = Services {
            readers: Arc::new(InProcessReaders::with_readers(1)),
            clock: Arc::new(Later(days)),
            paths: Paths {
                state: folder.join("state"),
                runtime: folder.join("run"),
                control_socket: folder.join("run/control.sock"),
                system_bus: None,
                system_journal: None,
            },
        };
        let started = tokio::task::spawn_blocking(|| Agent::start(config, services)).await.expect("no panic");
        started.expect("the agent starts")
    }

    /// The thumbprint by which local software knows the bridge.
    fn thumbprint(&self) -> String {
        let file = fs::read(self.0.path().join("run/bridge.json")).expect("a file");
        let file: Value = serde_json::from_slice(&file).expect("JSON");
        file["jwks_thumbprint"].as_str().expect("a thumbprint").to_owned()
    }
}

async fn stop(agent: Agent) {
    tokio::task::spawn_blocking(|| drop(agent)).await.expect("no panic");
}

/// The identifiers of the published keys, once there are so many.
async fn published(agent: &Agent, count: usize) -> BTreeSet<String> {
    let issuer = agent.listening().issuer.clone().expect("the bridge is open");
    let browser = Browser::new(&[]).expect("a browser");
    until("as many keys", async || {
        let request = Request::get(format!("{issuer}/jwks")).body(Bytes::new()).expect("a request");
        let answer = browser.fetch(request).await.expect("an answer");
        let jwks: Value = serde_json::from_slice(answer.body()).expect("JSON");
        let keys = jwks["keys"].as_array().expect("keys").iter();
        let kids: BTreeSet<String> = keys.map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect();
        (kids.len() == count).then_some(kids)
    })
    .await
}

#[tokio::test]
async fn keys_that_served_for_ninety_days_are_replaced_and_stay_published_for_a_day() {
    let house = House(tempfile::tempdir().expect("a folder"));
    let agent = house.start(0).await;
    let first = published(&agent, 2).await;
    let known_by = house.thumbprint();
    stop(agent).await;

    let agent = house.start(89).await;
    assert_eq!(published(&agent, 2).await, first, "not yet");
    stop(agent).await;

    let agent = house.start(91).await;
    let both = published(&agent, 4).await;
    assert!(both.is_superset(&first), "the old ones overlap");
    assert_ne!(house.thumbprint(), known_by, "the bridge is known by its new key");
    stop(agent).await;

    let agent = house.start(93).await;
    let after = published(&agent, 2).await;
    assert!(after.is_disjoint(&first) && after.is_subset(&both), "the new ones alone");
    stop(agent).await;
}
