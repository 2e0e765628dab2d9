//! We are a client of Pro Santé Connect, or of an OpenID provider that stands in for it: requests and answers as values.
//!
//! Nothing here fetches, and nothing here follows an upstream to a host outside its profile.
//!
//! | file | what |
//! | --- | --- |
//! | [`profile`] | which upstream: issuer, hosts, client, what it may be asked |
//! | [`client`] | our client there, and how it proves itself |
//! | [`metadata`], [`drift`] | its discovery document, compared with the profile |
//! | [`authorize`] | the authorization request, and the answer at our redirect URI |
//! | [`walk`] | the card login: the code flow walked without a browser, redirects only |
//! | [`jar`] | the cookies of one walk |
//! | [`ciba`] | the login on the phone, or at the card tool |
//! | [`pushes`] | how often a phone may ring |
//! | [`token`] | the token endpoint |
//! | [`keys`] | the provider's signing keys |
//! | [`verify`] | the ID token |
//! | [`userinfo`] | the UserInfo answer, and the person in it |
//! | [`refresh`] | the same session, longer |
//! | [`logout`] | ending the upstream's session |
//! | [`answer`] | what every answer has in common: status, size, clock |

pub mod answer;
pub mod authorize;
pub mod ciba;
pub mod client;
pub mod drift;
pub mod jar;
pub mod keys;
pub mod logout;
pub mod metadata;
pub mod profile;
pub mod pushes;
pub mod refresh;
pub mod token;
pub mod userinfo;
pub mod verify;
pub mod walk;

pub use client::{ClientAuth, Fresh};
pub use metadata::Metadata;
pub use profile::Profile;
pub use refresh::{RefreshFault, Refreshed};
pub use token::UpstreamSession;
pub use walk::{Walk, Walked};

#[cfg(test)]
mod tests;
