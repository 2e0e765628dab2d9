//! Searching the objects of a token and reading their attributes (§5.7).

use crate::{
    Answer, module,
    objects::{Object, Template, Value},
};
use pkcs11_sys::{
    CK_ATTRIBUTE_TYPE, CK_OBJECT_HANDLE, CK_SESSION_HANDLE, CKR_OBJECT_HANDLE_INVALID, CKR_OPERATION_ACTIVE,
    CKR_OPERATION_NOT_INITIALIZED,
};

/// `C_FindObjectsInit`.
pub(crate) fn init(session: CK_SESSION_HANDLE, template: &Template) -> Answer<()> {
    module::fresh_session(session, |session, slot| {
        if session.search.is_some() {
            return Err(CKR_OPERATION_ACTIVE);
        }
        let found = slot.inside()?.objects.iter().filter(|object| object.meets(template));
        session.search = Some(found.map(|object| object.handle).collect());
        Ok(())
    })
}

/// `C_FindObjects`: the next ones, at most so many.
pub(crate) fn next(session: CK_SESSION_HANDLE, most: usize) -> Answer<Vec<CK_OBJECT_HANDLE>> {
    module::session(session, |session, _| {
        let search = session.search.as_mut().ok_or(CKR_OPERATION_NOT_INITIALIZED)?;
        Ok(search.drain(..most.min(search.len())).collect())
    })
}

/// `C_FindObjectsFinal`.
pub(crate) fn end(session: CK_SESSION_HANDLE) -> Answer<()> {
    module::session(session, |session, _| {
        session.search.take().map(drop).ok_or(CKR_OPERATION_NOT_INITIALIZED)
    })
}

/// `C_GetAttributeValue`: hands the value of each attribute over, in the order asked for.
pub(crate) fn attributes(
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    wanted: &[CK_ATTRIBUTE_TYPE],
    mut tell: impl FnMut(usize, Value<'_>) -> Answer<()>,
) -> Answer<()> {
    with_object(session, object, |object| {
        for (place, kind) in wanted.iter().enumerate() {
            tell(place, object.value(*kind))?;
        }
        Ok(())
    })
}

/// `C_GetObjectSize`.
pub(crate) fn size(session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE) -> Answer<usize> {
    with_object(session, object, |object| Ok(object.size()))
}

fn with_object<T>(
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    work: impl FnOnce(&Object) -> Answer<T>,
) -> Answer<T> {
    module::session(session, |_, slot| {
        let found = slot.inside()?.objects.iter().find(|known| known.handle == object);
        work(found.ok_or(CKR_OBJECT_HANDLE_INVALID)?)
    })
}
