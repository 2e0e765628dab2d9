//! A program that has loaded the module: the functions of the table as Rust calls, and the stand-in behind them.

use crate::stand_in::StandIn;
use pkcs11_sys::*;
use std::{
    ptr::{from_ref, null_mut},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// What a function gives, or the value it returned instead.
pub type Answer<T> = Result<T, CK_RV>;

/// The module has one state in a process, so its tests take turns.
static TURN: Mutex<()> = Mutex::new(());

/// A program with the module initialised, until it is dropped.
pub struct Host {
    /// The agent.
    pub agent: StandIn,
    _folder: tempfile::TempDir,
    _turn: MutexGuard<'static, ()>,
}

/// Calls a function of the table.
macro_rules! call {
    ($name:ident $(, $argument:expr)*) => {{
        let function = cps_pkcs11::functions().$name.expect("every function is there");
        // SAFETY: the arguments are what the standard asks for, or null.
        $crate::host::done(unsafe { function($($argument),*) })
    }};
}
pub(crate) use call;

/// The value that a function returned, as a result.
pub fn done(value: CK_RV) -> Answer<()> {
    if value == CKR_OK { Ok(()) } else { Err(value) }
}

impl Host {
    /// A program that did not initialise the module yet.
    pub fn uninitialised() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().expect("a folder");
        let agent = StandIn::start(folder.path());
        cps_pkcs11::speak_to(agent.socket().to_owned());
        Self { agent, _folder: folder, _turn: turn }
    }

    /// A program with readers and what is in them.
    pub fn with(readers: &[(&str, Option<cps_agent_api::pkcs11::Token>)]) -> Self {
        let host = Self::uninitialised();
        for (reader, token) in readers {
            host.agent.plug(reader);
            if let Some(token) = token {
                host.agent.insert(reader, token.clone());
            }
        }
        call!(C_Initialize, null_mut()).expect("it initialises");
        host
    }

    pub fn slots(&self, with_token: bool) -> Answer<Vec<CK_SLOT_ID>> {
        let present = if with_token { CK_TRUE } else { CK_FALSE };
        let mut count = 0;
        call!(C_GetSlotList, present, null_mut(), &raw mut count)?;
        let mut list = vec![0; count as usize];
        call!(C_GetSlotList, present, list.as_mut_ptr(), &raw mut count)?;
        list.truncate(count as usize);
        Ok(list)
    }

    pub fn slot_info(&self, slot: CK_SLOT_ID) -> Answer<CK_SLOT_INFO> {
        let mut info = CK_SLOT_INFO::default();
        call!(C_GetSlotInfo, slot, &raw mut info).map(|()| info)
    }

    pub fn token_info(&self, slot: CK_SLOT_ID) -> Answer<CK_TOKEN_INFO> {
        let mut info = CK_TOKEN_INFO::default();
        call!(C_GetTokenInfo, slot, &raw mut info).map(|()| info)
    }

    pub fn mechanisms(&self, slot: CK_SLOT_ID) -> Answer<Vec<CK_MECHANISM_TYPE>> {
        let mut count = 0;
        call!(C_GetMechanismList, slot, null_mut(), &raw mut count)?;
        let mut list = vec![0; count as usize];
        call!(C_GetMechanismList, slot, list.as_mut_ptr(), &raw mut count).map(|()| list)
    }

    pub fn mechanism_info(&self, slot: CK_SLOT_ID, kind: CK_MECHANISM_TYPE) -> Answer<CK_MECHANISM_INFO> {
        let mut info = CK_MECHANISM_INFO::default();
        call!(C_GetMechanismInfo, slot, kind, &raw mut info).map(|()| info)
    }

    pub fn open(&self, slot: CK_SLOT_ID) -> Answer<CK_SESSION_HANDLE> {
        self.open_with(slot, CKF_SERIAL_SESSION)
    }

    pub fn open_with(&self, slot: CK_SLOT_ID, flags: CK_FLAGS) -> Answer<CK_SESSION_HANDLE> {
        let mut session = 0;
        call!(C_OpenSession, slot, flags, null_mut(), None, &raw mut session).map(|()| session)
    }

    /// A session on the first token.
    pub fn session(&self) -> CK_SESSION_HANDLE {
        let slot = *self.slots(true).expect("slots").first().expect("a token");
        self.open(slot).expect("a session")
    }

    pub fn session_info(&self, session: CK_SESSION_HANDLE) -> Answer<CK_SESSION_INFO> {
        let mut info = CK_SESSION_INFO::default();
        call!(C_GetSessionInfo, session, &raw mut info).map(|()| info)
    }

    pub fn login(&self, session: CK_SESSION_HANDLE, user: CK_USER_TYPE) -> Answer<()> {
        call!(C_Login, session, user, null_mut(), 0)
    }

    /// The objects that meet a template.
    pub fn find(
        &self,
        session: CK_SESSION_HANDLE,
        template: &[(CK_ATTRIBUTE_TYPE, &[u8])],
    ) -> Answer<Vec<CK_OBJECT_HANDLE>> {
        self.search(session, template)?;
        let (mut found, mut count) = (vec![0; 100], 0);
        call!(C_FindObjects, session, found.as_mut_ptr(), 100, &raw mut count)?;
        found.truncate(count as usize);
        call!(C_FindObjectsFinal, session)?;
        Ok(found)
    }

    /// Begins a search.
    pub fn search(&self, session: CK_SESSION_HANDLE, template: &[(CK_ATTRIBUTE_TYPE, &[u8])]) -> Answer<()> {
        let mut template: Vec<CK_ATTRIBUTE> = template
            .iter()
            .map(|(kind, value)| CK_ATTRIBUTE {
                type_: *kind,
                pValue: value.as_ptr().cast_mut().cast(),
                ulValueLen: value.len() as CK_ULONG,
            })
            .collect();
        call!(C_FindObjectsInit, session, template.as_mut_ptr(), template.len() as CK_ULONG)
    }

    /// The objects of a class.
    pub fn class(&self, session: CK_SESSION_HANDLE, class: CK_OBJECT_CLASS) -> Vec<CK_OBJECT_HANDLE> {
        self.find(session, &[(CKA_CLASS, &class.to_ne_bytes())]).expect("a search")
    }

    /// The first private key.
    pub fn key(&self, session: CK_SESSION_HANDLE) -> CK_OBJECT_HANDLE {
        *self.class(session, CKO_PRIVATE_KEY).first().expect("a private key")
    }

    pub fn attribute(
        &self,
        session: CK_SESSION_HANDLE,
        object: CK_OBJECT_HANDLE,
        kind: CK_ATTRIBUTE_TYPE,
    ) -> Answer<Vec<u8>> {
        let mut asked = CK_ATTRIBUTE { type_: kind, pValue: null_mut(), ulValueLen: 0 };
        call!(C_GetAttributeValue, session, object, &raw mut asked, 1)?;
        let mut value = vec![0_u8; asked.ulValueLen as usize];
        asked.pValue = value.as_mut_ptr().cast();
        call!(C_GetAttributeValue, session, object, &raw mut asked, 1).map(|()| value)
    }

    pub fn sign_init(
        &self,
        session: CK_SESSION_HANDLE,
        kind: CK_MECHANISM_TYPE,
        key: CK_OBJECT_HANDLE,
    ) -> Answer<()> {
        let mut mechanism = plain(kind);
        call!(C_SignInit, session, &raw mut mechanism, key)
    }

    pub fn sign(&self, session: CK_SESSION_HANDLE, data: &[u8]) -> Answer<Vec<u8>> {
        let (mut signature, mut length) = (vec![0; 512], 512);
        let data_length = data.len() as CK_ULONG;
        let data = data.as_ptr().cast_mut();
        call!(C_Sign, session, data, data_length, signature.as_mut_ptr(), &raw mut length)?;
        signature.truncate(length as usize);
        Ok(signature)
    }

    pub fn sign_update(&self, session: CK_SESSION_HANDLE, part: &[u8]) -> Answer<()> {
        call!(C_SignUpdate, session, part.as_ptr().cast_mut(), part.len() as CK_ULONG)
    }

    pub fn sign_final(&self, session: CK_SESSION_HANDLE) -> Answer<Vec<u8>> {
        let (mut signature, mut length) = (vec![0; 512], 512);
        call!(C_SignFinal, session, signature.as_mut_ptr(), &raw mut length)?;
        signature.truncate(length as usize);
        Ok(signature)
    }

    pub fn event(&self) -> Answer<CK_SLOT_ID> {
        wait(CKF_DONT_BLOCK)
    }
}

/// `C_WaitForSlotEvent`, from any thread.
pub fn wait(flags: CK_FLAGS) -> Answer<CK_SLOT_ID> {
    let mut slot = 0;
    call!(C_WaitForSlotEvent, flags, &raw mut slot, null_mut()).map(|()| slot)
}

/// A mechanism without a parameter.
pub fn plain(kind: CK_MECHANISM_TYPE) -> CK_MECHANISM {
    CK_MECHANISM { mechanism: kind, pParameter: null_mut(), ulParameterLen: 0 }
}

/// A mechanism with a parameter, which must outlive it.
pub fn with_parameter<T>(kind: CK_MECHANISM_TYPE, parameter: &T) -> CK_MECHANISM {
    CK_MECHANISM {
        mechanism: kind,
        pParameter: from_ref(parameter).cast_mut().cast(),
        ulParameterLen: size_of::<T>() as CK_ULONG,
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = call!(C_Finalize, null_mut());
    }
}
