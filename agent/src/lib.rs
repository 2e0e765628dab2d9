//! The noisy half of the agent: sockets, files, clocks, processes; `run` joins them with the quiet half.
//!
//! | room | what |
//! | --- | --- |
//! | [`config`] | the settings, read once, parsed into types |
//! | [`host`] | what the agent needs from the machine |
//! | [`serve`] | the two doors |
//! | [`run`] | the loop that joins all of it |
//! | [`start`] | the same as a program |

pub mod config;
pub mod host;
pub mod run;
pub mod serve;
pub mod start;
