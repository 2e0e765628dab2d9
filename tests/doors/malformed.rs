//! Requests no library would send: tricks with paths, two requests in one, bombs. Each is refused, and the next caller is
//! served.

use crate::wire::{Answer, House, complete};

#[tokio::test(flavor = "multi_thread")]
async fn a_path_is_what_it_is_on_the_wire() {
    let house = House::with_session().await;
    let bearer = format!("Authorization: Bearer {}", house.tokens.access);
    for path in [
        "//v1/session",
        "/v1//session",
        "/./v1/session",
        "/v1/./session",
        "/v1/x/../session",
        "/v1/cards/../session",
        "/v1/session/",
        "/v1/session/.",
        "/v1/session;x=1",
        "/v1/session%20",
        "/v1/session%00",
        "/v1/%73ession",
        "/v1%2Fsession",
        "/v1/cards/%2e%2e/session",
        "/V1/SESSION",
        "/v1/session%3Fx",
        "/jwks/../v1/session",
    ] {
        let answer = house.ask(&format!("GET {path}\n{bearer}")).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.body);
        assert_eq!(answer.json()["code"], "not_found", "{path}");
    }
    assert_eq!(
        house.ask(&format!("GET /v1/session?x=/../y\n{bearer}")).await.status,
        200,
        "a query is no path"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_a_proxy_or_of_nothing_is_refused() {
    let house = House::with_session().await;
    let own = house.address;
    for (request, status) in [
        (format!("GET http://{own}/v1/status HTTP/1.1\r\nHost: {own}"), 421),
        (format!("GET http://evil.example/v1/status HTTP/1.1\r\nHost: {own}"), 421),
        (format!("GET https://{own}/v1/status HTTP/1.1\r\nHost: {own}"), 421),
        (format!("CONNECT evil.example:443 HTTP/1.1\r\nHost: {own}"), 421),
        (format!("OPTIONS * HTTP/1.1\r\nHost: {own}"), 404),
        (format!("GET v1/status HTTP/1.1\r\nHost: {own}"), 400),
        (format!("GET /v1/status HTTP/2.0\r\nHost: {own}"), 400),
        (format!("GET /v1/status HTTP/0.9\r\nHost: {own}"), 400),
        ("GET /v1/status HTTP/1.1\r\nX: y".to_owned(), 421),
        (format!("PRI * HTTP/2.0\r\nHost: {own}"), 400),
    ] {
        let said = house.say(&format!("{request}\r\nConnection: close\r\n\r\n")).await;
        assert_eq!(Answer::parse(&said).status, status, "{request}: {said}");
        assert!(!said.contains("\"version\""), "{request}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_second_request_hides_in_the_first() {
    let house = House::with_session().await;
    let signatures = house.signatures();
    let own = house.address;
    let hidden = format!(
        "DELETE /v1/session HTTP/1.1\r\nHost: {own}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        house.tokens.access
    );
    let length = hidden.len();
    let chunk = format!("{length:x}");
    for (what, framing, body) in [
        ("length and chunks", "Content-Length: 4\r\nTransfer-Encoding: chunked".to_owned(), "0\r\n\r\n"),
        ("chunks and length", "Transfer-Encoding: chunked\r\nContent-Length: 4".to_owned(), "0\r\n\r\n"),
        ("two lengths", format!("Content-Length: {length}\r\nContent-Length: 0"), ""),
        ("two lengths in one", format!("Content-Length: {length}, 0"), ""),
        ("a length with a sign", "Content-Length: +0".to_owned(), ""),
        ("a hexadecimal length", "Content-Length: 0x0".to_owned(), ""),
        ("an endless length", "Content-Length: 99999999999999999999".to_owned(), ""),
        ("a negative length", "Content-Length: -1".to_owned(), ""),
        ("chunks by another name", "Transfer-Encoding: xchunked".to_owned(), "0\r\n\r\n"),
        ("chunks twice", "Transfer-Encoding: chunked, chunked".to_owned(), "0\r\n\r\n"),
        ("chunks, then identity", "Transfer-Encoding: chunked, identity".to_owned(), "0\r\n\r\n"),
        (
            "chunks by two headers",
            "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked".to_owned(),
            "0\r\n\r\n",
        ),
        ("chunks with a space", "Transfer-Encoding : chunked".to_owned(), "0\r\n\r\n"),
        ("chunks with a tab", "Transfer-Encoding:\tchunked".to_owned(), "0\r\n\r\n"),
        ("a folded header", "X: a\r\n Content-Length: 4".to_owned(), ""),
        ("a folded length", "Content-Length:\r\n 0".to_owned(), ""),
        ("a bare carriage return", "X: a\rContent-Length: 0".to_owned(), ""),
        ("a zero byte", "X: a\0b".to_owned(), ""),
        ("a header without a name", ": x".to_owned(), ""),
        ("a chunk extension", "Transfer-Encoding: chunked".to_owned(), "0;a=b\r\n\r\n"),
    ] {
        let first = format!(
            "POST /userinfo HTTP/1.1\r\nHost: {own}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             {framing}\r\n\r\n{body}"
        );
        let said = house.say(&format!("{first}{hidden}")).await;
        // Whatever the first request got, the second was never carried out: it is read as a body, or not at all.
        let answers = said.matches("HTTP/1.1 ").count();
        let status = Answer::parse(&said).status;
        assert!((400..500).contains(&status), "{what}: {said}");
        assert!(!said.contains("HTTP/1.1 204"), "{what}: {said}");
        assert_eq!(answers, 1, "{what}: {said}");
    }
    // A chunk that holds a request is a body, and bodies of unannounced length are refused.
    let inside = format!(
        "POST /userinfo HTTP/1.1\r\nHost: {own}\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}\r\n{hidden}\r\n0\r\n\r\n"
    );
    assert_eq!(Answer::parse(&house.say(&inside).await).status, 411);
    house.is_untouched(signatures).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bombs_are_refused_before_they_are_read() {
    let house = House::with_session().await;
    let own = house.address;
    let json = "Content-Type: application/json";
    let form = "Content-Type: application/x-www-form-urlencoded";
    let bearer = format!("Authorization: Bearer {}", house.tokens.access);
    let many: String = (0..5_000).map(|n| format!("\nX-{n}: {n}")).collect();
    for (what, request, status) in [
        ("a long header", format!("GET /v1/status\nX: {}", "a".repeat(1_000_000)), 431),
        ("many headers", format!("GET /v1/status{many}"), 431),
        ("a long path", format!("GET /{}", "a".repeat(9_000)), 414),
        ("a long query", format!("GET /authorize?{}", "a=b&".repeat(2_500)), 414),
        ("a large form", format!("POST /token\n{form}\n\n{}", "a".repeat(1_000_000)), 413),
        ("many parameters", format!("POST /token\n{form}\n\n{}", "a=b&".repeat(15_000)), 400),
        ("a huge length", format!("POST /token\n{form}\nContent-Length: 9000000000\n\n"), 413),
        ("a compressed form", format!("POST /token\n{form}\nContent-Encoding: gzip\n\n\x1f"), 415),
        ("deep JSON", format!("POST /v1/challenges\n{bearer}\n{json}\n\n{}", "[".repeat(60_000)), 403),
    ] {
        let said = house.say(&complete(&request, own)).await;
        assert_eq!(Answer::parse(&said).status, status, "{what}: {said}");
    }
    assert_eq!(house.ask("GET /v1/status").await.status, 200, "the next caller is served");
}
