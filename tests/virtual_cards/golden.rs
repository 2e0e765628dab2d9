//! The scripts of `cps-card.md` §15, byte for byte, with signatures checked by ring.

use super::script::{hex, play};
use cps_sandbox::card::{CardBuilder, CardHandle, Cps4Model, Family};
use cps_sandbox::pki::{Purpose, holder::DOCTOR};
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use x509_parser::prelude::{FromDer, X509Certificate};

const MESSAGE: &[u8] = b"challenge-for-the-CPS-card-0123456789";

fn card(family: Family, serial: &str) -> CardHandle {
    CardBuilder::new(family, &DOCTOR).serial(serial).build()
}

/// Checks a signature over [`MESSAGE`] with the public key of the card's certificate.
fn verify(
    card: &CardHandle,
    purpose: Purpose,
    algorithm: &'static dyn VerificationAlgorithm,
    signature: &[u8],
) {
    let (_, certificate) = X509Certificate::from_der(card.certificate(purpose)).unwrap();
    let key = UnparsedPublicKey::new(algorithm, &certificate.public_key().subject_public_key.data);
    key.verify(MESSAGE, signature).expect("a signature that verifies");
}

#[test]
fn cps3_contact() {
    let card = card(Family::Cps3, "99213845");
    // The script's certificate has 932 bytes.
    let certificate: Vec<u8> = (0..932_u32).map(|place| place.to_le_bytes()[0]).collect();
    card.faults().replace_file("3F00/0001/A002", &certificate);
    let read = play(
        &card,
        "> 00 A4 09 04 04 3F 00 D0 03
         < 61 27
         > 00 C0 00 00 27
         < 62 25 80 02 00 0C 82 01 01 83 02 D0 03 88 01 E0 A1 12 8C 07 7B FF FF FF FF FF 00 9C 07 7B FF FF FF FF FF 00 8A 01 05  90 00
         > 00 B0 00 00 0C
         < 5A 0A 80 25 00 00 01 99 21 38 45 0F  90 00
         authentication certificate, in pieces of E7
         > 00 A4 09 04 06 3F 00 00 01 A0 02
         < 61 26
         > 00 C0 00 00 26
         < 62 24 80 02 03 A4 82 01 01 83 02 A0 02 88 00 A1 12 8C 07 7B FF FF FF FF FF 00 9C 07 7B FF FF FF FF FF 00 8A 01 05  90 00
         > 00 B0 00 00 E7
         < 231 bytes  90 00
         > 00 B0 00 E7 E7
         < 231 bytes  90 00
         > 00 B0 01 CE E7
         < 231 bytes  90 00
         > 00 B0 02 B5 E7
         < 231 bytes  90 00
         > 00 B0 03 9C 08
         < 8 bytes  90 00",
    );
    assert_eq!(read.concat(), certificate);
    play(
        &card,
        "tries left
         > 00 A4 09 0C 02 3F 00
         < 90 00
         > 00 CB 3F FF 0A 4D 08 70 06 BF 81 01 02 A0 80
         < 61 18
         > 00 C0 00 00 18
         < 70 16 BF 81 01 12 A0 10 9A 01 03 9B 01 03 A1 08 8C 06 F3 00 00 13 FF 00  90 00
         wrong PIN, then the right one
         > 00 20 00 01 04 39 39 39 39
         < 63 C2
         > 00 20 00 01 04 31 32 33 34
         < 90 00",
    );
    let signature = play(
        &card,
        "authentication key, DigestInfo made by the host
         > 00 A4 09 0C 04 3F 00 00 01
         < 90 00
         > 00 22 41 A4 06 80 01 02 84 01 82
         < 90 00
         > 00 88 00 00 33 30 31 30 0D 06 09 60 86 48 01 65 03 04 02 01 05 00 04 20 CA B0 20 9B 7A 00 98 8D B5 2C D0 BD 23 52 81 94 16 6E 37 78 E1 29 55 62 0E A4 31 14 72 62 94 AD
         < 61 00
         > 00 C0 00 00 E7
         < 231 bytes  61 19
         > 00 C0 00 00 19
         < 25 bytes  90 00",
    );
    verify(&card, Purpose::Authentication, &RSA_PKCS1_2048_8192_SHA256, &signature.concat());
    let signature = play(
        &card,
        "signature key, hash made by the card
         > 00 A4 09 0C 04 3F 00 00 01
         < 90 00
         > 00 22 41 AA 03 80 01 40
         < 90 00
         > 00 2A 90 A0 29 90 00 80 25 63 68 61 6C 6C 65 6E 67 65 2D 66 6F 72 2D 74 68 65 2D 43 50 53 2D 63 61 72 64 2D 30 31 32 33 34 35 36 37 38 39
         < 90 00
         > 00 22 41 B6 06 80 01 42 84 01 81
         < 90 00
         > 00 2A 9E 9A 00
         < 61 00
         > 00 C0 00 00 E7
         < 231 bytes  61 19
         > 00 C0 00 00 19
         < 25 bytes  90 00",
    );
    verify(&card, Purpose::Signature, &RSA_PKCS1_2048_8192_SHA256, &signature.concat());
}

#[test]
fn cps3_contactless() {
    let card = card(Family::Cps3Contactless, "99213845");
    let signature = play(
        &card,
        "> 00 A4 09 04 04 3F 00 D0 03 00
         < 62 25 80 02 00 0C 82 01 01 83 02 D0 03 88 01 E0 A1 12 8C 07 7B FF FF FF FF FF 00 9C 07 7B FF FF FF FF FF 00 8A 01 05  90 00
         > 00 B0 00 00 0C
         < 5A 0A 80 25 00 00 01 99 21 38 45 0F  90 00
         > 00 A4 09 0C 04 3F 00 00 02
         < 90 00
         > 00 22 41 A4 06 80 01 02 84 01 83
         < 90 00
         > 00 88 00 00 33 30 31 30 0D 06 09 60 86 48 01 65 03 04 02 01 05 00 04 20 CA B0 20 9B 7A 00 98 8D B5 2C D0 BD 23 52 81 94 16 6E 37 78 E1 29 55 62 0E A4 31 14 72 62 94 AD 00
         < 256 bytes  90 00
         > 00 20 00 01 04 31 32 33 34
         < 69 82",
    );
    verify(&card, Purpose::Technical, &RSA_PKCS1_2048_8192_SHA256, &signature.concat());
}

#[test]
fn cps4() {
    let card = card(Family::Cps4(Cps4Model::Release), "44000123");
    card.faults().replace_file("3F00/0001/A002", &[0xA5; 932]);
    let answers = play(
        &card,
        "> 01 A4 04 0C 08 80 25 00 00 01 FF 01 00
         < 90 00
         > 01 A4 08 00 02 D0 03 00
         < 6F 0E 80 02 00 0C 82 01 01 83 02 D0 03 8A 01 05  90 00
         > 01 B0 00 00 0C
         < 5A 0A 80 25 00 00 01 44 00 01 23 5F  90 00
         > 01 A4 08 00 04 00 01 A0 02 00
         < 6F 0E 80 02 03 A4 82 01 01 83 02 A0 02 8A 01 05  90 00
         > 01 B0 00 00 00
         < 256 bytes  90 00
         > 01 B0 01 00 00
         < 256 bytes  90 00
         > 01 B0 02 00 00
         < 256 bytes  90 00
         > 01 B0 03 00 A4
         < 164 bytes  90 00
         > 01 20 00 11
         < 63 C3
         > 01 20 00 11 04 31 32 33 34
         < 90 00
         > 01 A4 08 00 02 00 01 00
         < 6F 0A 82 01 38 83 02 00 01 8A 01 05  90 00
         signature key, PKCS#1 v1.5
         > 01 22 81 B6 04 91 02 28 90
         < 90 00
         > 01 2A 9E 9A 20 CA B0 20 9B 7A 00 98 8D B5 2C D0 BD 23 52 81 94 16 6E 37 78 E1 29 55 62 0E A4 31 14 72 62 94 AD 00
         < 256 bytes  90 00
         authentication key, PSS
         > 01 22 81 B6 04 91 02 2C A0
         < 90 00
         > 01 2A 9E 9A 20 CA B0 20 9B 7A 00 98 8D B5 2C D0 BD 23 52 81 94 16 6E 37 78 E1 29 55 62 0E A4 31 14 72 62 94 AD 00
         < 256 bytes  90 00",
    );
    verify(&card, Purpose::Signature, &RSA_PKCS1_2048_8192_SHA256, &answers[4]);
    verify(&card, Purpose::Authentication, &RSA_PSS_2048_8192_SHA256, &answers[5]);

    let digest_info = "3031300D060960864801650304020105000420
        CAB0209B7A00988DB52CD0BD2352819416 6E3778E12955620EA43114726294AD";
    let first = [hex("112A8086FF0001"), vec![0xFF; 202], vec![0], hex(digest_info)[..50].to_vec()].concat();
    let signature = play(
        &card,
        &format!(
            "authentication key, raw RSA through decipher
             > 01 22 41 B8 03 83 01 20
             < 90 00
             > {}
             < 90 00
             > 01 2A 80 86 01 AD 00
             < 256 bytes  90 00",
            super::script::text(&first)
        ),
    );
    verify(&card, Purpose::Authentication, &RSA_PKCS1_2048_8192_SHA256, &signature.concat());
}

#[test]
fn cps4_in_t0_announces_its_answers() {
    let card = card(Family::Cps4(Cps4Model::CandidateT0), "44000123");
    let answers = play(
        &card,
        "> 01 A4 04 0C 08 80 25 00 00 01 FF 01 00
         < 90 00
         > 01 A4 08 00 02 D0 03
         < 61 10
         > 01 C0 00 00 10
         < 6F 0E 80 02 00 0C 82 01 01 83 02 D0 03 8A 01 05  90 00
         > 01 20 00 11 00
         < 63 C3
         > 01 20 00 11 04 31 32 33 34
         < 90 00
         > 01 A4 08 00 02 00 01
         < 61 0C
         > 01 22 81 B6 04 91 02 28 90
         < 90 00
         > 01 2A 9E 9A 20 CA B0 20 9B 7A 00 98 8D B5 2C D0 BD 23 52 81 94 16 6E 37 78 E1 29 55 62 0E A4 31 14 72 62 94 AD
         < 61 00
         > 01 C0 00 00 00
         < 256 bytes  90 00",
    );
    verify(&card, Purpose::Signature, &RSA_PKCS1_2048_8192_SHA256, &answers[0]);
}
