//! The two doors: the bridge for applications and browsers, the control socket for our own programs.
//!
//! | file | what |
//! | --- | --- |
//! | [`desk`], [`around`] | the seam: what the doors ask of the agent, and what a login page shows around a login |
//! | [`bridge`], [`bind`] | the loopback door, and how it gets its port |
//! | [`control`] | the Unix socket |
//! | [`caller`], [`socket_diag`], [`visitor`] | who is at the door: user, process, program |
//! | [`gate`] | rules against web pages: `Host`, `Origin`, frames |
//! | [`limits`], [`connection`] | how much and how long a caller may take |
//! | [`routes`], [`openapi`] | what can be asked, as a table and as its document |
//! | [`oidc`], [`v1`], [`page`], [`portal`], [`events`], [`gateway`] | the answers |
//! | [`intake`], [`reply`], [`problem`], [`language`] | bodies in, answers out, refusals, French and English |

pub mod around;
pub mod bind;
pub mod bridge;
pub mod caller;
pub mod connection;
pub mod control;
pub mod desk;
pub mod events;
pub mod follow;
pub mod gate;
pub mod gateway;
pub mod intake;
pub mod language;
pub mod limits;
pub mod oidc;
pub mod openapi;
pub mod page;
pub mod portal;
pub mod problem;
pub mod reply;
pub mod routes;
#[cfg(target_os = "linux")]
pub mod socket_diag;
pub mod v1;
pub mod visitor;

#[cfg(test)]
mod tests;
