//! The process of a key store: loads a foreign PKCS#11 module, opens one token, and signs with one key.
//!
//! It has one end of a socket as its standard input, and ends when the other end does, also in the middle of what the
//! module is doing. It has no card, no door and no file of the agent's.

use super::wire::{self, Algorithm, Found, Message, Opened, Refused, Why, kind};
use crate::host::memory;
use cps_agent_core::gateway::key_uri::KeyUri;
use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
    mechanism::{
        Mechanism, MechanismType,
        rsa::{PkcsMgfType, PkcsPssParams},
    },
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    slot::{Slot, TokenInfo},
    types::AuthPin,
};
use rustix::net::sockopt::socket_type;
use std::{
    io::{self, Write as _},
    os::{fd::AsFd as _, unix::net::UnixStream},
    process::ExitCode,
    sync::mpsc,
};

/// Most certificates of a token that are read.
const CERTIFICATES: usize = 32;
/// `CKA_EC_PARAMS` of P-256: its object identifier (RFC 5480 §2.1.1.1).
const P256: &[u8] = &[0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
/// A no, on its way out.
type No = (Why, String);

/// Serves the agent that started this process, until it hangs up.
#[must_use]
pub fn serve() -> ExitCode {
    if socket_type(io::stdin()).is_err() {
        let said = "cps-agent key-store: an agent starts this for the key store of a gateway; to look at one, type: cps doctor";
        // Where nobody reads it, the exit code says so.
        let _ = writeln!(io::stderr(), "{said}");
        return ExitCode::from(2);
    }
    memory::harden();
    match answer() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn answer() -> io::Result<()> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    // What the module may start has no part in this conversation, and does not keep it open.
    rustix::io::fcntl_setfd(io::stdin(), rustix::io::FdFlags::CLOEXEC)?;
    let questions = questions(socket.try_clone()?)?;
    let mut store = Store::default();
    for (question, rest) in questions {
        match store.answer(question, &rest) {
            Ok((kind, rest)) => wire::send(&socket, kind, &rest)?,
            Err((why, said)) => {
                wire::send(&socket, kind::REFUSED, &serde_json::to_vec(&Refused { why, said })?)?;
            }
        }
    }
    Ok(())
}

/// Questions as they come, read on a thread of their own: the agent's end is seen while the module is at work.
fn questions(socket: UnixStream) -> io::Result<mpsc::Receiver<Message>> {
    let (ask, asked) = mpsc::channel();
    std::thread::Builder::new().name("questions".to_owned()).spawn(move || {
        while let Ok(question) = wire::receive(&socket) {
            if ask.send(question).is_err() {
                break;
            }
        }
        // At once: what a module has put aside for an orderly end may wait for the call that it is in.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    })?;
    Ok(asked)
}

/// What this process has got so far.
#[derive(Default)]
struct Store {
    token: Option<Token>,
    logged_in: bool,
    key: Option<ObjectHandle>,
}

/// A token that was found.
struct Token {
    module: Pkcs11,
    slot: Slot,
    session: Session,
    uri: KeyUri,
}

impl Store {
    fn answer(&mut self, question: u8, rest: &[u8]) -> Result<(u8, Vec<u8>), No> {
        match (question, &self.token, self.key) {
            (kind::FIND, None, _) => {
                let text = std::str::from_utf8(rest).map_err(|error| (Why::Broken, error.to_string()))?;
                let uri = KeyUri::parse(text).map_err(|error| (Why::Broken, error.to_string()))?;
                let (token, found) = Token::find(uri)?;
                self.token = Some(token);
                Ok((kind::FOUND, json(&found)?))
            }
            (kind::LOGIN, Some(token), None) if !self.logged_in => {
                token.log_in(rest)?;
                self.logged_in = true;
                Ok((kind::LOGGED_IN, Vec::new()))
            }
            (kind::OPEN, Some(token), None) if self.logged_in => {
                let (key, opened) = token.key()?;
                self.key = Some(key);
                Ok((kind::OPENED, json(&opened)?))
            }
            (kind::SIGN, Some(token), Some(key)) => Ok((kind::SIGNED, token.sign(key, rest)?)),
            _ => Err((Why::Broken, "not now".to_owned())),
        }
    }
}

impl Token {
    fn find(uri: KeyUri) -> Result<(Self, Found), No> {
        let module = Pkcs11::new(&uri.module).map_err(|error| (Why::Module, error.to_string()))?;
        let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
        module.initialize(arguments).map_err(|error| (Why::Module, error.to_string()))?;
        let maker = module.get_library_info().map_err(broken)?.manufacturer_id().to_owned();
        // Ours under another file name.
        if maker == "cps-agent" {
            return Err((Why::Card, maker));
        }
        let mut named = Vec::new();
        for slot in module.get_slots_with_token().map_err(broken)? {
            // A token that leaves at this moment is not there, and some modules show where one more could be made.
            let Ok(token) = module.get_token_info(slot) else { continue };
            if token.token_initialized() && is_named(&uri, slot, &token) {
                named.push((slot, token));
            }
        }
        let [(slot, token)] = named.as_slice() else {
            return Err((Why::Token, format!("{} of that name", named.len())));
        };
        // Ours behind a module that joins others: whoever signs there asks the person by itself.
        if token.protected_authentication_path() {
            return Err((Why::Card, "the token asks for its PIN by itself".to_owned()));
        }
        // What was refused before, here or on another machine, is the token's to remember.
        if token.user_pin_locked() || token.user_pin_final_try() {
            return Err((Why::Pin, "the token has one try left or none".to_owned()));
        }
        let session = module.open_ro_session(*slot).map_err(broken)?;
        let identity =
            [token.manufacturer_id(), token.model(), token.serial_number(), token.label()].join("\n");
        let found = Self { slot: *slot, module, session, uri };
        let wanted = [Attribute::Class(ObjectClass::CERTIFICATE)].into_iter().chain(found.key_name());
        let mut shown = found.certificates(&wanted.collect::<Vec<_>>())?;
        if shown.is_empty() {
            // The key itself is not shown yet, which would tell the certificate by its identifier.
            shown = found.certificates(&[Attribute::Class(ObjectClass::CERTIFICATE)])?;
            shown.truncate(usize::from(shown.len() == 1));
        }
        let certificate = shown.into_iter().next();
        Ok((found, Found { token: identity, certificate }))
    }

    fn log_in(&self, pin: &[u8]) -> Result<(), No> {
        let pin = std::str::from_utf8(pin).map_err(|error| (Why::Pin, error.to_string()))?;
        match self.session.login(UserType::User, Some(&AuthPin::from(pin.to_owned()))) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(Error::Pkcs11(
                error @ (RvError::PinIncorrect
                | RvError::PinInvalid
                | RvError::PinLenRange
                | RvError::PinExpired
                | RvError::PinLocked),
                _,
            )) => Err((Why::Pin, format!("{error:?}"))),
            // It left before the PIN reached it.
            Err(Error::Pkcs11(
                error @ (RvError::DeviceRemoved
                | RvError::SessionClosed
                | RvError::SessionHandleInvalid
                | RvError::TokenNotPresent
                | RvError::TokenNotRecognized),
                _,
            )) => Err((Why::Token, format!("{error:?}"))),
            Err(error) => Err(broken(error)),
        }
    }

    /// The one key that is named, with what belongs to it.
    fn key(&self) -> Result<(ObjectHandle, Opened), No> {
        let wanted = [Attribute::Class(ObjectClass::PRIVATE_KEY)].into_iter().chain(self.key_name());
        let found = self.session.find_objects(&wanted.collect::<Vec<_>>()).map_err(broken)?;
        let [key] = found.as_slice() else {
            return Err((Why::Key, format!("{} of that name", found.len())));
        };
        let (mut id, mut kind, mut curve) = (None, None, None);
        let asked = [AttributeType::Id, AttributeType::KeyType, AttributeType::EcParams];
        for attribute in self.session.get_attributes(*key, &asked).map_err(broken)? {
            match attribute {
                Attribute::Id(value) => id = Some(value),
                Attribute::KeyType(value) => kind = Some(value),
                Attribute::EcParams(value) => curve = Some(value),
                _ => {}
            }
        }
        let certificates = |more: Option<Attribute>| {
            let wanted = [Attribute::Class(ObjectClass::CERTIFICATE)].into_iter().chain(more);
            self.certificates(&wanted.collect::<Vec<_>>())
        };
        let own = match id.filter(|id| !id.is_empty()) {
            Some(id) => certificates(Some(Attribute::Id(id)))?.into_iter().next(),
            None => None,
        };
        let mechanisms = self.module.get_mechanism_list(self.slot).map_err(broken)?;
        let has = |mechanism| mechanisms.contains(&mechanism);
        let mut algorithms = Vec::new();
        if kind == Some(KeyType::RSA) && has(MechanismType::RSA_PKCS_PSS) {
            algorithms.push(Algorithm::RsaPssSha256);
        }
        if kind == Some(KeyType::RSA) && has(MechanismType::RSA_PKCS) {
            algorithms.extend([
                Algorithm::RsaPkcs1Sha256,
                Algorithm::RsaPkcs1Sha384,
                Algorithm::RsaPkcs1Sha512,
            ]);
        }
        if kind == Some(KeyType::EC) && curve.as_deref() == Some(P256) && has(MechanismType::ECDSA) {
            algorithms.push(Algorithm::EcdsaP256Sha256);
        }
        Ok((*key, Opened { certificate: own, others: certificates(None)?, algorithms }))
    }

    fn key_name(&self) -> impl Iterator<Item = Attribute> {
        let label = self.uri.object.as_ref().map(|label| Attribute::Label(label.clone().into_bytes()));
        let id = self.uri.id.clone().map(Attribute::Id);
        label.into_iter().chain(id)
    }

    fn certificates(&self, wanted: &[Attribute]) -> Result<Vec<Vec<u8>>, No> {
        let found = self.session.find_objects(wanted).map_err(broken)?;
        let value = |object| self.session.get_attributes(object, &[AttributeType::Value]).map_err(broken);
        let mut values = Vec::new();
        for object in found.into_iter().take(CERTIFICATES) {
            values.extend(value(object)?.into_iter().filter_map(|attribute| match attribute {
                Attribute::Value(der) => Some(der),
                _ => None,
            }));
        }
        Ok(values)
    }

    /// Signs what was hashed already: every token signs hashes, and few hash by themselves.
    fn sign(&self, key: ObjectHandle, question: &[u8]) -> Result<Vec<u8>, No> {
        let unknown = || (Why::Broken, "no such algorithm".to_owned());
        let (byte, data) = question.split_first().ok_or_else(unknown)?;
        let mechanism = match Algorithm::of_byte(*byte).ok_or_else(unknown)? {
            Algorithm::RsaPkcs1Sha256 | Algorithm::RsaPkcs1Sha384 | Algorithm::RsaPkcs1Sha512 => {
                Mechanism::RsaPkcs
            }
            Algorithm::RsaPssSha256 => Mechanism::RsaPkcsPss(PkcsPssParams {
                hash_alg: MechanismType::SHA256,
                mgf: PkcsMgfType::MGF1_SHA256,
                s_len: 32.into(),
            }),
            Algorithm::EcdsaP256Sha256 => Mechanism::Ecdsa,
        };
        self.session.sign(&mechanism, key, data).map_err(broken)
    }
}

/// Whether a token is the one that the URI names.
fn is_named(uri: &KeyUri, slot: Slot, token: &TokenInfo) -> bool {
    let same =
        |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is.trim_end());
    same(&uri.token, token.label())
        && same(&uri.manufacturer, token.manufacturer_id())
        && same(&uri.model, token.model())
        && same(&uri.serial, token.serial_number())
        && uri.slot.is_none_or(|wanted| wanted == slot.id())
}

fn broken(error: Error) -> No {
    (Why::Broken, error.to_string())
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, No> {
    serde_json::to_vec(value).map_err(|error| (Why::Broken, error.to_string()))
}
