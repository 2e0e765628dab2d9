//! The provider's rows of the budget: requests per second and 99th percentile of the agent beside npm `oidc-provider`, in
//! one run on one machine, round by round. Then start-up time, and memory before and after a hundred thousand requests.
//!
//! Both serve http on loopback to kept-alive connections, sign ES256, give opaque tokens out of memory, and authenticate
//! the same confidential client; the agent writes its audit trail. Nothing is asserted but that every answer is good.

#![cfg(target_os = "linux")]
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement that fails by panicking and prints its figures"
)]

mod load;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/real_agent.rs"]
mod real_agent;
#[path = "../support/soft_token.rs"]
mod soft_token;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cps_agent_api::words;
use load::{Answer, Taken, Talk, load};
use program::Program;
use serde_json::{Value, json};
use soft_token::{Home, quantiles, resident};
use std::{
    os::unix::net::UnixStream,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

const CONNECTIONS: usize = 8;
const ROUNDS: usize = 5;
/// Requests of one connection in one round, where each gives new tokens.
const PER_ROUND: usize = 100;
/// The same, where the answer is the same every time and soon given: enough of them to last a while.
const PLAIN_PER_ROUND: usize = 1000;
/// Codes of one connection that wait at a time.
const BATCH: usize = 10;
const STARTS: usize = 21;
const REDIRECT: &str = "http://127.0.0.1/callback";
const CLIENT: &str = "bench";
/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure());
}

/// One of the two.
struct Provider {
    port: u16,
    cookie: Option<String>,
    authorization: String,
    paths: [&'static str; 4],
}

const DISCOVERY: usize = 0;
const JWKS: usize = 1;
const USERINFO: usize = 2;
const TOKEN: usize = 3;

impl Provider {
    /// A request with its head: `more` are further lines of it, each with its end.
    fn request(&self, line: &str, more: &str, body: &str) -> Vec<u8> {
        format!("{line} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\n{more}\r\n{body}", self.port).into_bytes()
    }

    fn get(&self, path: &str, more: &str) -> Vec<u8> {
        let cookie = self.cookie.as_ref().map_or_else(String::new, |cookie| format!("cookie: {cookie}\r\n"));
        self.request(&format!("GET {path}"), &format!("sec-fetch-mode: navigate\r\n{cookie}{more}"), "")
    }

    fn authorize(&self) -> Vec<u8> {
        let query = form(&[
            ("response_type", "code"),
            ("client_id", CLIENT),
            ("redirect_uri", REDIRECT),
            ("scope", "openid profile"),
            ("state", "s"),
            ("nonce", "n"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let path = if self.cookie.is_some() { "/auth" } else { "/authorize" };
        self.get(&format!("{path}?{query}"), "")
    }

    fn token(&self, parameters: &[(&str, &str)]) -> Vec<u8> {
        let body = form(parameters);
        let more = format!(
            "authorization: {}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n",
            self.authorization,
            body.len()
        );
        self.request(&format!("POST {}", self.paths[TOKEN]), &more, &body)
    }

    async fn plain(&self, path: &'static str) -> Taken {
        let talkers = (0..CONNECTIONS)
            .map(|_| Repeated { left: PLAIN_PER_ROUND, request: self.get(path, "") })
            .collect();
        load(self.port, talkers).await.0
    }

    /// Codes, each of a whole authorization request; and what asking took.
    async fn codes(&self, each: usize) -> (Taken, Vec<Vec<String>>) {
        let asking = |_| Asking { left: each, request: self.authorize(), codes: Vec::new() };
        let (taken, talkers) = load(self.port, (0..CONNECTIONS).map(asking).collect()).await;
        (taken, talkers.into_iter().map(|talker| talker.codes).collect())
    }

    async fn redeem(&self, codes: Vec<Vec<String>>) -> (Taken, Vec<Value>) {
        let talkers = codes.into_iter().map(|codes| Redeeming {
            requests: codes
                .iter()
                .map(|code| {
                    self.token(&[
                        ("grant_type", "authorization_code"),
                        ("code", code),
                        ("redirect_uri", REDIRECT),
                        ("code_verifier", VERIFIER),
                    ])
                })
                .collect(),
            last: Value::Null,
        });
        let (taken, talkers) = load(self.port, talkers.collect()).await;
        (taken, talkers.into_iter().map(|talker| talker.last).collect())
    }

    /// One set of tokens for each connection.
    async fn tokens(&self) -> Vec<Value> {
        let (_, codes) = self.codes(1).await;
        self.redeem(codes).await.1
    }

    async fn userinfo(&self) -> Taken {
        let talkers = self.tokens().await.into_iter().map(|tokens| {
            let token = tokens["access_token"].as_str().expect("a token");
            let request = self.get(self.paths[USERINFO], &format!("authorization: Bearer {token}\r\n"));
            Repeated { left: PLAIN_PER_ROUND, request }
        });
        load(self.port, talkers.collect()).await.0
    }

    async fn refresh(self: &Arc<Self>) -> Taken {
        let all = self.tokens().await;
        let talkers =
            all.into_iter().map(|tokens| Refreshing { left: PER_ROUND, tokens, at: Arc::clone(self) });
        load(self.port, talkers.collect()).await.0
    }

    /// In small batches: a code lives a minute.
    async fn exchange(&self) -> (Taken, Taken) {
        let (mut asked, mut redeemed) = (Taken::default(), Taken::default());
        for _ in 0..PER_ROUND / BATCH {
            let (taken, codes) = self.codes(BATCH).await;
            asked.add(taken);
            redeemed.add(self.redeem(codes).await.0);
        }
        (asked, redeemed)
    }
}

/// The same request again and again.
struct Repeated {
    left: usize,
    request: Vec<u8>,
}

impl Talk for Repeated {
    fn next(&mut self) -> Option<Vec<u8>> {
        self.left = self.left.checked_sub(1)?;
        Some(self.request.clone())
    }

    fn answer(&mut self, answer: &Answer<'_>) {
        answer.good();
    }
}

/// An authorization request again and again.
struct Asking {
    left: usize,
    request: Vec<u8>,
    codes: Vec<String>,
}

impl Talk for Asking {
    fn next(&mut self) -> Option<Vec<u8>> {
        self.left = self.left.checked_sub(1)?;
        Some(self.request.clone())
    }

    fn answer(&mut self, answer: &Answer<'_>) {
        answer.good();
        let location = answer.location.expect("a way back");
        let (_, rest) = location.split_once("code=").unwrap_or_else(|| panic!("no code: {location}"));
        self.codes.push(rest.split('&').next().expect("a code").to_owned());
    }
}

/// Codes, one after the other.
struct Redeeming {
    requests: Vec<Vec<u8>>,
    last: Value,
}

impl Talk for Redeeming {
    fn next(&mut self) -> Option<Vec<u8>> {
        self.requests.pop()
    }

    fn answer(&mut self, answer: &Answer<'_>) {
        answer.good();
        self.last = serde_json::from_slice(answer.body).expect("JSON");
    }
}

/// A chain of refresh tokens.
struct Refreshing {
    left: usize,
    tokens: Value,
    at: Arc<Provider>,
}

impl Talk for Refreshing {
    fn next(&mut self) -> Option<Vec<u8>> {
        self.left = self.left.checked_sub(1)?;
        let token = self.tokens["refresh_token"].as_str().expect("a refresh token");
        Some(self.at.token(&[("grant_type", "refresh_token"), ("refresh_token", token)]))
    }

    fn answer(&mut self, answer: &Answer<'_>) {
        answer.good();
        self.tokens = serde_json::from_slice(answer.body).expect("JSON");
    }
}

fn form(parameters: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

fn row(name: &str, ours: &Taken, theirs: &Taken) {
    let (a, b) = (quantiles(ours.times.clone()), quantiles(theirs.times.clone()));
    println!(
        "{name:<14} agent {:>7.0}/s p50 {:>6.0} p99 {:>6.0} µs   oidc-provider {:>6.0}/s p50 {:>6.0} p99 {:>6.0} µs   \
         rate × {:.1}   p99 ÷ {:.1}",
        ours.rate(),
        a.0,
        a.1,
        theirs.rate(),
        b.0,
        b.1,
        ours.rate() / theirs.rate(),
        b.1 / a.1
    );
}

async fn measure() {
    let home = Home::new().await;
    start_up(&home);
    let agent = home.agent().await;
    let mut control = agent.control().await.expect("the control door");
    println!("{:<14} {:>7.1} MiB", "memory, idle", resident(agent.pid()));
    home.login(&mut control).await;
    let registered = control
        .add_client(&words::Client {
            client_id: CLIENT.to_owned(),
            redirect_uris: vec![REDIRECT.to_owned()],
            confidential: true,
            id_token_alg: Some("ES256".to_owned()),
            ..words::Client::default()
        })
        .await
        .expect("a registration");
    let secret = registered.client_secret.expect("a secret");
    let authorization = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{secret}")));
    let port = |issuer: &str| issuer.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let ours = Arc::new(Provider {
        port: port(registered.issuer.as_deref().expect("an issuer")),
        cookie: None,
        authorization: authorization.clone(),
        paths: ["/.well-known/openid-configuration", "/jwks", "/userinfo", "/token"],
    });
    let wish = json!({ "clientId": CLIENT, "clientSecret": secret, "redirectUri": REDIRECT });
    let (_node, ready) = Program::node("bench-provider.mjs", &wish);
    let theirs = Arc::new(Provider {
        port: ready["port"].as_u64().and_then(|port| port.try_into().ok()).expect("a port"),
        cookie: ready["cookie"].as_str().map(str::to_owned),
        authorization,
        paths: ["/.well-known/openid-configuration", "/jwks", "/me", "/token"],
    });

    let mut rows: [(&str, Taken, Taken); 6] =
        ["discovery", "jwks", "userinfo", "refresh", "authorize", "code exchange"]
            .map(|name| (name, Taken::default(), Taken::default()));
    // The first round warms both up and is not counted.
    for round in 0..=ROUNDS {
        for (provider, whose) in [(&ours, true), (&theirs, false)] {
            let (asked, exchanged) = provider.exchange().await;
            let taken = [
                provider.plain(provider.paths[DISCOVERY]).await,
                provider.plain(provider.paths[JWKS]).await,
                provider.userinfo().await,
                provider.refresh().await,
                asked,
                exchanged,
            ];
            if round > 0 {
                for (row, taken) in rows.iter_mut().zip(taken) {
                    if whose { row.1.add(taken) } else { row.2.add(taken) }
                }
            }
        }
    }
    for (name, ours, theirs) in &rows {
        row(name, ours, theirs);
    }

    let requests = (ROUNDS + 1) * 3 * CONNECTIONS * (PER_ROUND + PLAIN_PER_ROUND);
    assert!(requests > 100_000, "what the budget says");
    println!("{:<14} {:>7.1} MiB after {requests} requests", "memory", resident(agent.pid()));
}

/// From the start of the process to the first connection that it takes: with a new home's state, and with the old one.
fn start_up(home: &Home) {
    for (name, fresh) in [("start, new", true), ("start, known", false)] {
        let mut times: Vec<Duration> = (0..STARTS).map(|_| one_start(home, fresh)).collect();
        times.sort();
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        println!(
            "{name:<14} {:>7.1} ms to listening (median of {STARTS}; worst {:.1})",
            ms(times[STARTS / 2]),
            ms(times[STARTS - 1])
        );
    }
}

fn one_start(home: &Home, fresh: bool) -> Duration {
    let runtime = home.folder().join("start");
    let _ = std::fs::remove_dir_all(&runtime);
    std::fs::create_dir_all(&runtime).expect("a folder");
    let state = if fresh { runtime.join("state") } else { home.folder().join("state") };
    let socket = runtime.join("cps-agent/control.sock");
    let begun = Instant::now();
    let mut child = Command::new(real_agent::built("cps-agent"))
        .arg("--config")
        .arg(home.config())
        .env("CPS_AGENT_STATE_DIRECTORY", state)
        .env("HOME", home.folder())
        .env("XDG_RUNTIME_DIR", &runtime)
        .env("PCSCLITE_CSOCK_NAME", home.folder().join("no-pcscd"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("cps-agent starts");
    while UnixStream::connect(&socket).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "cps-agent never listened");
        std::thread::sleep(Duration::from_micros(200));
    }
    let taken = begun.elapsed();
    let _ = child.kill();
    let _ = child.wait();
    taken
}
