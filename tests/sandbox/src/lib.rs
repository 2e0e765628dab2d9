//! The TEST sandbox: virtual CPS cards, TEST authorities, and readers that serve the cards.
//!
//! Everything here is made up and says so: holders, numbers, keys and authorities. Nothing chains to anything real.
//!
//! | room | what |
//! | --- | --- |
//! | [`card`] | virtual CPS3 and CPS4 cards, with faults on demand |
//! | [`pki`] | TEST authorities in the shape of IGC-Santé TEST, and the certificates of the cards |
//! | [`reader`] | serves virtual cards in process, or to a private real pcscd |

pub mod card;
pub mod der;
pub mod pki;
pub mod reader;
