//! The failure table against everything that stands on it: the documentation says the same, and each code has a test that
//! provokes it.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails by panicking"
)]

mod documentation;
mod provoked;
mod source;
