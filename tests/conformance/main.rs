//! The behaviours that the OpenID Foundation's conformance suite asks of a provider, over https with real requests: one test
//! a module, under its name. What each must show is in the suite's own words beside it.
//!
//! The suite itself needs a public address and a browser; these tests need neither and can say exactly what they expect.
//!
//! | file | plan |
//! | --- | --- |
//! | `basic` | `oidcc-basic-certification-test-plan` |
//! | `config` | `oidcc-config-certification-test-plan` |
//! | `logout` | `oidcc-rp-initiated-logout-…` and `oidcc-backchannel-rp-initiated-logout-certification-test-plan` |
//! | `pushed` | the RFC 9126 modules of `fapi2-security-profile-final-test-plan` |
//! | `ciba` | the poll modules of `fapi-ciba-id1-test-plan` that are not about FAPI's own signatures |

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails by panicking"
)]

mod basic;
mod basic_requests;
mod ciba;
mod config;
mod logout;
mod party;
mod provider;
mod pushed;
#[path = "../support/until.rs"]
mod until;
