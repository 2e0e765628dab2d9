//! Java, through its own SunPKCS11 provider and the configuration that `cps pkcs11 install` leaves.

use crate::house::House;
use cps_sandbox::card::{CardHandle, cards};
use std::path::Path;

#[tokio::test(flavor = "multi_thread")]
async fn keytool_lists_the_keys_of_a_card_without_a_pin() {
    for card in [cards::doctor_cps3(), cards::doctor_cps4()] {
        let house = House::with(card, true).await;
        let mut keytool = house.told("keytool");
        keytool
            .args(["-list", "-keystore", "NONE", "-storetype", "PKCS11", "-storepass", ""])
            .args(["-providerClass", "sun.security.pkcs11.SunPKCS11", "-providerArg"])
            .arg(house.told_in("java.cfg"));
        let said = house.runs(&mut keytool);
        assert!(said.contains("PrivateKeyEntry"), "{said}");
        assert!(house.pins().is_empty(), "{said}");
    }
}

async fn connects(card: CardHandle, tls13: bool) {
    let house = House::with(card, tls13).await;
    let mut java = house.told("java");
    java.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../programs/TlsClient.java"))
        .arg(house.told_in("java.cfg"))
        .arg(house.workstation.ca_file())
        .arg(house.mirror());
    let page = house.runs(&mut java);
    let version = if tls13 { "TLS 1.3" } else { "TLS 1.2" };
    assert!(page.contains(house.card.holder().identifier) && page.contains(version), "{page}");
    assert_eq!(house.pins().len(), 1, "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_shows_a_cps3_on_tls_1_2() {
    connects(cards::doctor_cps3(), false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_shows_a_cps4_on_tls_1_3() {
    connects(cards::doctor_cps4(), true).await;
}
