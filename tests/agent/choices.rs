//! What a person is asked after the login: whether an application may know them, and in which situation they work.

use crate::{
    application::{Application, Page, said},
    desk::Desk,
};
use cps_agent_api::words;
use cps_sandbox::card::cards;

#[tokio::test]
async fn a_person_who_does_not_agree_is_not_known_and_is_asked_again() {
    let card = cards::doctor_cps3();
    let desk = Desk::with(&[&card]).await;
    let client = words::Client { consent: Some("first-use".to_owned()), ..Application::usual("shy") };
    let application = Application::registered(&desk, client).await;
    let page = application.begin().await;
    let asked = application.end_of(&page).await;
    assert_eq!(asked, Page::Asked(vec!["Autoriser".to_owned(), "Annuler".to_owned()]));
    application.press(&page, "cancel=1").await;
    let Page::Left(back) = application.end_of(&page).await else { panic!("the application is told") };
    assert!(said(&back, "error").as_deref() == Some("access_denied"), "{back}");
    let again = application.begin().await;
    assert!(matches!(application.end_of(&again).await, Page::Asked(_)));
}

#[tokio::test]
async fn a_person_who_agreed_is_asked_once_even_across_logins() {
    let card = cards::doctor_cps3();
    let desk = Desk::with(&[&card]).await;
    let client = words::Client { consent: Some("first-use".to_owned()), ..Application::usual("shy") };
    let application = Application::registered(&desk, client).await;
    let page = application.begin().await;
    assert!(matches!(application.end_of(&page).await, Page::Asked(_)));
    application.choose(&page, "Autoriser").await;
    let Page::Left(back) = application.end_of(&page).await else { panic!("done") };
    let held = application.exchange(&back).await;
    assert_eq!(application.userinfo(&held).await.expect("claims")["SubjectNameID"], card.holder().identifier);
    assert!(desk.control().await.end_session().await.expect("an answer"));
    application.log_in().await;
}

#[tokio::test]
async fn a_yes_on_the_page_of_somebody_else_agrees_to_nothing() {
    let (first, second) = (cards::doctor_cps3(), cards::nurse_cps3());
    let desk = Desk::with(&[&first]).await;
    let client = words::Client { consent: Some("first-use".to_owned()), ..Application::usual("shy") };
    let application = Application::registered(&desk, client).await;
    let page = application.begin().await;
    assert!(matches!(application.end_of(&page).await, Page::Asked(_)));
    let shown = desk.control().await.session().await.expect("an answer").expect("a session");
    assert!(desk.control().await.end_session().await.expect("an answer"));
    desk.take(0).await;
    desk.insert(0, &second).await;
    let other = Application::register(&desk, "other").await;
    other.log_in().await;
    application.press(&page, &format!("consent={}", shown.sid)).await;
    let asked = application.end_of(&page).await;
    assert!(matches!(asked, Page::Asked(_)), "the person who is here now is asked: {asked:?}");
}

#[tokio::test]
async fn an_application_gets_the_one_situation_that_was_chosen() {
    let card = cards::doctor_cps3();
    let desk = Desk::with(&[&card]).await;
    let client = words::Client {
        situation: Some("choose".to_owned()),
        claims: vec!["SubjectRefPro".to_owned()],
        ..Application::usual("one")
    };
    let application = Application::registered(&desk, client).await;
    let page = application.begin().await;
    let Page::Asked(labels) = application.end_of(&page).await else { panic!("a choice") };
    assert_eq!(labels.len(), 3, "two situations and the way out: {labels:?}");
    application.choose(&page, &labels[1]).await;
    let Page::Left(back) = application.end_of(&page).await else { panic!("done") };
    let held = application.exchange(&back).await;
    let claims = application.userinfo(&held).await.expect("claims");
    let exercises = claims["SubjectRefPro"]["exercices"].as_array().expect("exercises");
    let activities = exercises[0]["activities"].as_array().expect("activities");
    assert_eq!((exercises.len(), activities.len()), (1, 1));
    let site =
        activities[0]["enseigneCommercialeSite"].as_str().or(activities[0]["raisonSocialeSite"].as_str());
    assert!(labels[1].ends_with(site.expect("a structure")), "{labels:?} {site:?}");
    // The choice holds for the session: nobody is asked twice.
    application.log_in().await;
}
