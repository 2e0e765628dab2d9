//! What anybody on this machine says to the loopback port: the whole agent is behind it, cards and upstream are not.

use cps_sandbox::{agent::Agent, reader::InProcessReaders};
use rustix::net::sockopt::set_socket_linger;
use std::{
    fs,
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    sync::LazyLock,
    time::Duration,
};

/// How long an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);
/// Follows every input: the rest of any body that the door would wait for, and no request by itself.
static REST: [u8; 70_000] = [b'x'; 70_000];

/// An agent of this process, for its whole life.
struct Door {
    port: u16,
    _runtime: tokio::runtime::Runtime,
    _agent: Agent,
    _folder: tempfile::TempDir,
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

static DOOR: LazyLock<Result<Door, Failed>> = LazyLock::new(|| {
    let folder = tempfile::tempdir()?;
    let clients = folder.path().join("clients.d");
    fs::create_dir_all(&clients)?;
    let client = "id = \"dpi\"\nredirect_uris = [\"http://127.0.0.1/callback\"]\nid_token_alg = \"ES256\"\n";
    fs::write(clients.join("dpi.toml"), client)?;
    let config = folder.path().join("config.toml");
    let settings = format!(
        "[bridge]\nlisten = \"127.0.0.1:0\"\n[local]\nallow = \"always\"\n[clients]\ndirectory = {clients:?}\n[state]\ndirectory = {:?}\n",
        folder.path().join("state"),
    );
    fs::write(&config, settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let agent = runtime.block_on(Agent::start(&config, folder.path(), InProcessReaders::with_readers(0)))?;
    let port = agent.issuer().rsplit(':').next().unwrap_or_default().parse()?;
    wait_for_keys(port)?;
    Ok(Door { port, _runtime: runtime, _agent: agent, _folder: folder })
});

/// Waits until the agent has made its RSA key, for which the key set waits: slow in a build that watches every step.
fn wait_for_keys(port: u16) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(format!("GET /jwks HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n").as_bytes())?;
    stream.read(&mut [0; 1]).map(drop)
}

/// Starts the agent, which a build that watches every step makes slow.
#[allow(clippy::panic, reason = "libFuzzer takes a panic for a finding")]
pub fn open() {
    if let Err(error) = DOOR.as_ref() {
        panic!("the agent does not start: {error}");
    }
}

/// Bytes of a connection, `PORT` standing for the real port. The door answers or closes, in time, and goes on listening.
#[allow(clippy::panic, clippy::expect_used, reason = "libFuzzer takes a panic for a finding")]
pub fn http(data: &[u8]) -> bool {
    open();
    let Ok(door) = DOOR.as_ref() else { return false };
    let mut stream = TcpStream::connect(("127.0.0.1", door.port)).expect("the door is open");
    // The connection ends by a reset, else the ports of this machine would wait a minute each and run out.
    set_socket_linger(&stream, Some(Duration::ZERO)).expect("a socket option");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket option");
    stream.set_write_timeout(Some(PATIENCE)).expect("a socket option");
    let sent = replaced(data, b"PORT", door.port.to_string().as_bytes());
    // A door that has closed already takes no more; whether it answered before shows in the reading.
    let _ = stream.write_all(&[&sent, b"\r\n\r\n".as_slice(), &REST].concat());
    let mut answer = [0_u8; 16];
    let read = loop {
        match stream.read(&mut answer) {
            // libFuzzer's own alarm, which ends a read that has a time-out.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            read => break read,
        }
    };
    match read {
        Ok(_) => {
            let head = answer.trim_ascii_end();
            assert!(answer == [0; 16] || head.starts_with(b"HTTP/1."), "not an answer");
            assert!(!head.starts_with(b"HTTP/1.1 500"), "an error of ours");
        }
        Err(error) => {
            let closed = matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe);
            assert!(closed, "the door neither answers nor closes: {error}");
        }
    }
    answer.starts_with(b"HTTP/1.1 200")
}

fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut all = Vec::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        if let Some(tail) = rest.strip_prefix(from) {
            all.extend(to);
            rest = tail;
        } else {
            all.push(*first);
            rest = tail;
        }
    }
    all
}
