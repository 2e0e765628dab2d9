//! We are the OpenID Provider of this workstation: requests in as values, answers out as values.

pub mod authorize;
pub mod token;
