//! Cards are shown as they are; with two of them present a command that needs one asks which.

use crate::agent::{Agent, card};
use serde_json::json;

#[test]
fn one_card_is_shown_with_its_holder() {
    let agent = Agent::answering(&[("GET /v1/cards", 200, json!([card("12345678")]))]);
    let ran = agent.cps(&["card", "show"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(
        ran.out,
        "numéro        12345678\n\
         genre         CPS3 [TEST]\n\
         emplacement   Lecteur 0\n\
         titulaire     ADA TESTCARTE\n\
         identifiant   899700000001\n\
         type de carte CPS (0)\n\
         profession    Médecin (10)\n\
         spécialité    Qualifié en médecine générale (SM26)\n"
    );
}

#[test]
fn several_cards_are_all_shown_but_none_is_chosen() {
    let agent = Agent::answering(&[("GET /v1/cards", 200, json!([card("11111111"), card("22222222")]))]);
    let shown = agent.cps(&["card", "show"]).out;
    assert!(shown.contains("11111111") && shown.contains("22222222"), "{shown}");

    let ran = agent.cps(&["card", "pin", "status"]);
    assert_eq!(ran.code, 1);
    assert_eq!(
        ran.err,
        "cps\u{a0}: Plusieurs cartes sont présentes.\n\
         indice\u{a0}: Laissez une seule carte dans les lecteurs, ou choisissez celle à utiliser\u{a0}: 11111111, \
         22222222.\n"
    );
    assert!(agent.seen().iter().all(|seen| seen.line == "GET /v1/cards"), "no card was asked anything");
}

#[test]
fn no_card_is_said_so() {
    let agent = Agent::answering(&[("GET /v1/cards", 200, json!([]))]);
    for words in [&["card", "show"][..], &["card", "certs"], &["card", "pin", "change"]] {
        let ran = agent.cps_english(words);
        assert_eq!(ran.code, 1);
        assert_eq!(
            ran.err,
            "cps: There is no card in the reader.\nhint: Insert your CPS card and try again.\n"
        );
    }
}

#[test]
fn a_hostile_label_cannot_drive_the_terminal() {
    let mut evil = card("12345678");
    evil["place"] = "Reader\u{1b}[2J\r\nfake".into();
    let agent = Agent::answering(&[("GET /v1/cards", 200, json!([evil]))]);
    let ran = agent.cps(&["card", "show"]);
    assert!(ran.out.contains("Reader\u{fffd}[2J\u{fffd}\u{fffd}fake"), "{}", ran.out);
}

#[test]
fn certificates_come_as_fields_or_as_pem() {
    let certificate = json!({
        "role": "authentication", "label": "Certificat d'Authentification CPS", "subject": "CN=899700000001",
        "issuer": "CN=TEST AC", "serial": "0a1b", "not_before": 1_700_000_000, "not_after": 1_800_000_000,
        "sha256": "ff00", "pem": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    });
    let agent = Agent::answering(&[
        ("GET /v1/cards", 200, json!([card("12345678")])),
        ("GET /v1/cards/12345678/certificates", 200, json!([certificate])),
    ]);
    let shown = agent.cps(&["card", "certs"]).out;
    assert!(shown.contains("rôle          authentification\n"), "{shown}");
    assert!(shown.contains("validité      2023-11-14 – 2027-01-15\n"), "{shown}");
    let pem = agent.cps(&["card", "certs", "--card", "12345678", "--pem"]).out;
    assert_eq!(pem, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
}

#[test]
fn readers_are_listed_with_what_is_in_them() {
    let agent = Agent::answering(&[(
        "GET /v1/readers",
        200,
        json!([
            { "name": "Lecteur 0", "state": "card", "serial": "12345678" },
            { "name": "Lecteur 1", "state": "empty", "serial": null },
            { "name": "Lecteur 2", "state": "mute", "serial": null },
        ]),
    )]);
    let ran = agent.cps(&["readers"]);
    assert_eq!(ran.out, "Lecteur 0  carte 12345678\nLecteur 1  vide\nLecteur 2  carte muette\n");
}

#[test]
fn no_reader_and_no_card_service_are_told_apart() {
    for (service, words) in [(true, "aucun lecteur\n"), (false, "service des cartes absent (pcscd)\n")] {
        let status = json!({
            "version": "0.1.0", "protocol": 1, "environment": "production", "profile": "none",
            "card_service": service, "readers": [], "cards": [],
        });
        let agent = Agent::answering(&[("GET /v1/readers", 200, json!([])), ("GET /v1/status", 200, status)]);
        let ran = agent.cps(&["readers"]);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", words));
        assert_eq!(agent.cps(&["readers", "--json"]).out, "[]\n");
    }
}
