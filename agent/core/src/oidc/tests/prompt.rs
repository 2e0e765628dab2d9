//! `prompt`, `max_age`, `id_token_hint`, consent and choice of situation: when a person is asked, and when not.

use super::*;
use crate::identity::ACR_LOCAL;
use crate::oidc::authorize::AuthorizationError;

fn done(completion: Completion) -> HashMap<String, String> {
    match completion {
        Completion::Redirect { location, .. } => query(&location),
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_a_session_the_request_waits_and_prompt_none_does_not() {
    let mut house = House::new();
    let transaction = house.waits(&[("login_hint", "899700000001")]);
    let waiting = house.provider.waiting(&transaction, house.now).unwrap();
    assert_eq!((waiting.client.id(), waiting.login_hint.as_deref()), ("dpi", Some("899700000001")));
    let none = sent(&house.authorize(&[("prompt", "none")]).answer);
    assert_eq!((none["error"].as_str(), none["state"].as_str()), ("login_required", "a state"));
}

#[test]
fn prompt_none_stands_alone_and_unknown_prompts_are_refused() {
    let mut house = House::logged_in();
    for prompt in ["none login", "create", "LOGIN"] {
        assert_eq!(sent(&house.authorize(&[("prompt", prompt)]).answer)["error"], "invalid_request");
    }
    assert!(sent(&house.authorize(&[("prompt", "none")]).answer).contains_key("code"));
}

#[test]
fn a_waiting_request_ends_once() {
    let mut house = House::new();
    let transaction = house.waits(&[]);
    house.sessions.0.push(session("s1", house.now));
    let sent = done(house.complete(&transaction, Approval::default()));
    assert!(house.redeem(&sent["code"], &[]).is_ok());
    assert!(matches!(house.complete(&transaction, Approval::default()), Completion::Gone));
    assert!(house.provider.waiting(&transaction, house.now).is_none());
}

#[test]
fn a_request_that_waited_ten_minutes_is_gone() {
    let mut house = House::new();
    let transaction = house.waits(&[]);
    house.now = house.now.plus(600);
    house.sessions.0.push(session("s1", house.now));
    assert!(matches!(house.complete(&transaction, Approval::default()), Completion::Gone));
    assert!(matches!(
        house.provider.fail(&transaction, AuthorizationError::ACCESS_DENIED, house.now),
        Completion::Gone
    ));
}

#[test]
fn a_login_given_up_is_access_denied_with_state() {
    let mut house = House::new();
    let transaction = house.waits(&[]);
    let sent = done(house.provider.fail(&transaction, AuthorizationError::ACCESS_DENIED, house.now));
    assert_eq!((sent["error"].as_str(), sent["state"].as_str()), ("access_denied", "a state"));
}

#[test]
fn a_page_that_opens_many_requests_pushes_out_only_its_own() {
    let mut house = House::new();
    house.add(json!({"id": "other"}));
    let mine = house.waits(&[]);
    for _ in 0..100 {
        house.waits(&[("client_id", "other")]);
    }
    assert!(house.provider.waiting(&mine, house.now).is_some());
}

#[test]
fn prompt_login_is_not_met_by_the_session_that_was_there() {
    let mut house = House::logged_in();
    let transaction = house.waits(&[("prompt", "login")]);
    assert!(house.provider.waiting(&transaction, house.now).unwrap().fresh);
    assert!(matches!(house.complete(&transaction, Approval::default()), Completion::LoginNeeded));
    house.now = house.now.plus(30);
    house.sessions.0.push(session("s2", house.now));
    let sent = done(house.complete(&transaction, Approval::default()));
    let tokens = house.redeem(&sent["code"], &[]).unwrap();
    assert_eq!(house.claims(&tokens["id_token"])["auth_time"], house.now.0);
}

#[test]
fn max_age_is_honoured() {
    let mut house = House::logged_in();
    assert!(matches!(house.authorize(&[("max_age", "9")]).answer, Authorize::Login(_)));
    assert!(sent(&house.authorize(&[("max_age", "10")]).answer).contains_key("code"));
    let none = house.authorize(&[("max_age", "1"), ("prompt", "none")]);
    assert_eq!(sent(&none.answer)["error"], "login_required");
    for bad in ["-1", "x", "99999999999"] {
        assert_eq!(sent(&house.authorize(&[("max_age", bad)]).answer)["error"], "invalid_request");
    }
    let transaction = house.waits(&[("max_age", "0")]);
    assert!(matches!(house.complete(&transaction, Approval::default()), Completion::LoginNeeded));
    house.sessions.0.push(session("s2", house.now));
    assert!(done(house.complete(&transaction, Approval::default())).contains_key("code"));
}

#[test]
fn a_wish_for_another_kind_of_session_asks_for_a_login_where_one_would_bring_it() {
    let mut house = House::logged_in();
    let mut local = session("s1", START);
    local.assurance.acr = ACR_LOCAL.to_owned();
    house.sessions.0 = vec![local.clone()];
    let wish = [("acr_values", "eidas2 eidas1")];
    assert!(sent(&house.authorize(&wish).answer).contains_key("code"), "nothing better is within reach");
    house.reachable = vec!["eidas1"];
    let none = house.authorize(&[wish[0], ("prompt", "none")]);
    assert_eq!(sent(&none.answer)["error"], "login_required");
    let page = house.waits(&wish);
    assert!(matches!(house.complete(&page, Approval::default()), Completion::LoginNeeded));
    // The person who logs in by the local way all the same is taken: it was a wish.
    house.provider.login_made(&page, &session("s1", house.now));
    local.assurance.auth_time = house.now;
    house.sessions.0 = vec![local];
    let code = done(house.complete(&page, Approval::default()))["code"].clone();
    let tokens = house.redeem(&code, &[]).unwrap();
    assert_eq!(house.claims(&tokens["id_token"])["acr"], ACR_LOCAL);
}

#[test]
fn a_wish_for_another_level_of_the_same_kind_is_answered_with_what_there_is() {
    let mut house = House::logged_in();
    house.reachable = vec!["eidas1", "eidas2", ACR_LOCAL];
    let long = "x".repeat(2000);
    for wish in ["eidas2", "eidas1 urn:cps-agent:acr:local", "unknown", "  ", &long] {
        assert!(sent(&house.authorize(&[("acr_values", wish)]).answer).contains_key("code"), "{wish}");
    }
    assert!(matches!(house.authorize(&[("acr_values", ACR_LOCAL)]).answer, Authorize::Login(_)));
}

#[test]
fn an_id_token_hint_is_ours_for_this_client_and_for_nobody_else() {
    let mut house = House::logged_in();
    let tokens = house.tokens();
    let hint = text(&tokens, "id_token").to_owned();
    assert!(sent(&house.authorize(&[("id_token_hint", &hint)]).answer).contains_key("code"));
    let unsigned =
        format!("{}.{}.", crate::jose::encode(br#"{"alg":"none"}"#), hint.split('.').nth(1).unwrap());
    for bad in ["x", unsigned.as_str(), &hint[..hint.len() - 4]] {
        assert_eq!(sent(&house.authorize(&[("id_token_hint", bad)]).answer)["error"], "invalid_request");
    }
    house.add(json!({"id": "other"}));
    let foreign = house.authorize(&[("client_id", "other"), ("id_token_hint", &hint)]);
    assert_eq!(sent(&foreign.answer)["error"], "invalid_request");

    let mut other = person();
    other.id = NationalId("899700000002".into());
    house.sessions.0.clear();
    house.sessions.0.push(SessionView { person: Arc::new(other), ..session("s2", house.now) });
    let none = house.authorize(&[("id_token_hint", &hint), ("prompt", "none")]);
    assert_eq!(sent(&none.answer)["error"], "login_required");
    let transaction = house.waits(&[("id_token_hint", &hint)]);
    assert_eq!(done(house.complete(&transaction, Approval::default()))["error"], "login_required");
}

#[test]
fn a_session_by_a_way_the_client_is_not_registered_for_does_not_answer() {
    let mut house = House::logged_in();
    house.add(json!({"id": "phone", "ways": ["ecps"]}));
    let transaction = house.waits(&[("client_id", "phone")]);
    assert!(matches!(house.complete(&transaction, Approval::default()), Completion::LoginNeeded));
}

#[test]
fn first_use_asks_once_for_each_person_and_remembers_across_restarts() {
    let mut house = House::logged_in();
    house.add(json!({"id": "asks", "consent": "first-use"}));
    let none = house.authorize(&[("client_id", "asks"), ("prompt", "none")]);
    assert_eq!(sent(&none.answer)["error"], "consent_required");
    let transaction = house.waits(&[("client_id", "asks")]);
    assert!(matches!(house.complete(&transaction, Approval::default()), Completion::AskConsent));
    assert!(house.provider.state_changed());
    let agreed = Approval { consent: true, situation: None };
    assert!(done(house.complete(&transaction, agreed)).contains_key("code"));
    assert!(house.provider.state_changed());

    let state = house.provider.state();
    assert!(!state.contains("899700000001"), "the person is stored as a hash only");
    house.provider = Provider::new(ISSUER.into(), Registry::default(), p256_key()).unwrap();
    house.provider.restore(state.as_bytes(), house.now).unwrap();
    assert!(sent(&house.authorize(&[("client_id", "asks")]).answer).contains_key("code"));
    let transaction = house.waits(&[("client_id", "asks"), ("prompt", "consent")]);
    assert!(matches!(house.complete(&transaction, Approval::default()), Completion::AskConsent));
}

#[test]
fn a_registration_may_ask_that_one_situation_is_chosen() {
    let mut house = House::logged_in();
    house.add(json!({"id": "one", "situation": "choose", "claims": ["SubjectRefPro"]}));
    let none = house.authorize(&[("client_id", "one"), ("prompt", "none")]);
    assert_eq!(sent(&none.answer)["error"], "interaction_required");
    let transaction = house.waits(&[("client_id", "one")]);
    let Completion::AskSituation(offers) = house.complete(&transaction, Approval::default()) else {
        panic!("not asked")
    };
    let shown: Vec<_> = offers.iter().map(|o| (o.profession.as_deref(), o.structure.as_deref())).collect();
    let expected =
        [(Some("10"), Some("CABINET MARTIN")), (Some("10"), Some("CHU DE TEST")), (Some("60"), None)];
    assert_eq!(shown, expected, "equal situations are offered once");
    let chosen = Approval { consent: false, situation: Some(offers[1].situation) };
    let code = done(house.complete(&transaction, chosen))["code"].clone();
    let tokens = house.redeem(&code, &[("client_id", "one")]).unwrap();
    let situation = json!({"exercices": [{"codeProfession": "10", "codeSavoirFaire": "SM26",
        "activities": [{"raisonSocialeSite": "CHU DE TEST"}]}]});
    assert_eq!(house.claims(&tokens["id_token"])["SubjectRefPro"], situation);
    assert_eq!(house.userinfo(text(&tokens, "access_token")).unwrap()["SubjectRefPro"], situation);
    assert!(
        sent(&house.authorize(&[("client_id", "one")]).answer).contains_key("code"),
        "asked once a session"
    );
}

#[test]
fn the_pages_speak_the_first_language_of_ui_locales_that_we_know() {
    use crate::failure::Language;
    for (locales, language) in [
        ("", None),
        ("de it", None),
        ("de en-GB fr", Some(Language::English)),
        ("fr-CA", Some(Language::French)),
        ("english", None),
    ] {
        let mut house = House::new();
        let page = house.waits(&[("ui_locales", locales)]);
        assert_eq!(house.provider.waiting(&page, house.now).unwrap().language, language, "{locales}");
    }
}

#[test]
fn a_session_renewed_within_the_second_answers_the_request_it_was_renewed_for() {
    let mut house = House::logged_in();
    house.now = START;
    let page = house.waits(&[("prompt", "login")]);
    assert!(matches!(house.complete(&page, Approval::default()), Completion::LoginNeeded));
    house.provider.login_made(&page, &session("s1", START));
    assert!(done(house.complete(&page, Approval::default())).contains_key("code"));
}

#[test]
fn a_login_that_brings_the_same_authentication_again_does_not_answer_the_request() {
    let mut house = House::logged_in();
    for wish in [("prompt", "login"), ("max_age", "0"), ("max_age", "1")] {
        let page = house.waits(&[wish]);
        for auth_time in [START, START.plus(-1)] {
            house.sessions.0.clear();
            house.sessions.0.push(session("s1", auth_time));
            house.provider.login_made(&page, &session("s1", auth_time));
            let completion = house.complete(&page, Approval::default());
            assert!(matches!(completion, Completion::LoginNeeded), "{wish:?} {auth_time:?}");
        }
        house.sessions.0.clear();
        house.sessions.0.push(session("s1", START));
    }
}

#[test]
fn a_chosen_situation_stays_the_same_one_when_the_list_changes() {
    let mut house = House::logged_in();
    house.add(json!({"id": "one", "situation": "choose", "claims": ["SubjectRefPro"]}));
    let transaction = house.waits(&[("client_id", "one")]);
    let Completion::AskSituation(offers) = house.complete(&transaction, Approval::default()) else {
        panic!("not asked")
    };
    let chosen = Approval { consent: false, situation: Some(offers[1].situation) };
    let code = done(house.complete(&transaction, chosen))["code"].clone();
    let tokens = house.redeem(&code, &[("client_id", "one")]).unwrap();
    let access = text(&tokens, "access_token").to_owned();
    let before = house.userinfo(&access).unwrap()["SubjectRefPro"].clone();
    let list = |house: &mut House, change: &dyn Fn(&mut Vec<serde_json::Value>)| {
        let person = std::sync::Arc::make_mut(&mut house.sessions.0[0].person);
        change(person.claims["SubjectRefPro"]["exercices"].as_array_mut().unwrap());
    };
    list(&mut house, &|exercises| exercises.reverse());
    assert_eq!(house.userinfo(&access).unwrap()["SubjectRefPro"], before);
    list(&mut house, &|exercises| exercises.retain(|exercise| exercise["codeProfession"] == "60"));
    let after = house.userinfo(&access).unwrap();
    assert_eq!(after["SubjectRefPro"], json!({"exercices": []}), "another one is never put in its place");
}

#[test]
fn consent_of_one_person_is_not_the_next_ones() {
    let mut house = House::logged_in();
    house.add(json!({"id": "both", "consent": "first-use", "situation": "choose"}));
    let transaction = house.waits(&[("client_id", "both")]);
    let agreed = Approval { consent: true, situation: None };
    assert!(matches!(house.complete(&transaction, agreed), Completion::AskSituation(_)));
    assert!(matches!(house.complete(&transaction, Approval::default()), Completion::AskSituation(_)));
    house.sessions.0.push(super::session("s2", house.now));
    assert!(matches!(house.complete(&transaction, Approval::default()), Completion::AskConsent));
}
