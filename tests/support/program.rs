//! A judge that runs beside the test: a program that takes orders by line and answers by line, in JSON.

#![allow(dead_code, reason = "each test uses its part of it")]

use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Lines, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long it may take to put its own children away.
const LEAVE: Duration = Duration::from_secs(20);

/// A running judge. Dropping it ends it, with the browsers and servers that it started.
pub struct Program {
    child: Child,
    /// Its end is the last order: whoever hears it puts away what they started, and goes.
    orders: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    /// Starts a script of `tests/support/node` with its packages, and returns its first line too.
    pub fn node(script: &str, wish: &Value) -> (Self, Value) {
        let folder = support().join("node");
        assert!(
            folder.join("node_modules/.package-lock.json").exists(),
            "the node packages of tests/support/node are not installed: run tests/run.sh, which installs them"
        );
        Self::start(Command::new("node").arg(folder.join(script)).arg(wish.to_string()))
    }

    /// Starts a script of `tests/support/python` with its packages, and returns its first line too.
    pub fn python(script: &str, wish: &Value) -> (Self, Value) {
        Self::start(environment("python").arg(support().join("python").join(script)).arg(wish.to_string()))
    }

    fn start(command: &mut Command) -> (Self, Value) {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts: tests/run.sh says what is needed");
        let orders = child.stdin.take();
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut program = Self { child, orders, lines };
        let ready = program.read();
        (program, ready)
    }

    /// Ends it, as hard as can be. What is dead already stays so.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Gives an order.
    pub fn write(&mut self, order: &Value) {
        let orders = self.orders.as_mut().expect("it was not told to end");
        writeln!(orders, "{order}").expect("it takes orders");
    }

    /// Its next line.
    pub fn read(&mut self) -> Value {
        match self.lines.next() {
            Some(Ok(line)) => serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}")),
            _ => {
                let mut error = String::new();
                let _ = self.child.stderr.take().expect("a pipe").read_to_string(&mut error);
                panic!("the judge ended: {error}");
            }
        }
    }
}

/// A program of the Python environment that `tests/run.sh` makes in the target folder.
pub fn environment(program: &str) -> Command {
    let here = std::env::current_exe().expect("the test has a path");
    let target = here.ancestors().nth(3).expect("target/<profile>/deps/<test>");
    let program = target.join("venv/bin").join(program);
    assert!(
        program.exists(),
        "{} is missing: run tests/run.sh, which makes it of tests/support/python/requirements.txt",
        program.display()
    );
    Command::new(program)
}

fn support() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../support")
}

impl Drop for Program {
    fn drop(&mut self) {
        self.orders = None;
        let deadline = Instant::now() + LEAVE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        self.kill();
    }
}
