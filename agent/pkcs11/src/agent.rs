//! What is asked of the agent, and its problems in the words of Cryptoki.

use crate::{
    Answer,
    calls::Calls,
    door::{self, Fault, Patience, Request},
    environment::environment,
    log,
};
use cps_agent_api::pkcs11::{DecryptAnswer, DecryptRequest, SignAnswer, SignRequest, Tokens};
use pkcs11_sys::{
    CK_RV, CKR_DATA_INVALID, CKR_DEVICE_ERROR, CKR_DEVICE_REMOVED, CKR_FUNCTION_CANCELED,
    CKR_FUNCTION_FAILED, CKR_FUNCTION_REJECTED, CKR_KEY_FUNCTION_NOT_PERMITTED, CKR_PIN_INCORRECT,
    CKR_PIN_LOCKED, CKR_USER_NOT_LOGGED_IN,
};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    io::{BufRead, BufReader, Read as _},
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use zeroize::Zeroizing;

/// How long the agent may take to say what it has in memory. A program may be waiting for it with its window.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long an agent that took longer is not asked again: it was given its time, and each call would wait anew.
const REST: Duration = Duration::from_secs(10);

/// How often the agent is looked at while it asks the person. It answers from memory while the prompt stands, so that a look
/// ends no prompt; one that finds it slow is followed by another, since a person may sit before it.
const LOOK: Duration = Duration::from_secs(3);

/// How often a blocked `C_WaitForSlotEvent` looks for an agent that is not there.
const LOOKOUT: Duration = Duration::from_secs(1);

/// Most of an event's line that is looked at.
const LINE: u64 = 4096;

/// Another door than the session's, for whoever has the module and the agent's stand-in in one process.
static ELSEWHERE: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Speaks to an agent at this socket from now on, instead of the one of this session.
///
/// For tests inside one process, where the environment cannot be changed. The shared library does not export it.
pub fn speak_to(socket: PathBuf) {
    *ELSEWHERE.lock().unwrap_or_else(PoisonError::into_inner) = Some(socket);
}

fn connect() -> Result<Arc<UnixStream>, Fault> {
    let elsewhere = ELSEWHERE.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let socket = elsewhere.or_else(|| environment().socket.clone());
    door::connect(&socket.ok_or(Fault::NoSession)?)
}

/// What the agent says of readers and tokens.
pub(crate) enum Told {
    /// These are there, as it remembers them.
    Tokens(Tokens),
    /// There is no agent that can tell, and so nothing.
    Nobody,
    /// Nothing this time, though it is there: what it said before may still be true.
    Nothing,
}

/// Asks the agent. One that took too long has until `rest` to recover, and is not asked before.
pub(crate) fn tokens(rest: &mut Option<Instant>) -> Told {
    if rest.is_some_and(|until| Instant::now() < until) {
        return Told::Nothing;
    }
    let asked = ask_tokens();
    *rest = matches!(asked, Err(Fault::Hung)).then(|| Instant::now() + REST);
    match asked {
        Ok(tokens) => Told::Tokens(tokens),
        Err(fault) => {
            log::line(&format!("no slots: {fault}"));
            match fault {
                Fault::Hung | Fault::Lost(_) | Fault::Refused(_) => Told::Nothing,
                Fault::NoSession | Fault::Absent(_) | Fault::Version(_) | Fault::Garbled(_) => Told::Nobody,
            }
        }
    }
}

fn ask_tokens() -> Result<Tokens, Fault> {
    let (language, patience) = (environment().language, Patience::Until(PATIENCE));
    let request = Request { method: "GET", path: "/v1/pkcs11", language, patience };
    request.ask(&*connect()?, None::<&()>)
}

/// Whether the agent answers what it has in memory: before it is given work that may take a person's time, and while it
/// keeps a caller waiting.
fn lives() -> bool {
    !matches!(ask_tokens(), Err(Fault::Hung))
}

/// The same of an agent that has work of a caller's. A machine that stood still for a moment is no agent that hangs.
fn works() -> bool {
    lives() || lives()
}

/// Has a key sign. Waits for the person if need be.
pub(crate) fn sign(request: &SignRequest, calls: &Calls) -> Answer<Vec<u8>> {
    use_key("/v1/pkcs11/sign", request, calls).map(|answer: SignAnswer| answer.signature.0)
}

/// Has a key decipher. Waits for the person if need be.
pub(crate) fn decrypt(request: &DecryptRequest, calls: &Calls) -> Answer<Zeroizing<Vec<u8>>> {
    use_key("/v1/pkcs11/decrypt", request, calls).map(|answer: DecryptAnswer| answer.plaintext.into())
}

fn use_key<T: DeserializeOwned>(path: &str, body: &impl Serialize, calls: &Calls) -> Answer<T> {
    let told = |fault: Fault| {
        log::line(&format!("refused: {fault}"));
        refusal(&fault)
    };
    // An agent that hangs would find the request when it is back, and ask a person for a program that is gone.
    if !lives() {
        return calls.or_over(Err(told(Fault::Hung)));
    }
    let socket = connect().map_err(told)?;
    calls.wait_on(&socket)?;
    let (language, patience) = (environment().language, Patience::Person(LOOK, &works));
    let request = Request { method: "POST", path, language, patience };
    calls.or_over(request.ask(&socket, Some(body)).map_err(told))
}

/// A look at the agent's events, for a thread that waits for them.
pub(crate) struct Watch {
    calls: Arc<Calls>,
    socket: Option<Arc<UnixStream>>,
}

impl Watch {
    /// Not looking yet.
    pub(crate) fn new(calls: Arc<Calls>) -> Self {
        Self { calls, socket: connect().ok() }
    }

    /// Looks: `now` runs once nothing can be missed any more, then after each event, until it finds something.
    pub(crate) fn until<T>(mut self, mut now: impl FnMut() -> Answer<Option<T>>) -> Answer<T> {
        loop {
            if let Some(socket) = self.socket.take() {
                self.calls.wait_on(&socket)?;
                if let Some(found) = self.calls.or_over(watched(&socket, &mut now))? {
                    return Ok(found);
                }
            }
            // The agent is gone, or not there yet.
            if let Some(found) = now()? {
                return Ok(found);
            }
            self.calls.pause(LOOKOUT)?;
            self.socket = connect().ok();
        }
    }
}

/// Reads events until `now` finds something; `None` when the agent ends.
fn watched<T>(socket: &UnixStream, now: &mut impl FnMut() -> Answer<Option<T>>) -> Answer<Option<T>> {
    let (language, patience) = (environment().language, Patience::Endless);
    let request = Request { method: "GET", path: "/v1/events", language, patience };
    let Ok(events) = request.stream(socket) else { return Ok(None) };
    let mut events = BufReader::new(events);
    loop {
        if let Some(found) = now()? {
            return Ok(Some(found));
        }
        if !next_event(&mut events) {
            return Ok(None);
        }
    }
}

/// Reads to the next event, whatever it says, since the state is asked afresh (WHATWG HTML §9.2). False at the end.
fn next_event(events: &mut impl BufRead) -> bool {
    let mut line = Vec::new();
    loop {
        line.clear();
        match events.by_ref().take(LINE).read_until(b'\n', &mut line) {
            Ok(1..) if line.starts_with(b"data:") => return true,
            Ok(1..) => {}
            Ok(0) | Err(_) => return false,
        }
    }
}

/// What Cryptoki calls a failed signature or decipherment.
fn refusal(fault: &Fault) -> CK_RV {
    match fault {
        Fault::NoSession | Fault::Absent(_) | Fault::Version(_) => CKR_DEVICE_REMOVED,
        Fault::Hung | Fault::Lost(_) | Fault::Garbled(_) => CKR_DEVICE_ERROR,
        Fault::Refused(problem) => match problem.code.as_str() {
            "card_removed"
            | "no_card"
            | "no_reader"
            | "no_card_service"
            | "card_service_refused"
            | "card_unknown"
            | "no_token"
            | "shutting_down" => CKR_DEVICE_REMOVED,
            "card_mute"
            | "card_busy"
            | "card_refused"
            | "card_garbled"
            | "card_update_interrupted"
            | "reader_failed" => CKR_DEVICE_ERROR,
            "pin_cancelled" | "program_refused" | "login_abandoned" => CKR_FUNCTION_CANCELED,
            "pin_blocked" => CKR_PIN_LOCKED,
            "pin_wrong" => CKR_PIN_INCORRECT,
            "pin_required" | "pin_no_prompter" | "pin_prompt_busy" | "pin_last_try" => CKR_USER_NOT_LOGGED_IN,
            "card_unsupported" | "key_purpose" | "key_not_offered" => CKR_KEY_FUNCTION_NOT_PERMITTED,
            "request_malformed" => CKR_DATA_INVALID,
            "program_denied" | "session_locked" | "session_other_card" | "other_user" => {
                CKR_FUNCTION_REJECTED
            }
            _ => CKR_FUNCTION_FAILED,
        },
    }
}
