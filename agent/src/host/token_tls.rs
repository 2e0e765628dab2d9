//! TLS with the key of a card or soft token: the handshake's signature is made by the token.
//!
//! [`TlsToken::shown`] makes a certificate of it that any TLS client here can show: the card login's, which lives as long
//! as one login and resumes nothing, and the gateway's.

use super::{
    clock::Clock,
    fetch::{Answer, Connection},
    network::Network,
    tls::{ClientTls, Shown},
};
use cps_agent_core::{
    fetch::{Fetch, FetchFault},
    session::step::TokenFault,
};
use cps_card::{certificate::Certificate, token::Scheme};
use rustls::{
    Error, SignatureAlgorithm, SignatureScheme, SupportedProtocolVersion,
    client::ResolvesClientCert,
    sign::{CertifiedKey, Signer, SigningKey},
};
use rustls_pki_types::CertificateDer;
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::timeout;

/// Longest wait for an answer: a card needs its time to sign, and its other users theirs.
const TOTAL: Duration = Duration::from_secs(30);
/// Largest body of an answer.
const BODY: usize = 1024 * 1024;

/// Signs a message with the token's authentication key. Blocks; an ECDSA signature is `r ‖ s`.
pub type Sign = Arc<dyn Fn(Scheme, &[u8]) -> Result<Vec<u8>, TokenFault> + Send + Sync>;

/// What became of a request over the token's key.
#[derive(Debug)]
pub enum TokenAnswer {
    /// As without a token.
    Plain(Answer),
    /// The token could not sign.
    Failed(TokenFault),
}

/// The token as TLS sees it.
pub struct TlsToken {
    /// Certificate of the authentication key, then authorities above it that servers may lack.
    pub chain: Vec<Arc<Certificate>>,
    /// What the key can do, best first.
    pub schemes: Vec<Scheme>,
    /// How it is used.
    pub sign: Sign,
}

impl TlsToken {
    /// Its certificate as a client shows it, and where its faults are found.
    pub(super) fn shown(self) -> (Shown, Faults) {
        let faults = Faults::default();
        let versions = versions(&self.schemes);
        let certificate = Arc::new(Presented::new(self, faults.clone()));
        (Shown { certificate, versions, apart: true }, faults)
    }
}

/// Why the token did not sign: TLS has no words for it.
#[derive(Clone, Default)]
pub(super) struct Faults(Arc<Mutex<Option<TokenFault>>>);

impl Faults {
    /// The fault of the last handshake, once.
    pub(super) fn take(&self) -> Option<TokenFault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn note(&self, fault: TokenFault) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }
}

/// A client that presents one token's certificate, for one login. Its connection is kept for the login's next requests to
/// the same server (each new one would cost another signature) and closed with it.
pub struct TokenClient {
    network: Arc<Network>,
    clock: Arc<dyn Clock>,
    tls: ClientTls,
    faults: Faults,
    open: Option<Connection>,
}

impl TokenClient {
    /// Makes the client; nothing is sent yet.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(network: Arc<Network>, clock: Arc<dyn Clock>, token: TlsToken) -> Result<Self, FetchFault> {
        let (shown, faults) = token.shown();
        let tls = ClientTls::once(&network.anchors, shown)?;
        Ok(Self { network, clock, tls, faults, open: None })
    }

    /// Sends a request, over the connection that is open if it leads there. Given up in the middle, it leaves none.
    pub async fn fetch(&mut self, fetch: &Fetch) -> TokenAnswer {
        let open = self.open.take();
        let sent = timeout(TOTAL, async {
            let mut connection = match open {
                Some(connection) if connection.serves(&fetch.url) => connection,
                _ => Connection::open(&fetch.url, &self.network.proxies, &self.tls).await?,
            };
            let fetched = connection.send(fetch, self.clock.as_ref(), BODY).await?;
            Ok((fetched, connection))
        });
        let answer = match sent.await {
            Ok(Ok((fetched, connection))) => {
                self.open = Some(connection);
                Answer::Fetched(fetched)
            }
            Ok(Err(fault)) => Answer::Failed(fault),
            Err(_) => Answer::Failed(FetchFault::Unreachable("no answer in time".to_owned())),
        };
        self.faults.take().map_or(TokenAnswer::Plain(answer), TokenAnswer::Failed)
    }
}

/// The versions of TLS that a key can sign for. TLS 1.3 knows no PKCS#1 v1.5 for handshakes (RFC 8446 §4.2.3), so a card
/// without PSS offers TLS 1.2 alone: a server that knows both would choose 1.3, and the card could not answer there.
fn versions(schemes: &[Scheme]) -> &'static [&'static SupportedProtocolVersion] {
    static OLD: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS12];
    let modern = |scheme: &Scheme| matches!(scheme, Scheme::RsaPssSha256 | Scheme::EcdsaP256Sha256);
    if schemes.iter().any(modern) { rustls::DEFAULT_VERSIONS } else { &OLD }
}

/// Presents the token's certificate to a server that asks for one.
struct Presented {
    key: Arc<CertifiedKey>,
}

impl Presented {
    fn new(token: TlsToken, faults: Faults) -> Self {
        let chain = token.chain.iter().map(|c| CertificateDer::from(c.der().to_vec())).collect();
        let key = TokenKey { schemes: token.schemes, sign: token.sign, faults };
        Self { key: Arc::new(CertifiedKey::new(chain, Arc::new(key))) }
    }
}

impl ResolvesClientCert for Presented {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.key))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Presented(…)")
    }
}

/// A private key that stays on its token.
struct TokenKey {
    schemes: Vec<Scheme>,
    sign: Sign,
    faults: Faults,
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenKey({:?})", self.schemes)
    }
}

impl SigningKey for TokenKey {
    /// The token's preference among what the server takes.
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let (scheme, wire) =
            self.schemes.iter().map(|s| (*s, wire_scheme(*s))).find(|(_, wire)| offered.contains(wire))?;
        let (sign, faults) = (Arc::clone(&self.sign), self.faults.clone());
        Some(Box::new(TokenSigner { scheme, wire, sign, faults }))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.schemes.first() {
            Some(Scheme::EcdsaP256Sha256) => SignatureAlgorithm::ECDSA,
            _ => SignatureAlgorithm::RSA,
        }
    }
}

struct TokenSigner {
    scheme: Scheme,
    wire: SignatureScheme,
    sign: Sign,
    faults: Faults,
}

impl fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenSigner({:?})", self.scheme)
    }
}

impl Signer for TokenSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        match (self.sign)(self.scheme, message) {
            Ok(signature) if self.scheme == Scheme::EcdsaP256Sha256 => {
                ecdsa_der(&signature).ok_or_else(|| Error::General("not an ECDSA signature".to_owned()))
            }
            Ok(signature) => Ok(signature),
            Err(fault) => {
                self.faults.note(fault);
                Err(Error::General("the token did not sign".to_owned()))
            }
        }
    }

    fn scheme(&self) -> SignatureScheme {
        self.wire
    }
}

fn wire_scheme(scheme: Scheme) -> SignatureScheme {
    match scheme {
        Scheme::RsaPkcs1Sha256 => SignatureScheme::RSA_PKCS1_SHA256,
        Scheme::RsaPkcs1Sha384 => SignatureScheme::RSA_PKCS1_SHA384,
        Scheme::RsaPkcs1Sha512 => SignatureScheme::RSA_PKCS1_SHA512,
        Scheme::RsaPssSha256 => SignatureScheme::RSA_PSS_SHA256,
        Scheme::EcdsaP256Sha256 => SignatureScheme::ECDSA_NISTP256_SHA256,
    }
}

/// From `r ‖ s` to the DER form that TLS wants (RFC 3279 §2.2.3): a sequence of two positive integers.
fn ecdsa_der(signature: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = signature.split_first_chunk::<32>()?;
    let s: &[u8; 32] = s.try_into().ok()?;
    let content = [integer(r), integer(s)].concat();
    let mut der = vec![0x30, u8::try_from(content.len()).ok()?];
    der.extend_from_slice(&content);
    Some(der)
}

fn integer(big_endian: &[u8; 32]) -> Vec<u8> {
    let mut digits = big_endian.as_slice();
    while let [0, rest @ ..] = digits
        && !rest.is_empty()
    {
        digits = rest;
    }
    // A leading one bit would make it negative.
    let sign = digits.first().is_some_and(|first| *first >= 0x80);
    let mut der = vec![0x02, u8::try_from(digits.len() + usize::from(sign)).unwrap_or_default()];
    if sign {
        der.push(0);
    }
    der.extend_from_slice(digits);
    der
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ecdsa_signatures_become_der() {
        let mut raw = [0_u8; 64];
        raw[31] = 1;
        raw[32] = 0x80;
        let der = ecdsa_der(&raw).expect("64 bytes");
        assert_eq!(&der[..7], [0x30, 38, 0x02, 1, 1, 0x02, 33]);
        assert_eq!(&der[7..9], [0, 0x80]);
        assert_eq!(ecdsa_der(&[0; 64]).expect("64 bytes"), [0x30, 6, 2, 1, 0, 2, 1, 0]);
        assert!(ecdsa_der(&[0; 63]).is_none() && ecdsa_der(&[0; 65]).is_none());
    }

    #[test]
    fn a_card_without_pss_offers_tls_1_2_alone() {
        assert_eq!(versions(&[Scheme::RsaPkcs1Sha256, Scheme::RsaPkcs1Sha384]), [&rustls::version::TLS12]);
        assert!(versions(&[Scheme::RsaPkcs1Sha256, Scheme::RsaPssSha256]).contains(&&rustls::version::TLS13));
        assert!(versions(&[Scheme::EcdsaP256Sha256]).contains(&&rustls::version::TLS13));
    }

    #[test]
    fn the_scheme_is_the_tokens_first_that_the_server_takes() {
        let key = |schemes: &[Scheme]| TokenKey {
            schemes: schemes.to_vec(),
            sign: Arc::new(|_, _| Ok(Vec::new())),
            faults: Faults::default(),
        };
        let tls13 = [SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::RSA_PSS_SHA256];
        let chosen = key(&[Scheme::RsaPssSha256, Scheme::RsaPkcs1Sha256]).choose_scheme(&tls13);
        assert_eq!(chosen.expect("PSS").scheme(), SignatureScheme::RSA_PSS_SHA256);
        assert!(key(&[Scheme::RsaPkcs1Sha256]).choose_scheme(&tls13).is_none());
    }
}
