//! What a responder says of a certificate.

use crate::upstream::NOW;
use cps_agent_core::trust::{Evidence, Status, Unknown, revocation};
use cps_card::certificate::Certificate;
use std::sync::LazyLock;

/// A TEST authority whose key signs none of the answers.
static AUTHORITY: LazyLock<Option<Certificate>> =
    LazyLock::new(|| Certificate::from_der(include_bytes!("../corpus/certificate/authority")).ok());

/// Answers of responders, and the same bytes as a revocation list: a stranger's word says nothing.
#[allow(clippy::panic, reason = "libFuzzer takes a panic for a finding")]
pub fn ocsp(data: &[u8]) -> bool {
    let Some(authority) = AUTHORITY.as_ref() else { return false };
    let evidence = Evidence { lists: vec![data.to_vec()], answers: vec![data.to_vec()] };
    let status = revocation::check(authority, authority, &evidence, NOW);
    assert!(matches!(status, Status::Unknown(_)), "a stranger's word counts");
    // It was read as far as to the name of whoever signed it.
    status == Status::Unknown(Unknown::NotOfTheIssuer)
}
