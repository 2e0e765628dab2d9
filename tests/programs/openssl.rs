//! OpenSSL and curl, through the engine of libp11 (Debian: libengine-pkcs11-openssl) and the configurations that
//! `cps pkcs11 install` leaves. The server speaks TLS 1.2 and 1.3: with a CPS3 it is the configuration that keeps to 1.2.

use crate::house::House;
use cps_sandbox::card::{CardHandle, cards};
use std::{fs, process::Command};

/// For every card, and for those that can do TLS 1.3.
const FILES: [&str; 2] = ["openssl.cnf", "openssl-tls13.cnf"];

/// `openssl s_client` with the card's key.
async fn s_client(card: CardHandle, tls13: bool) {
    let house = House::with(card, true).await;
    let certificate = house.home().join("card.pem");
    let pem = house.control().await.certificates(house.card.serial()).await.expect("certificates");
    let pem = pem.iter().find(|one| one.role == "authentication").expect("an authentication certificate");
    fs::write(&certificate, &pem.pem).expect("a file");
    let mut openssl = house.told("openssl");
    openssl
        .env("OPENSSL_CONF", house.told_in(FILES[usize::from(tls13)]))
        .args(["s_client", "-engine", "pkcs11", "-keyform", "engine", "-key", "pkcs11:type=private", "-cert"])
        .arg(&certificate)
        .arg("-CAfile")
        .arg(house.workstation.ca_file())
        .args(["-verify_return_error", "-connect", &house.mirror_address(), "-servername", "localhost"]);
    let said = house.runs(&mut openssl);
    let version = if tls13 { "New, TLSv1.3" } else { "New, TLSv1.2" };
    assert!(said.contains(version) && said.contains("Verify return code: 0"), "{said}");
    assert_eq!(house.pins().len(), 1, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn s_client_shows_a_cps3_on_tls_1_2() {
    s_client(cards::doctor_cps3(), false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s_client_shows_a_cps4_on_tls_1_3() {
    s_client(cards::doctor_cps4(), true).await;
}

/// The command that `cps pkcs11 install` prints.
pub fn curl(house: &House, tls13: bool) -> Command {
    let mut curl = house.told("curl");
    curl.env("OPENSSL_CONF", house.told_in(FILES[usize::from(tls13)]))
        .args(["--tls-max", if tls13 { "1.3" } else { "1.2" }, "--engine", "pkcs11"])
        .args(["--key-type", "ENG", "--key", "pkcs11:type=private"])
        .args(["--cert-type", "ENG", "--cert", "pkcs11:type=cert"])
        .args(["--silent", "--show-error", "--fail", "--cacert"])
        .arg(house.workstation.ca_file())
        .arg(house.mirror());
    curl
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_finds_key_and_certificate_by_their_uris() {
    for (card, tls13) in [(cards::doctor_cps3(), false), (cards::doctor_cps4(), true)] {
        let house = House::with(card, true).await;
        for _ in 0..2 {
            let page = house.runs(&mut curl(&house, tls13));
            let version = if tls13 { "TLS 1.3" } else { "TLS 1.2" };
            assert!(page.contains(house.card.holder().identifier) && page.contains(version), "{page}");
        }
        assert_eq!(house.pins().len(), 1, "once for both");
    }
}
