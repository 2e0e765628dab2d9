//! The person's page as browsers meet it: refusals first.

use super::fake::{EVIL, FakeDesk, PORT, ask, ask_as, ask_control, dial, neighbour};
use crate::serve::visitor::Visitor;
use std::sync::{Arc, atomic::Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
const JSON: &str = "Content-Type: application/json";
const OWN: &str = "Origin: null\nSec-Fetch-Site: same-origin";
const VIEWS: [&str; 4] = ["/portal/p1", "/portal/p1/activity", "/portal/p1/diagnosis", "/portal/p1/about"];

fn desk() -> Arc<FakeDesk> {
    Arc::new(FakeDesk::default())
}

/// What nobody without the page may learn.
fn is_personal(body: &str) -> bool {
    ["TESTCARTE", "ADA", "89970000000", "12345678", "Dossier"].iter().any(|word| body.contains(word))
}

#[tokio::test]
async fn without_the_page_nothing_personal_is_shown_and_the_way_to_it_is_said() {
    for path in [
        "/",
        "/portal/unknown",
        "/portal/unknown/activity",
        "/portal/unknown/diagnosis",
        "/portal/unknown/about",
        "/portal/open/unknown",
        "/portal/open/p1",
        "/portal/open",
    ] {
        let answer = ask(&desk(), &format!("GET {path}")).await;
        assert_eq!(answer.status, if path == "/" { 200 } else { 410 }, "{path}");
        assert!(answer.body.contains("cps open"), "{path}: {}", answer.body);
        assert!(!is_personal(&answer.body), "{path}: {}", answer.body);
    }
    let desk = desk();
    let events = ask(&desk, "GET /portal/unknown/events").await;
    assert!(events.body.contains("event: leave") && !is_personal(&events.body), "{}", events.body);
    assert!(desk.noted().is_empty(), "nor does it make a card work: {:?}", desk.noted());
}

#[tokio::test]
async fn whoever_the_system_does_not_know_opens_and_does_nothing() {
    let desk = desk();
    let form = format!("{OWN}\n{FORM}\n\nlogout=1");
    for request in VIEWS.map(|path| format!("GET {path}")).into_iter().chain([
        "GET /portal/open/once".to_owned(),
        "GET /portal/p1/events".to_owned(),
        format!("POST /portal/p1\n{form}"),
    ]) {
        let answer = ask_as(&desk, Visitor::unknown(), &request).await;
        assert_eq!(answer.status, 403, "{request}");
        assert!(!is_personal(&answer.body), "{request}");
    }
    assert!(!desk.noted().iter().any(|note| note.starts_with("open") || note.starts_with("end")));
}

#[tokio::test]
async fn nothing_is_done_from_another_page_frame_or_image() {
    for headers in [
        "Origin: https://evil.example",
        "Origin: null",
        "Origin: null\nSec-Fetch-Site: cross-site",
        "Origin: https://dpi.example",
        "Origin: null\nSec-Fetch-Site: same-origin\nSec-Fetch-Dest: iframe",
    ] {
        for form in ["logout=1", "disconnect=dpi"] {
            let desk = desk();
            let answer = ask(&desk, &format!("POST /portal/p1\n{headers}\n{FORM}\n\n{form}")).await;
            assert_eq!(answer.status, 403, "{headers}");
            assert!(!desk.noted().iter().any(|note| note.starts_with("end") || note.starts_with("disc")));
        }
    }
    for path in VIEWS.into_iter().chain(["/portal/open/once"]) {
        for headers in ["Sec-Fetch-Dest: iframe", "Sec-Fetch-Dest: image", "Sec-Purpose: prefetch"] {
            let desk = desk();
            assert_eq!(ask(&desk, &format!("GET {path}\n{headers}")).await.status, 403, "{path} {headers}");
            assert!(!desk.noted().contains(&"open once".to_owned()), "a link is not used up by it");
        }
    }
}

#[tokio::test]
async fn an_unclear_or_late_form_does_nothing() {
    let desk = desk();
    for form in ["", "x=1", "logout=1&disconnect=dpi", "disconnect=dpi&disconnect=other", "logout=1&x=1"] {
        let answer = ask(&desk, &format!("POST /portal/p1\n{OWN}\n{FORM}\n\n{form}")).await;
        assert_eq!(answer.status, 400, "{form}");
    }
    let unknown = ask(&desk, &format!("POST /portal/p2\n{OWN}\n{FORM}\n\nlogout=1")).await;
    assert_eq!(unknown.status, 410);
    assert!(desk.noted().is_empty(), "{:?}", desk.noted());
}

#[tokio::test]
async fn a_page_whose_session_ended_shows_nothing_any_more() {
    let desk = desk();
    desk.over.store(true, Ordering::Relaxed);
    for path in VIEWS {
        let answer = ask(&desk, &format!("GET {path}")).await;
        assert!(answer.status == 410 && !is_personal(&answer.body), "{path}");
        let brief = ask(&self::desk(), &format!("GET {}", path.replace("p1", "brief"))).await;
        assert!(brief.status == 410 && !is_personal(&brief.body), "{path}, ended while it was gathered");
    }
}

#[tokio::test]
async fn a_tab_that_follows_its_events_is_not_somebody_who_looks() {
    let desk = desk();
    let mut tab = dial(&desk, neighbour());
    let request = format!("GET /portal/tab/events HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\n\r\n");
    tab.write_all(request.as_bytes()).await.unwrap();
    let mut heard = String::new();
    while !heard.contains("event: ") {
        let mut part = [0; 4096];
        let length = tab.read(&mut part).await.unwrap();
        assert_ne!(length, 0, "{heard}");
        heard.push_str(&String::from_utf8_lossy(&part[..length]));
    }
    assert!(heard.contains("event: show"), "{heard}");
    assert_eq!(ask(&desk, "GET /portal/tab").await.status, 410);
}

#[tokio::test]
async fn a_link_is_made_at_the_control_door_alone_for_a_view_that_there_is() {
    let desk = desk();
    assert_eq!(ask(&desk, &format!("POST /v1/portal\n{JSON}\n\n{{}}")).await.status, 404);
    let bad = ask_control(&desk, &format!("POST /v1/portal\n{JSON}\n\n{{\"view\":\"admin\"}}")).await;
    assert_eq!((bad.status, bad.json()["code"].as_str()), (400, Some("request_malformed")));
    assert!(!desk.noted().iter().any(|note| note.starts_with("link")));
    for (body, note) in [("{}", "link State"), ("{\"view\":\"diagnosis\"}", "link Diagnosis")] {
        let made = ask_control(&desk, &format!("POST /v1/portal\n{JSON}\n\n{body}")).await;
        assert_eq!(made.json()["url"], "http://127.0.0.1:24788/portal/open/once");
        assert!(desk.noted().last().unwrap().starts_with(note), "{:?}", desk.noted());
    }
}

#[tokio::test]
async fn the_link_leads_to_the_view_that_was_asked_for() {
    for (link, location) in [("once", "/portal/p1"), ("help", "/portal/p1/diagnosis")] {
        let answer = ask(&desk(), &format!("GET /portal/open/{link}")).await;
        assert_eq!((answer.status, answer.header("location")), (303, location));
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
    }
}

#[tokio::test]
async fn every_view_links_to_the_others_and_is_kept_by_nobody() {
    for path in VIEWS {
        let answer = ask(&desk(), &format!("GET {path}")).await;
        assert_eq!(answer.status, 200, "{path}");
        for other in VIEWS {
            let current = format!("href=\"{other}\" aria-current=\"page\"");
            assert!(answer.body.contains(&format!("href=\"{other}\"")), "{path} to {other}");
            assert_eq!(answer.body.contains(&current), other == path, "{path} to {other}");
        }
        assert_eq!(answer.header("cache-control"), "no-store");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(
            policy.contains("script-src"),
            path == "/portal/p1",
            "a script runs on the first view alone"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}

#[tokio::test]
async fn nothing_foreign_becomes_markup_on_any_view() {
    for path in VIEWS {
        let answer = ask(&desk(), &format!("GET {path}")).await;
        for element in ["<style>", "</style>"] {
            assert_eq!(answer.body.matches(element).count(), 2, "the sheet of all pages, and that of these");
        }
        let ours = answer.body.matches("<script>").count();
        assert_eq!(ours, usize::from(path == "/portal/p1"), "{path}: {}", answer.body);
        assert!(!answer.body.contains(EVIL) && !answer.body.contains("<script>alert"), "{path}");
    }
    let activity = ask(&desk(), "GET /portal/p1/activity").await;
    assert!(activity.body.contains("&lt;script&gt;alert"), "it is shown as text: {}", activity.body);
}

#[tokio::test]
async fn the_first_view_says_who_works_here_and_lets_each_application_go() {
    let body = ask(&desk(), "GET /portal/p1").await.body;
    for shown in ["ADA TESTCARTE", "12345678", "2 essais restants", "Dossier dpi", "TEST"] {
        assert!(body.contains(shown), "{shown}: {body}");
    }
    assert!(body.contains("name=\"disconnect\" value=\"dpi\"") && body.contains("name=\"logout\""));
    // What outlives a disconnect is said before it and after it.
    assert_eq!(body.matches("détient aussi un jeton du service de connexion").count(), 1, "{body}");
    assert!(body.contains("Dossier gone</dt>") && body.contains("Elle détient encore, jusqu’à"), "{body}");
    assert!(!body.contains("value=\"gone\""), "it is disconnected already: {body}");
    let desk = desk();
    let gone = ask(&desk, &format!("POST /portal/p1\n{OWN}\n{FORM}\n\ndisconnect=dpi")).await;
    assert_eq!((gone.status, gone.header("location")), (303, "/portal/p1"));
    let out = ask(&desk, &format!("POST /portal/p1\n{OWN}\n{FORM}\n\nlogout=1")).await;
    assert_eq!((out.status, out.header("location")), (303, "/portal/p1"), "it lives: there was no session");
    assert_eq!(desk.noted(), ["disconnect dpi", "end for None"]);
}

#[tokio::test]
async fn it_speaks_english_to_whoever_prefers_it() {
    let body = ask(&desk(), "GET /portal/p1\nAccept-Language: en").await.body;
    assert!(body.contains("Connected applications") && body.contains("2 tries left"), "{body}");
}

#[tokio::test]
async fn somebody_elses_line_of_the_trail_does_not_say_whose_it_is() {
    let body = ask(&desk(), "GET /portal/p1/activity").await.body;
    assert!(body.contains("une autre personne") && !body.contains("899799999999"), "{body}");
}
