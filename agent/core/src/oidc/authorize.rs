//! The authorization endpoint (OpenID Connect Core §3.1.2).

/// Parameters of a request as they came, decoded once, in order. Duplicates are kept so that they can be refused.
#[derive(Clone, Default)]
pub struct Parameters(pub Vec<(String, String)>);

/// What the authorization endpoint answers.
#[derive(Debug)]
pub enum Authorize {
    /// Redirect the browser to the client: with `code`, or with an error it is safe to send back.
    Redirect(String),
    /// A person is needed: send the browser to the login page of this transaction (random, ends with it, never logged).
    Login(String),
    /// The client or its redirect URI cannot be trusted: a page for the person, nothing for the client.
    Refuse(crate::failure::Code),
}
