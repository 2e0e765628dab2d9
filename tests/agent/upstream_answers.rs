//! Answers of the upstream, one wrong member at a time (the relying party's modules of the conformance suite), and the
//! shapes that are unusual and right.

use crate::scene::Scene;
use cps_agent_api::client::ClientError;
use cps_sandbox::{
    card::cards,
    upstream::{Drift, Fault, Wrong},
};

/// What a login is told: code and reason.
async fn refusal(scene: &Scene) -> (String, String) {
    let refused = scene.control().await.login(&Default::default()).await.expect_err("no login");
    let ClientError::Refused(problem) = refused else { panic!("{refused}") };
    let reason = problem.values.get("reason").or_else(|| problem.values.get("what"));
    (problem.code.clone(), reason.and_then(|reason| reason.as_str()).unwrap_or_default().to_owned())
}

#[tokio::test]
async fn every_wrong_token_is_refused_and_its_reason_is_named() {
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&[], &[&card]).await;
    for (what, code, reason) in [
        (Wrong::Issuer, "id_token_refused", "iss"),
        (Wrong::Audience, "id_token_refused", "aud"),
        (Wrong::SecondAudience, "id_token_refused", "aud"),
        (Wrong::AudienceAbsent, "id_token_refused", "aud"),
        (Wrong::AuthorizedParty, "id_token_refused", "azp"),
        (Wrong::SubjectAbsent, "id_token_refused", "sub"),
        (Wrong::IssuedAtAbsent, "id_token_refused", "iat"),
        (Wrong::IssuedAtOld, "id_token_refused", "iat"),
        (Wrong::ExpiryAbsent, "id_token_refused", "exp"),
        (Wrong::Expiry, "id_token_refused", "exp"),
        (Wrong::Nonce, "id_token_refused", "nonce"),
        (Wrong::AccessTokenHash, "id_token_refused", "at_hash"),
        (Wrong::Signature, "id_token_refused", "signature"),
        (Wrong::Algorithm, "id_token_refused", "alg"),
        (Wrong::Symmetric, "id_token_refused", "alg"),
        (Wrong::AlternateAlgorithm, "id_token_refused", "alg"),
        (Wrong::KeyIdUnknown, "id_token_refused", "kid"),
        (Wrong::DuplicateMember, "id_token_refused", "json"),
        (Wrong::IdTokenAbsent, "upstream_garbled", "id_token"),
        (Wrong::TokenType, "upstream_garbled", "token_type"),
    ] {
        scene.upstream().set(Fault::Wrong { what });
        assert_eq!(refusal(&scene).await, (code.to_owned(), reason.to_owned()), "{what:?}");
        assert!(scene.session().await.is_none(), "{what:?}");
        scene.upstream().heal();
    }
    let refused = scene.audit().iter().filter(|line| line.to_string().contains("id_token_refused")).count();
    assert!(refused >= 18, "the audit trail has a line for each: {refused}");
    scene.login().await.expect("a healed upstream");
}

#[tokio::test]
async fn what_is_unusual_and_right_is_accepted() {
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&[], &[&card]).await;
    for fault in [
        Fault::Wrong { what: Wrong::AudienceArray },
        Fault::Wrong { what: Wrong::ScopeAbsent },
        Fault::Wrong { what: Wrong::LifetimeAbsent },
        Fault::Wrong { what: Wrong::KeyIdAbsent },
        Fault::RotateBeforeSigning,
    ] {
        scene.upstream().set(fault.clone());
        scene.login().await.unwrap_or_else(|code| panic!("{fault:?}: {code}"));
        scene.control().await.end_session().await.expect("an answer");
        scene.upstream().heal();
    }
}

#[tokio::test]
async fn no_shape_that_userinfo_takes_keeps_a_person_out() {
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&[], &[&card]).await;
    for what in [
        Drift::Before2023,
        Drift::OtherIdsCapital,
        Drift::OtherIdsAbsent,
        Drift::NoExercise,
        Drift::ExercisesAbsent,
        Drift::ExerciseTwice,
        Drift::ActivitiesAbsent,
        Drift::UnknownMembers,
        Drift::OtherKinds,
    ] {
        scene.upstream().set(Fault::Drift { what });
        let session = scene.login().await.unwrap_or_else(|code| panic!("{what:?}: {code}"));
        assert_eq!(session.sub, card.holder().identifier, "{what:?}");
        scene.control().await.end_session().await.expect("an answer");
        scene.upstream().heal();
    }
}

#[tokio::test]
async fn a_merged_account_is_still_the_holder_of_the_card() {
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&[], &[&card]).await;
    scene.upstream().set(Fault::Drift { what: Drift::AccountMerged });
    assert_eq!(
        scene.login().await.expect("logged in").sub,
        card.holder().identifier,
        "the RPPS number comes first"
    );
}

#[tokio::test]
async fn another_person_than_the_cards_holder_is_nobody_here() {
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&[], &[&card]).await;
    scene.upstream().set(Fault::Wrong { what: Wrong::Person });
    assert!(scene.login().await.is_err());
    assert!(scene.session().await.is_none());
}
