//! The page that an administrator reads is the table, word for word.

use cps_agent_core::failure::{Language, document};
use std::{fs, path::Path, process::Command};

fn page(language: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/doc");
    let file = folder.join(format!("failures.{language}.md"));
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

#[test]
fn the_pages_of_the_documentation_are_the_table() {
    for (tag, language) in [("fr", Language::French), ("en", Language::English)] {
        assert_eq!(
            page(tag),
            document(language),
            "make it anew: cps-sandbox failures --language {tag} > packaging/doc/failures.{tag}.md"
        );
    }
}

#[test]
fn the_command_prints_the_page() {
    for tag in ["fr", "en"] {
        let ran =
            Command::new(env!("CARGO_BIN_EXE_cps-sandbox")).args(["failures", "--language", tag]).output();
        assert_eq!(String::from_utf8_lossy(&ran.expect("it runs").stdout), page(tag));
    }
}
