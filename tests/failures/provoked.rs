//! `provoked.txt` names for each code of the table the test that provokes it and asserts that this code came of it.

use crate::source::Source;
use cps_agent_core::failure::{Code, codes};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

const LIST: &str = include_str!("provoked.txt");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Code, file and test of each line.
fn list() -> Vec<(Code, &'static str, &'static str)> {
    let lines = LIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let parted = lines.map(|line| {
        let [code, file, test] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("not a code, a file and a test: {line}")
        };
        let known = Code::named(code).unwrap_or_else(|| panic!("{code} is no code of the table"));
        (known, file, test)
    });
    parted.collect()
}

#[test]
fn every_code_has_its_line() {
    let listed: Vec<&str> = list().iter().map(|(code, ..)| code.word()).collect();
    let table: Vec<&str> = codes().map(Code::word).collect();
    assert_eq!(listed, table, "the list has the order of the table, and each code once");
}

#[test]
fn each_test_of_the_list_is_there_and_asserts_its_code() {
    let mut sources: BTreeMap<&str, Source> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (code, file, test) in list() {
        // The table's own tests show its sentences and provoke nothing.
        assert!(!file.starts_with("agent/failure/") && !file.starts_with("tests/failures/"), "{file}");
        let source = sources.entry(file).or_insert_with(|| {
            let text =
                fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            Source::new(&text)
        });
        let constant = code.word().to_ascii_uppercase();
        let word = format!("\"{}\"", code.word());
        match source.test(test) {
            None => wrong.push(format!("{file} has no test {test}")),
            Some(body) if source.asserts(body, &word) || source.asserts(body, &constant) => {}
            Some(_) => wrong.push(format!("{file}: {test} asserts nothing about {word}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
