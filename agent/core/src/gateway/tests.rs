//! What passes a gateway, what does not, and under which name.

use super::address::called;
use super::headers::{AUTHORIZATION, Fate, named};
use super::*;

fn route() -> Route {
    Route {
        name: "dmp".to_owned(),
        base: Url::parse("https://dmp.example:8443/si-dmp/").expect("an address"),
        authorization: false,
        cookies: false,
        clients: Vec::new(),
    }
}

const SECRET: &str = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE";

#[test]
fn the_path_of_a_call_names_gateway_secret_and_rest() {
    let call = called("/gateway/dmp/v2/registry").expect("a call");
    assert_eq!(
        (call.name, call.secret, call.rest, call.before),
        ("dmp", None, "/v2/registry", "/gateway/dmp")
    );
    let path = format!("/gateway/dmp/~{SECRET}/v2/");
    let call = called(&path).expect("a call");
    assert_eq!((call.secret, call.rest), (Some(SECRET), "/v2/"));
    assert_eq!(call.before, format!("/gateway/dmp/~{SECRET}"));
    // A path at the origin may begin with a tilde.
    for path in
        ["/gateway/dmp/~someone/x", &format!("/gateway/dmp/~{SECRET}x/y"), &format!("/gateway/dmp/~{SECRET}")]
    {
        assert_eq!(called(path).expect("a call").secret, None, "{path}");
    }
}

#[test]
fn what_is_no_call_is_an_ordinary_path() {
    for path in [
        "/gateway",
        "/gateway/",
        "/gateway/dmp",
        "/gateway//x",
        "/gateway/a.b/x",
        "/gateway/%64mp/x",
        "/x/gateway/dmp/",
    ] {
        assert_eq!(called(path), None, "{path}");
    }
}

#[test]
fn a_target_lies_below_the_path_of_the_gateway() {
    let target = |rest: &str, query: Option<&str>| route().target(rest, query);
    assert_eq!(target("/", None).as_deref(), Some("/si-dmp/"));
    assert_eq!(target("/v2/x%20y", Some("a=../..")).as_deref(), Some("/si-dmp/v2/x%20y?a=../.."));
    assert_eq!(target("/100%25/.well-known/...", None).as_deref(), Some("/si-dmp/100%25/.well-known/..."));
}

#[test]
fn a_path_that_could_mean_another_place_has_no_target() {
    for rest in [
        "",
        "x",
        "//",
        "//x",
        "/a//b",
        "/.",
        "/..",
        "/../x",
        "/a/../b",
        "/%2e%2e/x",
        "/%2E%2e",
        "/.%2e/",
        "/..;a/x",
        "/..%3bx",
        "/a%2fb",
        "/a%2F..%2Fb",
        "/a%5cb",
        "/a\\b",
        "/%252e%252e/",
        "/%25252e%25252e/",
        "/a%00",
        "/a%0a",
        "/a%7f",
        "/%c0%ae%c0%ae%c0%af",
        "/%25c0%25ae",
        "/%zz",
        "/%2",
        "/é",
        "/a b",
    ] {
        assert_eq!(route().target(rest, None), None, "{rest}");
    }
    assert_eq!(route().target("/x", Some("a b")), None);
}

#[test]
fn a_redirect_within_the_gateway_leads_through_it() {
    let seen = |value: &str| route().location(value, "/si-dmp/v2/x?y=1", "/gateway/dmp/~s");
    for (value, leads) in [
        ("https://dmp.example:8443/si-dmp/z?q#f", "/gateway/dmp/~s/z?q#f"),
        ("/si-dmp/", "/gateway/dmp/~s/"),
        ("z", "/gateway/dmp/~s/v2/z"),
        ("/si-dmp", "https://dmp.example:8443/si-dmp"),
        ("/other/", "https://dmp.example:8443/other/"),
        ("/si-dmp/../other", "https://dmp.example:8443/other"),
        ("https://dmp.example/si-dmp/", "https://dmp.example/si-dmp/"),
        ("http://dmp.example:8443/si-dmp/", "http://dmp.example:8443/si-dmp/"),
        ("https://a@dmp.example:8443/si-dmp/", "https://a@dmp.example:8443/si-dmp/"),
        ("//elsewhere.example/si-dmp/", "https://elsewhere.example/si-dmp/"),
    ] {
        assert_eq!(seen(value).as_deref(), Some(leads), "{value}");
    }
    assert_eq!(seen("https://["), None);
}

#[test]
fn a_cookie_belongs_to_its_gateway() {
    let seen = |value: &str| route().cookie(value);
    assert_eq!(
        seen("s=1; Domain=.dmp.example; PATH=/; secure; HttpOnly; SameSite=None").as_deref(),
        Some("s=1; HttpOnly; SameSite=None; Path=/gateway/dmp/")
    );
    assert_eq!(seen("nothing"), None);
}

#[test]
fn fields_of_one_connection_and_of_this_workstation_stay_here() {
    let named = named(["close, X-Hop", " x-other "].into_iter());
    for name in [
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "expect",
        "x-hop",
        "x-other",
        "host",
        "content-length",
        "authorization",
        "referer",
        "origin",
        "sec-fetch-site",
        "forwarded",
        "via",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-real-ip",
        "proxy-authorization",
        "cookie",
        "access-control-request-method",
        "client-cert",
        "client-cert-chain",
        "x-client-cert",
        "x-ssl-client-s-dn",
        "ssl-client-verify",
        "x-arr-clientcert",
        "x-http-method-override",
        "x_forwarded_for",
        AUTHORIZATION,
    ] {
        assert_eq!(route().outgoing(name, &named), Fate::Stops, "{name}");
    }
    for name in
        ["accept", "content-type", "content-encoding", "soapaction", "user-agent", "range", "if-match"]
    {
        assert_eq!(route().outgoing(name, &named), Fate::Passes, "{name}");
    }
    let open = Route { authorization: true, cookies: true, ..route() };
    assert_eq!(open.outgoing(AUTHORIZATION, &[]), Fate::As("authorization"));
    assert_eq!(open.outgoing("authorization", &[]), Fate::Stops);
    assert_eq!(open.outgoing("cookie", &[]), Fate::Passes);
}

#[test]
fn an_answer_tells_a_program_what_is_for_programs() {
    for name in [
        "connection",
        "transfer-encoding",
        "trailer",
        "upgrade",
        "strict-transport-security",
        "alt-svc",
        "access-control-allow-origin",
        "content-security-policy",
        "content-security-policy-report-only",
        "cross-origin-opener-policy",
        "x-frame-options",
        "set-cookie",
        "refresh",
        "clear-site-data",
        "x-hop",
    ] {
        assert_eq!(route().incoming(name, &["x-hop".to_owned()]), Fate::Stops, "{name}");
    }
    for name in ["content-type", "content-length", "etag", "www-authenticate", "retry-after", "date"] {
        assert_eq!(route().incoming(name, &[]), Fate::Passes, "{name}");
    }
    assert_eq!(route().incoming("location", &[]), Fate::Address);
    assert_eq!(Route { cookies: true, ..route() }.incoming("set-cookie", &[]), Fate::Cookie);
}

#[test]
fn a_list_of_clients_admits_those_on_it() {
    assert!(route().admits("anybody").is_ok());
    let listed = Route { clients: vec!["dpi".to_owned()], ..route() };
    assert!(listed.admits("dpi").is_ok());
    assert_eq!(listed.admits("other").unwrap_err().code, failure::GATEWAY_CLIENT);
}

#[test]
fn every_fault_of_an_origin_has_its_line_and_names_what_it_must() {
    let untrusted = |because| FetchFault::Untrusted { issuer: "Proxy du site".to_owned(), because };
    for (fault, code) in [
        (FetchFault::Unreachable(String::new()), failure::GATEWAY_UNREACHABLE),
        (untrusted(Distrust::Authority), failure::GATEWAY_ORIGIN_UNTRUSTED),
        (untrusted(Distrust::Name), failure::GATEWAY_ORIGIN_NAME),
        (untrusted(Distrust::Time), failure::GATEWAY_ORIGIN_EXPIRED),
        (untrusted(Distrust::Revoked), failure::GATEWAY_ORIGIN_REVOKED),
        (FetchFault::Incompatible(String::new()), failure::GATEWAY_TLS),
        (FetchFault::CertificateRefused(String::new()), failure::GATEWAY_CERTIFICATE_REFUSED),
        (FetchFault::Garbled(String::new()), failure::GATEWAY_BROKEN),
    ] {
        let told = route().unanswered(&fault);
        assert_eq!(told.code, code);
        for language in [failure::Language::French, failure::Language::English] {
            assert!(!told.what(language).contains('?') && !told.next(language).contains('?'), "{code}");
        }
    }
}
