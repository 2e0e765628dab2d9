//! What applications say to the provider: authorization and token requests, with a person logged in.

use crate::upstream::NOW;
use cps_agent_core::{
    identity::{Assurance, NationalId, Person, SessionId, SessionView, Sessions, UnixTime, Way},
    jose::SigningKey,
    oidc::{
        Provider, World, authorize::Authorize, exchange::UpstreamTokens, logout::Logout,
        parameters::Parameters, registry::Registry, token::TokenRequest,
    },
    secret::{Entropy, Secret},
};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::{Map, Value, json};
use std::sync::{Arc, LazyLock};
use zeroize::Zeroizing;

const ISSUER: &str = "http://127.0.0.1:24788";
const REDIRECTS: [&str; 2] = ["http://127.0.0.1/callback", "https://dpi.example.invalid/callback"];
/// RFC 7636 appendix B.
const REQUEST: &str = "client_id=dpi&redirect_uri=http%3A%2F%2F127.0.0.1%3A5555%2Fcallback&response_type=code\
    &scope=openid%20profile&state=a&nonce=b&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
const REDEMPTION: &str = "grant_type=authorization_code&client_id=dpi&code=CODE&redirect_uri=http%3A%2F%2F127.0.0.1%3A5555%2Fcallback\
    &code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// Random numbers of the system, as the agent has them.
struct System(SystemRandom);

impl Entropy for System {
    fn fill(&mut self, bytes: &mut [u8]) {
        let _ = self.0.fill(bytes);
    }
}

/// One person, logged in by card.
struct OnePerson(SessionView);

impl Sessions for OnePerson {
    fn session(&self, sid: &SessionId) -> Option<SessionView> {
        (*sid == self.0.sid).then(|| self.0.clone())
    }
}

/// There is nothing of the upstream to give away.
impl UpstreamTokens for OnePerson {
    fn access_token(&self, _: &SessionId, _: UnixTime) -> Option<(&Secret, UnixTime)> {
        None
    }

    fn id_token(&self, _: &SessionId) -> Option<&Secret> {
        None
    }
}

fn world<'a>(person: &'a OnePerson, entropy: &'a mut System, random: &'a SystemRandom) -> World<'a> {
    World { now: NOW, sessions: person, entropy, random, upstream: person, levels: &|_, _| true }
}

static KEY: LazyLock<Option<Zeroizing<Vec<u8>>>> =
    LazyLock::new(|| SigningKey::generate_p256(&SystemRandom::new()).ok());

/// A provider with a public client `dpi`, a confidential one `basic`, and a person.
struct House {
    provider: Provider,
    person: OnePerson,
    entropy: System,
    random: SystemRandom,
    secret: String,
}

impl House {
    fn new() -> Option<Self> {
        let random = SystemRandom::new();
        let key = SigningKey::p256(KEY.as_ref()?, &random).ok()?;
        let mut provider = Provider::new(ISSUER.to_owned(), Registry::default(), key).ok()?;
        let mut entropy = System(random.clone());
        let mut secret = None;
        for (id, method) in [("dpi", "none"), ("basic", "client_secret_basic")] {
            let registration = json!({
                "id": id, "redirect_uris": REDIRECTS, "id_token_alg": "ES256", "client_auth": method,
                "post_logout_redirect_uris": ["http://127.0.0.1/bye"],
            });
            let registered =
                provider.add_client(serde_json::from_value(registration).ok()?, &mut entropy).ok()?;
            secret = registered.secret;
        }
        let id = NationalId("899700990015".to_owned());
        let person = Person {
            aliases: vec![id.clone()],
            id,
            given_name: Some("CAMILLE".to_owned()),
            family_name: Some("EXEMPLE".to_owned()),
            claims: Map::new(),
        };
        let assurance = Assurance {
            way: Way::Card,
            acr: "eidas1".to_owned(),
            amr: vec!["sc".to_owned(), "pin".to_owned()],
            auth_time: NOW,
            idp: Some(crate::upstream::ISSUER.to_owned()),
            psc_auth_mode: Some("CARD".to_owned()),
            credential: None,
        };
        let person = OnePerson(SessionView {
            sid: SessionId("s1".to_owned()),
            person: Arc::new(person),
            assurance,
            locked: false,
            expires: NOW.plus(4 * 3600),
        });
        Some(Self { provider, person, entropy, random, secret: secret?.expose().to_owned() })
    }

    fn authorize(&mut self, parameters: &Parameters) -> Authorize {
        let mut world = world(&self.person, &mut self.entropy, &self.random);
        self.provider.authorize(&mut world, parameters, Some(&self.person.0)).answer
    }

    fn token(&mut self, form: &str, authorization: Option<Secret>) -> Option<Map<String, Value>> {
        self.answer(&TokenRequest { parameters: Parameters::parse(form).ok()?, authorization })
    }

    /// The credentials of the confidential client, as its header has them.
    fn basic(&self) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(format!("basic:{}", self.secret))
    }

    fn answer(&mut self, request: &TokenRequest) -> Option<Map<String, Value>> {
        let mut world = world(&self.person, &mut self.entropy, &self.random);
        let granted = self.provider.token(&mut world, request).ok()?;
        serde_json::from_str(granted.response.0.expose()).ok()
    }

    /// A code of the client `dpi`.
    fn code(&mut self) -> Option<String> {
        match self.authorize(&Parameters::parse(REQUEST).ok()?) {
            Authorize::Redirect(location) => {
                let (_, rest) = location.split_once("code=")?;
                rest.split('&').next().map(str::to_owned)
            }
            _ => None,
        }
    }
}

/// The query of an authorization request: whatever it says, the browser goes to an address of the registration, to the
/// login page, or nowhere.
#[allow(clippy::panic, reason = "libFuzzer takes a panic for a finding")]
pub fn authorization(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(parameters) = Parameters::parse(text) else { return false };
    let Some(mut house) = House::new() else { return false };
    match house.authorize(&parameters) {
        Authorize::Redirect(location) => {
            let loopback = location
                .strip_prefix("http://127.0.0.1")
                .map(|rest| rest.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit()))
                .is_some_and(|rest| rest.starts_with("/callback?"));
            let exact = location.starts_with("https://dpi.example.invalid/callback?");
            assert!(loopback || exact, "an open redirect: {location}");
            assert!(!location.contains(['\r', '\n', ' ']), "a header can be split: {location}");
            location.contains("code=")
        }
        Authorize::Login(id) => {
            assert!(id.len() >= 22, "a page that can be guessed");
            false
        }
        Authorize::Refuse(_) => false,
    }
}

/// What a request is made of: first line the `Authorization` header (empty for none), then the form. `CODE`, `ACCESS`,
/// `REFRESH`, `IDTOKEN` and `SECRET` stand for what a real application would hold.
fn spelled_out(house: &mut House, data: &[u8]) -> Option<(TokenRequest, bool)> {
    let (header, form) = std::str::from_utf8(data).ok()?.split_once('\n')?;
    let code = house.code()?;
    let mut all = form.replace("SECRET", &house.secret);
    let tokens = [("ACCESS", "access_token"), ("REFRESH", "refresh_token"), ("IDTOKEN", "id_token")];
    let holds = tokens.iter().any(|(word, _)| form.contains(word));
    if holds {
        let held = house.token(&REDEMPTION.replace("CODE", &code), None)?;
        for (word, name) in tokens {
            all = all.replace(word, held.get(name).and_then(Value::as_str).unwrap_or_default());
        }
    }
    let request = TokenRequest {
        parameters: Parameters::parse(&all.replace("CODE", &code)).ok()?,
        authorization: (!header.is_empty()).then(|| Secret::new(header.replace("SECRET", &house.basic()))),
    };
    Some((request, holds || form.contains("CODE")))
}

/// A token request: without a code or a refresh token nobody gets anything.
#[allow(clippy::panic, reason = "libFuzzer takes a panic for a finding")]
pub fn token(data: &[u8]) -> bool {
    let Some(mut house) = House::new() else { return false };
    let Some((request, entitled)) = spelled_out(&mut house, data) else { return false };
    let answered = house.answer(&request).is_some();
    assert!(entitled || !answered, "a token for nothing");
    answered
}

/// The same request at every other endpoint: nobody learns of a token they do not hold, no logout leads astray.
#[allow(clippy::panic, reason = "libFuzzer takes a panic for a finding")]
pub fn endpoints(data: &[u8]) -> bool {
    let Some(mut house) = House::new() else { return false };
    let Some((request, entitled)) = spelled_out(&mut house, data) else { return false };
    let House { provider, person, entropy, random, .. } = &mut house;
    let mut world = world(person, entropy, random);
    let pushed = provider.push(&mut world, &request).is_ok();
    let asked = provider.backchannel(&mut world, &request, Some(&person.0)).is_ok();
    let told = provider.introspect(&world, &request);
    let active = told.is_ok_and(|told| told.get("active") == Some(&Value::Bool(true)));
    assert!(entitled || !active, "a token that nobody holds is active");
    if let Logout::End { leave: Some(leave), .. } | Logout::Over { leave: Some(leave) } =
        provider.logout(&mut world, &request.parameters, Some(&person.0))
    {
        let rest = leave.strip_prefix("http://127.0.0.1").unwrap_or_default();
        let rest = rest.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit());
        assert!(rest == "/bye" || rest.starts_with("/bye?"), "a logout leads astray: {leave}");
    }
    let revoked = provider.revoke(&world, &request).is_ok();
    pushed || asked || active || revoked
}
