//! Every input that ever taught the fuzzer something is read again, whole and cut at every byte.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test that fails by panicking")]

use std::{fs, path::PathBuf};

/// Most cuts of one input.
const CUTS: usize = 400;

/// Reads every input and its cuts; returns how many inputs were accepted whole.
fn with_cuts(cuts: usize, name: &str, target: impl Fn(&[u8]) -> bool) -> usize {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let (mut inputs, mut accepted) = (0, 0);
    for entry in fs::read_dir(&folder).expect("a corpus folder").flatten() {
        let bytes = fs::read(entry.path()).expect("an input");
        let step = bytes.len().div_ceil(cuts).max(1);
        for cut in (0..=bytes.len()).step_by(step) {
            target(&bytes[..cut]);
            target(&bytes[cut..]);
        }
        inputs += 1;
        accepted += usize::from(target(&bytes));
    }
    assert!(inputs > 0, "{} is empty", folder.display());
    accepted
}

/// One test for each target; one that judges its input must accept one at least, else it looks at the doormat only.
macro_rules! targets {
    ($($test:ident: $name:literal = $target:path $(, $judges:ident)?;)*) => {
        $(
            #[test]
            fn $test() {
                targets!(@ $name, $target $(, $judges)?);
            }
        )*
    };
    (@ $name:literal, $target:path) => {
        with_cuts(CUTS, $name, |bytes| { $target(bytes); true });
    };
    (@ $name:literal, $target:path, accepts) => {
        assert!(with_cuts(CUTS, $name, $target) > 0, "every input of {} was refused", $name);
    };
}

targets! {
    responses: "apdu" = cps_fuzz::card::apdu;
    nested_values: "tlv" = cps_fuzz::card::tlv;
    directories: "pkcs15" = cps_fuzz::card::pkcs15;
    certificates: "certificate" = cps_fuzz::card::certificate;
    file_control_information: "fci" = cps_fuzz::card::fci;
    signed_objects: "jws" = cps_fuzz::jose::jws, accepts;
    claims_of_id_tokens: "id_token" = cps_fuzz::jose::id_token, accepts;
    discovery_documents: "discovery" = cps_fuzz::upstream::discovery, accepts;
    key_sets: "jwks" = cps_fuzz::upstream::jwks, accepts;
    answers_of_responders: "ocsp" = cps_fuzz::trust::ocsp, accepts;
    user_info: "userinfo" = cps_fuzz::upstream::userinfo, accepts;
    authorization_requests: "authorization" = cps_fuzz::provider::authorization, accepts;
    token_requests: "token" = cps_fuzz::provider::token, accepts;
    requests_of_other_endpoints: "endpoints" = cps_fuzz::provider::endpoints, accepts;
}

#[cfg(target_os = "linux")]
#[test]
fn requests_at_the_door() {
    // Each cut is a connection.
    assert!(with_cuts(12, "door", cps_fuzz::door::http) > 0, "every request was refused");
}

#[cfg(target_os = "linux")]
#[test]
fn calls_of_the_pkcs11_module() {
    assert!(with_cuts(24, "pkcs11", cps_fuzz::pkcs11::calls) > 0, "no input made a signature");
}
