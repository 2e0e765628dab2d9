//! `GET /v1/diagnosis`: every fault that an administrator meets has its line, and a workstation that is well says so.

use crate::scene::Scene;
use cps_agent_api::words::Check;
use cps_sandbox::{
    card::cards,
    upstream::{self, CLIENT, Client, ClientAuthentication, Endpoint, Fault, Upstream, Wrong},
};
use std::fs;

async fn diagnosis(scene: &Scene) -> Vec<Check> {
    scene.control().await.diagnosis().await.expect("a diagnosis").checks
}

/// State and code of the first line of a name.
fn line<'a>(checks: &'a [Check], name: &str) -> (&'a str, Option<&'a str>) {
    let check =
        checks.iter().find(|check| check.name == name).unwrap_or_else(|| panic!("{name}: {checks:?}"));
    (&check.state, check.code.as_deref())
}

#[tokio::test]
async fn a_workstation_that_is_well_says_so_line_by_line() {
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&[("upstream.proxy", "none")], &[&card]).await;
    let checks = diagnosis(&scene).await;
    let names: Vec<_> = checks.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "agent",
            "bridge",
            "card_service",
            "readers",
            "cards",
            "proxy",
            "upstream",
            "discovery",
            "clock",
            "declaration",
            "trust_anchors",
            "state",
            "logout"
        ]
    );
    for check in &checks {
        assert_eq!((check.state.as_str(), &check.code, &check.detail), ("ok", &None, &None), "{check:?}");
        assert!(!check.title.contains('{') && !check.title.contains('?'), "{}", check.title);
    }
    let declaration = checks.iter().find(|check| check.name == "declaration").expect("a line");
    assert!(declaration.title.contains("http://127.0.0.1/callback"), "{}", declaration.title);
    assert!(declaration.title.contains(CLIENT));
    assert!(scene.person.questions().is_empty() && scene.upstream().sessions() == 0, "it only looks");
}

#[tokio::test]
async fn without_an_upstream_nothing_is_said_of_one() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    let checks = diagnosis(&scene).await;
    assert!(checks.iter().all(|check| check.state == "ok"), "{checks:?}");
    assert!(!checks.iter().any(|check| check.name == "upstream" || check.name == "proxy"));
}

#[tokio::test]
async fn an_upstream_that_cannot_be_reached_or_does_not_work_is_told() {
    let card = cards::doctor_cps3();
    let mut scene = Scene::with_upstream(&[("upstream.proxy", "none")], &[&card]).await;
    let upstream = scene.upstream();
    for (fault, code) in [
        (Fault::Fail { at: Endpoint::Discovery }, "upstream_failing"),
        (Fault::Garbage { at: Endpoint::Discovery }, "upstream_garbled"),
        (Fault::Drop { at: Endpoint::Discovery }, "upstream_garbled"),
        (Fault::Wrong { what: Wrong::DiscoveryIssuer }, "upstream_garbled"),
        (Fault::Wrong { what: Wrong::DiscoveryHost }, "upstream_host_refused"),
    ] {
        upstream.set(fault.clone());
        let checks = diagnosis(&scene).await;
        assert_eq!(line(&checks, "upstream"), ("failed", Some(code)), "{fault:?}");
        upstream.heal();
    }
    assert_eq!(line(&diagnosis(&scene).await, "upstream"), ("ok", None));
    scene.end_upstream();
    let checks = diagnosis(&scene).await;
    assert_eq!(line(&checks, "upstream"), ("failed", Some("upstream_unreachable")));
    let told = checks.iter().find(|check| check.name == "upstream").expect("a line");
    assert_eq!(told.help.as_deref(), Some("administrator"));
    assert!(told.detail.is_some());
}

#[tokio::test]
async fn a_document_that_lacks_what_our_settings_need_is_a_warning() {
    let card = cards::doctor_cps3();
    let settings = [("upstream.proxy", "none"), ("upstream.ciba", "true")];
    let scene = Scene::with_upstream(&settings, &[&card]).await;
    scene.upstream().set(Fault::Wrong { what: Wrong::DiscoveryBackchannel });
    let checks = diagnosis(&scene).await;
    assert_eq!(line(&checks, "discovery"), ("warning", Some("discovery_lacks")));
    assert_eq!(line(&checks, "upstream"), ("ok", None));
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_in_seconds() {
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&[("upstream.proxy", "none")], &[&card]).await;
    for seconds in [600, -600] {
        scene.upstream().set(Fault::Clock { seconds });
        let checks = diagnosis(&scene).await;
        assert_eq!(line(&checks, "clock"), ("failed", Some("clock_skew")));
        let told =
            checks.iter().find(|check| check.name == "clock").and_then(|c| c.values["seconds"].as_i64());
        assert!(told.is_some_and(|told| (590..=660).contains(&told)), "{told:?}");
        scene.upstream().heal();
    }
}

#[tokio::test]
async fn a_proxy_that_does_not_answer_is_named() {
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&[("upstream.proxy", "http://user:geheim@127.0.0.1:9")], &[&card]).await;
    let checks = diagnosis(&scene).await;
    assert_eq!(line(&checks, "upstream"), ("failed", Some("proxy_unreachable")));
    let way = checks.iter().find(|check| check.name == "proxy").expect("a line");
    assert_eq!(
        (&way.values["route"], &way.values["decided"]),
        (&"http://127.0.0.1:9".into(), &"settings".into())
    );
    assert!(!format!("{checks:?}").contains("geheim"));
}

#[tokio::test]
async fn the_end_of_our_clients_certificate_is_told_in_time() {
    let card = cards::doctor_cps3();
    for (days, expected) in [
        (-1, ("failed", Some("client_certificate_expired"))),
        (20, ("warning", Some("client_certificate_ending"))),
        (300, ("ok", None)),
    ] {
        let usual = upstream::Settings::default();
        let authentication = ClientAuthentication::Certificate(CLIENT.to_owned());
        let clients = usual
            .clients
            .iter()
            .cloned()
            .map(|c| Client { authentication: authentication.clone(), ..c })
            .collect();
        let upstream = Upstream::start(upstream::Settings { clients, ..usual }).await.expect("an upstream");
        let folder = tempfile::tempdir().expect("a folder");
        let (certificate, key) = upstream.organisation(CLIENT, days).expect("a certificate");
        let path = |name: &str| folder.path().join(name).display().to_string();
        fs::write(path("client.pem"), certificate).expect("written");
        fs::write(path("client.key"), key).expect("written");
        let (pem, key) = (path("client.pem"), path("client.key"));
        let settings = [
            ("upstream.proxy", "none"),
            ("upstream.client_auth", "tls_client_auth"),
            ("upstream.client_certificate", pem.as_str()),
            ("upstream.client_key", key.as_str()),
        ];
        let scene = Scene::at(upstream, &settings, &[&card]).await;
        assert_eq!(line(&diagnosis(&scene).await, "client_certificate"), expected, "{days} days");
    }
}

#[tokio::test]
async fn a_port_that_another_program_holds_and_an_empty_reader_are_told() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = holder.local_addr().expect("an address").to_string();
    let scene = Scene::with(&[("bridge.listen", &listen)], &[]).await;
    let checks = diagnosis(&scene).await;
    assert_eq!(line(&checks, "bridge"), ("failed", Some("port_taken")));
    assert_eq!(line(&checks, "cards"), ("ok", None));
    // The holder is this very program, named with its process.
    let own = std::env::current_exe().expect("a program");
    let named = format!("({}, pid {})", own.display(), std::process::id());
    let title =
        |checks: &[Check]| checks.iter().find(|check| check.name == "bridge").expect("a line").title.clone();
    assert!(title(&checks).contains(&named), "{}", title(&checks));
    drop(holder);
    assert!(!title(&diagnosis(&scene).await).contains("pid"), "nobody holds it any more");
}

#[tokio::test]
async fn a_workstation_without_authorities_is_told() {
    let card = cards::doctor_cps3();
    let empty = tempfile::tempdir().expect("a folder");
    let anchors = empty.path().display().to_string();
    let scene = Scene::with(&[("trust.anchors", &anchors)], &[&card]).await;
    assert_eq!(line(&diagnosis(&scene).await, "trust_anchors"), ("failed", Some("no_anchors")));
}
