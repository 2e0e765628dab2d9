//! `cps open` opens the agent's page by a link, and prints the link where nothing can open it.

use crate::agent::{Agent, problem};
use serde_json::json;
use std::{fs, os::unix::fs::PermissionsExt as _};

const LINK: &str = "http://127.0.0.1:24788/portal/open/once";

fn agent() -> Agent {
    Agent::answering(&[("POST /v1/portal", 200, json!({ "url": LINK, "expires_in": 60 }))])
}

/// A folder with an opener that notes what it is given, and ends so.
fn opener(code: u8) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let opener = folder.path().join("xdg-open");
    let script = format!("#!/bin/sh\nprintf '%s' \"$1\" > \"$(dirname \"$0\")/opened\"\nexit {code}\n");
    fs::write(&opener, script).unwrap();
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    (folder, path)
}

#[test]
fn a_bridge_that_is_closed_is_named() {
    let closed = problem("port_taken", 503, "Le port est pris.", "Fermez l’autre programme.");
    let ran = Agent::answering(&[("POST /v1/portal", 503, closed)]).cps(&["open"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("Le port est pris") && ran.out.is_empty(), "{ran:?}");
}

#[test]
fn without_a_screen_or_an_opener_the_link_is_printed() {
    let (folder, path) = opener(0);
    let ran = agent().cps_with(&["open"], &[("PATH", &path)]);
    assert_eq!((ran.code, ran.out.trim()), (0, LINK), "{ran:?}");
    assert!(!folder.path().join("opened").exists(), "there is no screen for it");
    let (_folder, failing) = opener(4);
    for path in ["/nowhere", failing.as_str()] {
        let ran = agent().cps_with(&["open"], &[("PATH", path), ("DISPLAY", ":0")]);
        assert_eq!((ran.code, ran.out.trim()), (0, LINK), "{ran:?}");
    }
}

#[test]
fn a_link_that_is_wanted_is_printed_and_not_used_up() {
    let (folder, path) = opener(0);
    let environment = [("PATH", path.as_str()), ("DISPLAY", ":0"), ("LC_ALL", "fr_FR.UTF-8")];
    let ran = agent().cps_with(&["open", "--print"], &environment);
    assert_eq!((ran.code, ran.out.trim()), (0, LINK), "{ran:?}");
    assert!(ran.err.contains("une fois"), "{ran:?}");
    let ran = agent().cps_with(&["open", "--print", "--json"], &environment);
    let answer: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(answer, json!({ "opened": false, "url": LINK, "expires_in": 60 }));
    assert!(!folder.path().join("opened").exists());
}

#[test]
fn the_page_is_opened_and_its_link_shown_to_nobody_else() {
    for (words, view) in [(&["open"][..], None), (&["open", "help"], Some("diagnosis"))] {
        let (folder, path) = opener(0);
        let agent = agent();
        let ran = agent.cps_with(words, &[("PATH", &path), ("WAYLAND_DISPLAY", "wayland-0")]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(fs::read_to_string(folder.path().join("opened")).unwrap(), LINK);
        assert!(!ran.out.contains("http") && !ran.err.contains("http"), "{ran:?}");
        assert_eq!(agent.seen()[0].body["view"].as_str(), view);
    }
}
