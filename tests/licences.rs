//! The list of licences on the agent's page is that of what is compiled in, and nothing in it forbids to hand it on.
//!
//! After a change of dependencies: `CPS_WRITE_LICENCES=1 cargo test --workspace --test licences`, and read the difference.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    process::Command,
};

/// What people install.
const PROGRAMS: [&str; 4] = ["cps-agent", "cps-cli", "cps-tray", "cps-pkcs11"];
/// Where they are installed.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";
/// Licences that let everybody use, change and hand on, alone or inside something else. One of them is enough where a
/// package offers several.
const FREE: [&str; 10] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

fn root() -> PathBuf {
    let mut here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    while !here.join("tests/licences.rs").exists() {
        assert!(here.pop(), "the workspace root is not above this package");
    }
    here
}

fn metadata() -> Value {
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    cargo.args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", PLATFORM]);
    let output = cargo.current_dir(root()).output().expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// Packages that are compiled into the programs: a line for each. What only makes code (macros, build scripts) is none.
fn list() -> String {
    let metadata = metadata();
    let all = |value: &'static str| metadata[value].as_array().expect("a list").iter();
    let packages: BTreeMap<&str, &Value> =
        all("packages").map(|package| (text(package, "id"), package)).collect();
    let nodes = metadata["resolve"]["nodes"].as_array().expect("a list");
    let nodes: BTreeMap<&str, &Value> = nodes.iter().map(|node| (text(node, "id"), node)).collect();
    let list_of = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let makes_code = |package: &Value| {
        list_of(package, "targets")
            .iter()
            .any(|target| list_of(target, "kind").iter().any(|kind| kind == "proc-macro"))
    };
    let mut waiting: Vec<&str> =
        packages.iter().filter(|(_, p)| PROGRAMS.contains(&text(p, "name"))).map(|(id, _)| *id).collect();
    assert_eq!(waiting.len(), PROGRAMS.len(), "a program is missing");
    let mut seen = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        for dependency in nodes[id]["deps"].as_array().expect("a list") {
            let normal =
                dependency["dep_kinds"].as_array().expect("a list").iter().any(|kind| kind["kind"].is_null());
            let package = text(dependency, "pkg");
            if normal && !makes_code(packages[package]) {
                waiting.push(package);
            }
        }
    }
    let foreign = seen.into_iter().map(|id| packages[id]).filter(|package| !package["source"].is_null());
    let line = |package: &Value| {
        let licence = package["license"].as_str().unwrap_or_else(|| panic!("{package} has no licence"));
        format!("{}\t{}\t{}\n", text(package, "name"), text(package, "version"), licence.replace('/', " OR "))
    };
    foreign.map(line).collect::<BTreeSet<String>>().into_iter().collect()
}

#[test]
fn the_list_on_the_page_is_that_of_what_is_compiled_in() {
    let file = root().join("agent/src/serve/portal/licences.tsv");
    let list = list();
    if std::env::var_os("CPS_WRITE_LICENCES").is_some() {
        fs::write(&file, &list).expect("written");
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let (kept, list): (BTreeSet<&str>, BTreeSet<&str>) = (kept.lines().collect(), list.lines().collect());
    let missing: Vec<_> = list.difference(&kept).collect();
    let surplus: Vec<_> = kept.difference(&list).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "CPS_WRITE_LICENCES=1 writes the list anew. Missing: {missing:#?}. Not compiled in: {surplus:#?}"
    );
}

/// An expression of SPDX without brackets inside brackets: `A OR B`, `A AND B`, `(A OR B) AND C`.
fn is_free(expression: &str) -> bool {
    expression.split(" AND ").all(|part| {
        part.trim_matches(['(', ')'])
            .split(" OR ")
            .any(|licence| FREE.contains(&licence.split(" WITH ").next().unwrap_or_default()))
    })
}

#[test]
fn every_licence_lets_the_programs_be_handed_on() {
    for line in list().lines() {
        let licence = line.split('\t').nth(2).expect("three columns");
        assert!(is_free(licence), "{line}");
    }
    assert!(!is_free("GPL-3.0-only") && !is_free("MIT AND GPL-3.0-only"), "the judge is awake");
    assert!(is_free("Apache-2.0 WITH LLVM-exception OR GPL-3.0-only") && is_free("(MIT OR X) AND ISC"));
}
