//! The words others use to speak to the agent, and the client that speaks them.
//!
//! [`words`] are the JSON bodies of the `/v1` API, the same on both doors. The client lives here so that the command
//! line, the tray and the PKCS#11 module need no other crate of ours.

pub mod words;
