//! What a web page of somebody else can do to the bridge: nothing, and it does not learn why.

use super::fake::{DPI, FakeDesk, PORT, ask};
use std::sync::Arc;

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

#[tokio::test]
async fn a_foreign_host_is_refused_everywhere_and_the_reason_is_audited() {
    for path in ["/", "/token", "/authorize?client_id=known", "/v1/status", "/login/t1", "/nonsense"] {
        let desk = Arc::new(FakeDesk::default());
        let answer = ask(&desk, &format!("GET {path}\nHost: evil.example:{PORT}")).await;
        assert_eq!(answer.status, 421, "{path}");
        assert_eq!(answer.json()["code"], "misdirected_request");
        assert!(!answer.body.contains("host"), "the page learns no reason: {}", answer.body);
        assert_eq!(desk.noted(), ["refused at Bridge: foreign_host"], "nothing else was asked of the desk");
    }
}

#[tokio::test]
async fn no_host_and_two_hosts_are_refused() {
    let desk = Arc::new(FakeDesk::default());
    assert_eq!(ask(&desk, "GET /v1/status\nHost:").await.status, 421);
    let twice = format!("GET /v1/status\nHost: 127.0.0.1:{PORT}\nHost: 127.0.0.1:{PORT}");
    assert_eq!(ask(&desk, &twice).await.status, 400);
    let absolute = format!("GET http://evil.example/v1/status\nHost: 127.0.0.1:{PORT}");
    assert_eq!(ask(&desk, &absolute).await.status, 421);
}

#[tokio::test]
async fn a_simple_request_of_a_foreign_page_changes_nothing() {
    for origin in
        ["https://evil.example", "null", "http://127.0.0.1:3000", "http://localhost:24788.evil.example"]
    {
        for path in ["/token", "/userinfo", "/login/t1", "/authorize", "/v1/challenges", "/v1/session"] {
            let desk = Arc::new(FakeDesk::default());
            let answer = ask(
                &desk,
                &format!("POST {path}\nOrigin: {origin}\n{FORM}\n\ngrant_type=authorization_code"),
            )
            .await;
            assert_eq!(answer.status, 403, "{origin} {path}");
            assert_eq!(answer.json()["code"], "forbidden");
            assert_eq!(answer.header("access-control-allow-origin"), "");
            assert_eq!(desk.noted(), ["refused at Bridge: foreign_origin"], "{origin} {path}");
        }
    }
}

#[tokio::test]
async fn a_foreign_preflight_is_refused() {
    let desk = Arc::new(FakeDesk::default());
    let answer = ask(
        &desk,
        "OPTIONS /v1/cards\nOrigin: https://evil.example\nAccess-Control-Request-Method: GET\n\
         Access-Control-Request-Private-Network: true",
    )
    .await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.header("access-control-allow-private-network"), "");
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn a_preflight_without_origin_is_no_preflight() {
    let desk = Arc::new(FakeDesk::default());
    let answer = ask(&desk, "OPTIONS /v1/cards").await;
    assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"));
}

#[tokio::test]
async fn a_registered_page_gets_exactly_its_own_origin() {
    let desk = Arc::new(FakeDesk::default());
    let answer = ask(
        &desk,
        &format!(
            "OPTIONS /v1/challenges\nOrigin: {DPI}\nAccess-Control-Request-Method: POST\n\
             Access-Control-Request-Private-Network: true"
        ),
    )
    .await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), DPI);
    assert_eq!(answer.header("access-control-allow-methods"), "POST");
    assert_eq!(answer.header("access-control-allow-private-network"), "true");
    assert_eq!(answer.header("access-control-allow-credentials"), "", "no cookie carries authority");
    assert_eq!(answer.header("vary"), "Origin");

    let plain =
        ask(&desk, &format!("OPTIONS /v1/cards\nOrigin: {DPI}\nAccess-Control-Request-Method: GET")).await;
    assert_eq!(plain.header("access-control-allow-private-network"), "", "only when it was asked for");

    let answer = ask(&desk, &format!("GET /v1/status\nOrigin: {DPI}")).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, DPI));
    let refused = ask(&desk, &format!("GET /v1/cards\nOrigin: {DPI}")).await;
    assert_eq!(
        (refused.status, refused.header("access-control-allow-origin")),
        (401, DPI),
        "it may read its error"
    );
}

#[tokio::test]
async fn a_registered_page_cannot_press_our_buttons() {
    let desk = Arc::new(FakeDesk::default());
    let answer = ask(&desk, &format!("POST /login/t1\nOrigin: {DPI}\n{FORM}\n\nway=card")).await;
    assert_eq!(answer.status, 403);
    assert_eq!(desk.noted(), ["refused at Bridge: foreign_origin"]);
}

#[tokio::test]
async fn pages_open_in_no_frame_and_in_no_image() {
    for destination in ["iframe", "image", "empty", "object"] {
        let desk = Arc::new(FakeDesk::default());
        let request = format!(
            "GET /authorize?client_id=known\nSec-Fetch-Dest: {destination}\nSec-Fetch-Site: cross-site"
        );
        assert_eq!(ask(&desk, &request).await.status, 403, "{destination}");
        assert_eq!(desk.refusals(), ["foreign_frame"]);
    }
}

#[tokio::test]
async fn a_page_that_is_only_fetched_ahead_starts_nothing() {
    let desk = Arc::new(FakeDesk::default());
    let request = "GET /login/t1\nSec-Fetch-Dest: document\nSec-Purpose: prefetch;prerender";
    assert_eq!(ask(&desk, request).await.status, 403);
    assert_eq!(desk.refusals(), ["foreign_frame"]);
}

#[tokio::test]
async fn a_page_that_knocks_all_day_does_not_fill_the_audit_trail() {
    let desk = Arc::new(FakeDesk::default());
    let door = super::fake::bridge(&desk);
    for _ in 0..50 {
        let request = hyper::Request::builder().uri("/token").header("host", "evil.example");
        let request = request.body(http_body_util::Full::<bytes::Bytes>::default()).unwrap();
        assert_eq!(door.answer(&super::fake::neighbour(), request).await.status(), 421);
    }
    assert_eq!(desk.noted().len(), 10);
}

#[tokio::test]
async fn every_answer_carries_the_protective_headers() {
    for request in [
        "GET /",
        "GET /jwks",
        "GET /nonsense",
        "POST /jwks",
        "GET /v1/cards",
        "GET /userinfo",
        "GET /login/gone",
        "GET /authorize",
        "GET /authorize?client_id=live",
        "GET /\nHost: evil.example",
        "GET /\nOrigin: null",
    ] {
        let answer = ask(&Arc::new(FakeDesk::default()), request).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{request}"
        );
        assert!(!policy.contains("script-src") && !policy.contains("unsafe"), "{request}");
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("vary", "Origin"),
            ("set-cookie", ""),
            ("server", ""),
        ] {
            assert_eq!(answer.header(name), value, "{name} of {request}");
        }
    }
}
