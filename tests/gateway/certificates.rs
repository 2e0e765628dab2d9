//! The organisation's certificate, and what a diagnosis says of it and of everything else a gateway stands on.

use crate::street::Street;
use cps_agent_api::words::Check;
use cps_sandbox::{
    card::cards,
    service::{Service, Settings},
};
use std::fs;

/// A gateway that shows a certificate of an organisation which ends in so many days.
async fn organisation(days: i64) -> Street {
    let folder = tempfile::tempdir().expect("a folder").keep();
    let show = |gateway: &mut toml::Table, service: &Service| {
        let (certificate, key) = service.organisation("INSI-AUTO", days).expect("a certificate");
        for (name, pem) in [("certificate", certificate), ("key", key)] {
            let file = folder.join(name);
            fs::write(&file, pem).expect("written");
            gateway.insert(name.to_owned(), file.display().to_string().into());
        }
        gateway.insert("credential".to_owned(), "organisation".into());
    };
    let card = cards::doctor_cps3();
    let street = Street::configured(Settings::default(), &[&card], &[], show).await;
    street.log_in().await;
    card.counters().clear();
    street
}

async fn found(street: &Street) -> Check {
    let diagnosis = street.desk.control_in("en").await.diagnosis().await.expect("a diagnosis");
    diagnosis.checks.into_iter().find(|check| check.name == "gateway").expect("a line")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisations_certificate_needs_no_card_and_still_a_person() {
    let street = organisation(365).await;
    let echo = street.echo("echo").await;
    assert_eq!(echo["client"], "INSI-AUTO");
    assert_eq!(street.desk.person().questions().len(), 1, "the login's");
    let trail = street.trail();
    let events: Vec<_> = trail.iter().map(|line| (&line["event"], line.get("card"))).collect();
    assert_eq!(events, [(&"gateway_handshake".into(), None), (&"gateway".into(), None)]);
    let check = found(&street).await;
    assert_eq!((check.state.as_str(), check.code), ("ok", None));
    assert!(check.title.contains("(certificate: organisation, PEM "), "{}", check.title);
    street.desk.control().await.end_session().await.expect("an answer");
    street.until_cut().await;
    assert_eq!(street.refusal("echo").await, (401, "gateway_nobody".to_owned()));
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_ends_is_told_before_and_not_shown_after() {
    let street = organisation(30).await;
    let check = found(&street).await;
    assert_eq!(
        (check.state.as_str(), check.code.as_deref()),
        ("warning", Some("gateway_certificate_ending"))
    );
    assert_eq!(street.ask("echo").await.status(), 200);
    street.desk.end().await;

    let street = organisation(-1).await;
    let check = found(&street).await;
    assert_eq!(
        (check.state.as_str(), check.code.as_deref()),
        ("failed", Some("gateway_certificate_expired"))
    );
    assert_eq!(street.refusal("echo").await, (503, "gateway_certificate_expired".to_owned()));
    assert_eq!(street.service.counts().connections(), 0);
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_missing_close_one_gateway_and_not_the_agent() {
    let card = cards::doctor_cps3();
    let street = Street::to(Settings::default(), &[&card], |gateway| {
        gateway.insert("anchors".to_owned(), vec!["absent.pem"].into());
    })
    .await;
    street.log_in().await;
    assert_eq!(street.refusal("echo").await, (503, "gateway_files".to_owned()));
    let check = found(&street).await;
    assert_eq!((check.state.as_str(), check.code.as_deref()), ("failed", Some("gateway_files")));
    assert!(check.title.contains("absent.pem"), "{}", check.title);
    street.desk.end().await;
}
