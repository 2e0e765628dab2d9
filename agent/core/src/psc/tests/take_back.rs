//! An access token that a client had is taken back at the upstream (RFC 7009), and the session goes on.

use super::refresh::session;
use crate::psc::client::Fresh;
use crate::secret::Secret;
use crate::tests::authority::random;
use crate::tests::provider::ISSUER;
use crate::tests::{Counted, NOW};

fn token(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

#[test]
fn an_upstream_that_announces_no_way_is_asked_for_nothing() {
    let mut upstream = session();
    assert!(upstream.take_back(token("access-1"), NOW).is_none());
    assert_eq!(upstream.access_expires(), NOW.plus(120), "it stays good for those who go on");
}

#[test]
fn the_token_in_use_is_over_here_at_once_and_another_one_is_not() {
    let mut upstream = session();
    upstream.metadata.revocation_endpoint = Some(format!("{ISSUER}/revoke").parse().unwrap());
    assert!(upstream.take_back(token("access-0"), NOW).is_some());
    assert_eq!(upstream.access_expires(), NOW.plus(120));
    let taken = upstream.take_back(token("access-1"), NOW).unwrap();
    assert_eq!(upstream.access_expires(), NOW);

    let fetch = taken.request(&mut Fresh { now: NOW, entropy: &mut Counted::default(), random: &random() });
    let fetch = fetch.unwrap();
    assert_eq!(fetch.url.path(), "/realm/revoke");
    let form = fetch.form.unwrap();
    assert!(form.expose().contains("token=access-1&token_type_hint=access_token"), "nothing else is taken");
}
