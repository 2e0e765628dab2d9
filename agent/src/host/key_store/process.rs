//! The process of a key store, from the agent's side: started, asked one thing at a time, and ended with its owner.

use super::{
    WORD,
    store::KeyStoreError,
    wire::{self, Message, Refused, Why, kind},
};
use std::{
    io,
    os::{fd::OwnedFd, unix::net::UnixStream},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// This very program, also when its file was replaced by a newer one meanwhile.
const PROGRAM: &str = "/proc/self/exe";
/// Longest wait for an answer: a store may be across a network.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running process. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Process {
    /// There until it is ended.
    child: Option<Child>,
    socket: UnixStream,
}

impl Process {
    /// Starts one. It inherits the environment, where modules find their settings, and of what is open here nothing but
    /// its socket and the log. Its standard output is nobody's: a module may print what it likes.
    ///
    /// # Errors
    /// [`KeyStoreError::Died`].
    pub(super) fn start() -> Result<Self, KeyStoreError> {
        let started = || -> io::Result<Self> {
            let (socket, its) = UnixStream::pair()?;
            socket.set_read_timeout(Some(PATIENCE))?;
            socket.set_write_timeout(Some(PATIENCE))?;
            let mut command = Command::new(PROGRAM);
            command.arg(WORD).stdin(OwnedFd::from(its)).stdout(Stdio::null());
            Ok(Self { child: Some(command.spawn()?), socket })
        };
        started().map_err(KeyStoreError::Died)
    }

    /// Asks something, and waits for the answer, which is of the kind that is expected.
    ///
    /// # Errors
    /// The refusal, or [`KeyStoreError::Died`]: then it is of no more use.
    pub(super) fn ask(&mut self, question: u8, rest: &[u8], expected: u8) -> Result<Vec<u8>, KeyStoreError> {
        wire::send(&self.socket, question, rest).map_err(KeyStoreError::Died)?;
        let (answer, rest): Message = wire::receive(&self.socket).map_err(KeyStoreError::Died)?;
        match answer {
            kind::REFUSED => Err(refusal(&rest)),
            answer if answer == expected => Ok(rest.to_vec()),
            _ => Err(garbled("another answer than was asked for")),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // It may have ended by itself.
        let _ = child.kill();
        // Elsewhere: a module may be inside a driver that lets nobody go before it has finished.
        let buried = std::thread::Builder::new().name("key store".to_owned()).spawn(move || child.wait());
        if let Err(error) = buried {
            tracing::warn!(%error, "the end of a key store's process is not waited for");
        }
    }
}

/// An answer that cannot be read.
pub(super) fn garbled(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> KeyStoreError {
    KeyStoreError::Died(io::Error::new(io::ErrorKind::InvalidData, error))
}

fn refusal(rest: &[u8]) -> KeyStoreError {
    let Refused { why, said } = match serde_json::from_slice(rest) {
        Ok(refused) => refused,
        Err(error) => return garbled(error),
    };
    match why {
        Why::Module => KeyStoreError::Module(said),
        Why::Card => KeyStoreError::Card(said),
        Why::Token => KeyStoreError::Token(said),
        Why::Pin => KeyStoreError::Pin(said),
        Why::Key => KeyStoreError::Key(said),
        Why::Broken => KeyStoreError::Broken(said),
    }
}
