//! CIBA as PSC has it: poll, two digits, two channels, and every refusal by its name.

use super::*;

const GRANT: &str = "urn:openid:params:grant-type:ciba";

/// An upstream whose clients need not wait between two polls, with the person's habit.
async fn upstream(habit: Habit) -> Upstream {
    let upstream = Upstream::start(Settings::default()).await.unwrap();
    upstream.handle().interval(0);
    upstream.handle().phone().habit(habit);
    upstream
}

async fn ask(upstream: &Upstream, changes: &[(&str, &str)]) -> (u16, Value) {
    let usual = [
        ("scope", "openid scope_all"),
        ("login_hint", holder::DOCTOR.identifier),
        ("binding_message", "42"),
        ("acr_values", "eidas1"),
        ("channel", "MOBILE"),
    ];
    let mut form: HashMap<&str, &str> = usual.into();
    form.extend(changes.iter().copied());
    let form: Vec<_> = form.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    post(upstream, "ext/ciba/auth", &form).await
}

async fn poll(upstream: &Upstream, asked: &Value) -> (u16, Value) {
    token(upstream, &[("grant_type", GRANT), ("auth_req_id", asked["auth_req_id"].as_str().unwrap())]).await
}

#[tokio::test]
async fn the_phone_shows_the_number_and_its_owner_logs_in() {
    let upstream = upstream(Habit::Wait).await;
    let (status, asked) = ask(&upstream, &[]).await;
    assert_eq!((status, &asked["expires_in"], &asked["interval"]), (200, &120.into(), &0.into()));
    assert!(asked["auth_req_id"].as_str().unwrap().len() > 100);
    assert_eq!(poll(&upstream, &asked).await.1["error"], "authorization_pending");
    let phone = upstream.handle().phone();
    let request = phone.requests().remove(0);
    assert_eq!((request.identifier, request.channel), (holder::DOCTOR.identifier, "MOBILE"));
    assert_eq!((request.number.as_deref(), request.client.as_str()), (Some("42"), CLIENT));
    assert!(phone.approve());
    let (status, tokens) = poll(&upstream, &asked).await;
    assert_eq!(status, 200, "{tokens}");
    let id = claims(&tokens["id_token"]);
    assert_eq!(
        (&id["authMode"], &id["SubjectNameID"]),
        (&"MOBILE".into(), &holder::DOCTOR.identifier.into())
    );
    assert_eq!(id["nonce"], Value::Null);
    assert_eq!(userinfo(&upstream, &tokens["access_token"]).await.1["authMode"], "MOBILE");
    assert_eq!(poll(&upstream, &asked).await.1["error"], "invalid_grant", "it is spent");
}

#[tokio::test]
async fn the_channel_of_the_card_says_so() {
    let upstream = upstream(Habit::Approve).await;
    let (_, asked) = ask(&upstream, &[("channel", "CARD")]).await;
    let (_, tokens) = poll(&upstream, &asked).await;
    assert_eq!(claims(&tokens["id_token"])["authMode"], "CARD");
}

#[tokio::test]
async fn a_request_that_is_not_as_psc_wants_it_is_refused_by_name() {
    let upstream = upstream(Habit::Wait).await;
    for (changes, error) in [
        ([("binding_message", "7")], "invalid_binding_message"),
        ([("binding_message", "4x")], "invalid_binding_message"),
        ([("binding_message", "")], "invalid_binding_message"),
        ([("channel", "")], "invalid_request"),
        ([("login_hint", "899700999999")], "invalid_request"),
        ([("login_hint", "")], "invalid_request"),
        ([("acr_values", "")], "invalid_request"),
        ([("scope", "scope_all")], "invalid_scope"),
        ([("client_notification_token", "x")], "invalid_request"),
    ] {
        let (status, answer) = ask(&upstream, &changes).await;
        assert_eq!((status, &answer["error"]), (400, &error.into()), "{changes:?}");
    }
    assert!(upstream.handle().phone().requests().is_empty(), "nobody was disturbed");
    upstream.handle().set(Fault::Channel);
    let (status, answer) = ask(&upstream, &[]).await;
    assert_eq!((status, &answer["error"]), (503, &"server_error".into()));
}

#[tokio::test]
async fn who_polls_too_early_is_slowed_down_and_counted() {
    let upstream = upstream(Habit::Wait).await;
    upstream.handle().interval(3600);
    let (_, asked) = ask(&upstream, &[]).await;
    assert_eq!(poll(&upstream, &asked).await.1["error"], "slow_down");
    assert_eq!(poll(&upstream, &asked).await.1["error"], "slow_down");
    let request = upstream.handle().phone().requests().remove(0);
    assert_eq!((request.polls, request.early), (2, 2));
}

#[tokio::test]
async fn a_denial_and_an_end_of_time_are_told_once() {
    let upstream = upstream(Habit::Deny).await;
    let (_, asked) = ask(&upstream, &[]).await;
    assert_eq!(poll(&upstream, &asked).await.1["error"], "access_denied");
    assert_eq!(poll(&upstream, &asked).await.1["error"], "invalid_grant");
    upstream.handle().phone().habit(Habit::Wait);
    let (_, asked) = ask(&upstream, &[]).await;
    upstream.handle().pass(121);
    assert!(!upstream.handle().phone().approve(), "it is too late");
    assert_eq!(poll(&upstream, &asked).await.1["error"], "expired_token");
}

#[tokio::test]
async fn acknowledgements_can_lack_their_members() {
    let upstream = upstream(Habit::Wait).await;
    for (what, member) in [
        (Wrong::RequestIdAbsent, "auth_req_id"),
        (Wrong::RequestLifetimeAbsent, "expires_in"),
        (Wrong::IntervalAbsent, "interval"),
    ] {
        upstream.handle().set(Fault::Wrong { what });
        assert!(ask(&upstream, &[]).await.1.get(member).is_none(), "{member}");
        upstream.handle().heal();
    }
}

#[tokio::test]
async fn another_person_can_be_sent_instead() {
    let upstream = upstream(Habit::Approve).await;
    upstream.handle().set(Fault::Wrong { what: Wrong::Person });
    let (_, asked) = ask(&upstream, &[]).await;
    let (_, tokens) = poll(&upstream, &asked).await;
    let id = claims(&tokens["id_token"]);
    assert_eq!(id["SubjectNameID"], holder::PHARMACIST.identifier);
    assert_eq!(userinfo(&upstream, &tokens["access_token"]).await.1["sub"], id["sub"]);
}
