//! The promises of the provider, refusals first. This file is the house they are kept in: a provider with its clients, a
//! session table, a clock that is moved by hand, and counted entropy.

#![allow(clippy::disallowed_methods, reason = "tests play the noisy half")]

mod authorize;
mod backchannel_logout;
mod ciba;
mod client_authentication;
mod clients;
mod code;
mod disconnect;
mod exchange;
mod introspection;
mod keys;
mod logout;
mod person;
mod prompt;
mod published;
mod pushed;
mod refresh;
mod revocation;
mod session;

use super::authorize::{Approval, Authorize, Authorized, Completion};
use super::backchannel_logout::Notice;
use super::client::Source;
use super::exchange::UpstreamTokens;
use super::parameters::Parameters;
use super::registration::Registration;
use super::registry::Registry;
use super::token::{Refused, TokenRefusal, TokenRequest};
use super::{Provider, World};
use crate::identity::{Assurance, NationalId, Person, SessionId, SessionView, Sessions, UnixTime, Way};
use crate::jose::{PublicKey, SigningKey, Unverified};
use crate::secret::{Entropy, Secret};
use ring::rand::SystemRandom;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::Arc;

const ISSUER: &str = "http://127.0.0.1:24788";
const REDIRECT: &str = "http://127.0.0.1:5555/callback";
/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const START: UnixTime = UnixTime(1_800_000_000);

/// The test RSA key: made for these tests, protects nothing.
fn rsa_key() -> SigningKey {
    let (_, pem) = x509_parser::pem::parse_x509_pem(include_bytes!("rsa-for-tests.pem")).unwrap();
    SigningKey::rsa(&pem.contents).unwrap()
}

fn p256_key() -> SigningKey {
    let random = SystemRandom::new();
    SigningKey::p256(&SigningKey::generate_p256(&random).unwrap(), &random).unwrap()
}

/// Entropy that never repeats and can be foreseen.
struct Counter(u64);

impl Entropy for Counter {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            self.0 += 1;
            let next = ring::digest::digest(&ring::digest::SHA256, &self.0.to_be_bytes());
            chunk.copy_from_slice(&next.as_ref()[..chunk.len()]);
        }
    }
}

#[derive(Default)]
struct Table(Vec<SessionView>);

impl Sessions for Table {
    fn session(&self, sid: &SessionId) -> Option<SessionView> {
        self.0.iter().find(|session| session.sid == *sid).cloned()
    }
}

fn person() -> Person {
    let claims = json!({
        "sub": "f:uuid:899700000001", "acr": "forged", "exp": 1, "iss": "https://elsewhere.example",
        "SubjectNameID": "899700000001", "given_name": "CAMILLE", "family_name": "MARTIN",
        "email": "camille@example.invalid",
        "SubjectRefPro": {"exercices": [
            {"codeProfession": "10", "codeSavoirFaire": "SM26", "activities": [
                {"raisonSocialeSite": "CABINET MARTIN"}, {"raisonSocialeSite": "CHU DE TEST"}
            ]},
            {"codeProfession": "60", "activities": []},
            {"codeProfession": "60", "activities": []}
        ]}
    });
    Person {
        id: NationalId("899700000001".into()),
        aliases: vec![NationalId("899700000001".into())],
        given_name: Some("CAMILLE".into()),
        family_name: Some("MARTIN".into()),
        claims: claims.as_object().unwrap().clone(),
    }
}

fn session(sid: &str, auth_time: UnixTime) -> SessionView {
    SessionView {
        sid: SessionId(sid.into()),
        person: Arc::new(person()),
        assurance: Assurance {
            way: Way::Card,
            acr: "eidas1".into(),
            amr: vec!["sc".into(), "pin".into(), "mfa".into(), "hwk".into()],
            auth_time,
            idp: Some("https://upstream.example".into()),
            psc_auth_mode: Some("CARD".into()),
            credential: None,
        },
        locked: false,
        expires: auth_time.plus(4 * 3600),
    }
}

/// The world of a house.
macro_rules! world {
    ($house:expr) => {
        World {
            now: $house.now,
            sessions: &$house.sessions,
            entropy: &mut $house.entropy,
            random: &$house.random,
            upstream: &$house.upstream,
            levels: &|_: &[Way], acr: &str| $house.reachable.contains(&acr),
        }
    };
}

use world;

/// The upstream's tokens of all sessions: an access token with its end, and an ID token.
#[derive(Default)]
struct Upstream {
    access: Option<(Secret, UnixTime)>,
    id_token: Option<Secret>,
}

impl UpstreamTokens for Upstream {
    fn access_token(&self, _: &SessionId, now: UnixTime) -> Option<(&Secret, UnixTime)> {
        self.access.as_ref().filter(|(_, end)| now < *end).map(|(token, end)| (token, *end))
    }

    fn id_token(&self, _: &SessionId) -> Option<&Secret> {
        self.id_token.as_ref()
    }
}

/// A provider with everything around it.
struct House {
    provider: Provider,
    sessions: Table,
    upstream: Upstream,
    /// What a new login could reach.
    reachable: Vec<&'static str>,
    now: UnixTime,
    entropy: Counter,
    random: SystemRandom,
    secrets: HashMap<String, String>,
}

impl House {
    /// A house with the public ES256 client `dpi`, the secret clients `basic` and `post`, and no session.
    fn new() -> Self {
        let provider = Provider::new(ISSUER.into(), Registry::default(), p256_key()).unwrap();
        let mut house = Self {
            provider,
            sessions: Table::default(),
            upstream: Upstream::default(),
            reachable: Vec::new(),
            now: START,
            entropy: Counter(0),
            random: SystemRandom::new(),
            secrets: HashMap::new(),
        };
        house.add(json!({"id": "dpi"}));
        house.add(json!({"id": "basic", "client_auth": "client_secret_basic", "pkce": "optional"}));
        house.add(json!({"id": "post", "client_auth": "client_secret_post"}));
        house
    }

    /// A house in which the person is logged in.
    fn logged_in() -> Self {
        let mut house = Self::new();
        house.sessions.0.push(session("s1", START));
        house.now = START.plus(10);
        house
    }

    /// Registers a client; what is not said is an ES256 client of [`REDIRECT`].
    fn add(&mut self, registration: Value) {
        let mut all = json!({"redirect_uris": [REDIRECT], "id_token_alg": "ES256"});
        all.as_object_mut().unwrap().extend(registration.as_object().unwrap().clone());
        let registration: Registration = serde_json::from_value(all).unwrap();
        let registered = self.provider.add_client(registration, &mut self.entropy).unwrap();
        if let Some(secret) = registered.secret {
            self.secrets.insert(registered.client.id().to_owned(), secret.expose().to_owned());
        }
    }

    /// An authorization request of `dpi` with these parameters changed (empty means absent) or added.
    fn authorize(&mut self, changes: &[(&str, &str)]) -> Authorized {
        self.authorize_exactly(request(changes))
    }

    fn authorize_exactly(&mut self, parameters: Parameters) -> Authorized {
        let current = self.sessions.0.last().cloned();
        let mut world = world!(self);
        self.provider.authorize(&mut world, &parameters, current.as_ref())
    }

    /// The code of an immediate answer.
    fn code(&mut self, changes: &[(&str, &str)]) -> String {
        sent(&self.authorize(changes).answer)["code"].clone()
    }

    /// The transaction of a request that has to wait.
    fn waits(&mut self, changes: &[(&str, &str)]) -> String {
        match self.authorize(changes).answer {
            Authorize::Login(id) => id,
            other => panic!("{other:?}"),
        }
    }

    fn complete(&mut self, transaction: &str, approval: Approval) -> Completion {
        let current = self.sessions.0.last().cloned().unwrap();
        let mut world = world!(self);
        self.provider.complete(&mut world, transaction, &current, approval)
    }

    fn token_request(&mut self, request: &TokenRequest) -> Result<Map<String, Value>, Refused> {
        let mut world = world!(self);
        let granted = self.provider.token(&mut world, request)?;
        let Value::Object(answer) = serde_json::from_str(granted.response.0.expose()).unwrap() else {
            panic!("not an object");
        };
        Ok(answer)
    }

    fn token(&mut self, parameters: &[(&str, &str)]) -> Result<Map<String, Value>, TokenRefusal> {
        let request = TokenRequest { parameters: pairs(parameters), authorization: None };
        self.token_request(&request).map_err(|refused| refused.refusal)
    }

    /// Redeems a code as `dpi` with these parameters changed or added.
    fn redeem(&mut self, code: &str, changes: &[(&str, &str)]) -> Result<Map<String, Value>, TokenRefusal> {
        let usual = [
            ("grant_type", "authorization_code"),
            ("client_id", "dpi"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        let all = changed(&usual, changes);
        self.token_request(&TokenRequest { parameters: all, authorization: None }).map_err(|r| r.refusal)
    }

    fn refresh(&mut self, token: &str) -> Result<Map<String, Value>, TokenRefusal> {
        self.token(&[("grant_type", "refresh_token"), ("client_id", "dpi"), ("refresh_token", token)])
    }

    /// A whole login of `dpi`: the token endpoint's answer.
    fn tokens(&mut self) -> Map<String, Value> {
        let code = self.code(&[]);
        self.redeem(&code, &[]).unwrap()
    }

    fn userinfo(&self, token: &str) -> Result<Map<String, Value>, super::token::BearerError> {
        self.provider.userinfo(&self.sessions, &self.upstream, token, self.now)
    }

    fn lock(&mut self, locked: bool) {
        self.sessions.0.iter_mut().for_each(|session| session.locked = locked);
    }

    fn end_session(&mut self) -> Vec<Notice> {
        let sid = self.sessions.0.pop().unwrap().sid;
        self.provider.end_session(&sid, self.now, &mut self.entropy, &self.random)
    }

    /// The claims of an ID token, after checking it against the published keys as a client does.
    fn claims(&self, id_token: &Value) -> Map<String, Value> {
        let compact = id_token.as_str().unwrap();
        let allowed = [crate::jose::Algorithm::Es256, crate::jose::Algorithm::Rs256];
        let parsed = Unverified::parse(compact, &allowed).unwrap();
        let jwks: Value = serde_json::from_str(&self.provider.jwks()).unwrap();
        let kid = Value::from(parsed.key_id().unwrap());
        let jwk = jwks["keys"].as_array().unwrap().iter().find(|jwk| jwk["kid"] == kid).unwrap();
        assert_eq!(jwk["alg"], parsed.algorithm().name());
        let key = PublicKey::from_jwk(jwk.as_object().unwrap()).unwrap();
        parsed.verify(&key).unwrap()
    }
}

fn pairs(parameters: &[(&str, &str)]) -> Parameters {
    Parameters(parameters.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
}

fn changed(usual: &[(&str, &str)], changes: &[(&str, &str)]) -> Parameters {
    let mut all: Vec<(&str, &str)> = usual.to_vec();
    for (name, value) in changes {
        match all.iter_mut().find(|(n, _)| n == name) {
            Some(place) => place.1 = value,
            None => all.push((name, value)),
        }
    }
    pairs(&all)
}

fn request(changes: &[(&str, &str)]) -> Parameters {
    let usual = [
        ("client_id", "dpi"),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", "openid profile"),
        ("state", "a state"),
        ("nonce", "a nonce"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    changed(&usual, changes)
}

/// What is sent back to the client's redirect URI.
fn sent(answer: &Authorize) -> HashMap<String, String> {
    match answer {
        Authorize::Redirect(location) => query(location),
        other => panic!("no redirect: {other:?}"),
    }
}

fn query(location: &str) -> HashMap<String, String> {
    url::Url::parse(location).unwrap().query_pairs().into_owned().collect()
}

fn text<'a>(answer: &'a Map<String, Value>, name: &str) -> &'a str {
    answer[name].as_str().unwrap()
}

fn basic(id: &str, secret: &str) -> Secret {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
    Secret::new(format!("Basic {text}"))
}
