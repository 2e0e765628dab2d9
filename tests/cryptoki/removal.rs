//! A card that leaves takes its sessions along; one that comes back begins anew.

use crate::{
    host::{Host, call},
    stand_in::Manner,
    tokens::{RSA, cps3, cps4},
};
use pkcs11_sys::*;
use std::thread;

#[test]
fn the_call_that_finds_out_says_so_and_the_session_is_gone() {
    type Call = fn(&Host, CK_SESSION_HANDLE) -> Result<(), CK_RV>;
    let calls: [Call; 3] = [
        |host, session| host.session_info(session).map(|_| ()),
        |host, session| host.search(session, &[]),
        |host, session| host.login(session, CKU_USER),
    ];
    for call in calls {
        let host = Host::with(&[("A", Some(cps3("1")))]);
        let session = host.session();
        host.agent.remove("A");
        assert_eq!(call(&host, session), Err(CKR_DEVICE_REMOVED));
        assert_eq!(call(&host, session), Err(CKR_SESSION_HANDLE_INVALID));
        assert_eq!(host.slots(true), Ok(Vec::new()));
    }
}

#[test]
fn a_signature_after_the_removal_is_refused_by_the_agent_and_ends_the_session() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    host.sign_init(session, CKM_RSA_PKCS, host.key(session)).unwrap();
    host.agent.remove("A");
    host.agent.manner(Manner::Refuse("card_removed"));
    assert_eq!(host.sign(session, &[0; 36]), Err(CKR_DEVICE_REMOVED));
    assert_eq!(host.sign_init(session, CKM_RSA_PKCS, 1), Err(CKR_SESSION_HANDLE_INVALID));
}

#[test]
fn a_card_pulled_while_its_person_is_asked_ends_the_signature() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    host.sign_init(session, CKM_RSA_PKCS, host.key(session)).unwrap();
    host.agent.manner(Manner::Wait);
    thread::scope(|scope| {
        let signature = scope.spawn(|| host.sign(session, &[0; 36]));
        host.agent.until_waiting(1);
        host.agent.remove("A");
        host.agent.manner(Manner::Refuse("card_removed"));
        assert_eq!(signature.join().unwrap(), Err(CKR_DEVICE_REMOVED));
    });
    assert_eq!(host.session_info(session).unwrap_err(), CKR_SESSION_HANDLE_INVALID);
}

#[test]
fn the_same_card_back_in_the_reader_needs_new_sessions_and_has_new_objects() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let (session, slot) = (host.session(), host.slots(true).unwrap()[0]);
    let key = host.key(session);
    host.login(session, CKU_USER).unwrap();
    host.agent.remove("A");
    host.agent.insert("A", cps3("1"));
    assert_eq!(host.session_info(session).unwrap_err(), CKR_DEVICE_REMOVED);
    assert_eq!(host.slots(true), Ok(vec![slot]));
    let session = host.open(slot).unwrap();
    assert_eq!(host.session_info(session).unwrap().state, CKS_RO_PUBLIC_SESSION);
    assert_ne!(host.key(session), key);
    assert_eq!(host.attribute(session, key, CKA_CLASS), Err(CKR_OBJECT_HANDLE_INVALID));
    host.sign_init(session, CKM_RSA_PKCS, host.key(session)).unwrap();
    assert_eq!(host.sign(session, &[0; 36]).unwrap().len(), RSA);
}

#[test]
fn another_card_in_the_reader_is_another_token() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    host.agent.insert("A", cps4("2"));
    assert_eq!(host.search(session, &[]), Err(CKR_DEVICE_REMOVED));
    let session = host.session();
    assert_eq!(host.class(session, CKO_PRIVATE_KEY).len(), 1);
}

#[test]
fn one_card_that_leaves_does_not_touch_the_other() {
    let host = Host::with(&[("A", Some(cps3("1"))), ("B", Some(cps4("2")))]);
    let slots = host.slots(true).unwrap();
    let (first, second) = (host.open(slots[0]).unwrap(), host.open(slots[1]).unwrap());
    let key = host.key(second);
    host.agent.remove("A");
    assert_eq!(host.session_info(first).unwrap_err(), CKR_DEVICE_REMOVED);
    host.sign_init(second, CKM_RSA_PKCS, key).unwrap();
    assert!(host.sign(second, &[0; 36]).is_ok());
}

#[test]
fn a_key_that_comes_to_be_known_or_goes_leaves_the_others_their_handles() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    let keys = host.class(session, CKO_PRIVATE_KEY);
    host.agent.change("card", |slots| {
        slots[0].token.as_mut().unwrap().keys.remove(0);
    });
    assert_eq!(host.class(session, CKO_PRIVATE_KEY), keys[1..]);
    assert_eq!(host.sign_init(session, CKM_SHA256_RSA_PKCS, keys[0]), Err(CKR_KEY_HANDLE_INVALID));
    host.sign_init(session, CKM_SHA256_RSA_PKCS, keys[1]).unwrap();
    host.sign(session, b"x").unwrap();
    assert_eq!(host.agent.signatures()[0].key.0, [0x80, 0x25, 1]);
    host.agent.change("card", |slots| {
        slots[0].token.as_mut().unwrap().keys = cps3("1").keys;
    });
    let now = host.class(session, CKO_PRIVATE_KEY);
    assert_eq!(now[1], keys[1]);
    assert_ne!(now[0], keys[0], "a handle is never another object's");
}

#[test]
fn a_hundred_removals_leave_nothing_behind() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    for _ in 0..100 {
        let session = host.session();
        host.sign_init(session, CKM_RSA_PKCS, host.key(session)).unwrap();
        host.agent.remove("A");
        host.agent.insert("A", cps3("1"));
    }
    let slot = host.slots(true).unwrap()[0];
    assert_eq!(host.token_info(slot).unwrap().ulSessionCount, 0);
    assert_eq!(call!(C_CloseAllSessions, slot), Ok(()));
}
