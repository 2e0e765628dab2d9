//! OpenSC's p11test, built by tests/run.sh of Debian's source package: every test that applies passes.

use crate::{
    real_agent::module,
    stage::{Stage, run, succeeded},
};
use cps_sandbox::card::{CardHandle, cards};
use std::path::PathBuf;

/// Tests that p11test skips with any card of ours, and why.
const SKIPPED: [(&str, &str); 3] = [
    ("wait_test", "somebody would have to insert a card while it runs"),
    ("interface_test", "PKCS#11 3.0, and the module speaks 2.40"),
    ("ec_sign_size_test", "the cards have RSA keys"),
];

fn built() -> PathBuf {
    let here = std::env::current_exe().expect("the test has a path");
    let target = here.ancestors().nth(3).expect("target/<profile>/deps/<test>");
    let program = target.join("p11test/p11test");
    assert!(program.exists(), "{} is missing: run tests/run.sh, which builds it", program.display());
    program
}

async fn passes(card: CardHandle, also_skipped: &[&str]) {
    let stage = Stage::with(card, &[("pkcs11", "decrypt", true.into())]).await;
    stage.person_agrees();
    let slots = stage.told(&["--list-slots"]);
    let (_, slot) = slots.split_once("Slot 0 (0x").expect("a slot");
    let (slot, _) = slot.split_once(')').expect("its number");
    let slot = u64::from_str_radix(slot, 16).expect("hexadecimal").to_string();
    let mut program = stage.command(&built().to_string_lossy());
    // It writes its findings into the folder it runs in.
    let folder = tempfile::tempdir().expect("a folder");
    program.arg("-m").arg(module()).args(["-s", &slot, "-p", "9999"]).current_dir(folder.path());
    let text = succeeded("p11test", &run(&mut program));
    assert!(!text.contains("FAILED"), "{text}");
    let skipped: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.contains("listed below"))
        .filter_map(|line| line.strip_prefix("[  SKIPPED ] ").filter(|name| !name.contains("listed")))
        .collect();
    let expected: Vec<&str> =
        SKIPPED.iter().map(|(name, _)| *name).chain(also_skipped.iter().copied()).collect();
    assert_eq!(skipped, expected, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cps3_passes() {
    // It has no RSA-PSS, and no OAEP.
    passes(cards::doctor_cps3(), &["pss_oaep_test"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cps4_passes() {
    passes(cards::doctor_cps4(), &[]).await;
}
