//! Telling a client of this machine that its session ended: one form post to a loopback address, http or https.

use super::{clock::Clock, fetch::Connection, tls::Anchors};
use cps_agent_core::fetch::{Fetch, FetchFault};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};
use tokio::{net::TcpStream, time::timeout};
use url::{Host, Url};

/// Longest wait for a client of the same machine.
const PATIENCE: Duration = Duration::from_secs(3);
/// Largest answer that is read: nobody looks at it.
const BODY: usize = 64 * 1024;

/// Posts a form to a loopback address. Says the status of the answer.
///
/// The name `localhost` is this machine, whatever a resolver says of it; no other name is looked up.
///
/// `known` says whether whoever listens at an address is one of this user's: where the client does not run, another user's
/// program may listen in its place. It is asked when the connection stands, before anything is sent.
///
/// # Errors
/// See [`FetchFault`]; [`FetchFault::Garbled`] for an address that is not of this machine, [`FetchFault::Unreachable`]
/// also for a listener that is not known.
pub async fn post(
    url: &Url,
    parameters: &[(&str, &str)],
    clock: &dyn Clock,
    known: impl Fn(SocketAddr) -> bool,
) -> Result<u16, FetchFault> {
    let posted = timeout(PATIENCE, async {
        let stream = connect(url, known).await?;
        let mut connection = match url.scheme() {
            "http" => Connection::over(stream, url, None).await?,
            _ => {
                let anchors = Anchors::system().map_err(|error| FetchFault::Garbled(error.to_string()))?;
                Connection::secured(stream, url, &anchors).await?
            }
        };
        let fetched = connection.send(&Fetch::post_form(url.clone(), parameters), clock, BODY).await?;
        Ok(fetched.status)
    });
    posted.await.unwrap_or_else(|_| Err(FetchFault::Unreachable("no answer in time".to_owned())))
}

async fn connect(url: &Url, known: impl Fn(SocketAddr) -> bool) -> Result<TcpStream, FetchFault> {
    let refused = || FetchFault::Garbled("not an address of this machine".to_owned());
    let port = url.port_or_known_default().filter(|_| matches!(url.scheme(), "http" | "https"));
    let port = port.ok_or_else(refused)?;
    let mut fault = refused();
    for address in addresses(url) {
        let address = SocketAddr::new(address, port);
        match TcpStream::connect(address).await {
            Ok(stream) if known(address) => return Ok(stream),
            Ok(_) => fault = FetchFault::Unreachable("another user's program listens there".to_owned()),
            Err(error) => fault = FetchFault::Unreachable(error.to_string()),
        }
    }
    Err(fault)
}

/// The loopback addresses a URL means; none for any other machine's.
fn addresses(url: &Url) -> Vec<IpAddr> {
    let (v4, v6) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
    match url.host() {
        Some(Host::Domain(name)) if name.eq_ignore_ascii_case("localhost") => vec![v4, v6],
        Some(Host::Ipv4(address)) if address.is_loopback() => vec![IpAddr::V4(address)],
        Some(Host::Ipv6(address)) if address.is_loopback() => vec![v6],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::clock::SystemClock;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("an address")
    }

    #[tokio::test]
    async fn nothing_is_sent_to_another_machine() {
        for elsewhere in [
            "http://example.org/logout",
            "http://192.0.2.1/logout",
            "http://localhost.example.org/logout",
            "http://[2001:db8::1]/logout",
            "ftp://127.0.0.1/logout",
        ] {
            let posted = post(&url(elsewhere), &[], &SystemClock, |_| true).await;
            assert!(matches!(posted, Err(FetchFault::Garbled(_))), "{elsewhere}: {posted:?}");
        }
    }

    #[tokio::test]
    async fn a_listener_that_is_not_known_gets_nothing() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let address = listener.local_addr().expect("its address");
        let page = url(&format!("http://{address}/logout"));
        let posted = post(&page, &[("logout_token", "secret")], &SystemClock, |asked| asked != address).await;
        assert!(matches!(posted, Err(FetchFault::Unreachable(_))), "{posted:?}");
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut heard = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut heard).await.expect("its end");
        assert_eq!(heard, b"");
    }

    #[test]
    fn this_machine_has_three_names() {
        for here in ["http://localhost:1/x", "https://127.0.0.1/x", "http://[::1]:8080/"] {
            assert!(!addresses(&url(here)).is_empty(), "{here}");
        }
    }
}
