//! A token offers the mechanisms of its keys and digests, and a key is used by its own only.

use crate::{
    host::{Host, call, plain, with_parameter},
    tokens::{cps3, cps4, soft},
};
use pkcs11_sys::*;

const PSS: CK_RSA_PKCS_PSS_PARAMS =
    CK_RSA_PKCS_PSS_PARAMS { hashAlg: CKM_SHA256, mgf: CKG_MGF1_SHA256, sLen: 32 };

fn init(session: CK_SESSION_HANDLE, mut mechanism: CK_MECHANISM, key: CK_OBJECT_HANDLE) -> Result<(), CK_RV> {
    call!(C_SignInit, session, &raw mut mechanism, key)
}

#[test]
fn an_unknown_mechanism_is_refused() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    let key = host.key(session);
    for kind in [CKM_RSA_PKCS_OAEP, CKM_SHA1_RSA_PKCS, CKM_SHA256, CKM_VENDOR_DEFINED, CK_MECHANISM_TYPE::MAX]
    {
        assert_eq!(host.sign_init(session, kind, key), Err(CKR_MECHANISM_INVALID));
        let slot = host.slots(true).unwrap()[0];
        if kind != CKM_SHA256 {
            assert_eq!(host.mechanism_info(slot, kind).unwrap_err(), CKR_MECHANISM_INVALID);
        }
    }
}

#[test]
fn a_mechanism_of_no_key_of_the_token_is_refused() {
    let host = Host::with(&[("A", Some(cps3("1"))), ("B", Some(soft("2")))]);
    let slots = host.slots(true).unwrap();
    let (rsa, curve) = (host.open(slots[0]).unwrap(), host.open(slots[1]).unwrap());
    for kind in [CKM_ECDSA, CKM_RSA_X_509, CKM_RSA_PKCS_PSS] {
        assert_eq!(host.sign_init(rsa, kind, host.key(rsa)), Err(CKR_MECHANISM_INVALID));
    }
    assert_eq!(host.sign_init(curve, CKM_RSA_PKCS, host.key(curve)), Err(CKR_MECHANISM_INVALID));
}

#[test]
fn a_mechanism_of_another_kind_of_key_is_refused() {
    let mut both = cps3("1");
    both.keys.extend(soft("1").keys);
    let host = Host::with(&[("A", Some(both))]);
    let session = host.session();
    let keys = host.class(session, CKO_PRIVATE_KEY);
    assert_eq!(host.sign_init(session, CKM_ECDSA, keys[0]), Err(CKR_KEY_TYPE_INCONSISTENT));
    assert_eq!(host.sign_init(session, CKM_RSA_PKCS, keys[2]), Err(CKR_KEY_TYPE_INCONSISTENT));
}

#[test]
fn a_mechanism_the_key_does_not_have_is_refused() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    let keys = host.class(session, CKO_PRIVATE_KEY);
    let denied = Err(CKR_KEY_FUNCTION_NOT_PERMITTED);
    assert_eq!(host.sign_init(session, CKM_SHA512_RSA_PKCS, keys[1]), denied);
}

#[test]
fn parameters_are_those_the_card_knows() {
    let host = Host::with(&[("A", Some(cps4("1")))]);
    let session = host.session();
    let key = host.key(session);
    let invalid = Err(CKR_MECHANISM_PARAM_INVALID);
    assert_eq!(init(session, with_parameter(CKM_RSA_PKCS, &PSS), key), invalid);
    for kind in [CKM_RSA_PKCS_PSS, CKM_SHA256_RSA_PKCS_PSS] {
        assert_eq!(init(session, plain(kind), key), invalid);
        assert_eq!(init(session, with_parameter(kind, &7_u8), key), invalid);
        for wrong in [
            CK_RSA_PKCS_PSS_PARAMS { hashAlg: CKM_SHA384, ..PSS },
            CK_RSA_PKCS_PSS_PARAMS { mgf: CKG_MGF1_SHA384, ..PSS },
            CK_RSA_PKCS_PSS_PARAMS { sLen: 20, ..PSS },
        ] {
            assert_eq!(init(session, with_parameter(kind, &wrong), key), invalid);
        }
        assert_eq!(init(session, with_parameter(kind, &PSS), key), Ok(()));
        host.sign(session, &[0; 32]).unwrap();
    }
}

#[test]
fn an_object_that_is_no_private_key_is_refused() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    for key in [0, 999, host.class(session, CKO_PUBLIC_KEY)[0], host.class(session, CKO_CERTIFICATE)[0]] {
        assert_eq!(host.sign_init(session, CKM_RSA_PKCS, key), Err(CKR_KEY_HANDLE_INVALID));
    }
}

#[test]
fn a_key_of_another_token_is_refused() {
    let host = Host::with(&[("A", Some(cps3("1"))), ("B", Some(cps4("2")))]);
    let slots = host.slots(true).unwrap();
    let (first, second) = (host.open(slots[0]).unwrap(), host.open(slots[1]).unwrap());
    assert_eq!(host.sign_init(second, CKM_RSA_PKCS, host.key(first)), Err(CKR_KEY_HANDLE_INVALID));
}

#[test]
fn each_token_offers_what_its_keys_do() {
    let host = Host::with(&[("A", Some(cps3("1"))), ("B", Some(cps4("2"))), ("C", Some(soft("3")))]);
    let offered: Vec<_> =
        host.slots(true).unwrap().iter().map(|slot| host.mechanisms(*slot).unwrap()).collect();
    let digests = [CKM_SHA256, CKM_SHA384, CKM_SHA512];
    let with_digests = |own: &[CK_MECHANISM_TYPE]| [own, &digests].concat();
    let cps3 = [CKM_RSA_PKCS, CKM_SHA256_RSA_PKCS, CKM_SHA384_RSA_PKCS, CKM_SHA512_RSA_PKCS];
    let cps4 = [CKM_RSA_PKCS, CKM_SHA256_RSA_PKCS, CKM_RSA_PKCS_PSS, CKM_SHA256_RSA_PKCS_PSS, CKM_RSA_X_509];
    assert_eq!(
        offered,
        [with_digests(&cps3), with_digests(&cps4), with_digests(&[CKM_ECDSA, CKM_ECDSA_SHA256])]
    );
}

#[test]
fn a_mechanism_says_for_which_keys_and_what_for() {
    let host = Host::with(&[("A", Some(cps3("1"))), ("B", Some(cps4("2"))), ("C", Some(soft("3")))]);
    let slots = host.slots(true).unwrap();
    let told = |slot: usize, kind| {
        let info = host.mechanism_info(slots[slot], kind).unwrap();
        (info.ulMinKeySize, info.ulMaxKeySize, info.flags)
    };
    assert_eq!(told(0, CKM_RSA_PKCS), (2048, 2048, CKF_HW | CKF_SIGN | CKF_DECRYPT));
    assert_eq!(told(1, CKM_RSA_PKCS), (2048, 2048, CKF_HW | CKF_SIGN));
    assert_eq!(told(0, CKM_SHA256), (0, 0, CKF_DIGEST));
    let curve = CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS;
    assert_eq!(told(2, CKM_ECDSA_SHA256), (256, 256, CKF_HW | CKF_SIGN | curve));
}
