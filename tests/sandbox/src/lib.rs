//! The TEST sandbox: virtual CPS cards, TEST authorities, and readers that serve the cards.
//!
//! Everything here is made up and says so: holders, numbers, keys and authorities. Nothing chains to anything real.
//!
//! | room | what |
//! | --- | --- |
//! | [`browser`] | a browser without a window |
//! | [`card`] | virtual CPS3 and CPS4 cards, with faults on demand |
//! | [`orders`], [`control`] | what a running sandbox can be told, and the socket that takes it |
//! | [`pinentry`] | a scripted person at the PIN prompt |
//! | [`pki`] | TEST authorities in the shape of IGC-Santé TEST, and the certificates of the cards |
//! | [`relying_party`] | an application that logs people in, made of a library nobody here wrote |
//! | [`service`] | a stand-in for a national service behind mutual TLS |
//! | [`upstream`] | a stand-in for Pro Santé Connect |
//! | [`workstation`] | all of it put together for one agent |
//! | [`reader`] | serves virtual cards in process, or to a private real pcscd |

pub mod agent;
pub mod browser;
pub mod card;
pub mod control;
pub mod demo;
pub mod der;
pub mod failures;
pub mod orders;
pub mod pinentry;
pub mod pki;
pub mod reader;
pub mod relying_party;
pub mod service;
pub mod up;
pub mod upstream;
pub mod workstation;
