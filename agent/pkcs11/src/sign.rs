//! Signatures: what a program brings, in one piece or in parts, becomes what the agent has the key sign.

use crate::{
    Answer, agent,
    digest::{Hash, Running},
    environment::environment,
    mechanism::{Mechanism, Parameter},
    module, objects,
    reply::{Reply, Room},
    sessions::{Form, Session},
    slots::Slot,
};
use cps_agent_api::pkcs11::{Base64, Input, Key, PublicKey, Scheme, SignRequest, Token};
use pkcs11_sys::{
    CK_MECHANISM_TYPE, CK_OBJECT_HANDLE, CK_SESSION_HANDLE, CKM_ECDSA, CKM_RSA_PKCS, CKM_RSA_X_509,
    CKR_DATA_LEN_RANGE, CKR_DEVICE_ERROR, CKR_DEVICE_REMOVED, CKR_FUNCTION_NOT_SUPPORTED,
    CKR_KEY_HANDLE_INVALID, CKR_OPERATION_ACTIVE, CKR_OPERATION_NOT_INITIALIZED,
};

/// Longest message that goes to the agent whole; the digest of a longer one goes.
const MESSAGE: usize = 32 * 1024;

/// Longest part that a mechanism without a hash could take: no modulus is longer.
const RAW: usize = 2048;

/// DER of a DigestInfo up to the digest (RFC 8017 §9.2), with the scheme that makes it.
const DIGEST_INFOS: [(&[u8], Scheme, Hash); 3] = [
    (
        &[
            0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
            0x00, 0x04, 0x20,
        ],
        Scheme::RsaPkcs1Sha256,
        Hash::Sha256,
    ),
    (
        &[
            0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05,
            0x00, 0x04, 0x30,
        ],
        Scheme::RsaPkcs1Sha384,
        Hash::Sha384,
    ),
    (
        &[
            0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05,
            0x00, 0x04, 0x40,
        ],
        Scheme::RsaPkcs1Sha512,
        Hash::Sha512,
    ),
];

/// A signature under way in a session.
pub(crate) struct Signing {
    serial: String,
    key: Key,
    mechanism: Mechanism,
    data: Data,
    form: Form,
}

/// What was brought so far.
enum Data {
    /// Under a mechanism without a hash: the bytes themselves.
    Raw(Vec<u8>),
    /// The hash, and the message too as long as it is short and the key wants it.
    Hashed { running: Box<Running>, message: Option<Vec<u8>> },
}

impl Signing {
    fn new(serial: &str, key: &Key, mechanism: Mechanism) -> Self {
        let data = match mechanism.hash {
            None => Data::Raw(Vec::new()),
            Some(hash) => {
                let wanted = key.inputs.first() == Some(&Input::Message);
                Data::Hashed { running: Box::new(Running::new(hash)), message: wanted.then(Vec::new) }
            }
        };
        Self { serial: serial.to_owned(), key: key.clone(), mechanism, data, form: Form::default() }
    }

    /// Length of the signature.
    fn length(&self) -> usize {
        let key = objects::bits(&self.key.public_key).div_ceil(8);
        if matches!(self.key.public_key, PublicKey::Ec { .. }) { 2 * key } else { key }
    }

    /// The mechanisms without a hash take one piece only.
    fn goes_on_in_parts(&mut self) -> Answer<()> {
        self.form.parts()?;
        if self.mechanism.hash.is_none() { Err(CKR_FUNCTION_NOT_SUPPORTED) } else { Ok(()) }
    }

    fn take(&mut self, part: &[u8]) -> Answer<()> {
        match &mut self.data {
            Data::Raw(bytes) => {
                if bytes.len().saturating_add(part.len()) > RAW {
                    return Err(CKR_DATA_LEN_RANGE);
                }
                bytes.extend(part);
            }
            Data::Hashed { running, message } => {
                running.update(part);
                if let Some(bytes) = message {
                    if bytes.len().saturating_add(part.len()) <= MESSAGE {
                        bytes.extend(part);
                    } else {
                        *message = None;
                    }
                }
            }
        }
        Ok(())
    }

    /// What the agent is asked for.
    fn request(self) -> Answer<SignRequest> {
        let length = self.length();
        let (scheme, input, data) = match self.data {
            Data::Hashed { message: Some(message), .. } => (self.mechanism.scheme, Input::Message, message),
            Data::Hashed { running, .. } => {
                if !self.key.inputs.contains(&Input::Digest) {
                    return Err(CKR_DATA_LEN_RANGE);
                }
                (self.mechanism.scheme, Input::Digest, running.finish())
            }
            Data::Raw(data) => match self.mechanism.kind {
                CKM_RSA_PKCS => pkcs1(&self.key, data)?,
                CKM_RSA_X_509 => (Scheme::RsaRaw, Input::Raw, block(data, length)?),
                CKM_ECDSA => (Scheme::EcdsaP256Sha256, Input::Digest, order(data, length / 2)?),
                // CKM_RSA_PKCS_PSS: a digest of the hash that the parameter names.
                _ if data.len() == Hash::Sha256.length() => (self.mechanism.scheme, Input::Digest, data),
                _ => return Err(CKR_DATA_LEN_RANGE),
            },
        };
        let (serial, key, data) = (self.serial, self.key.id, Base64(data));
        Ok(SignRequest { serial, key, scheme, input, data, screen: environment().screen.clone() })
    }
}

/// Bytes for the PKCS#1 v1.5 block. A card that makes the DigestInfo itself gets the digest out of the program's.
fn pkcs1(key: &Key, data: Vec<u8>) -> Answer<(Scheme, Input, Vec<u8>)> {
    let known = DIGEST_INFOS.iter().find_map(|(start, scheme, hash)| {
        let digest = data.strip_prefix(*start).filter(|digest| digest.len() == hash.length())?;
        Some((*scheme, digest))
    });
    if !key.schemes.contains(&Scheme::RsaPkcs1) {
        let (scheme, digest) = known.ok_or(CKR_DATA_LEN_RANGE)?;
        if !key.schemes.contains(&scheme) || !key.inputs.contains(&Input::Digest) {
            return Err(CKR_DATA_LEN_RANGE);
        }
        return Ok((scheme, Input::Digest, digest.to_vec()));
    }
    if data.len() > usize::from(key.longest_raw) {
        return Err(CKR_DATA_LEN_RANGE);
    }
    let input = if known.is_some() { Input::DigestInfo } else { Input::Raw };
    Ok((Scheme::RsaPkcs1, input, data))
}

/// A block as long as the modulus: a shorter one has zeros before it (PKCS#11 v2.40 mechanisms §2.1.6).
fn block(data: Vec<u8>, length: usize) -> Answer<Vec<u8>> {
    let missing = length.checked_sub(data.len()).ok_or(CKR_DATA_LEN_RANGE)?;
    Ok([vec![0; missing], data].concat())
}

/// A digest of any length as ECDSA takes it on a curve of `length` bytes (FIPS 186-5 §6.4.1): its first bits; a short one
/// is the same number with zeros before it.
fn order(mut data: Vec<u8>, length: usize) -> Answer<Vec<u8>> {
    if data.is_empty() {
        return Err(CKR_DATA_LEN_RANGE);
    }
    data.truncate(length);
    block(data, length)
}

/// `C_SignInit`.
pub(crate) fn init(
    session: &mut Session,
    slot: &mut Slot,
    kind: CK_MECHANISM_TYPE,
    parameter: Parameter,
    key: CK_OBJECT_HANDLE,
) -> Answer<()> {
    begin(&mut session.signing, slot, key, |token, key| {
        let mechanism = Mechanism::for_signing(kind, parameter, key, &token.keys)?;
        Ok(Signing::new(&token.serial, key, mechanism))
    })
}

/// Begins an operation with a key, where none of its kind is under way.
pub(crate) fn begin<T>(
    place: &mut Option<T>,
    slot: &mut Slot,
    key: CK_OBJECT_HANDLE,
    operation: impl FnOnce(&Token, &Key) -> Answer<T>,
) -> Answer<()> {
    if place.is_some() {
        return Err(CKR_OPERATION_ACTIVE);
    }
    let (token, key) = slot.private_key(key)?;
    *place = Some(operation(token, key)?);
    Ok(())
}

/// `C_SignUpdate`.
pub(crate) fn update(session: &mut Session, part: &[u8]) -> Answer<()> {
    let signing = session.signing.as_mut().ok_or(CKR_OPERATION_NOT_INITIALIZED)?;
    signing.goes_on_in_parts()?;
    signing.take(part)
}

/// `C_Sign`.
pub(crate) fn whole(handle: CK_SESSION_HANDLE, data: &[u8], room: Room) -> Answer<Reply> {
    finish(handle, Some(data), room)
}

/// `C_SignFinal`.
pub(crate) fn last(handle: CK_SESSION_HANDLE, room: Room) -> Answer<Reply> {
    finish(handle, None, room)
}

/// Has the key sign, without holding up the program's other threads meanwhile: a person may have to be asked.
fn finish(handle: CK_SESSION_HANDLE, data: Option<&[u8]>, room: Room) -> Answer<Reply> {
    let ready = module::with(|module| {
        let calls = module.calls();
        let (session, _) = module.session(handle)?;
        let signing = session.signing.as_mut().ok_or(CKR_OPERATION_NOT_INITIALIZED)?;
        if data.is_some() { signing.form.whole() } else { signing.goes_on_in_parts() }?;
        let length = signing.length();
        if let Some(reply) = room.lacks(length) {
            return Ok(Err(reply));
        }
        let mut signing = session.signing.take().ok_or(CKR_OPERATION_NOT_INITIALIZED)?;
        signing.take(data.unwrap_or_default())?;
        Ok(Ok((signing.request()?, length, calls)))
    })?;
    let (request, length, calls) = match ready {
        Ok(ready) => ready,
        Err(reply) => return Ok(reply),
    };
    let signature = agent::sign(&request, &calls).inspect_err(|value| end_of_card(*value))?;
    if signature.len() == length { Ok(Reply::Bytes(signature)) } else { Err(CKR_DEVICE_ERROR) }
}

/// The agent says that the card is gone: whoever asks next is to see it too.
pub(crate) fn end_of_card(value: pkcs11_sys::CK_RV) {
    if value == CKR_DEVICE_REMOVED {
        let _ = module::fresh(|_| Ok(()));
    }
}

impl Slot {
    /// The token and the key behind a handle.
    pub(crate) fn private_key(&mut self, handle: CK_OBJECT_HANDLE) -> Answer<(&Token, &Key)> {
        let inside = self.inside()?;
        let object = inside.objects.iter().find(|object| object.handle == handle && object.private);
        let key =
            object.and_then(|object| inside.token.keys.get(object.key)).ok_or(CKR_KEY_HANDLE_INVALID)?;
        Ok((&inside.token, key))
    }
}
