//! An upstream as a script: it answers fetches with real signatures, and every answer can be spoilt.

use super::authority::random;
use super::{Counted, NOW};
use crate::audit;
use crate::failure::Failure;
use crate::fetch::{Fetch, FetchFault, Fetched, IfAsked};
use crate::identity::UnixTime;
use crate::jose::{self, Algorithm, SigningKey};
use crate::psc::client::{Client, ClientAuth, Fresh};
use crate::psc::profile::{Custom, Profile};
use crate::secret::{Secret, SecretHash};
use crate::session::login::{Login, Outcome, Settings, Shows, Step};
use crate::session::step::{Action, Event, Purpose, TokenFault, TokenSeen};
use crate::trust::Evidence;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::authority::{Card, DOCTOR};

pub(crate) const ISSUER: &str = "https://idp.test.invalid/realm";
pub(crate) const CLIENT: &str = "agent";
const SUB: &str = "f:00000000-1111-4222-8333-444444444444:899700990015";
const KEYS: [&str; 2] = [
    include_str!("../../../../tests/sandbox/keys/upstream-signing-1.pem"),
    include_str!("../../../../tests/sandbox/keys/upstream-signing-2.pem"),
];

/// The profile of the script: a realm, and a card page on another host.
pub(crate) fn profile() -> Profile {
    Profile::custom(custom(), client()).unwrap()
}

pub(crate) fn client() -> Client {
    Client {
        id: CLIENT.into(),
        auth: ClientAuth::SecretBasic(Secret::new("s3cret".into())),
        redirect_uri: Client::loopback_redirect(0).unwrap(),
    }
}

pub(crate) fn custom() -> Custom {
    Custom {
        issuer: ISSUER.into(),
        discovery: "wallet-openid-configuration".into(),
        hosts: vec!["card.test.invalid:8443".into()],
        scope: "openid scope_all".into(),
        acr_values: "eidas1".into(),
        accepted_acr: None,
        algorithms: None,
        ciba: false,
        card_login: true,
        idp_hint: None,
    }
}

pub(crate) fn signing_key(which: usize) -> SigningKey {
    let pem = x509_parser::pem::Pem::iter_from_buffer(KEYS[which].as_bytes()).next().unwrap().unwrap();
    SigningKey::rsa(&pem.contents).unwrap()
}

pub(crate) fn jwk_of(key: &SigningKey, kid: &str) -> Value {
    let mut jwk = key.public().to_jwk();
    jwk.insert("kid".into(), kid.into());
    jwk.insert("use".into(), "sig".into());
    Value::Object(jwk)
}

/// Puts, or with null takes away, members.
pub(crate) fn edit(object: &mut Map<String, Value>, edits: &[(&str, Value)]) {
    for (name, value) in edits {
        match value {
            Value::Null => object.remove(*name),
            value => object.insert((*name).to_owned(), value.clone()),
        };
    }
}

/// An answer with a JSON body.
pub(crate) fn json_answer(status: u16, body: &Value) -> Fetched {
    Fetched { status, headers: Vec::new(), body: body.to_string().into_bytes().into(), received: NOW }
}

/// A redirect.
pub(crate) fn redirect(to: &str) -> Fetched {
    Fetched {
        status: 302,
        headers: vec![("location".into(), to.into())],
        body: Vec::new().into(),
        received: NOW,
    }
}

/// The upstream. Its fields spoil its answers.
pub(crate) struct Provider {
    pub(crate) discovery: Vec<(&'static str, Value)>,
    pub(crate) answer_query: Vec<(&'static str, Option<&'static str>)>,
    pub(crate) token: Vec<(&'static str, Value)>,
    pub(crate) header: Vec<(&'static str, Value)>,
    pub(crate) claims: Vec<(&'static str, Value)>,
    pub(crate) userinfo: Vec<(&'static str, Value)>,
    pub(crate) keys: Value,
    pub(crate) break_signature: bool,
    /// Answers that replace the good ones, by path.
    pub(crate) instead: BTreeMap<&'static str, VecDeque<Event>>,
    pub(crate) date: Option<&'static str>,
    /// What the acknowledgement of a request to a phone says differently.
    pub(crate) acknowledgement: Vec<(&'static str, Value)>,
    /// Answers to polls before the good one.
    pub(crate) polls: VecDeque<Event>,
    request: BTreeMap<String, String>,
}

impl Default for Provider {
    fn default() -> Self {
        Self {
            discovery: Vec::new(),
            answer_query: Vec::new(),
            token: Vec::new(),
            header: Vec::new(),
            claims: Vec::new(),
            userinfo: Vec::new(),
            keys: json!({"keys": [jwk_of(&signing_key(0), "one")]}),
            break_signature: false,
            instead: BTreeMap::new(),
            date: None,
            acknowledgement: Vec::new(),
            polls: VecDeque::new(),
            request: BTreeMap::new(),
        }
    }
}

impl Provider {
    /// Answers one request, over a connection with the card or without.
    pub(crate) fn answer(&mut self, fetch: &Fetch, with_card: bool) -> Event {
        let path = fetch.url.path().to_owned();
        if let Some(event) = self.instead.get_mut(path.as_str()).and_then(VecDeque::pop_front) {
            return event;
        }
        let header =
            |name: &str| fetch.headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str());
        let mut answer = match path.as_str() {
            "/realm/.well-known/wallet-openid-configuration" => json_answer(200, &self.document()),
            "/realm/auth" => {
                self.request = fetch.url.query_pairs().into_owned().collect();
                let mut answer = redirect("https://card.test.invalid:8443/card?step=1");
                answer.headers.push(("set-cookie".into(), "flow=abc; Path=/realm; Secure; HttpOnly".into()));
                answer
            }
            "/card" if !with_card => {
                assert_eq!(fetch.if_asked, IfAsked::Report);
                return Event::CertificateRequested { host: "card.test.invalid".into() };
            }
            "/card" => {
                assert_eq!(header("cookie"), None, "a cookie must not leave its host");
                redirect(&format!("{ISSUER}/return"))
            }
            "/realm/return" => {
                assert_eq!(header("cookie"), Some("flow=abc"));
                redirect(&self.arrival())
            }
            "/realm/ciba" => {
                assert_eq!(header("authorization"), Some("Basic YWdlbnQ6czNjcmV0"));
                self.request = form(fetch);
                let mut body = json!({"auth_req_id": "req-1", "expires_in": 120, "interval": 5});
                edit(body.as_object_mut().unwrap(), &self.acknowledgement);
                json_answer(200, &body)
            }
            "/realm/token" if form(fetch)["grant_type"].ends_with(":ciba") => {
                assert_eq!(form(fetch)["auth_req_id"], "req-1");
                match self.polls.pop_front() {
                    Some(event) => return event,
                    None => self.tokens(fetch, header("authorization")),
                }
            }
            "/realm/token" => {
                self.check_code(fetch);
                self.tokens(fetch, header("authorization"))
            }
            "/realm/certs" => json_answer(200, &self.keys),
            "/realm/userinfo" => {
                assert_eq!(header("authorization"), Some("Bearer access-1"));
                json_answer(200, &Value::Object(self.info()))
            }
            other => panic!("the script has no {other}"),
        };
        if let Some(date) = self.date {
            answer.headers.push(("date".into(), date.into()));
        }
        Event::Fetched(answer)
    }

    fn document(&self) -> Value {
        let mut document = json!({
            "issuer": ISSUER,
            "authorization_endpoint": format!("{ISSUER}/auth"),
            "token_endpoint": format!("{ISSUER}/token"),
            "userinfo_endpoint": format!("{ISSUER}/userinfo"),
            "jwks_uri": format!("{ISSUER}/certs"),
            "end_session_endpoint": format!("{ISSUER}/logout"),
            "revocation_endpoint": format!("{ISSUER}/revoke"),
            "backchannel_authentication_endpoint": format!("{ISSUER}/ciba"),
            "authorization_response_iss_parameter_supported": true,
        });
        edit(document.as_object_mut().unwrap(), &self.discovery);
        document
    }

    /// Our redirect URI with the answer.
    fn arrival(&self) -> String {
        let mut query: BTreeMap<&str, String> = BTreeMap::from([
            ("code", "code-1".to_owned()),
            ("state", self.request["state"].clone()),
            ("iss", ISSUER.to_owned()),
        ]);
        for (name, value) in &self.answer_query {
            match value {
                Some(value) => query.insert(name, (*value).to_owned()),
                None => query.remove(name),
            };
        }
        let mut url = url::Url::parse(&self.request["redirect_uri"]).unwrap();
        url.query_pairs_mut().extend_pairs(query);
        url.into()
    }

    /// Plays the browser: whoever logs in comes back with this query.
    pub(crate) fn browse(&mut self, address: &url::Url) -> String {
        self.request = address.query_pairs().into_owned().collect();
        url::Url::parse(&self.arrival()).unwrap().query().unwrap().to_owned()
    }

    fn check_code(&self, fetch: &Fetch) {
        let form = form(fetch);
        assert_eq!(form["code"], "code-1");
        let digest = ring::digest::digest(&ring::digest::SHA256, form["code_verifier"].as_bytes());
        assert_eq!(jose::encode(digest.as_ref()), self.request["code_challenge"]);
        assert_eq!(form["redirect_uri"], self.request["redirect_uri"]);
    }

    fn tokens(&self, _: &Fetch, authorization: Option<&str>) -> Fetched {
        assert_eq!(authorization, Some("Basic YWdlbnQ6czNjcmV0"));
        let mut body = json!({
            "access_token": "access-1", "token_type": "Bearer", "expires_in": 120,
            "refresh_token": "refresh-1", "refresh_expires_in": 1800, "id_token": self.id_token(),
        });
        edit(body.as_object_mut().unwrap(), &self.token);
        json_answer(200, &body)
    }

    fn id_token(&self) -> String {
        let mut header = json!({"alg": "RS256", "typ": "JWT", "kid": "one"});
        edit(header.as_object_mut().unwrap(), &self.header);
        let hash = ring::digest::digest(&ring::digest::SHA256, b"access-1");
        let mut claims = json!({
            "iss": ISSUER, "aud": CLIENT, "azp": CLIENT, "sub": SUB,
            "iat": NOW.0, "exp": NOW.0 + 120, "auth_time": NOW.0 - 50,
            "nonce": self.request.get("nonce"), "at_hash": jose::encode(&hash.as_ref()[..16]),
            "acr": "eidas1", "authMode": self.mode(), "SubjectNameID": DOCTOR,
        });
        edit(claims.as_object_mut().unwrap(), &self.claims);
        let header = jose::encode(header.to_string().as_bytes());
        let mut token = signing_key(0)
            .compact(Algorithm::Rs256, &header, claims.to_string().as_bytes(), &random())
            .unwrap();
        if self.break_signature {
            let at = token.len() - 20;
            let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
            token.replace_range(at..=at, other);
        }
        token
    }

    /// The means that was asked for; the card where nobody asks for one.
    fn mode(&self) -> &str {
        self.request.get("channel").map_or("CARD", String::as_str)
    }

    fn info(&self) -> Map<String, Value> {
        let mut info = json!({
            "sub": SUB, "SubjectNameID": DOCTOR, "preferred_username": DOCTOR,
            "given_name": "CAMILLE", "family_name": "EXEMPLE0099001", "authMode": self.mode(),
            "otherIds": [{"identifiant": DOCTOR, "origine": "RPPS", "qualite": 1}],
            "SubjectRole": ["10^1.2.250.1.213.1.1.5.5"],
            "SubjectRefPro": {"exercices": [{"codeProfession": "10", "activities": [{"codeModeExercice": "L"}]}]},
        });
        edit(info.as_object_mut().unwrap(), &self.userinfo);
        info.as_object().unwrap().clone()
    }
}

fn form(fetch: &Fetch) -> BTreeMap<String, String> {
    let form = fetch.form.as_ref().unwrap().expose();
    url::form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

/// A person, a card and an upstream, played by hand.
pub(crate) struct Play<'a> {
    pub(crate) card: &'a Card,
    pub(crate) provider: Provider,
    /// Answers to PIN prompts, in order; after the last, PINs are given.
    pub(crate) prompts: VecDeque<Event>,
    /// What the card makes of the PIN, in order; after the last, it is right.
    pub(crate) pins: VecDeque<TokenFault>,
    /// What signed while the browser was away.
    pub(crate) signed: Vec<TokenSeen>,
    /// Revocation lists.
    pub(crate) lists: Vec<Vec<u8>>,
    /// What is said in place of the answer to the n-th action.
    pub(crate) interruption: Option<(usize, fn() -> Event)>,
    /// The actions, in words.
    pub(crate) trace: Vec<String>,
    pub(crate) notes: Vec<audit::Event>,
    /// What was shown to the person, when it changed.
    pub(crate) shown: Vec<Shows>,
    /// Seconds that the login waited by itself.
    pub(crate) waited: i64,
}

impl<'a> Play<'a> {
    pub(crate) fn new(card: &'a Card) -> Self {
        Self {
            card,
            provider: Provider::default(),
            prompts: VecDeque::new(),
            pins: VecDeque::new(),
            signed: Vec::new(),
            lists: Vec::new(),
            interruption: None,
            trace: Vec::new(),
            notes: Vec::new(),
            shown: Vec::new(),
            waited: 0,
        }
    }

    /// Plays a login to its end.
    pub(crate) fn run(&mut self, purpose: Purpose, settings: &Arc<Settings>) -> Result<Outcome, Failure> {
        self.run_at(purpose, settings, NOW)
    }

    pub(crate) fn run_at(
        &mut self,
        purpose: Purpose,
        settings: &Arc<Settings>,
        now: UnixTime,
    ) -> Result<Outcome, Failure> {
        let mut entropy = Counted::default();
        let mut step = Login::start(purpose, Arc::clone(settings), &mut self.notes);
        loop {
            let (login, action) = match step {
                Step::Next(login, action) => (login, action),
                Step::Done(outcome) => return Ok(*outcome),
                Step::Failed(failure) => return Err(failure),
            };
            if let Some(shows) = login.shows()
                && self.shown.last() != Some(&shows)
            {
                self.shown.push(shows);
            }
            let number = self.trace.len();
            assert!(number < 100, "the login does not end");
            let event = self.carry_out(&action);
            let event = match self.interruption {
                Some((at, event)) if at == number => event(),
                _ => event,
            };
            let fresh = Fresh { now: now.plus(self.waited), entropy: &mut entropy, random: &random() };
            step = login.on(event, fresh, &mut self.notes);
        }
    }

    fn carry_out(&mut self, action: &Action) -> Event {
        let (word, event) = match action {
            Action::FindToken(_) => ("token".to_owned(), Event::Token(self.card.seen())),
            Action::Fetch(fetch) => (fetch.url.path().to_owned(), self.provider.answer(fetch, false)),
            Action::FetchWithToken { fetch, serial } => {
                assert_eq!(serial, self.card.plan.serial);
                let event = match self.pins.pop_front() {
                    Some(fault) => Event::TokenFailed(fault),
                    None => self.provider.answer(fetch, true),
                };
                (format!("{} with the card", fetch.url.path()), event)
            }
            Action::AskPin { previous, .. } => {
                let word = previous.as_ref().map_or("pin".to_owned(), |fault| format!("pin after {fault:?}"));
                (word, self.prompts.pop_front().unwrap_or(Event::PinGiven))
            }
            Action::Sign { scheme, message, .. } => {
                let event = match self.pins.pop_front() {
                    Some(fault) => Event::TokenFailed(fault),
                    None => Event::Signed(self.card.sign(*scheme, message)),
                };
                ("sign".to_owned(), event)
            }
            Action::Listen => {
                ("listen".to_owned(), Event::Listening("http://127.0.0.1:4444/callback".parse().unwrap()))
            }
            Action::Browse { address, state } => {
                let query = self.provider.browse(address);
                let (_, own) = address.query_pairs().find(|(name, _)| name == "state").unwrap();
                assert_eq!(*state, SecretHash::of(&own));
                let signed = self.signed.clone();
                ("browse".to_owned(), Event::Returned { query: Secret::new(query), signed })
            }
            Action::Ring { fetch, identifier } => {
                (format!("ring {}", identifier.0), self.provider.answer(fetch, false))
            }
            Action::Wait(seconds) => {
                self.waited += seconds;
                (format!("wait {seconds}"), Event::Waited)
            }
            Action::Revocation { .. } => (
                "revocation".to_owned(),
                Event::Revocation(Evidence { lists: self.lists.clone(), answers: Vec::new() }),
            ),
        };
        self.trace.push(word);
        event
    }
}

/// No connection.
pub(crate) fn unreachable() -> Event {
    Event::FetchFailed(FetchFault::Unreachable("refused".into()))
}
