//! curl as a program that has no card code: the line of the README.

use crate::street::Street;
use serde_json::Value;
use std::process::Command;

/// Runs curl.
async fn curl(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "60", "--noproxy", "*"]).args(arguments);
    let ran = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
    let output = ran.expect("curl is installed: tests/run.sh says what is needed");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_reaches_the_service_with_one_address_and_no_certificate() {
    let street = Street::open().await;
    let address = street.address("echo");
    let (code, text) =
        curl(&["--header", "SOAPAction: urn:TEST", "--data-binary", "<soap/>", &address]).await;
    assert_eq!(code, Some(0), "{text}");
    let echo: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&echo["method"], &echo["body"]), (&"POST".into(), &"<soap/>".into()));
    assert!(echo["client"].as_str().is_some_and(|name| !name.is_empty()), "{echo}");
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_sends_a_file_of_unknown_length_and_follows_a_redirect() {
    let street = Street::open().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("document");
    std::fs::write(&file, vec![7; 3_000_000]).expect("written");
    let from = file.display().to_string();
    let address = street.address("sink");
    let (_, text) = curl(&["--header", "Transfer-Encoding: chunked", "--upload-file", &from, &address]).await;
    assert_eq!(text, "{\"bytes\":3000000}");
    let address = street.address("redirect?to=/base/echo");
    let (code, text) = curl(&["--location", &address]).await;
    assert_eq!(code, Some(0));
    assert!(text.contains("\"target\":\"/base/echo\""), "{text}");
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_reads_the_reason_of_a_refusal() {
    let street = Street::open().await;
    street.desk.control().await.end_session().await.expect("an answer");
    let address = street.address("echo");
    let (_, text) = curl(&["--header", "Accept-Language: en", &address]).await;
    let problem: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&problem["code"], &problem["status"]), (&"gateway_nobody".into(), &401.into()));
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("the CPS icon")), "{problem}");
    street.desk.end().await;
}
