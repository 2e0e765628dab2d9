//! The words others use to speak to the agent, and the client that speaks them.
//!
//! [`words`] are the JSON bodies of the `/v1` API, the same on both doors. The client lives here so that the command
//! line, the tray and the PKCS#11 module need no other crate of ours.
//!
//! ```no_run
//! # async fn example() -> Result<(), cps_agent_api::client::ClientError> {
//! let mut agent = cps_agent_api::client::Agent::connect("fr").await?;
//! for card in agent.cards().await? {
//!     println!("{}", card.serial);
//! }
//! # Ok(())
//! # }
//! ```

pub mod client;
pub mod door;
pub mod events;
pub mod pkcs11;
pub mod words;
