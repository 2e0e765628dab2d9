//! Open sessions and what goes on in each. Nothing on a card is the programs' to change, whatever a session is called.

use crate::{Answer, decrypt::Decryption, digest::Digesting, sign::Signing};
use pkcs11_sys::{CK_OBJECT_HANDLE, CK_SESSION_HANDLE, CK_SLOT_ID, CKR_OPERATION_ACTIVE};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::atomic::{AtomicUsize, Ordering},
};

/// More than any program has; a leak shows as `CKR_SESSION_COUNT` instead of eating the machine.
const MOST: usize = 4096;

/// One session.
pub(crate) struct Session {
    /// Where.
    pub(crate) slot: CK_SLOT_ID,
    /// Opened for reading and writing.
    pub(crate) writing: bool,
    /// Objects that a search still has to tell.
    pub(crate) search: Option<VecDeque<CK_OBJECT_HANDLE>>,
    /// A digest under way.
    pub(crate) digest: Option<Digesting>,
    /// A signature under way.
    pub(crate) signing: Option<Signing>,
    /// A decipherment under way.
    pub(crate) decryption: Option<Decryption>,
}

/// How the data of an operation come. One that was begun in one piece does not go on in parts, nor the other way round
/// (§5.2): the call that tries is refused, and ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Form {
    /// Not known yet.
    #[default]
    Open,
    /// In one piece.
    Whole,
    /// In parts.
    Parts,
}

impl Form {
    /// Goes on in one piece.
    pub(crate) fn whole(&mut self) -> Answer<()> {
        self.become_or_refuse(Self::Whole)
    }

    /// Goes on in parts.
    pub(crate) fn parts(&mut self) -> Answer<()> {
        self.become_or_refuse(Self::Parts)
    }

    fn become_or_refuse(&mut self, form: Self) -> Answer<()> {
        if *self != Self::Open && *self != form {
            return Err(CKR_OPERATION_ACTIVE);
        }
        *self = form;
        Ok(())
    }
}

/// All sessions of this program.
#[derive(Default)]
pub(crate) struct Sessions {
    open: BTreeMap<CK_SESSION_HANDLE, Session>,
}

/// The next session's number. It goes on counting after `C_Finalize`: a call that returns late must not meet another
/// session under its number.
static NEXT: AtomicUsize = AtomicUsize::new(1);

impl Sessions {
    /// Opens one; `None` when there are too many, or were.
    pub(crate) fn open(&mut self, slot: CK_SLOT_ID, writing: bool) -> Option<CK_SESSION_HANDLE> {
        if self.open.len() >= MOST {
            return None;
        }
        let handle = CK_SESSION_HANDLE::try_from(NEXT.fetch_add(1, Ordering::Relaxed)).ok()?;
        let session = Session { slot, writing, search: None, digest: None, signing: None, decryption: None };
        self.open.insert(handle, session);
        Some(handle)
    }

    /// One of them.
    pub(crate) fn get(&mut self, handle: CK_SESSION_HANDLE) -> Option<&mut Session> {
        self.open.get_mut(&handle)
    }

    /// Closes one and says where it was.
    pub(crate) fn close(&mut self, handle: CK_SESSION_HANDLE) -> Option<CK_SLOT_ID> {
        self.open.remove(&handle).map(|session| session.slot)
    }

    /// Closes all of a slot.
    pub(crate) fn close_all(&mut self, slot: CK_SLOT_ID) {
        self.open.retain(|_, session| session.slot != slot);
    }

    /// How many are open on a slot: all, and those for writing.
    pub(crate) fn count(&self, slot: CK_SLOT_ID) -> (usize, usize) {
        let here = || self.open.values().filter(|session| session.slot == slot);
        (here().count(), here().filter(|session| session.writing).count())
    }
}
