//! Judges that nobody here wrote: npm `openid-client`, a certified relying party, accepts what the agent says, and npm
//! `oidc-provider`, a certified provider dressed as Pro Santé Connect, accepts the agent's login. Its fault switch makes it
//! every bad provider that the conformance suite knows. Apache's mod_auth_openidc and Authlib judge beside openid-client.
//!
//! Between them are the real `cps-agent` binary, the real pcscd, and a virtual card that signs the TLS handshake.

#![cfg(target_os = "linux")]
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails by panicking"
)]

mod accepted;
mod browser;
mod party;
mod people;
mod phone;
#[path = "../support/program.rs"]
mod program;
mod proofs;
#[path = "../support/real_agent.rs"]
mod real_agent;
mod refreshed;
mod refused;
mod scene;
mod shared;
mod upstream;
mod wire;
