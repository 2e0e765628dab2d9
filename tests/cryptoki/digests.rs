//! Digests, without any card.

use crate::{
    host::{Host, call, plain, with_parameter},
    tokens::cps3,
};
use pkcs11_sys::*;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use std::ptr::null_mut;

fn init(session: CK_SESSION_HANDLE, kind: CK_MECHANISM_TYPE) -> Result<(), CK_RV> {
    let mut mechanism = plain(kind);
    call!(C_DigestInit, session, &raw mut mechanism)
}

fn update(session: CK_SESSION_HANDLE, part: &[u8]) -> Result<(), CK_RV> {
    call!(C_DigestUpdate, session, part.as_ptr().cast_mut(), part.len() as CK_ULONG)
}

fn whole(session: CK_SESSION_HANDLE, data: &[u8], room: usize) -> Result<Vec<u8>, CK_RV> {
    let (mut digest, mut length) = (vec![0; room], room as CK_ULONG);
    let from = data.as_ptr().cast_mut();
    call!(C_Digest, session, from, data.len() as CK_ULONG, digest.as_mut_ptr(), &raw mut length)?;
    digest.truncate(length as usize);
    Ok(digest)
}

fn last(session: CK_SESSION_HANDLE, room: usize) -> Result<Vec<u8>, CK_RV> {
    let (mut digest, mut length) = (vec![0; room], room as CK_ULONG);
    call!(C_DigestFinal, session, digest.as_mut_ptr(), &raw mut length)?;
    digest.truncate(length as usize);
    Ok(digest)
}

#[test]
fn a_digest_has_a_beginning_and_a_known_hash() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    assert_eq!(whole(session, b"x", 64), Err(CKR_OPERATION_NOT_INITIALIZED));
    assert_eq!(update(session, b"x"), Err(CKR_OPERATION_NOT_INITIALIZED));
    assert_eq!(last(session, 64), Err(CKR_OPERATION_NOT_INITIALIZED));
    assert_eq!(init(session, CKM_RSA_PKCS), Err(CKR_MECHANISM_INVALID));
    let mut mechanism = with_parameter(CKM_SHA256, &1_u8);
    assert_eq!(call!(C_DigestInit, session, &raw mut mechanism), Err(CKR_MECHANISM_PARAM_INVALID));
    init(session, CKM_SHA256).unwrap();
    assert_eq!(init(session, CKM_SHA256), Err(CKR_OPERATION_ACTIVE));
}

#[test]
fn a_buffer_too_small_ends_nothing() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    init(session, CKM_SHA256).unwrap();
    let mut length = 0;
    call!(C_Digest, session, null_mut(), 0, null_mut(), &raw mut length).unwrap();
    assert_eq!(length, 32);
    assert_eq!(whole(session, b"x", 31), Err(CKR_BUFFER_TOO_SMALL));
    assert_eq!(whole(session, b"x", 32), Ok(Sha256::digest(b"x").to_vec()));
    init(session, CKM_SHA256).unwrap();
    update(session, b"x").unwrap();
    assert_eq!(last(session, 31), Err(CKR_BUFFER_TOO_SMALL));
    assert_eq!(last(session, 32), Ok(Sha256::digest(b"x").to_vec()));
}

#[test]
fn parts_and_a_whole_do_not_mix_and_the_attempt_ends_the_digest() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    init(session, CKM_SHA256).unwrap();
    update(session, b"a").unwrap();
    assert_eq!(whole(session, b"b", 64), Err(CKR_OPERATION_ACTIVE));
    assert_eq!(last(session, 64), Err(CKR_OPERATION_NOT_INITIALIZED));
    init(session, CKM_SHA256).unwrap();
    assert_eq!(whole(session, b"a", 1), Err(CKR_BUFFER_TOO_SMALL));
    assert_eq!(update(session, b"b"), Err(CKR_OPERATION_ACTIVE));
    assert_eq!(whole(session, b"a", 64), Err(CKR_OPERATION_NOT_INITIALIZED));
}

#[test]
fn nothing_has_a_digest_too() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    init(session, CKM_SHA256).unwrap();
    assert_eq!(last(session, 64), Ok(Sha256::digest(b"").to_vec()));
}

#[test]
fn the_three_hashes_are_right() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    for (kind, digest) in [
        (CKM_SHA256, Sha256::digest(b"abc").to_vec()),
        (CKM_SHA384, Sha384::digest(b"abc").to_vec()),
        (CKM_SHA512, Sha512::digest(b"abc").to_vec()),
    ] {
        init(session, kind).unwrap();
        assert_eq!(whole(session, b"abc", 64), Ok(digest));
    }
}
