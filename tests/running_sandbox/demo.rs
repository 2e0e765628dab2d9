//! `cps-sandbox demo`: the first command of a stranger tells the whole story, in French and in English.

use super::PROGRAM;
use std::process::Command;

fn told(card: &str, locale: &str) -> String {
    let output = Command::new(PROGRAM)
        .args(["demo", "--card", card])
        .env_remove("LC_ALL")
        .env_remove("LC_MESSAGES")
        .env("LANG", locale)
        .output()
        .expect("the demonstration runs");
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// Asserts that the lines with these texts follow each other.
fn in_order(said: &str, texts: &[&str]) {
    let mut rest = said;
    for text in texts {
        let Some((_, after)) = rest.split_once(text) else {
            panic!("{text:?} is missing or too early in:\n{said}")
        };
        rest = after;
    }
}

#[test]
fn a_cps3_becomes_a_login_in_french() {
    let said = told("cps3", "C.UTF-8");
    let story = [
        "TEST – démonstration",
        "TEST CPS3 (contact, T=0), 99000001",
        "CAMILLE EXEMPLE0099001",
        "Médecin (10)",
        "demo-dpi",
        "Il reste 3 essais",
        "VERIFY                       00 20 00 01 (5 bytes) -> 9000",
        "INTERNAL AUTHENTICATE",
        "899700990015, TLS 1.2",
        "acr            eidas1",
        "SA01  HOPITAL D ESSAI",
        "codes demandés 0",
        "commandes      0",
        "invalid_grant",
        "Rien ne reste",
    ];
    in_order(&said, &story);
}

#[test]
fn a_cps4_becomes_a_login_in_english() {
    let said = told("cps4:pharmacist", "en_GB.UTF-8");
    let story = [
        "TEST – demonstration",
        "TEST CPS4 (contact, T=1), 44000003",
        "MORGANE ZOÉ EXEMPLE0099004-ÉPREUVE",
        "3 tries are left",
        "PERFORM SECURITY OPERATION",
        "899700990049, TLS 1.3",
        "PINs asked     0",
        "invalid_grant",
        "Nothing is left behind",
    ];
    in_order(&said, &story);
}

#[test]
fn a_demonstration_without_a_card_says_what_it_needs() {
    let output = Command::new(PROGRAM).args(["demo", "--card", "none"]).output().expect("it runs");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("cps3 or cps4"));
}
