//! Sessions change nothing on a card, and one that is closed is gone.

use crate::{
    host::{Host, call},
    tokens::{cps3, cps4},
};
use pkcs11_sys::*;

#[test]
fn a_session_for_writing_is_opened_for_programs_that_insist_and_writes_nothing() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let slot = host.slots(true).unwrap()[0];
    let session = host.open_with(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION).unwrap();
    let info = host.session_info(session).unwrap();
    assert_eq!((info.state, info.flags), (CKS_RW_PUBLIC_SESSION, CKF_SERIAL_SESSION | CKF_RW_SESSION));
    host.login(session, CKU_USER).unwrap();
    assert_eq!(host.session_info(session).unwrap().state, CKS_RW_USER_FUNCTIONS);
    let counts = host.token_info(slot).unwrap();
    assert_eq!((counts.ulSessionCount, counts.ulRwSessionCount), (1, 1));
    let key = host.key(session);
    assert_eq!(call!(C_DestroyObject, session, key), Err(CKR_TOKEN_WRITE_PROTECTED));
    assert_eq!(host.login(session, CKU_SO), Err(CKR_USER_PIN_NOT_INITIALIZED));
}

#[test]
fn a_parallel_session_is_refused() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let slot = host.slots(true).unwrap()[0];
    assert_eq!(host.open_with(slot, 0), Err(CKR_SESSION_PARALLEL_NOT_SUPPORTED));
}

#[test]
fn a_handle_that_was_never_given_is_refused_everywhere() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let open = host.session();
    for session in [0, open + 1, CK_SESSION_HANDLE::MAX] {
        let invalid = CKR_SESSION_HANDLE_INVALID;
        assert_eq!(host.session_info(session).unwrap_err(), invalid);
        assert_eq!(host.login(session, CKU_USER), Err(invalid));
        assert_eq!(call!(C_Logout, session), Err(invalid));
        assert_eq!(call!(C_CloseSession, session), Err(invalid));
        assert_eq!(host.search(session, &[]), Err(invalid));
        assert_eq!(call!(C_FindObjectsFinal, session), Err(invalid));
        assert_eq!(host.attribute(session, 1, CKA_CLASS), Err(invalid));
        assert_eq!(host.sign_init(session, CKM_RSA_PKCS, 1), Err(invalid));
        assert_eq!(host.sign(session, b""), Err(invalid));
        assert_eq!(host.sign_update(session, b""), Err(invalid));
        assert_eq!(host.sign_final(session), Err(invalid));
        let mut byte = 0;
        assert_eq!(call!(C_GenerateRandom, session, &raw mut byte, 1), Err(invalid));
    }
}

#[test]
fn a_closed_session_is_gone_and_its_number_is_not_used_again() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let first = host.session();
    call!(C_CloseSession, first).unwrap();
    assert_eq!(host.session_info(first).unwrap_err(), CKR_SESSION_HANDLE_INVALID);
    assert_ne!(host.session(), first);
}

#[test]
fn closing_all_closes_those_of_one_slot() {
    let host = Host::with(&[("A", Some(cps3("1"))), ("B", Some(cps4("2")))]);
    let slots = host.slots(true).unwrap();
    let sessions: Vec<_> = [0, 0, 1].map(|slot| host.open(slots[slot]).unwrap()).into();
    call!(C_CloseAllSessions, slots[0]).unwrap();
    assert_eq!(host.session_info(sessions[0]).unwrap_err(), CKR_SESSION_HANDLE_INVALID);
    assert_eq!(host.session_info(sessions[1]).unwrap_err(), CKR_SESSION_HANDLE_INVALID);
    assert_eq!(host.session_info(sessions[2]).unwrap().slotID, slots[1]);
}

#[test]
fn a_leak_of_sessions_ends_in_an_error() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let slot = host.slots(true).unwrap()[0];
    let refused = (0..5000).find_map(|_| host.open(slot).err());
    assert_eq!(refused, Some(CKR_SESSION_COUNT));
    call!(C_CloseAllSessions, slot).unwrap();
    assert!(host.open(slot).is_ok());
}

#[test]
fn random_numbers_are_the_systems() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let session = host.session();
    let mut numbers = [[0_u8; 32]; 2];
    for number in &mut numbers {
        call!(C_GenerateRandom, session, number.as_mut_ptr(), 32).unwrap();
    }
    assert_ne!(numbers[0], numbers[1]);
    assert_ne!(numbers[0], [0; 32]);
}
