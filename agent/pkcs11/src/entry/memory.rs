//! The caller's memory: every pointer of Cryptoki is read and written here.
//!
//! Nothing says where a pointer of C points to. What can be seen is checked (no null, no impossible length); for the rest
//! the standard binds the caller: what a pointer names is there, of that length, for the time of the call.

use crate::{
    Answer,
    mechanism::{self, Parameter},
    objects::Template,
    reply::{Reply, Room},
};
use pkcs11_sys::{
    CK_ATTRIBUTE, CK_MECHANISM, CK_MECHANISM_TYPE, CK_RSA_PKCS_PSS_PARAMS, CK_RV, CK_ULONG,
    CKR_ARGUMENTS_BAD, CKR_BUFFER_TOO_SMALL, CKR_OK,
};

/// More attributes than any object has.
const ATTRIBUTES: usize = 1024;

/// Longest value of an attribute in a template that could meet one of ours.
const VALUE: usize = 64 * 1024;

/// Reads one value.
///
/// # Safety
/// `from` is null, or names a `T`.
pub(super) unsafe fn read<T: Copy>(from: *const T) -> Answer<T> {
    if from.is_null() {
        return Err(CKR_ARGUMENTS_BAD);
    }
    // SAFETY: not null, so by contract a T; the caller need not have aligned it.
    Ok(unsafe { from.read_unaligned() })
}

/// Writes one value.
///
/// # Safety
/// `to` is null, or names room for a `T`.
pub(super) unsafe fn write<T>(to: *mut T, value: T) -> Answer<()> {
    if to.is_null() {
        return Err(CKR_ARGUMENTS_BAD);
    }
    // SAFETY: not null, so by contract room for a T.
    unsafe { to.write_unaligned(value) };
    Ok(())
}

/// Bytes of the caller, copied: they may be the very room the answer goes to.
///
/// # Safety
/// `from` is null, or names `length` bytes.
pub(super) unsafe fn bytes(from: *const u8, length: CK_ULONG) -> Answer<Vec<u8>> {
    let length = usize::try_from(length).map_err(|_| CKR_ARGUMENTS_BAD)?;
    if length == 0 {
        return Ok(Vec::new());
    }
    if from.is_null() || isize::try_from(length).is_err() {
        return Err(CKR_ARGUMENTS_BAD);
    }
    // SAFETY: not null, so by contract this many bytes, and no more than an object may have.
    Ok(unsafe { std::slice::from_raw_parts(from, length) }.to_vec())
}

/// Fills a buffer of the caller.
///
/// # Safety
/// `to` is null, or names room for `length` bytes.
pub(super) unsafe fn fill(
    to: *mut u8,
    length: CK_ULONG,
    source: impl FnOnce(&mut [u8]) -> Answer<()>,
) -> Answer<()> {
    let length = usize::try_from(length).map_err(|_| CKR_ARGUMENTS_BAD)?;
    if to.is_null() || isize::try_from(length).is_err() {
        return Err(CKR_ARGUMENTS_BAD);
    }
    // SAFETY: not null, so by contract room for this many bytes. Zeroed first, since a slice needs a value.
    let room = unsafe {
        to.write_bytes(0, length);
        std::slice::from_raw_parts_mut(to, length)
    };
    source(room)
}

/// Writes a list of known length, by the convention of §5.2.
///
/// # Safety
/// `count` is null, or names a number; `to` is null, or names room for that many `T`.
pub(super) unsafe fn list<T: Copy>(to: *mut T, count: *mut CK_ULONG, items: &[T]) -> Answer<()> {
    let length = CK_ULONG::try_from(items.len()).map_err(|_| CKR_ARGUMENTS_BAD)?;
    // SAFETY: the contract of this function.
    unsafe {
        let room = read(count)?;
        write(count, length)?;
        if to.is_null() {
            return Ok(());
        }
        if room < length {
            return Err(CKR_BUFFER_TOO_SMALL);
        }
        for (place, item) in items.iter().enumerate() {
            to.add(place).write_unaligned(*item);
        }
    }
    Ok(())
}

/// The room for an answer.
///
/// # Safety
/// `length` is null, or names a number.
pub(super) unsafe fn room(to: *mut u8, length: *mut CK_ULONG) -> Answer<Room> {
    // SAFETY: the contract of this function.
    let room = unsafe { read(length) }?;
    Ok(if to.is_null() { Room::Length } else { Room::Bytes(usize::try_from(room).unwrap_or(usize::MAX)) })
}

/// Writes an answer for which [`room`] was asked.
///
/// # Safety
/// As for [`room`], and `to` is null or names as much room as `length` says.
pub(super) unsafe fn reply(to: *mut u8, length: *mut CK_ULONG, reply: &Reply) -> Answer<()> {
    let (told, value) = reply.told()?;
    let bytes = reply.bytes();
    // SAFETY: the contract of this function. An answer has bytes only when there was room for them.
    unsafe {
        write(length, told)?;
        if !bytes.is_empty() {
            to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
    }
    if value == CKR_OK { Ok(()) } else { Err(value) }
}

/// A template of attributes to search for.
///
/// # Safety
/// `from` is null, or names `count` attributes, each of which names its value.
pub(super) unsafe fn template(from: *const CK_ATTRIBUTE, count: CK_ULONG) -> Answer<Template> {
    // SAFETY: the contract of this function.
    unsafe { attributes(from, count) }?
        .into_iter()
        .map(|attribute| {
            if attribute.ulValueLen > CK_ULONG::try_from(VALUE).unwrap_or(CK_ULONG::MAX) {
                return Err(CKR_ARGUMENTS_BAD);
            }
            // SAFETY: the contract of this function, for each attribute.
            let value = unsafe { bytes(attribute.pValue.cast(), attribute.ulValueLen) }?;
            Ok((attribute.type_, value))
        })
        .collect()
}

/// The attributes themselves.
///
/// # Safety
/// `from` is null, or names `count` attributes.
pub(super) unsafe fn attributes(from: *const CK_ATTRIBUTE, count: CK_ULONG) -> Answer<Vec<CK_ATTRIBUTE>> {
    let count = usize::try_from(count).map_err(|_| CKR_ARGUMENTS_BAD)?;
    if count > ATTRIBUTES || (count > 0 && from.is_null()) {
        return Err(CKR_ARGUMENTS_BAD);
    }
    // SAFETY: not null where there is one, so by contract this many.
    Ok((0..count).map(|place| unsafe { from.add(place).read_unaligned() }).collect())
}

/// Answers one attribute of a `C_GetAttributeValue`: its value, or `CK_UNAVAILABLE_INFORMATION` with the reason.
///
/// # Safety
/// `attribute` names an attribute of the caller, whose value is null or room for as many bytes as it says.
pub(super) unsafe fn tell(attribute: *mut CK_ATTRIBUTE, value: Result<&[u8], CK_RV>) -> Answer<()> {
    // SAFETY: the contract of this function; the value is copied only where there is room for it.
    unsafe {
        let mut told = attribute.read_unaligned();
        let room = usize::try_from(told.ulValueLen).unwrap_or_default();
        let (length, answer) = match value {
            Ok(value) if told.pValue.is_null() || value.len() <= room => {
                if !told.pValue.is_null() && !value.is_empty() {
                    told.pValue.cast::<u8>().copy_from_nonoverlapping(value.as_ptr(), value.len());
                }
                (CK_ULONG::try_from(value.len()).unwrap_or(CK_ULONG::MAX), Ok(()))
            }
            Ok(_) => (CK_ULONG::MAX, Err(CKR_BUFFER_TOO_SMALL)),
            Err(reason) => (CK_ULONG::MAX, Err(reason)),
        };
        told.ulValueLen = length;
        attribute.write_unaligned(told);
        answer
    }
}

/// A mechanism with its parameter.
///
/// # Safety
/// `from` is null, or names a mechanism, which names its parameter.
pub(super) unsafe fn mechanism(from: *const CK_MECHANISM) -> Answer<(CK_MECHANISM_TYPE, Parameter)> {
    // SAFETY: the contract of this function.
    let given = unsafe { read(from) }?;
    let length = usize::try_from(given.ulParameterLen).unwrap_or(usize::MAX);
    // A null with a length is no parameter, and neither is an address with none.
    let parameter = if given.pParameter.is_null() || length == 0 {
        Parameter::Absent
    } else if mechanism::takes_pss(given.mechanism) && length == size_of::<CK_RSA_PKCS_PSS_PARAMS>() {
        // SAFETY: not null and as long as the parameter of this mechanism.
        Parameter::Pss(unsafe { read(given.pParameter.cast::<CK_RSA_PKCS_PSS_PARAMS>()) }?)
    } else {
        Parameter::Foreign
    };
    Ok((given.mechanism, parameter))
}
