//! The login on the phone (CIBA by poll) at a certified provider, and the negatives of `fapi-ciba-id1-client-test-plan`.

use crate::{
    people,
    refused::{ID_TOKEN, NONE, Refusal, judged, refusal},
    scene::{Scene, Special},
};
use cps_sandbox::card::cards;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Refusals of the request itself, and of the polls.
const CIBA: &[Refusal] = &[
    refusal("ciba", "invalid-missing-authreqid", "upstream_garbled", ("what", "auth_req_id")),
    refusal("ciba", "invalid-missing-expiresin", "upstream_garbled", ("what", "expires_in")),
    refusal("ciba", "invalid-unknown-user-id", "ecps_unknown", NONE),
    refusal("ciba", "invalid-request", "upstream_refused", ("error", "invalid_request")),
    refusal("ciba", "invalid-binding-message", "upstream_refused", ("error", "invalid_binding_message")),
    refusal("token", "token-invalid-grant", "upstream_refused", ("error", "invalid_grant")),
    refusal("token", "token-invalid-client", "upstream_refused", ("error", "invalid_client")),
    refusal("token", "token-missing-id-token", "upstream_garbled", ("what", "id_token")),
    Refusal { fault: "invalid-access-denied", step: None, code: "ecps_denied", value: NONE },
    Refusal { fault: "invalid-expired-token", step: None, code: "ecps_expired", value: NONE },
    refusal("userinfo", "userinfo-invalid-sub", "id_token_refused", ("reason", "userinfo sub")),
    // Everything is right, and it is not the person whose phone was asked.
    refusal("userinfo", "consistent-other-person", "other_person", NONE),
];

/// A workstation that may ask phones, of sixty people.
pub async fn phones() -> Scene {
    let special = Special {
        upstream: json!({ "people": people::known(60) }),
        settings: vec![("login", "ways", vec!["ecps"].into()), ("upstream", "ciba", true.into())],
    };
    Scene::special(&cards::doctor_cps3(), special).await
}

/// The same, and how many of them were asked. A phone rings three times in ten minutes at the
/// most, so each try asks another person.
struct Phones {
    scene: Scene,
    asked: u32,
}

impl Phones {
    async fn new() -> Self {
        Self { scene: phones().await, asked: 0 }
    }

    fn next(&mut self) -> String {
        self.asked += 1;
        people::identifier(self.asked - 1)
    }

    async fn every_one_is_refused(mut self, refusals: impl Iterator<Item = &Refusal>) {
        for refusal in refusals {
            let told = self.scene.audit().len();
            self.scene.upstream.fault(refusal.fault);
            let identifier = self.next();
            let login = self.scene.login_as("ecps", Some(&identifier)).await;
            judged(&self.scene, login, told, refusal);
        }
        self.scene.upstream.heal();
        self.succeeds().await;
    }

    /// The next person logs in; what the provider told meanwhile.
    async fn succeeds(&mut self) -> Vec<Value> {
        self.scene.upstream.events();
        let identifier = self.next();
        let session = self.scene.login_as("ecps", Some(&identifier)).await;
        let session = session.unwrap_or_else(|problem| panic!("{problem:?}\n{}", self.scene.agent.log()));
        assert_eq!(session.sub, identifier);
        self.scene.logout().await;
        self.scene.upstream.events()
    }
}

/// Times at which the provider was asked, milliseconds: the request, then every poll with what it said.
fn times(events: &[Value]) -> Vec<(String, u64)> {
    let of = |event: &Value| {
        let name = if event["phone"].is_null() { event["polled"].as_str()? } else { "request" };
        Some((name.to_owned(), event["at"].as_u64()?))
    };
    events.iter().filter_map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_on_the_phone_is_the_number_on_the_screen() {
    let Phones { mut scene, .. } = Phones::new().await;
    scene.upstream.order(&json!({ "phone": "ignore" }));
    let identifier = people::identifier(0);
    let mut control = scene.agent.control().await.expect("the control door");
    let asked = identifier.clone();
    let login = tokio::spawn(async move {
        let request = cps_agent_api::words::LoginRequest {
            way: Some("ecps".to_owned()),
            identifier: Some(asked),
            ..Default::default()
        };
        control.login(&request).await.map_err(|error| error.to_string())
    });
    let shown = scene
        .agent
        .wait_for("the number", async |control| {
            control.login_progress().await.ok()?.filter(|progress| progress.number.is_some())
        })
        .await;
    // The number is on the screen before the request has come to the phone.
    let deadline = Instant::now() + Duration::from_secs(60);
    let ring = loop {
        let rang = scene.upstream.events().into_iter().find(|event| !event["phone"].is_null());
        if let Some(ring) = rang {
            break ring;
        }
        assert!(Instant::now() < deadline, "the phone never rang");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!(ring["phone"], identifier);
    assert_eq!(ring["channel"], "MOBILE");
    assert_eq!(ring["number"].as_str(), shown.number.as_deref());
    scene.upstream.order(&json!({ "answer": "approve" }));
    let session = login.await.expect("no panic").expect("the person agreed");
    assert_eq!(session.sub, identifier);
}

/// `fapi-ciba-id1-client-respects-interval-test`.
#[tokio::test(flavor = "multi_thread")]
async fn the_provider_is_asked_no_faster_than_it_wants() {
    let mut phones = Phones::new().await;
    phones.scene.upstream.order(&json!({ "interval": 2 }));
    let times = times(&phones.succeeds().await);
    assert_eq!(times.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["request", "tokens"]);
    assert!(times[1].1 - times[0].1 >= 1950, "{times:?}");
}

/// `fapi-ciba-id1-client-slow-down-test`.
#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_wants_it_slower_is_asked_five_seconds_later() {
    let mut phones = Phones::new().await;
    phones.scene.upstream.fault("slow-down");
    let identifier = phones.next();
    phones.scene.login_as("ecps", Some(&identifier)).await.expect("a login");
    let times = times(&phones.scene.upstream.events());
    let names: Vec<_> = times.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["request", "slow_down", "tokens"]);
    assert!(times[2].1 - times[1].1 >= 5950, "{times:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_and_polls_that_go_wrong_are_refused() {
    Phones::new().await.every_one_is_refused(CIBA.iter()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_that_is_not_for_this_request_is_refused() {
    // There is no nonce without a browser.
    let phones = Phones::new().await;
    phones.every_one_is_refused(ID_TOKEN.iter().filter(|refusal| !refusal.fault.contains("nonce"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_standard_allows_is_accepted() {
    let mut phones = Phones::new().await;
    for fault in ["valid-aud-as-array", "no-scope-in-token-endpoint-response", "kid-absent-single-jwks"] {
        phones.scene.upstream.fault(fault);
        phones.succeeds().await;
    }
}

/// A person who says no is not asked again at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_on_the_phone_is_the_end_and_a_pause() {
    let mut phones = Phones::new().await;
    phones.scene.upstream.order(&json!({ "phone": "deny" }));
    let identifier = phones.next();
    let said = phones.scene.login_as("ecps", Some(&identifier)).await.expect_err("the person said no");
    assert_eq!(said.code, "ecps_denied");
    let said = phones.scene.login_as("ecps", Some(&identifier)).await.expect_err("too soon");
    assert_eq!(said.code, "ecps_pause");
    let rings = phones.scene.upstream.events();
    assert_eq!(rings.iter().filter(|event| !event["phone"].is_null()).count(), 1);
}

/// The wire breaks while the phone is in the person's hand: the request is still there.
#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_fails_between_two_polls_ends_nothing() {
    let mut phones = Phones::new().await;
    phones.scene.upstream.order(&json!({ "phone": "ignore" }));
    let identifier = phones.next();
    let mut control = phones.scene.agent.control().await.expect("the control door");
    let asked = identifier.clone();
    let login = tokio::spawn(async move {
        let request = cps_agent_api::words::LoginRequest {
            way: Some("ecps".to_owned()),
            identifier: Some(asked),
            ..Default::default()
        };
        control.login(&request).await.map_err(|error| error.to_string())
    });
    for fault in ["failing", "cut"] {
        phones.scene.upstream.fault_at(fault, "token");
        let deadline = Instant::now() + Duration::from_secs(60);
        while !phones.scene.upstream.events().contains(&json!({ "met": fault })) {
            assert!(Instant::now() < deadline, "no poll met {fault}:\n{}", phones.scene.agent.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    phones.scene.upstream.heal();
    phones.scene.upstream.order(&json!({ "answer": "approve" }));
    let session = login.await.expect("no panic").expect("the request outlived the network");
    assert_eq!(session.sub, identifier);
}

/// Where the upstream has no page that takes the card itself, the national card tool asks for it (`channel=CARD`).
#[tokio::test(flavor = "multi_thread")]
async fn the_card_tool_is_asked_for_the_holder_of_the_card() {
    let card = cards::doctor_cps3();
    let holder = card.holder().identifier;
    let special = Special {
        upstream: json!({ "people": [{ "identifier": holder, "given": "TEST", "family": "PERSONNE" }] }),
        settings: vec![("upstream", "ciba", true.into()), ("upstream", "card_login", false.into())],
    };
    let mut scene = Scene::special(&card, special).await;
    let session = scene.login("card").await;
    let session = session.unwrap_or_else(|problem| panic!("{problem:?}\n{}", scene.agent.log()));
    assert_eq!(session.sub, holder);
    let rings = scene.upstream.events();
    let ring = rings.iter().find(|event| !event["phone"].is_null()).expect("it was asked");
    assert_eq!((&ring["phone"], &ring["channel"]), (&json!(holder), &json!("CARD")));
}
