//! What is on a token: certificates, public and private keys, with the attributes that programs look for.

use crate::{
    host::{Host, call},
    tokens::{RSA, cps3, soft},
};
use pkcs11_sys::*;
use std::ptr::null_mut;

fn number(value: CK_ULONG) -> [u8; size_of::<CK_ULONG>()] {
    value.to_ne_bytes()
}

#[test]
fn a_search_has_a_beginning_and_an_end() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    let (mut found, mut count) = ([0; 2], 0);
    let next = |found: &mut [_; 2], count: &mut CK_ULONG| {
        call!(C_FindObjects, session, found.as_mut_ptr(), 2, std::ptr::from_mut(count))
    };
    assert_eq!(next(&mut found, &mut count), Err(CKR_OPERATION_NOT_INITIALIZED));
    assert_eq!(call!(C_FindObjectsFinal, session), Err(CKR_OPERATION_NOT_INITIALIZED));
    host.search(session, &[]).unwrap();
    assert_eq!(host.search(session, &[]), Err(CKR_OPERATION_ACTIVE));
    let mut all: Vec<CK_OBJECT_HANDLE> = Vec::new();
    loop {
        next(&mut found, &mut count).unwrap();
        if count == 0 {
            break;
        }
        all.extend(&found[..count as usize]);
    }
    call!(C_FindObjectsFinal, session).unwrap();
    assert_eq!(all.len(), 6, "a certificate and two keys, twice");
    assert_eq!(call!(C_FindObjectsFinal, session), Err(CKR_OPERATION_NOT_INITIALIZED));
}

#[test]
fn a_search_finds_what_meets_every_attribute() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    let id = &[0x80, 0x25, 2];
    let private = &number(CKO_PRIVATE_KEY);
    let find = |template: &[(CK_ATTRIBUTE_TYPE, &[u8])]| host.find(session, template).unwrap().len();
    assert_eq!(find(&[(CKA_ID, id)]), 3);
    assert_eq!(find(&[(CKA_ID, id), (CKA_CLASS, private), (CKA_SIGN, &[1])]), 1);
    assert_eq!(find(&[(CKA_ID, id), (CKA_CLASS, private), (CKA_SIGN, &[0])]), 0);
    assert_eq!(find(&[(CKA_LABEL, b"CPS_PRIV_AUT")]), 1);
    assert_eq!(find(&[(CKA_LABEL, b"CPS_PRIV")]), 0);
    assert_eq!(find(&[(CKA_TOKEN, &[1])]), 6);
    assert_eq!(find(&[(CKA_TOKEN, &[0])]), 0);
    assert_eq!(find(&[(CKA_CLASS, &number(CKO_DATA))]), 0);
    assert_eq!(find(&[(CKA_VENDOR_DEFINED | 1, &[])]), 0);
}

#[test]
fn a_certificate_has_what_browsers_look_for() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    let certificate = host.class(session, CKO_CERTIFICATE)[0];
    for (kind, value) in [
        (CKA_CERTIFICATE_TYPE, number(CKC_X_509).as_slice()),
        (CKA_CERTIFICATE_CATEGORY, &number(CK_CERTIFICATE_CATEGORY_TOKEN_USER)),
        (CKA_LABEL, "Certificat d'Authentification CPS".as_bytes()),
        (CKA_ID, &[0x80, 0x25, 2]),
        (CKA_SUBJECT, &[0x30, 1, 2]),
        (CKA_ISSUER, &[0x30, 1, 0xff]),
        (CKA_SERIAL_NUMBER, &[2, 1, 2]),
        (CKA_VALUE, &[0x30, 3, 2, 1, 2]),
        (CKA_START_DATE, b"20240101"),
        (CKA_END_DATE, b"20300101"),
        (CKA_TRUSTED, &[0]),
        (CKA_TOKEN, &[1]),
        (CKA_PRIVATE, &[0]),
        (CKA_MODIFIABLE, &[0]),
    ] {
        assert_eq!(host.attribute(session, certificate, kind).as_deref(), Ok(value), "{kind:#x}");
    }
}

#[test]
fn a_public_key_carries_the_label_that_is_usual_for_the_cps() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    let key = host.class(session, CKO_PUBLIC_KEY)[0];
    for (kind, value) in [
        (CKA_LABEL, "Cle publique - Certificat d'Authentification CPS".as_bytes()),
        (CKA_KEY_TYPE, &number(CKK_RSA)),
        (CKA_MODULUS_BITS, &number(2048)),
        (CKA_PUBLIC_EXPONENT, &[1, 0, 1]),
        (CKA_VERIFY, &[1]),
    ] {
        assert_eq!(host.attribute(session, key, kind).as_deref(), Ok(value), "{kind:#x}");
    }
    assert_eq!(host.attribute(session, key, CKA_MODULUS).unwrap().len(), RSA);
}

#[test]
fn a_private_key_says_what_it_does_and_never_what_it_is() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    let keys = host.class(session, CKO_PRIVATE_KEY);
    let flag = |key, kind| host.attribute(session, key, kind).unwrap() == [1];
    for key in &keys {
        for secret in
            [CKA_PRIVATE_EXPONENT, CKA_PRIME_1, CKA_PRIME_2, CKA_EXPONENT_1, CKA_COEFFICIENT, CKA_VALUE]
        {
            assert_eq!(host.attribute(session, *key, secret), Err(CKR_ATTRIBUTE_SENSITIVE));
        }
        for yes in [CKA_SENSITIVE, CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE, CKA_SIGN, CKA_TOKEN] {
            assert!(flag(*key, yes), "{yes:#x}");
        }
        // The agent asks each time where it must: a program that saw the attribute would ask as well.
        for no in
            [CKA_EXTRACTABLE, CKA_MODIFIABLE, CKA_UNWRAP, CKA_DERIVE, CKA_ALWAYS_AUTHENTICATE, CKA_PRIVATE]
        {
            assert!(!flag(*key, no), "{no:#x}");
        }
    }
    assert_eq!([flag(keys[0], CKA_DECRYPT), flag(keys[1], CKA_DECRYPT)], [true, false]);
}

#[test]
fn a_curve_is_named_and_its_point_is_wrapped() {
    let host = Host::with(&[("A", Some(soft("1")))]);
    let session = host.session();
    let key = host.class(session, CKO_PUBLIC_KEY)[0];
    assert_eq!(host.attribute(session, key, CKA_KEY_TYPE).unwrap(), number(CKK_EC));
    assert_eq!(host.attribute(session, key, CKA_EC_PARAMS).unwrap()[..2], [0x06, 0x08]);
    assert_eq!(host.attribute(session, key, CKA_EC_POINT).unwrap()[..3], [0x04, 65, 0x04]);
    let private = host.key(session);
    assert_eq!(host.attribute(session, private, CKA_VALUE), Err(CKR_ATTRIBUTE_SENSITIVE));
}

#[test]
fn an_unknown_attribute_or_object_is_said_to_be_so() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    let certificate = host.class(session, CKO_CERTIFICATE)[0];
    assert_eq!(host.attribute(session, certificate, CKA_MODULUS), Err(CKR_ATTRIBUTE_TYPE_INVALID));
    assert_eq!(host.attribute(session, certificate, CKA_PRIVATE_EXPONENT), Err(CKR_ATTRIBUTE_TYPE_INVALID));
    for object in [0, certificate + 100, CK_OBJECT_HANDLE::MAX] {
        assert_eq!(host.attribute(session, object, CKA_CLASS), Err(CKR_OBJECT_HANDLE_INVALID));
        let mut size = 0;
        assert_eq!(call!(C_GetObjectSize, session, object, &raw mut size), Err(CKR_OBJECT_HANDLE_INVALID));
    }
}

#[test]
fn one_attribute_that_fails_does_not_keep_the_others_from_being_told() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    let key = host.key(session);
    let mut label = [0_u8; 64];
    let mut short = [0_u8; 1];
    let mut asked = [
        CK_ATTRIBUTE { type_: CKA_PRIME_1, pValue: null_mut(), ulValueLen: 0 },
        CK_ATTRIBUTE { type_: CKA_LABEL, pValue: label.as_mut_ptr().cast(), ulValueLen: 64 },
        CK_ATTRIBUTE { type_: CKA_ID, pValue: short.as_mut_ptr().cast(), ulValueLen: 1 },
        CK_ATTRIBUTE { type_: CKA_MODULUS, pValue: null_mut(), ulValueLen: 7 },
        CK_ATTRIBUTE { type_: CKA_VERIFY, pValue: null_mut(), ulValueLen: 0 },
    ];
    let told = call!(C_GetAttributeValue, session, key, asked.as_mut_ptr(), 5);
    assert_eq!(told, Err(CKR_ATTRIBUTE_SENSITIVE));
    let lengths: Vec<_> = asked.iter().map(|attribute| attribute.ulValueLen).collect();
    let missing = CK_UNAVAILABLE_INFORMATION;
    assert_eq!(lengths, [missing, 12, missing, RSA as CK_ULONG, missing]);
    assert_eq!(&label[..12], b"CPS_PRIV_AUT");
    assert_eq!(short, [0]);
    asked[2].ulValueLen = 1;
    let told = call!(C_GetAttributeValue, session, key, &raw mut asked[2], 1);
    assert_eq!(told, Err(CKR_BUFFER_TOO_SMALL));
}

#[test]
fn the_size_of_an_object_is_that_of_its_values() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    let mut size = 0;
    call!(C_GetObjectSize, session, host.key(session), &raw mut size).unwrap();
    assert!(size > RSA as CK_ULONG);
}
