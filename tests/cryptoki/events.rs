//! `C_WaitForSlotEvent`: each change is told once, to a caller that asks and to one that waits.

use crate::{
    host::{Host, call, wait},
    tokens::cps3,
};
use pkcs11_sys::*;
use std::{ptr::null_mut, thread};

#[test]
fn what_was_there_before_is_no_event() {
    let host = Host::with(&[("A", Some(cps3("1"))), ("B", None)]);
    assert_eq!(host.event(), Err(CKR_NO_EVENT));
}

#[test]
fn each_change_is_told_once_with_its_slot() {
    let host = Host::with(&[("A", None), ("B", None)]);
    let slots = host.slots(false).unwrap();
    host.agent.insert("B", cps3("1"));
    assert_eq!(host.event(), Ok(slots[1]));
    assert_eq!(host.event(), Err(CKR_NO_EVENT));
    host.agent.remove("B");
    assert_eq!(host.event(), Ok(slots[1]));
    host.agent.plug("C");
    let new = host.event().unwrap();
    assert!(!slots.contains(&new));
    assert!(host.slots(false).unwrap().contains(&new));
    host.agent.unplug("A");
    assert_eq!(host.event(), Ok(slots[0]));
    assert_eq!(host.event(), Err(CKR_NO_EVENT));
}

#[test]
fn a_change_that_another_call_saw_first_is_told_all_the_same() {
    let host = Host::with(&[("A", None)]);
    let slot = host.slots(false).unwrap()[0];
    host.agent.insert("A", cps3("1"));
    host.session();
    assert_eq!(host.event(), Ok(slot));
}

#[test]
fn a_state_of_the_pin_is_no_event() {
    let host = Host::with(&[("A", Some(cps3("1")))]);
    host.agent.change("card", |slots| {
        slots[0].token.as_mut().unwrap().pin = cps_agent_api::pkcs11::Pin::CountLow;
    });
    assert_eq!(host.event(), Err(CKR_NO_EVENT));
}

#[test]
fn a_caller_that_waits_is_woken_and_holds_nobody_up() {
    let host = Host::with(&[("A", None)]);
    let slot = host.slots(false).unwrap()[0];
    thread::scope(|scope| {
        let waiter = scope.spawn(|| wait(0));
        host.agent.until_watched();
        assert_eq!(host.slots(true), Ok(Vec::new()), "another thread goes on meanwhile");
        host.agent.insert("A", cps3("1"));
        assert_eq!(waiter.join().unwrap(), Ok(slot));
    });
}

#[test]
fn an_event_of_another_kind_wakes_nobody() {
    let host = Host::with(&[("A", None)]);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| wait(0));
        host.agent.until_watched();
        host.agent.change("prompt", |_| ());
        host.agent.insert("A", cps3("1"));
        assert!(waiter.join().unwrap().is_ok());
    });
    assert_eq!(host.event(), Err(CKR_NO_EVENT));
}

#[test]
fn the_end_of_the_library_ends_the_waiting() {
    let host = Host::with(&[("A", None)]);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| wait(0));
        host.agent.until_watched();
        call!(C_Finalize, null_mut()).unwrap();
        assert_eq!(waiter.join().unwrap(), Err(CKR_CRYPTOKI_NOT_INITIALIZED));
    });
}

#[test]
fn an_agent_that_goes_and_comes_wakes_a_caller_that_waits() {
    let host = Host::with(&[("A", None)]);
    let slot = host.slots(false).unwrap()[0];
    thread::scope(|scope| {
        let waiter = scope.spawn(|| wait(0));
        host.agent.until_watched();
        host.agent.leave();
        assert_eq!(waiter.join().unwrap(), Ok(slot), "the reader is gone with it");
        let waiter = scope.spawn(|| wait(0));
        host.agent.arrive();
        assert_eq!(waiter.join().unwrap(), Ok(slot));
    });
}

#[test]
fn reserved_and_missing_pointers_are_refused() {
    let _host = Host::with(&[("A", None)]);
    let mut slot = 0;
    let reserved = (&raw mut slot).cast();
    assert_eq!(call!(C_WaitForSlotEvent, CKF_DONT_BLOCK, &raw mut slot, reserved), Err(CKR_ARGUMENTS_BAD));
    assert_eq!(call!(C_WaitForSlotEvent, 0, null_mut(), null_mut()), Err(CKR_ARGUMENTS_BAD));
}
