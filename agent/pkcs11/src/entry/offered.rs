//! The functions a program can use: each reads what it was given, has it done, and writes the answer.
//!
//! # Safety
//! What the pointers name is the caller's word, as the standard has it for each function ([`memory`]). That word is the
//! safety of every block here.

use super::{guard, memory};
use crate::{
    Answer, decrypt, digest, events, module, objects::Value, search, sessions::Session, sign, tokens,
};
use pkcs11_sys::{
    CK_ATTRIBUTE, CK_BBOOL, CK_BYTE, CK_C_INITIALIZE_ARGS, CK_FALSE, CK_FLAGS, CK_INFO, CK_MECHANISM,
    CK_MECHANISM_INFO, CK_MECHANISM_TYPE, CK_NOTIFY, CK_OBJECT_HANDLE, CK_RV, CK_SESSION_HANDLE,
    CK_SESSION_INFO, CK_SLOT_ID, CK_SLOT_INFO, CK_TOKEN_INFO, CK_ULONG, CK_USER_TYPE, CK_UTF8CHAR,
    CK_VOID_PTR, CKF_DONT_BLOCK, CKF_OS_LOCKING_OK, CKR_ARGUMENTS_BAD, CKR_ATTRIBUTE_SENSITIVE,
    CKR_ATTRIBUTE_TYPE_INVALID, CKR_BUFFER_TOO_SMALL, CKR_CANT_LOCK, CKR_FUNCTION_FAILED, CKR_GENERAL_ERROR,
};

/// Refuses null where an answer must go, before anything is done for it.
fn given<T>(place: *mut T) -> Answer<()> {
    if place.is_null() { module::with(|_| Err(CKR_ARGUMENTS_BAD)) } else { Ok(()) }
}

/// Ends an operation whose call fails, even for its arguments alone (§5.2). `CKR_BUFFER_TOO_SMALL` is no failure.
fn or_end<T>(session: CK_SESSION_HANDLE, end: fn(&mut Session), answer: Answer<T>) -> Answer<T> {
    if answer.as_ref().is_err_and(|value| *value != CKR_BUFFER_TOO_SMALL) {
        // A session that is gone has nothing to end.
        let _ = module::session(session, |session, _| {
            end(session);
            Ok(())
        });
    }
    answer
}

fn end_signing(session: &mut Session) {
    session.signing = None;
}

fn end_decryption(session: &mut Session) {
    session.decryption = None;
}

fn end_digest(session: &mut Session) {
    session.digest = None;
}

/// `C_Initialize`. The locks are the system's own; a program that allows nothing but its own gets none.
pub(super) unsafe extern "C" fn C_Initialize(pInitArgs: CK_VOID_PTR) -> CK_RV {
    guard("C_Initialize", || {
        if !pInitArgs.is_null() {
            // SAFETY: see above.
            let arguments = unsafe { memory::read(pInitArgs.cast::<CK_C_INITIALIZE_ARGS>()) }?;
            let given = [
                arguments.CreateMutex.is_some(),
                arguments.DestroyMutex.is_some(),
                arguments.LockMutex.is_some(),
                arguments.UnlockMutex.is_some(),
            ];
            let (some, all) = (given.contains(&true), !given.contains(&false));
            if !arguments.pReserved.is_null() || some != all {
                return Err(CKR_ARGUMENTS_BAD);
            }
            if all && arguments.flags & CKF_OS_LOCKING_OK == 0 {
                return Err(CKR_CANT_LOCK);
            }
        }
        module::initialize()
    })
}

pub(super) unsafe extern "C" fn C_Finalize(pReserved: CK_VOID_PTR) -> CK_RV {
    guard("C_Finalize", || if pReserved.is_null() { module::finalize() } else { Err(CKR_ARGUMENTS_BAD) })
}

pub(super) unsafe extern "C" fn C_GetInfo(pInfo: *mut CK_INFO) -> CK_RV {
    guard("C_GetInfo", || {
        given(pInfo)?;
        // SAFETY: see above.
        unsafe { memory::write(pInfo, tokens::library()?) }
    })
}

pub(super) unsafe extern "C" fn C_GetSlotList(
    tokenPresent: CK_BBOOL,
    pSlotList: *mut CK_SLOT_ID,
    pulCount: *mut CK_ULONG,
) -> CK_RV {
    guard("C_GetSlotList", || {
        given(pulCount)?;
        let list = tokens::slots(tokenPresent != CK_FALSE, pSlotList.is_null())?;
        // SAFETY: see above.
        unsafe { memory::list(pSlotList, pulCount, &list) }
    })
}

pub(super) unsafe extern "C" fn C_GetSlotInfo(slotID: CK_SLOT_ID, pInfo: *mut CK_SLOT_INFO) -> CK_RV {
    guard("C_GetSlotInfo", || {
        given(pInfo)?;
        // SAFETY: see above.
        unsafe { memory::write(pInfo, tokens::slot(slotID)?) }
    })
}

pub(super) unsafe extern "C" fn C_GetTokenInfo(slotID: CK_SLOT_ID, pInfo: *mut CK_TOKEN_INFO) -> CK_RV {
    guard("C_GetTokenInfo", || {
        given(pInfo)?;
        // SAFETY: see above.
        unsafe { memory::write(pInfo, tokens::token(slotID)?) }
    })
}

pub(super) unsafe extern "C" fn C_GetMechanismList(
    slotID: CK_SLOT_ID,
    pMechanismList: *mut CK_MECHANISM_TYPE,
    pulCount: *mut CK_ULONG,
) -> CK_RV {
    guard("C_GetMechanismList", || {
        given(pulCount)?;
        let list = tokens::mechanisms(slotID)?;
        // SAFETY: see above.
        unsafe { memory::list(pMechanismList, pulCount, &list) }
    })
}

pub(super) unsafe extern "C" fn C_GetMechanismInfo(
    slotID: CK_SLOT_ID,
    kind: CK_MECHANISM_TYPE,
    pInfo: *mut CK_MECHANISM_INFO,
) -> CK_RV {
    guard("C_GetMechanismInfo", || {
        given(pInfo)?;
        // SAFETY: see above.
        unsafe { memory::write(pInfo, tokens::mechanism(slotID, kind)?) }
    })
}

/// `C_OpenSession`. The callback is never called: no notification of the standard applies here.
pub(super) unsafe extern "C" fn C_OpenSession(
    slotID: CK_SLOT_ID,
    flags: CK_FLAGS,
    _pApplication: CK_VOID_PTR,
    _Notify: CK_NOTIFY,
    phSession: *mut CK_SESSION_HANDLE,
) -> CK_RV {
    guard("C_OpenSession", || {
        given(phSession)?;
        // SAFETY: see above.
        unsafe { memory::write(phSession, tokens::open(slotID, flags)?) }
    })
}

pub(super) unsafe extern "C" fn C_CloseSession(hSession: CK_SESSION_HANDLE) -> CK_RV {
    guard("C_CloseSession", || tokens::close(hSession))
}

pub(super) unsafe extern "C" fn C_CloseAllSessions(slotID: CK_SLOT_ID) -> CK_RV {
    guard("C_CloseAllSessions", || tokens::close_all(slotID))
}

pub(super) unsafe extern "C" fn C_GetSessionInfo(
    hSession: CK_SESSION_HANDLE,
    pInfo: *mut CK_SESSION_INFO,
) -> CK_RV {
    guard("C_GetSessionInfo", || {
        given(pInfo)?;
        // SAFETY: see above.
        unsafe { memory::write(pInfo, tokens::session(hSession)?) }
    })
}

/// `C_Login`. The PIN stays where it is: not read, and not wiped either, since the memory is the caller's.
pub(super) unsafe extern "C" fn C_Login(
    hSession: CK_SESSION_HANDLE,
    userType: CK_USER_TYPE,
    _pPin: *mut CK_UTF8CHAR,
    _ulPinLen: CK_ULONG,
) -> CK_RV {
    guard("C_Login", || tokens::login(hSession, userType))
}

pub(super) unsafe extern "C" fn C_Logout(hSession: CK_SESSION_HANDLE) -> CK_RV {
    guard("C_Logout", || tokens::logout(hSession))
}

pub(super) unsafe extern "C" fn C_GetObjectSize(
    hSession: CK_SESSION_HANDLE,
    hObject: CK_OBJECT_HANDLE,
    pulSize: *mut CK_ULONG,
) -> CK_RV {
    guard("C_GetObjectSize", || {
        given(pulSize)?;
        let size = search::size(hSession, hObject)?;
        // SAFETY: see above.
        unsafe { memory::write(pulSize, CK_ULONG::try_from(size).map_err(|_| CKR_GENERAL_ERROR)?) }
    })
}

/// `C_GetAttributeValue`: every attribute is answered, and the first refusal among them returned.
pub(super) unsafe extern "C" fn C_GetAttributeValue(
    hSession: CK_SESSION_HANDLE,
    hObject: CK_OBJECT_HANDLE,
    pTemplate: *mut CK_ATTRIBUTE,
    ulCount: CK_ULONG,
) -> CK_RV {
    guard("C_GetAttributeValue", || {
        // SAFETY: see above.
        let wanted = unsafe { memory::attributes(pTemplate, ulCount) }?;
        let wanted: Vec<_> = wanted.iter().map(|attribute| attribute.type_).collect();
        let mut answer = Ok(());
        search::attributes(hSession, hObject, &wanted, |place, value| {
            let value = match value {
                Value::Told(bytes) => Ok(bytes),
                Value::Secret => Err(CKR_ATTRIBUTE_SENSITIVE),
                Value::Unknown => Err(CKR_ATTRIBUTE_TYPE_INVALID),
            };
            // SAFETY: see above; the place is within the template that was read.
            let told = unsafe { memory::tell(pTemplate.add(place), value) };
            answer = answer.and(told);
            Ok(())
        })?;
        answer
    })
}

pub(super) unsafe extern "C" fn C_FindObjectsInit(
    hSession: CK_SESSION_HANDLE,
    pTemplate: *mut CK_ATTRIBUTE,
    ulCount: CK_ULONG,
) -> CK_RV {
    guard("C_FindObjectsInit", || {
        // SAFETY: see above.
        let template = unsafe { memory::template(pTemplate, ulCount) }?;
        search::init(hSession, &template)
    })
}

pub(super) unsafe extern "C" fn C_FindObjects(
    hSession: CK_SESSION_HANDLE,
    phObject: *mut CK_OBJECT_HANDLE,
    ulMaxObjectCount: CK_ULONG,
    pulObjectCount: *mut CK_ULONG,
) -> CK_RV {
    guard("C_FindObjects", || {
        given(phObject)?;
        given(pulObjectCount)?;
        let most = usize::try_from(ulMaxObjectCount).unwrap_or(usize::MAX);
        let found = search::next(hSession, most)?;
        // SAFETY: see above. The count is written only: what it says before means nothing here.
        unsafe {
            memory::write(pulObjectCount, ulMaxObjectCount)?;
            memory::list(phObject, pulObjectCount, &found)
        }
    })
}

pub(super) unsafe extern "C" fn C_FindObjectsFinal(hSession: CK_SESSION_HANDLE) -> CK_RV {
    guard("C_FindObjectsFinal", || search::end(hSession))
}

pub(super) unsafe extern "C" fn C_DecryptInit(
    hSession: CK_SESSION_HANDLE,
    pMechanism: *mut CK_MECHANISM,
    hKey: CK_OBJECT_HANDLE,
) -> CK_RV {
    guard("C_DecryptInit", || {
        // SAFETY: see above.
        let (kind, parameter) = unsafe { memory::mechanism(pMechanism) }?;
        module::session(hSession, |session, slot| decrypt::init(session, slot, kind, parameter, hKey))
    })
}

pub(super) unsafe extern "C" fn C_Decrypt(
    hSession: CK_SESSION_HANDLE,
    pEncryptedData: *mut CK_BYTE,
    ulEncryptedDataLen: CK_ULONG,
    pData: *mut CK_BYTE,
    pulDataLen: *mut CK_ULONG,
) -> CK_RV {
    guard("C_Decrypt", || {
        // SAFETY: see above.
        let call = || unsafe {
            let cryptogram = memory::bytes(pEncryptedData, ulEncryptedDataLen)?;
            let room = memory::room(pData, pulDataLen)?;
            memory::reply(pData, pulDataLen, &decrypt::whole(hSession, &cryptogram, room)?)
        };
        or_end(hSession, end_decryption, call())
    })
}

pub(super) unsafe extern "C" fn C_DigestInit(
    hSession: CK_SESSION_HANDLE,
    pMechanism: *mut CK_MECHANISM,
) -> CK_RV {
    guard("C_DigestInit", || {
        // SAFETY: see above.
        let (kind, parameter) = unsafe { memory::mechanism(pMechanism) }?;
        module::session(hSession, |session, _| digest::init(session, kind, parameter))
    })
}

pub(super) unsafe extern "C" fn C_Digest(
    hSession: CK_SESSION_HANDLE,
    pData: *mut CK_BYTE,
    ulDataLen: CK_ULONG,
    pDigest: *mut CK_BYTE,
    pulDigestLen: *mut CK_ULONG,
) -> CK_RV {
    guard("C_Digest", || {
        // SAFETY: see above.
        let call = || unsafe {
            let data = memory::bytes(pData, ulDataLen)?;
            let room = memory::room(pDigest, pulDigestLen)?;
            let reply = module::session(hSession, |session, _| digest::whole(session, &data, room))?;
            memory::reply(pDigest, pulDigestLen, &reply)
        };
        or_end(hSession, end_digest, call())
    })
}

pub(super) unsafe extern "C" fn C_DigestUpdate(
    hSession: CK_SESSION_HANDLE,
    pPart: *mut CK_BYTE,
    ulPartLen: CK_ULONG,
) -> CK_RV {
    guard("C_DigestUpdate", || {
        // SAFETY: see above.
        let part = unsafe { memory::bytes(pPart, ulPartLen) };
        let taken =
            part.and_then(|part| module::session(hSession, |session, _| digest::update(session, &part)));
        or_end(hSession, end_digest, taken)
    })
}

pub(super) unsafe extern "C" fn C_DigestFinal(
    hSession: CK_SESSION_HANDLE,
    pDigest: *mut CK_BYTE,
    pulDigestLen: *mut CK_ULONG,
) -> CK_RV {
    guard("C_DigestFinal", || {
        // SAFETY: see above.
        let call = || unsafe {
            let room = memory::room(pDigest, pulDigestLen)?;
            let reply = module::session(hSession, |session, _| digest::last(session, room))?;
            memory::reply(pDigest, pulDigestLen, &reply)
        };
        or_end(hSession, end_digest, call())
    })
}

pub(super) unsafe extern "C" fn C_SignInit(
    hSession: CK_SESSION_HANDLE,
    pMechanism: *mut CK_MECHANISM,
    hKey: CK_OBJECT_HANDLE,
) -> CK_RV {
    guard("C_SignInit", || {
        // SAFETY: see above.
        let (kind, parameter) = unsafe { memory::mechanism(pMechanism) }?;
        module::session(hSession, |session, slot| sign::init(session, slot, kind, parameter, hKey))
    })
}

pub(super) unsafe extern "C" fn C_Sign(
    hSession: CK_SESSION_HANDLE,
    pData: *mut CK_BYTE,
    ulDataLen: CK_ULONG,
    pSignature: *mut CK_BYTE,
    pulSignatureLen: *mut CK_ULONG,
) -> CK_RV {
    guard("C_Sign", || {
        // SAFETY: see above.
        let call = || unsafe {
            let data = memory::bytes(pData, ulDataLen)?;
            let room = memory::room(pSignature, pulSignatureLen)?;
            memory::reply(pSignature, pulSignatureLen, &sign::whole(hSession, &data, room)?)
        };
        or_end(hSession, end_signing, call())
    })
}

pub(super) unsafe extern "C" fn C_SignUpdate(
    hSession: CK_SESSION_HANDLE,
    pPart: *mut CK_BYTE,
    ulPartLen: CK_ULONG,
) -> CK_RV {
    guard("C_SignUpdate", || {
        // SAFETY: see above.
        let part = unsafe { memory::bytes(pPart, ulPartLen) };
        let taken =
            part.and_then(|part| module::session(hSession, |session, _| sign::update(session, &part)));
        or_end(hSession, end_signing, taken)
    })
}

pub(super) unsafe extern "C" fn C_SignFinal(
    hSession: CK_SESSION_HANDLE,
    pSignature: *mut CK_BYTE,
    pulSignatureLen: *mut CK_ULONG,
) -> CK_RV {
    guard("C_SignFinal", || {
        // SAFETY: see above.
        let call = || unsafe {
            let room = memory::room(pSignature, pulSignatureLen)?;
            memory::reply(pSignature, pulSignatureLen, &sign::last(hSession, room)?)
        };
        or_end(hSession, end_signing, call())
    })
}

/// `C_GenerateRandom`: the system's random numbers. The card has some too, at eight bytes a command.
pub(super) unsafe extern "C" fn C_GenerateRandom(
    hSession: CK_SESSION_HANDLE,
    pRandomData: *mut CK_BYTE,
    ulRandomLen: CK_ULONG,
) -> CK_RV {
    guard("C_GenerateRandom", || {
        module::session(hSession, |_, _| Ok(()))?;
        // SAFETY: see above.
        unsafe {
            memory::fill(pRandomData, ulRandomLen, |room| {
                getrandom::fill(room).map_err(|_| CKR_FUNCTION_FAILED)
            })
        }
    })
}

pub(super) unsafe extern "C" fn C_WaitForSlotEvent(
    flags: CK_FLAGS,
    pSlot: *mut CK_SLOT_ID,
    pReserved: CK_VOID_PTR,
) -> CK_RV {
    guard("C_WaitForSlotEvent", || {
        given(pSlot)?;
        if !pReserved.is_null() {
            return Err(CKR_ARGUMENTS_BAD);
        }
        // SAFETY: see above.
        unsafe { memory::write(pSlot, events::wait(flags & CKF_DONT_BLOCK == 0)?) }
    })
}
