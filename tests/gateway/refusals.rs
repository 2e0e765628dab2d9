//! Who is not let through, and what they learn.

use crate::{
    street::{NAME, Street, refused, registered, signatures},
    wire,
};
use bytes::Bytes;
use cps_agent_api::words::PortalRequest;
use cps_sandbox::{card::cards, service::Settings};
use hyper::Request;

#[tokio::test(flavor = "multi_thread")]
async fn no_web_page_gets_through_not_even_a_registered_one_or_one_that_knows_the_secret() {
    let street = Street::open().await;
    let (path, issuer) = (street.path(), street.desk.agent.issuer().to_owned());
    let fields = [
        format!("Origin: {}", wire::REGISTERED),
        format!("Origin: {}", wire::FOREIGN),
        format!("Origin: {issuer}"),
        "Origin: null".to_owned(),
        "Sec-Fetch-Site: same-origin".to_owned(),
        "Sec-Fetch-Mode: no-cors".to_owned(),
        "Sec-Fetch-Dest: document".to_owned(),
        "Sec-Fetch-User: ?1".to_owned(),
        "Access-Control-Request-Method: GET".to_owned(),
    ];
    for (number, field) in fields.iter().enumerate() {
        for method in ["GET", "POST", "OPTIONS"] {
            let answer = street.raw(&format!("{method} {path}echo\n{field}")).await;
            assert_eq!(answer.status, 403, "{method} {field}");
            answer.tells_nothing(field);
        }
        let told = wire::refusals(&street.desk);
        assert!(told.iter().all(|code| code == "gateway_web_page"), "{told:?}");
        assert_eq!(told.len(), (3 * (number + 1)).min(10), "the first ones are told");
    }
    assert_eq!(street.service.counts().connections(), 0);
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_or_with_the_wrong_one_nothing_passes() {
    let street = Street::open().await;
    let bare = |token: Option<&str>| {
        let mut request = Request::get(format!("{}/gateway/{NAME}/echo", street.desk.agent.issuer()));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.body(Bytes::new()).expect("a request")
    };
    let answer = street.send(bare(None)).await;
    assert_eq!(answer.headers()["www-authenticate"], "Bearer realm=\"cps-agent\"");
    assert_eq!(refused(&answer), (401, "bearer_missing".to_owned()));
    assert_eq!(refused(&street.send(bare(Some("invented"))).await), (401, "bearer_invalid".to_owned()));

    let (_, tokens) = street.application("dossier", "profile").await;
    let answer = street.with_token(&tokens.access, "echo").await;
    assert_eq!(refused(&answer), (403, "scope_missing".to_owned()));
    let challenge = answer.headers()["www-authenticate"].to_str().expect("text");
    assert!(challenge.contains("scope=\"cps:gateway:service\""), "{challenge}");

    let (_, tokens) = street.application("autre", "cps:gateway:other").await;
    assert_eq!(refused(&street.with_token(&tokens.access, "echo").await).0, 403, "another gateway's");
    assert_eq!(street.service.counts().connections(), 0);

    let (_, tokens) = street.application("bon", "cps:gateway:service").await;
    assert_eq!(street.with_token(&tokens.access, "echo").await.status(), 200);
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_address_is_one_programs_and_ends_with_its_registration() {
    let street = Street::open().await;
    assert_eq!(street.ask("echo").await.status(), 200);
    let wrong = |address: &str| Request::get(address).body(Bytes::new()).expect("a request");
    let (kept, last) = street.secret.split_at(street.secret.len() - 2);
    let invented = format!("{kept}{}/", if last == "A/" { "B" } else { "A" });
    assert_eq!(
        refused(&street.send(wrong(&format!("{invented}echo"))).await),
        (401, "gateway_secret".to_owned())
    );
    let elsewhere = street.secret.replace("/service/", "/other/");
    assert_eq!(
        refused(&street.send(wrong(&format!("{elsewhere}echo"))).await),
        (404, "gateway_unknown".to_owned())
    );
    let mut control = street.desk.control().await;
    control.remove_client("logiciel").await.expect("removed");
    assert_eq!(street.refusal("echo").await, (401, "gateway_secret".to_owned()));
    assert_ne!(registered(&street.desk, "logiciel").await, street.secret, "a new one each time");
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_without_a_right_writes_is_in_no_trail_and_fills_none() {
    let street = Street::open().await;
    let invented = |number: usize| {
        let address = format!("{}/gateway/inv{number}/patient-dupont", street.desk.agent.issuer());
        Request::get(address).body(Bytes::new()).expect("a request")
    };
    for number in 0..30 {
        assert_eq!(refused(&street.send(invented(number)).await), (404, "gateway_unknown".to_owned()));
    }
    let lines: Vec<_> = street.trail().into_iter().filter(|line| line["code"] == "gateway_unknown").collect();
    assert_eq!(lines.len(), 10, "the rest is counted");
    for line in lines {
        assert!(line["gateway"]["name"].is_null(), "{line}");
        assert!(!line.to_string().contains("inv") && !line.to_string().contains("dupont"), "{line}");
    }
    assert_eq!(street.ask("echo").await.status(), 200, "others are served as ever");
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_not_on_the_list_is_refused() {
    let street = Street::to(Settings::default(), &[&cards::doctor_cps3()], |gateway| {
        gateway.insert("clients".to_owned(), vec!["dossier"].into());
    })
    .await;
    street.log_in().await;
    assert_eq!(street.refusal("echo").await, (403, "gateway_client".to_owned()));
    let (_, tokens) = street.application("dossier", "cps:gateway:service").await;
    assert_eq!(street.with_token(&tokens.access, "echo").await.status(), 200);
    let lines = street.trail();
    let refused = lines.iter().find(|line| line["code"] == "gateway_client").expect("told");
    assert_eq!(refused["client"], "logiciel");
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_the_person_disconnected_is_refused_until_the_next_session() {
    let street = Street::open().await;
    assert_eq!(street.ask("echo").await.status(), 200);
    let issuer = street.desk.agent.issuer().to_owned();
    let link = street.desk.control().await.portal(&PortalRequest::default()).await.expect("a link").url;
    let opening = Request::get(link)
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "document")
        .header("sec-fetch-site", "none")
        .body(Bytes::new());
    let opened = street.send(opening.expect("a request")).await;
    let page = opened.headers()["location"].to_str().expect("an address");
    let press = Request::post(format!("{issuer}{page}"))
        .header("origin", &issuer)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from_static(b"disconnect=logiciel"));
    assert_eq!(street.send(press.expect("a request")).await.status(), 303);
    assert_eq!(street.refusal("echo").await, (403, "gateway_disconnected".to_owned()));
    street.desk.control().await.end_session().await.expect("ended");
    street.log_in().await;
    assert_eq!(street.ask("echo").await.status(), 200);
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nobody_is_logged_in_nothing_passes_and_nobody_is_asked() {
    let card = cards::doctor_cps3();
    let street = Street::to(Settings::default(), &[&card], |_| {}).await;
    assert_eq!(street.refusal("echo").await, (401, "gateway_nobody".to_owned()));
    assert_eq!(street.desk.person().questions().len(), 0);
    assert_eq!(street.service.counts().connections(), 0);
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_session_lets_nothing_through_until_it_is_resumed() {
    let card = cards::doctor_cps3();
    let lock = [("session", "mode", toml::Value::from("lock"))];
    let street = Street::configured(Settings::default(), &[&card], &lock, |_, _| {}).await;
    street.log_in().await;
    let (_, tokens) = street.application("dossier", "cps:gateway:service").await;
    assert_eq!(street.ask("echo").await.status(), 200);
    street.desk.take(0).await;
    street
        .desk
        .wait_for("a locked session", async |control| {
            control.session().await.expect("an answer").filter(|session| session.locked)
        })
        .await;
    assert_eq!(street.refusal("echo").await, (401, "gateway_locked".to_owned()));
    let answer = street.with_token(&tokens.access, "echo").await;
    assert_eq!(refused(&answer), (401, "bearer_invalid".to_owned()));
    street.until_cut().await;

    street.desk.insert(0, &card).await;
    street.log_in().await;
    assert_eq!(street.ask("echo").await.status(), 200);
    assert_eq!(street.service.counts().resumed(), 0, "nothing of the time before is used");
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_persons_card_signs_nothing() {
    let (card, other) = (cards::doctor_cps3(), cards::nurse_cps3());
    let mode = [("session", "mode", toml::Value::from("lock"))];
    let street = Street::configured(Settings::default(), &[&card], &mode, |_, _| {}).await;
    street.log_in().await;
    street.desk.take(0).await;
    street.desk.insert(0, &other).await;
    assert_eq!(street.refusal("echo").await.0, 401);
    assert_eq!(signatures(&other), 0);
    assert_eq!(street.service.counts().connections(), 0);
    // The other person's own session is another thing, and begins with their own certificate.
    street.desk.control().await.end_session().await.expect("an answer");
    street.log_in().await;
    assert_eq!(street.ask("echo").await.status(), 200);
    assert_eq!(signatures(&other), 2, "a login and a handshake");
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn smuggled_requests_are_refused_at_the_door() {
    let street = Street::open().await;
    let path = street.path();
    let chunks = "5\r\nhello\r\n0\r\n\r\nGET /gateway/x/ HTTP/1.1\r\n\r\n";
    for head in [
        "Transfer-Encoding: chunked\nTransfer-Encoding: chunked",
        "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: xchunked",
        "Content-Length: 5\nContent-Length: 6",
        "Content-Length: 5, 5",
        "Content-Length: +5",
        "X-Folded: a\n b",
        "X-Bad : a",
        "Authorization: Bearer a\nAuthorization: Bearer b",
        "Host: 127.0.0.1:1",
        "Host: service.example",
    ] {
        let answer = street.raw(&format!("POST {path}echo\n{head}\n\n{chunks}")).await;
        assert!((400..500).contains(&answer.status), "{head}: {}", answer.status);
    }
    assert_eq!(street.service.counts().requests(), 0);
    // A length beside chunks means nothing (RFC 9112 §6.3): one request goes on, framed once, and nothing behind it.
    for head in
        ["Content-Length: 5\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\nContent-Length: 500"]
    {
        let before = street.service.counts().requests();
        let answer = street.raw(&format!("POST {path}echo\n{head}\n\n{chunks}")).await;
        assert_eq!(answer.status, 200, "{head}");
        let echo = answer.json();
        assert_eq!(echo["body"], "hello");
        let framing = echo["fields"].as_array().expect("fields").iter().filter(|field| {
            ["content-length", "transfer-encoding"].contains(&field[0].as_str().unwrap_or_default())
        });
        assert_eq!(framing.count(), 1, "{echo}");
        assert_eq!(street.service.counts().requests(), before + 1, "{head}");
    }
    let before = street.service.counts().requests();
    for line in [
        "GET http://service.example/echo",
        "GET https://service.example/echo",
        "CONNECT service.example:443",
        "TRACE PATH",
        "TRACK PATH",
        "PROPFIND PATH",
    ] {
        let answer = street.raw(&line.replace("PATH", &format!("{path}echo"))).await;
        assert!((400..500).contains(&answer.status), "{line}: {}", answer.status);
    }
    assert_eq!(street.service.counts().requests(), before);
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_path_leads_out_of_the_gateways_own() {
    let street = Street::open().await;
    let path = street.path();
    for way in [
        "../echo",
        "a/../../echo",
        "..",
        "./echo",
        "%2e%2e/echo",
        "%2E./echo",
        "..%2fecho",
        "a%2Fb",
        "..;/echo",
        "%2e%2e;x=1/echo",
        "%252e%252e/echo",
        "%25252e%25252e/echo",
        "a%5C..%5Cecho",
        "\\..\\echo",
        "/echo",
        "a//b",
        "a%00b",
        "a%0d%0aX:%20y",
        "%zz",
        "%",
    ] {
        let answer = street.raw(&format!("GET {path}{way}")).await;
        assert_eq!(answer.status, 400, "{way}: {}", answer.body);
        assert!(answer.body.is_empty() || answer.json()["code"] == "gateway_path", "{way}");
    }
    assert_eq!(street.service.counts().requests(), 0);
    for (way, target) in [
        ("echo", "/base/echo"),
        ("a/b/echo?x=../../y", "/base/a/b/echo?x=../../y"),
        ("a%20b", "/base/a%20b"),
        ("100%25", "/base/100%25"),
        ("~someone/", "/base/~someone/"),
        ("...", "/base/..."),
        ("", "/base/"),
    ] {
        assert_eq!(street.echo(way).await["target"], target);
    }
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_program_cannot_take_every_place() {
    let street = Street::to(Settings::default(), &[&cards::doctor_cps3()], |gateway| {
        gateway.insert("requests".to_owned(), 2.into());
    })
    .await;
    street.log_in().await;
    let counts = street.service.counts();
    let asked = async {
        crate::desk::until("two requests", async || (counts.requests() == 2).then_some(())).await;
        let other = registered(&street.desk, "autre").await;
        let request = Request::get(format!("{other}echo")).body(Bytes::new()).expect("a request");
        (street.refusal("echo").await, street.send(request).await.status())
    };
    let (refusal, other) = tokio::select! {
        _ = street.ask("silent") => panic!("answered"),
        _ = street.ask("silent") => panic!("answered"),
        told = asked => told,
    };
    assert_eq!(refusal, (429, "gateway_busy".to_owned()));
    assert_eq!(other, 200, "another program has its own places");
    street.desk.end().await;
}
