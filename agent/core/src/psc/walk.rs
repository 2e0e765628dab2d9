//! The card login: the code flow walked without a browser, where the upstream's operator documents that a TLS client
//! certificate alone logs a person in.
//!
//! It follows redirects and nothing else, inside the hosts of the profile. A page to be filled in ends it. The walk knows
//! no card and no PIN: it says which request comes next, and whether the server asked for a certificate decides above.

use super::answer::refused;
use super::authorize::{Granted, Pending};
use super::jar::Jar;
use crate::failure::{self, Failure};
use crate::fetch::{Fetch, Fetched, IfAsked};
use url::Url;

/// Most redirects followed. Keycloak with a broker needs about eight.
const MAX_HOPS: usize = 20;
/// Longest address followed.
const MAX_ADDRESS: usize = 8 * 1024;

/// A walk under way.
#[derive(Debug)]
pub struct Walk {
    pending: Pending,
    here: Url,
    hops: usize,
    jar: Jar,
}

/// Where an answer leads.
#[derive(Debug)]
pub enum Walked {
    /// To the next request, [`Walk::fetch`].
    On(Walk),
    /// To our redirect URI: the walk is over.
    Arrived(Granted),
}

impl Walk {
    /// Starts at the authorization request.
    ///
    /// # Errors
    /// [`failure::UPSTREAM_HOST_REFUSED`] when it lies outside the profile.
    pub fn start(pending: Pending, authorization: Url) -> Result<Self, Failure> {
        pending.profile().admits(&authorization)?;
        Ok(Self { pending, here: authorization, hops: 0, jar: Jar::default() })
    }

    /// The request to send now. Asking again gives the same request: this is how it is repeated with the card.
    #[must_use]
    pub fn fetch(&self) -> Fetch {
        let mut headers = vec![("accept", "text/html".to_owned().into())];
        if let Some(cookies) = self.jar.header(&self.here) {
            headers.push(("cookie", cookies.into()));
        }
        Fetch { method: "GET", url: self.here.clone(), headers, form: None, if_asked: IfAsked::Report }
    }

    /// Host and port that the next request goes to: what a certificate is shown to.
    #[must_use]
    pub fn server(&self) -> (String, u16) {
        (
            self.here.host_str().unwrap_or_default().to_owned(),
            self.here.port_or_known_default().unwrap_or_default(),
        )
    }

    /// Reads the answer to the request.
    ///
    /// # Errors
    /// [`failure::UPSTREAM_PAGE`] for a page, [`failure::UPSTREAM_HOST_REFUSED`] for a way out of the profile,
    /// [`failure::UPSTREAM_LOOP`] for too many redirects, and those of [`Pending::answer`].
    pub fn read(mut self, answer: &Fetched) -> Result<Walked, Failure> {
        match answer.status {
            301 | 302 | 303 | 307 | 308 => {}
            200..=299 => return Err(failure::UPSTREAM_PAGE.into()),
            _ => return Err(refused(answer)),
        }
        let next = answer
            .only("location")
            .filter(|text| text.len() <= MAX_ADDRESS)
            .and_then(|text| self.here.join(text).ok())
            .ok_or_else(|| super::answer::garbled("location"))?;
        if self.pending.is_answer(&next) {
            return self.pending.answer(&next).map(Walked::Arrived);
        }
        self.pending.profile().admits(&next)?;
        self.hops += 1;
        if self.hops > MAX_HOPS {
            return Err(failure::UPSTREAM_LOOP.into());
        }
        self.jar.take(&self.here, answer);
        self.here = next;
        self.here.set_fragment(None);
        Ok(Walked::On(self))
    }
}
