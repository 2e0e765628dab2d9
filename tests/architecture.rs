//! Who may know whom: the table of the README, as a test. When a wall moves, this file and the drawing move with it.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    let mut here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    while !here.join("tests/architecture.rs").exists() {
        assert!(here.pop(), "the workspace root is not above this package");
    }
    here
}

/// Rust files below a path (or the file itself), production code only: `tests.rs` and `tests/` folders are left out.
fn sources(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(path) else { return found };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if name == "tests" || name == "tests.rs" {
            continue;
        }
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

/// The code of a file without line comments and without its trailing test module.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let production = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    production
        .lines()
        .map(|line| line.split_once("//").map_or(line, |(before, _)| before))
        .collect::<Vec<_>>()
        .join("\n")
}

/// First names after `prefix` (`crate::` or a crate's name): `prefix::a::b` and `prefix::{a::b, c}` give a, c.
fn names_after(code: &str, prefix: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let (mut depth, mut word, mut first) = (1, String::new(), true);
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => first = true,
                    c if depth == 1 && first && (c.is_alphanumeric() || c == '_') => word.push(c),
                    c if c.is_whitespace() => {}
                    _ => {
                        if depth == 1 {
                            first = false;
                        }
                    }
                }
                if (!first || c == ',' || depth == 0) && !word.is_empty() {
                    names.insert(std::mem::take(&mut word));
                }
                if depth == 0 {
                    break;
                }
                if c == ',' && depth == 1 {
                    first = true;
                }
            }
        } else {
            let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            names.insert(word);
        }
    }
    names.remove("");
    names
}

fn assert_never(room: &str, prefix: &str, never: &[&str]) {
    let files = sources(&root().join(room));
    assert!(!files.is_empty(), "{room} has no sources: the drawing is out of date");
    for file in files {
        let names = names_after(&code(&file), prefix);
        for word in never {
            assert!(!names.contains(*word), "{} must not know {prefix}{word}", file.display());
        }
    }
}

fn assert_never_text(room: &str, except: &[&str], never: &[&str]) {
    for file in sources(&root().join(room)) {
        let shown = file.strip_prefix(root()).unwrap_or(&file).display().to_string();
        if except.iter().any(|e| shown.starts_with(e)) {
            continue;
        }
        let code = code(&file);
        for word in never {
            assert!(!code.contains(word), "{shown} must not contain {word:?}");
        }
    }
}

fn dependencies(package: &str) -> BTreeSet<String> {
    let manifest = fs::read_to_string(root().join(package).join("Cargo.toml")).expect("a manifest");
    let mut inside = false;
    let mut found = BTreeSet::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside =
                line.trim_end_matches(']').ends_with("dependencies") && !line.contains("dev-dependencies");
        } else if inside && let Some(name) = line.split(['.', '=', ' ']).next().filter(|n| !n.is_empty()) {
            found.insert(name.to_owned());
        }
    }
    found
}

fn assert_depends_on_none_of(package: &str, never: &[&str]) {
    let found = dependencies(package);
    for name in never {
        assert!(!found.contains(*name), "{package} must not depend on {name}");
    }
}

#[test]
fn the_name_finder_sees_plain_and_grouped_paths() {
    let code = "use crate::{a::{b, c}, d, e::f}; fn x() { crate::g::h(); other_crate::no(); }";
    let names: Vec<_> = names_after(code, "crate::").into_iter().collect();
    assert_eq!(names, ["a", "d", "e", "g"]);
}

#[test]
fn the_card_crate_knows_neither_agent_nor_web_nor_async() {
    assert_depends_on_none_of(
        "card",
        &["cps-agent", "cps-agent-core", "cps-agent-api", "tokio", "hyper", "serde_json", "rustls", "url"],
    );
    assert_never_text(
        "card/src",
        &[],
        &["async fn", "serde_json", "std::net", "std::fs", "std::thread::spawn"],
    );
}

#[test]
fn commands_and_transports_do_not_know_each_other() {
    assert_never(
        "card/src/apdu",
        "crate::",
        &["transport", "channel", "applet", "profile", "smartcard", "token", "soft"],
    );
    assert_never(
        "card/src/transport",
        "crate::",
        &["apdu", "channel", "applet", "profile", "smartcard", "token", "soft"],
    );
}

#[test]
fn an_applet_knows_no_single_card() {
    assert_never("card/src/applet", "crate::", &["profile", "smartcard", "soft", "readers"]);
    assert_never_text("card/src/applet", &[], &["pcsc::"]);
}

#[test]
fn pcsc_stays_in_its_transport() {
    assert_never_text("card/src", &["card/src/transport/"], &["pcsc::", "pcsc_sys::"]);
    assert_depends_on_none_of("agent", &["pcsc", "pcsc-sys"]);
}

#[test]
fn the_quiet_half_has_no_way_to_the_world() {
    assert_depends_on_none_of(
        "agent/core",
        &[
            "tokio",
            "hyper",
            "hyper-util",
            "rustls",
            "tokio-rustls",
            "pcsc",
            "cps-agent",
            "cps-agent-api",
            "tracing",
        ],
    );
    assert_never_text(
        "agent/core/src",
        &[],
        &[
            "std::fs",
            "std::net",
            "std::process",
            "Instant::now",
            "SystemTime::now",
            "SystemRandom::new",
            "std::thread",
            "std::env::var",
        ],
    );
}

#[test]
fn neighbours_in_the_quiet_half_never_import_each_other() {
    for (room, others) in [
        ("agent/core/src/oidc", ["psc", "policy", "audit", "trust", "session"]),
        ("agent/core/src/psc", ["oidc", "policy", "audit", "trust", "session"]),
        ("agent/core/src/trust", ["oidc", "psc", "policy", "audit", "session"]),
        ("agent/core/src/policy.rs", ["oidc", "psc", "audit", "trust", "session"]),
        ("agent/core/src/audit", ["oidc", "psc", "policy", "trust", "session"]),
        ("agent/core/src/portal.rs", ["oidc", "psc", "policy", "trust", "session"]),
    ] {
        assert_never(room, "crate::", &others);
    }
}

#[test]
fn doors_and_host_meet_only_in_the_loop() {
    assert_never("agent/src/serve", "crate::", &["host", "run"]);
    assert_never("agent/src/host", "crate::", &["serve", "run"]);
}

#[test]
fn only_the_loop_holds_a_token() {
    assert_never_text(
        "agent/src/serve",
        &[],
        &["dyn Token", "SmartCard", "SoftToken", "cps_card::transport"],
    );
    assert_never_text("agent/core/src", &[], &["dyn Token", "SmartCard", "SoftToken"]);
}

#[test]
fn a_pin_crosses_no_door() {
    for room in [
        "agent/src/serve",
        "agent/api/src",
        "agent/core/src",
        "agent/pkcs11/src",
        "agent/tray/src",
        "cli/src",
    ] {
        assert_never_text(
            room,
            &[],
            &["cps_card::Pin", "cps_card::Puk", "cps_card::pin", "Authorization::Pin", "rpassword"],
        );
    }
}

#[test]
fn a_pin_begins_in_one_file_and_is_spent_in_one() {
    let begins = "agent/src/run/prompts.rs";
    assert_never_text("agent/src", &[begins], &["Authorization::Pin", "Puk::new", "pinentry.secret("]);
    // The third is a token's passphrase, which opens a file and no card.
    let spent = ["card/src/pin.rs", "card/src/smartcard/pin.rs", "card/src/soft/file.rs"];
    assert_never_text("card/src", &spent, &[".expose()"]);
    let here = |file: &str, what: &str| assert!(code(&root().join(file)).contains(what), "{file}: {what}");
    here(begins, "Authorization::Pin");
    here("card/src/smartcard/pin.rs", ".expose()");
}

#[test]
fn a_foreign_module_is_loaded_by_a_process_that_knows_no_card() {
    let child = "agent/src/host/key_store/child.rs";
    assert_never_text("agent/src", &[child], &["cryptoki::", "libloading", "dlopen"]);
    assert_never_text(child, &[], &["cps_card", "crate::run", "crate::serve", "crate::config", "std::fs"]);
    assert!(code(&root().join(child)).contains("cryptoki::"), "{child} loads it");
}

#[test]
fn faces_speak_to_the_agent_and_to_nothing_else() {
    for face in ["cli", "agent/tray"] {
        assert_depends_on_none_of(
            face,
            &["cps-agent", "cps-agent-core", "cps-card", "pcsc", "ring", "rustls"],
        );
    }
    // No toolkit: the icon is on the bus, and pages and prompts are somebody else's windows.
    assert_depends_on_none_of("agent/tray", &["gtk", "winit", "tao", "libappindicator"]);
    assert_depends_on_none_of("agent/api", &["cps-agent", "cps-agent-core", "cps-card"]);
    // It is loaded into browsers: small, and without a runtime, which would hold descriptors there.
    assert_depends_on_none_of(
        "agent/pkcs11",
        &[
            "cps-agent",
            "cps-agent-core",
            "cps-card",
            "hyper",
            "pcsc",
            "ring",
            "rustls",
            "tokio",
            "tracing",
            "x509-parser",
        ],
    );
}

#[test]
fn the_prompter_is_small_and_knows_nobody() {
    assert_depends_on_none_of(
        "agent/prompter",
        &[
            "cps-agent",
            "cps-agent-api",
            "cps-agent-core",
            "cps-card",
            "gtk",
            "serde",
            "tokio",
            "tracing",
            "windows",
            "winit",
        ],
    );
    // Its protocol decides without the world, so that every system can try it.
    for room in ["assuan.rs", "dialogue.rs", "layout.rs", "secret.rs"] {
        assert_never_text(
            &format!("agent/prompter/src/{room}"),
            &[],
            &[
                "std::io",
                "std::fs",
                "std::env",
                "std::thread",
                "Instant::now",
                "cfg(windows)",
                "cfg(target_os",
            ],
        );
    }
    // It is a child at the end of two pipes, never a part of anything that runs on.
    for package in ["agent", "agent/tray", "agent/pkcs11", "cli"] {
        assert_depends_on_none_of(package, &["cps-prompter"]);
    }
}

#[test]
fn the_failure_table_knows_nobody() {
    assert_depends_on_none_of(
        "agent/failure",
        &["cps-agent", "cps-agent-api", "cps-agent-core", "cps-card", "tokio", "hyper", "fluent-bundle"],
    );
    // A code is made in the table alone: its one field is private there, and nothing outside turns a word into one but by
    // looking it up.
    assert_never_text("agent/failure/src", &["agent/failure/src/lib.rs"], &["Code(", "unsafe"]);
}

#[test]
fn the_module_keeps_nothing_of_its_own_in_its_host() {
    assert_never_text(
        "agent/pkcs11/src",
        &[],
        &["std::thread", "thread::spawn", "tokio::", "client::Agent", "println!"],
    );
}

#[test]
fn unsafe_code_has_one_file_per_boundary() {
    for room in [
        "card/src",
        "agent/core/src",
        "agent/api/src",
        "agent/pkcs11/src",
        "agent/prompter/src",
        "agent/tray/src",
        "agent/src",
        "cli/src",
        "tests/sandbox/src",
    ] {
        assert_never_text(
            room,
            &[
                "card/src/transport/pcsclite.rs",
                "agent/pkcs11/src/entry/",
                "agent/prompter/src/macos.rs",
                "agent/prompter/src/windows/win32.rs",
            ],
            &["unsafe {", "unsafe fn", "unsafe extern", "unsafe impl"],
        );
    }
}

#[test]
fn what_the_tray_shows_is_decided_without_asking_anybody() {
    assert_never_text(
        "agent/tray/src/state",
        &[],
        &["Agent::connect", "tokio::", "zbus::", "tray_icon", "std::fs", "std::env", "now()", "async fn"],
    );
}
