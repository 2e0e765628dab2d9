//! Readers are slots with numbers that stay; cards and e-CPS tokens are tokens that need no login.

use crate::{
    host::{Host, call},
    tokens::{cps3, cps4, soft},
};
use cps_agent_api::pkcs11::Pin;
use pkcs11_sys::*;
use std::ptr::null_mut;

fn text(field: &[u8]) -> String {
    String::from_utf8(field.to_vec()).unwrap().trim_end().to_owned()
}

#[test]
fn a_slot_that_never_was_is_refused() {
    let host = Host::with(&[("Reader", None)]);
    for slot in [0, 2, CK_SLOT_ID::MAX] {
        assert_eq!(host.slot_info(slot).unwrap_err(), CKR_SLOT_ID_INVALID);
        assert_eq!(host.token_info(slot).unwrap_err(), CKR_SLOT_ID_INVALID);
        assert_eq!(host.mechanisms(slot), Err(CKR_SLOT_ID_INVALID));
        assert_eq!(host.mechanism_info(slot, CKM_RSA_PKCS).unwrap_err(), CKR_SLOT_ID_INVALID);
        assert_eq!(host.open(slot), Err(CKR_SLOT_ID_INVALID));
        assert_eq!(call!(C_CloseAllSessions, slot), Err(CKR_SLOT_ID_INVALID));
    }
}

#[test]
fn an_empty_reader_has_no_token() {
    let host = Host::with(&[("Reader", None)]);
    let slot = host.slots(false).unwrap()[0];
    assert_eq!(host.slots(true), Ok(Vec::new()));
    assert_eq!(host.token_info(slot).unwrap_err(), CKR_TOKEN_NOT_PRESENT);
    assert_eq!(host.mechanisms(slot), Err(CKR_TOKEN_NOT_PRESENT));
    assert_eq!(host.open(slot), Err(CKR_TOKEN_NOT_PRESENT));
    let info = host.slot_info(slot).unwrap();
    assert_eq!(text(&info.slotDescription), "Reader");
    assert_eq!(info.flags, CKF_HW_SLOT | CKF_REMOVABLE_DEVICE);
}

#[test]
fn a_list_too_long_for_its_buffer_is_not_written() {
    let host = Host::with(&[("A", None), ("B", None)]);
    let (mut list, mut count) = ([99; 1], 0);
    call!(C_GetSlotList, CK_FALSE, null_mut(), &raw mut count).unwrap();
    count = 1;
    let short = call!(C_GetSlotList, CK_FALSE, list.as_mut_ptr(), &raw mut count);
    assert_eq!((short, count, list), (Err(CKR_BUFFER_TOO_SMALL), 2, [99]));
    assert_eq!(host.slots(false).unwrap().len(), 2);
}

#[test]
fn the_list_is_renewed_by_asking_for_its_length() {
    let host = Host::with(&[("A", None)]);
    let before = host.slots(false).unwrap();
    host.agent.plug("B");
    let (mut list, mut count) = ([0; 5], 5);
    call!(C_GetSlotList, CK_FALSE, list.as_mut_ptr(), &raw mut count).unwrap();
    assert_eq!(&list[..count as usize], before);
    assert_eq!(host.slots(false).unwrap().len(), 2);
    host.agent.unplug("A");
    assert!(host.slot_info(before[0]).is_ok(), "a slot that was told stays valid until the list is renewed");
    assert!(!host.slots(false).unwrap().contains(&before[0]));
    assert_eq!(host.slot_info(before[0]).unwrap_err(), CKR_SLOT_ID_INVALID);
}

#[test]
fn a_program_that_comes_with_a_buffer_at_once_has_a_list_too() {
    let _host = Host::with(&[("A", Some(cps3("1")))]);
    let (mut list, mut count) = ([0; 5], 5);
    call!(C_GetSlotList, CK_TRUE, list.as_mut_ptr(), &raw mut count).unwrap();
    assert_eq!(count, 1);
}

#[test]
fn a_reader_that_comes_back_has_its_number_again() {
    let host = Host::with(&[("A", None), ("B", None)]);
    let before = host.slots(false).unwrap();
    host.agent.unplug("A");
    assert_eq!(host.slots(false).unwrap(), before[1..]);
    host.agent.plug("C");
    host.agent.plug("A");
    let after = host.slots(false).unwrap();
    assert_eq!(after[..2], before);
    assert!(!before.contains(&after[2]));
}

#[test]
fn two_cards_are_two_slots() {
    let host = Host::with(&[("A", Some(cps3("99213845"))), ("B", Some(cps4("44000123")))]);
    let serials: Vec<_> = host
        .slots(true)
        .unwrap()
        .into_iter()
        .map(|slot| text(&host.token_info(slot).unwrap().serialNumber))
        .collect();
    assert_eq!(serials, ["99213845", "44000123"]);
}

#[test]
fn a_token_needs_no_login_and_has_its_pin_typed_elsewhere() {
    let host = Host::with(&[("A", Some(cps3("99213845")))]);
    let slot = host.slots(true).unwrap()[0];
    let info = host.token_info(slot).unwrap();
    assert_eq!(text(&info.label), "CPS3v3-01992138450");
    assert_eq!(text(&info.manufacturerID), "ASIP SANTE");
    assert_eq!(text(&info.model), "IAS ECC");
    let flags = CKF_RNG
        | CKF_WRITE_PROTECTED
        | CKF_USER_PIN_INITIALIZED
        | CKF_TOKEN_INITIALIZED
        | CKF_PROTECTED_AUTHENTICATION_PATH;
    assert_eq!(info.flags, flags);
    assert_eq!((info.ulMinPinLen, info.ulMaxPinLen), (4, 4));
    assert_eq!(host.slot_info(slot).unwrap().flags & CKF_TOKEN_PRESENT, CKF_TOKEN_PRESENT);
    let session = host.open(slot).unwrap();
    assert_eq!(host.token_info(slot).unwrap().ulSessionCount, 1);
    call!(C_CloseSession, session).unwrap();
    assert_eq!(host.token_info(slot).unwrap().ulSessionCount, 0);
}

#[test]
fn the_state_of_the_pin_shows_as_it_is_now() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    let slot = host.slots(true).unwrap()[0];
    let session = host.open(slot).unwrap();
    for (pin, flags) in [
        (Pin::CountLow, CKF_USER_PIN_COUNT_LOW),
        (Pin::FinalTry, CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY),
        (Pin::Locked, CKF_USER_PIN_LOCKED),
        (Pin::Unknown, 0),
        (Pin::Fine, 0),
    ] {
        host.agent.change("card", |slots| slots[0].token.as_mut().unwrap().pin = pin);
        let told = host.token_info(slot).unwrap().flags;
        assert_eq!(told & (CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED), flags);
    }
    assert!(host.session_info(session).is_ok(), "a new state of the PIN ends no session");
}

#[test]
fn a_soft_token_is_no_hardware_and_its_serial_is_cut_to_its_end() {
    let host = Host::with(&[("work", None)]);
    host.agent.change("card", |slots| {
        slots[0].hardware = false;
        slots[0].token = Some(soft("0123456789ABCDEF0011"));
    });
    let slot = host.slots(true).unwrap()[0];
    assert_eq!(host.slot_info(slot).unwrap().flags, CKF_TOKEN_PRESENT);
    assert_eq!(text(&host.token_info(slot).unwrap().serialNumber), "456789ABCDEF0011");
    assert_eq!(host.mechanism_info(slot, CKM_ECDSA).unwrap().flags & CKF_HW, 0);
}
