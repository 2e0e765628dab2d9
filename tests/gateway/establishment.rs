//! An establishment with certificates of its own, as the `openssl` program makes them: a root, an authority below it, and
//! what that gives out.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

/// What the certificates of the two authorities, and those below them, may be used for.
const EXTENSIONS: &str = "[req]\ndistinguished_name = name\n[name]\n\
    [authority]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign\n\
    [organisation]\nbasicConstraints = CA:FALSE\nextendedKeyUsage = clientAuth\n";

/// Kinds of keys, as `openssl req` makes them.
pub const RSA: &[&str] = &["-newkey", "rsa:2048"];
/// See [`RSA`].
pub const P256: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

/// Where everything lies. Dropping it removes it.
pub struct Establishment {
    folder: tempfile::TempDir,
}

/// A certificate and its key.
pub struct Pair {
    /// The organisation's certificate, PEM.
    pub certificate: PathBuf,
    /// Its key, PKCS#8 in PEM.
    pub key: PathBuf,
}

impl Establishment {
    /// Makes the two authorities.
    pub fn new() -> Self {
        let made = Self { folder: tempfile::tempdir().expect("a folder") };
        fs::write(made.file("openssl.cnf"), EXTENSIONS).expect("written");
        made.request(P256, "root", "TEST root");
        made.give("root", "root", "authority", 3650);
        made.request(P256, "below", "TEST authority");
        made.give("below", "root", "authority", 3650);
        made
    }

    /// The root's certificate, PEM.
    pub fn root(&self) -> String {
        fs::read_to_string(self.file("root.pem")).expect("a certificate")
    }

    /// The certificate of the authority below the root.
    pub fn authority(&self) -> PathBuf {
        self.file("below.pem")
    }

    /// Makes a certificate of the organisation that ends in so many days.
    pub fn pair(&self, name: &str, kind: &[&str], days: u32) -> Pair {
        self.request(kind, name, name);
        self.give(name, "below", "organisation", days);
        Pair { certificate: self.file(&format!("{name}.pem")), key: self.file(&format!("{name}.key")) }
    }

    /// Puts a pair into a PKCS#12 file, with the authority above it unless `more` says otherwise.
    pub fn pkcs12(&self, name: &str, pair: &Pair, password: &str, more: &[&str]) -> PathBuf {
        let (file, secret) = (self.file(name), format!("pass:{password}"));
        let (authority, certificate) = (self.authority(), pair.certificate.clone());
        let mut command = openssl(&["pkcs12", "-export", "-passout", &secret]);
        command.arg("-in").arg(certificate).arg("-inkey").arg(&pair.key).arg("-certfile").arg(authority);
        succeeded(command.args(more).arg("-out").arg(&file));
        file
    }

    /// Writes a secret that its owner alone can read.
    pub fn secret(&self, name: &str, text: &str) -> PathBuf {
        let file = self.file(name);
        fs::write(&file, format!("{text}\n")).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("our own file");
        file
    }

    /// A path in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn request(&self, kind: &[&str], name: &str, common_name: &str) {
        let subject = format!("/O=TEST/CN={common_name}");
        let mut command = openssl(&["req", "-new", "-nodes", "-subj", &subject]);
        command.args(kind).arg("-config").arg(self.file("openssl.cnf"));
        command.arg("-keyout").arg(self.file(&format!("{name}.key")));
        succeeded(command.arg("-out").arg(self.file(&format!("{name}.csr"))));
    }

    fn give(&self, name: &str, issuer: &str, extensions: &str, days: u32) {
        let days = days.to_string();
        let mut command = openssl(&["x509", "-req", "-sha256", "-extensions", extensions, "-days", &days]);
        command
            .arg("-in")
            .arg(self.file(&format!("{name}.csr")))
            .arg("-extfile")
            .arg(self.file("openssl.cnf"));
        if name == issuer {
            command.arg("-signkey").arg(self.file(&format!("{name}.key")));
        } else {
            command.arg("-CA").arg(self.file(&format!("{issuer}.pem")));
            command.arg("-CAkey").arg(self.file(&format!("{issuer}.key"))).arg("-CAcreateserial");
        }
        succeeded(command.arg("-out").arg(self.file(&format!("{name}.pem"))));
    }
}

fn openssl(arguments: &[&str]) -> Command {
    let mut command = Command::new("openssl");
    command.args(arguments);
    command
}

/// Runs a program that has to succeed, and gives what it printed.
pub fn succeeded(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A certificate in DER, which tools of key stores want.
pub fn der(certificate: &Path, to: &Path) {
    succeeded(openssl(&["x509", "-outform", "DER"]).arg("-in").arg(certificate).arg("-out").arg(to));
}
