//! One request to the agent's control door: HTTP/1.1 over a socket of its own, in the thread that called us.
//!
//! No runtime is behind it, and so nothing that lives on between two calls: a runtime keeps descriptors that a host may
//! close (daemons close all they do not know) or a fork would share. What comes back is read with limits.

use cps_agent_api::words::{PROTOCOL, PROTOCOL_HEADER, Problem};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    fmt,
    io::{self, BufRead, ErrorKind, Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use zeroize::Zeroizing;

/// Longest head and longest line of it.
const HEAD: u64 = 16 * 1024;

/// Longest answer. The longest honest one is a list of certificates.
const BODY: u64 = 4 * 1024 * 1024;

/// How much is read ahead.
const AHEAD: usize = 8 * 1024;

/// How long the agent may take to read a request.
const SENDING: Duration = Duration::from_secs(5);

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Fault {
    /// This session has no place for the agent's socket.
    NoSession,
    /// Nobody answers there.
    Absent(io::Error),
    /// The agent speaks another version of the protocol.
    Version(Option<u32>),
    /// It refuses.
    Refused(Box<Problem>),
    /// It is there, and does not answer in time: stopped, or busy beyond measure.
    Hung,
    /// It hung up.
    Lost(io::Error),
    /// What it said is no answer.
    Garbled(&'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSession => write!(f, "no XDG_RUNTIME_DIR and no CPS_AGENT_SOCKET"),
            Self::Absent(error) => write!(f, "the agent does not answer: {error}"),
            Self::Version(Some(version)) => {
                write!(f, "the agent speaks version {version} of the protocol, this module {PROTOCOL}")
            }
            Self::Version(None) => write!(f, "the agent names no version of the protocol"),
            Self::Refused(problem) => write!(f, "{problem}"),
            Self::Hung => write!(f, "the agent does not answer in time"),
            Self::Lost(error) => write!(f, "the agent hung up: {error}"),
            Self::Garbled(what) => write!(f, "the agent's answer has {what}"),
        }
    }
}

impl Fault {
    /// What the socket says while an answer is awaited.
    fn of(error: io::Error) -> Self {
        // A time-out of the system's own is told as the first, ours as the second.
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Self::Hung,
            _ => Self::Lost(error),
        }
    }
}

/// A connection, which another thread may end by shutting it down. It is there at once or not at all: where more callers
/// wait than the agent's queue holds, a blocking connect would wait for ever.
pub(crate) fn connect(path: &Path) -> Result<Arc<UnixStream>, Fault> {
    let connected = || {
        let (family, kind) = (AddressFamily::UNIX, SocketType::STREAM);
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = UnixStream::from(rustix::net::socket_with(family, kind, flags, None)?);
        rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
        socket.set_nonblocking(false)?;
        Ok(Arc::new(socket))
    };
    connected().map_err(|error: io::Error| match error.kind() {
        ErrorKind::WouldBlock => Fault::Hung,
        _ => Fault::Absent(error),
    })
}

/// How long an answer is waited for.
#[derive(Clone, Copy)]
pub(crate) enum Patience<'a> {
    /// So long: the agent has it in memory.
    Until(Duration),
    /// As long as it takes a person. Each time so much of it passed, the agent is looked at: one that hangs asks nobody.
    Person(Duration, &'a dyn Fn() -> bool),
    /// Until another thread ends the wait.
    Endless,
}

/// A request.
pub(crate) struct Request<'a> {
    /// `GET` or `POST`.
    pub(crate) method: &'a str,
    /// Route.
    pub(crate) path: &'a str,
    /// `fr` or `en`.
    pub(crate) language: &'a str,
    /// How long the answer may take.
    pub(crate) patience: Patience<'a>,
}

impl<'a> Request<'a> {
    /// Sends the request with a body, and understands the answer.
    pub(crate) fn ask<T: DeserializeOwned>(
        &self,
        socket: &UnixStream,
        body: Option<&impl Serialize>,
    ) -> Result<T, Fault> {
        let body = body.map(serde_json::to_vec).transpose().map_err(|_| Fault::Garbled("no request"))?;
        let body = body.map(Zeroizing::new);
        let answer = whole(self.send(socket, body.as_ref().map(|body| body.as_slice()))?)?;
        serde_json::from_slice(&answer).map_err(|_| Fault::Garbled("another form than expected"))
    }

    /// Sends the request, and gives the body of a successful answer as it comes.
    pub(crate) fn stream<'s>(&self, socket: &'s UnixStream) -> Result<Body<'s>, Fault>
    where
        'a: 's,
    {
        self.send(socket, None)
    }

    fn send<'s>(&self, socket: &'s UnixStream, body: Option<&[u8]>) -> Result<Body<'s>, Fault>
    where
        'a: 's,
    {
        let (Self { method, path, language, .. }, body) = (self, body.unwrap_or_default());
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\naccept-language: {language}\r\n{PROTOCOL_HEADER}: {PROTOCOL}\r\n"
        );
        if *method == "POST" {
            request
                .push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        let mut socket = socket;
        let sending = if let Patience::Until(time) = self.patience { time } else { SENDING };
        socket.set_write_timeout(Some(sending)).map_err(Fault::Lost)?;
        // One plain write: the standard library asks for no SIGPIPE with it, which a host might die of.
        socket.write_all(&[request.as_bytes(), body].concat()).map_err(Fault::of)?;
        accepted(Ahead::of(Timed { socket, patience: self.patience, since: Instant::now() }))
    }
}

/// A socket whose answers are waited for with a patience.
struct Timed<'a> {
    socket: &'a UnixStream,
    patience: Patience<'a>,
    since: Instant,
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let wait = match self.patience {
                Patience::Until(time) => Some(time.saturating_sub(self.since.elapsed())),
                Patience::Person(look, _) => Some(look),
                Patience::Endless => None,
            };
            if wait.is_some_and(|wait| wait.is_zero()) {
                return Err(ErrorKind::TimedOut.into());
            }
            self.socket.set_read_timeout(wait)?;
            let read = self.socket.read(buffer);
            match (&read, self.patience) {
                (Err(error), Patience::Person(_, lives))
                    if error.kind() == ErrorKind::WouldBlock && lives() => {}
                _ => return read,
            }
        }
    }
}

/// What was read ahead. It is wiped, which the standard library's reader does not do: it may be what a key deciphered.
struct Ahead<'a> {
    socket: Timed<'a>,
    bytes: Zeroizing<Vec<u8>>,
    unread: std::ops::Range<usize>,
}

impl<'a> Ahead<'a> {
    fn of(socket: Timed<'a>) -> Self {
        Self { socket, bytes: Zeroizing::new(vec![0; AHEAD]), unread: 0..0 }
    }
}

impl BufRead for Ahead<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.unread.is_empty() {
            self.unread = 0..self.socket.read(&mut self.bytes)?;
        }
        Ok(self.bytes.get(self.unread.clone()).unwrap_or_default())
    }

    fn consume(&mut self, bytes: usize) {
        self.unread.start = self.unread.end.min(self.unread.start.saturating_add(bytes));
    }
}

impl Read for Ahead<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

/// Reads the head and lets a successful answer of our version through.
fn accepted(mut reader: Ahead<'_>) -> Result<Body<'_>, Fault> {
    let mut head = reader.by_ref().take(HEAD);
    let status = line(&mut head)?;
    let status = status.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
    let status = status.ok_or(Fault::Garbled("no status"))?;
    let (mut left, mut version) = (Left::UntilClosed, None);
    loop {
        let line = line(&mut head)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or(Fault::Garbled("a malformed header"))?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            left = Left::Bytes(value.parse().map_err(|_| Fault::Garbled("a malformed length"))?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked") {
            left = Left::Chunk { bytes: 0, first: true };
        } else if name.eq_ignore_ascii_case(PROTOCOL_HEADER) {
            version = value.parse().ok();
        }
    }
    if version != Some(PROTOCOL) {
        return Err(Fault::Version(version));
    }
    let body = Body { reader, left };
    if (200..300).contains(&status) {
        return Ok(body);
    }
    let problem = serde_json::from_slice(&whole(body)?).map_err(|_| Fault::Garbled("no reason"))?;
    Err(Fault::Refused(Box::new(problem)))
}

/// The next line of the head, without its end.
fn line(head: &mut impl BufRead) -> Result<String, Fault> {
    let mut line = String::new();
    head.read_line(&mut line).map_err(Fault::of)?;
    if !line.ends_with('\n') {
        return Err(Fault::Lost(ErrorKind::UnexpectedEof.into()));
    }
    line.truncate(line.trim_end().len());
    Ok(line)
}

/// The whole of a body. It may be what a key deciphered, so it is wiped, and is not moved about while it grows.
fn whole(body: Body<'_>) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let mut all = Zeroizing::new(Vec::with_capacity(body.told()));
    body.take(BODY + 1).read_to_end(&mut all).map_err(Fault::of)?;
    if u64::try_from(all.len()).is_ok_and(|length| length <= BODY) {
        Ok(all)
    } else {
        Err(Fault::Garbled("no end"))
    }
}

/// How much of a body is still to come (RFC 9112 §6).
enum Left {
    Bytes(usize),
    Chunk {
        bytes: usize,
        /// No chunk was read yet, so no end of one is to be skipped.
        first: bool,
    },
    Nothing,
    UntilClosed,
}

/// The body of an answer, as it comes.
pub(crate) struct Body<'a> {
    reader: Ahead<'a>,
    left: Left,
}

impl Body<'_> {
    /// Its length, where it is told and honest.
    fn told(&self) -> usize {
        match self.left {
            // Room for one byte more: reading to the end looks for it.
            Left::Bytes(bytes) if u64::try_from(bytes).is_ok_and(|bytes| bytes <= BODY) => bytes + 1,
            _ => 0,
        }
    }

    /// Reads the line that begins a chunk; the one after a chunk is empty.
    fn next_chunk(&mut self, first: bool) -> io::Result<usize> {
        let mut size = String::new();
        let mut reader = self.reader.by_ref().take(HEAD);
        if !first {
            reader.read_line(&mut size)?;
            size.clear();
        }
        reader.read_line(&mut size)?;
        let digits = size.trim_end().split(';').next().unwrap_or_default();
        usize::from_str_radix(digits, 16).map_err(|_| ErrorKind::InvalidData.into())
    }
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Left::Chunk { bytes: 0, first } = self.left {
            let bytes = self.next_chunk(first)?;
            self.left = if bytes == 0 { Left::Nothing } else { Left::Chunk { bytes, first: false } };
        }
        let most = match self.left {
            Left::Bytes(bytes) | Left::Chunk { bytes, .. } => bytes.min(buffer.len()),
            Left::Nothing => 0,
            Left::UntilClosed => buffer.len(),
        };
        let Some(room) = buffer.get_mut(..most).filter(|room| !room.is_empty()) else { return Ok(0) };
        let read = self.reader.read(room)?;
        match &mut self.left {
            Left::Bytes(bytes) | Left::Chunk { bytes, .. } if read > 0 => *bytes = bytes.saturating_sub(read),
            Left::Bytes(_) | Left::Chunk { .. } => return Err(ErrorKind::UnexpectedEof.into()),
            Left::Nothing | Left::UntilClosed => {}
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
