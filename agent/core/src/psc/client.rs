//! Our client at an upstream, and how it proves to be that client: the five forms of client authentication.

use super::profile::Profile;
use crate::failure::{self, Failure};
use crate::fetch::{Fetch, IfAsked};
use crate::identity::UnixTime;
use crate::jose::{Algorithm, PublicKey, SigningKey, jws};
use crate::secret::{Entropy, Secret, random_string};
use ring::rand::SecureRandom;
use serde_json::{Map, Value, json};
use url::Url;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

/// Path of our redirect URI at an upstream. The card login never fetches it: reaching it is the answer.
pub const REDIRECT_PATH: &str = "/callback";
/// `client_assertion_type` of `private_key_jwt` (RFC 7523 §2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Seconds that an assertion is good for. Keycloak takes none that is older than a minute.
const ASSERTION_LIFE: i64 = 60;
/// Random bytes in an assertion's `jti`: 128 bits.
const ASSERTION_ID: usize = 16;

/// How we prove to be the client (OpenID Connect Core §9, RFC 8705).
#[derive(Debug)]
pub enum ClientAuth {
    /// A public client: PKCE alone.
    None,
    /// `client_secret_basic`.
    SecretBasic(Secret),
    /// `client_secret_post`.
    SecretPost(Secret),
    /// `private_key_jwt`: RS256 with an RSA key, ES256 with a P-256 key.
    PrivateKeyJwt(Box<SigningKey>),
    /// `tls_client_auth`: the fetcher holds certificate and key, and shows them where [`IfAsked::Identify`] says so.
    Tls,
}

/// Our client at an upstream.
#[derive(Debug)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// Client authentication.
    pub auth: ClientAuth,
    /// `redirect_uri` of the card login, byte for byte as registered. The browser way says itself where it listens.
    pub redirect_uri: Url,
}

impl Client {
    /// The loopback redirect URI with a port (RFC 8252 §7.3); 0 leaves the port out.
    #[must_use]
    pub fn loopback_redirect(port: u16) -> Option<Url> {
        let text = match port {
            0 => format!("http://127.0.0.1{REDIRECT_PATH}"),
            port => format!("http://127.0.0.1:{port}{REDIRECT_PATH}"),
        };
        Url::parse(&text).ok()
    }
}

/// What makes a request unlike every other: the time, and random numbers.
pub struct Fresh<'a> {
    /// Our time.
    pub now: UnixTime,
    /// For identifiers.
    pub entropy: &'a mut dyn Entropy,
    /// For signatures.
    pub random: &'a dyn SecureRandom,
}

impl std::fmt::Debug for Fresh<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fresh({:?})", self.now)
    }
}

impl Profile {
    /// A form post with client authentication.
    ///
    /// # Errors
    /// [`failure::INTERNAL`] when the random source fails while an assertion is signed.
    pub(super) fn post(
        &self,
        url: Url,
        parameters: &[(&str, &str)],
        fresh: &mut Fresh<'_>,
    ) -> Result<Fetch, Failure> {
        let client = &self.client;
        let mut all = parameters.to_vec();
        Ok(match &client.auth {
            ClientAuth::None => {
                all.push(("client_id", &client.id));
                Fetch::post_form(url, &all)
            }
            ClientAuth::SecretPost(secret) => {
                all.push(("client_id", &client.id));
                all.push(("client_secret", secret.expose()));
                Fetch::post_form(url, &all)
            }
            ClientAuth::SecretBasic(secret) => {
                Fetch::post_form(url, &all).with_header("authorization", basic(&client.id, secret))
            }
            ClientAuth::PrivateKeyJwt(key) => {
                let assertion = self.assertion(key, fresh)?;
                all.push(("client_id", &client.id));
                all.push(("client_assertion_type", ASSERTION_TYPE));
                all.push(("client_assertion", assertion.expose()));
                Fetch::post_form(url, &all)
            }
            ClientAuth::Tls => {
                all.push(("client_id", &client.id));
                self.identified(Fetch::post_form(url, &all))
            }
        })
    }

    /// A request that shows our certificate where that is how the client proves itself. Tokens given to such a client are
    /// bound to the certificate (RFC 8705 §3), so UserInfo wants to see it too.
    pub(super) fn identified(&self, fetch: Fetch) -> Fetch {
        match self.client.auth {
            ClientAuth::Tls => Fetch { if_asked: IfAsked::Identify, ..fetch },
            _ => fetch,
        }
    }

    /// The assertion of `private_key_jwt` (RFC 7523 §3). Its audience is the issuer, which every provider takes and newer
    /// ones insist on.
    fn assertion(&self, key: &SigningKey, fresh: &mut Fresh<'_>) -> Result<Secret, Failure> {
        let algorithm = match key.public() {
            PublicKey::Rsa { .. } => Algorithm::Rs256,
            PublicKey::P256 { .. } => Algorithm::Es256,
        };
        let mut header = Map::new();
        header.insert("alg".to_owned(), algorithm.name().into());
        header.insert("typ".to_owned(), "JWT".into());
        header.insert("kid".to_owned(), key.kid().into());
        let claims: Value = json!({
            "iss": self.client.id,
            "sub": self.client.id,
            "aud": self.issuer,
            "jti": random_string(fresh.entropy, ASSERTION_ID),
            "iat": fresh.now.0,
            "exp": fresh.now.plus(ASSERTION_LIFE).0,
        });
        let input = jws::signing_input(&header, claims.to_string().as_bytes());
        let signature = key.sign(algorithm, input.as_bytes(), fresh.random).map_err(|_| failure::INTERNAL)?;
        Ok(Secret::new(jws::attach(input, &signature)))
    }
}

/// `Basic` with both halves form-encoded first (RFC 6749 §2.3.1).
fn basic(id: &str, secret: &Secret) -> Zeroizing<String> {
    use base64::Engine as _;
    // Encoded, a byte takes three at the most: a buffer that grew would leave copies behind.
    let room = 3 * (id.len() + secret.expose().len()) + 1;
    let mut pair = Zeroizing::new(String::with_capacity(room));
    pair.extend(byte_serialize(id.as_bytes()));
    pair.push(':');
    pair.extend(byte_serialize(secret.expose().as_bytes()));
    let encoded = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(pair.as_bytes()));
    Zeroizing::new(["Basic ", encoded.as_str()].concat())
}
