//! The list of licences on the agent's page is that of what is compiled in, nothing in it forbids to hand it on, and what the
//! licences want to be handed on with the programs is installed with them.
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

/// Packages of others that are compiled into the programs. What only makes code (macros, build scripts) is none.
fn compiled_in() -> Vec<Value> {
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
    foreign.cloned().collect()
}

/// The licence of a package (SPDX).
fn licence(package: &Value) -> String {
    let licence = package["license"].as_str().unwrap_or_else(|| panic!("{package} has no licence"));
    licence.replace('/', " OR ")
}

/// A line for each.
fn list() -> String {
    let line = |package: &Value| {
        format!("{}\t{}\t{}\n", text(package, "name"), text(package, "version"), licence(package))
    };
    compiled_in().iter().map(line).collect::<BTreeSet<String>>().into_iter().collect()
}

/// What a package brings of licences: of MIT alone where that is offered, else everything.
fn brought(package: &Value) -> Vec<String> {
    let folder = PathBuf::from(text(package, "manifest_path")).with_file_name("");
    let names = fs::read_dir(&folder).expect("its sources").flatten();
    let names: BTreeSet<String> = names.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    let is_one = |name: &&String| {
        let name = name.to_ascii_lowercase();
        ["license", "licence", "copying", "unlicense", "notice"].iter().any(|word| name.starts_with(word))
    };
    let files: Vec<&String> =
        names.iter().filter(is_one).filter(|name| folder.join(name).is_file()).collect();
    let offers_mit = licence(package).split(" AND ").all(|part| part.contains("MIT"));
    let mit = files.iter().copied().find(|name| offers_mit && name.to_ascii_uppercase().contains("MIT"));
    let read = |name: &String| {
        let bytes = fs::read(folder.join(name)).expect("readable");
        String::from_utf8_lossy(&bytes).replace('\r', "")
    };
    mit.map_or_else(|| files.iter().copied().map(read).collect(), |mit| vec![read(mit)])
}

/// Whose work it is.
fn is_notice(line: &str) -> bool {
    let line = line.trim_start().to_ascii_lowercase();
    line.starts_with("copyright ") || line.starts_with("(c) ") || line.starts_with('©')
}

/// The notices and licences of everything that is compiled in: each text once, with the packages it is of and their
/// notices of copyright.
fn notices() -> String {
    let mut texts: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    let mut silent = BTreeSet::new();
    for package in compiled_in() {
        let name = format!("{} {}", text(&package, "name"), text(&package, "version"));
        let brought = brought(&package);
        if brought.is_empty() {
            assert!(licence(&package).contains("MIT"), "{name} brings no licence");
            let authors = package["authors"].as_array().expect("a list").iter().filter_map(Value::as_str);
            silent.insert(format!("{name}\n    Copyright (c) {}\n", authors.collect::<Vec<_>>().join(", ")));
        }
        for whole in brought {
            let is_title = |line: &&str| {
                !matches!(line.trim(), "MIT License" | "The MIT License (MIT)" | "The MIT License")
            };
            let (notices, body): (Vec<&str>, Vec<&str>) = whole.lines().partition(|line| is_notice(line));
            let body: Vec<&str> = body.into_iter().filter(is_title).map(str::trim_end).collect();
            let body = body.join("\n").trim_matches('\n').to_owned();
            let key = body.split_whitespace().collect::<Vec<_>>().join(" ");
            let notices = notices.iter().map(|notice| format!("    {}\n", notice.trim()));
            let entry = format!("{name}\n{}", notices.collect::<String>());
            texts.entry(key).or_insert_with(|| (body, BTreeSet::new())).1.insert(entry);
        }
    }
    let mut texts: Vec<_> = texts.into_values().collect();
    texts.sort_by_key(|(_, entries)| std::cmp::Reverse(entries.len()));
    // Most are under the MIT licence, and so are those that bring no file.
    texts[0].1.extend(silent);
    let rule = "=".repeat(80);
    let mut file = "Libraries of others in cps-agent, cps, cps-tray and libcps_pkcs11, whose work they are, and their terms.\n".to_owned();
    for (text, entries) in texts {
        let entries: String = entries.into_iter().collect();
        file.push_str(&format!("\n{rule}\n\n{entries}\n{text}\n"));
    }
    file
}

#[test]
fn what_the_licences_want_to_be_handed_on_is_installed_with_the_programs() {
    let file = root().join("packaging/doc/licences.txt");
    let notices = notices();
    if std::env::var_os("CPS_WRITE_LICENCES").is_some() {
        fs::write(&file, &notices).expect("written");
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let (kept_lines, lines): (BTreeSet<&str>, BTreeSet<&str>) =
        (kept.lines().collect(), notices.lines().collect());
    let missing: Vec<_> = lines.difference(&kept_lines).collect();
    assert!(missing.is_empty(), "CPS_WRITE_LICENCES=1 writes the file anew. Missing: {missing:#?}");
    assert_eq!(kept, notices, "CPS_WRITE_LICENCES=1 writes the file anew");
    for package in list().lines() {
        let name = package.split('\t').take(2).collect::<Vec<_>>().join(" ");
        assert!(kept_lines.contains(name.as_str()), "{name} is not in it");
    }
    let installs = fs::read_to_string(root().join("packaging/linux/install.sh")).expect("the installation");
    assert!(installs.contains("doc/licences.txt"), "it comes with the programs");
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
