//! Without the upstream a login by card rests on what its authority says: here by a responder, which is OpenSSL.
//!
//! The TEST cards name a responder of the real world. A proxy stands in for it, and for the lists, which it does not have.

use crate::scene::Scene;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use cps_card::certificate::Certificate;
use cps_sandbox::{
    card::{CardHandle, cards},
    pki::{Pki, Purpose},
};
use http_body_util::Full;
use hyper::{Request, Response, StatusCode, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    convert::Infallible,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
};
use tokio::{net::TcpListener, task::JoinHandle};
use url::form_urlencoded;

/// What the responder does with a question.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Does {
    /// Answers as the authority of the card.
    Answer,
    /// Answers in the name of another authority.
    Forge,
    /// Is out of order.
    Fail,
}

/// The responder of the doctor's card.
struct Responder {
    address: String,
    does: Arc<Mutex<Does>>,
    /// Questions that came.
    asked: Arc<Mutex<usize>>,
    folder: tempfile::TempDir,
    task: JoinHandle<()>,
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Responder {
    async fn start(card: &CardHandle) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let folder = tempfile::tempdir().expect("a folder");
        for (name, pem) in Pki::test().anchors_pem() {
            fs::write(folder.path().join(name), pem).expect("a certificate");
        }
        let (does, asked) = (Arc::new(Mutex::new(Does::Answer)), Arc::new(Mutex::new(0)));
        let (own_does, own_asked, place) = (Arc::clone(&does), Arc::clone(&asked), folder.path().to_owned());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service_fn(|request: Request<Incoming>| {
                    let path = request.uri().path().to_owned();
                    let is_question = request.uri().host() == Some("ocsp.esante.gouv.fr");
                    let does = *own_does.lock().expect("no panic");
                    if is_question {
                        *own_asked.lock().expect("no panic") += 1;
                    }
                    let answer = (is_question && does != Does::Fail).then(|| answer(&place, &path, does));
                    let mut response =
                        Response::new(Full::new(Bytes::from(answer.clone().unwrap_or_default())));
                    if answer.is_none() {
                        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                    }
                    async move { Ok::<_, Infallible>(response) }
                });
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            }
        });
        let responder = Self { address, does, asked, folder, task };
        responder.index(card, "V\t330101000000Z\t");
        responder
    }

    /// What the authority has in its books about the card: state, end, and when it was revoked.
    fn index(&self, card: &CardHandle, state: &str) {
        let certificate = Certificate::from_der(card.certificate(Purpose::Authentication)).expect("one");
        let line = format!("{state}\t{}\tunknown\t/CN=card\n", certificate.serial_hex());
        fs::write(self.folder.path().join("index.txt"), line).expect("written");
    }

    fn does(&self, what: Does) {
        *self.does.lock().expect("no panic") = what;
    }

    fn asked(&self) -> usize {
        *self.asked.lock().expect("no panic")
    }
}

/// What OpenSSL answers to the question in an address (RFC 6960 Appendix A.1): good for 90 minutes.
fn answer(folder: &Path, path: &str, does: Does) -> Vec<u8> {
    let decoded = form_urlencoded::parse(path.trim_start_matches('/').as_bytes()).next();
    let question = STANDARD.decode(decoded.expect("a question").0.as_bytes()).expect("base64");
    fs::write(folder.join("question.der"), question).expect("written");
    let file = |name: &str| folder.join(name).display().to_string();
    let signer = if does == Does::Forge { "standard" } else { "fort" };
    let key = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("keys/authority-{signer}-persons.pem"));
    let ran = Command::new("openssl")
        .args(["ocsp", "-nmin", "90", "-index", &file("index.txt")])
        .args(["-CA", &file("test-ac-igc-sante-fort-personnes.pem")])
        .args(["-rsigner", &file(&format!("test-ac-igc-sante-{signer}-personnes.pem"))])
        .args(["-rkey", &key.display().to_string()])
        .args(["-reqin", &file("question.der"), "-respout", &file("answer.der")])
        .output()
        .expect("openssl runs: tests/run.sh says what is needed");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    // Whoever takes its signer's word finds nothing wrong with it: a forgery is refused for its signer alone.
    let signer = file(&format!("test-ac-igc-sante-{signer}-personnes.pem"));
    let checked = Command::new("openssl")
        .args(["ocsp", "-respin", &file("answer.der"), "-reqin", &file("question.der")])
        .args(["-VAfile", &signer, "-no_nonce"])
        .output()
        .expect("openssl runs");
    let told = String::from_utf8_lossy(&checked.stderr);
    assert!(told.contains("Response verify OK"), "{told}");
    fs::read(folder.join("answer.der")).expect("an answer")
}

/// A workstation that wants to know the status of every card.
async fn scene(responder: &Responder, card: &CardHandle) -> Scene {
    let settings = [("local.revocation", "require"), ("upstream.proxy", responder.address.as_str())];
    Scene::with(&settings, &[card]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_its_responder_calls_revoked_is_refused_before_its_pin_is_asked() {
    let card = cards::doctor_cps3();
    let responder = Responder::start(&card).await;
    responder.index(&card, "R\t330101000000Z\t250101000000Z,keyCompromise");
    let scene = scene(&responder, &card).await;
    assert_eq!(scene.login().await.expect_err("revoked"), "revoked");
    assert_eq!((responder.asked(), scene.person.questions().len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_and_the_word_of_another_authority_are_no_status() {
    let card = cards::doctor_cps3();
    let responder = Responder::start(&card).await;
    let scene = scene(&responder, &card).await;
    for does in [Does::Fail, Does::Forge] {
        responder.does(does);
        assert_eq!(scene.login().await.expect_err("not known"), "revocation_unknown");
    }
    assert_eq!(scene.person.questions().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_answer_serves_until_its_time_is_over_even_when_the_responder_is_gone() {
    let card = cards::doctor_cps3();
    let responder = Responder::start(&card).await;
    let scene = scene(&responder, &card).await;
    let again = async || {
        scene.login().await.map(drop)?;
        scene.control().await.end_session().await.expect("ended");
        Ok::<_, String>(())
    };
    again().await.expect("good");
    responder.does(Does::Fail);
    again().await.expect("known since a moment");
    assert_eq!(responder.asked(), 1, "nobody was asked twice");
    scene.clock.pass(3600);
    again().await.expect("the last answer is still good");
    assert_eq!(responder.asked(), 2, "it was looked for a newer one");
    scene.clock.pass(3600);
    assert_eq!(again().await.expect_err("its time is over"), "revocation_unknown");
}
