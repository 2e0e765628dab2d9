//! A client's address for back-channel logout: takes the notices and shows what they say.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};
use url::form_urlencoded;

/// Listens until it is dropped.
pub struct Listener {
    address: SocketAddr,
    notices: mpsc::UnboundedReceiver<Value>,
    heard: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Listener {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let (tell, notices) = mpsc::unbounded_channel();
        let heard = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                let service = service_fn(|request: Request<Incoming>| {
                    let (tell, counted) = (tell.clone(), Arc::clone(&counted));
                    async move {
                        let body = request.into_body().collect().await.expect("a body").to_bytes();
                        counted.fetch_add(1, Ordering::SeqCst);
                        let _ = tell.send(claims(&body));
                        Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
                    }
                });
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            }
        });
        Self { address, notices, heard, task }
    }

    /// Its address.
    pub fn uri(&self) -> String {
        format!("http://{}/logout", self.address)
    }

    /// The claims of the next notice.
    pub async fn next(&mut self) -> Value {
        let next = tokio::time::timeout(crate::scene::PATIENCE, self.notices.recv()).await;
        next.expect("a notice in time").expect("it listens")
    }

    /// How many notices came.
    pub fn heard(&self) -> usize {
        self.heard.load(Ordering::SeqCst)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a notice says; its signature is the matter of other tests.
fn claims(form: &[u8]) -> Value {
    let token = form_urlencoded::parse(form).find(|(name, _)| name == "logout_token").expect("a token").1;
    let claims = token.split('.').nth(1).expect("claims");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).expect("base64")).expect("JSON")
}
