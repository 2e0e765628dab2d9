//! Null where something must be, and lengths that cannot be, are refused.

use crate::{
    host::{Host, call, plain},
    tokens::{RSA, cps3},
};
use pkcs11_sys::*;
use std::ptr::null_mut;

const BAD: Result<(), CK_RV> = Err(CKR_ARGUMENTS_BAD);

#[test]
fn null_for_an_answer_is_refused() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let (slot, session) = (host.slots(true).unwrap()[0], host.session());
    let object = host.key(session);
    assert_eq!(call!(C_GetInfo, null_mut()), BAD);
    assert_eq!(call!(C_GetSlotList, CK_TRUE, null_mut(), null_mut()), BAD);
    assert_eq!(call!(C_GetSlotInfo, slot, null_mut()), BAD);
    assert_eq!(call!(C_GetTokenInfo, slot, null_mut()), BAD);
    assert_eq!(call!(C_GetMechanismList, slot, null_mut(), null_mut()), BAD);
    assert_eq!(call!(C_GetMechanismInfo, slot, CKM_RSA_PKCS, null_mut()), BAD);
    assert_eq!(call!(C_OpenSession, slot, CKF_SERIAL_SESSION, null_mut(), None, null_mut()), BAD);
    assert_eq!(call!(C_GetSessionInfo, session, null_mut()), BAD);
    assert_eq!(call!(C_GetObjectSize, session, object, null_mut()), BAD);
    assert_eq!(call!(C_GetAttributeValue, session, object, null_mut(), 1), BAD);
    assert_eq!(call!(C_FindObjectsInit, session, null_mut(), 1), BAD);
    assert_eq!(call!(C_SignInit, session, null_mut(), object), BAD);
    assert_eq!(call!(C_DecryptInit, session, null_mut(), object), BAD);
    assert_eq!(call!(C_DigestInit, session, null_mut()), BAD);
    assert_eq!(call!(C_GenerateRandom, session, null_mut(), 4), BAD);
    assert_eq!(host.token_info(slot).unwrap().ulSessionCount, 1);
}

#[test]
fn null_during_a_search_is_refused_and_the_search_goes_on() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    host.search(session, &[]).unwrap();
    let (mut object, mut count) = (0, 0);
    assert_eq!(call!(C_FindObjects, session, null_mut(), 1, &raw mut count), BAD);
    assert_eq!(call!(C_FindObjects, session, &raw mut object, 1, null_mut()), BAD);
    call!(C_FindObjects, session, &raw mut object, 1, &raw mut count).unwrap();
    assert_eq!(count, 1);
}

#[test]
fn null_during_a_signature_is_refused_and_ends_it() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    let (mut signature, mut length) = ([0; RSA], RSA as CK_ULONG);
    let begin = || host.sign_init(session, CKM_SHA256_RSA_PKCS, host.key(session)).unwrap();
    begin();
    assert_eq!(call!(C_Sign, session, null_mut(), 5, signature.as_mut_ptr(), &raw mut length), BAD);
    begin();
    assert_eq!(call!(C_Sign, session, null_mut(), 0, signature.as_mut_ptr(), null_mut()), BAD);
    begin();
    assert_eq!(call!(C_SignUpdate, session, null_mut(), 5), BAD);
    assert_eq!(host.sign_final(session), Err(CKR_OPERATION_NOT_INITIALIZED));
    assert_eq!(host.agent.signatures(), []);
}

#[test]
fn impossible_lengths_are_refused() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    let mut byte = 0_u8;
    let here = &raw mut byte;
    assert_eq!(call!(C_FindObjectsInit, session, here.cast(), CK_ULONG::MAX), BAD);
    let mut attribute = CK_ATTRIBUTE { type_: CKA_ID, pValue: here.cast(), ulValueLen: CK_ULONG::MAX };
    assert_eq!(call!(C_FindObjectsInit, session, &raw mut attribute, 1), BAD);
    assert_eq!(call!(C_GetAttributeValue, session, host.key(session), here.cast(), CK_ULONG::MAX), BAD);
    assert_eq!(call!(C_GenerateRandom, session, here, CK_ULONG::MAX), BAD);
    let mut mechanism = plain(CKM_SHA256);
    call!(C_DigestInit, session, &raw mut mechanism).unwrap();
    assert_eq!(call!(C_DigestUpdate, session, here, CK_ULONG::MAX), BAD);
}

#[test]
fn an_answer_may_take_the_place_of_the_question() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    host.sign_init(session, CKM_SHA256_RSA_PKCS, host.key(session)).unwrap();
    let (mut same, mut length) = ([1_u8; RSA], RSA as CK_ULONG);
    let here = same.as_mut_ptr();
    call!(C_Sign, session, here, RSA as CK_ULONG, here, &raw mut length).unwrap();
    assert_eq!(same, [0x5a; RSA]);
}
