//! Slots, tokens, sessions and logins as the functions about them answer.

use crate::{Answer, module, text::padded};
use cps_agent_api::pkcs11::Pin;
use pkcs11_sys::{
    CK_FLAGS, CK_INFO, CK_MECHANISM_INFO, CK_MECHANISM_TYPE, CK_SESSION_HANDLE, CK_SESSION_INFO, CK_SLOT_ID,
    CK_SLOT_INFO, CK_TOKEN_INFO, CK_USER_TYPE, CK_VERSION, CKF_RW_SESSION, CKF_SERIAL_SESSION,
    CKR_MECHANISM_INVALID, CKR_OPERATION_NOT_INITIALIZED, CKR_PIN_LOCKED, CKR_SESSION_COUNT,
    CKR_SESSION_HANDLE_INVALID, CKR_SESSION_PARALLEL_NOT_SUPPORTED, CKR_SESSION_READ_ONLY_EXISTS,
    CKR_USER_ALREADY_LOGGED_IN, CKR_USER_NOT_LOGGED_IN, CKR_USER_PIN_NOT_INITIALIZED, CKR_USER_TYPE_INVALID,
    CKS_RO_PUBLIC_SESSION, CKS_RO_USER_FUNCTIONS, CKS_RW_PUBLIC_SESSION, CKS_RW_USER_FUNCTIONS,
    CKU_CONTEXT_SPECIFIC, CKU_SO, CKU_USER,
};

/// `C_GetInfo`.
pub(crate) fn library() -> Answer<CK_INFO> {
    let part = |text: &str| text.parse().unwrap_or_default();
    module::with(|_| {
        Ok(CK_INFO {
            cryptokiVersion: CK_VERSION { major: 2, minor: 40 },
            manufacturerID: padded("cps-agent"),
            flags: 0,
            libraryDescription: padded("CPS and e-CPS through cps-agent"),
            libraryVersion: CK_VERSION {
                major: part(env!("CARGO_PKG_VERSION_MAJOR")),
                minor: part(env!("CARGO_PKG_VERSION_MINOR")),
            },
        })
    })
}

/// `C_GetSlotList`. Asking for the length alone is what renews the list (§5.5); a program that comes with a buffer at
/// once has no list yet that could change under its hands.
pub(crate) fn slots(with_token: bool, renew: bool) -> Answer<Vec<CK_SLOT_ID>> {
    module::fresh(|module| {
        if renew || module.slots.list(false).is_empty() {
            module.slots.refresh();
        }
        Ok(module.slots.list(with_token))
    })
}

/// `C_GetSlotInfo`.
pub(crate) fn slot(slot: CK_SLOT_ID) -> Answer<CK_SLOT_INFO> {
    module::fresh(|module| Ok(module.slots.known(slot)?.info()))
}

/// `C_GetTokenInfo`.
pub(crate) fn token(slot: CK_SLOT_ID) -> Answer<CK_TOKEN_INFO> {
    module::fresh(|module| {
        let sessions = module.sessions.count(slot);
        module.slots.known(slot)?.token_info(sessions)
    })
}

/// `C_GetMechanismList`.
pub(crate) fn mechanisms(slot: CK_SLOT_ID) -> Answer<Vec<CK_MECHANISM_TYPE>> {
    let all = module::fresh(|module| module.slots.known(slot)?.mechanisms())?;
    Ok(all.into_iter().map(|offered| offered.kind).collect())
}

/// `C_GetMechanismInfo`.
pub(crate) fn mechanism(slot: CK_SLOT_ID, kind: CK_MECHANISM_TYPE) -> Answer<CK_MECHANISM_INFO> {
    let all = module::fresh(|module| module.slots.known(slot)?.mechanisms())?;
    let found = all.into_iter().find(|offered| offered.kind == kind);
    found.map(|offered| offered.info).ok_or(CKR_MECHANISM_INVALID)
}

/// `C_OpenSession`. The token is marked write-protected, and still a session for writing is opened: programs ask for one
/// to sign with, and every function that writes refuses by itself.
pub(crate) fn open(slot: CK_SLOT_ID, flags: CK_FLAGS) -> Answer<CK_SESSION_HANDLE> {
    if flags & CKF_SERIAL_SESSION == 0 {
        return Err(CKR_SESSION_PARALLEL_NOT_SUPPORTED);
    }
    module::fresh(|module| {
        module.slots.known(slot)?.inside()?;
        module.sessions.open(slot, flags & CKF_RW_SESSION != 0).ok_or(CKR_SESSION_COUNT)
    })
}

/// `C_CloseSession`. The last one of a token takes the login along (§2.5.4).
pub(crate) fn close(session: CK_SESSION_HANDLE) -> Answer<()> {
    module::with(|module| {
        let slot = module.sessions.close(session).ok_or(CKR_SESSION_HANDLE_INVALID)?;
        if module.sessions.count(slot).0 == 0 {
            module.slots.log_out(slot);
        }
        Ok(())
    })
}

/// `C_CloseAllSessions`.
pub(crate) fn close_all(slot: CK_SLOT_ID) -> Answer<()> {
    module::with(|module| {
        module.slots.known(slot)?;
        module.sessions.close_all(slot);
        module.slots.log_out(slot);
        Ok(())
    })
}

/// `C_GetSessionInfo`.
pub(crate) fn session(session: CK_SESSION_HANDLE) -> Answer<CK_SESSION_INFO> {
    module::fresh_session(session, |session, slot| {
        let state = match (session.writing, slot.inside()?.logged_in) {
            (false, false) => CKS_RO_PUBLIC_SESSION,
            (false, true) => CKS_RO_USER_FUNCTIONS,
            (true, false) => CKS_RW_PUBLIC_SESSION,
            (true, true) => CKS_RW_USER_FUNCTIONS,
        };
        let flags = if session.writing { CKF_SERIAL_SESSION | CKF_RW_SESSION } else { CKF_SERIAL_SESSION };
        Ok(CK_SESSION_INFO { slotID: session.slot, state, flags, ulDeviceError: 0 })
    })
}

/// `C_Login`. What the caller gives as a PIN is not looked at: there is one place for PINs, the agent's prompter.
pub(crate) fn login(session: CK_SESSION_HANDLE, user: CK_USER_TYPE) -> Answer<()> {
    let reading = module::with(|module| {
        let slot = module.session(session)?.0.slot;
        let (all, writing) = module.sessions.count(slot);
        Ok(all > writing)
    })?;
    module::fresh_session(session, |session, slot| {
        let inside = slot.inside()?;
        let locked = inside.token.pin == Pin::Locked;
        match user {
            CKU_USER if inside.logged_in => Err(CKR_USER_ALREADY_LOGGED_IN),
            CKU_USER | CKU_CONTEXT_SPECIFIC if locked => Err(CKR_PIN_LOCKED),
            CKU_USER => {
                inside.logged_in = true;
                Ok(())
            }
            CKU_CONTEXT_SPECIFIC if session.signing.is_some() || session.decryption.is_some() => Ok(()),
            CKU_CONTEXT_SPECIFIC => Err(CKR_OPERATION_NOT_INITIALIZED),
            // Nobody is, and beside a session for reading alone nobody could be.
            CKU_SO if reading => Err(CKR_SESSION_READ_ONLY_EXISTS),
            CKU_SO => Err(CKR_USER_PIN_NOT_INITIALIZED),
            _ => Err(CKR_USER_TYPE_INVALID),
        }
    })
}

/// `C_Logout`. What the agent holds verified is the agent's matter, since other programs use it too.
pub(crate) fn logout(session: CK_SESSION_HANDLE) -> Answer<()> {
    module::session(session, |_, slot| {
        if std::mem::take(&mut slot.inside()?.logged_in) { Ok(()) } else { Err(CKR_USER_NOT_LOGGED_IN) }
    })
}
