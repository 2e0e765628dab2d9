//! What a program brings to a signature, in one piece or in parts, is what the key is asked to sign.

use crate::{
    host::{Host, call, with_parameter},
    stand_in::Manner,
    tokens::{RSA, cps3, cps4, soft},
};
use cps_agent_api::pkcs11::{Input, Scheme, SignRequest};
use pkcs11_sys::*;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use std::{ptr::null_mut, thread};

const SHA256_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];

fn digest_info() -> Vec<u8> {
    [SHA256_INFO.as_slice(), &[7; 32]].concat()
}

fn asked(host: &Host) -> (Scheme, Input, Vec<u8>) {
    let SignRequest { scheme, input, data, .. } = host.agent.signatures().pop().expect("a signature");
    (scheme, input, data.0)
}

#[test]
fn nothing_is_signed_without_a_beginning() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    let missing = CKR_OPERATION_NOT_INITIALIZED;
    assert_eq!(host.sign(session, b"x"), Err(missing));
    assert_eq!(host.sign_update(session, b"x"), Err(missing));
    assert_eq!(host.sign_final(session), Err(missing));
    assert_eq!(host.agent.signatures(), []);
}

#[test]
fn two_signatures_at_once_in_a_session_are_refused() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    let key = host.key(session);
    host.sign_init(session, CKM_RSA_PKCS, key).unwrap();
    assert_eq!(host.sign_init(session, CKM_RSA_PKCS, key), Err(CKR_OPERATION_ACTIVE));
    host.sign(session, &digest_info()).unwrap();
    host.sign_init(session, CKM_RSA_PKCS, key).unwrap();
}

#[test]
fn a_small_buffer_and_a_question_for_the_length_ask_no_agent_and_end_nothing() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    host.sign_init(session, CKM_RSA_PKCS, host.key(session)).unwrap();
    let mut data = digest_info();
    let (mut signature, mut length) = ([0; RSA], 0);
    let mut sign = |to, length: &mut CK_ULONG| {
        call!(C_Sign, session, data.as_mut_ptr(), 51, to, std::ptr::from_mut(length))
    };
    assert_eq!((sign(null_mut(), &mut length), length), (Ok(()), RSA as CK_ULONG));
    length = RSA as CK_ULONG - 1;
    let short = sign(signature.as_mut_ptr(), &mut length);
    assert_eq!((short, length), (Err(CKR_BUFFER_TOO_SMALL), RSA as CK_ULONG));
    assert_eq!(host.agent.signatures(), []);
    assert_eq!(sign(signature.as_mut_ptr(), &mut length), Ok(()));
    assert_eq!(signature, [0x5a; RSA]);
    assert_eq!(sign(signature.as_mut_ptr(), &mut length), Err(CKR_OPERATION_NOT_INITIALIZED));
}

#[test]
fn a_refusal_of_the_agent_ends_the_signature_with_its_reason() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    for (code, value) in [
        ("pin_cancelled", CKR_FUNCTION_CANCELED),
        ("pin_blocked", CKR_PIN_LOCKED),
        ("pin_wrong", CKR_PIN_INCORRECT),
        ("pin_no_prompter", CKR_USER_NOT_LOGGED_IN),
        ("program_refused", CKR_FUNCTION_CANCELED),
        ("program_denied", CKR_FUNCTION_REJECTED),
        ("key_not_offered", CKR_KEY_FUNCTION_NOT_PERMITTED),
        ("card_busy", CKR_DEVICE_ERROR),
        ("card_unsupported", CKR_KEY_FUNCTION_NOT_PERMITTED),
        ("a_code_from_the_future", CKR_FUNCTION_FAILED),
    ] {
        host.sign_init(session, CKM_RSA_PKCS, host.key(session)).unwrap();
        host.agent.manner(Manner::Refuse(code));
        assert_eq!(host.sign(session, &digest_info()), Err(value), "{code}");
        assert_eq!(host.sign(session, &digest_info()), Err(CKR_OPERATION_NOT_INITIALIZED), "{code}");
    }
}

#[test]
fn a_signature_of_the_wrong_length_is_none() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    for wrong in [Vec::new(), vec![1; RSA - 1], vec![1; RSA + 1]] {
        host.agent.manner(Manner::Give(wrong));
        host.sign_init(session, CKM_RSA_PKCS, host.key(session)).unwrap();
        assert_eq!(host.sign(session, &digest_info()), Err(CKR_DEVICE_ERROR));
    }
}

#[test]
fn data_that_does_not_fit_the_mechanism_is_refused_before_anybody_is_asked() {
    let host = Host::with(&[("A", Some(cps3("1"))), ("B", Some(cps4("2"))), ("C", Some(soft("3")))]);
    let slots = host.slots(true).unwrap();
    let sessions: Vec<_> = slots.iter().map(|slot| host.open(*slot).unwrap()).collect();
    let refuses = |session, kind, length| {
        host.sign_init(session, kind, host.key(session)).unwrap();
        assert_eq!(host.sign(session, &vec![1; length]), Err(CKR_DATA_LEN_RANGE), "{kind:#x} {length}");
    };
    refuses(sessions[0], CKM_RSA_PKCS, 103);
    refuses(sessions[0], CKM_RSA_PKCS, 1_000_000);
    refuses(sessions[1], CKM_RSA_PKCS, 246);
    refuses(sessions[1], CKM_RSA_X_509, RSA + 1);
    refuses(sessions[2], CKM_ECDSA, 0);
    let pss = CK_RSA_PKCS_PSS_PARAMS { hashAlg: CKM_SHA256, mgf: CKG_MGF1_SHA256, sLen: 32 };
    for length in [0, 31, 33] {
        let mut mechanism = with_parameter(CKM_RSA_PKCS_PSS, &pss);
        call!(C_SignInit, sessions[1], &raw mut mechanism, host.key(sessions[1])).unwrap();
        assert_eq!(host.sign(sessions[1], &vec![1; length]), Err(CKR_DATA_LEN_RANGE));
    }
    assert_eq!(host.agent.signatures(), []);
}

#[test]
fn parts_are_for_mechanisms_with_a_hash() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    host.sign_init(session, CKM_RSA_PKCS, host.key(session)).unwrap();
    assert_eq!(host.sign_update(session, b"part"), Err(CKR_FUNCTION_NOT_SUPPORTED));
    assert_eq!(host.sign_final(session), Err(CKR_OPERATION_NOT_INITIALIZED));
}

#[test]
fn parts_and_a_whole_do_not_mix_and_the_attempt_ends_the_signature() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    host.sign_init(session, CKM_SHA256_RSA_PKCS, host.key(session)).unwrap();
    host.sign_update(session, b"part").unwrap();
    assert_eq!(host.sign(session, b"whole"), Err(CKR_OPERATION_ACTIVE));
    assert_eq!(host.sign_final(session), Err(CKR_OPERATION_NOT_INITIALIZED));
    assert_eq!(host.agent.signatures(), []);
}

#[test]
fn an_empty_message_can_be_signed_in_parts_too() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    host.sign_init(session, CKM_SHA256_RSA_PKCS, host.key(session)).unwrap();
    host.sign_final(session).unwrap();
    assert_eq!(asked(&host).2, Sha256::digest(b"").to_vec());
}

#[test]
fn a_hash_made_here_is_the_same_in_parts_and_whole() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    for (kind, scheme, digest) in [
        (CKM_SHA256_RSA_PKCS, Scheme::RsaPkcs1Sha256, Sha256::digest(b"one two").to_vec()),
        (CKM_SHA384_RSA_PKCS, Scheme::RsaPkcs1Sha384, Sha384::digest(b"one two").to_vec()),
        (CKM_SHA512_RSA_PKCS, Scheme::RsaPkcs1Sha512, Sha512::digest(b"one two").to_vec()),
    ] {
        let expected = (scheme, Input::Digest, digest);
        host.sign_init(session, kind, host.key(session)).unwrap();
        host.sign(session, b"one two").unwrap();
        assert_eq!(asked(&host), expected);
        host.sign_init(session, kind, host.key(session)).unwrap();
        for part in ["one", "", " two"] {
            host.sign_update(session, part.as_bytes()).unwrap();
        }
        host.sign_final(session).unwrap();
        assert_eq!(asked(&host), expected);
    }
}

#[test]
fn a_card_that_finishes_the_hash_gets_the_message_or_of_a_long_one_its_digest() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    let key = host.class(session, CKO_PRIVATE_KEY)[1];
    host.sign_init(session, CKM_SHA256_RSA_PKCS, key).unwrap();
    host.sign(session, &[9; 32 * 1024]).unwrap();
    assert_eq!(asked(&host), (Scheme::RsaPkcs1Sha256, Input::Message, vec![9; 32 * 1024]));
    host.sign_init(session, CKM_SHA256_RSA_PKCS, key).unwrap();
    host.sign(session, &[9; 32 * 1024 + 1]).unwrap();
    let digest = Sha256::digest([9; 32 * 1024 + 1]).to_vec();
    assert_eq!(asked(&host), (Scheme::RsaPkcs1Sha256, Input::Digest, digest));
}

#[test]
fn a_digest_info_is_told_from_other_bytes() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    for (data, input) in [
        (digest_info(), Input::DigestInfo),
        (vec![3; 36], Input::Raw),
        ([digest_info(), vec![0]].concat(), Input::Raw),
    ] {
        host.sign_init(session, CKM_RSA_PKCS, host.key(session)).unwrap();
        host.sign(session, &data).unwrap();
        assert_eq!(asked(&host), (Scheme::RsaPkcs1, input, data));
    }
}

#[test]
fn a_card_that_makes_the_digest_info_itself_gets_the_digest_out_of_it() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    let key = host.class(session, CKO_PRIVATE_KEY)[1];
    host.sign_init(session, CKM_RSA_PKCS, key).unwrap();
    assert_eq!(host.sign(session, &[3; 36]), Err(CKR_DATA_LEN_RANGE));
    host.sign_init(session, CKM_RSA_PKCS, key).unwrap();
    host.sign(session, &digest_info()).unwrap();
    assert_eq!(asked(&host), (Scheme::RsaPkcs1Sha256, Input::Digest, vec![7; 32]));
}

#[test]
fn a_short_block_is_preceded_by_zeros() {
    let host = Host::with(&[("A", Some(cps4("1")))]);
    let session = host.session();
    host.sign_init(session, CKM_RSA_X_509, host.key(session)).unwrap();
    host.sign(session, &[5; 2]).unwrap();
    let block = [vec![0; RSA - 2], vec![5; 2]].concat();
    assert_eq!(asked(&host), (Scheme::RsaRaw, Input::Raw, block));
}

#[test]
fn ecdsa_takes_a_digest_of_any_length() {
    let host = Host::with(&[("A", Some(soft("1")))]);
    let session = host.session();
    host.agent.manner(Manner::Give(vec![1; 64]));
    for (data, sent) in [
        (vec![7; 32], vec![7; 32]),
        ([vec![7; 32], vec![8; 16]].concat(), vec![7; 32]),
        (vec![7; 20], [vec![0; 12], vec![7; 20]].concat()),
    ] {
        host.sign_init(session, CKM_ECDSA, host.key(session)).unwrap();
        assert_eq!(host.sign(session, &data).unwrap().len(), 64);
        assert_eq!(asked(&host), (Scheme::EcdsaP256Sha256, Input::Digest, sent));
    }
    host.sign_init(session, CKM_ECDSA_SHA256, host.key(session)).unwrap();
    host.sign(session, b"message").unwrap();
    let digest = Sha256::digest(b"message").to_vec();
    assert_eq!(asked(&host), (Scheme::EcdsaP256Sha256, Input::Digest, digest));
}

#[test]
fn the_agent_learns_which_key_of_which_card_and_where_a_prompt_may_appear() {
    let host = Host::with(&[("A", Some(cps3("99213845")))]);
    let session = host.session();
    host.sign_init(session, CKM_RSA_PKCS, host.class(session, CKO_PRIVATE_KEY)[0]).unwrap();
    host.sign(session, &digest_info()).unwrap();
    let request = host.agent.signatures().remove(0);
    assert_eq!((request.serial.as_str(), request.key.0.as_slice()), ("99213845", [0x80, 0x25, 2].as_slice()));
    assert!(request.screen.language.is_some());
    assert_eq!(request.screen.tty, None, "the terminal is the program's");
}

#[test]
fn while_a_person_is_asked_other_threads_go_on() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let (session, other) = (host.session(), host.session());
    host.sign_init(session, CKM_RSA_PKCS, host.key(session)).unwrap();
    host.agent.manner(Manner::Wait);
    thread::scope(|scope| {
        let signature = scope.spawn(|| host.sign(session, &digest_info()));
        host.agent.until_waiting(1);
        assert_eq!(host.class(other, CKO_CERTIFICATE).len(), 2);
        assert!(host.session_info(session).is_ok());
        host.agent.manner(Manner::Give(vec![1; RSA]));
        assert_eq!(signature.join().unwrap(), Ok(vec![1; RSA]));
    });
}

#[test]
fn the_end_of_the_library_ends_a_signature_that_waits() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    host.sign_init(session, CKM_RSA_PKCS, host.key(session)).unwrap();
    host.agent.manner(Manner::Wait);
    thread::scope(|scope| {
        let signature = scope.spawn(|| host.sign(session, &digest_info()));
        host.agent.until_waiting(1);
        call!(C_Finalize, null_mut()).unwrap();
        assert_eq!(signature.join().unwrap(), Err(CKR_CRYPTOKI_NOT_INITIALIZED));
    });
}
