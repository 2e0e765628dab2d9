//! `C_Decrypt`, for a key that may.

use crate::{
    host::{Host, call, plain},
    stand_in::Manner,
    tokens::{RSA, cps3, soft},
};
use pkcs11_sys::*;
use std::ptr::null_mut;

fn init(session: CK_SESSION_HANDLE, kind: CK_MECHANISM_TYPE, key: CK_OBJECT_HANDLE) -> Result<(), CK_RV> {
    let mut mechanism = plain(kind);
    call!(C_DecryptInit, session, &raw mut mechanism, key)
}

fn decrypt(session: CK_SESSION_HANDLE, cryptogram: &[u8], to: &mut [u8]) -> (Result<(), CK_RV>, CK_ULONG) {
    let mut length = to.len() as CK_ULONG;
    let from = cryptogram.as_ptr().cast_mut();
    let count = cryptogram.len() as CK_ULONG;
    (call!(C_Decrypt, session, from, count, to.as_mut_ptr(), &raw mut length), length)
}

#[test]
fn a_key_that_may_not_is_refused() {
    let host = Host::with(&[("A", Some(cps3("1"))), ("B", Some(soft("2")))]);
    let slots = host.slots(true).unwrap();
    let session = host.open(slots[0]).unwrap();
    let keys = host.class(session, CKO_PRIVATE_KEY);
    assert_eq!(init(session, CKM_RSA_PKCS, keys[1]), Err(CKR_KEY_FUNCTION_NOT_PERMITTED));
    assert_eq!(init(session, CKM_RSA_X_509, keys[0]), Err(CKR_MECHANISM_INVALID));
    assert_eq!(init(session, CKM_RSA_PKCS, 0), Err(CKR_KEY_HANDLE_INVALID));
    let curve = host.open(slots[1]).unwrap();
    assert_eq!(init(curve, CKM_RSA_PKCS, host.key(curve)), Err(CKR_KEY_TYPE_INCONSISTENT));
}

#[test]
fn nothing_is_deciphered_without_a_beginning_or_twice() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    assert_eq!(decrypt(session, &[1; RSA], &mut [0; RSA]).0, Err(CKR_OPERATION_NOT_INITIALIZED));
    init(session, CKM_RSA_PKCS, host.key(session)).unwrap();
    assert_eq!(init(session, CKM_RSA_PKCS, host.key(session)), Err(CKR_OPERATION_ACTIVE));
    host.agent.manner(Manner::Refuse("pin_cancelled"));
    assert_eq!(decrypt(session, &[1; RSA], &mut [0; RSA]).0, Err(CKR_FUNCTION_CANCELED));
    assert_eq!(decrypt(session, &[1; RSA], &mut [0; RSA]).0, Err(CKR_OPERATION_NOT_INITIALIZED));
}

#[test]
fn a_cryptogram_is_as_long_as_the_modulus() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    for length in [0, RSA - 1, RSA + 1] {
        init(session, CKM_RSA_PKCS, host.key(session)).unwrap();
        let refused = decrypt(session, &vec![1; length], &mut [0; RSA]);
        assert_eq!(refused.0, Err(CKR_ENCRYPTED_DATA_LEN_RANGE));
    }
    assert_eq!(host.agent.decipherments(), []);
}

#[test]
fn a_buffer_too_small_asks_the_person_once_only() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    host.agent.manner(Manner::Give(b"plaintext".to_vec()));
    init(session, CKM_RSA_PKCS, host.key(session)).unwrap();
    let mut length = 0;
    let cryptogram = [1; RSA].as_mut_ptr();
    call!(C_Decrypt, session, cryptogram, RSA as CK_ULONG, null_mut(), &raw mut length).unwrap();
    assert_eq!((length, host.agent.decipherments().len()), (RSA as CK_ULONG - 11, 0));
    assert_eq!(decrypt(session, &[1; RSA], &mut [0; 8]), (Err(CKR_BUFFER_TOO_SMALL), 9));
    let mut plaintext = [0; 9];
    assert_eq!(decrypt(session, &[1; RSA], &mut plaintext), (Ok(()), 9));
    assert_eq!((&plaintext, host.agent.decipherments().len()), (b"plaintext", 1));
}
