//! Revocation lists: fetched from where certificates say, kept on disk for when the network is away.
//!
//! The quiet half judges the lists; here they are bytes. Nothing but http is followed (RFC 5280 §8 asks for no more, a
//! list is signed), and no address of this machine or of the local link outside the test environment, since the address
//! comes from a card.

use super::{clock::Clock, fetch::fetch_public, proxy::Proxies, state::Folder};
use cps_agent_core::identity::UnixTime;
use cps_card::certificate::Certificate;
use std::{net::IpAddr, sync::Arc};
use url::{Host, Url};

/// A list is fetched again after this many seconds; how long it is valid is written in itself.
const FRESH: i64 = 3600;
/// Largest list.
const LIMIT: usize = 8 * 1024 * 1024;
/// Places of one certificate that are tried.
const PLACES: usize = 4;
/// First words of a cached list; the moment it was fetched and a line feed follow, then the list.
const HEADER: &str = "cps-agent crl 1 ";

/// Fetches and keeps revocation lists.
pub struct Revocations {
    cache: Folder,
    clock: Arc<dyn Clock>,
    proxies: Arc<Proxies>,
    test: bool,
}

impl Revocations {
    /// A cache in a folder. `test` admits lists published on this machine.
    #[must_use]
    pub fn new(cache: Folder, clock: Arc<dyn Clock>, proxies: Arc<Proxies>, test: bool) -> Self {
        Self { cache, clock, proxies, test }
    }

    /// The lists that a certificate points to, as far as they can be had: fresh ones, else those of the last time.
    pub async fn lists(&self, certificate: &Certificate) -> Vec<Vec<u8>> {
        let mut lists = Vec::new();
        for url in certificate.crl_urls().iter().take(PLACES).filter_map(|text| Url::parse(text).ok()) {
            if url.scheme() == "http" && (self.test || !is_near(&url)) {
                lists.extend(self.list(&url).await);
            }
        }
        lists
    }

    async fn list(&self, url: &Url) -> Option<Vec<u8>> {
        let name = file_name(url);
        let cached = self.cache.read(&name).ok().flatten().and_then(|file| parse(&file));
        let now = self.clock.now();
        if let Some((fetched, list)) = &cached
            && (0..FRESH).contains(&now.since(*fetched))
        {
            return Some(list.clone());
        }
        match fetch_public(url, &self.proxies, self.clock.as_ref(), LIMIT).await {
            Ok(list) => {
                let file = [format!("{HEADER}{}\n", now.0).as_bytes(), &list].concat();
                if let Err(error) = self.cache.write(&name, &file) {
                    tracing::warn!(%error, "a revocation list cannot be kept");
                }
                Some(list)
            }
            Err(fault) => {
                tracing::warn!(host = url.host_str(), %fault, "a revocation list cannot be fetched");
                cached.map(|(_, list)| list)
            }
        }
    }
}

/// Cache files are named by a hash of the address, which may hold anything.
fn file_name(url: &Url) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, url.as_str().as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>() + ".crl"
}

fn parse(file: &[u8]) -> Option<(UnixTime, Vec<u8>)> {
    let end = file.iter().position(|b| *b == b'\n')?;
    let head = std::str::from_utf8(file.get(..end)?).ok()?;
    let fetched = head.strip_prefix(HEADER)?.parse().ok()?;
    Some((UnixTime(fetched), file.get(end + 1..)?.to_vec()))
}

/// An address by number on this machine or the local link, or the name of this machine.
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
    fn a_damaged_cache_file_is_no_list() {
        assert!(parse(b"cps-agent crl 1 12\nDER").is_some());
        for damaged in
            [&b""[..], b"cps-agent crl 2 12\nDER", b"cps-agent crl 1 x\nDER", b"cps-agent crl 1 12"]
        {
            assert!(parse(damaged).is_none());
        }
    }
}
