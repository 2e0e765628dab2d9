//! Callers over real TCP: our own user is served, another user gets one answer, and nothing of what it sent is read.

use super::fake::FakeDesk;
use crate::serve::{bind::STRANGER_MARK, bridge, caller};
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::Arc,
};

/// A bridge on a free port.
async fn open() -> (Arc<FakeDesk>, u16) {
    let desk = Arc::new(FakeDesk::default());
    let bound = bridge::bind(0, None).await.unwrap();
    let port = bound.port();
    assert_eq!(bound.issuer(), format!("http://127.0.0.1:{port}"));
    tokio::spawn(bridge::serve(bound, Arc::clone(&desk)));
    (desk, port)
}

/// Sends one request from this process.
async fn ask(address: SocketAddr) -> String {
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET /v1/status HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn our_own_user_is_served_on_both_families() {
    let (_desk, port) = open().await;
    for host in ["127.0.0.1", "[::1]"] {
        let answer = ask(format!("{host}:{port}").parse().unwrap()).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

#[tokio::test]
async fn another_user_is_turned_away() {
    if caller::own_user() != 0 {
        // Only root can become somebody else; the judgement itself is tested on tables in `caller.rs`.
        return;
    }
    let (desk, port) = open().await;
    let script = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{port}; \
         printf 'GET /v1/status HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\nConnection: close\\r\\n\\r\\n' >&3; cat <&3"
    );
    let output = tokio::task::spawn_blocking(move || {
        Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "bash", "-c", &script])
            .stdin(Stdio::null())
            .output()
            .unwrap()
    })
    .await
    .unwrap();
    let answer = String::from_utf8_lossy(&output.stdout);
    assert!(answer.starts_with("HTTP/1.1 403"), "{output:?}");
    assert!(answer.contains(STRANGER_MARK), "that user's own agent can tell whose port this is: {answer}");
    assert!(!answer.contains("version"), "{answer}");
    assert_eq!(desk.noted(), ["refused at Bridge: other_user"]);
}

#[tokio::test]
async fn a_port_held_by_a_foreign_program_keeps_the_bridge_closed() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let closed = bridge::bind(port, None).await.unwrap_err();
    assert_eq!(closed.failure().code, cps_agent_core::failure::PORT_TAKEN);
    assert_eq!(closed.failure().values["port"], port);
}

#[tokio::test]
async fn half_a_port_held_by_a_foreign_program_keeps_the_bridge_closed() {
    let holder = TcpListener::bind("[::1]:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    assert!(bridge::bind(port, None).await.is_err(), "localhost would lead to the other program");
}

#[tokio::test]
async fn a_second_agent_of_the_same_user_does_not_move_away() {
    let (_desk, port) = open().await;
    assert!(bridge::bind(port, None).await.is_err());
}

#[tokio::test]
async fn another_users_agent_on_the_port_makes_us_take_a_free_one() {
    if caller::own_user() != 0 {
        return;
    }
    // Somebody else's program that answers us as an agent answers a stranger.
    let script = "import socket,sys
s=socket.socket(); s.bind(('127.0.0.1',0)); s.listen(); print(s.getsockname()[1], flush=True)
while True:
    c,_=s.accept(); c.recv(4096); c.sendall(b'HTTP/1.1 403 Forbidden\\r\\nConnection: close\\r\\n\\r\\n'+sys.argv[1].encode()); c.close()";
    for (mark, moves) in [(STRANGER_MARK, true), ("something else", false)] {
        let mut holder = Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "python3", "-c", script, mark])
            // The system's own interpreter: one of root's home is out of that user's reach.
            .env("PATH", "/usr/bin:/bin")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(holder.stdout.take().unwrap()), &mut line)
            .unwrap();
        let port: u16 = line.trim().parse().unwrap();
        let bound = bridge::bind(port, None).await;
        holder.kill().unwrap();
        holder.wait().unwrap();
        if moves {
            let bound = bound.unwrap();
            assert!(bound.moved() && bound.port() != port);
        } else {
            assert!(bound.is_err(), "{mark}");
        }
    }
}
