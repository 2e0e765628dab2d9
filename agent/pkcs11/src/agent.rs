//! The calls to the agent, and its problems in the words of Cryptoki.
//!
//! Each call has a runtime and a connection of its own, both gone when it returns: between two calls the module holds no
//! descriptor and no thread in the program that loaded it, so there is nothing a fork could share or a closing of all
//! descriptors could break. The door is a local socket; opening it costs less than the answer's parsing.

use crate::{Answer, log};
use cps_agent_api::{
    client::{Agent, ClientError},
    door,
    events::Events,
    pkcs11::{DecryptRequest, SignRequest, Tokens},
    words::Screen,
};
use pkcs11_sys::{
    CK_RV, CKR_CRYPTOKI_NOT_INITIALIZED, CKR_DATA_INVALID, CKR_DEVICE_ERROR, CKR_DEVICE_REMOVED,
    CKR_FUNCTION_CANCELED, CKR_FUNCTION_FAILED, CKR_FUNCTION_REJECTED, CKR_HOST_MEMORY,
    CKR_KEY_FUNCTION_NOT_PERMITTED, CKR_PIN_INCORRECT, CKR_PIN_LOCKED, CKR_USER_NOT_LOGGED_IN,
};
use std::{
    future::poll_fn,
    path::PathBuf,
    pin::pin,
    sync::{Mutex, PoisonError},
    task::Poll,
    time::Duration,
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::watch,
    time::{sleep, timeout},
};

/// How long the agent may take to say what it has in memory. A hung agent is an absent one: no program waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a blocked `C_WaitForSlotEvent` looks for an agent that is not there.
const LOOKOUT: Duration = Duration::from_secs(1);

/// Another door than the session's, for whoever has the module and the agent's stand-in in one process.
static ELSEWHERE: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Speaks to an agent at this socket from now on, instead of the one of this session.
///
/// For tests inside one process, where the environment cannot be changed. The shared library does not export it.
pub fn speak_to(socket: PathBuf) {
    *ELSEWHERE.lock().unwrap_or_else(PoisonError::into_inner) = Some(socket);
}

/// `C_Finalize` was called: every call that waits ends.
pub(crate) type Finalized = watch::Receiver<bool>;

async fn connect() -> Result<Agent, ClientError> {
    let elsewhere = ELSEWHERE.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let path = elsewhere.or_else(door::path).ok_or(ClientError::NoSession)?;
    Agent::connect_to(&path, &language()).await
}

fn runtime() -> Answer<Runtime> {
    Builder::new_current_thread().enable_all().build().map_err(|error| {
        log::line(&format!("no runtime: {error}"));
        CKR_HOST_MEMORY
    })
}

/// Readers and tokens as the agent remembers them; `None` when there is no agent that can tell.
pub(crate) fn tokens() -> Option<Tokens> {
    // A timer can be made inside the runtime only.
    let asked = runtime()
        .ok()?
        .block_on(async { timeout(PATIENCE, async { connect().await?.pkcs11().await }).await });
    match asked {
        Ok(Ok(tokens)) => Some(tokens),
        Ok(Err(error)) => {
            log::line(&format!("no slots: {error}"));
            None
        }
        Err(_) => {
            log::line("no slots: the agent does not answer");
            None
        }
    }
}

/// Has a key sign. Waits for the person if need be.
pub(crate) fn sign(request: &SignRequest, finalized: Finalized) -> Answer<Vec<u8>> {
    let asked = async { connect().await?.pkcs11_sign(request).await };
    unless(finalized, asked).map(|answer| answer.signature.0)
}

/// Has a key decipher. Waits for the person if need be.
pub(crate) fn decrypt(request: &DecryptRequest, finalized: Finalized) -> Answer<Vec<u8>> {
    let asked = async { connect().await?.pkcs11_decrypt(request).await };
    unless(finalized, asked).map(|answer| answer.plaintext.0)
}

fn unless<T>(finalized: Finalized, asked: impl Future<Output = Result<T, ClientError>>) -> Answer<T> {
    runtime()?.block_on(until(finalized, asked))?.map_err(|error| {
        log::line(&format!("refused: {error}"));
        refusal(&error)
    })
}

/// Work that ends early when the library is finalized: dropped, it hangs up, and the agent withdraws its prompt.
async fn until<T>(mut finalized: Finalized, work: impl Future<Output = T>) -> Answer<T> {
    let mut over = pin!(finalized.wait_for(|over| *over));
    let mut work = pin!(work);
    poll_fn(|context| {
        if over.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(CKR_CRYPTOKI_NOT_INITIALIZED));
        }
        work.as_mut().poll(context).map(Ok)
    })
    .await
}

/// A look at the agent's events on a connection of its own, for a thread that waits for them.
pub(crate) struct Watch {
    runtime: Runtime,
    finalized: Finalized,
    events: Option<Events>,
}

impl Watch {
    /// Subscribes, if the agent is there: what happens from now on is not missed.
    pub(crate) fn new(finalized: Finalized) -> Answer<Self> {
        let mut watch = Self { runtime: runtime()?, finalized, events: None };
        watch.subscribe()?;
        Ok(watch)
    }

    fn subscribe(&mut self) -> Answer<()> {
        let asked = async { timeout(PATIENCE, async { connect().await?.events().await }).await };
        let asked = self.runtime.block_on(until(self.finalized.clone(), asked))?;
        self.events = asked.ok().and_then(Result::ok);
        Ok(())
    }

    /// Waits until something may have happened: an event, or the agent came or went.
    pub(crate) fn next(&mut self) -> Answer<()> {
        let finalized = self.finalized.clone();
        let Some(events) = &mut self.events else {
            self.runtime.block_on(until(finalized, async { sleep(LOOKOUT).await }))?;
            return self.subscribe();
        };
        if !matches!(self.runtime.block_on(until(finalized, events.next()))?, Ok(Some(_))) {
            self.events = None;
        }
        Ok(())
    }
}

/// Where the agent's prompter may appear: on this program's screen. Its terminal stays its own.
pub(crate) fn screen() -> Screen {
    Screen {
        display: variable("DISPLAY"),
        wayland_display: variable("WAYLAND_DISPLAY"),
        language: Some(language()),
        ..Screen::default()
    }
}

fn language() -> String {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(variable).unwrap_or_default();
    if locale.starts_with("en") { "en".to_owned() } else { "fr".to_owned() }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What Cryptoki calls a failed signature or decipherment.
fn refusal(error: &ClientError) -> CK_RV {
    match error {
        ClientError::NoSession | ClientError::Absent { .. } | ClientError::Version { .. } => {
            CKR_DEVICE_REMOVED
        }
        ClientError::Lost(_) | ClientError::Garbled(_) => CKR_DEVICE_ERROR,
        ClientError::Refused(problem) => match problem.code.as_str() {
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
            "program_denied"
            | "not_allowed_by_policy"
            | "session_locked"
            | "session_other_card"
            | "other_user" => CKR_FUNCTION_REJECTED,
            _ => CKR_FUNCTION_FAILED,
        },
    }
}
