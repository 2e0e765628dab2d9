//! A person disconnects one application: it alone loses what it holds, and the session goes on for the others.

use super::*;

impl House {
    /// A house in which `dpi` and `told`, which wants notices, have logged the person in.
    fn of_two() -> (Self, Map<String, Value>, Map<String, Value>) {
        let mut house = Self::logged_in();
        house.add(json!({"id": "told", "backchannel_logout_uri": "http://127.0.0.1:9000/logout"}));
        let mine = house.tokens();
        let code = house.code(&[("client_id", "told")]);
        let theirs = house.redeem(&code, &[("client_id", "told")]).unwrap();
        (house, mine, theirs)
    }

    fn disconnect(&mut self, client: &str) -> Option<Option<Notice>> {
        let sid = SessionId("s1".into());
        let ended = self.provider.disconnect(client, &sid, self.now, &mut self.entropy, &self.random);
        ended.map(|ended| ended.notice)
    }
}

#[test]
fn the_disconnected_client_is_refused_everywhere_and_the_other_goes_on() {
    let (mut house, mine, theirs) = House::of_two();
    assert!(house.disconnect("dpi").is_some());
    assert!(house.userinfo(text(&mine, "access_token")).is_err());
    assert_eq!(house.refresh(text(&mine, "refresh_token")).unwrap_err().error, "invalid_grant");
    assert_eq!(house.provider.clients_of(&SessionId("s1".into())), ["told"]);
    assert!(house.userinfo(text(&theirs, "access_token")).is_ok());
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", "told"),
        ("refresh_token", text(&theirs, "refresh_token")),
    ];
    assert!(house.token(&refresh).is_ok());
}

#[test]
fn a_code_on_its_way_is_worth_nothing_any_more() {
    let mut house = House::logged_in();
    let code = house.code(&[]);
    assert!(house.disconnect("dpi").is_some());
    let parameters = changed(
        &[("grant_type", "authorization_code"), ("client_id", "dpi"), ("redirect_uri", REDIRECT)],
        &[("code", &code), ("code_verifier", VERIFIER)],
    );
    let refused = house.token_request(&TokenRequest { parameters, authorization: None }).unwrap_err();
    assert_eq!(refused.refusal.error, "invalid_grant");
    assert!(refused.replay.is_none(), "in good faith: nobody stole anything");
}

#[test]
fn a_client_that_holds_nothing_cannot_be_disconnected() {
    let (mut house, ..) = House::of_two();
    for client in ["basic", "nobody", ""] {
        assert!(house.disconnect(client).is_none(), "{client}");
    }
    assert!(house.disconnect("told").is_some());
    assert!(house.disconnect("told").is_none(), "twice");
}

#[test]
fn the_client_that_wants_notices_is_told_once() {
    let (mut house, ..) = House::of_two();
    assert!(house.disconnect("dpi").unwrap().is_none(), "it wants none");
    let notice = house.disconnect("told").unwrap().expect("a notice");
    assert_eq!((notice.client.as_str(), notice.uri.as_str()), ("told", "http://127.0.0.1:9000/logout"));
    let claims = house.claims(&notice.logout_token.expose().into());
    assert_eq!((&claims["sid"], &claims["sub"]), (&json!("s1"), &json!("899700000001")));
    assert!(house.end_session().is_empty(), "the end of the session is no news for it");
}

#[test]
fn it_comes_back_by_a_click_and_not_without() {
    let (mut house, ..) = House::of_two();
    let before = house.waits(&[("prompt", "consent")]);
    house.disconnect("dpi");
    let none = house.authorize(&[("prompt", "none")]);
    assert_eq!(sent(&none.answer)["error"], "consent_required");
    assert!(sent(&house.authorize(&[("client_id", "basic")]).answer).contains_key("code"), "it alone");
    let page = house.waits(&[]);
    for page in [&before, &page] {
        assert!(matches!(house.complete(page, Approval::default()), Completion::AskConsent));
    }
    let agreed = Approval { consent: true, situation: None };
    assert!(matches!(house.complete(&page, agreed), Completion::Redirect { error: None, .. }));
    assert!(house.tokens().contains_key("access_token"), "nobody is asked again");
}

#[test]
fn the_next_session_knows_nothing_of_it() {
    let (mut house, ..) = House::of_two();
    house.disconnect("dpi");
    house.end_session();
    house.sessions.0.push(session("s1", house.now));
    assert!(house.tokens().contains_key("access_token"));
}

#[test]
fn a_client_that_knows_who_it_is_and_one_with_a_secret_address_are_connected() {
    let (mut house, mine, _) = House::of_two();
    house.add(json!({"id": "thick", "gateways": ["dmp"]}));
    let sid = SessionId("s1".into());
    let revoke = [("token", text(&mine, "refresh_token")), ("client_id", "dpi")];
    let revoke = TokenRequest { parameters: pairs(&revoke), authorization: None };
    house.provider.revoke(&world!(house), &revoke).unwrap();
    assert_eq!(house.provider.connected(&sid), ["dpi", "thick", "told"]);
    for client in ["dpi", "thick"] {
        assert!(house.disconnect(client).is_some(), "{client}");
        assert!(house.provider.is_disconnected(client, &sid), "{client}");
        assert!(house.disconnect(client).is_none(), "{client}, twice");
    }
    assert_eq!(house.provider.connected(&sid), ["told"]);
}

#[test]
fn a_yes_from_before_counts_no_more_on_a_page_that_still_waits() {
    let mut house = House::logged_in();
    // The address of a gateway is a part in the session before any login.
    house.add(json!({"id": "both", "consent": "first-use", "situation": "choose", "gateways": ["dmp"]}));
    let page = house.waits(&[("client_id", "both")]);
    let agreed = Approval { consent: true, situation: None };
    assert!(matches!(house.complete(&page, agreed), Completion::AskSituation(_)));
    assert!(house.disconnect("both").is_some());
    assert!(matches!(house.complete(&page, Approval::default()), Completion::AskConsent));
}
