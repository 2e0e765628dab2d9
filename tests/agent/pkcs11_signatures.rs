//! What programs at the PKCS#11 module get: tokens from memory, and signatures that fit the certificates shown.

use crate::{
    module_door::{MESSAGE, digest, fits, key_of, other_program, request, this_program},
    scene::Scene,
};
use cps_agent_api::{
    pkcs11::{Input, Pin, PublicKey, Role, Scheme, SignRequest},
    words::TokenRequest,
};
use cps_sandbox::{card::cards, pinentry::Answer, pki::Purpose};

/// DigestInfo of SHA-256, up to the digest (RFC 8017 §9.2).
const SHA256: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];

#[tokio::test]
async fn tokens_are_shown_from_memory() {
    for (card, model) in [(cards::doctor_cps3(), "IAS ECC"), (cards::doctor_cps4(), "ChipDoc")] {
        let scene = Scene::new(&[&card]).await;
        card.counters().clear();
        let token = scene.shown(&card).await;
        let tokens = scene.control().await.pkcs11().await.expect("tokens");
        let again = scene.control().await.pkcs11().await.expect("tokens");
        assert_eq!(card.counters().commands(), 0, "no card command");
        assert_eq!(scene.person.questions().len(), 0);
        assert_eq!(tokens, again, "the same number means the same answer");
        assert!(tokens.slots.iter().all(|slot| slot.hardware));
        assert_eq!((token.model.as_str(), token.pin), (model, Pin::Unknown));
        assert_eq!((token.pin_min, token.pin_max), (4, 4));
        assert!(!token.label.is_empty() && !token.manufacturer.is_empty(), "{token:?}");
        let key = key_of(&token, Role::Authentication).expect("the key");
        assert_eq!(key.certificate.0, card.certificate(Purpose::Authentication));
        assert_eq!(key.id.0.len(), 14);
        assert!(!key.always_authenticate);
        let PublicKey::Rsa { modulus, .. } = key.public_key else { panic!("no RSA key") };
        assert_eq!(modulus.0.len(), 256);
    }
}

#[tokio::test]
async fn a_card_that_was_put_back_is_another_insertion() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    let before = scene.control().await.pkcs11().await.expect("tokens");
    let first = scene.shown(&card).await;
    scene.readers.remove(0);
    scene.until_empty().await;
    let empty = scene.control().await.pkcs11().await.expect("tokens");
    assert_eq!((empty.slots.len(), &empty.slots[0].token), (1, &None), "an empty reader is a slot");
    scene.insert(0, &card);
    scene.until_seen(&card).await;
    let second = scene.shown(&card).await;
    let after = scene.control().await.pkcs11().await.expect("tokens");
    assert!(before.generation < empty.generation && empty.generation < after.generation);
    assert!(first.insertion != second.insertion);
}

#[tokio::test]
async fn every_scheme_that_is_shown_signs() {
    for card in [cards::doctor_cps3(), cards::doctor_cps4()] {
        let scene = Scene::new(&[&card]).await;
        let key = scene.authentication_key(&card).await;
        for scheme in key.schemes.clone() {
            let (input, data) = match scheme {
                Scheme::RsaPkcs1 => (Input::DigestInfo, [SHA256.as_slice(), &digest()].concat()),
                Scheme::RsaPkcs1Sha384 | Scheme::RsaPkcs1Sha512 => (Input::Message, MESSAGE.to_vec()),
                _ => (Input::Digest, digest()),
            };
            let wish = SignRequest { input, data: data.into(), ..request(card.serial(), &key, scheme) };
            let signature = scene.program_asks(&wish).await.expect("signed");
            assert!(fits(&key, scheme, &signature), "{:?}, {scheme:?}", card.family());
        }
        assert_eq!(scene.person.questions().len(), 1, "one PIN for all of them");
    }
}

#[tokio::test]
async fn the_prompt_names_the_program_the_card_and_the_tries_left() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.program_signs(&card).await.expect("signed");
    let question = scene.person.questions().remove(0);
    let said = &question.description;
    let program = this_program();
    // A long path is cut; the name of the program comes first.
    let name = program.rsplit('/').next().expect("a name");
    assert!(said.starts_with(&format!("Authentication requested by the program: {name} (/")), "{said}");
    assert!(said.contains(card.serial()) && said.contains("3 tries are left."), "{said}");
    let told = scene.audit();
    let line = told.iter().rfind(|line| line["event"] == "pkcs11").expect("a line");
    assert_eq!((&line["result"], &line["key"]), (&"done".into(), &"authentication".into()));
    assert_eq!((&line["program"], &line["card"]), (&program.into(), &card.serial().into()));
}

#[tokio::test]
async fn a_first_signature_takes_six_commands_and_a_later_one_five() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    card.counters().clear();
    scene.program_signs(&card).await.expect("signed");
    let log = card.counters().log();
    let verify = log.iter().position(|seen| seen.header.get(1) == Some(&0x20)).expect("a VERIFY");
    let lines: Vec<String> = log.iter().map(|seen| seen.line()).collect();
    // The directory is selected just before the PIN; what comes before that is the question for the tries left.
    assert_eq!(log.len() - (verify - 1), 6, "{lines:#?}");
    assert_eq!(verify - 1, 3, "{lines:#?}");
    card.counters().clear();
    scene.program_signs(&card).await.expect("signed");
    assert_eq!(card.counters().commands(), 5);
}

#[tokio::test]
async fn a_wrong_pin_is_asked_again_inside_the_same_signature() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.person.next(Answer::WrongPin).expect("a script");
    scene.program_signs(&card).await.expect("signed with the second PIN");
    let questions = scene.person.questions();
    assert_eq!(questions.len(), 2);
    assert_eq!(questions[1].error.as_deref(), Some("The PIN is wrong."));
    assert!(questions[1].description.contains("2 tries are left."), "{:?}", questions[1]);
    assert_eq!(card.pin_tries_spent(), 1);
}

#[tokio::test]
async fn the_last_try_is_a_question_of_its_own_and_the_blocked_card_is_told() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.person.always(Answer::WrongPin).expect("a script");
    // The person types two wrong PINs, and does not agree to risk the last try.
    for _ in 0..2 {
        scene.person.next(Answer::WrongPin).expect("a script");
    }
    scene.person.next(Answer::Cancel).expect("a script");
    assert_eq!(scene.program_signs(&card).await.expect_err("no"), "pin_cancelled");
    let kinds: Vec<_> = scene.person.questions().into_iter().map(|asked| asked.kind).collect();
    assert_eq!(kinds, ["GETPIN", "GETPIN", "CONFIRM"]);
    assert_eq!(card.tries_left(), 1);
    assert_eq!(scene.shown(&card).await.pin, Pin::FinalTry);
}

#[tokio::test]
async fn two_programs_at_the_same_time_cost_one_pin() {
    let card = cards::doctor_cps3();
    let scene = Scene::with(&[("pkcs11.default", "allow")], &[&card]).await;
    card.faults().slow(std::time::Duration::from_millis(5));
    let (ours, theirs, ours_too) = tokio::join!(
        scene.program_signs(&card),
        scene.other_program_signs(&card),
        scene.program_signs(&card)
    );
    for signed in [ours, theirs, ours_too] {
        signed.expect("signed");
    }
    assert_eq!(scene.person.questions().len(), 1);
}

#[tokio::test]
async fn a_program_that_is_asked_for_gets_what_another_one_unlocked_by_a_yes() {
    let card = cards::doctor_cps3();
    let rule = format!("{}=allow", this_program());
    let scene = Scene::with(&[("pkcs11.programs", &rule)], &[&card]).await;
    scene.program_signs(&card).await.expect("signed");
    for _ in 0..2 {
        scene.other_program_signs(&card).await.expect("the person agreed");
    }
    let questions = scene.person.questions();
    assert_eq!(questions.iter().map(|asked| asked.kind.as_str()).collect::<Vec<_>>(), ["GETPIN", "CONFIRM"]);
    assert!(questions[1].description.contains(&other_program()), "{:?}", questions[1]);
}

#[tokio::test]
async fn the_signature_key_asks_each_time_and_says_so() {
    for card in [cards::doctor_cps3(), cards::doctor_cps4()] {
        let settings = [("pkcs11.signature_key", "true"), ("pkcs11.default", "allow")];
        let scene = Scene::with(&settings, &[&card]).await;
        let shown = async |control: &mut cps_agent_api::client::Agent| {
            let tokens = control.pkcs11().await.expect("tokens");
            key_of(&crate::module_door::token_of(tokens, card.serial())?, Role::Signature)
        };
        let key = scene.until("the signature key", shown).await;
        assert_eq!(key.certificate.0, card.certificate(Purpose::Signature));
        assert!(key.always_authenticate && !key.inputs.contains(&Input::Raw));
        let message = SignRequest {
            input: Input::Message,
            data: MESSAGE.to_vec().into(),
            ..request(card.serial(), &key, Scheme::RsaPkcs1Sha256)
        };
        let info = [SHA256.as_slice(), &digest()].concat();
        let encoded = SignRequest {
            input: Input::DigestInfo,
            data: info.into(),
            ..request(card.serial(), &key, Scheme::RsaPkcs1)
        };
        let digested = request(card.serial(), &key, Scheme::RsaPkcs1Sha256);
        for (asked, wish) in [message, encoded, digested].into_iter().enumerate() {
            let signature = scene.program_asks(&wish).await.expect("signed");
            assert!(fits(&key, Scheme::RsaPkcs1Sha256, &signature), "{:?}", card.family());
            assert!(!card.verified());
            let questions = scene.person.questions();
            assert_eq!(questions.len(), asked + 1);
            let said = &questions[asked].description;
            assert!(said.starts_with("Signature of a document requested by the program: "), "{said}");
        }
        let line = scene.audit().into_iter().rfind(|line| line["event"] == "pkcs11").expect("a line");
        assert_eq!(line["key"], "signature");
    }
}

#[tokio::test]
async fn decipherment_asks_each_time_and_leaves_what_was_verified() {
    let card = cards::doctor_cps3();
    let scene = Scene::with(&[("pkcs11.decrypt", "true")], &[&card]).await;
    let key = scene.authentication_key(&card).await;
    assert!(key.decrypt);
    scene.program_signs(&card).await.expect("signed");
    // One, to the private exponent, is one: no padding of PKCS#1, and yet a decipherment that the card carries out.
    let one = [vec![0; 255], vec![1]].concat();
    for asked in 2..=3 {
        let refused = scene.program_deciphers(card.serial(), key.id.clone(), one.clone()).await;
        assert!(refused.is_err());
        let questions = scene.person.questions();
        assert_eq!(questions.len(), asked);
        let said = &questions[asked - 1].description;
        assert!(said.starts_with("Decipherment requested by the program: "), "{said}");
    }
    assert!(card.verified(), "what was kept for signatures is kept");
    scene.program_signs(&card).await.expect("without a question");
    assert_eq!(scene.person.questions().len(), 3);
}

#[tokio::test]
async fn an_ecps_token_signs_by_its_passphrase() {
    const PASSPHRASE: &str = "correct horse battery";
    let scene = Scene::new(&[]).await;
    for _ in 0..2 {
        scene.person.next(Answer::Type(PASSPHRASE.to_owned())).expect("a script");
    }
    let wish = TokenRequest {
        name: "mine".to_owned(),
        authority: "test".to_owned(),
        id: "899700990015".to_owned(),
        given_name: Some("CAMILLE".to_owned()),
        family_name: Some("EXEMPLE".to_owned()),
        profession: Some(10),
        screen: Default::default(),
    };
    let made = scene.control().await.add_token(&wish).await.expect("made");
    let serial = made.serial.expect("a serial number");
    let tokens = scene.control().await.pkcs11().await.expect("tokens");
    let slot = tokens.slots.into_iter().find(|slot| slot.reader == "mine").expect("a slot");
    assert!(!slot.hardware);
    let token = slot.token.expect("a token");
    assert_eq!((token.model.as_str(), token.serial.as_str()), ("e-CPS", serial.as_str()));
    let key = key_of(&token, Role::Authentication).expect("the key");
    assert_eq!(key.schemes, [Scheme::EcdsaP256Sha256]);
    let PublicKey::Ec { point, .. } = &key.public_key else { panic!("no P-256 key") };
    assert_eq!((point.0.len(), point.0[0]), (65, 0x04));
    let wish = request(&serial, &key, Scheme::EcdsaP256Sha256);
    scene.person.next(Answer::Type("wrong passphrase".to_owned())).expect("a script");
    scene.person.next(Answer::Type(PASSPHRASE.to_owned())).expect("a script");
    for _ in 0..2 {
        let signature = scene.program_asks(&wish).await.expect("signed");
        assert!(fits(&key, Scheme::EcdsaP256Sha256, &signature));
    }
    assert_eq!(scene.person.questions().len(), 4);
}
