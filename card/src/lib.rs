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
//! | [`readers`] | which readers and cards are here, and when that changes |
//! | [`soft`] | the e-CPS token: a key and certificate in one encrypted file |
//! | [`certificate`] | X.509 certificates, read once into plain facts |
//! | [`holder`] | the person a certificate names, and their professional situations |
//! | [`codes`] | national code tables with French and English labels |
//! | [`token`] | the trait everything above uses; cards and soft tokens look the same through it |
//! | [`smartcard`] | a CPS card as a token |
//! | [`cache`] | what is remembered of a card between two insertions |
//! | [`pkcs15`], [`apdu`] | the card's directories, commands and responses: values, read from hostile bytes |
//! | [`pin`] | a PIN: built once, spent once, never printed |
//! | [`error`] | errors by who can help |

pub mod apdu;
mod applet;
pub mod cache;
pub mod certificate;
mod channel;
pub mod codes;
pub mod error;
pub mod holder;
pub mod pin;
pub mod pkcs15;
mod profile;
pub mod readers;
pub mod smartcard;
pub mod soft;
pub mod token;
pub mod transport;

pub use applet::digest;
pub use cache::{CachedCard, CertificateCache};
pub use error::Error;
pub use pin::{Pin, PinStatus, Puk};
pub use smartcard::SmartCard;
pub use token::Token;
