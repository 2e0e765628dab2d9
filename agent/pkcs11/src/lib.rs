//! The card in every program: a PKCS#11 v2.40 module (OASIS, April 2015) over the agent's control door.
//!
//! Browsers, OpenSSL, Java and others load `libcps_pkcs11.so` into their own process. So it is small and quiet: no
//! smart-card service, no certificates read, no thread, no descriptor held between two calls, nothing written to the
//! host's terminal, and no panic that reaches it. Readers are slots, cards and e-CPS tokens are tokens; where there is no
//! agent there are no slots.
//!
//! The PIN is none of its business. Tokens need no login, so that no program asks for a PIN; `C_Login` succeeds and does
//! not look at the PIN it is given; the agent asks the person inside `C_Sign` and names the program.
//!
//! ```text
//! entry      the C functions: the only place that reads and writes the caller's memory
//!   tokens, search, sign, decrypt, digest, events   what each function does
//!     module      the state of this process: slots, sessions
//!       slots, objects, mechanism, sessions         what is there
//!       agent     what is asked of the agent, through door
//! ```
//!
//! `CPS_PKCS11_LOG=FILE` has each call and its result written to a file.

mod agent;
mod calls;
mod decrypt;
mod digest;
mod door;
mod entry;
mod environment;
mod events;
mod log;
mod mechanism;
mod module;
mod objects;
mod reply;
mod search;
mod sessions;
mod sign;
mod slots;
mod text;
mod tokens;

pub use agent::speak_to;
pub use entry::functions;

/// What a function of Cryptoki gives, or the value it returns instead.
type Answer<T> = Result<T, pkcs11_sys::CK_RV>;
