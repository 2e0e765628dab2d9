//! A stand-in for the agent's control door, as far as the PKCS#11 module knows it: readers and tokens from a script, no card
//! behind them, and a signature that is as long as it should be and signs nothing.

#![allow(dead_code, reason = "each test uses its part of it")]

use cps_agent_api::{
    pkcs11::{DecryptAnswer, DecryptRequest, SignAnswer, SignRequest, Slot, Token, Tokens},
    words::{PROTOCOL, PROTOCOL_HEADER, Problem},
};
use serde::Serialize;
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

/// What it answers when a key is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manner {
    /// These bytes.
    Give(Vec<u8>),
    /// A problem with this code.
    Refuse(&'static str),
    /// Nothing until the caller hangs up, or another manner is set.
    Wait,
    /// Hangs up in the middle.
    HangUp,
}

/// How the door is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Open,
    /// Speaks another version of the protocol.
    Newer,
    /// Takes the request and answers nothing.
    Hung,
    /// Does so with one request, and is open to all that follow.
    HungOnce,
    /// Closes each connection at once.
    Slammed,
    /// Answers with what is no JSON.
    Garbled,
}

struct State {
    door: Door,
    generation: u64,
    slots: Vec<Slot>,
    manner: Manner,
    listeners: Vec<UnixStream>,
    signatures: Vec<SignRequest>,
    decipherments: Vec<DecryptRequest>,
    asked: usize,
    ignored: Vec<String>,
    waiting: usize,
}

impl State {
    /// The door as one request finds it.
    fn enter(&mut self) -> Door {
        let door = self.door;
        if door == Door::HungOnce {
            self.door = Door::Open;
        }
        door
    }
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running stand-in, for the whole life of the process.
pub struct StandIn {
    shared: Arc<Shared>,
    socket: PathBuf,
    one_by_one: bool,
}

impl StandIn {
    /// Starts one in a folder of its own.
    pub fn start(folder: &Path) -> Self {
        Self::serving(folder, false)
    }

    /// The same, with one thread for all callers, who come one after the other: a fuzzer that looks for leaks takes a
    /// thread that is just ending for one.
    pub fn one_by_one(folder: &Path) -> Self {
        Self::serving(folder, true)
    }

    fn serving(folder: &Path, one_by_one: bool) -> Self {
        let socket = folder.join("control.sock");
        let state = State {
            door: Door::Open,
            generation: 1,
            slots: Vec::new(),
            manner: Manner::Give(vec![0x5a; 256]),
            listeners: Vec::new(),
            signatures: Vec::new(),
            decipherments: Vec::new(),
            asked: 0,
            ignored: Vec::new(),
            waiting: 0,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let stand_in = Self { shared, socket, one_by_one };
        stand_in.arrive();
        stand_in
    }

    /// Where it listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The agent starts.
    pub fn arrive(&self) {
        let listener = UnixListener::bind(&self.socket).expect("a socket");
        let (shared, one_by_one) = (Arc::clone(&self.shared), self.one_by_one);
        thread::spawn(move || {
            // Ends with the process. A socket whose name is gone is never called again.
            for stream in listener.incoming().flatten() {
                if one_by_one {
                    serve(&shared, stream);
                } else {
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || serve(&shared, stream));
                }
            }
        });
    }

    /// The agent ends.
    pub fn leave(&self) {
        std::fs::remove_file(&self.socket).expect("a socket");
        for listener in self.shared.lock().listeners.drain(..) {
            let _ = listener.shutdown(std::net::Shutdown::Both);
        }
    }

    /// Adds a reader.
    pub fn plug(&self, reader: &str) {
        self.change("reader", |slots| {
            slots.push(Slot { reader: reader.to_owned(), hardware: true, token: None });
        });
    }

    /// Takes a reader away.
    pub fn unplug(&self, reader: &str) {
        self.change("reader", |slots| slots.retain(|slot| slot.reader != reader));
    }

    /// Puts a token in, or another in its place.
    pub fn insert(&self, reader: &str, mut token: Token) {
        token.insertion = self.shared.lock().generation;
        self.change("card", |slots| {
            let slot = slots.iter_mut().find(|slot| slot.reader == reader).expect("this reader");
            slot.token = Some(token);
        });
    }

    /// Takes the token out.
    pub fn remove(&self, reader: &str) {
        self.change("card", |slots| {
            slots.iter_mut().find(|slot| slot.reader == reader).expect("this reader").token = None;
        });
    }

    /// Makes any other change.
    pub fn change(&self, topic: &str, change: impl FnOnce(&mut Vec<Slot>)) {
        let mut state = self.shared.lock();
        state.generation += 1;
        change(&mut state.slots);
        let event = serde_json::json!({ "topic": topic, "what": "changed" });
        let event = format!("event: {topic}\ndata: {event}\n\n");
        let chunk = format!("{:x}\r\n{event}\r\n", event.len());
        state.listeners.retain_mut(|listener| listener.write_all(chunk.as_bytes()).is_ok());
    }

    /// Decides how uses of a key end from now on.
    pub fn manner(&self, manner: Manner) {
        self.shared.lock().manner = manner;
        self.shared.changed.notify_all();
    }

    /// The door of an agent from the future.
    pub fn newer(&self) {
        self.shared.lock().door = Door::Newer;
    }

    /// The door of an agent that hangs.
    pub fn hung(&self) {
        self.shared.lock().door = Door::Hung;
    }

    /// The door of an agent that lets exactly one request go by.
    pub fn hung_once(&self) {
        self.shared.lock().door = Door::HungOnce;
    }

    /// An agent that hung answers again.
    pub fn recovered(&self) {
        self.shared.lock().door = Door::Open;
    }

    /// The requests that got no answer since the agent hung: method and path.
    pub fn ignored(&self) -> Vec<String> {
        self.shared.lock().ignored.clone()
    }

    /// A door that is closed in the caller's face.
    pub fn slammed(&self) {
        self.shared.lock().door = Door::Slammed;
    }

    /// A door with something else behind it.
    pub fn garbled(&self) {
        self.shared.lock().door = Door::Garbled;
    }

    /// The signatures that were asked for.
    pub fn signatures(&self) -> Vec<SignRequest> {
        self.shared.lock().signatures.clone()
    }

    /// The decipherments that were asked for.
    pub fn decipherments(&self) -> Vec<DecryptRequest> {
        self.shared.lock().decipherments.clone()
    }

    /// How often it was asked for the tokens.
    pub fn asked(&self) -> usize {
        self.shared.lock().asked
    }

    /// Returns when somebody waits for events.
    pub fn until_watched(&self) {
        let mut state = self.shared.lock();
        while state.listeners.is_empty() {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Returns when so many callers wait for a person.
    pub fn until_waiting(&self, callers: usize) {
        let mut state = self.shared.lock();
        while state.waiting != callers {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Serves one connection, request after request.
fn serve(shared: &Shared, stream: UnixStream) {
    let Ok(mut reader) = stream.try_clone().map(BufReader::new) else { return };
    while let Some((line, body)) = request(&mut reader) {
        let door = shared.lock().enter();
        match door {
            Door::Slammed => return,
            Door::Hung | Door::HungOnce => shared.lock().ignored.push(line),
            Door::Garbled => answer(&stream, 200, PROTOCOL, b"not JSON"),
            Door::Newer => answer(&stream, 409, PROTOCOL + 1, b"{}"),
            Door::Open => match line.as_str() {
                "GET /v1/pkcs11" => {
                    let mut state = shared.lock();
                    state.asked += 1;
                    let tokens = Tokens { generation: state.generation, slots: state.slots.clone() };
                    drop(state);
                    json(&stream, 200, &tokens);
                }
                "GET /v1/events" => {
                    subscribe(shared, &stream);
                    // The caller hangs up some time.
                    let _ = reader.read(&mut [0]);
                    return;
                }
                "POST /v1/pkcs11/sign" => {
                    let request = serde_json::from_slice(&body).expect("a request for a signature");
                    shared.lock().signatures.push(request);
                    if !used(shared, &stream, |bytes| {
                        json(&stream, 200, &SignAnswer { signature: bytes.into() })
                    }) {
                        return;
                    }
                }
                "POST /v1/pkcs11/decrypt" => {
                    let request = serde_json::from_slice(&body).expect("a request for a decipherment");
                    shared.lock().decipherments.push(request);
                    let give =
                        |bytes: Vec<u8>| json(&stream, 200, &DecryptAnswer { plaintext: bytes.into() });
                    if !used(shared, &stream, give) {
                        return;
                    }
                }
                _ => problem(&stream, "not_found"),
            },
        }
    }
}

/// Reads a request: method and path, and the body. `None` at the end.
fn request(reader: &mut BufReader<UnixStream>) -> Option<(String, Vec<u8>)> {
    let mut first = String::new();
    reader.read_line(&mut first).ok().filter(|length| *length > 0)?;
    let line = first.rsplit_once(' ')?.0.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|length| *length > 0)?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((line, body))
}

/// A use of a key, in the manner of the moment. Says whether the connection goes on.
fn used(shared: &Shared, stream: &UnixStream, give: impl FnOnce(Vec<u8>)) -> bool {
    let mut state = shared.lock();
    if state.manner == Manner::Wait {
        state.waiting += 1;
        shared.changed.notify_all();
        while state.manner == Manner::Wait {
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting -= 1;
        shared.changed.notify_all();
    }
    let manner = state.manner.clone();
    drop(state);
    match manner {
        Manner::Give(bytes) => give(bytes),
        Manner::Refuse(code) => problem(stream, code),
        Manner::HangUp | Manner::Wait => {
            let _ = (&mut &*stream).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n");
            return false;
        }
    }
    true
}

fn subscribe(shared: &Shared, stream: &UnixStream) {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n{PROTOCOL_HEADER}: {PROTOCOL}\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    if (&mut &*stream).write_all(head.as_bytes()).is_ok()
        && let Ok(stream) = stream.try_clone()
    {
        shared.lock().listeners.push(stream);
        shared.changed.notify_all();
    }
}

fn problem(stream: &UnixStream, code: &str) {
    let problem = Problem {
        kind: format!("urn:cps-agent:problem:{code}"),
        title: code.to_owned(),
        detail: None,
        status: 409,
        code: code.to_owned(),
        help: None,
        values: serde_json::Map::new(),
    };
    json(stream, 409, &problem);
}

fn json(stream: &UnixStream, status: u16, body: &impl Serialize) {
    answer(stream, status, PROTOCOL, &serde_json::to_vec(body).expect("JSON"));
}

/// A caller that is gone gets no answer, and nobody minds.
fn answer(stream: &UnixStream, status: u16, protocol: u32, body: &[u8]) {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} -\r\n{PROTOCOL_HEADER}: {protocol}\r\ncontent-length: {length}\r\n\r\n");
    let _ = (&mut &*stream).write_all(&[head.as_bytes(), body].concat());
}
