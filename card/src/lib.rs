//! Tokens: CPS smart cards and e-CPS software tokens.
//!
//! This crate turns bytes on a reader into a [`Token`] that can describe its holder and sign.
//! It knows nothing of logins, web or windows: no async, no HTTP, no JSON, no file and no thread of its own.
//!
//! Reading upwards it is one sentence: transport, apdu, applet and profile, token.
//!
//! | room | what |
//! | --- | --- |
//! | [`transport`] | the reader: bytes in, bytes out ([`transport::Connection`]), and the service that owns the readers |
//! | [`token`] | the trait everything above uses; cards and soft tokens look the same through it |
//! | [`pin`] | a PIN: built once, spent once, never printed |
//! | [`error`] | errors by who can help |

pub mod certificate;
pub mod error;
pub mod holder;
pub mod pin;
pub mod token;
pub mod transport;

pub use error::Error;
pub use pin::{Pin, PinStatus, Puk};
pub use token::Token;
