//! The `/v1` API at the bridge: a token for everything that concerns somebody, exact methods, honest problems.

use super::fake::{FakeDesk, ask, ask_control, dial, neighbour, parse, say};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fn desk() -> Arc<FakeDesk> {
    Arc::new(FakeDesk::default())
}

#[tokio::test]
async fn without_a_token_nobody_learns_whose_card_is_in() {
    let answer = ask(&desk(), "GET /v1/status").await;
    let status = answer.json();
    assert_eq!(status["issuer"], "http://127.0.0.1:24788");
    assert_eq!((&status["readers"], &status["cards"]), (&serde_json::json!([]), &serde_json::json!([])));
    assert!(status["session"].is_null());
    assert!(!answer.body.contains("ADA") && !answer.body.contains("12345678"));
}

#[tokio::test]
async fn a_token_shows_what_its_scope_allows() {
    let cards = ask(&desk(), "GET /v1/status\nAuthorization: Bearer cards").await.json();
    assert_eq!(cards["cards"][0]["serial"], "12345678");
    assert!(cards["session"].is_null());
    let session = ask(&desk(), "GET /v1/status\nAuthorization: Bearer good").await.json();
    assert_eq!(
        (&session["cards"], &session["session"]["sid"]),
        (&serde_json::json!([]), &serde_json::json!("s"))
    );
}

#[tokio::test]
async fn a_missing_a_bad_and_a_narrow_token_are_told_apart() {
    for (header, status, code, challenge) in [
        ("X: y", 401, "bearer_missing", "Bearer realm=\"cps-agent\""),
        ("Authorization: Basic Y2FyZHM=", 401, "bearer_missing", "Bearer realm=\"cps-agent\""),
        ("Authorization: Bearer b@d", 401, "bearer_missing", "Bearer realm=\"cps-agent\""),
        (
            "Authorization: Bearer bad",
            401,
            "bearer_invalid",
            "Bearer realm=\"cps-agent\", error=\"invalid_token\"",
        ),
        (
            "Authorization: Bearer sign",
            403,
            "scope_missing",
            "Bearer realm=\"cps-agent\", error=\"insufficient_scope\", scope=\"cps:cards\"",
        ),
    ] {
        for path in ["/v1/readers", "/v1/cards", "/v1/cards/12345678/pin", "/v1/events"] {
            let answer = ask(&desk(), &format!("GET {path}\n{header}")).await;
            assert_eq!(
                (answer.status, answer.json()["code"].as_str()),
                (status, Some(code)),
                "{path} {header}"
            );
            assert_eq!(answer.header("www-authenticate"), challenge);
            assert_eq!(answer.header("content-type"), "application/problem+json");
        }
    }
}

#[tokio::test]
async fn a_token_in_the_address_is_not_looked_at() {
    assert_eq!(ask(&desk(), "GET /v1/cards?access_token=cards").await.status, 401);
}

#[tokio::test]
async fn methods_are_exact_and_the_allowed_ones_are_named() {
    for (request, allowed) in [
        ("POST /v1/cards", "GET, HEAD"),
        ("HEAD /v1/events", "GET"),
        ("HEAD /authorize", "GET, POST"),
        ("HEAD /login/t1", "GET, POST"),
        ("GET /token", "POST"),
        ("PUT /v1/session", "GET, DELETE"),
        ("TRACE /", "GET, HEAD"),
    ] {
        let answer = ask(&desk(), request).await;
        assert_eq!((answer.status, answer.header("allow")), (405, allowed), "{request}");
    }
    assert_eq!(ask(&desk(), "PUT /v1/session").await.json()["code"], "method_not_allowed");
}

#[tokio::test]
async fn head_has_the_length_and_no_body() {
    let answer = ask(&desk(), "HEAD /jwks").await;
    assert_eq!((answer.status, answer.header("content-length"), answer.body.as_str()), (200, "11", ""));
}

#[tokio::test]
async fn administration_is_not_here() {
    for request in [
        "GET /v1/clients",
        "DELETE /v1/clients/dpi",
        "GET /v1/tokens",
        "POST /v1/login",
        "GET /v1/pkcs11",
        "POST /v1/pkcs11/sign",
        "POST /v1/pkcs11/decrypt",
        "POST /v1/cards/1/pin/change",
    ] {
        assert_eq!(
            ask(&desk(), &format!("{request}\nAuthorization: Bearer cards")).await.status,
            404,
            "{request}"
        );
    }
}

#[tokio::test]
async fn path_tricks_lead_nowhere() {
    for path in [
        "//v1/status",
        "/v1//status",
        "/v1/./status",
        "/x/../v1/status",
        "/v1/status/",
        "/v1/%73tatus",
        "/V1/status",
    ] {
        let answer = ask(&desk(), &format!("GET {path}")).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (404, Some("not_found")), "{path}");
    }
}

#[tokio::test]
async fn a_challenge_is_signed_for_the_application_of_the_token() {
    let desk = desk();
    let request = "POST /v1/challenges\nAuthorization: Bearer sign\nContent-Type: application/json\n\n{\"challenge\":\"00ff\"}";
    assert_eq!(ask(&desk, request).await.json()["jws"], "a.b.c");
    assert_eq!(desk.noted(), ["challenge 00ff for Some(\"dpi\") at []"]);
}

#[tokio::test]
async fn only_the_control_door_hears_where_a_prompt_should_appear() {
    let body = "Content-Type: application/json\n\n\
        {\"challenge\":\"00ff\",\"screen\":{\"display\":\"host.example:0\",\"tty\":\"/dev/pts/7\"}}";
    let at_bridge = desk();
    let request = format!("POST /v1/challenges\nAuthorization: Bearer sign\n{body}");
    assert_eq!(ask(&at_bridge, &request).await.status, 200);
    assert_eq!(at_bridge.noted(), ["challenge 00ff for Some(\"dpi\") at []"]);

    let at_control = desk();
    assert_eq!(ask_control(&at_control, &format!("POST /v1/challenges\n{body}")).await.status, 200);
    assert_eq!(at_control.noted(), ["challenge 00ff for None at [\"host.example:0\", \"/dev/pts/7\"]"]);
}

#[tokio::test]
async fn a_body_must_be_json_and_of_the_right_form() {
    for (kind, body) in [("text/plain", "{}"), ("application/x-www-form-urlencoded", "a=b")] {
        let desk = desk();
        let request =
            format!("POST /v1/challenges\nAuthorization: Bearer sign\nContent-Type: {kind}\n\n{body}");
        let answer = ask(&desk, &request).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (415, Some("request_media_type")),
            "{kind}"
        );
        assert!(desk.noted().is_empty());
    }
    for (kind, body, status, code) in [
        ("application/json", "{\"challenge\":", 400, "request_malformed"),
        ("application/json", "[]", 400, "request_malformed"),
        ("application/json", "{\"challenge\":7}", 400, "request_malformed"),
    ] {
        let desk = desk();
        let request =
            format!("POST /v1/challenges\nAuthorization: Bearer sign\nContent-Type: {kind}\n\n{body}");
        let answer = ask(&desk, &request).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some(code)), "{kind} {body}");
        assert!(desk.noted().is_empty());
    }
}

#[tokio::test]
async fn oversized_heads_and_bodies_are_refused() {
    let long = format!("GET /v1/status\nX-Long: {}", "a".repeat(20_000));
    assert_eq!(ask(&desk(), &long).await.status, 431);
    let many: String = (0..80).map(|n| format!("\nX-{n}: a")).collect();
    assert_eq!(ask(&desk(), &format!("GET /v1/status{many}")).await.status, 431);
    let body = "a".repeat(70_000);
    let big =
        format!("POST /v1/challenges\nAuthorization: Bearer sign\nContent-Type: application/json\n\n{body}");
    let answer = ask(&desk(), &big).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (413, Some("request_too_large")));
    let target = format!("GET /v1/status?{}", "a".repeat(9_000));
    assert_eq!(ask(&desk(), &target).await.status, 414);
}

#[tokio::test]
async fn a_body_of_unannounced_length_is_refused() {
    let desk = desk();
    let head = "POST /v1/challenges\nAuthorization: Bearer sign\nContent-Type: application/json";
    let chunked = format!("{head}\nTransfer-Encoding: chunked\n\n2\r\n{{}}\r\n0\r\n\r\n");
    assert_eq!(ask(&desk, &chunked).await.status, 411);
    let both = format!("{head}\nTransfer-Encoding: chunked\nContent-Length: 2\n\n2\r\n{{}}\r\n0\r\n\r\n");
    assert_eq!(ask(&desk, &both).await.status, 411);
    let twice = format!("{head}\nContent-Length: 2\nContent-Length: 3\n\n{{}}");
    assert_eq!(ask(&desk, &twice).await.status, 400);
}

#[tokio::test]
async fn a_second_request_cannot_hide_in_the_body_of_the_first() {
    let desk = desk();
    let smuggled = "POST /v1/challenges HTTP/1.1\r\nHost: 127.0.0.1:24788\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n\
         0\r\n\r\nDELETE /v1/session HTTP/1.1\r\nHost: 127.0.0.1:24788\r\nAuthorization: Bearer good\r\n\r\n";
    let all = say(dial(&desk, neighbour()), smuggled.as_bytes()).await;
    assert_eq!(parse(&all).status, 411);
    assert!(desk.noted().iter().all(|note| !note.starts_with("end")), "{:?}", desk.noted());
}

#[tokio::test]
async fn a_session_is_seen_and_ended_by_its_application() {
    let desk = desk();
    assert_eq!(ask(&desk, "GET /v1/session").await.status, 401);
    assert_eq!(ask(&desk, "DELETE /v1/session").await.status, 401);
    assert_eq!(ask(&desk, "GET /v1/session\nAuthorization: bearer good").await.json()["sid"], "s");
    assert_eq!(ask(&desk, "DELETE /v1/session\nAuthorization: Bearer good").await.status, 204);
    assert_eq!(desk.noted(), ["end for Some(\"dpi\")"]);
}

#[tokio::test]
async fn problems_speak_the_callers_language() {
    let french = ask(&desk(), "GET /v1/nonsense").await;
    assert_eq!(french.header("content-language"), "fr");
    assert_eq!(french.json()["title"], "L’agent n’offre rien à cette adresse.");
    let english = ask(&desk(), "GET /v1/nonsense\nAccept-Language: en-GB,en;q=0.9,fr;q=0.8").await;
    assert_eq!(english.json()["title"], "The agent offers nothing at this address.");
    assert_eq!(english.json()["type"], "urn:cps-agent:problem:not_found");
    assert_eq!(english.json()["help"], "vendor");
}

#[tokio::test(start_paused = true)]
async fn events_end_with_the_token_that_opened_them() {
    let desk = desk();
    let request = "GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:24788\r\nAuthorization: Bearer cards\r\n\r\n";
    let (all, ()) = tokio::join!(say(dial(&desk, neighbour()), request.as_bytes()), async {
        while desk.events.receiver_count() == 0 {
            tokio::task::yield_now().await;
        }
        desk.revoked.store(true, std::sync::atomic::Ordering::Relaxed);
        let event = cps_agent_api::words::Event {
            topic: "card".into(),
            what: "inserted".into(),
            ..Default::default()
        };
        desk.events.send(event).unwrap();
    });
    assert!(!all.contains("inserted"), "{all}");
}

#[tokio::test]
async fn which_programs_the_person_runs_is_told_to_no_application() {
    let desk = desk();
    let request = "GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:24788\r\nAuthorization: Bearer cards\r\n\r\n";
    let mut stream = dial(&desk, neighbour());
    stream.write_all(request.as_bytes()).await.unwrap();
    while desk.events.receiver_count() == 0 {
        tokio::task::yield_now().await;
    }
    for (topic, subject) in [("program", "/usr/bin/firefox"), ("card", "12345678")] {
        let event = cps_agent_api::words::Event {
            topic: topic.to_owned(),
            what: "served".to_owned(),
            subject: Some(subject.to_owned()),
            ..Default::default()
        };
        desk.events.send(event).unwrap();
    }
    let mut read = String::new();
    while !read.contains("12345678") {
        let mut buffer = [0; 512];
        let length = stream.read(&mut buffer).await.unwrap();
        assert_ne!(length, 0, "the stream ended: {read}");
        read.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
    }
    assert!(!read.contains("program") && !read.contains("firefox"), "{read}");
}

#[tokio::test]
async fn events_come_as_they_happen() {
    let desk = desk();
    let mut stream = dial(&desk, neighbour());
    let request = "GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:24788\r\nAuthorization: Bearer cards\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut read = String::new();
    let mut sent = false;
    while !read.contains("inserted") {
        let mut buffer = [0; 512];
        let length = stream.read(&mut buffer).await.unwrap();
        assert_ne!(length, 0, "the stream ended: {read}");
        read.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
        if !sent && read.contains(": ready") {
            sent = true;
            let subject = Some("12345678".to_owned());
            let event = cps_agent_api::words::Event {
                topic: "card".to_owned(),
                what: "inserted".to_owned(),
                subject,
                ..Default::default()
            };
            desk.events.send(event).unwrap();
        }
    }
    assert!(read.contains("content-type: text/event-stream"), "{read}");
    let expected =
        "event: card\ndata: {\"topic\":\"card\",\"what\":\"inserted\",\"subject\":\"12345678\"}\n\n";
    assert!(read.contains(expected), "{read}");
}
