//! The quiet half of the agent: every protocol decision, and nothing else.
//!
//! No socket, no file, no clock, no randomness of its own: time ([`identity::UnixTime`]) and entropy ([`secret::Entropy`])
//! are arguments; what it needs from the world is an action it returns, what the world says is an event it takes.
//!
//! | room | what |
//! | --- | --- |
//! | [`identity`] | the person, how surely we know them, and the session as others see it |
//! | [`secret`] | tokens, codes and verifiers: types that cannot be printed |
//! | [`jose`] | JSON Web Signatures and Keys |
//! | [`failure`] | the failure table |
//! | [`foreign`] | text of others, fit to be shown |
//! | [`fetch`] | an HTTP exchange with an upstream, as values |
//! | [`session`] | logins as states, and the sessions they lead to |
//! | [`psc`] | we are a client of Pro Santé Connect, or of its stand-in |
//! | [`trust`] | whether a certificate may be believed |
//! | [`oidc`] | we are the OpenID Provider of this workstation |
//! | [`gateway`] | what passes between a program and an origin behind mutual TLS |
//! | [`policy`] | one question, one answer with its reason |
//! | [`declined`] | how soon the person may be asked again after a no |
//! | [`challenge`] | typed challenges signed by a card or token |
//! | [`audit`] | what happened, as typed events in a hash chain |
//! | [`portal`] | who may look at the person's page |
//! | [`catalogue`] | services that are opened in the browser |
//! | [`diagnosis`] | what is looked at when somebody asks what is wrong |

pub mod audit;
pub mod catalogue;
pub mod challenge;
pub mod declined;
pub mod diagnosis;
pub mod failure;
pub mod fetch;
pub mod foreign;
pub mod gateway;
pub mod identity;
pub mod jose;
pub mod oidc;
pub mod policy;
pub mod portal;
pub mod psc;
pub mod secret;
pub mod session;
pub mod trust;

#[cfg(test)]
mod tests;
