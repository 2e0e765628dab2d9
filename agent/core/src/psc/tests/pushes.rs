//! How often a phone may ring.

use crate::failure::{self, Code};
use crate::identity::{NationalId, UnixTime};
use crate::psc::pushes::{End, Pushes, typed};
use crate::tests::NOW;

fn id(text: &str) -> NationalId {
    NationalId(text.into())
}

/// Rings at a moment, and is settled at once when it may.
fn ring(pushes: &mut Pushes, whom: &str, at: UnixTime) -> Result<(), (Code, i64)> {
    pushes.ring(&id(whom), at).map_err(|f| (f.code, f.values["seconds"].as_i64().unwrap()))?;
    pushes.ended(&id(whom), End::Settled, at);
    Ok(())
}

#[test]
fn a_phone_rings_three_times_in_ten_minutes_and_no_more() {
    let mut pushes = Pushes::default();
    for seconds in [0, 100, 200] {
        assert_eq!(ring(&mut pushes, "a", NOW.plus(seconds)), Ok(()));
    }
    assert_eq!(ring(&mut pushes, "a", NOW.plus(300)), Err((failure::ECPS_TOO_MANY, 300)));
    assert_eq!(ring(&mut pushes, "a", NOW.plus(599)), Err((failure::ECPS_TOO_MANY, 1)));
    // Somebody else's phone is not concerned.
    assert_eq!(ring(&mut pushes, "b", NOW.plus(300)), Ok(()));
    assert_eq!(ring(&mut pushes, "a", NOW.plus(600)), Ok(()));
    assert_eq!(ring(&mut pushes, "a", NOW.plus(601)), Err((failure::ECPS_TOO_MANY, 99)));
}

#[test]
fn starting_anew_is_no_way_round_the_count() {
    let mut pushes = Pushes::default();
    for seconds in [0, 1, 2] {
        assert_eq!(ring(&mut pushes, "a", NOW.plus(seconds)), Ok(()));
    }
    let stored = serde_json::to_string(&pushes).unwrap();
    let mut restarted: Pushes = serde_json::from_str(&stored).unwrap();
    assert_eq!(restarted, pushes);
    assert_eq!(ring(&mut restarted, "a", NOW.plus(3)), Err((failure::ECPS_TOO_MANY, 597)));
}

#[test]
fn one_request_is_on_the_phone_at_a_time() {
    let mut pushes = Pushes::default();
    pushes.ring(&id("a"), NOW).unwrap();
    let refused = pushes.ring(&id("a"), NOW.plus(20)).unwrap_err();
    assert_eq!((refused.code, refused.values["seconds"].as_i64()), (failure::ECPS_PENDING, Some(100)));
    assert!(pushes.ring(&id("b"), NOW.plus(20)).is_ok());
    assert!(pushes.ring(&id("a"), NOW.plus(120)).is_ok(), "it is over by then");
}

#[test]
fn a_request_that_nobody_answered_may_still_be_on_the_phone() {
    for unknown in [
        failure::LOGIN_ABANDONED,
        failure::SHUTTING_DOWN,
        failure::UPSTREAM_UNREACHABLE,
        failure::UPSTREAM_FAILING,
        failure::UPSTREAM_GARBLED,
        failure::PROXY_UNREACHABLE,
    ] {
        assert_eq!(End::of(Some(unknown)), End::Open, "{unknown}");
    }
    for answered in [failure::ECPS_EXPIRED, failure::ECPS_UNKNOWN, failure::OTHER_PERSON] {
        assert_eq!(End::of(Some(answered)), End::Settled, "{answered}");
    }
    assert_eq!(End::of(Some(failure::ECPS_DENIED)), End::Denied);
    assert_eq!(End::of(None), End::Settled);
}

#[test]
fn a_refusal_is_followed_by_a_pause() {
    let mut pushes = Pushes::default();
    pushes.ring(&id("a"), NOW).unwrap();
    pushes.ended(&id("a"), End::Denied, NOW.plus(30));
    assert_eq!(ring(&mut pushes, "a", NOW.plus(31)), Err((failure::ECPS_PAUSE, 59)));
    assert_eq!(ring(&mut pushes, "a", NOW.plus(90)), Ok(()));
}

#[test]
fn a_clock_that_was_set_back_locks_nobody_out_for_long() {
    let mut pushes = Pushes::default();
    for seconds in [0, 1, 2] {
        assert_eq!(ring(&mut pushes, "a", NOW.plus(seconds)), Ok(()));
    }
    let year = 365 * 24 * 3600;
    assert_eq!(ring(&mut pushes, "a", NOW.plus(-year)), Err((failure::ECPS_TOO_MANY, 600)));
    assert_eq!(ring(&mut pushes, "a", NOW.plus(600 - year)), Ok(()));
}

#[test]
fn the_last_holder_is_remembered() {
    let mut pushes = Pushes::default();
    assert_eq!(pushes.last_holder(), None);
    assert!(pushes.logged_in(&id("a")));
    assert!(!pushes.logged_in(&id("a")));
    assert!(pushes.logged_in(&id("b")));
    let stored = serde_json::to_string(&pushes).unwrap();
    let restarted: Pushes = serde_json::from_str(&stored).unwrap();
    assert_eq!(restarted.last_holder(), Some(&id("b")));
}

#[test]
fn what_is_typed_is_taken_as_it_stands_or_not_at_all() {
    for good in ["899700990015", " 899700990015\n", "51234567890123/CPAT00045", "ANS20260101000001"] {
        assert_eq!(typed(good).unwrap().0, good.trim());
    }
    // An RPPS number without the digit before it is no identifier, and is not made into one.
    for bad in ["99700990015", "8997 0099 0015", "é", "a\u{7}b", &"9".repeat(129)] {
        assert_eq!(typed(bad).unwrap_err().code, failure::ECPS_IDENTIFIER, "{bad}");
    }
    assert_eq!(typed("  ").unwrap_err().code, failure::ECPS_NO_IDENTIFIER);
}
