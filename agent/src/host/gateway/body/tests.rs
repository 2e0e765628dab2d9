//! Bodies within bounds, with a clock moved by hand.

use super::*;
use cps_agent_core::failure::{GATEWAY_SLOW, REQUEST_TOO_SLOW};
use http_body_util::{BodyExt as _, Full, StreamBody};
use std::convert::Infallible;
use tokio::sync::mpsc;

const BOUNDS: Bounds = Bounds { bytes: Some(10), silence: Duration::from_secs(60), late: REQUEST_TOO_SLOW };

/// A body whose parts the test gives.
struct Given(mpsc::UnboundedReceiver<Frame<Bytes>>);

impl futures_core::Stream for Given {
    type Item = Result<Frame<Bytes>, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|part| part.map(Ok))
    }
}

fn given(bounds: Bounds) -> (mpsc::UnboundedSender<Frame<Bytes>>, Bounded<StreamBody<Given>>) {
    let (parts, given) = mpsc::unbounded_channel();
    (parts, Bounded::new(StreamBody::new(Given(given)), bounds))
}

fn part(bytes: &'static [u8]) -> Frame<Bytes> {
    Frame::data(Bytes::from_static(bytes))
}

#[tokio::test(start_paused = true)]
async fn a_body_beyond_its_bound_is_given_up_at_the_first_byte_too_many() {
    let (parts, mut body) = given(BOUNDS);
    let progress = body.progress();
    parts.send(part(b"0123456789")).unwrap();
    parts.send(part(b"x")).unwrap();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "0123456789");
    assert_eq!(progress.spoiled(), None);
    assert!(body.frame().await.unwrap().is_err());
    assert_eq!((progress.spoiled(), progress.ended()), (Some(REQUEST_TOO_LARGE), false));
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_body_and_slowness_does_not() {
    let (parts, mut body) = given(Bounds { late: GATEWAY_SLOW, ..BOUNDS });
    let progress = body.progress();
    for _ in 0..5 {
        let (_, sent) = tokio::join!(body.frame(), async {
            tokio::time::sleep(Duration::from_secs(50)).await;
            parts.send(part(b"."))
        });
        sent.unwrap();
    }
    assert_eq!((progress.bytes(), progress.spoiled()), (5, None));
    assert!(body.frame().await.unwrap().is_err());
    assert_eq!(progress.spoiled(), Some(GATEWAY_SLOW));
}

#[tokio::test(start_paused = true)]
async fn a_taker_that_rests_is_no_silence() {
    let (parts, mut body) = given(BOUNDS);
    let progress = body.progress();
    parts.send(part(b"a")).unwrap();
    body.frame().await.unwrap().unwrap();
    assert!(progress.taken_until().is_some(), "the taker's turn");
    tokio::time::advance(Duration::from_secs(600)).await;
    parts.send(part(b"b")).unwrap();
    assert!(body.frame().await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn trailers_do_not_pass_and_the_end_is_told() {
    let (parts, body) = given(BOUNDS);
    let (told, heard) = mpsc::unbounded_channel();
    let body = body.then(move |progress| told.send((progress.bytes(), progress.ended())).expect("heard"));
    parts.send(part(b"abc")).unwrap();
    parts.send(Frame::trailers(hyper::HeaderMap::new())).unwrap();
    drop(parts);
    let whole = body.collect().await.unwrap();
    assert!(whole.trailers().is_none());
    assert_eq!(whole.to_bytes(), "abc");
    let mut heard = heard;
    assert_eq!(heard.recv().await, Some((3, true)));
}

#[tokio::test(start_paused = true)]
async fn a_body_of_known_length_keeps_it() {
    let body = Bounded::new(Full::new(Bytes::from_static(b"abc")), BOUNDS);
    assert_eq!(body.size_hint().exact(), Some(3));
    assert!(!body.is_end_stream());
}
