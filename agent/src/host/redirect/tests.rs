use super::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const PLACE: Place<'_> = Place { port: 0, host: "127.0.0.1", path: "/callback" };

/// Sends raw bytes and gives the whole answer.
async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("answered");
    answer
}

fn get(port: u16, target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")
}

/// A listener that awaits `state=mine`, its port, and the query it gets.
async fn awaiting(farewell: Farewell) -> (u16, tokio::task::JoinHandle<Secret>) {
    let listener = Listener::open(PLACE).await.expect("listening");
    let port = listener.address().port().expect("a port");
    let state = SecretHash::of("mine");
    let waiting = tokio::spawn(listener.returned(state, |_, _| true, move || farewell.clone()));
    (port, waiting)
}

#[tokio::test]
async fn whatever_is_not_the_awaited_answer_is_told_so_and_ends_nothing() {
    let (port, waiting) = awaiting(Farewell::Page).await;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let good = "/callback?code=1&state=mine";
    for (request, status) in [
        (get(port, "/callback?code=1&state=other"), 400),
        (get(port, "/callback?code=1"), 400),
        (get(port, "/callback?code=1&state=mine&state=mine"), 400),
        (get(port, "/callback/?code=1&state=mine"), 404),
        (get(port, "/?code=1&state=mine"), 404),
        (get(port, "/favicon.ico"), 404),
        (get(port + 1, good), 421),
        (format!("GET {good} HTTP/1.1\r\nHost: evil.example:{port}\r\n\r\n"), 421),
        (format!("GET {good} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"), 421),
        (format!("GET http://127.0.0.1:{port}{good} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"), 421),
        (format!("POST {good} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 0\r\n\r\n"), 405),
        (format!("HEAD {good} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"), 405),
        (get(port, good).replace("\r\n\r\n", "\r\nSec-Fetch-Dest: iframe\r\n\r\n"), 403),
        (get(port, good).replace("\r\n\r\n", "\r\nSec-Purpose: prefetch\r\n\r\n"), 403),
        ("nonsense\r\n\r\n".to_owned(), 400),
    ] {
        let answer = ask(address, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
    }
    assert!(!waiting.is_finished());
    let answer = ask(address, &get(port, good)).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(waiting.await.expect("returned").expose(), "code=1&state=mine");
}

/// Entropy that anybody could guess.
struct Zeros;

impl Entropy for Zeros {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

#[tokio::test]
async fn a_browser_that_was_started_is_sent_on_once_and_nobody_else_is() {
    let mut listener = Listener::open(PLACE).await.expect("listening");
    let port = listener.address().port().expect("a port");
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let upstream = Url::parse("https://idp.example/auth?state=mine&nonce=n").expect("an address");
    let start = listener.start(&upstream, &mut Zeros);
    assert!(!start.as_str().contains("mine") && start.query().is_none(), "{start}");
    let waiting = tokio::spawn(listener.returned(SecretHash::of("mine"), |_, _| true, || Farewell::Page));
    let good = get(port, start.path());
    for (request, status) in [
        (get(port, "/start/"), 404),
        (get(port, &format!("{}A", start.path())), 404),
        (get(port, &format!("{}?state=mine", start.path().to_lowercase())), 404),
        (good.replace("GET ", "HEAD "), 405),
        (good.replace(&format!("127.0.0.1:{port}"), "evil.example"), 421),
        (good.replace("\r\n\r\n", "\r\nSec-Purpose: prefetch\r\n\r\n"), 403),
        (good.replace("\r\n\r\n", "\r\nSec-Fetch-Dest: image\r\n\r\n"), 403),
    ] {
        let answer = ask(address, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
        assert!(!answer.contains("idp.example"), "{answer}");
    }
    let sent = ask(address, &good).await;
    assert!(
        sent.starts_with("HTTP/1.1 303 ") && sent.contains(&format!("location: {upstream}\r\n")),
        "{sent}"
    );
    assert!(ask(address, &good).await.starts_with("HTTP/1.1 404 "), "good for one use");
    assert!(!waiting.is_finished());
    ask(address, &get(port, "/callback?code=1&state=mine")).await;
    assert_eq!(waiting.await.expect("returned").expose(), "code=1&state=mine");
}

#[tokio::test]
async fn the_page_keeps_and_passes_on_nothing() {
    let (port, waiting) = awaiting(Farewell::Page).await;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let answer = ask(address, &get(port, "/callback?code=s3cret&state=mine")).await.to_ascii_lowercase();
    for header in ["cache-control: no-store", "referrer-policy: no-referrer", "frame-ancestors 'none'"] {
        assert!(answer.contains(header), "{answer}");
    }
    assert!(!answer.contains("s3cret") && !answer.contains("mine"), "{answer}");
    assert!(answer.contains("fermer cette page") && answer.contains("close this page"), "{answer}");
    drop(waiting.await);
    assert!(TcpStream::connect(address).await.is_err(), "the listener lives for one login");
}

#[tokio::test]
async fn a_page_that_waits_is_gone_back_to() {
    let (port, waiting) = awaiting(Farewell::Onward("http://127.0.0.1:24788/login/x".to_owned())).await;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let answer = ask(address, &get(port, "/callback?error=access_denied&state=mine")).await;
    assert!(answer.starts_with("HTTP/1.1 303 "), "{answer}");
    assert!(answer.contains("location: http://127.0.0.1:24788/login/x\r\n"), "{answer}");
    assert_eq!(waiting.await.expect("returned").expose(), "error=access_denied&state=mine");
}

#[tokio::test]
async fn another_users_connection_is_not_answered() {
    let listener = Listener::open(PLACE).await.expect("listening");
    let port = listener.address().port().expect("a port");
    let waiting = tokio::spawn(listener.returned(SecretHash::of("mine"), |_, _| false, || Farewell::Page));
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let _ = stream.write_all(get(port, "/callback?code=1&state=mine").as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.is_empty());
    assert!(!waiting.is_finished());
}

#[tokio::test]
async fn a_port_that_is_held_is_refused() {
    let held = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("held");
    let port = held.local_addr().expect("bound").port();
    assert!(Listener::open(Place { port, ..PLACE }).await.is_err());
}

#[tokio::test]
async fn the_address_is_the_one_that_was_declared() {
    let place = Place { port: 0, host: "localhost", path: "/psc/retour" };
    let listener = Listener::open(place).await.expect("listening");
    let port = listener.address().port().expect("a port");
    assert_eq!(listener.address().as_str(), format!("http://localhost:{port}/psc/retour"));
}
