//! The relying party of the suite: a confidential client without PKCE, `state` and `nonce` in its hands, that checks what it
//! gets against the published keys.

use crate::provider::{PATIENCE, Provider, body, form, json};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use cps_agent_api::words;
use hyper::Response;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::Value;
use std::{collections::HashMap, time::Instant};
use url::Url;

/// Nobody listens there: the test takes the address and never opens it.
pub const REDIRECT: &str = "https://rp.example.invalid/callback";
/// Where the browser goes after a logout.
pub const BYE: &str = "https://rp.example.invalid/bye";

/// A registered client.
pub struct Party<'a> {
    pub op: &'a Provider,
    pub id: String,
    pub secret: String,
}

/// Where an authorization request leads.
#[derive(Debug)]
pub enum Lead {
    /// Back to the client, with these members.
    Back(HashMap<String, String>),
    /// To a page that stays: the person is asked, or told something.
    Page { status: u16, address: Url, text: String },
}

impl Lead {
    /// The members that went back.
    pub fn back(self) -> HashMap<String, String> {
        match self {
            Self::Back(members) => members,
            Self::Page { status, text, .. } => panic!("no way back but a page ({status}): {text}"),
        }
    }

    /// The page that stays.
    pub fn page(self) -> (u16, Url, String) {
        match self {
            Self::Page { status, address, text } => (status, address, text),
            Self::Back(members) => panic!("no page but the way back: {members:?}"),
        }
    }
}

impl<'a> Party<'a> {
    /// Registers the client of the suite: `client_secret_basic`, RS256, no PKCE.
    pub async fn register(op: &'a Provider, id: &str) -> Self {
        Self::registered(op, words::Client { client_id: id.to_owned(), ..usual() }).await
    }

    /// Registers a client with differences.
    pub async fn registered(op: &'a Provider, client: words::Client) -> Self {
        let registered = op.control().await.add_client(&client).await.expect("registered");
        Self { op, id: registered.client_id, secret: registered.client_secret.unwrap_or_default() }
    }

    /// The address of an authorization request: the usual one with these parameters changed (empty means absent) or added.
    pub fn request(&self, changes: &[(&str, &str)]) -> String {
        format!("{}?{}", self.op.endpoint("authorization_endpoint"), form(&self.parameters(changes)))
    }

    pub fn parameters<'p>(&'p self, changes: &[(&'p str, &'p str)]) -> Vec<(&'p str, &'p str)> {
        let usual = [
            ("client_id", self.id.as_str()),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", "openid"),
            ("state", "TEST-state"),
            ("nonce", "TEST-nonce"),
        ];
        let mut all = usual.to_vec();
        for (name, value) in changes {
            match all.iter_mut().find(|(known, _)| known == name) {
                Some(place) => place.1 = value,
                None => all.push((name, value)),
            }
        }
        all.retain(|(_, value)| !value.is_empty());
        all
    }

    /// Sends the browser to the authorization endpoint and follows it, over pages that move on by themselves.
    pub async fn authorize(&self, changes: &[(&str, &str)]) -> Lead {
        let answer = self.op.get(&self.request(changes)).await;
        self.follow(answer, self.op.endpoint("authorization_endpoint")).await
    }

    /// Follows an answer until the browser is back at the client or at a page that stays.
    pub async fn follow(&self, mut answer: Response<Bytes>, address: String) -> Lead {
        let deadline = Instant::now() + PATIENCE;
        let mut address = Url::parse(&address).expect("an address");
        loop {
            assert!(Instant::now() < deadline, "the browser was sent around at {address}");
            let next = self.op.moved(&answer).or_else(|| {
                let text = body(&answer);
                let (_, rest) = text.split_once("<meta http-equiv=\"refresh\" content=\"0;url=")?;
                Some(address.join(&rest.split_once('"')?.0.replace("&amp;", "&")).expect("an address"))
            });
            let Some(next) = next else {
                return Lead::Page { status: answer.status().as_u16(), address, text: body(&answer) };
            };
            if next.as_str().starts_with("https://rp.example.invalid/") {
                return Lead::Back(next.query_pairs().into_owned().collect());
            }
            address = next;
            answer = self.op.get(address.as_str()).await;
        }
    }

    /// A code: the person logs in when that is needed.
    pub async fn code(&self, changes: &[(&str, &str)]) -> String {
        let members = self.authorize(changes).await.back();
        members.get("code").unwrap_or_else(|| panic!("no code: {members:?}")).clone()
    }

    /// The Basic proof of the client.
    pub fn proof(&self) -> String {
        let pair = format!("{}:{}", self.id, self.secret);
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
    }

    /// A request to the token endpoint with the client's proof: status and answer.
    pub async fn token(&self, fields: &[(&str, &str)]) -> (u16, Value) {
        let answer = self.op.post(&self.op.endpoint("token_endpoint"), Some(&self.proof()), fields).await;
        (answer.status().as_u16(), json(&answer))
    }

    /// Redeems a code.
    pub async fn redeem(&self, code: &str) -> (u16, Value) {
        self.token(&[("grant_type", "authorization_code"), ("code", code), ("redirect_uri", REDIRECT)]).await
    }

    /// A whole login: the token endpoint's answer.
    pub async fn tokens(&self, changes: &[(&str, &str)]) -> Value {
        let (status, answer) = self.redeem(&self.code(changes).await).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// Renews tokens.
    pub async fn refresh(&self, tokens: &Value) -> (u16, Value) {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", text(tokens, "refresh_token"))]).await
    }

    /// The status of UserInfo, and its claims.
    pub async fn userinfo(&self, tokens: &Value) -> (u16, Value) {
        let address = self.op.endpoint("userinfo_endpoint");
        let answer = self.op.bearer(hyper::Method::GET, &address, text(tokens, "access_token")).await;
        let claims = if answer.body().is_empty() { Value::Null } else { json(&answer) };
        (answer.status().as_u16(), claims)
    }

    /// The claims of an ID token, checked as a client must: RS256 by the published key of its `kid`, issuer, audience, times.
    pub async fn claims(&self, tokens: &Value) -> Value {
        let (header, claims) = self.verified(text(tokens, "id_token")).await;
        assert_eq!(header["typ"], "JWT");
        assert_eq!(
            (&claims["iss"], &claims["aud"]),
            (&self.op.issuer.clone().into(), &self.id.clone().into())
        );
        let (issued, expires) = (number(&claims, "iat"), number(&claims, "exp"));
        assert!(issued < expires && number(&claims, "auth_time") <= issued, "{claims}");
        claims
    }

    /// Header and claims of a token that the provider signed by RS256.
    pub async fn verified(&self, token: &str) -> (Value, Value) {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = parts[..] else { panic!("not a JWS: {token}") };
        let part = |text: &str| -> Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).expect("base64url")).expect("JSON")
        };
        let (head, claims) = (part(header), part(payload));
        assert_eq!(head["alg"], "RS256");
        let jwks = json(&self.op.get(&self.op.endpoint("jwks_uri")).await);
        let keys = jwks["keys"].as_array().expect("keys");
        let key = keys.iter().find(|key| key["kid"] == head["kid"]).expect("the key of the kid");
        let member = |name: &str| URL_SAFE_NO_PAD.decode(text(key, name)).expect("base64url");
        let public = RsaPublicKeyComponents { n: member("n"), e: member("e") };
        let signed = format!("{header}.{payload}");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        public.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).expect("a good signature");
        (head, claims)
    }
}

/// What the suite registers.
pub fn usual() -> words::Client {
    words::Client {
        name: Some("Conformance".to_owned()),
        redirect_uris: vec![REDIRECT.to_owned()],
        client_auth: Some("client_secret_basic".to_owned()),
        pkce: Some("optional".to_owned()),
        profile: Some("openid-basic".to_owned()),
        scopes: ["openid", "profile", "email", "address", "phone", "offline_access"]
            .map(str::to_owned)
            .to_vec(),
        post_logout_redirect_uris: vec![BYE.to_owned()],
        ..words::Client::default()
    }
}

pub fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

pub fn number(value: &Value, name: &str) -> i64 {
    value[name].as_i64().unwrap_or_else(|| panic!("no {name} in {value}"))
}
