//! Slow callers are cut off. Time is moved by hand.

use super::fake::{FakeDesk, dial, neighbour, parse};
use crate::serve::limits;
use std::sync::Arc;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{Duration, Instant, sleep},
};

const HEAD: &str = "POST /v1/challenges HTTP/1.1\r\nHost: 127.0.0.1:24788\r\nAuthorization: Bearer sign\r\n\
                    Content-Type: application/json\r\nContent-Length: 100\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn a_head_that_drips_is_cut_off() {
    let mut stream = dial(&Arc::new(FakeDesk::default()), neighbour());
    let start = Instant::now();
    // One byte a second keeps any idle timer busy; the head must be whole in time all the same.
    for byte in HEAD.bytes() {
        if stream.write_all(&[byte]).await.is_err() {
            break;
        }
        sleep(Duration::from_secs(1)).await;
    }
    assert!(start.elapsed() < limits::HEAD_TIME + Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_says_nothing_is_closed() {
    let mut stream = dial(&Arc::new(FakeDesk::default()), neighbour());
    let start = Instant::now();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(start.elapsed() >= limits::HEAD_TIME);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_drips_is_refused() {
    let desk = Arc::new(FakeDesk::default());
    let mut stream = dial(&desk, neighbour());
    stream.write_all(HEAD.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = tokio::io::split(stream);
    let drip = async {
        while writer.write_all(b" ").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    };
    let mut answer = String::new();
    tokio::select! {
        () = drip => {}
        read = reader.read_to_string(&mut answer) => { read.unwrap(); }
    }
    assert_eq!(parse(&answer).status, 408, "{answer}");
    assert!(desk.noted().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_does_not_read_is_cut_off() {
    let desk = Arc::new(FakeDesk::default());
    let mut stream = dial(&desk, neighbour());
    let ask = "GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1:24788\r\n\r\n";
    stream.write_all(ask.as_bytes()).await.unwrap();
    // The document is larger than the pipe: the door waits for us, and we for it.
    let start = Instant::now();
    let mut pushed = 0_u32;
    while stream.write_all(b"GET").await.is_ok() {
        sleep(Duration::from_secs(1)).await;
        pushed += 1;
        assert!(pushed < 1_000, "still open after {:?}", start.elapsed());
    }
    assert!(start.elapsed() >= limits::STALL_TIME);
}

#[tokio::test(start_paused = true)]
async fn a_patient_reader_of_events_is_not_cut_off() {
    let desk = Arc::new(FakeDesk::default());
    let mut stream = dial(&desk, neighbour());
    let ask = "GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:24788\r\nAuthorization: Bearer cards\r\n\r\n";
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut read = String::new();
    let mut heartbeats = 0;
    while heartbeats < 10 {
        let mut buffer = [0; 256];
        let length = stream.read(&mut buffer).await.unwrap();
        assert_ne!(length, 0, "closed after {read}");
        read.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
        heartbeats = read.matches("\n:\n").count();
    }
}
