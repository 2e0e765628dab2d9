//! The control socket of a running sandbox: one order as a line of JSON, one line of JSON back.

use crate::{
    orders::{Order, obey},
    workstation::Workstation,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{io, path::Path, sync::Arc};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    task::JoinHandle,
};

/// Environment variable that names the socket.
pub const VARIABLE: &str = "CPS_SANDBOX_SOCKET";
/// Longest order.
const MOST: u64 = 16 * 1024;

/// What comes back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Reply {
    Done(Value),
    Refused(String),
}

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No sandbox listens there.
    #[error("no sandbox answers at {0}")]
    Absent(String, #[source] io::Error),
    /// It closed the connection or spoke nonsense.
    #[error("the sandbox did not answer")]
    Silent(#[source] io::Error),
    /// It said no.
    #[error("{0}")]
    Refused(String),
}

/// Listens until the task is aborted. The folder of the socket is private to the user.
///
/// # Errors
/// When the socket cannot be made.
pub fn serve(socket: &Path, workstation: Arc<Workstation>) -> io::Result<JoinHandle<()>> {
    let listener = UnixListener::bind(socket)?;
    Ok(tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let workstation = workstation.clone();
            tokio::spawn(async move {
                if let Err(error) = converse(stream, &workstation).await {
                    tracing::debug!(%error, "a connection to the sandbox's control socket ended");
                }
            });
        }
    }))
}

async fn converse(stream: UnixStream, workstation: &Workstation) -> io::Result<()> {
    let (input, mut output) = stream.into_split();
    let mut lines = BufReader::new(input.take(MOST)).lines();
    while let Some(line) = lines.next_line().await? {
        let reply = match serde_json::from_str::<Order>(&line) {
            Ok(order) => obey(&order, workstation).map_or_else(Reply::Refused, Reply::Done),
            Err(error) => Reply::Refused(format!("not an order: {error}")),
        };
        let mut text = serde_json::to_vec(&reply)?;
        text.push(b'\n');
        output.write_all(&text).await?;
    }
    Ok(())
}

/// Sends one order to the sandbox that listens at a socket.
///
/// # Errors
/// See [`Error`].
pub async fn send(socket: &Path, order: &Order) -> Result<Value, Error> {
    let absent = |error| Error::Absent(socket.display().to_string(), error);
    let mut stream = UnixStream::connect(socket).await.map_err(absent)?;
    let mut line = serde_json::to_vec(order).map_err(|error| Error::Silent(error.into()))?;
    line.push(b'\n');
    stream.write_all(&line).await.map_err(Error::Silent)?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).await.map_err(Error::Silent)?;
    match serde_json::from_str(&answer).map_err(|error| Error::Silent(error.into()))? {
        Reply::Done(value) => Ok(value),
        Reply::Refused(why) => Err(Error::Refused(why)),
    }
}
