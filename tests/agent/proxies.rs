//! Everything that goes to the upstream goes through the proxy, and a proxy that does not let it through is named.

use crate::scene::{Scene, code};
use cps_agent_api::client::ClientError;
use cps_sandbox::{card::cards, pki::WebAuthority};
use rustls::ServerConfig;
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What the proxy does with a request for a tunnel.
#[derive(Clone)]
enum Does {
    /// Opens it.
    Open,
    /// Answers this, and closes.
    Answer(&'static str),
    /// Pretends to be the server, with a certificate of its own.
    Intercept(Arc<ServerConfig>),
}

/// A proxy that remembers what it was asked.
struct Proxy {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    async fn start(does: Does) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, does.clone(), Arc::clone(&heard)));
            }
        });
        Self { address, asked, task }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

async fn serve(mut stream: TcpStream, does: Does, heard: Arc<Mutex<Vec<String>>>) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let target = head.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
    heard.lock().expect("no panic").push(head);
    let established = b"HTTP/1.1 200 Connection established\r\n\r\n";
    match does {
        Does::Open => {
            let mut server = TcpStream::connect(target).await.ok()?;
            stream.write_all(established).await.ok()?;
            copy_bidirectional(&mut stream, &mut server).await.ok()?;
        }
        Does::Answer(text) => stream.write_all(text.as_bytes()).await.ok()?,
        Does::Intercept(tls) => {
            stream.write_all(established).await.ok()?;
            tokio_rustls::TlsAcceptor::from(tls).accept(stream).await.ok()?;
        }
    }
    Some(())
}

/// The failure of a login through a proxy.
async fn refusal(proxy: &str) -> (String, serde_json::Map<String, serde_json::Value>) {
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&[("upstream.proxy", proxy)], &[&card]).await;
    let refused = scene.control().await.login(&Default::default()).await.expect_err("no login");
    assert_eq!(scene.person.questions().len(), 0, "nobody types a PIN for nothing");
    let ClientError::Refused(problem) = refused else { panic!("{refused}") };
    (problem.code.clone(), problem.values)
}

#[tokio::test]
async fn a_whole_login_goes_through_the_proxy_with_its_credentials() {
    let proxy = Proxy::start(Does::Open).await;
    let card = cards::doctor_cps3();
    let address = format!("http://agent:s%33cret@{}", proxy.address);
    let scene = Scene::with_upstream(&[("upstream.proxy", &address)], &[&card]).await;
    scene.login().await.expect("logged in");
    let asked = proxy.asked();
    // The card's own connection is among them: it is to the host of the card page.
    assert!(asked.len() >= 4, "{asked:?}");
    for head in &asked {
        assert!(
            head.to_ascii_lowercase().contains("proxy-authorization: basic ywdlbnq6cznjcmv0\r\n"),
            "{head}"
        );
        assert!(head.starts_with("CONNECT localhost:"), "{head}");
    }
    let trail = format!("{:?}", scene.audit());
    assert!(!trail.contains("s3cret") && !trail.contains("YWdlbnQ6"), "the password is nowhere");
}

#[tokio::test]
async fn without_a_proxy_nothing_goes_there() {
    let proxy = Proxy::start(Does::Open).await;
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&[("upstream.proxy", "none")], &[&card]).await;
    scene.login().await.expect("logged in");
    assert!(proxy.asked().is_empty());
}

#[tokio::test]
async fn a_proxy_that_asks_for_a_login_is_named_with_what_it_offers() {
    let answer = "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Negotiate\r\n\
                  proxy-authenticate: Basic realm=\"x\"\r\ncontent-length: 0\r\n\r\n";
    let proxy = Proxy::start(Does::Answer(answer)).await;
    let (code, values) = refusal(&format!("http://somebody:secret@{}", proxy.address)).await;
    assert_eq!(code, "proxy_login");
    assert_eq!(values["schemes"], "Negotiate, Basic");
    assert_eq!(values["proxy"], format!("http://{}", proxy.address));
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_with_its_status() {
    let proxy = Proxy::start(Does::Answer("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")).await;
    let (code, values) = refusal(&format!("http://{}", proxy.address)).await;
    assert_eq!((code.as_str(), &values["status"]), ("proxy_refused", &403.into()));
}

#[tokio::test]
async fn what_is_no_proxy_is_named_and_so_is_one_that_is_gone() {
    let proxy = Proxy::start(Does::Answer("SSH-2.0-x\r\n")).await;
    assert_eq!(refusal(&format!("http://{}", proxy.address)).await.0, "proxy_garbled");
    let address = proxy.address.clone();
    drop(proxy);
    assert_eq!(refusal(&format!("http://{address}")).await.0, "proxy_unreachable");
}

#[tokio::test]
async fn a_proxy_that_opens_the_connection_is_named_by_the_issuer_of_its_certificate() {
    let authority = WebAuthority::new().expect("an authority");
    let (chain, key) = authority.server(&["localhost"]).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a certificate");
    let proxy = Proxy::start(Does::Intercept(Arc::new(tls))).await;
    let (code, values) = refusal(&format!("http://{}", proxy.address)).await;
    assert_eq!(code, "upstream_untrusted");
    assert!(values["issuer"].as_str().is_some_and(|issuer| issuer.contains("TEST")), "{values:?}");
}

#[tokio::test]
async fn a_local_login_is_allowed_when_the_proxy_is_down() {
    let card = cards::doctor_cps3();
    let settings = [("upstream.proxy", "http://127.0.0.1:9"), ("local.allow", "upstream-down")];
    let scene = Scene::with_upstream(&settings, &[&card]).await;
    assert_eq!(
        code(scene.control().await.login(&Default::default()).await).expect_err("down"),
        "upstream_down_local_offered"
    );
    let request = cps_agent_api::words::LoginRequest { way: Some("local".to_owned()), ..Default::default() };
    let session = scene.login_with(&request).await.expect("the card alone");
    assert_eq!(session.acr, "urn:cps-agent:acr:local");
}
