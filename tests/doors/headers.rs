//! What every answer of the bridge says to a browser: keep nothing, frame nothing, sniff nothing, tell nobody.

use crate::wire::{Answer, FOREIGN, House};
use cps_agent::serve::routes::{At, ROUTES};

fn protected(answer: &Answer, what: &str) {
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("set-cookie", ""),
        ("server", ""),
        ("x-powered-by", ""),
        // It would speak for every other program on a port of localhost (RFC 6797 §8.3).
        ("strict-transport-security", ""),
    ] {
        assert_eq!(answer.header(name), value, "{name} of {what}");
    }
    let policy = answer.header("content-security-policy");
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(part), "{part} of {what}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    // A script runs on a page that waits, named by its hash: one, and it may ask nobody but the bridge.
    if let Some((_, after)) = policy.split_once("script-src ") {
        let (sources, rest) = after.split_once(';').expect("more than scripts");
        assert!(sources.starts_with("'sha256-") && !sources.contains(' '), "{what}: {policy}");
        assert!(rest.contains("connect-src 'self';"), "{what}: {policy}");
        assert!(answer.body.contains("data-events=\"/"), "{what} does not wait: {policy}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_every_route_protects_itself() {
    let house = House::with_session().await;
    let page = house.waiting_page().await;
    let mut paths: Vec<String> = ROUTES
        .iter()
        .filter(|route| route.at != At::Control && route.path != "/v1/events")
        .map(|route| route.path.replace("{serial}", house.card.serial()).replace("{transaction}", "gone"))
        .collect();
    paths.extend([page.clone(), "/nowhere".to_owned()]);
    let bearer = format!("Authorization: Bearer {}", house.tokens.access);
    for path in &paths {
        for request in [
            format!("GET {path}"),
            format!("HEAD {path}"),
            format!("GET {path}\n{bearer}"),
            format!("GET {path}\nOrigin: {FOREIGN}"),
            format!("GET {path}\nHost: evil.example"),
            format!("PUT {path}"),
            format!("POST {path}\nContent-Type: application/json\n\n{{}}"),
            format!("OPTIONS {path}"),
        ] {
            // The session is still wanted: what ends it is not asked here.
            let answer = house.ask(&request).await;
            assert!(answer.status < 500, "{request}: {}", answer.status);
            protected(&answer, &request);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_and_identities_are_kept_nowhere() {
    let house = House::with_session().await;
    let form = "Content-Type: application/x-www-form-urlencoded";
    let refresh = format!(
        "POST /token\n{form}\n\ngrant_type=refresh_token&client_id=dossier&refresh_token={}",
        house.tokens.refresh
    );
    let answer = house.ask(&refresh).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.json()["access_token"].is_string());
    protected(&answer, "a token response");
    let bearer =
        format!("Authorization: Bearer {}", answer.json()["access_token"].as_str().expect("a token"));
    let userinfo = house.ask(&format!("GET /userinfo\n{bearer}")).await;
    assert_eq!(userinfo.status, 200);
    protected(&userinfo, "UserInfo");
    let refused = house.ask(&refresh).await;
    assert_eq!(refused.status, 400);
    protected(&refused, "a refused token request");
}
