//! A web page of somebody else: it can make the browser send requests, and gets nothing for it.

use crate::wire::{FOREIGN, House, REGISTERED, complete};
use cps_agent::serve::routes::{At, ROUTES};

/// Every route of the bridge with a method that may change something, with values in its path.
fn mutating() -> Vec<(&'static str, String)> {
    let routes = ROUTES.iter().filter(|route| route.at != At::Control);
    let all = routes.flat_map(|route| {
        let path = route.path.split('/').map(|part| if part.starts_with('{') { "1" } else { part });
        let path = path.collect::<Vec<_>>().join("/");
        let changing = route.methods.iter().filter(|method| !matches!(**method, "GET" | "HEAD"));
        changing.map(move |method| (*method, path.clone()))
    });
    all.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simple_request_changes_nothing_on_any_route() {
    let house = House::with_session().await;
    let signatures = house.signatures();
    let page = house.waiting_page().await;
    let mut targets = mutating();
    targets.push(("POST", page.clone()));
    assert!(targets.len() >= 6, "{targets:?}");
    let bearer = format!("Authorization: Bearer {}", house.tokens.access);
    for (method, path) in &targets {
        // What a form or a script can send without asking first (Fetch §2.2.1); even with a stolen token it is refused.
        for (kind, body) in [
            ("text/plain", "{\"challenge\":\"00112233445566778899aabbccddeeff\"}"),
            ("application/x-www-form-urlencoded", "way=card&grant_type=refresh_token"),
            ("multipart/form-data; boundary=x", "--x--"),
        ] {
            for origin in [FOREIGN, "null", "http://localhost:3000", "http://127.0.0.1:1"] {
                let what = format!("{method} {path} as {kind} from {origin}");
                let request =
                    format!("{method} {path}\nOrigin: {origin}\n{bearer}\nContent-Type: {kind}\n\n{body}");
                let answer = house.ask(&request).await;
                assert_eq!(answer.status, 403, "{what}");
                answer.tells_nothing(&what);
            }
        }
    }
    house.is_untouched(signatures).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_page_cannot_send_json_as_text() {
    let house = House::with_session().await;
    let bearer = format!("Authorization: Bearer {}", house.tokens.access);
    let body = "{\"challenge\":\"00112233445566778899aabbccddeeff\"}";
    let request =
        format!("POST /v1/challenges\nOrigin: {REGISTERED}\n{bearer}\nContent-Type: text/plain\n\n{body}");
    let status = house.ask(&request).await.status;
    // This application lacks the scope as well; whichever is said first, it is a refusal.
    assert!(matches!(status, 403 | 415), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_name_leads_nowhere() {
    let house = House::with_session().await;
    let port = house.address.port();
    let bearer = format!("Authorization: Bearer {}", house.tokens.access);
    for host in [
        format!("evil.example:{port}"),
        format!("localhost.evil.example:{port}"),
        format!("127.0.0.1.nip.example:{port}"),
        format!("localhost.:{port}"),
        "localhost".to_owned(),
        "127.0.0.1:80".to_owned(),
        format!("[::ffff:127.0.0.1]:{port}"),
        format!("2130706433:{port}"),
        format!("127.1:{port}"),
        format!("user@localhost:{port}"),
    ] {
        for path in ["/", "/v1/status", "/v1/session", "/userinfo", "/.well-known/openid-configuration"] {
            let answer = house.ask(&format!("GET {path}\nHost: {host}\n{bearer}")).await;
            assert_eq!(answer.status, 421, "{host} {path}");
            answer.tells_nothing(&host);
        }
    }
    let told = house.refusals();
    assert!(!told.is_empty() && told.iter().all(|code| code == "foreign_host"), "{told:?}");
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        assert_eq!(house.ask(&format!("GET /v1/status\nHost: {host}:{port}")).await.status, 200, "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_foreign_preflight_is_answered_old_or_new() {
    let house = House::with_session().await;
    for route in ROUTES.iter().filter(|route| route.at != At::Control) {
        let path = route.path.replace("{serial}", "1").replace("{transaction}", "1");
        // The header of Private Network Access, and those its successor Local Network Access may send.
        for asks in [
            "Access-Control-Request-Private-Network: true",
            "Access-Control-Request-Local-Network: true",
            "Access-Control-Request-Headers: authorization",
        ] {
            let method = route.methods[0];
            let request =
                format!("OPTIONS {path}\nOrigin: {FOREIGN}\nAccess-Control-Request-Method: {method}\n{asks}");
            let answer = house.ask(&request).await;
            assert_eq!(answer.status, 403, "{request}");
            answer.tells_nothing(&request);
            assert_eq!(answer.header("access-control-allow-methods"), "", "{request}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_page_is_allowed_by_its_own_name_and_never_with_credentials() {
    let house = House::with_session().await;
    let answer = house
        .ask(&format!(
            "OPTIONS /userinfo\nOrigin: {REGISTERED}\nAccess-Control-Request-Method: GET\n\
             Access-Control-Request-Headers: authorization\nAccess-Control-Request-Private-Network: true"
        ))
        .await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), REGISTERED);
    assert_eq!(answer.header("access-control-allow-private-network"), "true");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    assert_eq!(answer.header("vary"), "Origin");
    let bearer = format!("Authorization: Bearer {}", house.tokens.access);
    let answer = house.ask(&format!("GET /userinfo\nOrigin: {REGISTERED}\n{bearer}")).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, REGISTERED));
    for near in
        ["http://localhost:4999", "https://localhost:4998", "http://localhost:4998/", "HTTP://LOCALHOST:4998"]
    {
        let answer = house.ask(&format!("GET /userinfo\nOrigin: {near}\n{bearer}")).await;
        assert_eq!(answer.status, 403, "{near}");
        answer.tells_nothing(near);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_opens_in_a_frame_an_image_or_ahead_of_time() {
    let house = House::with_session().await;
    let page = house.waiting_page().await;
    let signatures = house.signatures();
    for path in ["/", "/authorize?client_id=dossier&response_type=code", page.as_str()] {
        for hidden in [
            "Sec-Fetch-Dest: iframe\nSec-Fetch-Mode: navigate",
            "Sec-Fetch-Dest: frame\nSec-Fetch-Mode: navigate",
            "Sec-Fetch-Dest: object",
            "Sec-Fetch-Dest: embed",
            "Sec-Fetch-Dest: image\nSec-Fetch-Mode: no-cors",
            "Sec-Fetch-Dest: script\nSec-Fetch-Mode: no-cors",
            "Sec-Fetch-Dest: empty\nSec-Fetch-Mode: cors",
            "Sec-Fetch-Dest: document\nSec-Purpose: prefetch",
        ] {
            let answer = house.ask(&format!("GET {path}\nSec-Fetch-Site: cross-site\n{hidden}")).await;
            assert_eq!(answer.status, 403, "{path} {hidden}");
            answer.tells_nothing(hidden);
        }
    }
    house.is_untouched(signatures).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_websocket_is_opened() {
    let house = House::with_session().await;
    let upgrade = "Connection: Upgrade, close\nUpgrade: websocket\nSec-WebSocket-Version: 13\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    for path in ["/", "/v1/events", "/v1/status", "/ws"] {
        let foreign = house.ask(&format!("GET {path}\nOrigin: {FOREIGN}\n{upgrade}")).await;
        assert_eq!(foreign.status, 403, "{path}");
        foreign.tells_nothing(path);
        // A program of our own may ask, and gets an ordinary answer.
        let own = house.say(&complete(&format!("GET {path}\n{upgrade}"), house.address)).await;
        assert!(!own.starts_with("HTTP/1.1 101"), "{path}: {own}");
        assert!(!own.to_ascii_lowercase().contains("\r\nupgrade:"), "{path}: {own}");
    }
}
