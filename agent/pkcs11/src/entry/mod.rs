//! The boundary to C: the one function the library exports, the table it hands out, and the guard of every call.
//!
//! Only `C_GetFunctionList` is a symbol. The others are reached through the table, as programs do: names such as `C_Sign`
//! are in every module, and a loader may tie a table to another library's.

#![allow(unsafe_code, reason = "the C functions of PKCS#11 read and write memory their caller names")]
#![allow(non_snake_case, reason = "the names and parameters are the standard's")]

mod memory;
mod offered;
mod refused;

use crate::{Answer, log};
use pkcs11_sys::{CK_FUNCTION_LIST, CK_FUNCTION_LIST_PTR_PTR, CK_RV, CK_VERSION, CKR_GENERAL_ERROR, CKR_OK};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs one call. A panic is a bug of ours and must not be the host's end: unwinding through C is not allowed.
fn guard(name: &str, call: impl FnOnce() -> Answer<()>) -> CK_RV {
    // What a panic leaves half done is behind locks, and each of its parts stands alone.
    let value = match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => CKR_OK,
        Ok(Err(value)) => value,
        Err(_) => CKR_GENERAL_ERROR,
    };
    log::call(name, value);
    value
}

/// The table of this module's functions, for whoever has it as a Rust library.
#[must_use]
pub fn functions() -> &'static CK_FUNCTION_LIST {
    &FUNCTIONS
}

/// `C_GetFunctionList` (§5.4).
///
/// # Safety
/// `ppFunctionList` is null, or names room for a pointer.
#[unsafe(no_mangle)]
#[allow(unreachable_pub, reason = "programs reach it by name")]
pub unsafe extern "C" fn C_GetFunctionList(ppFunctionList: CK_FUNCTION_LIST_PTR_PTR) -> CK_RV {
    // The shared library has a standard library of its own, which would print a panic to the host's terminal.
    std::panic::set_hook(Box::new(|bug| log::line(&format!("a bug: {bug}"))));
    // SAFETY: the contract of this function. Hosts read the table and do not write it.
    guard("C_GetFunctionList", || unsafe {
        memory::write(ppFunctionList, std::ptr::from_ref(&FUNCTIONS).cast_mut())
    })
}

static FUNCTIONS: CK_FUNCTION_LIST = CK_FUNCTION_LIST {
    version: CK_VERSION { major: 2, minor: 40 },
    C_Initialize: Some(offered::C_Initialize),
    C_Finalize: Some(offered::C_Finalize),
    C_GetInfo: Some(offered::C_GetInfo),
    C_GetFunctionList: Some(C_GetFunctionList),
    C_GetSlotList: Some(offered::C_GetSlotList),
    C_GetSlotInfo: Some(offered::C_GetSlotInfo),
    C_GetTokenInfo: Some(offered::C_GetTokenInfo),
    C_GetMechanismList: Some(offered::C_GetMechanismList),
    C_GetMechanismInfo: Some(offered::C_GetMechanismInfo),
    C_InitToken: Some(refused::C_InitToken),
    C_InitPIN: Some(refused::C_InitPIN),
    C_SetPIN: Some(refused::C_SetPIN),
    C_OpenSession: Some(offered::C_OpenSession),
    C_CloseSession: Some(offered::C_CloseSession),
    C_CloseAllSessions: Some(offered::C_CloseAllSessions),
    C_GetSessionInfo: Some(offered::C_GetSessionInfo),
    C_GetOperationState: Some(refused::C_GetOperationState),
    C_SetOperationState: Some(refused::C_SetOperationState),
    C_Login: Some(offered::C_Login),
    C_Logout: Some(offered::C_Logout),
    C_CreateObject: Some(refused::C_CreateObject),
    C_CopyObject: Some(refused::C_CopyObject),
    C_DestroyObject: Some(refused::C_DestroyObject),
    C_GetObjectSize: Some(offered::C_GetObjectSize),
    C_GetAttributeValue: Some(offered::C_GetAttributeValue),
    C_SetAttributeValue: Some(refused::C_SetAttributeValue),
    C_FindObjectsInit: Some(offered::C_FindObjectsInit),
    C_FindObjects: Some(offered::C_FindObjects),
    C_FindObjectsFinal: Some(offered::C_FindObjectsFinal),
    C_EncryptInit: Some(refused::C_EncryptInit),
    C_Encrypt: Some(refused::C_Encrypt),
    C_EncryptUpdate: Some(refused::C_EncryptUpdate),
    C_EncryptFinal: Some(refused::C_EncryptFinal),
    C_DecryptInit: Some(offered::C_DecryptInit),
    C_Decrypt: Some(offered::C_Decrypt),
    C_DecryptUpdate: Some(refused::C_DecryptUpdate),
    C_DecryptFinal: Some(refused::C_DecryptFinal),
    C_DigestInit: Some(offered::C_DigestInit),
    C_Digest: Some(offered::C_Digest),
    C_DigestUpdate: Some(offered::C_DigestUpdate),
    C_DigestKey: Some(refused::C_DigestKey),
    C_DigestFinal: Some(offered::C_DigestFinal),
    C_SignInit: Some(offered::C_SignInit),
    C_Sign: Some(offered::C_Sign),
    C_SignUpdate: Some(offered::C_SignUpdate),
    C_SignFinal: Some(offered::C_SignFinal),
    C_SignRecoverInit: Some(refused::C_SignRecoverInit),
    C_SignRecover: Some(refused::C_SignRecover),
    C_VerifyInit: Some(refused::C_VerifyInit),
    C_Verify: Some(refused::C_Verify),
    C_VerifyUpdate: Some(refused::C_VerifyUpdate),
    C_VerifyFinal: Some(refused::C_VerifyFinal),
    C_VerifyRecoverInit: Some(refused::C_VerifyRecoverInit),
    C_VerifyRecover: Some(refused::C_VerifyRecover),
    C_DigestEncryptUpdate: Some(refused::C_DigestEncryptUpdate),
    C_DecryptDigestUpdate: Some(refused::C_DecryptDigestUpdate),
    C_SignEncryptUpdate: Some(refused::C_SignEncryptUpdate),
    C_DecryptVerifyUpdate: Some(refused::C_DecryptVerifyUpdate),
    C_GenerateKey: Some(refused::C_GenerateKey),
    C_GenerateKeyPair: Some(refused::C_GenerateKeyPair),
    C_WrapKey: Some(refused::C_WrapKey),
    C_UnwrapKey: Some(refused::C_UnwrapKey),
    C_DeriveKey: Some(refused::C_DeriveKey),
    C_SeedRandom: Some(refused::C_SeedRandom),
    C_GenerateRandom: Some(offered::C_GenerateRandom),
    C_GetFunctionStatus: Some(refused::C_GetFunctionStatus),
    C_CancelFunction: Some(refused::C_CancelFunction),
    C_WaitForSlotEvent: Some(offered::C_WaitForSlotEvent),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_inside_is_an_error_outside() {
        assert_eq!(guard("C_Test", || panic!("inside")), CKR_GENERAL_ERROR);
    }
}
