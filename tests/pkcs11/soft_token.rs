//! `pkcs11-tool` with an e-CPS token: a P-256 key in a file, for which no reader is needed.

#[path = "../support/soft_token.rs"]
mod home;

use crate::{
    openssl::Judge,
    real_agent::module,
    stage::{finding_the_agent, run, succeeded},
};
use home::Home;

#[tokio::test(flavor = "multi_thread")]
async fn an_e_cps_token_is_a_slot_and_signs() {
    let home = Home::new().await;
    let mut agent = home.agent().await;
    agent
        .wait_for("the token for programs", async |control| {
            let slots = control.pkcs11().await.ok()?.slots;
            slots.iter().any(|slot| slot.token.is_some()).then_some(())
        })
        .await;
    let socket = home.folder().join("run/cps-agent/control.sock");
    let tool = |arguments: &[&str]| {
        let mut tool = finding_the_agent("pkcs11-tool", &socket);
        let output = run(tool.arg("--module").arg(module()).args(arguments));
        succeeded(&format!("pkcs11-tool {arguments:?}"), &output)
    };
    let slots = tool(&["--list-slots"]);
    let end = &home.serial[home.serial.len().saturating_sub(16)..];
    assert!(slots.contains(&format!("serial num         : {end}")), "{slots}");
    let mechanisms = tool(&["--list-mechanisms"]);
    assert!(mechanisms.contains("ECDSA, keySize={256,256}, sign"), "{mechanisms}");
    let folder = tempfile::tempdir().expect("a folder");
    let objects = tool(&["--list-objects"]);
    let (_, id) = objects.rsplit_once("ID:         ").expect("an identifier");
    let id = id.lines().next().expect("a line").trim();
    let judge = Judge::of(folder.path(), id, tool);
    for (mechanism, input, hash) in
        [("ECDSA-SHA256", "message", "sha256"), ("ECDSA", "sha256", "sha256"), ("ECDSA", "sha384", "sha384")]
    {
        let (input, output) = (judge.path(input), judge.path("signature"));
        let sign = ["--sign", "-m", mechanism, "--signature-format", "openssl"];
        tool(&[sign.as_slice(), &["--input-file", &input, "--output-file", &output]].concat());
        judge.accepts(hash, &[]);
    }
}
