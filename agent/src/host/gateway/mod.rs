//! The way of a gateway's requests: connections that one certificate made, kept for the next ones, and ended together.
//!
//! | file | what |
//! | --- | --- |
//! | [`line`] | the connections of one gateway in one session, with their TLS sessions |
//! | [`tickets`] | what is kept to resume a TLS session, and when there is something |
//! | [`body`] | bodies on their way: counted, bounded, never silent for long |
//! | [`rewrite`] | a program's request as the origin gets it, and the answer as the program does |
//! | [`files`] | the certificates that a gateway is told to use |

pub mod body;
pub mod files;
pub mod line;
pub mod rewrite;
mod tickets;
