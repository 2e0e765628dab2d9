//! Digests, which need no card: for `C_Digest`, and inside the signatures with a hash.

use crate::{
    Answer,
    mechanism::Parameter,
    reply::{Reply, Room},
    sessions::{Form, Session},
};
use pkcs11_sys::{
    CK_MECHANISM_TYPE, CKM_SHA256, CKM_SHA384, CKM_SHA512, CKR_MECHANISM_INVALID,
    CKR_MECHANISM_PARAM_INVALID, CKR_OPERATION_ACTIVE, CKR_OPERATION_NOT_INITIALIZED,
};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// Bytes of a digest.
    pub(crate) fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The hash of a digest mechanism.
    fn of(mechanism: CK_MECHANISM_TYPE) -> Option<Self> {
        match mechanism {
            CKM_SHA256 => Some(Self::Sha256),
            CKM_SHA384 => Some(Self::Sha384),
            CKM_SHA512 => Some(Self::Sha512),
            _ => None,
        }
    }
}

/// A hash over bytes that come in parts.
pub(crate) enum Running {
    /// SHA-256.
    Sha256(Sha256),
    /// SHA-384.
    Sha384(Sha384),
    /// SHA-512.
    Sha512(Sha512),
}

impl Running {
    /// Over nothing yet.
    pub(crate) fn new(hash: Hash) -> Self {
        match hash {
            Hash::Sha256 => Self::Sha256(Sha256::new()),
            Hash::Sha384 => Self::Sha384(Sha384::new()),
            Hash::Sha512 => Self::Sha512(Sha512::new()),
        }
    }

    /// Takes the next part.
    pub(crate) fn update(&mut self, part: &[u8]) {
        match self {
            Self::Sha256(state) => state.update(part),
            Self::Sha384(state) => state.update(part),
            Self::Sha512(state) => state.update(part),
        }
    }

    /// The digest.
    pub(crate) fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha256(state) => state.finalize().to_vec(),
            Self::Sha384(state) => state.finalize().to_vec(),
            Self::Sha512(state) => state.finalize().to_vec(),
        }
    }
}

/// A digest under way in a session.
pub(crate) struct Digesting {
    hash: Hash,
    running: Running,
    form: Form,
}

/// `C_DigestInit`.
pub(crate) fn init(session: &mut Session, kind: CK_MECHANISM_TYPE, parameter: Parameter) -> Answer<()> {
    if session.digest.is_some() {
        return Err(CKR_OPERATION_ACTIVE);
    }
    let hash = Hash::of(kind).ok_or(CKR_MECHANISM_INVALID)?;
    if !matches!(parameter, Parameter::Absent) {
        return Err(CKR_MECHANISM_PARAM_INVALID);
    }
    session.digest = Some(Digesting { hash, running: Running::new(hash), form: Form::default() });
    Ok(())
}

/// `C_Digest`.
pub(crate) fn whole(session: &mut Session, data: &[u8], room: Room) -> Answer<Reply> {
    session.digest.as_mut().ok_or(CKR_OPERATION_NOT_INITIALIZED)?.form.whole()?;
    finish(session, data, room)
}

/// `C_DigestUpdate`.
pub(crate) fn update(session: &mut Session, part: &[u8]) -> Answer<()> {
    let digesting = session.digest.as_mut().ok_or(CKR_OPERATION_NOT_INITIALIZED)?;
    digesting.form.parts()?;
    digesting.running.update(part);
    Ok(())
}

/// `C_DigestFinal`.
pub(crate) fn last(session: &mut Session, room: Room) -> Answer<Reply> {
    session.digest.as_mut().ok_or(CKR_OPERATION_NOT_INITIALIZED)?.form.parts()?;
    finish(session, &[], room)
}

fn finish(session: &mut Session, rest: &[u8], room: Room) -> Answer<Reply> {
    let mut digesting = session.digest.take().ok_or(CKR_OPERATION_NOT_INITIALIZED)?;
    if let Some(reply) = room.lacks(digesting.hash.length()) {
        session.digest = Some(digesting);
        return Ok(reply);
    }
    digesting.running.update(rest);
    Ok(Reply::Bytes(digesting.running.finish()))
}
