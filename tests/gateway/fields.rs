//! What the service learns of a program, and what a program learns of the service.

use crate::street::{Street, echoed};
use bytes::Bytes;
use cps_sandbox::{card::cards, service::Settings};
use hyper::{Request, Response};
use serde_json::Value;

async fn with(differ: impl FnOnce(&mut toml::Table)) -> Street {
    let street = Street::to(Settings::default(), &[&cards::doctor_cps3()], differ).await;
    street.log_in().await;
    street
}

/// The header fields that the service saw, by name.
async fn seen(street: &Street, fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut request = Request::post(street.address("echo"));
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let answer = street.send(request.body(Bytes::from_static(b"<soap/>")).expect("a request")).await;
    let echo = echoed(&answer);
    assert_eq!(echo["body"], "<soap/>");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    echo["fields"].as_array().expect("fields").iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
}

fn header<'a>(answer: &'a Response<Bytes>, name: &str) -> Option<&'a str> {
    answer.headers().get(name).and_then(|value| value.to_str().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_sees_the_programs_request_and_nothing_of_this_workstation() {
    let street = with(|_| {}).await;
    let seen = seen(
        &street,
        &[
            ("soapaction", "urn:TEST"),
            ("content-type", "application/soap+xml"),
            ("user-agent", "logiciel/1"),
            ("accept", "*/*"),
            ("authorization", "Bearer local"),
            ("x-upstream-authorization", "Bearer theirs"),
            ("cookie", "a=1"),
            ("referer", &street.secret),
            ("forwarded", "for=192.0.2.1"),
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-host", "elsewhere.example"),
            ("x-real-ip", "192.0.2.1"),
            ("via", "1.1 somebody"),
            ("proxy-authorization", "Basic x"),
            ("te", "trailers"),
            ("connection", "x-one"),
            ("x-one", "hop"),
            ("upgrade", "websocket"),
        ],
    )
    .await;
    let mut names: Vec<_> = seen.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "content-length", "content-type", "host", "soapaction", "user-agent"]);
    let host = seen.iter().find(|(name, _)| name == "host").expect("a host");
    assert_eq!(format!("https://{}", host.1), street.service.origin());
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_programs_own_credentials_pass_in_their_own_field_where_the_gateway_says_so() {
    let street = with(|gateway| drop(gateway.insert("authorization".to_owned(), true.into()))).await;
    let fields = [("authorization", "Bearer local"), ("x-upstream-authorization", "Bearer theirs")];
    let seen = seen(&street, &fields).await;
    let sent: Vec<_> = seen.iter().filter(|(name, _)| name.contains("authorization")).collect();
    assert_eq!(sent, [&("authorization".to_owned(), "Bearer theirs".to_owned())]);
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_pass_where_the_gateway_says_so_and_belong_to_it_alone() {
    let street = with(|_| {}).await;
    assert_eq!(header(&street.ask("cookie").await, "set-cookie"), None);
    street.desk.end().await;
    let street = with(|gateway| drop(gateway.insert("cookies".to_owned(), true.into()))).await;
    let cookie = "TEST=1; HttpOnly; Path=/gateway/service/";
    assert_eq!(header(&street.ask("cookie").await, "set-cookie"), Some(cookie));
    let seen = seen(&street, &[("cookie", "TEST=1")]).await;
    assert!(seen.contains(&("cookie".to_owned(), "TEST=1".to_owned())));
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_brings_nothing_that_speaks_to_browsers_and_is_never_rendered_by_one() {
    let street = with(|_| {}).await;
    let answer = street.ask("fields").await;
    assert_eq!(answer.body(), "TEST");
    for name in [
        "strict-transport-security",
        "alt-svc",
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "refresh",
        "x-of-one-connection",
        "proxy-authenticate",
    ] {
        assert_eq!(header(&answer, name), None, "{name}");
    }
    let policy = header(&answer, "content-security-policy");
    assert_eq!(policy, Some("default-src 'none'; frame-ancestors 'none'; sandbox"));
    assert_eq!(header(&answer, "x-frame-options"), Some("DENY"));
    assert_eq!(header(&answer, "x-content-type-options"), Some("nosniff"));
    assert_eq!(header(&answer, "cache-control"), Some("no-store"));
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_within_the_service_leads_through_the_gateway_and_another_one_away() {
    let street = with(|_| {}).await;
    let (origin, path) = (street.service.origin().to_owned(), street.path());
    for (to, leads) in [
        (format!("{origin}/base/next?x=1#y"), format!("{path}next?x=1#y")),
        ("/base/next".to_owned(), format!("{path}next")),
        ("next".to_owned(), format!("{path}next")),
        ("?again".to_owned(), format!("{path}redirect?again")),
        ("/elsewhere".to_owned(), format!("{origin}/elsewhere")),
        ("../up".to_owned(), format!("{origin}/up")),
        ("https://other.example/base/next".to_owned(), "https://other.example/base/next".to_owned()),
        ("//other.example/x".to_owned(), "https://other.example/x".to_owned()),
    ] {
        let query: String = url::form_urlencoded::byte_serialize(to.as_bytes()).collect();
        let answer = street.ask(&format!("redirect?to={query}")).await;
        assert_eq!(answer.status(), 302);
        assert_eq!(header(&answer, "location"), Some(leads.as_str()), "{to}");
    }
    street.desk.end().await;
}
