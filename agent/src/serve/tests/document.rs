//! `/openapi.json` says what the doors do: every route, every method, every member of every word.

use super::fake::{FakeDesk, ask};
use crate::serve::{
    desk::{Caller, Desk as _, Door},
    openapi::DOCUMENT,
    portal::desk::PortalDesk as _,
    routes::{At, ROUTES},
};
use cps_agent_api::{pkcs11, words};
use cps_agent_core::{
    failure::{self, Language},
    portal::View,
};
use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc};

fn document() -> Value {
    serde_json::from_str(DOCUMENT).unwrap()
}

#[test]
fn the_document_has_exactly_the_routes() {
    let document = document();
    let described: BTreeSet<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
    let served: BTreeSet<String> = ROUTES.iter().map(|route| route.path.to_owned()).collect();
    assert_eq!(described, served);
}

#[test]
fn the_document_has_exactly_the_methods_and_doors() {
    let document = document();
    for route in ROUTES {
        let path = &document["paths"][route.path];
        let methods = ["get", "post", "put", "delete", "patch"];
        let described: BTreeSet<&str> =
            methods.into_iter().filter(|method| path.get(method).is_some()).collect();
        let served: Vec<String> = route
            .methods
            .iter()
            .filter(|method| **method != "HEAD")
            .map(|m| m.to_ascii_lowercase())
            .collect();
        assert_eq!(described, served.iter().map(String::as_str).collect(), "{}", route.path);
        let door = match route.at {
            At::Bridge => "bridge",
            At::Control => "control",
            At::Both => "both",
        };
        assert_eq!(path["x-cps-door"], door, "{}", route.path);
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    for part in DOCUMENT.split("#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
    }
}

/// Members of a word as it is sent, compared with those of its schema.
fn same_members(name: &str, word: impl serde::Serialize) {
    let sent = serde_json::to_value(word).unwrap();
    let sent: BTreeSet<&String> = sent.as_object().unwrap().keys().collect();
    let document = document();
    let described = document["components"]["schemas"][name]["properties"].as_object().unwrap().clone();
    assert_eq!(described.keys().collect::<BTreeSet<_>>(), sent, "{name}");
}

#[test]
fn every_word_has_exactly_its_members() {
    let desk = FakeDesk::default();
    let caller = Caller {
        door: Door::Control,
        same_user: true,
        pid: None,
        program: None,
        client: None,
        language: Language::French,
    };
    let text = || Some("x".to_owned());
    let screen = || words::Screen {
        tty: text(),
        term: text(),
        display: text(),
        wayland_display: text(),
        language: text(),
    };
    let card = desk.cards(&caller).remove(0);
    same_members("Status", desk.status(&caller));
    same_members("Reader", desk.readers().remove(0));
    same_members("Waiting", desk.waiting().remove(0));
    same_members("Service", desk.services(&caller).remove(0));
    same_members("Holder", card.holder.clone().unwrap());
    same_members("Code", card.holder.clone().unwrap().specialities.remove(0));
    same_members("Card", card);
    same_members("Session", desk.session(&caller).unwrap());
    same_members("Screen", screen());
    same_members("PortalRequest", words::PortalRequest { view: text() });
    same_members("Portal", desk.portal_link(&caller, View::State).unwrap());
    same_members("PinRequest", words::PinRequest { screen: screen() });
    let problem = words::Problem::of(&failure::NO_CARD.into(), Language::French);
    same_members(
        "Event",
        words::Event {
            topic: "t".to_owned(),
            what: "w".to_owned(),
            subject: None,
            name: text(),
            reason: text(),
            problem: Some(problem),
        },
    );
    same_members("Prompt", desk.status(&caller).prompt.unwrap());
    same_members(
        "LoginRequest",
        words::LoginRequest { way: text(), card: text(), identifier: text(), screen: screen() },
    );
    same_members(
        "ChallengeRequest",
        words::ChallengeRequest {
            challenge: String::new(),
            audience: text(),
            purpose: text(),
            card: text(),
            screen: screen(),
        },
    );
    same_members("ChallengeAnswer", words::ChallengeAnswer { jws: String::new(), card: String::new() });
    same_members(
        "ClientRegistered",
        words::ClientRegistered {
            client_id: String::new(),
            client_secret: text(),
            issuer: None,
            gateways: vec![String::new()],
        },
    );
    same_members(
        "AuditCheck",
        words::AuditCheck { lines: 1, hash: String::new(), files: 1, aside: Vec::new() },
    );
    same_members("TrustRequest", words::TrustRequest::default());
    same_members("Authority", desk.authority().unwrap());
    same_members(
        "TokenAnswer",
        words::TokenAnswer { serial: None, file: String::new(), authority: None, csr: None },
    );
    let client: words::Client = serde_json::from_str("{\"client_id\":\"x\",\"redirect_uris\":[]}").unwrap();
    same_members("Client", client);
    let token: words::TokenRequest =
        serde_json::from_str("{\"name\":\"n\",\"authority\":\"test\",\"id\":\"1\"}").unwrap();
    same_members("TokenRequest", token);
}

#[test]
fn every_word_of_the_module_has_exactly_its_members() {
    let bytes = || pkcs11::Base64(vec![1]);
    let key = pkcs11::Key {
        id: bytes(),
        label: String::new(),
        certificate_label: String::new(),
        certificate: bytes(),
        subject: bytes(),
        issuer: bytes(),
        serial_number: bytes(),
        not_before: 0,
        not_after: 0,
        public_key: pkcs11::PublicKey::Ec { curve: bytes(), point: bytes() },
        role: pkcs11::Role::Authentication,
        schemes: Vec::new(),
        inputs: Vec::new(),
        longest_raw: 0,
        decrypt: false,
        always_authenticate: false,
    };
    let token = pkcs11::Token {
        label: String::new(),
        manufacturer: String::new(),
        model: String::new(),
        serial: String::new(),
        insertion: 1,
        pin: pkcs11::Pin::Fine,
        pin_min: 4,
        pin_max: 4,
        keys: Vec::new(),
    };
    same_members("ModuleKey", key);
    same_members("ModuleToken", token);
    same_members("ModuleSlot", pkcs11::Slot { reader: String::new(), hardware: true, token: None });
    same_members("ModuleTokens", FakeDesk::default().module_tokens());
    let screen = words::Screen::default;
    same_members(
        "ModuleSignRequest",
        pkcs11::SignRequest {
            serial: String::new(),
            key: bytes(),
            scheme: pkcs11::Scheme::RsaPkcs1,
            input: pkcs11::Input::Raw,
            data: bytes(),
            screen: screen(),
        },
    );
    same_members(
        "ModuleDecryptRequest",
        pkcs11::DecryptRequest { serial: String::new(), key: bytes(), data: bytes(), screen: screen() },
    );
    same_members("ModuleSignAnswer", pkcs11::SignAnswer { signature: bytes() });
    same_members("ModuleDecryptAnswer", pkcs11::DecryptAnswer { plaintext: vec![1].into() });
}

#[test]
fn the_module_is_served_at_the_control_door_alone() {
    let paths = document()["paths"].as_object().unwrap().clone();
    let of_the_module: Vec<_> = paths.iter().filter(|(path, _)| path.starts_with("/v1/pkcs11")).collect();
    assert_eq!(of_the_module.len(), 3);
    assert!(of_the_module.iter().all(|(_, path)| path["x-cps-door"] == "control"));
}

#[tokio::test]
async fn the_bridge_serves_the_document() {
    let answer = ask(&Arc::new(FakeDesk::default()), "GET /openapi.json").await;
    assert_eq!(answer.json(), document());
}

#[test]
fn where_a_prompt_appears_is_a_word_of_the_control_door() {
    let document = document();
    let asked = &document["components"]["schemas"]["ChallengeRequest"]["properties"];
    assert_eq!(document["paths"]["/v1/challenges"]["x-cps-door"], "both");
    assert_eq!(asked["screen"]["x-cps-door"], "control");
}
