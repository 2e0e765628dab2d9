//! OpenSSL's verdict on a signature.

use crate::stage::{run, succeeded};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A message and the public key that judges signatures over it, as files.
pub struct Judge {
    folder: PathBuf,
}

impl Judge {
    /// With the public key of the certificate that a tool reads by its identifier.
    pub fn of(folder: &Path, id: &str, tool: impl Fn(&[&str]) -> String) -> Self {
        let judge = Self { folder: folder.to_owned() };
        tool(&["--read-object", "--type", "cert", "--id", id, "--output-file", &judge.path("certificate")]);
        let key = ["x509", "-inform", "DER", "-pubkey", "-noout", "-in"];
        let output = run(Command::new("openssl").args(key).arg(judge.file("certificate")));
        succeeded("openssl x509", &output);
        fs::write(judge.file("key.pem"), output.stdout).expect("a file");
        fs::write(judge.file("message"), [b"a message of no importance".as_slice(), &[0xff; 100]].concat())
            .expect("a file");
        for hash in ["sha256", "sha384", "sha512"] {
            let mut digest = Command::new("openssl");
            digest.args(["dgst", &format!("-{hash}"), "-binary", "-out"]);
            succeeded("openssl dgst", &run(digest.arg(judge.file(hash)).arg(judge.file("message"))));
        }
        let head = "3031300d060960864801650304020105000420";
        let head = (0..head.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&head[at..at + 2], 16).expect("hexadecimal"));
        let digest = fs::read(judge.file("sha256")).expect("a file");
        fs::write(judge.file("digest_info"), head.chain(digest).collect::<Vec<u8>>()).expect("a file");
        judge
    }

    /// `message`, `sha256`, `sha384`, `sha512`, `digest_info` (of SHA-256) or `signature`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The same as text.
    pub fn path(&self, name: &str) -> String {
        self.file(name).to_string_lossy().into_owned()
    }

    /// The signature is one over the message, by this hash and these options.
    pub fn accepts(&self, hash: &str, options: &[&str]) {
        let mut verify = Command::new("openssl");
        verify.args(["dgst", &format!("-{hash}"), "-verify"]).arg(self.file("key.pem"));
        for option in options {
            verify.args(["-sigopt", option]);
        }
        let verdict = run(verify.arg("-signature").arg(self.file("signature")).arg(self.file("message")));
        assert!(succeeded("openssl dgst -verify", &verdict).contains("Verified OK"));
    }
}
