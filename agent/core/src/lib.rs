//! The quiet half of the agent: every protocol decision, and nothing else.
//!
//! No socket, no file, no clock, no randomness of its own: time ([`identity::UnixTime`]) and entropy ([`secret::Entropy`])
//! are arguments; what it needs from the world is an action it returns, what the world says is an event it takes.
//!
//! | room | what |
//! | --- | --- |
//! | [`identity`] | the person, how surely we know them, and the session as others see it |
//! | [`secret`] | tokens, codes and verifiers: types that cannot be printed |

pub mod failure;
pub mod identity;
pub mod oidc;
pub mod secret;
pub mod session;
