//! The application as a person meets it: a page with a link, a way to the provider, and a page with the answer.

use super::{Accepted, Begun, Error, RelyingParty};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Response, StatusCode,
    header::{CONTENT_TYPE, HeaderValue, LOCATION},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use std::{collections::HashMap, convert::Infallible, io, sync::Arc};
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
    task::JoinHandle,
};
use url::{Url, form_urlencoded};

/// Path of the redirect URI.
pub const CALLBACK: &str = "/callback";

/// A port for the application, taken before it is registered at the provider.
pub struct Place {
    listener: TcpListener,
    address: String,
}

impl Place {
    /// Takes a free loopback port.
    ///
    /// # Errors
    /// When there is none.
    pub async fn take() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = format!("http://{}", listener.local_addr()?);
        Ok(Self { listener, address })
    }

    /// The redirect URI to register.
    #[must_use]
    pub fn redirect_uri(&self) -> String {
        format!("{}{CALLBACK}", self.address)
    }
}

/// The running application. Dropping it closes its port.
pub struct App {
    address: String,
    task: JoinHandle<()>,
}

/// How a login of the application ended.
pub type Outcome = Result<Accepted, Error>;

struct Shared {
    party: RelyingParty,
    address: String,
    /// Logins under way, by `state`.
    begun: Mutex<HashMap<String, Begun>>,
    outcomes: mpsc::Sender<Outcome>,
}

impl App {
    /// Serves the pages; every login that ends is sent to `outcomes`.
    #[must_use]
    pub fn start(place: Place, party: RelyingParty, outcomes: mpsc::Sender<Outcome>) -> Self {
        let address = place.address;
        let shared = Arc::new(Shared { party, address: address.clone(), begun: Mutex::default(), outcomes });
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = place.listener.accept().await else { continue };
                let shared = shared.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request: hyper::Request<_>| {
                        let shared = shared.clone();
                        async move {
                            Ok::<_, Infallible>(
                                shared.answer(&request.map(drop::<hyper::body::Incoming>)).await,
                            )
                        }
                    });
                    let connection = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service);
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "connection of the TEST application ended");
                    }
                });
            }
        });
        Self { address, task }
    }

    /// The first page.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Where a login begins. What stands in a query is added to the authorization request: `prompt`, `max_age`.
    #[must_use]
    pub fn login(&self) -> String {
        format!("{}/login", self.address)
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    async fn answer(&self, request: &hyper::Request<()>) -> Response<Full<Bytes>> {
        match request.uri().path() {
            "/" => page(
                StatusCode::OK,
                "<p><a href=\"/login\">Se connecter avec ma carte / Log in with my card</a></p>",
            ),
            "/login" => {
                let mut begun = self.party.begin();
                let wishes = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
                begun.address.query_pairs_mut().extend_pairs(wishes);
                let mut response = page(StatusCode::FOUND, "");
                if let Ok(address) = HeaderValue::from_str(begun.address.as_str()) {
                    response.headers_mut().insert(LOCATION, address);
                }
                self.begun.lock().await.insert(begun.state().to_owned(), begun);
                response
            }
            CALLBACK => self.callback(request.uri()).await,
            _ => page(StatusCode::NOT_FOUND, "<p>Page introuvable / Not found</p>"),
        }
    }

    async fn callback(&self, uri: &hyper::Uri) -> Response<Full<Bytes>> {
        let Ok(callback) = Url::parse(&format!("{}{uri}", self.address)) else {
            return page(StatusCode::BAD_REQUEST, "");
        };
        let state =
            callback.query_pairs().find(|(key, _)| key == "state").map(|(_, value)| value.into_owned());
        let begun = match state {
            Some(state) => self.begun.lock().await.remove(&state),
            None => None,
        };
        let Some(begun) = begun else {
            return page(StatusCode::BAD_REQUEST, "<p>Connexion inconnue / Unknown login</p>");
        };
        let outcome = self.party.finish(begun, &callback).await;
        let answer = match &outcome {
            Ok(accepted) => page(
                StatusCode::OK,
                &format!(
                    "<p>Connexion acceptée / Login accepted</p><h2>ID token</h2><pre>{}</pre><h2>UserInfo</h2><pre>{}</pre>",
                    escaped(&format!("{:#}", accepted.claims)),
                    escaped(&format!("{:#}", accepted.userinfo))
                ),
            ),
            Err(error) => page(
                StatusCode::OK,
                &format!(
                    "<p>Connexion refusée / Login refused</p><pre>{}</pre>",
                    escaped(&error.to_string())
                ),
            ),
        };
        // Nobody may be listening any more: a page of a person must not wait for that.
        let _ = self.outcomes.try_send(outcome);
        answer
    }
}

fn page(status: StatusCode, body: &str) -> Response<Full<Bytes>> {
    let html = format!(
        "<!doctype html><html lang=\"fr\"><head><meta charset=\"utf-8\"><title>TEST – application</title></head>\
         <body><h1>TEST – application de démonstration</h1>{body}</body></html>"
    );
    let mut response = Response::new(Full::new(Bytes::from(html)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
