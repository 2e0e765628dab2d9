//! The connections of one gateway in one session, made with one certificate.
//!
//! A card's signature is dear: one handshake at a time, a connection is kept for the next request, and a new one resumes
//! the TLS session of an earlier one. All of it lives and ends with the line: connections are cut, in the middle of an
//! answer too, and tickets forgotten.

use super::{
    body::{Bounded, Bounds, Stream},
    tickets::Tickets,
};
use crate::host::{
    client_certificate::ClientCertificate,
    fetch::garbled,
    network,
    proxy::Proxies,
    tls::{Anchors, ClientTls, Shown},
    token_tls::{Faults, TlsToken},
};
use cps_agent_core::{
    failure::{Code, GATEWAY_SLOW},
    fetch::FetchFault,
    session::step::TokenFault,
};
use hyper::{
    Request, Response,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use rustls::{HandshakeKind, client::Resumption};
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{OwnedMutexGuard, watch},
    task::JoinHandle,
    time::{Instant, timeout},
};
use url::Url;

/// Longest handshake, a card's signature included. Servers wait at most about as long.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// How long an unused connection is kept. Servers keep theirs for a little longer.
const IDLE: Duration = Duration::from_secs(30);
/// How long the next handshake waits for what this one's server may still send to resume it.
const SETTLE: Duration = Duration::from_millis(500);
/// Largest header section of an answer.
const HEAD: usize = 64 * 1024;

/// The certificate of a line.
pub enum Credential {
    /// Of a card or soft token, or of a key store: whoever holds the key signs.
    Token(TlsToken),
    /// Of the organisation, out of files.
    Organisation(Arc<ClientCertificate>),
}

/// Why there is no connection.
#[derive(Debug)]
pub enum Unopened {
    /// The card or token did not sign.
    Token(TokenFault),
    /// The rest.
    Fault(FetchFault),
}

/// Why a request had no answer.
#[derive(Debug)]
pub enum Unanswered {
    /// A connection that had served before ended before anything of the request was sent.
    Unsent(Box<Request<Outgoing>>),
    /// No answer in time.
    Slow,
    /// The rest.
    Fault(FetchFault),
}

/// The body of a request on its way.
pub type Outgoing = Bounded<Stream>;

/// A connection that can take a request.
#[derive(Debug)]
pub struct Open {
    sender: SendRequest<Outgoing>,
    /// Its handshake was a whole one, with a signature.
    pub signed: bool,
    /// Tells when its server sent what resumes its session.
    arrivals: Option<watch::Receiver<()>>,
    /// How the connection ends; none for one that served before.
    end: Option<JoinHandle<Option<FetchFault>>>,
}

/// Connections that end together.
pub struct Line {
    /// The origin.
    base: Url,
    proxies: Arc<Proxies>,
    tls: ClientTls,
    faults: Option<Faults>,
    tickets: Arc<Tickets>,
    idle: Mutex<Vec<(SendRequest<Outgoing>, Instant)>>,
    sweeping: AtomicBool,
    turn: Arc<tokio::sync::Mutex<()>>,
    ended: watch::Sender<Option<Code>>,
}

impl Line {
    /// A line without connections.
    ///
    /// # Errors
    /// TLS's own.
    pub fn new(
        base: Url,
        anchors: &Anchors,
        credential: Credential,
        proxies: Arc<Proxies>,
    ) -> Result<Arc<Self>, rustls::Error> {
        let (shown, faults) = match credential {
            Credential::Token(token) => {
                let (shown, faults) = token.shown();
                (shown, Some(faults))
            }
            Credential::Organisation(certificate) => (Shown::at_once(certificate), None),
        };
        let tickets = Tickets::new();
        let store: Arc<Tickets> = Arc::clone(&tickets);
        Ok(Arc::new(Self {
            base,
            proxies,
            tls: ClientTls::new(anchors, shown, Resumption::store(store))?,
            faults,
            tickets,
            idle: Mutex::default(),
            sweeping: AtomicBool::new(false),
            turn: Arc::default(),
            ended: watch::Sender::new(None),
        }))
    }

    /// Whether its key is in memory, so that nobody else knows of a signature.
    pub fn signs_at_once(&self) -> bool {
        !self.tls.apart()
    }

    /// Ends it, with everything that is under way. The first reason stays.
    pub fn end(&self, why: Code) {
        self.ended.send_if_modified(|ended| {
            let first = ended.is_none();
            ended.get_or_insert(why);
            first
        });
        self.kept().clear();
    }

    /// Waits for its end, and says why it came.
    pub async fn ended(&self) -> Code {
        let mut ended = self.ended.subscribe();
        let why = ended.wait_for(Option::is_some).await.ok().and_then(|why| *why);
        match why {
            Some(why) => why,
            // The sender lives as long as this line.
            None => std::future::pending().await,
        }
    }

    /// Why it ended, if it did.
    pub fn over(&self) -> Option<Code> {
        *self.ended.borrow()
    }

    /// A connection that is open and free: the one that was used last.
    pub fn idle(&self) -> Option<Open> {
        let mut idle = self.kept();
        while let Some((sender, _)) = idle.pop() {
            if sender.is_ready() {
                return Some(Open { sender, signed: false, arrivals: None, end: None });
            }
        }
        None
    }

    /// Waits for the turn to open a connection. Whoever gets it looks once more whether one is free.
    pub async fn turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.turn).lock_owned().await
    }

    /// Opens a connection. A person who is asked within the handshake has so much more time for it.
    ///
    /// # Errors
    /// See [`Unopened`].
    pub async fn open(&self, person: Duration) -> Result<Open, Unopened> {
        let arrivals = self.tls.apart().then(|| self.tickets.arrivals());
        // A handshake that its caller gave up may have left one.
        self.fault();
        let opened = timeout(HANDSHAKE + person, async {
            let stream = network::open(&self.base, &self.proxies).await?.stream;
            self.tls.handshake(&self.base, stream).await
        });
        let opened = opened.await;
        let opened =
            opened.unwrap_or_else(|_| Err(FetchFault::Unreachable("no handshake in time".to_owned())));
        // What the token said is the cause of what TLS says.
        let stream = opened.map_err(|said| self.fault().map_or(Unopened::Fault(said), Unopened::Token))?;
        let signed = stream.get_ref().1.handshake_kind() != Some(HandshakeKind::Resumed);
        let mut builder = http1::Builder::new();
        builder.max_buf_size(HEAD);
        let begun = builder.handshake(TokioIo::new(stream)).await;
        let (sender, connection) = begun.map_err(|error| Unopened::Fault(garbled(&error)))?;
        let mut ended = self.ended.subscribe();
        // Ends when the sender is dropped, or with the line; its faults also reach the request under way.
        let end = tokio::spawn(async move {
            tokio::select! {
                biased;
                _ = ended.wait_for(Option::is_some) => None,
                connected = connection => connected.err().map(|error| garbled(&error)),
            }
        });
        Ok(Open { sender, signed, arrivals, end: Some(end) })
    }

    fn fault(&self) -> Option<TokenFault> {
        self.faults.as_ref().and_then(Faults::take)
    }

    /// Gives the turn on, once the server has sent what resumes the session of the connection that was just opened: else
    /// the next one would cost a signature too.
    pub fn settle(turn: OwnedMutexGuard<()>, open: &mut Open) {
        let Some(mut arrivals) = open.arrivals.take() else { return };
        tokio::spawn(async move {
            // A server that sends nothing makes every handshake a whole one, a moment later.
            let _ = timeout(SETTLE, arrivals.changed()).await;
            drop(turn);
        });
    }

    /// Sends a request and returns its answer as soon as that begins. The connection is kept for the next request when the
    /// answer has come to its end.
    ///
    /// # Errors
    /// See [`Unanswered`].
    pub async fn send(
        self: &Arc<Self>,
        open: Open,
        request: Request<Outgoing>,
        bounds: Bounds,
    ) -> Result<Response<Bounded<hyper::body::Incoming>>, Unanswered> {
        let (mut sender, end) = (open.sender, open.end);
        let progress = request.body().progress();
        let slow = async {
            loop {
                // As long as the program's next part is waited for, it is not the origin that is slow.
                let since = progress.taken_until().unwrap_or_else(Instant::now);
                let deadline = since + bounds.silence;
                if deadline <= Instant::now() {
                    return;
                }
                tokio::time::sleep_until(deadline).await;
            }
        };
        let answered = tokio::select! {
            biased;
            answered = sender.try_send_request(request) => answered,
            () = slow => return Err(Unanswered::Slow),
        };
        match answered {
            Ok(answer) => {
                self.keep(sender);
                let bounds = Bounds { bytes: None, late: GATEWAY_SLOW, ..bounds };
                Ok(answer.map(|body| Bounded::new(body, bounds)))
            }
            Err(mut error) => match (error.take_message(), end) {
                (Some(request), None) => Err(Unanswered::Unsent(Box::new(request))),
                (_, end) => Err(Unanswered::Fault(broken(garbled(error.error()), sender, end).await)),
            },
        }
    }

    /// Keeps a connection as soon as it is free again.
    fn keep(self: &Arc<Self>, mut sender: SendRequest<Outgoing>) {
        let line = Arc::downgrade(self);
        tokio::spawn(async move {
            if sender.ready().await.is_ok()
                && let Some(line) = line.upgrade()
                && line.over().is_none()
            {
                line.kept().push((sender, Instant::now() + IDLE));
                line.sweep();
            }
        });
    }

    /// Drops connections that nobody used for a while, until none is left.
    fn sweep(self: &Arc<Self>) {
        if self.sweeping.swap(true, Ordering::Relaxed) {
            return;
        }
        let line = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(IDLE).await;
                let Some(line) = line.upgrade() else { return };
                let mut idle = line.kept();
                idle.retain(|(sender, until)| !sender.is_closed() && Instant::now() < *until);
                if idle.is_empty() {
                    line.sweeping.store(false, Ordering::Relaxed);
                    return;
                }
            }
        });
    }

    fn kept(&self) -> MutexGuard<'_, Vec<(SendRequest<Outgoing>, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a request broke. With TLS 1.3 a server judges our certificate after the handshake, and its word may come before the
/// request was written: then the connection knows more than the request does.
async fn broken(
    fault: FetchFault,
    sender: SendRequest<Outgoing>,
    end: Option<JoinHandle<Option<FetchFault>>>,
) -> FetchFault {
    drop(sender);
    let Some(end) = end.filter(|_| matches!(fault, FetchFault::Garbled(_))) else { return fault };
    match timeout(SETTLE, end).await {
        Ok(Ok(Some(told))) => told,
        _ => fault,
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Line({})", self.base.host_str().unwrap_or("?"))
    }
}
