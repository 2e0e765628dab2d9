//! The PC/SC stack of the system: pcscd on Linux, the smart-card services of Windows and macOS.
//!
//! A PC/SC context is one conversation with the service, with one lock: a command sent on the context in which another
//! thread waits would hang until that wait ends. So the waiting thread has a context of its own, and so has every
//! connection. Contexts are cheap, die with the service, and are made anew at the next call.

use super::pcsclite::HeldCard;
use super::{Connection, Disposition, Feature, Protocol, ReaderService, ReaderState, TransportError};
use pcsc::{Context, Error, Protocols, Scope, ShareMode, State};
use std::ffi::CString;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Whether the stack reports new readers through a pseudo-reader. Elsewhere the list is read again at short intervals.
const HAS_PNP: bool = !cfg!(target_os = "macos");
/// Interval of that.
const LIST_AGAIN: Duration = Duration::from_secs(1);
/// How long the service may take to see that a card left during a command; pcscd polls readers every 400 ms.
const REMOVAL_NOTICED: Duration = Duration::from_millis(1000);
/// Readers that come and go while they are listed are listed again, this often.
const LIST_ATTEMPTS: usize = 8;
/// CM_IOCTL_GET_FEATURE_REQUEST (PC/SC part 10 §2.2), before the platform's own shift.
const GET_FEATURE_REQUEST: u32 = 3400;

/// Readers and cards of the system's PC/SC service. One thread waits, any may connect and interrupt.
#[derive(Default)]
pub struct PcscService {
    watch: Mutex<Watch>,
    ended: Condvar,
}

#[derive(Default)]
struct Watch {
    /// The context of the waiting thread.
    context: Option<Context>,
    /// Number of the wait under way.
    current: Option<u64>,
    /// Number of the last wait.
    last: u64,
}

impl PcscService {
    /// Touches nothing: the service is looked for at the first call that needs it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReaderService for PcscService {
    fn wait(&self, known: &[ReaderState], timeout: Duration) -> Result<Vec<ReaderState>, TransportError> {
        let context = {
            let mut watch = self.watch();
            let context = match &watch.context {
                Some(context) => context.clone(),
                None => establish()?,
            };
            watch.context = Some(context.clone());
            watch.last += 1;
            watch.current = Some(watch.last);
            context
        };
        let answer = wait_for_change(&context, known, timeout);
        let mut watch = self.watch();
        watch.current = None;
        if answer.is_err() {
            watch.context = None;
        }
        self.ended.notify_all();
        answer.map_err(transport_error)
    }

    /// A cancel that arrives before the other thread has begun to block is lost, so it is repeated until that one wait is over.
    fn interrupt(&self) {
        let mut watch = self.watch();
        let target = watch.current;
        for _ in 0..50 {
            if target.is_none() || watch.current != target {
                return;
            }
            if let Some(context) = &watch.context {
                // Failing means that the service is gone, and then the wait ends by itself.
                let _ = context.cancel();
            }
            let pause = self.ended.wait_timeout(watch, Duration::from_millis(20));
            watch = pause.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn connect(&self, reader: &str) -> Result<Box<dyn Connection>, TransportError> {
        let name = CString::new(reader).map_err(|_| TransportError::NoReader)?;
        let context = establish()?;
        let card = context.connect(&name, ShareMode::Shared, Protocols::ANY).map_err(transport_error)?;
        let mut connection = PcscConnection {
            card: HeldCard::new(card),
            context,
            reader: name,
            atr: Vec::new(),
            protocol: Protocol::T0,
            features: None,
        };
        connection.read_status().map_err(transport_error)?;
        Ok(Box::new(connection))
    }
}

fn establish() -> Result<Context, TransportError> {
    Context::establish(Scope::User).map_err(transport_error)
}

/// Compares what is here with `known` after every change that the service reports, until they differ or time is up.
/// The service also reports what does not matter here, such as another program connecting.
fn wait_for_change(
    context: &Context,
    known: &[ReaderState],
    timeout: Duration,
) -> Result<Vec<ReaderState>, Error> {
    let started = Instant::now();
    loop {
        let (mut states, readers) = snapshot(context)?;
        let left = timeout.saturating_sub(started.elapsed());
        if readers != known || left.is_zero() {
            return Ok(readers);
        }
        let pause = if HAS_PNP { left } else { left.min(LIST_AGAIN) };
        if states.is_empty() {
            std::thread::sleep(pause);
            continue;
        }
        states.iter_mut().for_each(pcsc::ReaderState::sync_current_state);
        match context.get_status_change(pause, &mut states) {
            Ok(()) | Err(Error::Timeout | Error::UnknownReader | Error::ReaderUnavailable) => {}
            Err(Error::Cancelled) => return Ok(readers),
            Err(error) => return Err(error),
        }
    }
}

/// What is here now, twice: as the service wants it back for waiting, and as we tell it.
fn snapshot(context: &Context) -> Result<(Vec<pcsc::ReaderState>, Vec<ReaderState>), Error> {
    let mut names = list_readers(context)?;
    for _ in 0..LIST_ATTEMPTS {
        let mut states: Vec<_> =
            names.iter().map(|name| pcsc::ReaderState::new(name.clone(), State::UNAWARE)).collect();
        if HAS_PNP {
            states.push(pcsc::ReaderState::new(pcsc::PNP_NOTIFICATION(), State::UNAWARE));
        }
        match context.get_status_change(Duration::ZERO, &mut states) {
            Ok(()) | Err(Error::Timeout | Error::UnknownReader | Error::ReaderUnavailable) => {}
            Err(Error::NoReadersAvailable) if names.is_empty() => {}
            Err(error) => return Err(error),
        }
        // A reader that came between the two calls would go unnoticed until the next event.
        let again = list_readers(context)?;
        if again == names {
            let readers = states.iter().filter_map(reader_state).collect();
            return Ok((states, readers));
        }
        names = again;
    }
    Err(Error::ReaderUnavailable)
}

fn list_readers(context: &Context) -> Result<Vec<CString>, Error> {
    match context.list_readers_owned() {
        Err(Error::NoReadersAvailable) => Ok(Vec::new()),
        other => other,
    }
}

fn reader_state(state: &pcsc::ReaderState) -> Option<ReaderState> {
    let flags = state.event_state();
    if state.name() == pcsc::PNP_NOTIFICATION() || flags.intersects(State::UNKNOWN | State::IGNORE) {
        return None;
    }
    let present = flags.contains(State::PRESENT);
    let atr =
        (present && !flags.contains(State::MUTE) && !state.atr().is_empty()).then(|| state.atr().to_vec());
    Some(ReaderState {
        name: state.name().to_string_lossy().into_owned(),
        mute: present && atr.is_none(),
        atr,
        events: state.event_count(),
    })
}

/// A card in a reader, shared with other programs.
struct PcscConnection {
    card: HeldCard,
    context: Context,
    reader: CString,
    atr: Vec<u8>,
    protocol: Protocol,
    /// Tag and control code of what the reader can do, asked once.
    features: Option<Vec<(u8, u32)>>,
}

impl PcscConnection {
    fn read_status(&mut self) -> Result<(), Error> {
        let status = self.card.status2_owned()?;
        self.protocol = match status.protocol2() {
            Some(pcsc::Protocol::T0) => Protocol::T0,
            Some(pcsc::Protocol::T1) => Protocol::T1,
            _ => return Err(Error::ProtoMismatch),
        };
        self.atr = status.atr().to_vec();
        Ok(())
    }

    /// Says why an exchange failed. A card that is pulled in the middle of a command first looks like one that does not
    /// answer, until the service looks again: it is given the time for that.
    fn explain(&self, error: Error) -> TransportError {
        if !matches!(error, Error::NotTransacted | Error::CommError | Error::UnresponsiveCard) {
            return transport_error(error);
        }
        let mut states = [pcsc::ReaderState::new(self.reader.clone(), State::UNAWARE)];
        let started = Instant::now();
        let mut pause = Duration::ZERO;
        loop {
            match self.context.get_status_change(pause, &mut states) {
                Ok(()) | Err(Error::Timeout) => {}
                Err(other) => return transport_error(other),
            }
            if states.iter().any(|s| s.event_state().contains(State::EMPTY)) {
                return TransportError::Removed;
            }
            pause = REMOVAL_NOTICED.saturating_sub(started.elapsed());
            if pause.is_zero() {
                return TransportError::Mute;
            }
            states.iter_mut().for_each(pcsc::ReaderState::sync_current_state);
        }
    }

    fn features(&mut self) -> &[(u8, u32)] {
        self.features.get_or_insert_with(|| {
            let mut answer = [0; pcsc::MAX_BUFFER_SIZE];
            let code = pcsc::ctl_code(GET_FEATURE_REQUEST.into());
            // Most readers have no features and answer with an error.
            self.card.control(code, &[], &mut answer).map(parse_features).unwrap_or_default()
        })
    }
}

/// List of `tag, 04, control code in four bytes, most significant first` (PC/SC part 10 §2.3).
fn parse_features(answer: &[u8]) -> Vec<(u8, u32)> {
    answer
        .chunks_exact(6)
        .map_while(|entry| match entry {
            [tag, 4, a, b, c, d] => Some((*tag, u32::from_be_bytes([*a, *b, *c, *d]))),
            _ => None,
        })
        .collect()
}

impl Connection for PcscConnection {
    fn atr(&self) -> &[u8] {
        &self.atr
    }

    fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn begin(&mut self) -> Result<(), TransportError> {
        self.card.begin().map_err(transport_error)
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        // Extended commands (ISO 7816-4 §5.1) have a zero where short ones have a length, and more behind it.
        let extended = command.len() > 6 && command.get(4) == Some(&0);
        let size = if extended { pcsc::MAX_BUFFER_SIZE_EXTENDED } else { pcsc::MAX_BUFFER_SIZE };
        let mut response = vec![0; size];
        match self.card.transmit(command, &mut response).map(<[u8]>::len) {
            Ok(length @ 2..) => {
                response.truncate(length);
                Ok(response)
            }
            // Some drivers report a card that left as a response of no bytes.
            Ok(_) => Err(self.explain(Error::NotTransacted)),
            Err(error) => Err(self.explain(error)),
        }
    }

    fn end(&mut self, disposition: Disposition) -> Result<(), TransportError> {
        let ended = self.card.end(raw(disposition)).map_err(transport_error);
        if disposition == Disposition::Reset {
            // The service tells every connection of the reset, this one too. It was ours: joining again right away keeps
            // `Reset` for those of others. Where that fails, the next exchange says why.
            let _ = self.card.reconnect(Protocols::ANY, pcsc::Disposition::LeaveCard);
        }
        ended
    }

    /// Ends an open transaction first: after it, selected files and verified PINs are what the card says.
    fn reconnect(&mut self, disposition: Disposition) -> Result<(), TransportError> {
        self.card.reconnect(Protocols::ANY, raw(disposition)).map_err(transport_error)?;
        self.read_status().map_err(transport_error)
    }

    fn feature(&mut self, feature: Feature) -> Option<u32> {
        let tag = match feature {
            Feature::VerifyPinDirect => 0x06,
            Feature::ModifyPinDirect => 0x07,
        };
        self.features().iter().find(|(t, _)| *t == tag).map(|(_, code)| *code)
    }

    fn control(&mut self, code: u32, data: &[u8]) -> Result<Vec<u8>, TransportError> {
        let mut answer = [0; pcsc::MAX_BUFFER_SIZE];
        match self.card.control(code.into(), data, &mut answer) {
            Ok(answer) => Ok(answer.to_vec()),
            Err(error) => Err(self.explain(error)),
        }
    }
}

fn raw(disposition: Disposition) -> pcsc::Disposition {
    match disposition {
        Disposition::Leave => pcsc::Disposition::LeaveCard,
        Disposition::Reset => pcsc::Disposition::ResetCard,
    }
}

fn transport_error(error: Error) -> TransportError {
    match error {
        Error::RemovedCard | Error::NoSmartcard => TransportError::Removed,
        Error::ResetCard | Error::UnpoweredCard => TransportError::Reset,
        Error::SharingViolation => TransportError::Sharing,
        Error::UnresponsiveCard
        | Error::UnsupportedCard
        | Error::NotTransacted
        | Error::ProtoMismatch
        | Error::InvalidAtr => TransportError::Mute,
        Error::UnknownReader | Error::ReaderUnavailable | Error::NoReadersAvailable => {
            TransportError::NoReader
        }
        // A stopped service leaves its handles invalid and its conversations broken off.
        Error::NoService
        | Error::ServiceStopped
        | Error::Shutdown
        | Error::SystemCancelled
        | Error::InvalidHandle
        | Error::CommError => TransportError::NoService,
        Error::SecurityViolation | Error::NoAccess => TransportError::Refused,
        Error::Cancelled | Error::CancelledByUser | Error::Timeout => TransportError::Cancelled,
        other => TransportError::Other(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
