//! Functions that a card whose keys and PIN are the agent's matter does not have. They look at the session only: the
//! standard wants the state of the library before the refusal.

use super::guard;
use crate::{module, sessions::Session};
use pkcs11_sys::{
    CK_ATTRIBUTE, CK_BYTE, CK_MECHANISM, CK_OBJECT_HANDLE, CK_RV, CK_SESSION_HANDLE, CK_SLOT_ID, CK_ULONG,
    CK_UTF8CHAR, CKR_FUNCTION_NOT_PARALLEL, CKR_FUNCTION_NOT_SUPPORTED, CKR_RANDOM_SEED_NOT_SUPPORTED,
    CKR_SESSION_READ_ONLY, CKR_TOKEN_WRITE_PROTECTED,
};

const UNSUPPORTED: fn(&Session) -> CK_RV = |_| CKR_FUNCTION_NOT_SUPPORTED;
const SEEDED: fn(&Session) -> CK_RV = |_| CKR_RANDOM_SEED_NOT_SUPPORTED;
const NOT_PARALLEL: fn(&Session) -> CK_RV = |_| CKR_FUNCTION_NOT_PARALLEL;
const PROTECTED: fn(&Session) -> CK_RV =
    |session| if session.writing { CKR_TOKEN_WRITE_PROTECTED } else { CKR_SESSION_READ_ONLY };

/// Functions with a session as first parameter, none of whose pointers is followed.
macro_rules! refused {
    ($($name:ident($($kind:ty),*) = $value:ident;)*) => {
        $(
            pub(super) unsafe extern "C" fn $name(session: CK_SESSION_HANDLE $(, _: $kind)*) -> CK_RV {
                guard(stringify!($name), || module::session(session, |session, _| Err($value(session))))
            }
        )*
    };
}

refused! {
    C_InitPIN(*mut CK_UTF8CHAR, CK_ULONG) = PROTECTED;
    C_SetPIN(*mut CK_UTF8CHAR, CK_ULONG, *mut CK_UTF8CHAR, CK_ULONG) = PROTECTED;
    C_GetOperationState(*mut CK_BYTE, *mut CK_ULONG) = UNSUPPORTED;
    C_SetOperationState(*mut CK_BYTE, CK_ULONG, CK_OBJECT_HANDLE, CK_OBJECT_HANDLE) = UNSUPPORTED;
    C_CreateObject(*mut CK_ATTRIBUTE, CK_ULONG, *mut CK_OBJECT_HANDLE) = PROTECTED;
    C_CopyObject(CK_OBJECT_HANDLE, *mut CK_ATTRIBUTE, CK_ULONG, *mut CK_OBJECT_HANDLE) = PROTECTED;
    C_DestroyObject(CK_OBJECT_HANDLE) = PROTECTED;
    C_SetAttributeValue(CK_OBJECT_HANDLE, *mut CK_ATTRIBUTE, CK_ULONG) = PROTECTED;
    C_EncryptInit(*mut CK_MECHANISM, CK_OBJECT_HANDLE) = UNSUPPORTED;
    C_Encrypt(*mut CK_BYTE, CK_ULONG, *mut CK_BYTE, *mut CK_ULONG) = UNSUPPORTED;
    C_EncryptUpdate(*mut CK_BYTE, CK_ULONG, *mut CK_BYTE, *mut CK_ULONG) = UNSUPPORTED;
    C_EncryptFinal(*mut CK_BYTE, *mut CK_ULONG) = UNSUPPORTED;
    C_DecryptUpdate(*mut CK_BYTE, CK_ULONG, *mut CK_BYTE, *mut CK_ULONG) = UNSUPPORTED;
    C_DecryptFinal(*mut CK_BYTE, *mut CK_ULONG) = UNSUPPORTED;
    C_DigestKey(CK_OBJECT_HANDLE) = UNSUPPORTED;
    C_SignRecoverInit(*mut CK_MECHANISM, CK_OBJECT_HANDLE) = UNSUPPORTED;
    C_SignRecover(*mut CK_BYTE, CK_ULONG, *mut CK_BYTE, *mut CK_ULONG) = UNSUPPORTED;
    C_VerifyInit(*mut CK_MECHANISM, CK_OBJECT_HANDLE) = UNSUPPORTED;
    C_Verify(*mut CK_BYTE, CK_ULONG, *mut CK_BYTE, CK_ULONG) = UNSUPPORTED;
    C_VerifyUpdate(*mut CK_BYTE, CK_ULONG) = UNSUPPORTED;
    C_VerifyFinal(*mut CK_BYTE, CK_ULONG) = UNSUPPORTED;
    C_VerifyRecoverInit(*mut CK_MECHANISM, CK_OBJECT_HANDLE) = UNSUPPORTED;
    C_VerifyRecover(*mut CK_BYTE, CK_ULONG, *mut CK_BYTE, *mut CK_ULONG) = UNSUPPORTED;
    C_DigestEncryptUpdate(*mut CK_BYTE, CK_ULONG, *mut CK_BYTE, *mut CK_ULONG) = UNSUPPORTED;
    C_DecryptDigestUpdate(*mut CK_BYTE, CK_ULONG, *mut CK_BYTE, *mut CK_ULONG) = UNSUPPORTED;
    C_SignEncryptUpdate(*mut CK_BYTE, CK_ULONG, *mut CK_BYTE, *mut CK_ULONG) = UNSUPPORTED;
    C_DecryptVerifyUpdate(*mut CK_BYTE, CK_ULONG, *mut CK_BYTE, *mut CK_ULONG) = UNSUPPORTED;
    C_GenerateKey(*mut CK_MECHANISM, *mut CK_ATTRIBUTE, CK_ULONG, *mut CK_OBJECT_HANDLE) = UNSUPPORTED;
    C_GenerateKeyPair(*mut CK_MECHANISM, *mut CK_ATTRIBUTE, CK_ULONG, *mut CK_ATTRIBUTE, CK_ULONG, *mut CK_OBJECT_HANDLE, *mut CK_OBJECT_HANDLE) = UNSUPPORTED;
    C_WrapKey(*mut CK_MECHANISM, CK_OBJECT_HANDLE, CK_OBJECT_HANDLE, *mut CK_BYTE, *mut CK_ULONG) = UNSUPPORTED;
    C_UnwrapKey(*mut CK_MECHANISM, CK_OBJECT_HANDLE, *mut CK_BYTE, CK_ULONG, *mut CK_ATTRIBUTE, CK_ULONG, *mut CK_OBJECT_HANDLE) = UNSUPPORTED;
    C_DeriveKey(*mut CK_MECHANISM, CK_OBJECT_HANDLE, *mut CK_ATTRIBUTE, CK_ULONG, *mut CK_OBJECT_HANDLE) = UNSUPPORTED;
    C_SeedRandom(*mut CK_BYTE, CK_ULONG) = SEEDED;
    C_GetFunctionStatus() = NOT_PARALLEL;
    C_CancelFunction() = NOT_PARALLEL;
}

/// `C_InitToken`, which has a slot and no session.
pub(super) unsafe extern "C" fn C_InitToken(
    slot: CK_SLOT_ID,
    _: *mut CK_UTF8CHAR,
    _: CK_ULONG,
    _: *mut CK_UTF8CHAR,
) -> CK_RV {
    guard("C_InitToken", || {
        module::with(|module| module.slots.known(slot).and(Err(CKR_TOKEN_WRITE_PROTECTED)))
    })
}
