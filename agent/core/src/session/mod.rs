//! Logins as states, and the sessions they lead to.

pub mod step;
