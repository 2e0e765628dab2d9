//! A load of HTTP requests: some kept-alive connections, each sending its requests one after the other.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, StatusCode, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use std::time::{Duration, Instant};
use tokio::{net::TcpStream, task::JoinSet};

/// What one connection sends, and what it makes of the answers.
pub trait Talk: Send + 'static {
    /// The next request, addressed by path; none when it is done.
    fn next(&mut self) -> Option<Request<Full<Bytes>>>;
    /// Its answer.
    fn answer(&mut self, head: &hyper::http::response::Parts, body: &[u8]);
}

/// What a load took.
#[derive(Default)]
pub struct Taken {
    /// Each request by itself.
    pub times: Vec<Duration>,
    /// The whole, from the first request to the last answer.
    pub whole: Duration,
}

impl Taken {
    /// Requests per second.
    pub fn rate(&self) -> f64 {
        self.times.len() as f64 / self.whole.as_secs_f64()
    }

    /// Adds another round.
    pub fn add(&mut self, other: Self) {
        self.times.extend(other.times);
        self.whole += other.whole;
    }
}

/// Sends everything that the talkers have to say, each on a connection of its own, and gives the talkers back.
pub async fn load<T: Talk>(port: u16, talkers: Vec<T>) -> (Taken, Vec<T>) {
    let mut connections = Vec::new();
    for talker in talkers {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
        stream.set_nodelay(true).expect("a socket option");
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(connection);
        connections.push((sender, talker));
    }
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for (mut sender, mut talker) in connections {
        running.spawn(async move {
            let mut times = Vec::new();
            while let Some(mut request) = talker.next() {
                let host = header::HeaderValue::from_str(&format!("127.0.0.1:{port}")).expect("a host");
                request.headers_mut().insert(header::HOST, host);
                let sent = Instant::now();
                sender.ready().await.expect("a kept connection");
                let response = sender.send_request(request).await.expect("an answer");
                let (head, body) = response.into_parts();
                let body = body.collect().await.expect("a body").to_bytes();
                times.push(sent.elapsed());
                talker.answer(&head, &body);
            }
            (times, talker)
        });
    }
    let mut taken = Taken::default();
    let mut talkers = Vec::new();
    while let Some(ended) = running.join_next().await {
        let (times, talker) = ended.expect("no panic");
        taken.times.extend(times);
        talkers.push(talker);
    }
    taken.whole = begun.elapsed();
    (taken, talkers)
}

/// Refuses any answer but a good one: a fast refusal is no figure.
pub fn good(head: &hyper::http::response::Parts, body: &[u8]) {
    let good = head.status == StatusCode::OK || head.status.is_redirection();
    assert!(good, "{}: {}", head.status, String::from_utf8_lossy(body));
}
