//! The control door: a private Unix socket for our own programs, with the `/v1` API and administration.
//!
//! Its directory and file modes keep other users out; the kernel's word about the peer (`SO_PEERCRED`) is asked anyway,
//! because a file system may not honour modes. Whoever is inside needs no token: the person's own programs are not
//! defended against (README, "What is defended").

use super::{
    caller, connection,
    desk::{Caller, Desk, Door},
    gate, language, limits,
    limits::Slots,
    page,
    problem::Fault,
    reply::{self, Reply},
    routes::{self, Endpoint},
    v1,
    visitor::Process,
};
use bytes::Bytes;
use cps_agent_api::words::{PROTOCOL, PROTOCOL_HEADER};
use cps_agent_core::failure::{AGENT_VERSION, Failure, NOT_FOUND, OTHER_USER, TOO_MANY_CONNECTIONS};
use hyper::{
    Request,
    body::Body,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use rustix::fs::{FlockOperation, Mode};
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::{
        fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _},
        net::UnixStream as BlockingStream,
    },
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{UnixListener, UnixStream},
    task::JoinSet,
};

/// How long accepting rests after the system could not give a connection.
const REST: Duration = Duration::from_millis(100);

/// Why the control door cannot be opened. Without it the agent does not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another agent of this user answers there.
    #[error("an agent already runs at {}", .0.display())]
    Running(PathBuf),
    /// The directory is not ours alone.
    #[error("{} must belong to this user alone (mode 0700)", .0.display())]
    NotPrivate(PathBuf),
    /// Something that is no socket has the socket's name.
    #[error("{} exists and is not a socket", .0.display())]
    NotSocket(PathBuf),
    /// The system refuses.
    #[error("cannot open the control door at {}", path.display())]
    Io {
        /// Path of the socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The open control door. Its socket file goes with it.
#[derive(Debug)]
pub struct Control {
    listener: UnixListener,
    path: PathBuf,
    /// Held as long as the door is open, so that two agents that start together cannot both replace a stale socket.
    _lock: File,
}

impl Drop for Control {
    fn drop(&mut self) {
        let _gone = fs::remove_file(&self.path);
    }
}

/// Opens the control door at a path, in a directory of our own (made if need be). A socket that nobody answers is
/// replaced.
///
/// # Errors
/// [`OpenError`].
pub fn open(path: &Path) -> Result<Control, OpenError> {
    let failed = |source| OpenError::Io { path: path.to_owned(), source };
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
    private(directory)?;
    let lock = lock(&path.with_extension("lock")).map_err(failed)?;
    let lock = lock.ok_or_else(|| OpenError::Running(path.to_owned()))?;
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
        Ok(found) if !found.file_type().is_socket() => return Err(OpenError::NotSocket(path.to_owned())),
        Ok(_) if BlockingStream::connect(path).is_ok() => return Err(OpenError::Running(path.to_owned())),
        Ok(_) => fs::remove_file(path).map_err(failed)?,
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    rustix::fs::chmod(path, Mode::RUSR | Mode::WUSR).map_err(|error| failed(error.into()))?;
    Ok(Control { listener, path: path.to_owned(), _lock: lock })
}

/// Makes the directory, or checks that it is ours alone.
fn private(directory: &Path) -> Result<(), OpenError> {
    let failed = |source| OpenError::Io { path: directory.to_owned(), source };
    match DirBuilder::new().recursive(true).mode(0o700).create(directory) {
        Ok(()) => {}
        Err(error) => return Err(failed(error)),
    }
    let found = fs::symlink_metadata(directory).map_err(failed)?;
    let ours = found.is_dir() && found.uid() == caller::own_user() && found.mode() & 0o077 == 0;
    if ours { Ok(()) } else { Err(OpenError::NotPrivate(directory.to_owned())) }
}

/// Takes the lock file, or `None` when another process holds it.
fn lock(path: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Serves the control door until the future is dropped, which also ends its connections.
pub async fn serve<D: Desk>(control: Control, desk: Arc<D>) {
    let slots = Slots::new(limits::CONNECTIONS, limits::CONNECTIONS_OF_ONE);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = control.listener.accept() => match accepted {
                Ok(_) if connections.len() >= limits::OPEN => {}
                Ok((stream, _)) => {
                    connections.spawn(welcome(Arc::clone(&desk), Arc::clone(&slots), stream));
                }
                Err(_) => tokio::time::sleep(REST).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Finds out who called, and serves or hangs up.
async fn welcome<D: Desk>(desk: Arc<D>, slots: Arc<Slots<i32>>, stream: UnixStream) {
    let Ok(peer) = stream.peer_cred() else { return };
    if peer.uid() != caller::own_user() {
        desk.refused_at_door(Door::Control, OTHER_USER, None);
        return;
    }
    let process = peer.pid().map(Process::of).unwrap_or_default();
    let Some(_slot) = slots.take(process.pid) else {
        desk.refused_at_door(Door::Control, TOO_MANY_CONNECTIONS, process.program.as_deref());
        return;
    };
    connection::serve(stream, |request| answer(&desk, &process, request)).await;
}

const PROTOCOL_NAME: HeaderName = HeaderName::from_static(PROTOCOL_HEADER);

/// Answers one request.
pub(super) async fn answer<D, B>(desk: &Arc<D>, process: &Process, request: Request<B>) -> Reply
where
    D: Desk,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (head, body) = request.into_parts();
    let language = language::of(&head.headers);
    let found = routes::find(Door::Control, head.uri.path());
    let answer = async {
        gate::form(&head.uri, &head.headers)
            .map_err(|barred| Fault::from(Failure::new(barred.reason).with("reason", "HTTP")))?;
        spoken(&head.headers)?;
        let (route, value) = found.ok_or(NOT_FOUND)?;
        if !route.methods.contains(&head.method.as_str()) {
            return Err(Fault::Method(route.methods));
        }
        // The policy has a rule for the program: that it was at this connection some time ago does not do.
        let program = match route.endpoint {
            Endpoint::ModuleSigns | Endpoint::ModuleDeciphers => process.still(),
            _ => process.program.clone(),
        };
        let caller = Caller {
            door: Door::Control,
            same_user: true,
            pid: process.pid,
            program,
            client: None,
            language,
        };
        let request = v1::Request {
            endpoint: route.endpoint,
            value,
            method: &head.method,
            headers: &head.headers,
            body,
        };
        v1::answer(desk, caller, request).await
    };
    let mut reply = answer.await.unwrap_or_else(|fault| fault.reply(language));
    reply::protect(&mut reply, &page::policy::POLICY);
    reply.headers_mut().insert(PROTOCOL_NAME, HeaderValue::from(PROTOCOL));
    reply
}

/// Checks that the caller speaks our version of the protocol.
fn spoken(headers: &HeaderMap) -> Result<(), Fault> {
    let spoken =
        headers.get(PROTOCOL_NAME).and_then(|value| value.to_str().ok()).and_then(|v| v.parse().ok());
    if spoken == Some(PROTOCOL) { Ok(()) } else { Err(AGENT_VERSION.into()) }
}
