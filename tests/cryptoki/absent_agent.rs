//! Without an agent that can answer there are no slots and no other error; one that is there and does not answer holds
//! up no program, and what it said before stays true.

use crate::{
    host::{Host, call},
    stand_in::{Manner, StandIn},
    tokens::cps3,
};
use pkcs11_sys::*;
use std::{ptr::null_mut, thread, time::Duration};

/// Looks now and then until it is so; a test that never sees it is ended by its runner.
fn poll(so: impl Fn() -> bool) {
    while !so() {
        thread::sleep(Duration::from_millis(20));
    }
}

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
fn a_door_that_talks_nonsense_is_no_agent() {
    let host = Host::with(&[("Reader", Some(cps3("1")))]);
    host.agent.garbled();
    assert_eq!(host.slots(false), Ok(Vec::new()));
}

#[test]
fn a_door_that_hangs_up_told_nothing_new() {
    let host = Host::with(&[("Reader", Some(cps3("1")))]);
    let session = host.session();
    host.agent.slammed();
    assert_eq!(host.slots(true).unwrap().len(), 1);
    assert!(host.session_info(session).is_ok(), "so many connections of one program may be too many");
}

#[test]
fn an_agent_that_hangs_from_the_start_has_no_slots() {
    let host = Host::uninitialised();
    host.agent.plug("Reader");
    host.agent.hung();
    call!(C_Initialize, null_mut()).unwrap();
    assert_eq!(host.slots(false), Ok(Vec::new()));
}

#[test]
fn an_agent_that_hangs_is_waited_for_once_and_not_by_each_call_of_each_thread() {
    let host = Host::with(&[("Reader", Some(cps3("1")))]);
    let slot = host.slots(true).unwrap()[0];
    let session = host.session();
    host.agent.hung();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..250 {
                    assert_eq!(host.slots(true), Ok(vec![slot]));
                    assert!(host.session_info(session).is_ok());
                }
            });
        }
    });
    // 2,000 calls came back although none was ever answered. A machine that is held up may let a rest go by.
    let ignored = host.agent.ignored().len();
    assert!((1..10).contains(&ignored), "{ignored} were asked");
}

#[test]
fn an_agent_that_hangs_is_sent_no_signature_that_it_would_ask_for_when_it_is_back() {
    let host = Host::with(&[("Reader", Some(cps3("1")))]);
    let session = host.session();
    let key = host.key(session);
    host.sign_init(session, CKM_RSA_PKCS, key).unwrap();
    host.agent.hung();
    assert_eq!(host.sign(session, &[0; 36]), Err(CKR_DEVICE_ERROR));
    assert_eq!(host.agent.ignored(), ["GET /v1/pkcs11"], "it was asked whether it lives, once");
    host.agent.recovered();
    host.sign_init(session, CKM_RSA_PKCS, key).unwrap();
    assert!(host.sign(session, &[0; 36]).is_ok());
    assert_eq!(host.agent.signatures().len(), 1);
}

/// What becomes of a signature whose agent took it on and then is as `becomes` says; `then` happens meanwhile.
fn signs_while_the_agent(
    becomes: impl FnOnce(&StandIn),
    then: impl FnOnce(&Host, &dyn Fn() -> bool),
) -> (Host, Result<Vec<u8>, CK_RV>) {
    let host = Host::with(&[("Reader", Some(cps3("1")))]);
    let session = host.session();
    host.sign_init(session, CKM_RSA_PKCS, host.key(session)).unwrap();
    host.agent.manner(Manner::Wait);
    let signed = thread::scope(|scope| {
        let signing = scope.spawn(|| host.sign(session, &[0; 36]));
        host.agent.until_waiting(1);
        becomes(&host.agent);
        then(&host, &|| signing.is_finished());
        signing.join().unwrap()
    });
    (host, signed)
}

#[test]
fn an_agent_that_hangs_with_a_signature_in_its_hands_is_looked_at_twice_and_given_up() {
    let (host, signed) = signs_while_the_agent(StandIn::hung, |_, _| ());
    assert_eq!(signed, Err(CKR_DEVICE_ERROR));
    assert_eq!(host.agent.ignored(), ["GET /v1/pkcs11", "GET /v1/pkcs11"]);
    host.agent.manner(Manner::HangUp);
}

#[test]
fn one_slow_answer_ends_no_prompt_that_a_person_may_be_looking_at() {
    let (host, signed) = signs_while_the_agent(StandIn::hung_once, |host, ended| {
        poll(|| !host.agent.ignored().is_empty() || ended());
        let asked = host.agent.asked();
        poll(|| host.agent.asked() > asked || ended());
        host.agent.manner(Manner::Give(vec![0x5a; 256]));
    });
    assert_eq!(host.agent.ignored(), ["GET /v1/pkcs11"]);
    assert!(signed.is_ok());
}

#[test]
fn an_agent_that_was_slow_once_finds_the_sessions_as_they_were() {
    let host = Host::with(&[("Reader", Some(cps3("1")))]);
    let session = host.session();
    let key = host.key(session);
    host.login(session, CKU_USER).unwrap();
    host.agent.hung();
    assert_eq!(host.session_info(session).unwrap().state, CKS_RO_USER_FUNCTIONS);
    host.agent.recovered();
    host.sign_init(session, CKM_RSA_PKCS, key).unwrap();
    assert!(host.sign(session, &[0; 36]).is_ok());
    assert_eq!(host.session_info(session).unwrap().state, CKS_RO_USER_FUNCTIONS);
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
