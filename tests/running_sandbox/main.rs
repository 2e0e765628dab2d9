//! `cps-sandbox up` and the orders it takes, as an integrator's scripts use them.

#![cfg(target_os = "linux")]
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails by panicking"
)]

mod demo;

use cps_agent_api::client::Agent;
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_cps-sandbox");

/// A running sandbox. Dropping it ends it.
struct Sandbox {
    child: Child,
    ready: Value,
}

impl Sandbox {
    fn up(flags: &[&str]) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["up", "--json"])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the sandbox starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let Ok(ready) = serde_json::from_str(&line) else {
            let mut error = String::new();
            let _ = child.stderr.take().expect("a pipe").read_to_string(&mut error);
            panic!("the sandbox did not start: {error}");
        };
        Self { child, ready }
    }

    fn output(&self, order: &[&str]) -> Output {
        Command::new(PROGRAM)
            .args(order)
            .env("CPS_SANDBOX_SOCKET", self.ready["sandbox_socket"].as_str().expect("a path"))
            .output()
            .expect("the order runs")
    }

    /// Gives an order and returns the answer.
    fn tell(&self, order: &[&str]) -> Value {
        let output = self.output(order);
        assert!(output.status.success(), "{order:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Asks the sandbox to end, as a service manager does, and waits for it.
    fn end(&mut self) -> bool {
        let pid =
            i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a pid");
        // It may just have ended by itself.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        self.child.wait().expect("it ends").success()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.end();
        }
    }
}

#[test]
fn an_order_without_a_sandbox_says_where_to_find_one() {
    let output = Command::new(PROGRAM)
        .args(["card", "remove"])
        .env_remove("CPS_SANDBOX_SOCKET")
        .output()
        .expect("it runs");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("CPS_SANDBOX_SOCKET"));
}

#[test]
fn a_card_that_does_not_exist_is_refused_before_anything_starts() {
    let output = Command::new(PROGRAM).args(["up", "--json", "--card", "cps9"]).output().expect("it runs");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("cps3-contactless"));
    assert!(output.stdout.is_empty());
}

#[test]
fn with_pcscd_one_line_says_everything_that_an_agent_needs() {
    let mut sandbox = Sandbox::up(&["--pcscd", "--card", "cps3", "--card", "cps4:nurse"]);
    let ready = &sandbox.ready;
    assert_eq!(ready["test"], true);
    let cards = ready["cards"].as_array().expect("cards");
    assert_eq!((&cards[0]["family"], &cards[1]["family"]), (&"cps3".into(), &"cps4".into()));
    assert_eq!(cards[0]["pin"], "1234");
    assert_eq!(cards[1]["holder"]["identifier"], "899700990023");
    for file in [&ready["config"], &ready["pcsc_socket"], &ready["upstream"]["ca_file"]] {
        let path = file.as_str().expect("a path");
        assert!(std::fs::exists(path).expect("readable"), "{path}");
    }
    let config = std::fs::read_to_string(ready["config"].as_str().expect("a path")).expect("a file");
    assert!(config.contains(ready["upstream"]["issuer"].as_str().expect("an issuer")));
    let folder = Path::new(ready["config"].as_str().expect("a path")).parent().expect("a folder").to_owned();
    assert!(sandbox.end());
    assert!(!folder.exists(), "the sandbox leaves its folder behind");
}

#[test]
fn cards_obey_orders() {
    let sandbox = Sandbox::up(&["--pcscd", "--card", "cps3"]);
    let state = |order: &[&str]| sandbox.tell(order)[0].clone();
    assert_eq!(state(&["card", "remove"])["inserted"], false);
    assert_eq!(state(&["card", "insert"])["inserted"], true);
    assert_eq!(state(&["card", "block"])["tries_left"], 0);
    let other = state(&["card", "insert", "cps4:pharmacist"]);
    assert_eq!((&other["family"], &other["tries_left"]), (&"cps4".into(), &3.into()));
    assert_eq!(state(&["card", "slow", "5"])["inserted"], true);
    assert_eq!(state(&["card", "break", "--at", "3", "--how", "reset"])["inserted"], true);
    assert_eq!(state(&["card", "heal"])["inserted"], true);
    let refused = sandbox.output(&["card", "remove", "--slot", "7"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("no slot 7"));
}

#[test]
fn upstream_and_person_obey_orders() {
    let sandbox = Sandbox::up(&["--pcscd", "--card", "cps3"]);
    for order in [
        &["upstream", "refuse"][..],
        &["upstream", "delay", "10", "--at", "user-info"],
        &["upstream", "fail", "--at", "token"],
        &["upstream", "garbage", "--at", "keys"],
        &["upstream", "wrong", "nonce"],
        &["upstream", "form"],
        &["upstream", "foreign-host"],
        &["upstream", "tls12"],
        &["upstream", "rotate-keys", "--drop-old"],
        &["upstream", "revoke", "899700990015"],
        &["upstream", "end-sessions"],
        &["upstream", "heal"],
    ] {
        assert_eq!(sandbox.tell(order)["sessions"], 0, "{order:?}");
    }
    for order in ["wrong-pin", "cancel", "wait", "right-pin", "show"] {
        assert_eq!(sandbox.tell(&["person", order]), Value::Array(vec![]), "{order}");
    }
}

#[tokio::test]
async fn in_process_the_agent_sees_a_card_come_and_go() {
    let mut sandbox = Sandbox::up(&["--card", "cps4:pharmacist"]);
    let ready = &sandbox.ready;
    assert!(ready["issuer"].as_str().expect("an issuer").starts_with("http://127.0.0.1:"));
    let socket = Path::new(ready["control_socket"].as_str().expect("a path"));
    let holders = async || -> Vec<String> {
        let mut agent = Agent::connect_to(socket, "fr").await.expect("the agent answers");
        let cards = agent.cards().await.expect("cards");
        cards.into_iter().filter_map(|card| card.holder).map(|holder| holder.id).collect()
    };
    let wait_for = async |expected: &[&str]| {
        let deadline = Instant::now() + Duration::from_secs(60);
        while holders().await != expected {
            assert!(Instant::now() < deadline, "the agent never shows {expected:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    wait_for(&["899700990049"]).await;
    sandbox.tell(&["card", "remove"]);
    wait_for(&[]).await;
    sandbox.tell(&["card", "insert", "cps3:nurse"]);
    wait_for(&["899700990023"]).await;
    assert!(sandbox.end());
}
