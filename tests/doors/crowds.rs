//! One program that takes all the connections it can get, and holds them: everybody else is still served.

use crate::{
    desk::Desk,
    https::{HTTPS, log_in},
    wire::{self, House},
};
use cps_agent::serve::limits;
use cps_sandbox::card::cards;
use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader, Lines},
    net::SocketAddr,
    process::{Child, ChildStdout, Command, Stdio},
};

/// Opens connections from a process of its own and holds them until its standard input ends. What each one says is
/// chosen by the kind; when every connection was opened and then, if it says something that ends, answered or closed, it
/// counts.
const SCRIPT: &str = r"
const [port, count, kind] = process.argv.slice(1);
const head = `POST /token HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n`;
const words = {
  idle: () => '',
  slow: (n) => ['', head + 'X-Slow: ', head + 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 900\r\n\r\na='][n % 3],
  // The first bytes of a TLS handshake: a record of 512 bytes is announced, and never comes.
  handshaking: (n) => Buffer.from(['16', '160301', '1603010200010001fc0303'][n % 3], 'hex'),
  asking: () => `GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`,
}[kind];
const seen = { opened: 0, answered: 0, closed: 0, most: 0 };
let held = 0;
// Counted when all that has come is looked at: an end may be told after the answer that came behind it.
const counted = () => setImmediate(() => { seen.most = Math.max(seen.most, held); });
let pending = Number(count);
const done = () => { if (--pending === 0) setImmediate(() => console.log(JSON.stringify(seen))); };
for (let n = 0; n < Number(count); n++) {
  const socket = require('net').connect(Number(port), '127.0.0.1');
  let told = false;
  const tell = (what) => { if (!told) { told = true; seen[what]++; done(); } };
  socket.on('connect', () => { seen.opened++; socket.write(words(n)); if (kind === 'idle' || kind === 'slow') tell('idle'); });
  let holds = false;
  socket.on('data', () => { if (!holds) { holds = true; held++; counted(); } tell('answered'); });
  socket.on('end', () => { if (holds) { holds = false; held--; } });
  socket.on('error', () => {});
  socket.on('close', () => tell('closed'));
}
process.stdin.on('end', () => process.exit()).resume();
";

struct Crowd {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Crowd {
    fn gathers(address: SocketAddr, count: usize, kind: &str) -> Self {
        let mut child = Command::new("node")
            .args(["-e", SCRIPT, &address.port().to_string(), &count.to_string(), kind])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs: tests/run.sh says what is needed");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Self { child, lines }
    }

    /// Waits until all have come.
    async fn gathered(mut self) -> (Self, Value) {
        tokio::task::spawn_blocking(move || {
            let line = self.lines.next().expect("a line").expect("text");
            (self, serde_json::from_str(&line).expect("JSON"))
        })
        .await
        .expect("no panic")
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_completes_while_thousands_of_connections_say_nothing() {
    let house = House::with_session().await;
    let (_crowd, seen) = Crowd::gathers(house.address, 3_000, "idle").gathered().await;
    assert_eq!(seen["opened"], 3_000);
    let tokens = house.application.log_in().await;
    assert!(house.application.userinfo(&tokens).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_completes_while_hundreds_of_connections_drip() {
    let house = House::with_session().await;
    let (_crowd, seen) = Crowd::gathers(house.address, 300, "slow").gathered().await;
    assert_eq!(seen["opened"], 300);
    let tokens = house.application.log_in().await;
    assert!(house.application.userinfo(&tokens).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_program_gets_its_share_of_the_connections_and_no_more() {
    let house = House::with_session().await;
    let (_crowd, seen) = Crowd::gathers(house.address, 300, "asking").gathered().await;
    let number = |name: &str| usize::try_from(seen[name].as_u64().expect("a number")).expect("a size");
    let share = limits::ROOMY + limits::CONNECTIONS_OF_ONE;
    // On a slow machine some end by themselves before the last have come: what counts is how many it held at once.
    assert!((1..=share).contains(&number("most")), "{seen}");
    assert_eq!(number("answered") + number("closed"), 300, "{seen}");
    assert!(number("closed") > 0, "{seen}");
    assert_eq!(house.ask("GET /v1/status").await.status, 200, "another program has its own share");
    let told = house.refusals();
    assert!(told.iter().all(|code| code == "too_many_connections"), "{told:?}");
    assert!((1..=10).contains(&told.len()), "told, and not five hundred times: {told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_on_https_completes_while_hundreds_of_handshakes_hang_and_all_of_them_end() {
    let card = cards::doctor_cps3();
    let desk = Desk::configured(&HTTPS, &[&card]).await;
    let authority = desk.agent.trusted().await.expect("an authority");
    let address = wire::address(desk.agent.issuer());
    let (held, silent) = Crowd::gathers(address, 600, "idle").gathered().await;
    assert_eq!(silent["opened"], 600);
    let crowd = Crowd::gathers(address, 300, "handshaking");
    log_in(&desk, &authority).await;
    // Each of them ended by itself: a place is held for as long as a handshake may take, and no longer.
    let (_crowd, seen) = crowd.gathered().await;
    assert_eq!((&seen["closed"], &seen["answered"]), (&300.into(), &0.into()), "{seen}");
    drop(held);
    desk.end().await;
}
