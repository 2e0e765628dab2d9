//! Decipherment (`C_Decrypt`), for a key that the configuration lets programs use so. In one piece only, as its one
//! mechanism demands.

use crate::{
    Answer, agent,
    environment::environment,
    mechanism::{self, Parameter},
    module, objects,
    reply::{Reply, Room},
    sessions::Session,
    sign::{begin, end_of_card},
    slots::Slot,
};
use cps_agent_api::pkcs11::{Base64, DecryptRequest, Key};
use pkcs11_sys::{
    CK_MECHANISM_TYPE, CK_OBJECT_HANDLE, CK_SESSION_HANDLE, CKR_ENCRYPTED_DATA_LEN_RANGE,
    CKR_OPERATION_NOT_INITIALIZED,
};
use zeroize::Zeroizing;

/// Bytes of padding that RSAES-PKCS1-v1_5 has at least (RFC 8017 §7.2).
const PADDING: usize = 11;

/// A decipherment under way in a session.
pub(crate) struct Decryption {
    serial: String,
    key: Key,
    /// The plaintext, when the caller's buffer was too small for it: the person is not asked again.
    plaintext: Option<Zeroizing<Vec<u8>>>,
}

/// `C_DecryptInit`.
pub(crate) fn init(
    session: &mut Session,
    slot: &mut Slot,
    kind: CK_MECHANISM_TYPE,
    parameter: Parameter,
    key: CK_OBJECT_HANDLE,
) -> Answer<()> {
    begin(&mut session.decryption, slot, key, |token, key| {
        mechanism::for_decryption(kind, parameter, key)?;
        Ok(Decryption { serial: token.serial.clone(), key: key.clone(), plaintext: None })
    })
}

/// `C_Decrypt`. How long the plaintext is shows only when it is there; before, the most it can be is told.
pub(crate) fn whole(handle: CK_SESSION_HANDLE, cryptogram: &[u8], room: Room) -> Answer<Reply> {
    let (decryption, calls) = module::with(|module| {
        let calls = module.calls();
        let (session, _) = module.session(handle)?;
        let decryption = session.decryption.take().ok_or(CKR_OPERATION_NOT_INITIALIZED)?;
        Ok((decryption, calls))
    })?;
    let length = objects::bits(&decryption.key.public_key).div_ceil(8);
    if room == Room::Length && decryption.plaintext.is_none() {
        put_back(handle, decryption)?;
        return Ok(Reply::Length(length.saturating_sub(PADDING)));
    }
    let plaintext = match &decryption.plaintext {
        Some(plaintext) => plaintext.clone(),
        None if cryptogram.len() == length => {
            let (serial, key) = (decryption.serial.clone(), decryption.key.id.clone());
            let (data, screen) = (Base64(cryptogram.to_vec()), environment().screen.clone());
            let request = DecryptRequest { serial, key, data, screen };
            agent::decrypt(&request, &calls).inspect_err(|value| end_of_card(*value))?
        }
        None => return Err(CKR_ENCRYPTED_DATA_LEN_RANGE),
    };
    if let Some(reply) = room.lacks(plaintext.len()) {
        put_back(handle, Decryption { plaintext: Some(plaintext), ..decryption })?;
        return Ok(reply);
    }
    Ok(Reply::Secret(plaintext))
}

fn put_back(handle: CK_SESSION_HANDLE, decryption: Decryption) -> Answer<()> {
    module::session(handle, |session, _| {
        session.decryption = Some(decryption);
        Ok(())
    })
}
