//! What a card cannot do, or only the agent may: each function answers, and none follows a pointer.

use crate::{
    host::{Host, call},
    tokens::cps3,
};
use pkcs11_sys::*;
use std::ptr::null_mut as null;

#[test]
fn nothing_on_a_card_is_changed() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let (slot, session) = (host.slots(true).unwrap()[0], host.session());
    let key = host.key(session);
    let protected = Err(CKR_SESSION_READ_ONLY);
    assert_eq!(call!(C_InitToken, slot, null(), 0, null()), Err(CKR_TOKEN_WRITE_PROTECTED));
    assert_eq!(call!(C_InitToken, 77, null(), 0, null()), Err(CKR_SLOT_ID_INVALID));
    assert_eq!(call!(C_InitPIN, session, null(), 0), protected);
    assert_eq!(call!(C_SetPIN, session, null(), 0, null(), 0), protected);
    assert_eq!(call!(C_CreateObject, session, null(), 0, null()), protected);
    assert_eq!(call!(C_CopyObject, session, key, null(), 0, null()), protected);
    assert_eq!(call!(C_DestroyObject, session, key), protected);
    assert_eq!(call!(C_SetAttributeValue, session, key, null(), 0), protected);
}

#[test]
fn what_is_not_offered_says_so() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    let missing = Err(CKR_FUNCTION_NOT_SUPPORTED);
    for answer in [
        call!(C_EncryptInit, session, null(), 0),
        call!(C_Encrypt, session, null(), 0, null(), null()),
        call!(C_DecryptUpdate, session, null(), 0, null(), null()),
        call!(C_DecryptFinal, session, null(), null()),
        call!(C_DigestKey, session, 0),
        call!(C_SignRecoverInit, session, null(), 0),
        call!(C_SignRecover, session, null(), 0, null(), null()),
        call!(C_VerifyInit, session, null(), 0),
        call!(C_Verify, session, null(), 0, null(), 0),
        call!(C_VerifyRecoverInit, session, null(), 0),
        call!(C_DigestEncryptUpdate, session, null(), 0, null(), null()),
        call!(C_GenerateKey, session, null(), null(), 0, null()),
        call!(C_GenerateKeyPair, session, null(), null(), 0, null(), 0, null(), null()),
        call!(C_WrapKey, session, null(), 0, 0, null(), null()),
        call!(C_UnwrapKey, session, null(), 0, null(), 0, null(), 0, null()),
        call!(C_DeriveKey, session, null(), 0, null(), 0, null()),
        call!(C_GetOperationState, session, null(), null()),
        call!(C_SetOperationState, session, null(), 0, 0, 0),
    ] {
        assert_eq!(answer, missing);
    }
    assert_eq!(call!(C_SeedRandom, session, null(), 0), Err(CKR_RANDOM_SEED_NOT_SUPPORTED));
    assert_eq!(call!(C_GetFunctionStatus, session), Err(CKR_FUNCTION_NOT_PARALLEL));
    assert_eq!(call!(C_CancelFunction, session), Err(CKR_FUNCTION_NOT_PARALLEL));
}

#[test]
fn a_wrong_session_is_named_before_anything_else() {
    let _host = Host::with(&[("A", Some(cps3("1")))]);
    let invalid = Err(CKR_SESSION_HANDLE_INVALID);
    assert_eq!(call!(C_EncryptInit, 9, null(), 0), invalid);
    assert_eq!(call!(C_DestroyObject, 9, 1), invalid);
    assert_eq!(call!(C_SetPIN, 9, null(), 0, null(), 0), invalid);
    assert_eq!(call!(C_GetFunctionStatus, 9), invalid);
}
