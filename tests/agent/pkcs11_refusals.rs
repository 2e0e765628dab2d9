//! What programs at the PKCS#11 module are refused: by the policy, by the session, by the person, by the card.

use crate::{
    module_door::{key_of, other_program, request, this_program},
    scene::Scene,
};
use cps_agent_api::{
    pkcs11::{Base64, Input, Role, Scheme, SignRequest},
    words::LoginRequest,
};
use cps_sandbox::{card::cards, pinentry::Answer};

#[tokio::test]
async fn a_denied_program_gets_nothing_and_nobody_is_asked() {
    let card = cards::doctor_cps3();
    let rule = format!("{}=deny", this_program());
    let scene = Scene::with(&[("pkcs11.default", "allow"), ("pkcs11.programs", &rule)], &[&card]).await;
    assert_eq!(scene.program_signs(&card).await.expect_err("denied"), "program_denied");
    assert!(scene.person.questions().is_empty());
    let told = scene.audit();
    let line = told.last().expect("a line");
    assert_eq!((&line["event"], &line["key"]), (&"pkcs11".into(), &"authentication".into()));
    assert_eq!((&line["result"], &line["code"]), (&"refused".into(), &"program_denied".into()));
    assert_eq!(line["program"], this_program());
    assert_eq!((&line["pid"], &line["card"]), (&std::process::id().into(), &card.serial().into()));
    // Another program is another matter.
    scene.other_program_signs(&card).await.expect("signed");
}

#[tokio::test]
async fn a_login_given_before_is_no_way_round_the_rule() {
    let card = cards::doctor_cps3();
    let scene = Scene::with(&[("pkcs11.default", "deny")], &[&card]).await;
    scene.login().await.expect("logged in");
    assert_eq!(scene.program_signs(&card).await.expect_err("denied"), "program_denied");
    assert_eq!(scene.person.questions().len(), 1);
}

#[tokio::test]
async fn signature_key_and_decipherment_are_not_offered() {
    for card in [cards::doctor_cps3(), cards::doctor_cps4()] {
        let scene = Scene::new(&[&card]).await;
        let token = scene.shown(&card).await;
        assert_eq!(key_of(&token, Role::Signature), None);
        let key = key_of(&token, Role::Authentication).expect("the key");
        assert!(!key.decrypt && !key.schemes.contains(&Scheme::RsaRaw), "{:?}", card.family());
        let deciphered = scene.program_deciphers(card.serial(), key.id.clone(), vec![1; 256]).await;
        assert_eq!(deciphered.expect_err("off"), "key_not_offered");
        let raw = SignRequest {
            scheme: Scheme::RsaRaw,
            input: Input::Raw,
            data: vec![1; 256].into(),
            ..request(card.serial(), &key, Scheme::RsaRaw)
        };
        let refused = scene.program_asks(&raw).await.expect_err("a decipherment by another name");
        assert!(["key_not_offered", "card_unsupported"].contains(&refused.as_str()), "{refused}");
        assert!(scene.person.questions().is_empty());
    }
}

#[tokio::test]
async fn a_key_that_was_not_shown_signs_nothing() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    let mut other = request(card.serial(), &scene.authentication_key(&card).await, Scheme::RsaPkcs1Sha256);
    other.key = Base64(vec![1, 2, 3]);
    assert_eq!(scene.program_asks(&other).await.expect_err("no such key"), "key_not_offered");
    // The identifier of the signature key.
    other.key =
        Base64(vec![0xE8, 0x28, 0xBD, 0x08, 0x0F, 0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x10, 0x01]);
    assert_eq!(scene.program_asks(&other).await.expect_err("switched off"), "key_not_offered");
    other.serial = "00000000".to_owned();
    assert_eq!(scene.program_asks(&other).await.expect_err("no such card"), "card_unknown");
    assert!(scene.person.questions().is_empty());
}

#[tokio::test]
async fn the_antenna_is_nothing_for_programs() {
    let card = cards::doctor_cps3_contactless();
    let scene = Scene::new(&[&card]).await;
    let tokens = scene.control().await.pkcs11().await.expect("tokens");
    assert!(tokens.slots.iter().all(|slot| slot.token.is_none()), "{tokens:?}");
}

#[tokio::test]
async fn data_that_no_key_takes_is_refused_before_the_prompt() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    let good = request(card.serial(), &scene.authentication_key(&card).await, Scheme::RsaPkcs1Sha256);
    let with =
        |scheme, input, data: Vec<u8>| SignRequest { scheme, input, data: data.into(), ..good.clone() };
    for (wrong, code) in [
        (with(Scheme::RsaPkcs1Sha256, Input::Digest, vec![1; 20]), "request_malformed"),
        (with(Scheme::RsaPkcs1, Input::Raw, vec![1; 103]), "request_malformed"),
        (with(Scheme::RsaPkcs1, Input::Raw, Vec::new()), "request_malformed"),
        (with(Scheme::RsaPssSha256, Input::Digest, vec![1; 32]), "card_unsupported"),
        (with(Scheme::EcdsaP256Sha256, Input::Digest, vec![1; 32]), "card_unsupported"),
    ] {
        assert_eq!(scene.program_asks(&wrong).await.expect_err("refused"), code, "{wrong:?}");
    }
    assert!(scene.person.questions().is_empty());
}

#[tokio::test]
async fn another_persons_card_signs_nothing_under_a_session() {
    let (doctor, nurse) = (cards::doctor_cps3(), cards::nurse_cps3());
    let scene = Scene::with(&[("pkcs11.default", "allow")], &[&doctor, &nurse]).await;
    let named = LoginRequest { card: Some(doctor.serial().to_owned()), ..LoginRequest::default() };
    scene.login_with(&named).await.expect("logged in");
    assert_eq!(scene.program_signs(&nurse).await.expect_err("refused"), "other_person");
    scene.program_signs(&doctor).await.expect("the session's own card");
    assert_eq!(scene.person.questions().len(), 1, "the other person is not even asked");
}

#[tokio::test]
async fn a_locked_session_signs_nothing() {
    let (card, other) = (cards::doctor_cps3(), cards::nurse_cps3());
    let scene = Scene::with(&[("session.mode", "lock"), ("pkcs11.default", "allow")], &[&card]).await;
    scene.login().await.expect("logged in");
    scene.program_signs(&card).await.expect("signed");
    scene.readers.insert(1, &other);
    scene.until_locked().await;
    assert_eq!(scene.program_signs(&card).await.expect_err("locked"), "session_locked");
    assert_eq!(scene.person.questions().len(), 1);
}

#[tokio::test]
async fn a_blocked_pin_is_told_without_a_prompt() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    card.block_pin();
    assert_eq!(scene.program_signs(&card).await.expect_err("blocked"), "pin_blocked");
    assert!(scene.person.questions().is_empty());
    let token = scene.shown(&card).await;
    assert_eq!(token.pin, cps_agent_api::pkcs11::Pin::Locked);
}

#[tokio::test]
async fn a_person_who_closed_the_prompt_is_left_alone_for_longer_each_time() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.person.next(Answer::Cancel).expect("a script");
    assert_eq!(scene.program_signs(&card).await.expect_err("no"), "pin_cancelled");
    for _ in 0..3 {
        assert_eq!(scene.program_signs(&card).await.expect_err("at once"), "pin_cancelled");
    }
    assert_eq!(scene.person.questions().len(), 1, "a browser that tries again at once raises no prompt");
    // Real time passes too on this clock: half of the pause, then more than the other half.
    scene.clock.pass(30);
    assert_eq!(scene.program_signs(&card).await.expect_err("still"), "pin_cancelled");
    scene.clock.pass(31);
    scene.person.next(Answer::Cancel).expect("a script");
    assert_eq!(scene.program_signs(&card).await.expect_err("no again"), "pin_cancelled");
    scene.clock.pass(60);
    assert_eq!(scene.program_signs(&card).await.expect_err("twice as long"), "pin_cancelled");
    assert_eq!(scene.person.questions().len(), 2);
    scene.clock.pass(61);
    scene.program_signs(&card).await.expect("asked again");
    assert_eq!(scene.person.questions().len(), 3);
    assert_eq!(card.pin_tries_spent(), 0);
}

#[tokio::test]
async fn a_card_that_is_put_in_again_ends_the_pause() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.person.next(Answer::Cancel).expect("a script");
    assert_eq!(scene.program_signs(&card).await.expect_err("no"), "pin_cancelled");
    scene.readers.remove(0);
    scene.until_empty().await;
    scene.insert(0, &card);
    scene.until_seen(&card).await;
    scene.program_signs(&card).await.expect("the person put it in to be asked");
    assert_eq!(scene.person.questions().len(), 2);
}

#[tokio::test]
async fn a_program_that_is_refused_in_masses_fills_no_trail() {
    let card = cards::doctor_cps3();
    let scene = Scene::with(&[("pkcs11.default", "deny")], &[&card]).await;
    let wish = request(card.serial(), &scene.authentication_key(&card).await, Scheme::RsaPkcs1Sha256);
    for _ in 0..30 {
        assert_eq!(scene.program_asks(&wish).await.expect_err("denied"), "program_denied");
    }
    let refused =
        || scene.audit().into_iter().filter(|line| line["code"] == "program_denied").collect::<Vec<_>>();
    let lines = refused();
    assert_eq!(lines.len(), 10);
    assert!(lines.iter().all(|line| line["times"].is_null()));
}

#[tokio::test]
async fn the_persons_no_to_a_program_stands_and_touches_no_other_one() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.program_signs(&card).await.expect("the PIN was the yes");
    scene.person.next(Answer::Cancel).expect("a script");
    for _ in 0..2 {
        let refused = scene.other_program_signs(&card).await;
        assert_eq!(refused.expect_err("the person said no"), "program_refused");
    }
    scene.program_signs(&card).await.expect("still allowed");
    let questions = scene.person.questions();
    assert_eq!(questions.iter().map(|asked| asked.kind.as_str()).collect::<Vec<_>>(), ["GETPIN", "CONFIRM"]);
    assert!(questions[1].description.contains(&other_program()), "{:?}", questions[1]);
    // The next one who keeps the card verified asks anew.
    assert!(scene.control().await.end_session().await.expect("an answer"));
    scene.other_program_signs(&card).await.expect("asked by its PIN prompt");
}

#[tokio::test]
async fn a_card_pulled_under_the_prompt_withdraws_it() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.person.always(Answer::Wait).expect("a script");
    let pulled = async {
        scene.until_asked(1).await;
        scene.readers.remove(0);
    };
    let (signed, ()) = tokio::join!(scene.program_signs(&card), pulled);
    assert_eq!(signed.expect_err("no card"), "card_removed");
}

#[tokio::test]
async fn a_program_that_hangs_up_under_the_prompt_is_written_down() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.person.always(Answer::Wait).expect("a script");
    tokio::select! {
        _ = scene.program_signs(&card) => panic!("nobody answered the prompt"),
        () = scene.until_asked(1) => {}
    }
    let given_up = async |_: &mut _| {
        scene.audit().into_iter().find(|line| line["event"] == "pkcs11" && line["code"] == "use_given_up")
    };
    let line = scene.until("the end in the trail", given_up).await;
    assert_eq!((&line["result"], &line["program"]), (&"refused".into(), &this_program().into()));
    assert_eq!(line["code"], "use_given_up");
    assert_eq!(card.pin_tries_spent(), 0);
}

#[tokio::test]
async fn a_card_pulled_at_any_command_of_a_signature_is_told() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    // The question for the tries, then the signature.
    for command in 1..=9 {
        let key = scene.authentication_key(&card).await;
        card.faults().remove_at(command);
        let wish = request(card.serial(), &key, Scheme::RsaPkcs1Sha256);
        let told = scene.program_asks(&wish).await.expect_err("no card");
        assert_eq!(told, "card_removed", "command {command}");
        scene.until_empty().await;
        scene.insert(0, &card);
        scene.until_seen(&card).await;
    }
    scene.program_signs(&card).await.expect("signed");
    assert_eq!(card.pin_tries_spent(), 0);
}
