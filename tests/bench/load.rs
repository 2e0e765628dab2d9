//! A load of HTTP requests: some kept-alive connections, each sending its requests one after the other.
//!
//! Requests are bytes made beforehand and answers are read by `httparse` alone: on a machine of few cores, what the load
//! costs is taken from the programs it measures.

use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

/// What one connection sends, and what it makes of the answers.
pub trait Talk: Send + 'static {
    /// The next request, head and body; none when it is done.
    fn next(&mut self) -> Option<Vec<u8>>;
    /// Its answer.
    fn answer(&mut self, answer: &Answer<'_>);
}

/// An answer.
pub struct Answer<'a> {
    /// Its status.
    pub status: u16,
    /// Where it leads, if anywhere.
    pub location: Option<&'a str>,
    /// Its body.
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// Refuses any answer but a good one: a fast refusal is no figure.
    pub fn good(&self) {
        assert!((200..400).contains(&self.status), "{}: {}", self.status, String::from_utf8_lossy(self.body));
    }
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
        connections.push((connection(port).await, talker));
    }
    over(connections).await
}

/// A connection to a port of this machine.
pub async fn connection(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
    stream.set_nodelay(true).expect("a socket option");
    stream
}

/// The same over connections that are open, of TLS or without.
pub async fn over<S, T: Talk>(connections: Vec<(S, T)>) -> (Taken, Vec<T>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for (mut stream, mut talker) in connections {
        running.spawn(async move {
            let (mut times, mut received) = (Vec::new(), Vec::new());
            while let Some(request) = talker.next() {
                let sent = Instant::now();
                stream.write_all(&request).await.expect("a kept connection");
                stream.flush().await.expect("a kept connection");
                received.clear();
                while !understood(&received, |answer| {
                    times.push(sent.elapsed());
                    talker.answer(answer);
                }) {
                    assert!(stream.read_buf(&mut received).await.expect("an answer") > 0, "hung up");
                }
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

/// Hands over the answer if all of it is there.
fn understood(received: &[u8], hand_over: impl FnOnce(&Answer<'_>)) -> bool {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(received).expect("HTTP") else { return false };
    let value = |name: &str| {
        let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        Some(std::str::from_utf8(header.value).expect("text"))
    };
    let length = value("content-length").map_or(0, |length| length.parse().expect("a length"));
    assert_eq!(value("transfer-encoding"), None, "an answer of known length");
    let Some(body) = received.get(head..head + length) else { return false };
    hand_over(&Answer { status: response.code.expect("a status"), location: value("location"), body });
    true
}
