//! The loopback listener that a browser comes back to (RFC 8252 §7.3, §8.3): it lives for one login.
//!
//! It takes one answer: a plain GET of the exact address that carries the `state` of this login. Whatever else comes, from
//! a curious program or a web page that guesses, is told so and ends nothing.
//!
//! A browser that we start begins here as well ([`Listener::start`]). Its arguments are in sight of every user of the
//! machine, and the authorization request holds `state` and `nonce`: with those another user could log in at the upstream
//! in their own name and have a web page send us their code.

use bytes::Bytes;
use cps_agent_core::secret::{Entropy, Secret, SecretHash, random_string};
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderName, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    convert::Infallible,
    future::poll_fn,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use url::{Url, form_urlencoded};

/// Most connections at a time.
const CONNECTIONS: usize = 16;
/// A connection that has not asked and taken its answer by then is closed.
const CONNECTION_TIME: Duration = Duration::from_secs(10);
/// Longest request head.
const HEAD: usize = 16 * 1024;
/// Most header fields.
const HEADERS: usize = 64;
/// How long accepting rests after the system could not give a connection.
const REST: Duration = Duration::from_millis(100);
/// How often a free port is tried when both loopback families must agree on one.
const TRIES: usize = 16;

/// Random bytes in the path of a start: 128 bits.
const START: usize = 16;

const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const DESTINATION: HeaderName = HeaderName::from_static("sec-fetch-dest");
const PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");

/// What the browser is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Farewell {
    /// A page that says that it may be closed.
    Page,
    /// On to this address.
    Onward(String),
}

/// A listener.
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<TcpListener>,
    address: Url,
    start: Option<Start>,
}

/// Where a browser begins, once.
#[derive(Debug)]
struct Start {
    path: SecretHash,
    onward: Secret,
}

/// Where to listen: the redirect URI as it was declared to the upstream.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Port; 0 lets the system choose.
    pub port: u16,
    /// `127.0.0.1`, `[::1]` or `localhost`.
    pub host: &'a str,
    /// Path.
    pub path: &'a str,
}

impl Listener {
    /// Listens on both loopback families where the system has both: a browser chooses for itself what `localhost` means.
    ///
    /// # Errors
    /// The system's, when the port is held on the family of the address, or on either for a name.
    pub async fn open(place: Place<'_>) -> io::Result<Self> {
        let Place { port, host, path } = place;
        let mut refusal = io::ErrorKind::AddrInUse.into();
        for _ in 0..if port == 0 { TRIES } else { 1 } {
            match sockets(port, host).await {
                Ok((sockets, port)) => {
                    let address = Url::parse(&format!("http://{host}:{port}{path}"));
                    let address =
                        address.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
                    return Ok(Self { sockets, address, start: None });
                }
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    /// The redirect URI, with the port.
    #[must_use]
    pub fn address(&self) -> &Url {
        &self.address
    }

    /// An address for the arguments of a browser, which sends it on to this one: good for one use, by this user, as long
    /// as the listener lives.
    pub fn start(&mut self, onward: &Url, entropy: &mut dyn Entropy) -> Url {
        let mut address = self.address.clone();
        address.set_path(&format!("/start/{}", random_string(entropy, START)));
        let path = SecretHash::of(address.path());
        self.start = Some(Start { path, onward: Secret::new(onward.to_string()) });
        address
    }

    /// Waits for the answer that carries this `state`, and says goodbye to the browser with it. `known` says whether a
    /// connection (our address, theirs) is one of this user's. Gives the query.
    pub async fn returned(
        self,
        state: SecretHash,
        known: impl Fn(SocketAddr, SocketAddr) -> bool,
        farewell: impl Fn() -> Farewell + Send + Sync + 'static,
    ) -> Secret {
        let door = Arc::new(Door {
            // Browsers leave the port out where it is the scheme's own.
            host: self.address[url::Position::BeforeHost..url::Position::AfterPort].to_owned(),
            path: self.address.path().to_owned(),
            state,
            farewell: Box::new(farewell),
            start: Mutex::new(self.start),
            taken: Mutex::new(None),
        });
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = accept(&self.sockets) => match accepted {
                    Ok((stream, from)) => {
                        let ours = stream.local_addr().is_ok_and(|ours| known(ours, from));
                        if ours && connections.len() < CONNECTIONS {
                            connections.spawn(Arc::clone(&door).serve(stream));
                        }
                    }
                    Err(_) => tokio::time::sleep(REST).await,
                },
                Some(_) = connections.join_next() => {
                    // Only now is the browser's answer written.
                    if let Some(query) = door.taken.lock().unwrap_or_else(PoisonError::into_inner).take() {
                        return query;
                    }
                }
            }
        }
    }
}

async fn sockets(port: u16, host: &str) -> io::Result<(Vec<TcpListener>, u16)> {
    let first: SocketAddr =
        if host == "[::1]" { (Ipv6Addr::LOCALHOST, port).into() } else { (Ipv4Addr::LOCALHOST, port).into() };
    let socket = TcpListener::bind(first).await?;
    let port = socket.local_addr()?.port();
    let second: SocketAddr =
        if first.is_ipv6() { (Ipv4Addr::LOCALHOST, port).into() } else { (Ipv6Addr::LOCALHOST, port).into() };
    match TcpListener::bind(second).await {
        Ok(other) => Ok((vec![socket, other], port)),
        // Somebody else would get what is sent to the name.
        Err(error) if host == "localhost" && error.kind() == io::ErrorKind::AddrInUse => Err(error),
        Err(_) => Ok((vec![socket], port)),
    }
}

async fn accept(sockets: &[TcpListener]) -> io::Result<(TcpStream, SocketAddr)> {
    poll_fn(|context| {
        for socket in sockets {
            if let Poll::Ready(accepted) = socket.poll_accept(context) {
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    })
    .await
}

/// What all connections share.
struct Door {
    host: String,
    path: String,
    state: SecretHash,
    farewell: Box<dyn Fn() -> Farewell + Send + Sync>,
    start: Mutex<Option<Start>>,
    taken: Mutex<Option<Secret>>,
}

impl Door {
    async fn serve(self: Arc<Self>, stream: TcpStream) {
        let service = service_fn(|request| {
            let answer = self.answer(&request);
            async move { Ok::<_, Infallible>(answer) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(CONNECTION_TIME)
            .max_buf_size(HEAD)
            .max_headers(HEADERS)
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), service);
        // Late or broken: the caller's own trouble.
        let _ended = tokio::time::timeout(CONNECTION_TIME, connection).await;
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        match self.judge(request) {
            Ok(Came::ToStart(onward_to)) => onward(onward_to.expose()),
            Ok(Came::Back(query)) => {
                let farewell = (self.farewell)();
                let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
                // A browser that reloads says the same again.
                taken.get_or_insert(query);
                match farewell {
                    Farewell::Page => page(StatusCode::OK, DONE),
                    Farewell::Onward(address) => onward(&address),
                }
            }
            Err(status) => page(status, STRAY),
        }
    }

    /// Whether a request is one that is awaited. A page of the open web can make a browser ask anything; only the upstream
    /// knows the `state`, and only the browser that we started the path of its start.
    fn judge(&self, request: &Request<Incoming>) -> Result<Came, StatusCode> {
        let headers = request.headers();
        let mut hosts = headers.get_all(header::HOST).iter();
        let named = hosts.next().is_some_and(|host| host == self.host.as_str()) && hosts.next().is_none();
        if !named || request.uri().authority().is_some() {
            return Err(StatusCode::MISDIRECTED_REQUEST);
        }
        let path = SecretHash::of(request.uri().path());
        let mut start = self.start.lock().unwrap_or_else(PoisonError::into_inner);
        let starts = start.as_ref().is_some_and(|start| start.path == path);
        if !starts && request.uri().path() != self.path {
            return Err(StatusCode::NOT_FOUND);
        }
        if request.method() != Method::GET {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        let hidden = headers.get(DESTINATION).is_some_and(|destination| destination != "document");
        if hidden || headers.contains_key(PURPOSE) {
            return Err(StatusCode::FORBIDDEN);
        }
        if let Some(start) = start.take_if(|_| starts) {
            return Ok(Came::ToStart(start.onward));
        }
        let query = request.uri().query().unwrap_or_default();
        let mut states = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "state");
        match (states.next(), states.next()) {
            (Some((_, state)), None) if SecretHash::of(&state) == self.state => {
                Ok(Came::Back(Secret::new(query.to_owned())))
            }
            _ => Err(StatusCode::BAD_REQUEST),
        }
    }
}

/// What a request that is awaited wants.
enum Came {
    /// To be sent to this address.
    ToStart(Secret),
    /// To be back, with this query.
    Back(Secret),
}

const DONE: [&str; 2] = [
    "Vous pouvez fermer cette page et retourner à votre logiciel.",
    "You may close this page and go back to your application.",
];
const STRAY: [&str; 2] =
    ["Cette page n’est pas celle qui est attendue.", "This is not the page that is awaited."];

/// A page in both languages: nobody said yet which one this browser speaks.
fn page(status: StatusCode, [french, english]: [&str; 2]) -> Response<Full<Bytes>> {
    let text = format!(
        "<!doctype html><html lang=\"fr\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>cps-agent</title></head>\
         <body><main><h1>cps-agent</h1><p>{french}</p><p lang=\"en\">{english}</p></main></body></html>"
    );
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
    }
    protect(answer)
}

fn onward(address: &str) -> Response<Full<Bytes>> {
    let Ok(location) = HeaderValue::from_str(address) else { return page(StatusCode::OK, DONE) };
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::SEE_OTHER;
    answer.headers_mut().insert(header::LOCATION, location);
    protect(answer)
}

/// The address of this page holds a code: nothing may keep it or pass it on.
fn protect(mut answer: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

#[cfg(test)]
mod tests;
