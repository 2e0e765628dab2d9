//! Runs the judges of `tests/support/node`.

use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Lines, Read},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

/// A script with its packages.
fn script(name: &str, wish: &Value) -> Command {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../support/node");
    assert!(
        folder.join("node_modules/.package-lock.json").exists(),
        "the node packages of tests/support/node are not installed: run tests/run.sh, which installs them"
    );
    let mut command = Command::new("node");
    command.arg(folder.join(name)).arg(wish.to_string());
    command
}

/// Lets openid-client log in, and returns what it accepted.
pub fn relying_party(wish: &Value) -> Result<Value, String> {
    let output =
        script("relying-party.mjs", wish).output().expect("node runs: tests/run.sh says what is needed");
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).expect("one line of JSON"))
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// oidc-provider, dressed as Pro Santé Connect. Dropping it ends it.
pub struct Upstream {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// Issuer.
    pub issuer: String,
}

/// The files that the upstream needs, and its client.
pub struct Wish<'a> {
    /// Server certificate and key, PEM files.
    pub server: (PathBuf, PathBuf),
    /// Authorities of the cards, one PEM file.
    pub client_authorities: PathBuf,
    /// The agent's client.
    pub client: (&'a str, &'a str),
    /// The agent's redirect URI.
    pub redirect_uri: &'a str,
}

impl Upstream {
    /// Starts it and waits for its issuer.
    pub fn start(wish: &Wish<'_>) -> Self {
        let argument = serde_json::json!({
            "certificate": wish.server.0, "key": wish.server.1, "clientAuthorities": wish.client_authorities,
            "clientId": wish.client.0, "clientSecret": wish.client.1, "redirectUri": wish.redirect_uri,
        });
        let mut child = script("upstream.mjs", &argument)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("node runs: tests/run.sh says what is needed");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let Some(Ok(first)) = lines.next() else {
            let mut error = String::new();
            let _ = child.stderr.take().expect("a pipe").read_to_string(&mut error);
            panic!("oidc-provider did not start: {error}");
        };
        let ready: Value = serde_json::from_str(&first).expect("one line of JSON");
        let issuer = ready["issuer"].as_str().expect("an issuer").to_owned();
        Self { child, lines, issuer }
    }

    /// Ends it and returns the card pages that were visited.
    pub fn visits(mut self) -> Vec<Value> {
        // The script ends when its standard input does.
        drop(self.child.stdin.take());
        let mut visits = Vec::new();
        while let Some(Ok(line)) = self.lines.next() {
            visits.push(serde_json::from_str(&line).expect("one line of JSON"));
        }
        visits
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
