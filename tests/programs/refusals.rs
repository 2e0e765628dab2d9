//! What a program gets when the card, the person or the registration says no: an error of its own, and nobody is asked
//! again and again.

use crate::{
    browser::{BOTH, Kind},
    house::{House, policy},
    openssl::curl,
};
use cps_sandbox::{card::cards, pinentry::Answer};
use serde_json::{Value, json};

/// Whether a page was not shown.
fn refused(seen: &Value) -> bool {
    seen["status"] != json!(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cps3_at_a_page_of_tls_1_3_is_no_reason_to_ask_for_a_pin() {
    let _policy = policy();
    for kind in BOTH {
        let house = House::with(cards::doctor_cps3(), true).await;
        let mut browser = house.browser(kind).await;
        let seen = browser.told(house.look()).await;
        assert!(refused(&seen), "{kind:?}: {seen}");
        assert!(house.pins().is_empty(), "{kind:?}: {:#?}", house.pins());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_closes_the_prompt_gets_no_page_and_loses_no_try() {
    let _policy = policy();
    for kind in BOTH {
        let house = House::with(cards::doctor_cps4(), true).await;
        house.workstation.person.always(Answer::Cancel).expect("a script");
        let mut browser = house.browser(kind).await;
        let seen = browser.told(house.look()).await;
        assert!(refused(&seen), "{kind:?}: {seen}");
        assert_eq!(house.pins().len(), 1, "{kind:?}: {:#?}", house.pins());
        assert_eq!((house.card.tries_left(), house.card.pin_tries_spent()), (3, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_is_told_no_more_has_no_card() {
    let house = House::with(cards::doctor_cps4(), true).await;
    let mut before = house.browser(Kind::Firefox).await;
    assert!(!refused(&before.told(house.look()).await));
    before.told(json!({ "do": "close" })).await;
    let home = house.home_of(Kind::Firefox);
    house.runs(house.told("cps").args(["pkcs11", "remove", "--no-system"]).env("HOME", home));
    let mut after = house.browser_as_it_is(Kind::Firefox).await;
    let seen = after.told(house.look()).await;
    assert!(refused(&seen), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_card_or_an_agent_programs_go_on_without() {
    let mut house = House::with(cards::doctor_cps3(), true).await;
    for (what, socket) in [("no agent", Some("nowhere.sock")), ("no card", None)] {
        if socket.is_none() {
            house.loses_the_card().await;
        }
        let mut curl = curl(&house, false);
        if let Some(socket) = socket {
            curl.env("CPS_AGENT_SOCKET", house.home().join(socket));
        }
        let done = crate::house::run(&mut curl);
        // 58: the client certificate could not be used (curl(1)).
        assert_eq!(done.status.code(), Some(58), "{what}: {}", crate::house::said(&done));
    }
    assert!(house.pins().is_empty());
}
