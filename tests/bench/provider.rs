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
use bytes::Bytes;
use cps_agent_api::words;
use http_body_util::Full;
use hyper::{Request, header};
use load::{Taken, Talk, good, load};
use program::Program;
use serde_json::{Value, json};
use soft_token::{Home, quantiles, resident};
use std::{
    os::unix::net::UnixStream,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const CONNECTIONS: usize = 8;
const ROUNDS: usize = 5;
/// Requests of one connection in one round.
const PER_ROUND: usize = 100;
/// Codes of one connection that wait at a time.
const BATCH: usize = 10;
const STARTS: usize = 21;
const REDIRECT: &str = "http://127.0.0.1/callback";
const CLIENT: &str = "bench";
/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
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
    fn get(&self, path: &str) -> Request<Full<Bytes>> {
        let request = Request::get(path).header("sec-fetch-mode", "navigate");
        let request = match &self.cookie {
            Some(cookie) => request.header(header::COOKIE, cookie),
            None => request,
        };
        request.body(Full::default()).expect("a request")
    }

    fn authorize(&self) -> Request<Full<Bytes>> {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("response_type", "code"),
                ("client_id", CLIENT),
                ("redirect_uri", REDIRECT),
                ("scope", "openid profile"),
                ("state", "s"),
                ("nonce", "n"),
                ("code_challenge", CHALLENGE),
                ("code_challenge_method", "S256"),
            ])
            .finish();
        let path = if self.cookie.is_some() { "/auth" } else { "/authorize" };
        self.get(&format!("{path}?{query}"))
    }

    fn token(&self, parameters: &[(&str, &str)]) -> Request<Full<Bytes>> {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        Request::post(self.paths[TOKEN])
            .header(header::AUTHORIZATION, &self.authorization)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(form))
            .expect("a request")
    }

    async fn plain(&self, path: &'static str) -> Taken {
        let talkers =
            (0..CONNECTIONS).map(|_| Repeated { left: PER_ROUND, request: self.get(path) }).collect();
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
            let bearer = format!("Bearer {}", tokens["access_token"].as_str().expect("a token"));
            let mut request = self.get(self.paths[USERINFO]);
            request.headers_mut().insert(header::AUTHORIZATION, bearer.parse().expect("a header"));
            Repeated { left: PER_ROUND, request }
        });
        load(self.port, talkers.collect()).await.0
    }

    async fn refresh(&self) -> Taken {
        let talkers = self.tokens().await.into_iter().map(|tokens| {
            let empty = self.token(&[]);
            Refreshing { left: PER_ROUND, tokens, head: empty.into_parts().0 }
        });
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
    request: Request<Full<Bytes>>,
}

impl Talk for Repeated {
    fn next(&mut self) -> Option<Request<Full<Bytes>>> {
        self.left = self.left.checked_sub(1)?;
        Some(self.request.clone())
    }

    fn answer(&mut self, head: &hyper::http::response::Parts, body: &[u8]) {
        good(head, body);
    }
}

/// An authorization request again and again.
struct Asking {
    left: usize,
    request: Request<Full<Bytes>>,
    codes: Vec<String>,
}

impl Talk for Asking {
    fn next(&mut self) -> Option<Request<Full<Bytes>>> {
        self.left = self.left.checked_sub(1)?;
        Some(self.request.clone())
    }

    fn answer(&mut self, head: &hyper::http::response::Parts, body: &[u8]) {
        good(head, body);
        let location =
            head.headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).expect("a way back");
        let (_, rest) = location.split_once("code=").unwrap_or_else(|| panic!("no code: {location}"));
        self.codes.push(rest.split('&').next().expect("a code").to_owned());
    }
}

/// Codes, one after the other.
struct Redeeming {
    requests: Vec<Request<Full<Bytes>>>,
    last: Value,
}

impl Talk for Redeeming {
    fn next(&mut self) -> Option<Request<Full<Bytes>>> {
        self.requests.pop()
    }

    fn answer(&mut self, head: &hyper::http::response::Parts, body: &[u8]) {
        good(head, body);
        self.last = serde_json::from_slice(body).expect("JSON");
    }
}

/// A chain of refresh tokens.
struct Refreshing {
    left: usize,
    tokens: Value,
    head: hyper::http::request::Parts,
}

impl Talk for Refreshing {
    fn next(&mut self) -> Option<Request<Full<Bytes>>> {
        self.left = self.left.checked_sub(1)?;
        let token = self.tokens["refresh_token"].as_str().expect("a refresh token");
        let form = format!("grant_type=refresh_token&refresh_token={token}");
        Some(Request::from_parts(self.head.clone(), Full::from(form)))
    }

    fn answer(&mut self, head: &hyper::http::response::Parts, body: &[u8]) {
        good(head, body);
        self.tokens = serde_json::from_slice(body).expect("JSON");
    }
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
    let ours = Provider {
        port: port(registered.issuer.as_deref().expect("an issuer")),
        cookie: None,
        authorization: authorization.clone(),
        paths: ["/.well-known/openid-configuration", "/jwks", "/userinfo", "/token"],
    };
    let wish = json!({ "clientId": CLIENT, "clientSecret": secret, "redirectUri": REDIRECT });
    let (_node, ready) = Program::node("bench-provider.mjs", &wish);
    let theirs = Provider {
        port: ready["port"].as_u64().and_then(|port| port.try_into().ok()).expect("a port"),
        cookie: ready["cookie"].as_str().map(str::to_owned),
        authorization,
        paths: ["/.well-known/openid-configuration", "/jwks", "/me", "/token"],
    };

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

    let mut requests = (ROUNDS + 1) * 6 * CONNECTIONS * PER_ROUND;
    while requests < 100_000 {
        ours.userinfo().await;
        ours.refresh().await;
        requests += 2 * CONNECTIONS * PER_ROUND;
    }
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
