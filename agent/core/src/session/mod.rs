//! Logins as states, and the sessions they lead to.
//!
//! | file | what |
//! | --- | --- |
//! | [`step`] | what a login asks of the world, and what the world answers |
//! | [`login`] | one login, from an application's wish to a person |
//! | [`table`] | the live session, the four card modes, expiry |

pub mod login;
pub mod step;
pub mod table;

pub use login::{Login, Outcome, Settings, Shows, Step};
pub use step::{Action, Demand, Event, Purpose};
pub use table::{Effect, Happening, Mode, Rules, Table};

#[cfg(test)]
mod tests;
