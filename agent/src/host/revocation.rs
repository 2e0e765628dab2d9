//! Revocation lists and answers of responders: fetched from where certificates say, kept on disk for when the network is
//! away.
//!
//! The quiet half judges them; here they are bytes. Nothing but http is followed (RFC 5280 §8 asks for no more, what comes
//! is signed), and no address of this machine or of the local link outside the test environment, since the address
//! comes from a card.

use super::{clock::Clock, fetch::fetch_public, proxy::Proxies, state::Folder};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cps_agent_core::{
    identity::UnixTime,
    trust::{Evidence, ocsp, says},
};
use cps_card::certificate::Certificate;
use std::{io, net::IpAddr, sync::Arc};
use url::{Host, Url, form_urlencoded};

/// What was fetched is fetched again after this many seconds; how long it is valid is written in itself.
const FRESH: i64 = 3600;
/// What was not fetched anew for so many seconds is forgotten: four years, and no card's certificate is valid for as long.
/// Before that it may be the one word that a certificate is revoked.
const OLD: i64 = 4 * 366 * 86_400;
/// Largest list.
const LIMIT: usize = 8 * 1024 * 1024;
/// Places of one certificate that are tried, all at once.
const PLACES: usize = 4;
/// How the name of a kept answer ends.
const ANSWER: &str = ".ocsp";
/// First words of a cached file; the moment it was fetched and a line feed follow, then what was fetched.
const HEADER: &str = "cps-agent crl 1 ";

/// What is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    List,
    Answer,
}

impl Kind {
    fn limit(self) -> usize {
        match self {
            Self::List => LIMIT,
            Self::Answer => ocsp::MAX_SIZE,
        }
    }

    /// Cache files are named by a hash of the address, which may hold anything.
    fn file_name(self, url: &Url) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, url.as_str().as_bytes());
        let name: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        match self {
            Self::List => name + ".crl",
            Self::Answer => name + ANSWER,
        }
    }

    fn evidence(self, content: Vec<u8>) -> Evidence {
        match self {
            Self::List => Evidence { lists: vec![content], ..Evidence::default() },
            Self::Answer => Evidence { answers: vec![content], ..Evidence::default() },
        }
    }
}

/// Fetches and keeps what is published about certificates.
pub struct Revocations {
    cache: Folder,
    clock: Arc<dyn Clock>,
    proxies: Arc<Proxies>,
    test: bool,
}

impl Revocations {
    /// A cache in a folder. `test` admits what is published on this machine.
    #[must_use]
    pub fn new(cache: Folder, clock: Arc<dyn Clock>, proxies: Arc<Proxies>, test: bool) -> Self {
        Self { cache, clock, proxies, test }
    }

    /// What a certificate points to, as far as it can be had: fresh, else that of the last time.
    pub async fn evidence(&self, certificate: &Certificate, issuer: &Certificate) -> Evidence {
        let questions = questions(certificate, issuer);
        let about = (certificate, issuer);
        let (lists, answers) = tokio::join!(
            self.all(Kind::List, certificate.crl_urls(), about),
            self.all(Kind::Answer, &questions, about)
        );
        Evidence { lists: lists.lists, answers: answers.answers }
    }

    /// What all places publish. They are asked at once: whoever logs in waits for the slowest, never for one after the other.
    async fn all(&self, kind: Kind, addresses: &[String], about: (&Certificate, &Certificate)) -> Evidence {
        let urls = addresses.iter().take(PLACES).filter_map(|text| Url::parse(text).ok());
        let urls = urls.filter(|url| url.scheme() == "http" && (self.test || !is_near(url)));
        let places: Vec<Url> = urls.collect();
        let at = async |place: usize| match places.get(place) {
            Some(url) => self.one(kind, url, about).await.unwrap_or_default(),
            None => Evidence::default(),
        };
        const { assert!(PLACES == 4, "as many as there are here") };
        let (first, second, third, fourth) = tokio::join!(at(0), at(1), at(2), at(3));
        let mut found = first;
        for more in [second, third, fourth] {
            found.lists.extend(more.lists);
            found.answers.extend(more.answers);
        }
        found
    }

    /// What one place publishes. What it brought this time is taken, and kept, where it says something of the certificate;
    /// else what was kept is still the best there is.
    async fn one(
        &self,
        kind: Kind,
        url: &Url,
        (certificate, issuer): (&Certificate, &Certificate),
    ) -> Option<Evidence> {
        let name = kind.file_name(url);
        let cached = self.cache.read(&name).ok().flatten().and_then(|file| parse(&file));
        let now = self.clock.now();
        if let Some((fetched, content)) = &cached
            && (0..FRESH).contains(&now.since(*fetched))
        {
            return Some(kind.evidence(content.clone()));
        }
        let kept = cached.map(|(_, content)| kind.evidence(content));
        let fetched = match fetch_public(url, &self.proxies, self.clock.as_ref(), kind.limit()).await {
            Ok(content) => content,
            Err(fault) => {
                tracing::warn!(host = url.host_str(), %fault, "revocation data cannot be fetched");
                return kept;
            }
        };
        let file = [format!("{HEADER}{}\n", now.0).as_bytes(), &fetched].concat();
        let fetched = kind.evidence(fetched);
        if !says(certificate, issuer, &fetched, now) {
            tracing::warn!(host = url.host_str(), "what was fetched says nothing of the certificate");
            return kept.or(Some(fetched));
        }
        if let Err(error) = self.cache.write(&name, &file).and_then(|()| self.forget_the_old(now)) {
            tracing::warn!(%error, "revocation data cannot be kept");
        }
        Some(fetched)
    }

    /// Each certificate that was ever seen leaves an answer: those that nobody needs any more go.
    fn forget_the_old(&self, now: UnixTime) -> io::Result<()> {
        for name in self.cache.names()?.iter().filter(|name| name.ends_with(ANSWER)) {
            let kept = self.cache.read(name)?.and_then(|file| parse(&file));
            if kept.is_some_and(|(fetched, _)| now.since(fetched) > OLD) {
                self.cache.remove(name)?;
            }
        }
        Ok(())
    }
}

/// The question to each responder of a certificate as an address (RFC 6960 Appendix A.1): short enough to be one, and so
/// it can be cached on the way.
fn questions(certificate: &Certificate, issuer: &Certificate) -> Vec<String> {
    let Some(question) = ocsp::request(certificate, issuer) else { return Vec::new() };
    let question: String = form_urlencoded::byte_serialize(STANDARD.encode(question).as_bytes()).collect();
    let responders = certificate.ocsp_urls().iter();
    responders.map(|responder| format!("{}/{question}", responder.trim_end_matches('/'))).collect()
}

fn parse(file: &[u8]) -> Option<(UnixTime, Vec<u8>)> {
    let end = file.iter().position(|b| *b == b'\n')?;
    let head = std::str::from_utf8(file.get(..end)?).ok()?;
    let fetched = head.strip_prefix(HEADER)?.parse().ok()?;
    Some((UnixTime(fetched), file.get(end + 1..)?.to_vec()))
}

/// An address by number on this machine or the local link, or the name of this machine. Another name may lead there too: the
/// address is in a certificate that an anchor vouches for, and only its authority could have written such a one.
fn is_near(url: &Url) -> bool {
    let near = |address: IpAddr| match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_link_local() || v4.is_unspecified(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified() || v6.is_unicast_link_local(),
    };
    match url.host() {
        Some(Host::Ipv4(address)) => near(address.into()),
        Some(Host::Ipv6(address)) => {
            near(address.into()) || address.to_ipv4_mapped().is_some_and(|v4| near(v4.into()))
        }
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Proxy;

    #[test]
    fn a_card_cannot_point_at_this_machine() {
        for near in [
            "http://127.0.0.1/x",
            "http://localhost:631/",
            "http://[::1]/",
            "http://169.254.169.254/",
            "http://0.0.0.0/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert!(is_near(&Url::parse(near).expect("an address")), "{near}");
        }
        assert!(!is_near(&Url::parse("http://igc-sante.esante.gouv.fr/CRL/x.crl").expect("an address")));
    }

    #[test]
    fn answers_of_certificates_that_are_long_over_are_forgotten_and_no_list() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Folder::open(folder.path()).expect("a folder");
        let (clock, proxies) =
            (Arc::new(crate::host::clock::SystemClock), Arc::new(Proxies::new(Proxy::None)));
        let revocations = Revocations::new(cache, clock, proxies, false);
        let (old, recent) = (UnixTime(1_000), UnixTime(1_000 + OLD));
        for (name, fetched) in [("a.ocsp", old), ("b.ocsp", recent), ("c.crl", old), ("d.ocsp", old)] {
            let content =
                if name == "d.ocsp" { "damaged".to_owned() } else { format!("{HEADER}{}\nDER", fetched.0) };
            revocations.cache.write(name, content.as_bytes()).expect("kept");
        }
        revocations.forget_the_old(UnixTime(1_001 + OLD)).expect("swept");
        assert_eq!(revocations.cache.names().expect("names"), ["b.ocsp", "c.crl", "d.ocsp"]);
    }

    #[test]
    fn a_damaged_cache_file_is_no_list() {
        assert!(parse(b"cps-agent crl 1 12\nDER").is_some());
        for damaged in
            [&b""[..], b"cps-agent crl 2 12\nDER", b"cps-agent crl 1 x\nDER", b"cps-agent crl 1 12"]
        {
            assert!(parse(damaged).is_none());
        }
    }

    /// A certificate that says nothing of interest.
    fn certificate() -> Certificate {
        let key = rcgen::KeyPair::generate().expect("a key");
        let made = rcgen::CertificateParams::new(Vec::new()).and_then(|plan| plan.self_signed(&key));
        Certificate::from_der(made.expect("a certificate").der()).expect("a certificate")
    }

    #[tokio::test(start_paused = true)]
    async fn responders_that_hang_are_waited_for_once_and_not_one_after_the_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Folder::open(folder.path()).expect("a folder");
        let (clock, proxies) =
            (Arc::new(crate::host::clock::SystemClock), Arc::new(Proxies::new(Proxy::None)));
        let revocations = Revocations::new(cache, clock, proxies, true);
        // They take the connection and say nothing.
        let hung: Vec<_> =
            (0..PLACES).map(|_| std::net::TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
        let address =
            |place: &std::net::TcpListener| format!("http://{}/ocsp", place.local_addr().expect("bound"));
        let addresses: Vec<String> = hung.iter().map(address).collect();
        let certificate = certificate();
        let begun = tokio::time::Instant::now();
        let found = revocations.all(Kind::Answer, &addresses, (&certificate, &certificate)).await;
        assert!(found.answers.is_empty());
        let (waited, one) = (begun.elapsed(), std::time::Duration::from_secs(10));
        assert!(waited <= one + std::time::Duration::from_secs(1), "{waited:?}");
    }
}
