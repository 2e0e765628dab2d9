//! TLS sessions that can be resumed: in memory, for one line, and told when one arrives.

use rustls::{
    NamedGroup,
    client::{
        ClientSessionMemoryCache, ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue,
    },
};
use rustls_pki_types::ServerName;
use std::sync::Arc;
use tokio::sync::watch;

/// Sessions of one server that are kept.
const KEPT: usize = 32;

/// A store of one line: what it keeps ends with it.
#[derive(Debug)]
pub(super) struct Tickets {
    cache: ClientSessionMemoryCache,
    arrived: watch::Sender<()>,
}

impl Tickets {
    /// An empty store.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { cache: ClientSessionMemoryCache::new(KEPT), arrived: watch::Sender::new(()) })
    }

    /// Tells of every session that arrives from now on.
    pub(super) fn arrivals(&self) -> watch::Receiver<()> {
        self.arrived.subscribe()
    }
}

impl ClientSessionStore for Tickets {
    fn set_kx_hint(&self, server: ServerName<'static>, group: NamedGroup) {
        self.cache.set_kx_hint(server, group);
    }

    fn kx_hint(&self, server: &ServerName<'_>) -> Option<NamedGroup> {
        self.cache.kx_hint(server)
    }

    fn set_tls12_session(&self, server: ServerName<'static>, session: Tls12ClientSessionValue) {
        self.cache.set_tls12_session(server, session);
        self.arrived.send_replace(());
    }

    fn tls12_session(&self, server: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.cache.tls12_session(server)
    }

    fn remove_tls12_session(&self, server: &ServerName<'static>) {
        self.cache.remove_tls12_session(server);
    }

    fn insert_tls13_ticket(&self, server: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        self.cache.insert_tls13_ticket(server, ticket);
        self.arrived.send_replace(());
    }

    fn take_tls13_ticket(&self, server: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.cache.take_tls13_ticket(server)
    }
}
