//! Every input that ever taught the fuzzer something is read again, whole and cut at every byte.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test that fails by panicking")]

use std::{fs, path::PathBuf};

fn every_input_and_its_cuts(name: &str, target: fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut inputs = 0;
    for entry in fs::read_dir(&folder).expect("a corpus folder").flatten() {
        let bytes = fs::read(entry.path()).expect("an input");
        let step = bytes.len().div_ceil(400).max(1);
        for cut in (0..=bytes.len()).step_by(step) {
            target(&bytes[..cut]);
            target(&bytes[cut..]);
        }
        inputs += 1;
    }
    assert!(inputs > 0, "{} is empty", folder.display());
}

#[test]
fn responses() {
    every_input_and_its_cuts("apdu", cps_fuzz::apdu);
}

#[test]
fn nested_values() {
    every_input_and_its_cuts("tlv", cps_fuzz::tlv);
}

#[test]
fn directories() {
    every_input_and_its_cuts("pkcs15", cps_fuzz::pkcs15);
}

#[test]
fn certificates() {
    every_input_and_its_cuts("certificate", cps_fuzz::certificate);
}

#[test]
fn file_control_information() {
    every_input_and_its_cuts("fci", cps_fuzz::fci);
}
