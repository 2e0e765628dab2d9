//! The OpenID Connect endpoints: values in and out unchanged, standard errors, nobody of unknown user as a public client.

use super::fake::{FakeDesk, ask, ask_as};
use crate::serve::visitor::Visitor;
use std::sync::Arc;

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

fn desk() -> Arc<FakeDesk> {
    Arc::new(FakeDesk::default())
}

fn unknown() -> Visitor {
    Visitor::unknown()
}

#[tokio::test]
async fn a_public_client_of_unknown_user_gets_no_token() {
    let desk = desk();
    let request = format!("POST /token\n{FORM}\n\ngrant_type=authorization_code&code=c&client_id=spa");
    let answer = ask_as(&desk, unknown(), &request).await;
    assert_eq!((answer.status, answer.json()["error"].as_str()), (401, Some("invalid_client")));
    assert_eq!(desk.refusals(), ["caller_unknown"]);
}

#[tokio::test]
async fn a_proof_without_a_value_is_no_proof() {
    for empty in ["client_secret=", "client_assertion="] {
        for path in ["/token", "/introspect", "/revoke", "/par", "/ciba"] {
            let desk = desk();
            let request = format!("POST {path}\n{FORM}\n\nclient_id=spa&{empty}");
            let answer = ask_as(&desk, unknown(), &request).await;
            assert_eq!(
                (answer.status, desk.noted()),
                (401, vec!["refused at Bridge: caller_unknown".into()])
            );
        }
    }
}

#[tokio::test]
async fn a_client_that_proves_itself_is_served_whoever_it_is() {
    for (header, extra) in [
        ("Authorization: Basic ZHBpOnM=", ""),
        ("X: y", "&client_secret=s"),
        ("X: y", "&client_assertion=j&client_assertion_type=t"),
    ] {
        let request = format!("POST /token\n{FORM}\n{header}\n\ngrant_type=authorization_code&code=c{extra}");
        assert_eq!(ask_as(&desk(), unknown(), &request).await.status, 200, "{header} {extra}");
    }
}

#[tokio::test]
async fn refusals_of_the_token_endpoint_are_those_of_the_standard() {
    let answer = ask(&desk(), &format!("POST /token\n{FORM}\n\ngrant_type=password")).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json(), serde_json::json!({ "error": "invalid_grant", "error_description": "no" }));
    let json = ask(&desk(), "POST /token\nContent-Type: application/json\n\n{}").await;
    assert_eq!((json.status, json.json()["error"].as_str()), (415, Some("invalid_request")));
}

#[tokio::test]
async fn parameters_reach_the_provider_once_decoded_in_order_doubles_kept() {
    let desk = desk();
    ask(&desk, &format!("POST /token\n{FORM}; charset=UTF-8\n\ngrant_type=a%2Bb+c&x=1&x=2&e=")).await;
    let expected =
        "token [(\"grant_type\", \"a+b c\"), (\"x\", \"1\"), (\"x\", \"2\"), (\"e\", \"\")] proof false";
    assert_eq!(desk.noted(), [expected]);
}

#[tokio::test]
async fn authorize_redirects_to_the_client_or_to_the_login_page() {
    let live = ask(&desk(), "GET /authorize?client_id=live").await;
    assert_eq!((live.status, live.header("location")), (303, "https://dpi.example/cb?code=c&iss=i"));
    let login = ask(&desk(), &format!("POST /authorize\n{FORM}\n\nclient_id=known")).await;
    assert_eq!((login.status, login.header("location")), (303, "/login/t1"));
}

#[tokio::test]
async fn an_untrusted_request_ends_on_a_page_for_the_person() {
    let answer = ask(&desk(), "GET /authorize?client_id=evil&redirect_uri=https://evil.example").await;
    assert_eq!((answer.status, answer.header("location")), (400, ""));
    assert!(answer.body.contains("Cette application n’est pas enregistrée"), "{}", answer.body);
    assert!(!answer.body.contains("evil"), "nothing of the request is shown: {}", answer.body);
}

#[tokio::test]
async fn an_address_that_is_no_header_value_is_never_sent() {
    assert_eq!(ask(&desk(), "GET /authorize?client_id=broken").await.status, 500);
}

#[tokio::test]
async fn userinfo_takes_the_token_from_header_or_form() {
    assert_eq!(ask(&desk(), "GET /userinfo\nAuthorization: Bearer good").await.json()["sub"], "1");
    assert_eq!(ask(&desk(), "POST /userinfo\nAuthorization: Bearer good").await.json()["sub"], "1");
    assert_eq!(
        ask(&desk(), &format!("POST /userinfo\n{FORM}\n\naccess_token=good")).await.json()["sub"],
        "1"
    );
    for (request, error) in [
        ("GET /userinfo", ""),
        ("GET /userinfo?access_token=good", ""),
        (
            "POST /userinfo\nContent-Type: application/x-www-form-urlencoded\n\naccess_token=good&access_token=good",
            "",
        ),
        ("GET /userinfo\nAuthorization: Bearer bad", ", error=\"invalid_token\""),
    ] {
        let answer = ask(&desk(), request).await;
        assert_eq!(answer.status, 401, "{request}");
        assert_eq!(answer.header("www-authenticate"), format!("Bearer realm=\"cps-agent\"{error}"));
    }
}

#[tokio::test]
async fn both_discovery_addresses_answer_alike() {
    let standard = ask(&desk(), "GET /.well-known/openid-configuration").await;
    let wallet = ask(&desk(), "GET /.well-known/wallet-openid-configuration").await;
    assert_eq!(standard.body, wallet.body);
    assert_eq!(standard.json()["issuer"], "http://127.0.0.1:24788");
    assert_eq!(ask(&desk(), "GET /jwks").await.header("content-type"), "application/json");
}

#[tokio::test]
async fn every_form_endpoint_wants_a_form_and_turns_away_public_clients_of_unknown_user() {
    for path in ["/token", "/introspect", "/revoke", "/par", "/ciba"] {
        let json = ask(&desk(), &format!("POST {path}\nContent-Type: application/json\n\n{{}}")).await;
        assert_eq!((json.status, json.json()["error"].as_str()), (415, Some("invalid_request")), "{path}");
        for broken in ["a=%zz", "a=%", "a=%ff"] {
            let answer = ask(&desk(), &format!("POST {path}\n{FORM}\n\n{broken}")).await;
            assert_eq!(
                (answer.status, answer.json()["error"].as_str()),
                (400, Some("invalid_request")),
                "{path}"
            );
        }
        let stranger = ask_as(&desk(), unknown(), &format!("POST {path}\n{FORM}\n\nclient_id=spa")).await;
        assert_eq!(
            (stranger.status, stranger.json()["error"].as_str()),
            (401, Some("invalid_client")),
            "{path}"
        );
        assert_eq!(ask(&desk(), &format!("GET {path}")).await.status, 405, "{path}");
    }
}

#[tokio::test]
async fn the_answers_of_the_form_endpoints_have_the_status_of_their_standard() {
    for (path, status, body) in [
        ("/introspect", 200, "{\"active\":false}"),
        ("/revoke", 200, ""),
        ("/par", 201, "{\"request_uri\":\"urn:ietf:params:oauth:request_uri:r\",\"expires_in\":60}"),
        ("/ciba", 200, "{\"auth_req_id\":\"a\"}"),
    ] {
        let answer = ask(&desk(), &format!("POST {path}\n{FORM}\n\nclient_id=dpi")).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, body), "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn a_query_that_cannot_be_decoded_reaches_nobody() {
    let desk = desk();
    for path in ["/authorize?client_id=%zz", "/logout?state=%"] {
        assert_eq!(ask(&desk, &format!("GET {path}")).await.status, 400, "{path}");
    }
    assert!(desk.noted().is_empty());
}

#[tokio::test]
async fn where_nobody_says_whose_a_connection_is_no_gateway_serves() {
    for request in
        ["GET /gateway/service/~secret/echo", "GET /gateway/service/echo\nAuthorization: Bearer cards"]
    {
        let desk = desk();
        assert_eq!(ask_as(&desk, unknown(), request).await.status, 403, "{request}");
        assert_eq!(desk.refusals(), ["gateway_caller_unknown"], "{request}");
    }
}
