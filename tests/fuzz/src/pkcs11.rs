//! What a program calls in the PKCS#11 module, in any order and with any arguments, while cards come and go: the table's
//! functions, with a stand-in for the agent behind them.
//!
//! Every buffer is exactly as long as the call says, on the heap, so that the address sanitizer sees a byte too many.

#![allow(unsafe_code, reason = "the functions of PKCS#11 are C functions")]

#[allow(unreachable_pub, clippy::expect_used, reason = "shared with the tests, where failing is panicking")]
#[path = "../../support/stand_in.rs"]
mod stand_in;
#[allow(
    unreachable_pub,
    clippy::indexing_slicing,
    reason = "shared with the tests, where failing is panicking"
)]
#[path = "../../support/tokens.rs"]
mod tokens;

use cps_agent_api::pkcs11::{Pin, Slot, Token};
use pkcs11_sys::{
    CK_ATTRIBUTE, CK_BBOOL, CK_C_INITIALIZE_ARGS, CK_FUNCTION_LIST, CK_INFO, CK_MECHANISM, CK_MECHANISM_INFO,
    CK_RSA_PKCS_PSS_PARAMS, CK_RV, CK_SESSION_INFO, CK_SLOT_INFO, CK_TOKEN_INFO, CK_ULONG, CKF_DONT_BLOCK,
    CKF_SERIAL_SESSION, CKG_MGF1_SHA256, CKM_ECDSA, CKM_ECDSA_SHA256, CKM_RSA_PKCS, CKM_RSA_PKCS_PSS,
    CKM_RSA_X_509, CKM_SHA256, CKM_SHA256_RSA_PKCS, CKM_SHA256_RSA_PKCS_PSS, CKM_SHA384, CKM_SHA512_RSA_PKCS,
    CKR_GENERAL_ERROR, CKR_OK,
};
use stand_in::{Manner, StandIn};
use std::{
    ptr::{from_mut, null_mut},
    sync::{LazyLock, Mutex, PoisonError},
};

/// Most calls of one input.
const CALLS: usize = 48;

const MECHANISMS: [CK_ULONG; 11] = [
    CKM_RSA_PKCS,
    CKM_SHA256_RSA_PKCS,
    CKM_SHA512_RSA_PKCS,
    CKM_RSA_PKCS_PSS,
    CKM_SHA256_RSA_PKCS_PSS,
    CKM_RSA_X_509,
    CKM_ECDSA,
    CKM_ECDSA_SHA256,
    CKM_SHA256,
    CKM_SHA384,
    CK_ULONG::MAX,
];

/// Codes that say something of their own to a program, and one nobody knows.
const PROBLEMS: [&str; 5] = ["card_removed", "pin_cancelled", "pin_blocked", "program_denied", "x"];

/// The agent, for the life of this process; inputs take turns, since the module has one state.
static AGENT: LazyLock<Mutex<Result<StandIn, std::io::Error>>> = LazyLock::new(|| {
    Mutex::new(tempfile::tempdir().map(|folder| {
        // The folder stays until the process ends: libFuzzer leaves without farewell.
        let agent = StandIn::one_by_one(&folder.keep());
        cps_pkcs11::speak_to(agent.socket().to_owned());
        agent
    }))
});

/// The bytes of an input, spent one after the other; zeros when they are used up.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        let place = usize::from(self.byte()).checked_rem(from.len())?;
        from.get(place).cloned()
    }

    /// A buffer with something in it.
    fn buffer(&mut self) -> Vec<u8> {
        let length = match self.byte() {
            short @ 0..=200 => usize::from(short),
            201..=230 => 256,
            _ => 2100,
        };
        let fill = self.byte();
        vec![fill; length]
    }

    /// A number that is seldom right.
    fn number(&mut self) -> CK_ULONG {
        match self.byte() {
            255 => CK_ULONG::MAX,
            small => small.into(),
        }
    }
}

/// What a program knows from the calls so far.
#[derive(Default)]
struct Known {
    slots: Vec<CK_ULONG>,
    sessions: Vec<CK_ULONG>,
    objects: Vec<CK_ULONG>,
    signed: bool,
}

impl Known {
    fn slot(&self, bytes: &mut Bytes<'_>) -> CK_ULONG {
        bytes.pick(&self.slots).unwrap_or_else(|| bytes.number())
    }

    fn session(&self, bytes: &mut Bytes<'_>) -> CK_ULONG {
        bytes.pick(&self.sessions).unwrap_or_else(|| bytes.number())
    }

    fn object(&self, bytes: &mut Bytes<'_>) -> CK_ULONG {
        bytes.pick(&self.objects).unwrap_or_else(|| bytes.number())
    }
}

/// Calls a function of the table. Says whether it did what it was asked for.
macro_rules! call {
    ($table:expr, $name:ident $(, $argument:expr)*) => {{
        let Some(function) = $table.$name else { panic!(concat!(stringify!($name), " is missing")) };
        // SAFETY: pointers are null or name what the lengths beside them say.
        succeeded(stringify!($name), unsafe { function($($argument),*) })
    }};
}

/// Looks at what a function returned: never the value of a panic.
fn succeeded(name: &str, value: CK_RV) -> bool {
    assert!(value != CKR_GENERAL_ERROR, "{name} fails by a bug");
    value == CKR_OK
}

/// Makes the calls that the bytes say. Says whether a signature was made.
#[allow(clippy::panic, reason = "libFuzzer takes a panic for a finding")]
pub fn calls(data: &[u8]) -> bool {
    let agent = AGENT.lock().unwrap_or_else(PoisonError::into_inner);
    let Ok(agent) = agent.as_ref() else { panic!("no folder for the socket") };
    let (table, mut bytes, mut known) = (cps_pkcs11::functions(), Bytes(data), Known::default());
    agent.change("reader", |slots| *slots = scene());
    agent.manner(Manner::Give(vec![0x5a; tokens::RSA]));
    call!(table, C_Initialize, null_mut());
    for _ in 0..CALLS {
        if bytes.0.is_empty() {
            break;
        }
        match bytes.byte() % 4 {
            0 => about_slots(table, &mut bytes, &mut known),
            1 => about_objects(table, &mut bytes, &mut known),
            2 => with_keys(table, &mut bytes, &mut known),
            _ => around(table, &mut bytes, agent),
        }
    }
    call!(table, C_Finalize, null_mut());
    known.signed
}

fn scene() -> Vec<Slot> {
    let slot = |reader: &str, token| Slot { reader: reader.to_owned(), hardware: true, token };
    vec![
        slot("A", Some(tokens::cps3("99213845"))),
        slot("B", Some(tokens::cps4("44000123"))),
        slot("C", Some(tokens::soft("0123456789ABCDEF01"))),
        slot("D", None),
    ]
}

/// Slots, tokens, sessions, logins.
#[allow(clippy::panic, reason = "libFuzzer takes a panic for a finding")]
fn about_slots(table: &CK_FUNCTION_LIST, bytes: &mut Bytes<'_>, known: &mut Known) {
    match bytes.byte() % 12 {
        0 => {
            let present = CK_BBOOL::from(bytes.byte() & 1);
            let mut list: Vec<CK_ULONG> = vec![0; usize::from(bytes.byte() % 8)];
            let mut count = CK_ULONG::try_from(list.len()).unwrap_or_default();
            let to = if list.is_empty() { null_mut() } else { list.as_mut_ptr() };
            if call!(table, C_GetSlotList, present, to, &raw mut count) && !to.is_null() {
                list.truncate(usize::try_from(count).unwrap_or_default());
                known.slots = list;
            }
        }
        1 => {
            let mut info = CK_SLOT_INFO::default();
            call!(table, C_GetSlotInfo, known.slot(bytes), &raw mut info);
        }
        2 => {
            let mut info = CK_TOKEN_INFO::default();
            call!(table, C_GetTokenInfo, known.slot(bytes), &raw mut info);
        }
        3 => {
            let slot = known.slot(bytes);
            let mut list: Vec<CK_ULONG> = vec![0; usize::from(bytes.byte() % 16)];
            let mut count = CK_ULONG::try_from(list.len()).unwrap_or_default();
            call!(table, C_GetMechanismList, slot, list.as_mut_ptr(), &raw mut count);
        }
        4 => {
            let (slot, mut info) = (known.slot(bytes), CK_MECHANISM_INFO::default());
            let kind = bytes.pick(&MECHANISMS).unwrap_or_default();
            call!(table, C_GetMechanismInfo, slot, kind, &raw mut info);
        }
        5..=7 => {
            let slot = known.slot(bytes);
            let flags = if bytes.byte() < 250 { CKF_SERIAL_SESSION } else { bytes.number() };
            let mut session = 0;
            if call!(table, C_OpenSession, slot, flags, null_mut(), None, &raw mut session) {
                known.sessions.push(session);
            }
        }
        8 => {
            call!(table, C_CloseSession, known.session(bytes));
        }
        9 => {
            let mut info = CK_SESSION_INFO::default();
            call!(table, C_GetSessionInfo, known.session(bytes), &raw mut info);
        }
        10 => {
            let session = known.session(bytes);
            call!(table, C_Login, session, bytes.number(), null_mut(), bytes.number());
        }
        _ => {
            call!(table, C_Logout, known.session(bytes));
        }
    }
}

/// Searches and attributes.
#[allow(clippy::panic, reason = "libFuzzer takes a panic for a finding")]
fn about_objects(table: &CK_FUNCTION_LIST, bytes: &mut Bytes<'_>, known: &mut Known) {
    let session = known.session(bytes);
    match bytes.byte() % 5 {
        0 => {
            // The class is what programs ask for; the rest is whatever comes.
            let mut values: Vec<Vec<u8>> = Vec::new();
            let mut kinds = Vec::new();
            for _ in 0..bytes.byte() % 4 {
                kinds.push(bytes.number());
                values.push(match bytes.byte() {
                    short @ 0..=8 => CK_ULONG::from(short).to_ne_bytes().to_vec(),
                    _ => bytes.buffer(),
                });
            }
            let mut template = attributes(&kinds, &mut values);
            let count = CK_ULONG::try_from(template.len()).unwrap_or_default();
            call!(table, C_FindObjectsInit, session, template.as_mut_ptr(), count);
        }
        1 => {
            let mut found: Vec<CK_ULONG> = vec![0; usize::from(bytes.byte() % 16)];
            let (most, mut count) = (CK_ULONG::try_from(found.len()).unwrap_or_default(), 0);
            if call!(table, C_FindObjects, session, found.as_mut_ptr(), most, &raw mut count) {
                found.truncate(usize::try_from(count).unwrap_or_default());
                known.objects.extend(found);
            }
        }
        2 => {
            call!(table, C_FindObjectsFinal, session);
        }
        3 => {
            let object = known.object(bytes);
            let (mut kinds, mut values) = (Vec::new(), Vec::new());
            for _ in 0..bytes.byte() % 5 {
                kinds.push(CK_ULONG::from(bytes.byte()) | (CK_ULONG::from(bytes.byte() & 3) << 8));
                values.push(bytes.buffer());
            }
            let mut template = attributes(&kinds, &mut values);
            let count = CK_ULONG::try_from(template.len()).unwrap_or_default();
            call!(table, C_GetAttributeValue, session, object, template.as_mut_ptr(), count);
        }
        _ => {
            let mut size = 0;
            call!(table, C_GetObjectSize, session, known.object(bytes), &raw mut size);
        }
    }
}

/// A template whose values are these buffers; an empty one is null.
fn attributes(kinds: &[CK_ULONG], values: &mut [Vec<u8>]) -> Vec<CK_ATTRIBUTE> {
    let one = |(kind, value): (&CK_ULONG, &mut Vec<u8>)| CK_ATTRIBUTE {
        type_: *kind,
        pValue: if value.is_empty() { null_mut() } else { value.as_mut_ptr().cast() },
        ulValueLen: CK_ULONG::try_from(value.len()).unwrap_or_default(),
    };
    kinds.iter().zip(values).map(one).collect()
}

/// Signatures, decipherments, digests.
#[allow(clippy::panic, reason = "libFuzzer takes a panic for a finding")]
fn with_keys(table: &CK_FUNCTION_LIST, bytes: &mut Bytes<'_>, known: &mut Known) {
    let session = known.session(bytes);
    let choice = bytes.byte() % 12;
    if choice < 5 {
        let kind = bytes.pick(&MECHANISMS).unwrap_or_default();
        let mut pss = CK_RSA_PKCS_PSS_PARAMS { hashAlg: CKM_SHA256, mgf: CKG_MGF1_SHA256, sLen: 32 };
        let mut other = bytes.buffer();
        let (parameter, length) = match bytes.byte() % 4 {
            0 | 1 if matches!(kind, CKM_RSA_PKCS_PSS | CKM_SHA256_RSA_PKCS_PSS) => {
                (from_mut(&mut pss).cast(), size_of::<CK_RSA_PKCS_PSS_PARAMS>())
            }
            2 => (other.as_mut_ptr().cast(), other.len()),
            _ => (null_mut(), 0),
        };
        let length = CK_ULONG::try_from(length).unwrap_or_default();
        let mut mechanism = CK_MECHANISM { mechanism: kind, pParameter: parameter, ulParameterLen: length };
        match choice {
            0..=2 => call!(table, C_SignInit, session, &raw mut mechanism, known.object(bytes)),
            3 => call!(table, C_DecryptInit, session, &raw mut mechanism, known.object(bytes)),
            _ => call!(table, C_DigestInit, session, &raw mut mechanism),
        };
        return;
    }
    let (mut data, mut answer) = (bytes.buffer(), bytes.buffer());
    let (from, length) = (data.as_mut_ptr(), CK_ULONG::try_from(data.len()).unwrap_or_default());
    let mut room = CK_ULONG::try_from(answer.len()).unwrap_or_default();
    let to = if answer.is_empty() { null_mut() } else { answer.as_mut_ptr() };
    match choice {
        5..=6 => {
            let done = call!(table, C_Sign, session, from, length, to, &raw mut room);
            known.signed |= done && !to.is_null();
            done
        }
        7 => call!(table, C_SignUpdate, session, from, length),
        8 => call!(table, C_SignFinal, session, to, &raw mut room),
        9 => call!(table, C_Decrypt, session, from, length, to, &raw mut room),
        10 => call!(table, C_Digest, session, from, length, to, &raw mut room),
        _ => {
            call!(table, C_DigestUpdate, session, from, length)
                && call!(table, C_DigestFinal, session, to, &raw mut room)
        }
    };
}

/// What happens outside of the program, and the library's beginning and end.
#[allow(clippy::panic, reason = "libFuzzer takes a panic for a finding")]
fn around(table: &CK_FUNCTION_LIST, bytes: &mut Bytes<'_>, agent: &StandIn) {
    let reader = bytes.pick(&["A", "B", "C", "D", "E"]).unwrap_or_default();
    match bytes.byte() % 12 {
        0 => agent.change("card", |slots| {
            slots.iter_mut().filter(|slot| slot.reader == reader).for_each(|slot| slot.token = None);
        }),
        1 | 2 => {
            let token = strange(bytes);
            agent.change("card", |slots| {
                slots
                    .iter_mut()
                    .filter(|slot| slot.reader == reader)
                    .for_each(|slot| slot.token = token.clone());
            });
        }
        3 => agent.unplug(reader),
        4 => agent.plug(reader),
        5 | 6 => agent.manner(Manner::Give(bytes.buffer())),
        7 => agent.manner(Manner::Refuse(bytes.pick(&PROBLEMS).unwrap_or_default())),
        8 => agent.manner(Manner::HangUp),
        9 => {
            let mut slot = 0;
            call!(table, C_WaitForSlotEvent, CKF_DONT_BLOCK, &raw mut slot, null_mut());
        }
        10 => {
            let mut info = CK_INFO::default();
            call!(table, C_GetInfo, &raw mut info);
        }
        _ => {
            call!(table, C_Finalize, null_mut());
            let mut arguments =
                CK_C_INITIALIZE_ARGS { flags: bytes.number(), ..CK_C_INITIALIZE_ARGS::default() };
            call!(table, C_Initialize, from_mut(&mut arguments).cast());
        }
    }
}

/// A token as no agent would tell of it.
fn strange(bytes: &mut Bytes<'_>) -> Option<Token> {
    let mut token = match bytes.byte() % 3 {
        0 => tokens::cps3("99213845"),
        1 => tokens::cps4("44000123"),
        _ => tokens::soft("0123456789ABCDEF01"),
    };
    token.insertion = bytes.byte().into();
    token.pin = bytes.pick(&[Pin::Fine, Pin::CountLow, Pin::FinalTry, Pin::Locked, Pin::Unknown])?;
    token.label = "é".repeat(usize::from(bytes.byte() % 64));
    for key in &mut token.keys {
        key.longest_raw = u16::from(bytes.byte()) * 16;
        if bytes.byte() & 1 == 1 {
            key.not_after = i64::MAX;
            key.public_key = cps_agent_api::pkcs11::PublicKey::Rsa {
                modulus: bytes.buffer().into(),
                exponent: bytes.buffer().into(),
            };
        }
    }
    Some(token)
}
