//! Logout as browsers meet it: no navigation ends anything by itself, and the question is answered on our own page only.

use super::fake::{FakeDesk, ask};
use std::sync::Arc;

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
const OWN: &str = "Origin: null\nSec-Fetch-Site: same-origin";

fn desk() -> Arc<FakeDesk> {
    Arc::new(FakeDesk::default())
}

#[tokio::test]
async fn the_question_is_not_answered_from_another_page_frame_or_image() {
    for headers in [
        "Origin: https://evil.example",
        "Origin: null",
        "Origin: null\nSec-Fetch-Site: cross-site",
        "Origin: https://dpi.example",
        "Origin: null\nSec-Fetch-Site: same-origin\nSec-Fetch-Dest: iframe",
    ] {
        let desk = desk();
        let answer = ask(&desk, &format!("POST /logout/q1\n{headers}\n{FORM}\n\nyes=1")).await;
        assert_eq!(answer.status, 403, "{headers}");
        assert!(!desk.noted().iter().any(|note| note.starts_with("logout")), "{headers}");
    }
    let image = ask(&desk(), "GET /logout?id_token_hint=good\nSec-Fetch-Dest: image").await;
    assert_eq!(image.status, 403);
}

#[tokio::test]
async fn an_unclear_or_late_answer_ends_nothing() {
    let desk = desk();
    for form in ["", "yes=1&cancel=1", "no=1"] {
        assert_eq!(
            ask(&desk, &format!("POST /logout/q1\n{OWN}\n{FORM}\n\n{form}")).await.status,
            400,
            "{form}"
        );
    }
    assert!(desk.noted().is_empty());
    assert_eq!(ask(&desk, &format!("POST /logout/gone\n{OWN}\n{FORM}\n\nyes=1")).await.status, 410);
    assert_eq!(ask(&desk, "GET /logout/gone").await.status, 410);
}

#[tokio::test]
async fn a_request_that_proves_nothing_leads_to_the_question() {
    let desk = desk();
    let answer = ask(&desk, "GET /logout").await;
    assert_eq!((answer.status, answer.header("location")), (303, "/logout/q1"));
    let page = ask(&desk, "GET /logout/q1").await;
    assert!(page.body.contains("Voulez-vous vous déconnecter"), "{}", page.body);
    assert!(page.body.contains("name=\"yes\"") && page.body.contains("name=\"cancel\""));
    assert!(!page.body.contains("http-equiv"), "nothing happens by itself");
    assert!(desk.noted().is_empty());
}

#[tokio::test]
async fn the_persons_click_decides() {
    let desk = desk();
    let yes = ask(&desk, &format!("POST /logout/q1\n{OWN}\n{FORM}\n\nyes=1")).await;
    assert!(yes.body.contains("Vous êtes déconnecté"), "{}", yes.body);
    let no = ask(&desk, &format!("POST /logout/q1\n{OWN}\n{FORM}\n\ncancel=1")).await;
    assert!(no.body.contains("Vous êtes toujours connecté"), "{}", no.body);
    assert_eq!(desk.noted(), ["logout q1 true", "logout q1 false"]);
}

#[tokio::test]
async fn a_right_request_goes_back_to_its_client_or_says_that_it_is_done() {
    for request in
        ["GET /logout?id_token_hint=good".to_owned(), format!("POST /logout\n{FORM}\n\nid_token_hint=good")]
    {
        let answer = ask(&desk(), &request).await;
        assert_eq!((answer.status, answer.header("location")), (303, "https://dpi.example/bye?state=s"));
    }
    let over = ask(&desk(), "GET /logout?id_token_hint=over").await;
    assert!(over.status == 200 && over.body.contains("Vous êtes déconnecté"), "{}", over.body);
}
