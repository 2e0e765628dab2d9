use super::*;
use crate::holder::{Check, Holder, PersonId};
use ring::rand::SystemRandom;
use std::sync::{LazyLock, Mutex};
use x509_parser::asn1_rs::FromDer;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::pem::Pem;
use zeroize::Zeroizing;

const NOW: i64 = 1_790_000_000;
const PASSPHRASE: &str = "douze lettres au moins";

fn pin(text: &str) -> Pin {
    Pin::new(Zeroizing::new(text.as_bytes().to_vec()))
}

fn with_pin(text: &str) -> Authorization {
    Authorization::Pin { pin: pin(text), last_try_accepted: false }
}

fn person() -> Person {
    Person {
        national_id: PersonId::new("899999999016").unwrap(),
        family_name: "TEST-MARTIN".to_owned(),
        given_name: "ÉLISE".to_owned(),
        title: "Médecin".to_owned(),
        profession: Some(10),
        specialities: vec!["SM26".to_owned()],
    }
}

fn make() -> TestToken {
    create_test(&SystemRandom::new(), pin(PASSPHRASE), &person(), NOW).unwrap()
}

/// One token for all tests that only read it: making one is slow by design.
fn made() -> &'static TestToken {
    static MADE: LazyLock<TestToken> = LazyLock::new(make);
    &MADE
}

fn opened(made: &TestToken) -> SoftToken {
    SoftToken::open(made.file.as_bytes(), "essai.pem").unwrap()
}

fn sign(token: &mut SoftToken, authorization: Authorization, hold: Hold) -> Result<Vec<u8>, Error> {
    let payload = Payload::Message(b"challenge");
    token.sign(KeyRole::Authentication, Scheme::EcdsaP256Sha256, payload, authorization, hold)
}

#[test]
fn a_passphrase_below_twelve_characters_is_refused_at_creation() {
    let short = create_test(&SystemRandom::new(), pin("onze lettre"), &person(), NOW);
    assert!(matches!(short, Err(Error::PinFormat { min: 12, max: 255 })));
    // Characters count, not bytes.
    let accents = request(&SystemRandom::new(), pin("éééééé"), &person());
    assert!(matches!(accents, Err(Error::PinFormat { .. })));
}

#[test]
fn signing_without_the_passphrase_is_refused() {
    let made = made();
    let mut token = opened(made);
    assert!(matches!(sign(&mut token, Authorization::Held, Hold::Session), Err(Error::PinRequired)));
}

#[test]
fn a_wrong_passphrase_spends_one_try_and_unlocks_nothing() {
    let made = made();
    let mut token = opened(made);
    let wrong = sign(&mut token, with_pin("douze lettres autres"), Hold::Session);
    assert!(matches!(wrong, Err(Error::WrongPin { left: Some(4) })));
    assert!(!token.pin_status().unwrap().unwrap().verified);
    assert!(matches!(sign(&mut token, Authorization::Held, Hold::Session), Err(Error::PinRequired)));
}

#[test]
fn a_passphrase_too_short_to_be_right_spends_no_try() {
    let made = made();
    let mut token = opened(made);
    assert!(matches!(sign(&mut token, with_pin("1234"), Hold::Session), Err(Error::PinFormat { .. })));
    assert_eq!(token.tries_left(), TRIES);
}

#[test]
fn the_last_try_needs_consent_and_then_the_token_is_blocked_even_for_the_right_passphrase() {
    let made = made();
    let mut token = opened(made).with_tries_left(1);
    assert!(matches!(sign(&mut token, with_pin(PASSPHRASE), Hold::Session), Err(Error::LastTry)));
    let last = Authorization::Pin { pin: pin("douze lettres autres"), last_try_accepted: true };
    assert!(matches!(sign(&mut token, last, Hold::Session), Err(Error::WrongPin { left: Some(0) })));
    assert!(matches!(sign(&mut token, with_pin(PASSPHRASE), Hold::Session), Err(Error::PinBlocked)));
    assert!(token.pin_status().unwrap().unwrap().blocked());
}

#[test]
fn the_right_passphrase_gives_all_tries_back() {
    let made = made();
    let mut token = opened(made).with_tries_left(2);
    sign(&mut token, with_pin(PASSPHRASE), Hold::Session).unwrap();
    assert_eq!(token.tries_left(), TRIES);
}

#[test]
fn a_signature_is_64_bytes_and_the_certificate_verifies_it() {
    let made = made();
    let mut token = opened(made);
    let signature = sign(&mut token, with_pin(PASSPHRASE), Hold::Session).unwrap();
    assert_eq!(signature.len(), 64);
    assert!(made.certificate.verifies(Scheme::EcdsaP256Sha256, b"challenge", &signature));
    assert!(!made.certificate.verifies(Scheme::EcdsaP256Sha256, b"challengf", &signature));
    assert!(!made.certificate.verifies(Scheme::RsaPkcs1Sha256, b"challenge", &signature));
}

#[test]
fn a_digest_is_signed_as_the_message_it_is_of() {
    let made = made();
    let mut token = opened(made);
    let digest = ring::digest::digest(&ring::digest::SHA256, b"challenge");
    let payload = Payload::Digest(digest.as_ref());
    let signature = token
        .sign(
            KeyRole::Authentication,
            Scheme::EcdsaP256Sha256,
            payload,
            with_pin(PASSPHRASE),
            Hold::Operation,
        )
        .unwrap();
    assert!(made.certificate.verifies(Scheme::EcdsaP256Sha256, b"challenge", &signature));
    let short = Payload::Digest(&[0; 20]);
    let refused = token.sign(
        KeyRole::Authentication,
        Scheme::EcdsaP256Sha256,
        short,
        with_pin(PASSPHRASE),
        Hold::Operation,
    );
    assert!(matches!(refused, Err(Error::Unsupported(_))));
}

#[test]
fn the_key_stays_unlocked_for_a_session_until_release_and_for_an_operation_not_at_all() {
    let made = made();
    let mut token = opened(made);
    sign(&mut token, with_pin(PASSPHRASE), Hold::Session).unwrap();
    sign(&mut token, Authorization::Held, Hold::Session).unwrap();
    token.release().unwrap();
    assert!(matches!(sign(&mut token, Authorization::Held, Hold::Session), Err(Error::PinRequired)));
    sign(&mut token, with_pin(PASSPHRASE), Hold::Operation).unwrap();
    assert!(matches!(sign(&mut token, Authorization::Held, Hold::Session), Err(Error::PinRequired)));
}

#[test]
fn it_signs_for_authentication_with_its_one_scheme_and_does_nothing_else() {
    let made = made();
    let mut token = opened(made);
    let mut try_with =
        |role, scheme| token.sign(role, scheme, Payload::Message(b""), with_pin(PASSPHRASE), Hold::Operation);
    assert!(matches!(try_with(KeyRole::Signature, Scheme::EcdsaP256Sha256), Err(Error::Unsupported(_))));
    assert!(matches!(try_with(KeyRole::Authentication, Scheme::RsaPkcs1Sha256), Err(Error::Unsupported(_))));
    assert!(matches!(token.decipher(&[], Authorization::Held, Hold::Operation), Err(Error::Unsupported(_))));
    assert_eq!(token.tries_left(), TRIES);
}

#[test]
fn the_test_certificate_has_the_shape_of_a_software_certificate_of_a_person() {
    let made = made();
    let holder = Holder::from_certificate(&made.certificate).unwrap();
    assert_eq!(holder.national_id.as_str(), "899999999016");
    assert_eq!(holder.national_id.check(), Check::Good);
    assert_eq!(holder.display_name().as_deref(), Some("ÉLISE TEST-MARTIN"));
    assert_eq!(holder.title.as_deref(), Some("Médecin"));
    assert_eq!(holder.profession.as_deref(), Some("10"));
    assert_eq!(holder.specialities, ["SM26"]);
    let category = holder.category.unwrap();
    assert!(category.is_software() && category.is_test() && category.code() == "83");
    assert_eq!(holder.card_number, None);
    let usage = made.certificate.key_usage().unwrap();
    assert!(usage.digital_signature && !usage.non_repudiation);
    assert!(made.certificate.extended_key_usage().unwrap().client_auth);
    // One RDN holds the names and the identifier.
    let rdn = made.certificate.subject().rsplit(", ").next().unwrap();
    assert_eq!(rdn.matches('+').count(), 2, "{rdn}");
}

#[test]
fn the_test_authority_signs_its_one_certificate_and_says_that_it_is_a_test() {
    let made = made();
    assert!(made.certificate.is_signed_by(&made.authority));
    assert!(made.authority.is_signed_by(&made.authority));
    assert!(!made.authority.is_signed_by(&made.certificate));
    assert!(made.authority.subject_common_name().unwrap().starts_with("TEST AC e-CPS "));
    let constraints = made.authority.basic_constraints().unwrap();
    assert!(constraints.authority && constraints.path_length == Some(0));
    assert!(made.authority.key_usage().unwrap().key_cert_sign);
    assert_eq!(made.certificate.authority_key_id(), made.authority.subject_key_id());
    assert!(made.certificate.not_before() <= NOW && NOW < made.certificate.not_after());
    assert_ne!(make().authority, made.authority);
}

#[test]
fn the_description_names_the_file_and_one_key_that_needs_the_passphrase() {
    let made = made();
    let description = opened(made).describe().unwrap();
    assert_eq!(description.kind, Kind::Soft);
    assert_eq!(description.place, "essai.pem");
    assert_eq!(description.serial, made.certificate.serial_hex());
    let key = description.key(KeyRole::Authentication).unwrap();
    assert_eq!(key.certificate.as_deref(), Some(&made.certificate));
    assert!(key.needs_pin);
    assert!(description.key(KeyRole::Signature).is_none());
}

#[test]
fn neither_the_token_nor_its_certificate_shows_a_name_in_debug_output() {
    let made = made();
    let mut token = opened(made);
    let shown = format!("{made:?} {token:?} {:?} {:?}", token.describe().unwrap(), person());
    let holder = Holder::from_certificate(&made.certificate);
    for text in [shown, format!("{holder:?} {:?}", made.certificate.subject_name())] {
        assert!(
            !text.contains("MARTIN") && !text.contains("LISE") && !text.contains("99999999016"),
            "{text}"
        );
    }
}

#[test]
fn a_requested_token_opens_only_once_its_own_certificate_is_in() {
    let asked = request(&SystemRandom::new(), pin(PASSPHRASE), &person()).unwrap();
    assert!(asked.request.starts_with("-----BEGIN CERTIFICATE REQUEST-----\n"));
    assert!(matches!(SoftToken::open(asked.file.as_bytes(), "x"), Err(Error::Token(_))));

    let foreign = &made().certificate;
    assert!(matches!(complete(asked.file.as_bytes(), foreign.der()), Err(Error::Token(_))));

    let issued = issue_for(&asked.request);
    let file = complete(asked.file.as_bytes(), &issued).unwrap();
    let mut token = SoftToken::open(file.as_bytes(), "x").unwrap();
    let signature = sign(&mut token, with_pin(PASSPHRASE), Hold::Session).unwrap();
    let certificate = Certificate::from_der(&issued).unwrap();
    assert!(certificate.verifies(Scheme::EcdsaP256Sha256, b"challenge", &signature));
    assert!(matches!(complete(file.as_bytes(), &issued), Err(Error::Token(_))), "completed twice");
}

/// An authority of another make checks the request and answers it.
fn issue_for(request: &str) -> Vec<u8> {
    let block = Pem::iter_from_buffer(request.as_bytes()).next().unwrap().unwrap();
    let (_, request) = X509CertificationRequest::from_der(&block.contents).unwrap();
    request.verify_signature().unwrap();
    let info = &request.certification_request_info;
    assert_eq!(info.subject.iter_common_name().next().unwrap().as_str(), Ok("899999999016"));
    let key = rcgen::SubjectPublicKeyInfo::from_der(info.subject_pki.raw).unwrap();
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let authority = rcgen::Issuer::new(rcgen::CertificateParams::default(), authority_key);
    rcgen::CertificateParams::default().signed_by(&key, &authority).unwrap().der().to_vec()
}

#[test]
fn a_changed_passphrase_is_kept_before_it_counts() {
    let made = made();
    let kept = Arc::new(Mutex::new(None));
    let place = Arc::clone(&kept);
    let mut token = opened(made).with_keeper(Box::new(move |file| {
        *place.lock().unwrap() = Some(file.to_owned());
        Ok(())
    }));
    let new = "une autre phrase longue";
    assert!(matches!(
        token.change_pin(with_pin("douze lettres autres"), pin(new)),
        Err(Error::WrongPin { .. })
    ));
    assert!(matches!(token.change_pin(with_pin(PASSPHRASE), pin("courte")), Err(Error::PinFormat { .. })));
    assert_eq!(*kept.lock().unwrap(), None);

    token.change_pin(with_pin(PASSPHRASE), pin(new)).unwrap();
    assert!(matches!(sign(&mut token, with_pin(PASSPHRASE), Hold::Session), Err(Error::WrongPin { .. })));
    let file = kept.lock().unwrap().clone().unwrap();
    let mut again = SoftToken::open(file.as_bytes(), "x").unwrap();
    sign(&mut again, with_pin(new), Hold::Session).unwrap();
}

#[test]
fn the_old_passphrase_stays_good_when_the_new_file_cannot_be_kept() {
    let made = made();
    let mut token = opened(made).with_keeper(Box::new(|_| Err(std::io::Error::other("disk full"))));
    let refused = token.change_pin(with_pin(PASSPHRASE), pin("une autre phrase longue"));
    assert!(matches!(refused, Err(Error::Token(_))));
    sign(&mut token, with_pin(PASSPHRASE), Hold::Session).unwrap();
}

#[test]
fn a_certificate_of_another_key_is_found_out_at_the_first_unlocking() {
    let (one, other) = (made(), make());
    let key = one.file.split("-----BEGIN CERTIFICATE").next().unwrap();
    let certificate = other.file.split_once("-----BEGIN CERTIFICATE").unwrap().1;
    let mixed = format!("{key}-----BEGIN CERTIFICATE{certificate}");
    let mut token = SoftToken::open(mixed.as_bytes(), "x").unwrap();
    assert!(matches!(sign(&mut token, with_pin(PASSPHRASE), Hold::Session), Err(Error::Token(_))));
}

#[test]
fn files_that_are_no_token_are_refused_by_name() {
    let made = made();
    let twice = format!("{0}{0}", made.file);
    let truncated = &made.file[..made.file.len() / 2];
    let plain_key = made.file.replace("ENCRYPTED PRIVATE KEY", "PRIVATE KEY");
    for file in ["", "hello", &twice, truncated, &plain_key, &"x".repeat(100_000)] {
        let Err(Error::Token(why)) = SoftToken::open(file.as_bytes(), "x") else { panic!("opened") };
        assert!(!why.contains("BEGIN"));
    }
}

#[test]
fn a_file_that_asks_for_hours_of_scrypt_is_refused_before_a_try_is_spent() {
    // The scrypt parameters stand in the key's DER as INTEGER 4000 (N), 08 (r), 05 (p).
    let made = made();
    let block = Pem::iter_from_buffer(made.file.as_bytes()).next().unwrap().unwrap();
    let ours = [0x02, 0x02, 0x40, 0x00, 0x02, 0x01, 0x08, 0x02, 0x01, 0x05];
    let at = block.contents.windows(ours.len()).position(|w| w == ours).expect("scrypt parameters");
    let certificate = made.file.split_once("-----BEGIN CERTIFICATE").unwrap().1;
    for (offset, value) in [(2, 0x7F), (2, 0x00), (6, 0x7F), (9, 0x7F), (9, 0x00)] {
        let mut key = block.contents.clone();
        key[at + offset] = value;
        let key =
            pkcs8::der::pem::encode_string("ENCRYPTED PRIVATE KEY", pkcs8::LineEnding::LF, &key).unwrap();
        let file = format!("{key}-----BEGIN CERTIFICATE{certificate}");
        let mut token = SoftToken::open(file.as_bytes(), "x").unwrap();
        let refused = sign(&mut token, with_pin(PASSPHRASE), Hold::Session);
        assert!(matches!(refused, Err(Error::Token(_))), "byte {offset} set to {value:02X}: {refused:?}");
        assert_eq!(token.tries_left(), TRIES);
    }
}
