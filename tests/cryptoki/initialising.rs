//! `C_Initialize` and `C_Finalize`, and what is refused before the one and after the other.

use crate::{
    host::{Host, call, done},
    tokens::cps3,
};
use pkcs11_sys::*;
use std::ptr::{from_mut, null_mut};

fn arguments() -> CK_C_INITIALIZE_ARGS {
    CK_C_INITIALIZE_ARGS {
        CreateMutex: None,
        DestroyMutex: None,
        LockMutex: None,
        UnlockMutex: None,
        flags: 0,
        pReserved: null_mut(),
    }
}

unsafe extern "C" fn create(_: *mut CK_VOID_PTR) -> CK_RV {
    CKR_OK
}

unsafe extern "C" fn use_mutex(_: CK_VOID_PTR) -> CK_RV {
    CKR_OK
}

fn with_mutexes(flags: CK_FLAGS) -> CK_C_INITIALIZE_ARGS {
    CK_C_INITIALIZE_ARGS {
        CreateMutex: Some(create),
        DestroyMutex: Some(use_mutex),
        LockMutex: Some(use_mutex),
        UnlockMutex: Some(use_mutex),
        flags,
        pReserved: null_mut(),
    }
}

fn initialize(mut arguments: CK_C_INITIALIZE_ARGS) -> Result<(), CK_RV> {
    call!(C_Initialize, from_mut(&mut arguments).cast())
}

#[test]
fn before_and_after_nothing_works() {
    let host = Host::uninitialised();
    for _ in 0..2 {
        assert_eq!(host.slots(false), Err(CKR_CRYPTOKI_NOT_INITIALIZED));
        assert_eq!(host.slot_info(1).unwrap_err(), CKR_CRYPTOKI_NOT_INITIALIZED);
        assert_eq!(host.open(1), Err(CKR_CRYPTOKI_NOT_INITIALIZED));
        assert_eq!(host.login(1, CKU_USER), Err(CKR_CRYPTOKI_NOT_INITIALIZED));
        assert_eq!(host.sign(1, b""), Err(CKR_CRYPTOKI_NOT_INITIALIZED));
        assert_eq!(host.event(), Err(CKR_CRYPTOKI_NOT_INITIALIZED));
        assert_eq!(call!(C_GetInfo, from_mut(&mut CK_INFO::default())), Err(CKR_CRYPTOKI_NOT_INITIALIZED));
        assert_eq!(call!(C_Finalize, null_mut()), Err(CKR_CRYPTOKI_NOT_INITIALIZED));
        call!(C_Initialize, null_mut()).unwrap();
        call!(C_Finalize, null_mut()).unwrap();
    }
}

#[test]
fn twice_is_once_too_often() {
    let _host = Host::with(&[]);
    assert_eq!(call!(C_Initialize, null_mut()), Err(CKR_CRYPTOKI_ALREADY_INITIALIZED));
}

#[test]
fn a_second_life_knows_nothing_of_the_first() {
    let host = Host::with(&[("Reader", Some(cps3("1")))]);
    let session = host.session();
    call!(C_Finalize, null_mut()).unwrap();
    call!(C_Initialize, null_mut()).unwrap();
    assert_eq!(host.session_info(session).unwrap_err(), CKR_SESSION_HANDLE_INVALID);
    assert_eq!(host.session_info(host.session()).unwrap().state, CKS_RO_PUBLIC_SESSION);
}

#[test]
fn a_second_life_gives_no_session_the_number_of_one_of_the_first() {
    let host = Host::with(&[("Reader", Some(cps3("1")))]);
    let first = host.session();
    call!(C_Finalize, null_mut()).unwrap();
    call!(C_Initialize, null_mut()).unwrap();
    let second = host.session();
    assert_ne!(first, second);
    assert_eq!(host.session_info(first).unwrap_err(), CKR_SESSION_HANDLE_INVALID);
}

#[test]
fn reserved_pointers_are_null() {
    let _host = Host::uninitialised();
    let mut something = 0_u8;
    let reserved = from_mut(&mut something).cast();
    let arguments = CK_C_INITIALIZE_ARGS { pReserved: reserved, ..arguments() };
    assert_eq!(initialize(arguments), Err(CKR_ARGUMENTS_BAD));
    call!(C_Initialize, null_mut()).unwrap();
    assert_eq!(call!(C_Finalize, reserved), Err(CKR_ARGUMENTS_BAD));
    assert_eq!(call!(C_GetInfo, from_mut(&mut CK_INFO::default())), Ok(()));
}

#[test]
fn some_locks_without_the_others_are_refused() {
    let _host = Host::uninitialised();
    let some = CK_C_INITIALIZE_ARGS { LockMutex: None, ..with_mutexes(CKF_OS_LOCKING_OK) };
    assert_eq!(initialize(some), Err(CKR_ARGUMENTS_BAD));
}

#[test]
fn a_program_that_insists_on_its_own_locks_is_refused() {
    let _host = Host::uninitialised();
    assert_eq!(initialize(with_mutexes(0)), Err(CKR_CANT_LOCK));
}

#[test]
fn the_systems_locks_are_used_wherever_they_may_be() {
    let _host = Host::uninitialised();
    let no_threads = CKF_LIBRARY_CANT_CREATE_OS_THREADS | CKF_OS_LOCKING_OK;
    for arguments in [
        arguments(),
        CK_C_INITIALIZE_ARGS { flags: CKF_OS_LOCKING_OK, ..arguments() },
        with_mutexes(CKF_OS_LOCKING_OK),
        with_mutexes(no_threads),
    ] {
        assert_eq!(initialize(arguments), Ok(()));
        call!(C_Finalize, null_mut()).unwrap();
    }
}

#[test]
fn the_library_says_what_it_is() {
    let _host = Host::with(&[]);
    let mut info = CK_INFO::default();
    call!(C_GetInfo, &raw mut info).unwrap();
    assert_eq!((info.cryptokiVersion.major, info.cryptokiVersion.minor), (2, 40));
    assert_eq!(&info.manufacturerID[..12], b"cps-agent   ");
    assert_eq!(info.flags, 0);
}

#[test]
fn the_function_list_is_the_same_each_time() {
    let table = cps_pkcs11::functions();
    let function = table.C_GetFunctionList.expect("it is in its own table");
    assert_eq!((table.version.major, table.version.minor), (2, 40));
    // SAFETY: null is what is to be refused.
    assert_eq!(done(unsafe { function(null_mut()) }), Err(CKR_ARGUMENTS_BAD));
}
