//! SoftHSM2 as the yardstick: the same commands, and what it has that a card behind our module has not, with the reason.

use crate::{
    openssl::Judge,
    stage::{Stage, id_of, run, succeeded},
};
use cps_sandbox::card::cards;
use std::{collections::BTreeSet, fs, path::Path, process::Command};

const MODULES: [&str; 2] = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so"];

/// Runs `pkcs11-tool` on one of the two modules, and gives what it printed.
type Tool<'a> = dyn Fn(&[&str]) -> String + 'a;

/// What SoftHSM2 lists and our module does not, by the reason for it. A name ends at its comma; a star stands for any end.
const LACKING: [(&str, &[&str]); 5] = [
    (
        "keys are made by the card's issuer, and nothing is written on a card",
        &["*-KEY-GEN", "*-KEY-PAIR-GEN", "*-PARAMETER-GEN"],
    ),
    ("a card has no secret keys", &["AES-*", "DES-*", "DES3-*", "*-HMAC", "*-DERIVE", "mechtype-0x210A"]),
    ("a card has no such key", &["DSA*", "EDDSA"]),
    ("hashes that nobody should rely on any more", &["MD5*", "SHA-1", "SHA1-*", "SHA224*"]),
    (
        "the CPS3 has neither (the CPS4 and the e-CPS token have RSA-PKCS-PSS, SHA256-RSA-PKCS-PSS and ECDSA)",
        &[
            "RSA-X-509",
            "RSA-PKCS-OAEP",
            "RSA-PKCS-PSS",
            "SHA256-RSA-PKCS-PSS",
            "SHA384-RSA-PKCS-PSS",
            "SHA512-RSA-PKCS-PSS",
            "ECDSA",
        ],
    ),
];

/// A SoftHSM2 with one token that holds an RSA key and its certificate.
struct Yardstick {
    folder: tempfile::TempDir,
}

impl Yardstick {
    fn new() -> Self {
        let yardstick = Self { folder: tempfile::tempdir().expect("a folder") };
        let tokens = yardstick.file("tokens");
        fs::create_dir(&tokens).expect("a folder");
        fs::write(yardstick.file("softhsm2.conf"), format!("directories.tokendir = {tokens}\n"))
            .expect("a file");
        let (key, certificate) = (yardstick.file("key"), yardstick.file("certificate"));
        let subject = ["-subj", "/CN=TEST yardstick", "-days", "2", "-outform", "DER", "-out", &certificate];
        let request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", &key];
        succeeded("openssl req", &run(Command::new("openssl").args(request).args(subject)));
        let token =
            ["--init-token", "--free", "--label", "yardstick", "--pin", "1234", "--so-pin", "12345678"];
        yardstick.told("softhsm2-util", &token);
        let import =
            ["--import", &key, "--token", "yardstick", "--label", "key", "--id", "01", "--pin", "1234"];
        yardstick.told("softhsm2-util", &import);
        let write =
            ["--write-object", &certificate, "--type", "cert", "--id", "01", "--label", "certificate"];
        yardstick.tool(&[["--login", "--pin", "1234"].as_slice(), &write].concat());
        yardstick
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_string_lossy().into_owned()
    }

    fn told(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(program);
        command.args(arguments).env("SOFTHSM2_CONF", self.file("softhsm2.conf")).env("LC_ALL", "C");
        succeeded(&format!("{program} {arguments:?}"), &run(&mut command))
    }

    fn tool(&self, arguments: &[&str]) -> String {
        let module = MODULES.iter().find(|path| Path::new(path).exists());
        let module = module.expect("SoftHSM2 is installed (tests/run.sh does it)");
        self.told("pkcs11-tool", &[["--module", module].as_slice(), arguments].concat())
    }
}

/// Names of a list of mechanisms.
fn names(list: &str) -> BTreeSet<&str> {
    list.lines().filter_map(|line| line.strip_prefix("  ")?.split(',').next()).collect()
}

fn matches(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => name.ends_with(end),
        (_, Some(start)) => name.starts_with(start),
        _ => name == pattern,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ours_lacks_has_a_reason() {
    let stage = Stage::with(cards::doctor_cps3(), &[]).await;
    let (theirs, ours) = (Yardstick::new().tool(&["--list-mechanisms"]), stage.told(&["--list-mechanisms"]));
    let (theirs, ours) = (names(&theirs), names(&ours));
    let extra: Vec<_> = ours.difference(&theirs).collect();
    assert!(extra.is_empty(), "SoftHSM2 has everything we have, but {extra:?}");
    let explained = |name: &str| {
        LACKING.iter().any(|(_, patterns)| patterns.iter().any(|pattern| matches(pattern, name)))
    };
    let silent: Vec<_> = theirs.difference(&ours).filter(|name| !explained(name)).collect();
    assert!(silent.is_empty(), "no reason is given for {silent:?}");
    assert!(!ours.iter().any(|name| explained(name)), "a reason is given for what is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_commands_end_the_same() {
    let stage = Stage::with(cards::doctor_cps3(), &[]).await;
    stage.person_agrees();
    let yardstick = Yardstick::new();
    let folders = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
    let ours = |arguments: &[&str]| stage.told(arguments);
    let theirs =
        |arguments: &[&str]| yardstick.tool(&[["--login", "--pin", "1234"].as_slice(), arguments].concat());
    let tools: [&Tool; 2] = [&ours, &theirs];
    for ((tool, folder), label) in tools.iter().zip(&folders).zip(["CPS_PRIV_AUT", "key"]) {
        let objects = tool(&["--list-objects"]);
        let id = id_of(label, &objects);
        let judge = Judge::of(folder.path(), &id, tool);
        for (mechanism, input, hash) in [
            ("RSA-PKCS", "digest_info", "sha256"),
            ("SHA256-RSA-PKCS", "message", "sha256"),
            ("SHA512-RSA-PKCS", "message", "sha512"),
        ] {
            let (input, output) = (judge.path(input), judge.path("signature"));
            tool(&["--sign", "-m", mechanism, "--input-file", &input, "--output-file", &output]);
            judge.accepts(hash, &[]);
        }
        for object in ["Certificate Object", "Public Key Object; RSA 2048 bits", "Private Key Object; RSA"] {
            assert_eq!(objects.matches(object).count(), 1, "{object}\n{objects}");
        }
    }
}
