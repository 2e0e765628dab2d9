//! What the agent needs from the machine, one subject a file: the brothers of the doors, met only by the loop.
//!
//! | file | what |
//! | --- | --- |
//! | [`paths`] | where things lie |
//! | [`state`] | private files that a crash cannot half write |
//! | [`seal`] | secrets at rest |
//! | [`card_cache`] | what is remembered of cards |
//! | [`journal`], [`system_journal`] | the audit trail on disk, and its heads where the person cannot change them |
//! | [`entropy`], [`clock`] | random numbers and the time, as the quiet half takes them |
//! | [`notice`] | telling a client of this machine that its session ended |
//! | [`fetch`], [`tls`], [`token_tls`] | requests to upstreams, with and without the card's key |
//! | [`gateway`] | the connections of a gateway, and what travels on them |
//! | [`network`], [`proxy`] | the way to a server: directly or through a proxy, which the desktop's portal may name |
//! | [`key_file`], [`pkcs12`], [`client_certificate`] | keys, secrets and the certificates that they belong to |
//! | [`key_store`] | a key that stays in a key store, behind a foreign module in a process of its own |
//! | [`trust_files`], [`revocation`] | anchors and revocation lists |
//! | [`bridge_authority`], [`bridge_tls`] | the certificate of an https bridge: made, kept and presented |
//! | [`assuan`], [`pinentry`], [`prompt_text`], [`screen`] | the PIN prompt: protocol, program, words, and where it appears |
//! | [`browser`], [`redirect`] | the login in the person's browser: there, and back |
//! | [`logind`] | when the workstation is locked, idle or asleep |
//! | [`memory`] | what others may see of this process |

pub mod assuan;
pub mod bridge_authority;
pub mod bridge_tls;
pub mod browser;
pub mod card_cache;
pub mod client_certificate;
pub mod clock;
pub mod entropy;
pub mod fetch;
pub mod gateway;
pub mod journal;
pub mod key_file;
pub mod key_store;
pub mod logind;
pub mod memory;
pub mod network;
pub mod notice;
pub mod paths;
pub mod pinentry;
pub mod pkcs12;
mod portal;
pub mod prompt_text;
pub mod proxy;
pub mod redirect;
pub mod revocation;
pub mod screen;
pub mod seal;
pub mod state;
pub mod system_journal;
pub mod tls;
pub mod token_tls;
pub mod trust_files;
