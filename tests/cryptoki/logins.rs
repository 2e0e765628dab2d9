//! A login is never needed, always granted, and has nothing to do with the PIN.

use crate::{
    host::{Host, call},
    tokens::{cps3, cps4},
};
use cps_agent_api::pkcs11::Pin;
use pkcs11_sys::*;

#[test]
fn other_users_than_the_holder_do_not_exist() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    let writing = host.open_with(host.slots(true).unwrap()[0], CKF_SERIAL_SESSION | CKF_RW_SESSION).unwrap();
    assert_eq!(host.login(session, CKU_SO), Err(CKR_SESSION_READ_ONLY_EXISTS));
    assert_eq!(host.login(writing, CKU_SO), Err(CKR_SESSION_READ_ONLY_EXISTS));
    assert_eq!(host.login(session, 17), Err(CKR_USER_TYPE_INVALID));
    assert_eq!(host.login(session, CKU_CONTEXT_SPECIFIC), Err(CKR_OPERATION_NOT_INITIALIZED));
}

#[test]
fn a_second_login_and_a_second_logout_are_refused() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    assert_eq!(call!(C_Logout, session), Err(CKR_USER_NOT_LOGGED_IN));
    host.login(session, CKU_USER).unwrap();
    assert_eq!(host.login(session, CKU_USER), Err(CKR_USER_ALREADY_LOGGED_IN));
    call!(C_Logout, session).unwrap();
    assert_eq!(call!(C_Logout, session), Err(CKR_USER_NOT_LOGGED_IN));
}

#[test]
fn a_blocked_card_logs_nobody_in() {
    let mut card = cps3("1");
    card.pin = Pin::Locked;
    let host = Host::with(&[("A", Some(card))]);
    assert_eq!(host.login(host.session(), CKU_USER), Err(CKR_PIN_LOCKED));
}

#[test]
fn a_pin_is_neither_read_nor_sent() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    // An address that nobody may read: whoever looked at the PIN would end here.
    let nowhere = std::ptr::without_provenance_mut(1);
    call!(C_Login, session, CKU_USER, nowhere, 4).unwrap();
    host.sign_init(session, CKM_RSA_PKCS, host.key(session)).unwrap();
    call!(C_Login, session, CKU_CONTEXT_SPECIFIC, nowhere, CK_ULONG::MAX).unwrap();
    host.sign(session, &[0; 36]).unwrap();
    assert_eq!(host.agent.signatures().len(), 1);
}

#[test]
fn a_login_is_for_all_sessions_of_one_token_until_the_last_is_closed() {
    let host = Host::with(&[("A", Some(cps3("1"))), ("B", Some(cps4("2")))]);
    let slots = host.slots(true).unwrap();
    let state = |session| host.session_info(session).unwrap().state;
    let (first, second) = (host.open(slots[0]).unwrap(), host.open(slots[0]).unwrap());
    let other = host.open(slots[1]).unwrap();
    host.login(first, CKU_USER).unwrap();
    let states = [state(first), state(second), state(other)];
    assert_eq!(states, [CKS_RO_USER_FUNCTIONS, CKS_RO_USER_FUNCTIONS, CKS_RO_PUBLIC_SESSION]);
    call!(C_CloseSession, first).unwrap();
    assert_eq!(state(second), CKS_RO_USER_FUNCTIONS);
    call!(C_CloseSession, second).unwrap();
    assert_eq!(state(host.open(slots[0]).unwrap()), CKS_RO_PUBLIC_SESSION);
}

#[test]
fn keys_are_seen_and_used_without_a_login() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    assert_eq!(host.session_info(session).unwrap().state, CKS_RO_PUBLIC_SESSION);
    host.sign_init(session, CKM_RSA_PKCS, host.key(session)).unwrap();
    assert!(host.sign(session, &[0; 36]).is_ok());
}
