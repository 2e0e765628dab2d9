//! A program that waits for slot events learns of real cards that come and go, once they can be used.

use crate::{host::scene, stage::Stage};
use cps_sandbox::card::cards;
use std::{
    io::{BufRead as _, BufReader, Lines},
    process::{Child, ChildStdout, Stdio},
};

/// A program that says how many tokens there are after each event.
struct Watcher {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watcher {
    fn start(stage: &Stage) -> Self {
        let mut child = scene("watch", &stage.socket()).stdout(Stdio::piped()).spawn().expect("python3");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Self { child, lines }
    }

    /// Reads until there are so many; a reader that is still reading its card is an event without a token.
    fn until(&mut self, tokens: usize) {
        let wanted = format!("[0, {tokens}]");
        let found = self.lines.by_ref().map(|line| line.expect("a line")).any(|line| line == wanted);
        assert!(found, "the program ended");
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_insertion_and_removal_wakes_a_program_that_waits() {
    let stage = Stage::with(cards::doctor_cps3(), &[]).await;
    let mut watcher = Watcher::start(&stage);
    watcher.until(1);
    let second = cards::doctor_cps4();
    for _ in 0..3 {
        stage.daemon.insert(1, &second).expect("a slot");
        watcher.until(2);
        stage.daemon.remove(0);
        watcher.until(1);
        stage.daemon.remove(1);
        watcher.until(0);
        stage.daemon.insert(0, &stage.card).expect("a slot");
        watcher.until(1);
    }
}
