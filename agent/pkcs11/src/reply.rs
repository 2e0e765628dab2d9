//! Answers of unknown length: the caller asks for the length first, or brings a buffer (§5.2).

use crate::Answer;
use pkcs11_sys::{CK_RV, CK_ULONG, CKR_BUFFER_TOO_SMALL, CKR_GENERAL_ERROR, CKR_OK};
use zeroize::Zeroizing;

/// What the caller has for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// No buffer: the length is asked for.
    Length,
    /// A buffer of so many bytes.
    Bytes(usize),
}

impl Room {
    /// The reply when the answer does not fit; the operation then goes on.
    pub(crate) fn lacks(self, length: usize) -> Option<Reply> {
        match self {
            Self::Length => Some(Reply::Length(length)),
            Self::Bytes(room) if room < length => Some(Reply::TooSmall(length)),
            Self::Bytes(_) => None,
        }
    }
}

/// What the caller gets.
pub(crate) enum Reply {
    /// The length of the answer.
    Length(usize),
    /// The length of the answer, for which the buffer has no room.
    TooSmall(usize),
    /// The answer.
    Bytes(Vec<u8>),
    /// The answer, wiped when the caller has it.
    Secret(Zeroizing<Vec<u8>>),
}

impl Reply {
    /// The answer, if there is one.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Length(_) | Self::TooSmall(_) => &[],
            Self::Bytes(bytes) => bytes,
            Self::Secret(bytes) => bytes,
        }
    }

    /// The length that is told in any case, and the value that is returned.
    pub(crate) fn told(&self) -> Answer<(CK_ULONG, CK_RV)> {
        let (length, value) = match self {
            Self::Length(length) => (*length, CKR_OK),
            Self::TooSmall(length) => (*length, CKR_BUFFER_TOO_SMALL),
            Self::Bytes(_) | Self::Secret(_) => (self.bytes().len(), CKR_OK),
        };
        CK_ULONG::try_from(length).map(|length| (length, value)).map_err(|_| CKR_GENERAL_ERROR)
    }
}
