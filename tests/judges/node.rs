//! Runs the judges of `tests/support/node`.

use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Lines, Read, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
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
    orders: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    events: Vec<Value>,
    /// Issuer.
    pub issuer: String,
}

impl Upstream {
    /// Starts it as `upstream.mjs` is told in its first lines, and waits for its issuer.
    pub fn start(wish: &Value) -> Self {
        let mut child = script("upstream.mjs", wish)
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
        let orders = child.stdin.take();
        Self { child, orders, lines, events: Vec::new(), issuer }
    }

    /// Turns a fault of the protocol on; it stays until the next call.
    pub fn fault(&mut self, name: &str) {
        self.order(&json!({ "fault": name }));
    }

    /// Turns a fault of the wire on, at one endpoint.
    pub fn fault_at(&mut self, name: &str, endpoint: &str) {
        self.order(&json!({ "fault": name, "at": endpoint }));
    }

    /// Turns the fault off.
    pub fn heal(&mut self) {
        self.order(&json!({ "fault": null }));
    }

    /// What it told since it was last asked.
    pub fn events(&mut self) -> Vec<Value> {
        self.order(&json!({}));
        std::mem::take(&mut self.events)
    }

    /// Gives an order and waits until it is carried out.
    pub fn order(&mut self, order: &Value) {
        let orders = self.orders.as_mut().expect("it runs");
        writeln!(orders, "{order}").expect("it takes orders");
        loop {
            let line = self.lines.next().expect("it runs").expect("text");
            let answer: Value = serde_json::from_str(&line).expect("one line of JSON");
            if answer["done"] == true {
                return;
            }
            assert!(answer["error"].is_null(), "{order}: {}", answer["error"]);
            self.events.push(answer);
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
