//! What is refused before anybody is asked for a PIN.

use super::*;

/// An authentication key of a CPS4.
fn key() -> KeyInfo {
    KeyInfo {
        role: KeyRole::Authentication,
        id: vec![1],
        label: String::new(),
        certificate_label: String::new(),
        certificate: None,
        schemes: vec![Scheme::RsaPssSha256, Scheme::RsaPkcs1Sha256],
        needs_pin: true,
        longest_encoded: 245,
        block: 256,
        deciphers: true,
    }
}

fn refused(key: &KeyInfo, scheme: Word, input: Input, length: usize) -> Option<&'static str> {
    task(key, scheme, input, vec![1; length]).err().map(|failure| failure.code.word())
}

#[test]
fn a_scheme_the_key_lacks_is_refused() {
    for scheme in [Word::RsaPkcs1Sha384, Word::RsaPkcs1Sha512, Word::EcdsaP256Sha256] {
        for input in [Input::Message, Input::Digest] {
            assert_eq!(refused(&key(), scheme, input, 32), Some("card_unsupported"), "{scheme:?}");
        }
    }
    let plain = KeyInfo { longest_encoded: 0, block: 0, ..key() };
    assert_eq!(refused(&plain, Word::RsaPkcs1, Input::Raw, 32), Some("card_unsupported"));
    assert_eq!(refused(&plain, Word::RsaRaw, Input::Raw, 256), Some("card_unsupported"));
}

#[test]
fn data_of_another_length_is_refused() {
    for (scheme, input, length) in [
        (Word::RsaPkcs1Sha256, Input::Digest, 31),
        (Word::RsaPkcs1Sha256, Input::Digest, 48),
        (Word::RsaPssSha256, Input::Message, LONGEST_MESSAGE + 1),
        (Word::RsaPkcs1, Input::Raw, 0),
        (Word::RsaPkcs1, Input::DigestInfo, 246),
        (Word::RsaRaw, Input::Raw, 255),
    ] {
        assert_eq!(refused(&key(), scheme, input, length), Some("request_malformed"), "{scheme:?} {length}");
    }
}

#[test]
fn what_a_signature_key_would_refuse_is_refused_before_its_pin() {
    let signature = KeyInfo { role: KeyRole::Signature, longest_encoded: 51, block: 0, ..key() };
    let of_sha256 = [
        &[0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01][..],
        &[0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20],
        &[7; 32],
    ]
    .concat();
    let taken = |data: &[u8]| task(&signature, Word::RsaPkcs1, Input::DigestInfo, data.to_vec()).is_ok();
    assert!(taken(&of_sha256));
    for data in [&of_sha256[..50], &of_sha256[1..], &[7; 51], &[1]] {
        assert!(!taken(data), "{data:?}");
    }
}

#[test]
fn words_that_do_not_belong_together_are_refused() {
    for (scheme, input) in [
        (Word::RsaPkcs1, Input::Digest),
        (Word::RsaPkcs1, Input::Message),
        (Word::RsaRaw, Input::DigestInfo),
        (Word::RsaPkcs1Sha256, Input::Raw),
        (Word::RsaPkcs1Sha256, Input::Other),
        (Word::Other, Input::Message),
    ] {
        assert_eq!(refused(&key(), scheme, input, 32), Some("request_malformed"), "{scheme:?} {input:?}");
    }
}

#[test]
fn what_fits_is_taken() {
    let taken = |scheme, input, length| refused(&key(), scheme, input, length).is_none();
    assert!(taken(Word::RsaPssSha256, Input::Digest, 32));
    assert!(taken(Word::RsaPkcs1Sha256, Input::Message, 0));
    assert!(taken(Word::RsaPkcs1, Input::Raw, 245) && taken(Word::RsaRaw, Input::Raw, 256));
}
