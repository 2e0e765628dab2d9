//! Without an agent that can answer there are no slots, at once, and no other error.

use crate::{
    host::{Host, call},
    stand_in::Manner,
    tokens::cps3,
};
use pkcs11_sys::*;
use std::ptr::null_mut;

#[test]
fn an_absent_agent_is_an_empty_list_until_it_comes() {
    let host = Host::uninitialised();
    host.agent.leave();
    call!(C_Initialize, null_mut()).unwrap();
    assert_eq!(host.slots(false), Ok(Vec::new()));
    host.agent.plug("Reader");
    host.agent.arrive();
    assert_eq!(host.slots(false).unwrap().len(), 1);
}

#[test]
fn an_agent_that_ends_takes_its_slots_along() {
    let host = Host::with(&[("Reader", Some(cps3("1")))]);
    let slot = host.slots(true).unwrap()[0];
    let session = host.session();
    host.agent.leave();
    assert_eq!(host.session_info(session).unwrap_err(), CKR_DEVICE_REMOVED);
    assert_eq!(host.slots(false), Ok(Vec::new()));
    assert_eq!(host.slot_info(slot).unwrap_err(), CKR_SLOT_ID_INVALID);
    host.agent.arrive();
    assert_eq!(host.slots(true), Ok(vec![slot]), "the same reader has the same number");
}

#[test]
fn another_version_of_the_agent_is_no_agent() {
    let host = Host::with(&[("Reader", Some(cps3("1")))]);
    host.agent.newer();
    assert_eq!(host.slots(false), Ok(Vec::new()));
}

#[test]
fn a_door_that_talks_nonsense_or_hangs_up_is_no_agent() {
    let host = Host::with(&[("Reader", Some(cps3("1")))]);
    host.agent.garbled();
    assert_eq!(host.slots(false), Ok(Vec::new()));
    host.agent.slammed();
    assert_eq!(host.slots(false), Ok(Vec::new()));
}

#[test]
fn an_agent_that_hangs_is_given_up() {
    let host = Host::with(&[("Reader", Some(cps3("1")))]);
    host.agent.hung();
    let mut count = 99;
    call!(C_GetSlotList, CK_FALSE, null_mut(), &raw mut count).unwrap();
    assert_eq!(count, 0);
}

#[test]
fn an_agent_that_dies_during_a_signature_is_an_error_of_the_device() {
    let host = Host::with(&[("Reader", Some(cps3("1")))]);
    let session = host.session();
    host.sign_init(session, CKM_RSA_PKCS, host.key(session)).unwrap();
    host.agent.manner(Manner::HangUp);
    assert_eq!(host.sign(session, &[0; 36]), Err(CKR_DEVICE_ERROR));
    host.sign_init(session, CKM_RSA_PKCS, host.key(session)).unwrap();
    host.agent.leave();
    assert_eq!(host.sign(session, &[0; 36]), Err(CKR_DEVICE_REMOVED));
}
