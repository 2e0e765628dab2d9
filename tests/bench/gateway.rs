//! What a gateway costs: requests per second and 99th percentile of a program that calls a service through it, beside the
//! same requests sent straight to that service by mutual TLS, in one run on one machine, round by round.
//!
//! Both ways every connection is kept and its handshake is over before anything is counted; the agent writes its audit
//! trail. On the way through, each request is read and written once more, and encrypted on the same machine as before.
//! Nothing is asserted but that every answer is good, and that no request cost a handshake.

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
#[path = "../support/real_agent.rs"]
mod real_agent;
#[path = "../support/soft_token.rs"]
mod soft_token;

use cps_agent_api::words;
use cps_sandbox::service::{Service, Settings};
use load::{Answer, Taken, Talk, connection, load, over};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use soft_token::{Home, quantiles, resident};
use std::{fs, sync::Arc};
use tokio_rustls::TlsConnector;
use url::Url;

const ROUNDS: usize = 5;
/// Requests of one connection in one round.
const PER_ROUND: usize = 1000;
/// Connections at the same time.
const CROWDS: [usize; 2] = [1, 8];
/// Bytes of a request's body.
const BODY: usize = 1024;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure());
}

/// The same request again and again.
struct Repeated {
    left: usize,
    request: Arc<[u8]>,
}

impl Talk for Repeated {
    fn next(&mut self) -> Option<Vec<u8>> {
        self.left = self.left.checked_sub(1)?;
        Some(self.request.to_vec())
    }

    fn answer(&mut self, answer: &Answer<'_>) {
        answer.good();
        assert_eq!(answer.body, format!("{{\"bytes\":{BODY}}}").as_bytes());
    }
}

fn request(path: &str, host: &str) -> Arc<[u8]> {
    let head = format!("POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {BODY}\r\n\r\n");
    [head.into_bytes(), vec![b'.'; BODY]].concat().into()
}

/// The service as a program with the certificate itself reaches it.
struct Straight {
    connector: TlsConnector,
    port: u16,
    request: Arc<[u8]>,
}

impl Straight {
    fn new(service: &Service, certificate: &str, key: &str) -> Self {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(service.ca_pem().as_bytes()).expect("an authority");
        roots.add(authority).expect("an authority");
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate")];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .expect("a pair");
        let port = Url::parse(service.origin()).expect("an origin").port().expect("a port");
        let host = format!("localhost:{port}");
        Self { connector: TlsConnector::from(Arc::new(config)), port, request: request("/sink", &host) }
    }

    async fn round(&self, crowd: usize) -> Taken {
        let mut connections = Vec::new();
        for _ in 0..crowd {
            let name = ServerName::try_from("localhost").expect("a name");
            let stream = self.connector.connect(name, connection(self.port).await).await.expect("TLS");
            connections.push((stream, Repeated { left: PER_ROUND, request: Arc::clone(&self.request) }));
        }
        over(connections).await.0
    }
}

async fn measure() {
    let home = Home::new().await;
    let service = Service::start(Settings::default()).await.expect("a service");
    let (certificate, key) = service.organisation("bench", 365).expect("a certificate");
    let file = |name: &str, text: &str| {
        let file = home.folder().join(name);
        fs::write(&file, text).expect("written");
        file.display().to_string()
    };
    let mut settings = fs::read_to_string(home.config()).expect("settings");
    settings.push_str(&format!(
        "[gateway.bench]\norigin = {:?}\ncredential = \"organisation\"\nanchors = [{:?}]\ncertificate = {:?}\nkey = {:?}\n",
        service.origin(),
        file("service.pem", service.ca_pem()),
        file("certificate.pem", &certificate),
        file("key.pem", &key)
    ));
    fs::write(home.config(), settings).expect("settings");
    let mut agent = home.agent().await;
    let mut control = home.ready(&mut agent).await;
    let client = words::Client {
        client_id: "bench".to_owned(),
        gateways: vec!["bench".to_owned()],
        ..words::Client::default()
    };
    let registered = control.add_client(&client).await.expect("registered");
    let address = Url::parse(&registered.gateways[0]).expect("an address");
    let port = address.port().expect("a port");
    let through = request(&format!("{}sink", address.path()), &format!("127.0.0.1:{port}"));
    let straight = Straight::new(&service, &certificate, &key);

    for crowd in CROWDS {
        let (mut ours, mut theirs) = (Taken::default(), Taken::default());
        let mut handshakes = 0;
        // The first round warms both up, opens the gateway's connections, and is not counted.
        for round in 0..=ROUNDS {
            let direct = straight.round(crowd).await;
            let before = service.counts().whole();
            let talkers = (0..crowd).map(|_| Repeated { left: PER_ROUND, request: Arc::clone(&through) });
            let gateway = load(port, talkers.collect()).await.0;
            if round > 0 {
                theirs.add(direct);
                ours.add(gateway);
                handshakes += service.counts().whole() - before;
            }
        }
        assert!(handshakes <= crowd, "{handshakes} whole handshakes for {} requests", ours.times.len());
        row(&format!("{crowd} connection(s)"), &ours, &theirs);
    }
    println!("{:<16} {:>7.1} MiB", "memory, after", resident(agent.pid()));
}

fn row(name: &str, ours: &Taken, theirs: &Taken) {
    let (a, b) = (quantiles(ours.times.clone()), quantiles(theirs.times.clone()));
    println!(
        "{name:<16} gateway {:>6.0}/s p50 {:>6.0} p99 {:>6.0} µs   straight {:>6.0}/s p50 {:>6.0} p99 {:>6.0} µs   \
         rate ÷ {:.2}   p50 + {:.0} µs   p99 × {:.2}",
        ours.rate(),
        a.0,
        a.1,
        theirs.rate(),
        b.0,
        b.1,
        theirs.rate() / ours.rate(),
        a.0 - b.0,
        a.1 / b.1
    );
}
