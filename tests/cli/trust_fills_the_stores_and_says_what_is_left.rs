//! `cps trust`: the agent makes the certificate, `cps` tells the stores; what could not be done is said and is exit 1.

use crate::agent::{Agent, Ran};
use serde_json::{Value, json};
use std::path::Path;

fn authority(in_use: bool) -> Value {
    json!({
        "sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "pem": "PEM\n",
        "file": "/state/bridge-authority.pem", "not_before": 1_795_406_400, "not_after": 1_829_707_200,
        "in_use": in_use,
    })
}

/// Runs `cps` in English for a person whose home is this, without any program to be found.
fn at_home(agent: &Agent, home: &Path, words: &[&str]) -> Ran {
    let home = home.to_str().unwrap();
    agent.cps_with(words, &[("LC_ALL", "en_GB.UTF-8"), ("HOME", home), ("PATH", "/nonexistent")])
}

#[test]
fn the_authority_is_shown_with_what_is_to_be_set() {
    let agent =
        Agent::answering(&[("GET /v1/trust", 200, Value::Null), ("POST /v1/trust", 200, authority(false))]);
    let home = tempfile::tempdir().unwrap();
    let ran = at_home(&agent, home.path(), &["trust", "install", "--no-system"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(
        ran.out,
        "authority     /state/bridge-authority.pem\n\
         SHA-256       0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n\
         validity      2026-11-23 – 2027-12-25\n"
    );
    assert!(ran.err.contains("no store was found") && ran.err.contains("bridge.tls = true"), "{}", ran.err);
    assert_eq!(agent.seen()[1].body, json!({ "renew": false }));
}

#[test]
fn a_store_that_is_left_is_named_with_what_is_missing() {
    let agent =
        Agent::answering(&[("GET /v1/trust", 200, Value::Null), ("POST /v1/trust", 200, authority(true))]);
    let home = tempfile::tempdir().unwrap();
    let database = home.path().join(".pki/nssdb");
    std::fs::create_dir_all(&database).unwrap();
    std::fs::write(database.join("cert9.db"), "").unwrap();
    let ran = at_home(&agent, home.path(), &["trust", "install", "--no-system"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains(&format!("{}: left, needs certutil", database.display())), "{}", ran.out);
    assert!(ran.err.contains("libnss3-tools"), "{}", ran.err);

    let ran = at_home(&agent, home.path(), &["trust", "install", "--no-system", "--renew", "--json"]);
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &told["stores"][0]["state"]), (1, &json!("no_certutil")));
    let problem: Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(problem["code"], "stores_need_certutil");
    assert_eq!(agent.seen()[3].body, json!({ "renew": true }));
}

#[test]
fn a_browser_in_a_snap_or_flatpak_has_a_store_too() {
    let agent =
        Agent::answering(&[("GET /v1/trust", 200, Value::Null), ("POST /v1/trust", 200, authority(true))]);
    let home = tempfile::tempdir().unwrap();
    let databases = [
        "snap/firefox/common/.mozilla/firefox/a.default",
        "snap/chromium/current/.pki/nssdb",
        ".var/app/org.mozilla.firefox/.mozilla/firefox/b.default",
        ".var/app/org.chromium.Chromium/.pki/nssdb",
    ];
    for database in databases {
        std::fs::create_dir_all(home.path().join(database)).unwrap();
        std::fs::write(home.path().join(database).join("cert9.db"), "").unwrap();
    }
    let ran = at_home(&agent, home.path(), &["trust", "install", "--no-system"]);
    assert_eq!(ran.code, 1, "certutil is missing here");
    for database in databases {
        assert!(ran.out.contains(database), "{database}: {}", ran.out);
    }
}

#[test]
fn an_authority_is_not_forgotten_while_a_store_has_it() {
    let agent =
        Agent::answering(&[("GET /v1/trust", 200, authority(true)), ("DELETE /v1/trust", 200, Value::Null)]);
    let home = tempfile::tempdir().unwrap();
    let database = home.path().join(".pki/nssdb");
    std::fs::create_dir_all(&database).unwrap();
    std::fs::write(database.join("cert9.db"), "").unwrap();
    let ran = at_home(&agent, home.path(), &["trust", "remove", "--no-system"]);
    assert_eq!((ran.code, agent.seen().len()), (1, 1), "{}", ran.err);
    std::fs::remove_dir_all(&database).unwrap();
    let ran = at_home(&agent, home.path(), &["trust", "remove", "--no-system"]);
    assert_eq!((ran.code, agent.seen().len()), (0, 3), "{}", ran.err);
}

#[test]
fn nothing_to_remove_is_no_error() {
    let agent = Agent::answering(&[("GET /v1/trust", 200, Value::Null)]);
    let home = tempfile::tempdir().unwrap();
    let ran = at_home(&agent, home.path(), &["trust", "remove"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "there is no certificate to take back\n"), "{}", ran.err);
    assert_eq!(agent.seen().len(), 1, "and the agent is asked for nothing more");
}
