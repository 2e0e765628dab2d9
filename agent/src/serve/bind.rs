//! Takes the bridge's port on both loopback families, or finds out who holds it.

use super::caller;
use cps_agent_core::failure::{BRIDGE_CLOSED, Failure, PORT_TAKEN};
use rustls::ServerConfig;
use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// Mark in the answer that an agent gives to another user (see [`super::bridge`]).
pub const STRANGER_MARK: &str = "urn:cps-agent:problem:other_user";
/// How often a free port is tried when the two families must agree on one.
const TRIES: usize = 16;
/// How long the holder of the port may take to say who it is.
const PROBE_TIME: Duration = Duration::from_secs(2);
/// Longest answer of a holder that is looked at.
const PROBE_BYTES: u64 = 16 * 1024;

/// The listening sockets of the bridge.
#[derive(Debug)]
pub struct Bound {
    pub(super) listeners: Vec<TcpListener>,
    port: u16,
    moved: bool,
    pub(super) tls: Option<Arc<ServerConfig>>,
}

impl Bound {
    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The issuer of this bridge.
    #[must_use]
    pub fn issuer(&self) -> String {
        issuer(self.tls.is_some(), self.port)
    }

    /// Another user's agent holds the configured port; this is a free one.
    #[must_use]
    pub fn moved(&self) -> bool {
        self.moved
    }
}

/// The issuer of a bridge. Certificates are for names: over TLS it has one.
#[must_use]
pub fn issuer(tls: bool, port: u16) -> String {
    if tls { format!("https://localhost:{port}") } else { format!("http://127.0.0.1:{port}") }
}

/// Why the bridge stays closed.
#[derive(Debug, thiserror::Error)]
pub enum Closed {
    /// A program that is no agent of another user listens there.
    #[error("port {port} is held by another program")]
    Taken {
        /// The configured port.
        port: u16,
    },
    /// The system refuses to let us listen.
    #[error("cannot listen on the loopback address")]
    Refused(#[from] io::Error),
}

impl Closed {
    /// The line of the failure table, for the status.
    #[must_use]
    pub fn failure(&self) -> Failure {
        match self {
            Self::Taken { port } => Failure::new(PORT_TAKEN).with("port", *port),
            Self::Refused(_) => BRIDGE_CLOSED.into(),
        }
    }
}

/// Binds `127.0.0.1` and, where the system has IPv6, `[::1]`, to one port; 0 means any. With `tls` the bridge speaks
/// https.
///
/// # Errors
/// [`Closed`], when a foreign program holds the port or the system refuses. Another user's agent on the port is no
/// error: a free port is taken instead.
pub async fn bind(port: u16, tls: Option<Arc<ServerConfig>>) -> Result<Bound, Closed> {
    match both(port).await {
        Ok(listeners) => finish(listeners, tls, false),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && port != 0 => {
            if held_by_another_users_agent(port).await {
                finish(both(0).await?, tls, true)
            } else {
                Err(Closed::Taken { port })
            }
        }
        Err(error) => Err(error.into()),
    }
}

fn finish(listeners: Vec<TcpListener>, tls: Option<Arc<ServerConfig>>, moved: bool) -> Result<Bound, Closed> {
    let first = listeners.first().ok_or(io::Error::from(io::ErrorKind::AddrNotAvailable))?;
    let port = first.local_addr()?.port();
    Ok(Bound { listeners, port, moved, tls })
}

async fn both(port: u16) -> io::Result<Vec<TcpListener>> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..if port == 0 { TRIES } else { 1 } {
        let four = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let chosen = four.local_addr()?.port();
        match TcpListener::bind((Ipv6Addr::LOCALHOST, chosen)).await {
            Ok(six) => return Ok(vec![four, six]),
            // The other half of the port is somebody else's: `localhost` would lead to them.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
            // This system has no IPv6.
            Err(_) => return Ok(vec![four]),
        }
    }
    Err(last)
}

/// Whether every listener on the port is of another user and the one that answers is an agent.
async fn held_by_another_users_agent(port: u16) -> bool {
    let owners = caller::listeners(&caller::tables(), port);
    if owners.iter().any(|row| row.uid == caller::own_user()) {
        return false;
    }
    let addresses =
        [SocketAddr::from((Ipv4Addr::LOCALHOST, port)), SocketAddr::from((Ipv6Addr::LOCALHOST, port))];
    for address in addresses {
        if let Ok(Ok(answer)) = tokio::time::timeout(PROBE_TIME, ask(address)).await {
            return answer.contains(STRANGER_MARK);
        }
    }
    false
}

/// Asks for the discovery document, as plainly as possible, and takes whatever comes back as text.
async fn ask(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "GET /.well-known/openid-configuration HTTP/1.1\r\nHost: {address}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(PROBE_BYTES).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_that_lets_nobody_listen_keeps_the_bridge_closed() {
        let closed = Closed::from(io::Error::from(io::ErrorKind::AddrNotAvailable));
        assert_eq!(closed.failure().code, BRIDGE_CLOSED);
    }
}
