//! The client of the control door: one method per route of the `/v1` API, one connection kept open between calls.
//!
//! Needs a running tokio runtime. Calls that ask a person something (a login, a PIN) answer when the person did, so no
//! call has a time-out; dropping the future gives the call up, and the agent notices.

use crate::{
    events::Events,
    pkcs11,
    words::{self, PROTOCOL, PROTOCOL_HEADER, Problem},
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Method, Request, Response, StatusCode, body::Incoming, client::conn::http1::SendRequest, header,
};
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use std::{
    io,
    path::{Path, PathBuf},
};
use tokio::net::UnixStream;

/// Longest answer that is read. The longest honest one is a list of certificates.
const ANSWER: usize = 4 * 1024 * 1024;

/// Why a call has no answer of the kind that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// This session has no place for the agent's socket (`XDG_RUNTIME_DIR` is not set).
    #[error("no XDG_RUNTIME_DIR and no CPS_AGENT_SOCKET")]
    NoSession,
    /// Nobody answers at the socket: the agent is to be started (`systemctl --user start cps-agent`).
    #[error("the agent does not answer at {}", path.display())]
    Absent {
        /// Where it should be.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The agent speaks another version of the protocol: both are to be updated and the agent restarted.
    #[error("the agent speaks version {} of the protocol, this program {PROTOCOL}", .agent.map_or("?".to_owned(), |v| v.to_string()))]
    Version {
        /// The agent's version, when it told one.
        agent: Option<u32>,
    },
    /// The agent refused, and says why and what to do.
    #[error(transparent)]
    Refused(Box<Problem>),
    /// The connection broke before the answer was whole.
    #[error("the agent hung up")]
    Lost(#[source] hyper::Error),
    /// The answer makes no sense.
    #[error("the agent's answer cannot be understood: {0}")]
    Garbled(String),
}

/// The agent, as its own programs see it.
#[derive(Debug)]
pub struct Agent {
    path: PathBuf,
    language: String,
    sender: SendRequest<Full<Bytes>>,
}

impl Agent {
    /// Connects to the agent of this session ([`crate::door::path`]). Problems are worded in `language`, `fr` or `en`.
    ///
    /// # Errors
    /// [`ClientError::NoSession`] or [`ClientError::Absent`].
    pub async fn connect(language: &str) -> Result<Self, ClientError> {
        let path = crate::door::path().ok_or(ClientError::NoSession)?;
        Self::connect_to(&path, language).await
    }

    /// Connects to the agent at a socket.
    ///
    /// # Errors
    /// [`ClientError::Absent`].
    pub async fn connect_to(path: &Path, language: &str) -> Result<Self, ClientError> {
        let sender = open(path).await?;
        Ok(Self { path: path.to_owned(), language: language.to_owned(), sender })
    }

    /// Where the agent is: a call that waits for a person keeps its connection, and whoever wants to know more meanwhile
    /// makes another one.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// In which language problems are worded.
    #[must_use]
    pub fn language(&self) -> &str {
        &self.language
    }

    /// `GET /v1/status`.
    ///
    /// # Errors
    /// [`ClientError`], as for every call.
    pub async fn status(&mut self) -> Result<words::Status, ClientError> {
        self.get("/v1/status").await
    }

    /// `GET /v1/readers`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn readers(&mut self) -> Result<Vec<words::Reader>, ClientError> {
        self.get("/v1/readers").await
    }

    /// `GET /v1/cards`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn cards(&mut self) -> Result<Vec<words::Card>, ClientError> {
        self.get("/v1/cards").await
    }

    /// `GET /v1/cards/{serial}/certificates`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn certificates(&mut self, serial: &str) -> Result<Vec<words::CardCertificate>, ClientError> {
        self.get(&format!("/v1/cards/{}/certificates", segment(serial))).await
    }

    /// `GET /v1/cards/{serial}/pin`: asks the card and spends no try.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn pin_state(&mut self, serial: &str) -> Result<words::PinState, ClientError> {
        self.get(&format!("/v1/cards/{}/pin", segment(serial))).await
    }

    /// `POST /v1/cards/{serial}/pin/change`: the agent's prompter asks for everything.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn change_pin(&mut self, serial: &str, request: &words::PinRequest) -> Result<(), ClientError> {
        self.post_only(&format!("/v1/cards/{}/pin/change", segment(serial)), request).await
    }

    /// `POST /v1/cards/{serial}/pin/unblock`: the agent's prompter asks for everything.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn unblock_pin(
        &mut self,
        serial: &str,
        request: &words::PinRequest,
    ) -> Result<(), ClientError> {
        self.post_only(&format!("/v1/cards/{}/pin/unblock", segment(serial)), request).await
    }

    /// `POST /v1/challenges`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn challenge(
        &mut self,
        request: &words::ChallengeRequest,
    ) -> Result<words::ChallengeAnswer, ClientError> {
        self.post("/v1/challenges", request).await
    }

    /// `GET /v1/session`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn session(&mut self) -> Result<Option<words::Session>, ClientError> {
        self.get("/v1/session").await
    }

    /// `DELETE /v1/session`, and an end to what programs had verified. Says whether there was either.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn end_session(&mut self) -> Result<bool, ClientError> {
        match self.send(Method::DELETE, "/v1/session", None).await {
            Ok(_) => Ok(true),
            Err(ClientError::Refused(problem)) if problem.code == "session_none" => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// `POST /v1/login`: answers when the login ended.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn login(&mut self, request: &words::LoginRequest) -> Result<words::Session, ClientError> {
        self.post("/v1/login", request).await
    }

    /// `GET /v1/login`: the login under way.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn login_progress(&mut self) -> Result<Option<words::LoginProgress>, ClientError> {
        self.get("/v1/login").await
    }

    /// `GET /v1/trust`: who vouches for the bridge's certificate, when there is one.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn authority(&mut self) -> Result<Option<words::Authority>, ClientError> {
        self.get("/v1/trust").await
    }

    /// `POST /v1/trust`: makes the bridge's certificate and its authority, or says which there are.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn make_authority(
        &mut self,
        request: words::TrustRequest,
    ) -> Result<words::Authority, ClientError> {
        self.post("/v1/trust", &request).await
    }

    /// `DELETE /v1/trust`: forgets them.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn remove_authority(&mut self) -> Result<(), ClientError> {
        self.send(Method::DELETE, "/v1/trust", None).await.map(|_| ())
    }

    /// `GET /v1/audit`: checks the chain of the audit trail.
    ///
    /// # Errors
    /// [`ClientError`]; a refusal names the first line that is not what the line before demands.
    pub async fn check_audit(&mut self) -> Result<words::AuditCheck, ClientError> {
        self.get("/v1/audit").await
    }

    /// `GET /v1/events`: what happens from now on. Takes the connection for itself.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn events(mut self) -> Result<Events, ClientError> {
        let response = self.request(Method::GET, "/v1/events", None).await?;
        let response = accepted(response).await?;
        Ok(Events::new(response.into_body(), self.sender))
    }

    /// `GET /v1/diagnosis`: takes as long as the upstream does.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn diagnosis(&mut self) -> Result<words::Diagnosis, ClientError> {
        self.get("/v1/diagnosis").await
    }

    /// `GET /v1/waiting`: pages that ask the person something.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn waiting(&mut self) -> Result<Vec<words::Waiting>, ClientError> {
        self.get("/v1/waiting").await
    }

    /// `POST /v1/portal`: a link that opens the person's page once.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn portal(&mut self, request: &words::PortalRequest) -> Result<words::Portal, ClientError> {
        self.post("/v1/portal", request).await
    }

    /// `GET /v1/services`: the catalogue.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn services(&mut self) -> Result<Vec<words::Service>, ClientError> {
        self.get("/v1/services").await
    }

    /// `GET /v1/clients`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn clients(&mut self) -> Result<Vec<words::Client>, ClientError> {
        self.get("/v1/clients").await
    }

    /// `POST /v1/clients`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn add_client(
        &mut self,
        client: &words::Client,
    ) -> Result<words::ClientRegistered, ClientError> {
        self.post("/v1/clients", client).await
    }

    /// `DELETE /v1/clients/{id}`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn remove_client(&mut self, id: &str) -> Result<(), ClientError> {
        self.send(Method::DELETE, &format!("/v1/clients/{}", segment(id)), None).await.map(|_| ())
    }

    /// `GET /v1/tokens`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn tokens(&mut self) -> Result<Vec<words::Card>, ClientError> {
        self.get("/v1/tokens").await
    }

    /// `POST /v1/tokens`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn add_token(
        &mut self,
        request: &words::TokenRequest,
    ) -> Result<words::TokenAnswer, ClientError> {
        self.post("/v1/tokens", request).await
    }

    /// `GET /v1/pkcs11`: readers and tokens as the module shows them, from the agent's memory.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn pkcs11(&mut self) -> Result<pkcs11::Tokens, ClientError> {
        self.get("/v1/pkcs11").await
    }

    /// `POST /v1/pkcs11/sign`: answers when the person did, if it takes a person.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn pkcs11_sign(
        &mut self,
        request: &pkcs11::SignRequest,
    ) -> Result<pkcs11::SignAnswer, ClientError> {
        self.post("/v1/pkcs11/sign", request).await
    }

    /// `POST /v1/pkcs11/decrypt`: likewise.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn pkcs11_decrypt(
        &mut self,
        request: &pkcs11::DecryptRequest,
    ) -> Result<pkcs11::DecryptAnswer, ClientError> {
        self.post("/v1/pkcs11/decrypt", request).await
    }

    async fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, ClientError> {
        understand(&self.send(Method::GET, path, None).await?)
    }

    async fn post<T: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        understand(&self.send(Method::POST, path, Some(json(body)?)).await?)
    }

    async fn post_only(&mut self, path: &str, body: &impl Serialize) -> Result<(), ClientError> {
        self.send(Method::POST, path, Some(json(body)?)).await.map(|_| ())
    }

    /// Sends a request and returns the body of its successful answer.
    async fn send(&mut self, method: Method, path: &str, body: Option<Bytes>) -> Result<Bytes, ClientError> {
        let response = self.request(method, path, body).await?;
        whole(accepted(response).await?).await
    }

    async fn request(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
    ) -> Result<Response<Incoming>, ClientError> {
        // The agent closes a connection that was idle for a while.
        if self.sender.ready().await.is_err() {
            self.sender = open(&self.path).await?;
        }
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::ACCEPT_LANGUAGE, &self.language)
            .header(PROTOCOL_HEADER, PROTOCOL);
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = request
            .body(Full::new(body.unwrap_or_default()))
            .map_err(|error| ClientError::Garbled(error.to_string()))?;
        match self.sender.try_send_request(request).await {
            Ok(response) => Ok(response),
            // It closed under our hands. What was not sent may be sent again; anything else never.
            Err(mut failed) => match failed.take_message() {
                Some(request) => {
                    self.sender = open(&self.path).await?;
                    self.sender.send_request(request).await.map_err(ClientError::Lost)
                }
                None => Err(ClientError::Lost(failed.into_error())),
            },
        }
    }
}

/// Opens a connection. Its task ends with it.
async fn open(path: &Path) -> Result<SendRequest<Full<Bytes>>, ClientError> {
    let stream = UnixStream::connect(path)
        .await
        .map_err(|source| ClientError::Absent { path: path.to_owned(), source })?;
    // A plain write to a socket asks the system for no SIGPIPE, a gathering one cannot: it would end a host of the module
    // that does not ignore that signal.
    let (sender, connection) = hyper::client::conn::http1::Builder::new()
        .writev(false)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(ClientError::Lost)?;
    // What goes wrong on the connection reaches the call that waits for it.
    tokio::spawn(async move {
        let _ended = connection.await;
    });
    Ok(sender)
}

/// Lets a successful answer of our version through.
async fn accepted(response: Response<Incoming>) -> Result<Response<Incoming>, ClientError> {
    let agent = response.headers().get(PROTOCOL_HEADER).and_then(|value| value.to_str().ok()?.parse().ok());
    if agent != Some(PROTOCOL) {
        return Err(ClientError::Version { agent });
    }
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    let body = whole(response).await?;
    match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) => Err(ClientError::Refused(Box::new(problem))),
        Err(_) => Err(ClientError::Garbled(format!("status {}", StatusCode::as_u16(&status)))),
    }
}

async fn whole(response: Response<Incoming>) -> Result<Bytes, ClientError> {
    match Limited::new(response.into_body(), ANSWER).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) => match error.downcast::<hyper::Error>() {
            Ok(error) => Err(ClientError::Lost(*error)),
            Err(error) => Err(ClientError::Garbled(error.to_string())),
        },
    }
}

fn understand<T: DeserializeOwned>(body: &[u8]) -> Result<T, ClientError> {
    serde_json::from_slice(body).map_err(|error| ClientError::Garbled(error.to_string()))
}

fn json(body: &impl Serialize) -> Result<Bytes, ClientError> {
    serde_json::to_vec(body).map(Bytes::from).map_err(|error| ClientError::Garbled(error.to_string()))
}

/// A value as one segment of a path (RFC 3986 §3.3): everything that is not unreserved is percent-encoded.
fn segment(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_value_cannot_leave_its_segment() {
        assert_eq!(super::segment("../x?y#z é"), "..%2Fx%3Fy%23z%20%C3%A9");
        assert_eq!(super::segment("dpi-1.a_b~c"), "dpi-1.a_b~c");
    }
}
