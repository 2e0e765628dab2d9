//! Large bodies stream in both directions, in bounded memory and at the pace of the slower side.

use crate::{real_agent::RealAgent, soft_token::resident, street::Street, wire};
use bytes::Bytes;
use cps_sandbox::{card::cards, service::Settings};
use hyper::Request;
use serde_json::Value;
use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// What was taken of an answer.
pub struct Taken {
    /// Everything before the body.
    pub head: String,
    /// Bytes of the body that came.
    pub bytes: u64,
}

/// Sends a request and counts what comes, until the door hangs up.
pub async fn take(address: SocketAddr, request: String) -> Taken {
    let taken = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(120))).expect("a time-out");
        stream.write_all(request.as_bytes()).expect("sent");
        let (mut seen, mut bytes, mut head) = (Vec::new(), 0, None);
        let mut part = vec![0; 256 * 1024];
        while let Ok(length) = stream.read(&mut part)
            && length > 0
        {
            if head.is_some() {
                bytes += length as u64;
                continue;
            }
            seen.extend_from_slice(&part[..length]);
            if let Some(end) = seen.windows(4).position(|four| four == b"\r\n\r\n") {
                head = Some(String::from_utf8_lossy(&seen[..end + 4]).into_owned());
                bytes = (seen.len() - end - 4) as u64;
            }
        }
        Taken { head: head.unwrap_or_default(), bytes }
    });
    taken.await.expect("no panic")
}

/// Sends a request and reads how its answer begins, and no more.
pub async fn begin(address: SocketAddr, request: String) -> (String, TcpStream) {
    let begun = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(120))).expect("a time-out");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut head = [0; 12];
        stream.read_exact(&mut head).expect("an answer");
        (String::from_utf8_lossy(&head).into_owned(), stream)
    });
    begun.await.expect("no panic")
}

/// Reads what still comes until the door hangs up, and says how much it was. Waiting in vain is no end.
pub async fn rest(mut stream: TcpStream) -> u64 {
    let taken = tokio::task::spawn_blocking(move || {
        let (mut bytes, mut part) = (0, vec![0; 256 * 1024]);
        loop {
            match stream.read(&mut part) {
                Ok(0) => return bytes,
                Ok(length) => bytes += length as u64,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return bytes,
                Err(error) => panic!("still open: {error}"),
            }
        }
    });
    taken.await.expect("no panic")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_chunks_reaches_the_service_whole() {
    let street = Street::open().await;
    let request = format!(
        "POST {}echo HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n\
         5\r\nhello\r\n7\r\n, world\r\n0\r\nX-Trailer: not this\r\n\r\n",
        street.path(),
        street.socket()
    );
    let said = wire::say(street.socket(), request).await;
    assert!(said.contains("hello, world") && !said.contains("not this"), "{said}");
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_a_hundred_continue_gets_it_when_the_request_may_go_on() {
    let street = Street::open().await;
    let (address, path) = (street.socket(), street.path());
    let said = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time-out");
        let head = format!(
            "POST {path}echo HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("sent");
        let mut first = [0; 25];
        stream.read_exact(&mut first).expect("an interim answer");
        stream.write_all(b"hello").expect("sent");
        let mut rest = String::new();
        stream.read_to_string(&mut rest).expect("an answer");
        (String::from_utf8_lossy(&first).into_owned(), rest)
    });
    let (first, rest) = said.await.expect("no panic");
    assert_eq!(first, "HTTP/1.1 100 Continue\r\n\r\n");
    assert!(rest.contains("hello") && !rest.contains("expect"), "{rest}");

    // A call that is refused gets no such thing.
    let request = "POST /gateway/service/echo\nExpect: 100-continue\nContent-Length: 5\n\n";
    assert_eq!(street.raw(request).await.status, 401);
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_megabytes_pass_in_either_direction_in_bounded_memory() {
    const SIZE: u64 = 100 * 1024 * 1024;
    let home = crate::soft_token::Home::new().await;
    let authority = std::fs::read_to_string(home.folder().join("trust/token.pem")).expect("an authority");
    let service =
        cps_sandbox::service::Service::start(Settings { authority: Some(authority), ..Settings::default() })
            .await
            .expect("a service");
    let anchors = home.folder().join("service-ca.pem");
    std::fs::write(&anchors, service.ca_pem()).expect("written");
    let mut text = std::fs::read_to_string(home.config()).expect("settings");
    text.push_str(&format!(
        "[gateway.service]\norigin = {:?}\ncredential = \"card\"\nanchors = [{:?}]\n",
        service.origin(),
        anchors.display().to_string()
    ));
    std::fs::write(home.config(), text).expect("settings");
    let mut agent: RealAgent = home.agent().await;
    let mut control = home.ready(&mut agent).await;
    let client = cps_agent_api::words::Client {
        client_id: "logiciel".to_owned(),
        gateways: vec!["service".to_owned()],
        ..Default::default()
    };
    let registered = control.add_client(&client).await.expect("registered");
    let secret = url::Url::parse(&registered.gateways[0]).expect("an address");
    let address = wire::address(secret.as_str());
    let path = secret.path().to_owned();

    let small = format!("GET {path}bytes/1000 HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    assert_eq!(take(address, small).await.bytes, 1000);
    let before = resident(agent.pid());
    let down = format!("GET {path}bytes/{SIZE} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    assert_eq!(take(address, down).await.bytes, SIZE);
    let up = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(120))).expect("a time-out");
        let head = format!(
            "POST {path}sink HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {SIZE}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("sent");
        let part = vec![0; 64 * 1024];
        for _ in 0..SIZE / part.len() as u64 {
            stream.write_all(&part).expect("taken");
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    });
    let answer = up.await.expect("no panic");
    let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").expect("a body").1).expect("JSON");
    assert_eq!(body["bytes"], SIZE);
    let after = resident(agent.pid());
    println!("gateway: RSS {before:.1} MiB before, {after:.1} MiB after 100 MiB down and 100 MiB up");
    assert!(after < before * 2.0, "{before} MiB before, {after} MiB after");
    assert_eq!((service.counts().whole(), service.counts().resumed()), (1, 0));
    drop(agent);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_program_does_not_take_is_not_asked_of_the_service() {
    let street = Street::to(Settings::default(), &[&cards::doctor_cps3()], |_| {}).await;
    street.log_in().await;
    let (address, path) = (street.socket(), street.path());
    // The program reads how the answer begins and no more; the service can then send no more than fits on the way.
    let line = format!("GET {path}bytes/1000000000 HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let (_, stream) = begin(address, line).await;
    // Meanwhile others are served as ever.
    for _ in 0..20 {
        let request = Request::get(street.address("echo")).body(Bytes::new()).expect("a request");
        assert_eq!(street.send(request).await.status(), 200);
    }
    drop(stream);
    let received = crate::desk::until("the end of the call", async || {
        let line =
            street.trail().into_iter().find(|line| line["gateway"]["received"].as_u64() > Some(100_000));
        line.and_then(|line| line["gateway"]["received"].as_u64())
    })
    .await;
    assert!(received < 100_000_000, "{received} bytes for a program that took twelve");
    street.desk.end().await;
}
