//! `cps services` shows the catalogue, and opens a service that it knows in the person's own browser.

use crate::agent::Agent;
use serde_json::json;
use std::{fs, os::unix::fs::PermissionsExt as _};

fn agent() -> Agent {
    let service = json!({
        "id": "dmp", "name": "DMP", "address": "https://www.dmp.fr/?a=$(id)", "access": "psc"
    });
    Agent::answering(&[("GET /v1/services", 200, json!([service]))])
}

#[test]
fn a_service_nobody_knows_is_named() {
    let ran = agent().cps(&["services", "open", "dossier"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("dossier") && ran.err.contains("cps services"), "{ran:?}");
}

#[test]
fn a_browser_that_does_not_open_leaves_the_address() {
    let ran = agent().cps_with(&["services", "open", "dmp"], &[("PATH", "/nowhere")]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("https://www.dmp.fr/"), "{ran:?}");
}

#[test]
fn the_catalogue_says_how_one_gets_in() {
    let ran = agent().cps(&["services"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.starts_with("dmp ") && ran.out.contains("Pro Santé Connect"), "{ran:?}");
}

#[test]
fn a_service_is_opened_by_its_address_and_without_a_shell() {
    let folder = tempfile::tempdir().unwrap();
    let opener = folder.path().join("xdg-open");
    fs::write(&opener, "#!/bin/sh\nprintf '%s' \"$1\" > \"$(dirname \"$0\")/opened\"\n").unwrap();
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let ran = agent().cps_with(&["services", "open", "dmp"], &[("PATH", &path)]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(fs::read_to_string(folder.path().join("opened")).unwrap(), "https://www.dmp.fr/?a=$(id)");
}
