//! A recorded conversation in the place of a reader, for tests.
//!
//! A transcript is text, one event a line; `#` starts a comment and a line that begins with a blank continues the one
//! before it:
//!
//! ```text
//! atr 3B AC 00 40 2A 00 12 25 00 64 80 00 03 10 00 90 00
//! protocol T=0
//! pad 42330006                  # control code of FEATURE_VERIFY_PIN_DIRECT, where the reader has a pad
//! begin
//! > 00 A4 09 0C 04 3F 00 D0 03
//! < 90 00
//! > 00 20 00 01 04 .. .. .. ..  # any byte: a recording keeps no PIN
//! ! reset                       # no answer: reset, removed or mute
//! end leave                     # or: end reset
//! reconnect leave
//! pad> 1E 1E 82 …               # control command of the pad
//! pad< 90 00
//! begin reset                   # a begin that fails
//! ```
//!
//! Whatever differs from the transcript is an error to the caller and is kept for [`Recording::finish`].

use super::{Connection, Disposition, Feature, Protocol, TransportError};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A connection that answers as a transcript says.
pub struct Replay {
    atr: Vec<u8>,
    protocol: Protocol,
    pad: Option<u32>,
    script: Arc<Mutex<Script>>,
}

/// The other end of a [`Replay`], to be asked how it went.
#[derive(Clone)]
pub struct Recording(Arc<Mutex<Script>>);

#[derive(Default)]
struct Script {
    events: VecDeque<(usize, Event)>,
    transmitted: usize,
    /// The card leaves before the command of this number, counted from 0.
    removed_at: Option<usize>,
    removed: bool,
    mismatch: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Event {
    Begin(Option<TransportError>),
    Command(Vec<Option<u8>>),
    Response(Vec<u8>),
    Failure(TransportError),
    Control(Vec<Option<u8>>),
    ControlResponse(Vec<u8>),
    End(Disposition),
    Reconnect(Disposition),
}

impl Replay {
    /// Reads a transcript.
    ///
    /// # Errors
    /// The line that is not understood.
    pub fn parse(transcript: &str) -> Result<(Self, Recording), String> {
        let mut replay = Self { atr: Vec::new(), protocol: Protocol::T1, pad: None, script: Arc::default() };
        let mut script = Script::default();
        for (number, line) in logical_lines(transcript) {
            let (word, rest) = line.split_once(' ').unwrap_or((line.as_str(), ""));
            let not_understood = || format!("line {number} is not understood: {line}");
            match (word, rest.trim()) {
                ("atr", atr) => replay.atr = bytes(atr).ok_or_else(not_understood)?,
                ("protocol", "T=0") => replay.protocol = Protocol::T0,
                ("protocol", "T=1") => replay.protocol = Protocol::T1,
                ("pad", code) => {
                    replay.pad = Some(u32::from_str_radix(code, 16).map_err(|_| not_understood())?);
                }
                (word, rest) => {
                    script.events.push_back((number, event(word, rest).ok_or_else(not_understood)?));
                }
            }
        }
        *lock(&replay.script) = script;
        let recording = Recording(Arc::clone(&replay.script));
        Ok((replay, recording))
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        lock(&self.script)
    }
}

impl Recording {
    /// Commands transmitted so far.
    #[must_use]
    pub fn transmitted(&self) -> usize {
        lock(&self.0).transmitted
    }

    /// Pulls the card out just before the command of this number, counted from 0; for good.
    pub fn remove_at(&self, command: usize) {
        lock(&self.0).removed_at = Some(command);
    }

    /// Whether the whole transcript was played, and nothing else.
    ///
    /// # Errors
    /// The first difference, or the first line that was not reached.
    pub fn finish(&self) -> Result<(), String> {
        let script = lock(&self.0);
        match (&script.mismatch, script.events.front()) {
            (Some(mismatch), _) => Err(mismatch.clone()),
            (None, Some((line, event))) => Err(format!("line {line} was not reached: {event:?}")),
            (None, None) => Ok(()),
        }
    }
}

impl Script {
    fn next(&mut self, what: &str) -> Result<(usize, Event), TransportError> {
        if self.removed {
            return Err(TransportError::Removed);
        }
        self.events.pop_front().ok_or_else(|| self.differs(format!("the transcript ended before {what}")))
    }

    fn differs(&mut self, how: String) -> TransportError {
        let error = TransportError::Other(how.clone());
        self.mismatch.get_or_insert(how);
        error
    }

    /// Takes the event that must be next.
    fn expect(&mut self, wanted: &Event) -> Result<(), TransportError> {
        match self.next(&format!("{wanted:?}"))? {
            (_, event) if event == *wanted => Ok(()),
            (line, event) => Err(self.differs(format!("line {line}: {event:?} expected, {wanted:?} came"))),
        }
    }

    fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        if self.removed_at == Some(self.transmitted) {
            self.removed = true;
        }
        let (line, event) = self.next("a command")?;
        let Event::Command(pattern) = event else {
            return Err(self.differs(format!("line {line}: {event:?} expected, a command came")));
        };
        self.compare(line, &pattern, command)?;
        self.transmitted += 1;
        match self.next("a response")? {
            (_, Event::Response(response)) => Ok(response),
            (_, Event::Failure(error)) => {
                self.removed = error == TransportError::Removed;
                Err(error)
            }
            (line, event) => Err(self.differs(format!("line {line}: a response expected, found {event:?}"))),
        }
    }

    /// Says where a command differs, but of its data never more than that.
    fn compare(&mut self, line: usize, pattern: &[Option<u8>], command: &[u8]) -> Result<(), TransportError> {
        let difference =
            pattern.iter().zip(command).position(|(wanted, byte)| wanted.is_some_and(|w| w != *byte));
        if difference.is_none() && pattern.len() == command.len() {
            return Ok(());
        }
        let header = command.get(..command.len().min(5)).unwrap_or_default();
        Err(self.differs(format!(
            "line {line}: {} bytes expected, {} came, beginning {header:02X?}; first difference at {difference:?}",
            pattern.len(),
            command.len()
        )))
    }
}

impl Connection for Replay {
    fn atr(&self) -> &[u8] {
        &self.atr
    }

    fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn begin(&mut self) -> Result<(), TransportError> {
        let mut script = self.script();
        match script.next("begin")? {
            (_, Event::Begin(None)) => Ok(()),
            (_, Event::Begin(Some(error))) => {
                script.removed = error == TransportError::Removed;
                Err(error)
            }
            (line, event) => Err(script.differs(format!("line {line}: {event:?} expected, begin came"))),
        }
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.script().exchange(command)
    }

    fn end(&mut self, disposition: Disposition) -> Result<(), TransportError> {
        self.script().expect(&Event::End(disposition))
    }

    fn reconnect(&mut self, disposition: Disposition) -> Result<(), TransportError> {
        self.script().expect(&Event::Reconnect(disposition))
    }

    fn feature(&mut self, feature: Feature) -> Option<u32> {
        self.pad.filter(|_| feature == Feature::VerifyPinDirect)
    }

    fn control(&mut self, code: u32, data: &[u8]) -> Result<Vec<u8>, TransportError> {
        let mut script = lock(&self.script);
        let (line, event) = script.next("a control command")?;
        match event {
            Event::Control(pattern) if self.pad == Some(code) => script.compare(line, &pattern, data)?,
            event => {
                return Err(script.differs(format!("line {line}: {event:?} expected, control {code:X} came")));
            }
        }
        match script.next("the pad's response")? {
            (_, Event::ControlResponse(response)) => Ok(response),
            (_, Event::Failure(error)) => Err(error),
            (line, event) => {
                Err(script.differs(format!("line {line}: a pad response expected, found {event:?}")))
            }
        }
    }
}

fn lock(script: &Mutex<Script>) -> MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lines without comments, continuations joined, each with the number of its first line.
fn logical_lines(transcript: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (index, line) in transcript.lines().enumerate() {
        let line = line.split_once('#').map_or(line, |(before, _)| before).trim_end();
        match lines.last_mut() {
            _ if line.is_empty() => {}
            Some((_, last)) if line.starts_with(' ') => {
                last.push(' ');
                last.push_str(line.trim_start());
            }
            _ => lines.push((index + 1, line.to_owned())),
        }
    }
    lines
}

fn event(word: &str, rest: &str) -> Option<Event> {
    let disposition = || match rest {
        "leave" => Some(Disposition::Leave),
        "reset" => Some(Disposition::Reset),
        _ => None,
    };
    Some(match word {
        "begin" if rest.is_empty() => Event::Begin(None),
        "begin" => Event::Begin(Some(failure(rest)?)),
        ">" => Event::Command(pattern(rest)?),
        "<" => Event::Response(bytes(rest)?),
        "!" => Event::Failure(failure(rest)?),
        "pad>" => Event::Control(pattern(rest)?),
        "pad<" => Event::ControlResponse(bytes(rest)?),
        "end" => Event::End(disposition()?),
        "reconnect" => Event::Reconnect(disposition()?),
        _ => return None,
    })
}

fn failure(word: &str) -> Option<TransportError> {
    match word {
        "reset" => Some(TransportError::Reset),
        "removed" => Some(TransportError::Removed),
        "mute" => Some(TransportError::Mute),
        "sharing" => Some(TransportError::Sharing),
        _ => None,
    }
}

fn pattern(text: &str) -> Option<Vec<Option<u8>>> {
    let byte = |word| match word {
        ".." => Some(None),
        word => u8::from_str_radix(word, 16).ok().map(Some),
    };
    text.split_whitespace().map(byte).collect()
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    pattern(text)?.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRANSCRIPT: &str =
        "atr 3B 00 # comment\nprotocol T=0\nbegin\n> 00 20 ..\n  04\n< 63 C2\nend leave\n";

    #[test]
    fn a_line_that_is_not_understood_is_named() {
        assert!(Replay::parse("atr 3B\n? 00").is_err_and(|error| error.starts_with("line 2")));
        assert!(Replay::parse("> 0G").is_err());
        assert!(Replay::parse("end").is_err());
    }

    #[test]
    fn a_difference_is_kept_and_shows_no_data() {
        let (mut replay, recording) = Replay::parse(TRANSCRIPT).unwrap();
        replay.begin().unwrap();
        assert!(replay.transmit(&[0x00, 0x20, 0x00, 0x05, 0x04, 0x31, 0x32]).is_err());
        let mismatch = recording.finish().unwrap_err();
        assert!(mismatch.starts_with("line 4") && !mismatch.contains("31"), "{mismatch}");
    }

    #[test]
    fn what_is_left_is_named() {
        let (mut replay, recording) = Replay::parse(TRANSCRIPT).unwrap();
        replay.begin().unwrap();
        assert!(recording.finish().unwrap_err().starts_with("line 4 was not reached"));
    }

    #[test]
    fn a_removed_card_stays_removed() {
        let (mut replay, recording) = Replay::parse(TRANSCRIPT).unwrap();
        recording.remove_at(0);
        replay.begin().unwrap();
        assert_eq!(replay.transmit(&[0x00, 0x20, 0xAA, 0x04]), Err(TransportError::Removed));
        assert_eq!(replay.end(Disposition::Leave), Err(TransportError::Removed));
        assert_eq!(replay.begin(), Err(TransportError::Removed));
    }

    #[test]
    fn a_transcript_is_played_to_its_end() {
        let (mut replay, recording) = Replay::parse(TRANSCRIPT).unwrap();
        assert_eq!((replay.atr(), replay.protocol()), ([0x3B, 0x00].as_slice(), Protocol::T0));
        replay.begin().unwrap();
        assert_eq!(replay.transmit(&[0x00, 0x20, 0xAA, 0x04]), Ok(vec![0x63, 0xC2]));
        replay.end(Disposition::Leave).unwrap();
        assert_eq!(recording.transmitted(), 1);
        assert_eq!(recording.finish(), Ok(()));
    }
}
