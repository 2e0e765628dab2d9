//! `pkcs11-tool` of OpenSC with our module and a card: it lists, it tests, it signs, and OpenSSL verifies.

use crate::{
    desk::{UNTOUCHED, counts},
    openssl::Judge,
    stage::{Stage, id_of, printed},
};
use cps_sandbox::{card::cards, pinentry::Answer};

/// Signs with every mechanism: name, file that is signed, further arguments; then hash and options of the verification.
type Case<'a> = (&'a str, &'a str, &'a [&'a str], &'a str, &'a [&'a str]);

const PKCS1: [Case<'static>; 4] = [
    ("RSA-PKCS", "digest_info", &[], "sha256", &[]),
    ("SHA256-RSA-PKCS", "message", &[], "sha256", &[]),
    ("SHA384-RSA-PKCS", "message", &[], "sha384", &[]),
    ("SHA512-RSA-PKCS", "message", &[], "sha512", &[]),
];

const PSS: [Case<'static>; 2] = [
    (
        "RSA-PKCS-PSS",
        "sha256",
        &["--hash-algorithm", "SHA256", "--mgf", "MGF1-SHA256", "--salt-len", "32"],
        "sha256",
        &["rsa_padding_mode:pss", "rsa_pss_saltlen:32"],
    ),
    ("SHA256-RSA-PKCS-PSS", "message", &[], "sha256", &["rsa_padding_mode:pss", "rsa_pss_saltlen:32"]),
];

fn signs(stage: &Stage, label: &str, cases: &[Case<'_>]) {
    let folder = tempfile::tempdir().expect("a folder");
    let id = id_of(label, &stage.told(&["--list-objects"]));
    let judge = Judge::of(folder.path(), &id, |arguments| stage.told(arguments));
    for (mechanism, input, further, hash, options) in cases {
        let (input, output) = (judge.path(input), judge.path("signature"));
        let sign = ["--sign", "--id", &id, "-m", mechanism, "--input-file", &input, "--output-file", &output];
        stage.told(&[sign.as_slice(), further].concat());
        judge.accepts(hash, options);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_pin_prompt_is_an_error_and_no_signature() {
    let stage = Stage::with(cards::doctor_cps3(), &[]).await;
    stage.workstation.person.always(Answer::Cancel).expect("a script");
    let folder = tempfile::tempdir().expect("a folder");
    let input = folder.path().join("input");
    std::fs::write(&input, "message").expect("a file");
    let output = stage.tool(&["--sign", "-m", "SHA256-RSA-PKCS", "--input-file", &input.to_string_lossy()]);
    let text = printed(&output);
    assert!(!output.status.success() && text.contains("CKR_FUNCTION_CANCELED"), "{text}");
    assert_eq!(counts(&stage.card), UNTOUCHED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cps3_is_listed_without_a_prompt() {
    let stage = Stage::with(cards::doctor_cps3(), &[]).await;
    let slots = stage.told(&["--list-slots"]);
    for line in [
        format!("serial num         : {}", stage.card.serial()),
        "token model        : IAS ECC".to_owned(),
        "token flags        : PIN pad present, rng, token initialized, PIN initialized, readonly".to_owned(),
    ] {
        assert!(slots.contains(&line), "{line}\n{slots}");
    }
    let objects = stage.told(&["--list-objects"]);
    for line in [
        "label:      Certificat d'Authentification CPS",
        "label:      Cle publique - Certificat d'Authentification CPS",
        "label:      CPS_PRIV_AUT",
        "Access:     sensitive, always sensitive, never extractable",
    ] {
        assert!(objects.contains(line), "{line}\n{objects}");
    }
    assert!(!objects.contains("CPS_PRIV_SIG"), "the signature key is switched off:\n{objects}");
    let mechanisms = stage.told(&["--list-mechanisms"]);
    for (mechanism, ..) in PKCS1 {
        assert!(mechanisms.contains(&format!("  {mechanism}, ")), "{mechanism}\n{mechanisms}");
    }
    for missing in ["PSS", "X-509", "SHA1", "decrypt", "verify"] {
        assert!(!mechanisms.contains(missing), "{missing}\n{mechanisms}");
    }
    assert!(stage.workstation.person.questions().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cps3_passes_the_test_and_signs_with_every_mechanism_for_one_pin() {
    let stage = Stage::with(cards::doctor_cps3(), &[]).await;
    stage.person_agrees();
    // The PIN on the command line satisfies the tool; it is wrong, and nobody looks at it.
    let text = stage.told(&["--test", "--login", "--pin", "9999"]);
    assert!(text.contains("No errors"), "{text}");
    for line in ["RSA-PKCS: OK", "SHA256-RSA-PKCS: OK", "SHA256: OK"] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    signs(&stage, "CPS_PRIV_AUT", &PKCS1);
    assert_eq!(stage.workstation.person.questions().len(), 1, "one PIN for all of it");
    assert_eq!(counts(&stage.card), UNTOUCHED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cps4_signs_with_pss_too() {
    let stage = Stage::with(cards::doctor_cps4(), &[]).await;
    stage.person_agrees();
    let text = stage.told(&["--test", "--login", "--pin", "9999"]);
    assert!(text.contains("No errors"), "{text}");
    signs(&stage, "CPS_PRIV_AUT", &PKCS1);
    signs(&stage, "CPS_PRIV_AUT", &PSS);
    assert_eq!(counts(&stage.card), UNTOUCHED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_may_decipher_does() {
    let settings = [("pkcs11", "decrypt", true.into())];
    for card in [cards::doctor_cps3(), cards::doctor_cps4()] {
        let stage = Stage::with(card, &settings).await;
        stage.person_agrees();
        let text = stage.told(&["--test", "--login", "--pin", "9999"]);
        assert!(text.contains("No errors"), "{text}");
        let (_, deciphered) = text.split_once("Decryption").expect("a part about decipherment");
        assert!(deciphered.contains("RSA-PKCS: OK"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_key_that_is_switched_on_signs_too() {
    let settings = [("pkcs11", "signature_key", true.into())];
    for card in [cards::doctor_cps3(), cards::doctor_cps4()] {
        let stage = Stage::with(card, &settings).await;
        stage.person_agrees();
        signs(&stage, "CPS_PRIV_SIG", &PKCS1[..2]);
        assert_eq!(stage.workstation.person.questions().len(), 2, "the PIN each time");
    }
}
