//! A key that stays in a key store: an HSM, a TPM or a file of its own kind, behind a PKCS#11 module of somebody else.
//!
//! A foreign module is code that nobody here wrote, and PINs pass the agent's memory: it is never loaded into this process.
//! A child process loads it ([`child`]), the same program under another word, which knows one key and nothing of cards; it
//! is asked for signatures over a socket ([`wire`]), and dies with whoever asked.
//!
//! | file | what |
//! | --- | --- |
//! | [`store`] | the key as the agent uses it: opened, asked, opened again when its process died |
//! | [`refused`] | PINs that a store refused, so that none is tried twice |
//! | [`process`] | the child process, from this side |
//! | [`wire`] | what the two say to each other |
//! | [`child`] | the child process itself: the module, one session, one key |

mod child;
mod process;
mod refused;
mod store;
mod wire;

pub use child::serve;
pub use refused::RefusedPins;
pub use store::{KeyStore, KeyStoreError, Seen};

/// The word by which the program becomes the process of a key store.
pub const WORD: &str = "key-store";
