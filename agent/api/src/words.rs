//! JSON bodies of the `/v1` API. Members are added, never renamed; unknown members are ignored by readers.

mod portal;
mod shown;

pub use portal::*;
pub use shown::*;

use cps_agent_failure::{Failure, INTERNAL, Language};
use serde::{Deserialize, Serialize};

/// Version of the control door's protocol; a different major number is a named error (`agent_version`).
pub const PROTOCOL: u32 = 1;

/// Header that carries [`PROTOCOL`], in both directions of the control door.
pub const PROTOCOL_HEADER: &str = "cps-agent-protocol";

/// An RFC 9457 problem. `code` is stable and has a line in the failure table.
#[derive(Debug, Clone, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {title}")]
pub struct Problem {
    /// `urn:cps-agent:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, one sentence, in the language of the request.
    pub title: String,
    /// What to do next, and who can help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// HTTP status.
    pub status: u16,
    /// Stable code of the failure table.
    pub code: String,
    /// Who can help: `person`, `administrator`, `card_issuer`, `upstream`, `vendor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Numbers the sentence needs (`tries_left`, …).
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub values: serde_json::Map<String, serde_json::Value>,
}

impl Problem {
    /// The document of a failure, in a language. What went wrong inside of us is for the log.
    #[must_use]
    pub fn of(failure: &Failure, language: Language) -> Self {
        let line = failure.code.line();
        Self {
            kind: format!("urn:cps-agent:problem:{}", line.code),
            title: failure.what(language).into_owned(),
            detail: Some(failure.next(language).into_owned()),
            status: line.status,
            code: line.code.to_owned(),
            help: Some(line.help.word().to_owned()),
            values: if failure.code == INTERNAL { serde_json::Map::new() } else { failure.values.clone() },
        }
    }
}

/// `GET /v1/status`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Status {
    /// Version of the agent.
    pub version: String,
    /// [`PROTOCOL`] of the agent.
    pub protocol: u32,
    /// Issuer of the bridge, when it is open.
    pub issuer: Option<String>,
    /// Why the bridge is closed, when it is: a code of the failure table.
    pub bridge_problem: Option<String>,
    /// `production` or `test`.
    pub environment: String,
    /// Upstream profile in force.
    pub profile: String,
    /// The smart-card service answers.
    pub card_service: bool,
    /// Readers.
    pub readers: Vec<Reader>,
    /// Cards and soft tokens.
    pub cards: Vec<Card>,
    /// The session, when there is one.
    pub session: Option<Session>,
    /// Ways of login that are offered here, in the site's order: the words of [`LoginRequest::way`].
    #[serde(default)]
    pub ways: Vec<String>,
    /// The prompt that is on the screen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Prompt>,
    /// What does not work now, in the language of the request: the bridge, the smart-card service, cards that cannot be
    /// read. At the control door only.
    #[serde(default)]
    pub problems: Vec<Problem>,
}

/// `GET /v1/diagnosis`: what works and what does not, one line each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// In the order in which one thing needs another.
    pub checks: Vec<Check>,
}

/// One line of a diagnosis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What was looked at: `agent`, `bridge`, `card_service`, `readers`, `cards`, `upstream`, `discovery`, `declaration`,
    /// `clock`, `proxy`, `client_certificate`, `trust_anchors`, `state`, `logout`.
    pub name: String,
    /// `ok`, `warning` or `failed`.
    pub state: String,
    /// Code of the failure table, unless all is well.
    pub code: Option<String>,
    /// What was found, one sentence, in the language of the request.
    pub title: String,
    /// What to do, unless all is well.
    pub detail: Option<String>,
    /// Who can help, unless all is well: the words of [`Problem::help`].
    pub help: Option<String>,
    /// Values of the sentence.
    pub values: serde_json::Map<String, serde_json::Value>,
}

/// A reader.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reader {
    /// Name given by the service.
    pub name: String,
    /// `empty`, `card`, `mute` (a card that does not answer), `unknown` (not a CPS).
    pub state: String,
    /// Serial of the card inside, once read.
    pub serial: Option<String>,
}

/// A card or soft token and what it says without a PIN.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Card {
    /// Serial number.
    pub serial: String,
    /// `cps3`, `cps3-contactless`, `cps4`, `token`.
    pub kind: String,
    /// Reader or file.
    pub place: String,
    /// Label of the token.
    pub label: String,
    /// A TEST card.
    pub test: bool,
    /// Holder.
    pub holder: Option<Holder>,
    /// Verified for us now.
    pub unlocked: bool,
    /// Why it cannot be used, when it cannot: a code of the failure table.
    pub problem: Option<String>,
    /// What its holder should see to before long: its certificate is about to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<Problem>,
}

/// The person on a card, as the certificate says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Holder {
    /// National identifier, as it stands.
    pub id: String,
    /// Given name.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: Option<String>,
    /// Card type (code and label of G02).
    pub card_type: Option<Code>,
    /// Profession (G15).
    pub profession: Option<Code>,
    /// Specialities (R01).
    pub specialities: Vec<Code>,
}

/// A code of a national table with its label in the language of the request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Code {
    /// The code.
    pub code: String,
    /// Its label; the code itself when the table does not know it.
    pub label: String,
}

/// `GET /v1/cards/{serial}/certificates`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CardCertificate {
    /// `authentication`, `signature`, `technical`.
    pub role: String,
    /// Label on the card.
    pub label: String,
    /// Subject and issuer for people.
    pub subject: String,
    /// Issuer.
    pub issuer: String,
    /// Serial number, hexadecimal.
    pub serial: String,
    /// Validity, Unix seconds.
    pub not_before: i64,
    /// Validity, Unix seconds.
    pub not_after: i64,
    /// SHA-256 of the DER form, hexadecimal.
    pub sha256: String,
    /// PEM.
    pub pem: String,
}

/// `GET /v1/cards/{serial}/pin`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PinState {
    /// Tries left.
    pub tries_left: Option<u8>,
    /// Tries after a success.
    pub tries_max: Option<u8>,
    /// Verified now.
    pub verified: bool,
    /// Blocked.
    pub blocked: bool,
    /// Shortest and longest.
    pub min_length: u8,
    /// Longest.
    pub max_length: u8,
    /// Typed on the reader's pad.
    pub pad: bool,
}

/// The terminal or screen of the caller, so that the agent's prompter can appear there. Never a PIN.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screen {
    /// Path of the terminal, for curses prompts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tty: Option<String>,
    /// `TERM`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<String>,
    /// `DISPLAY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// `WAYLAND_DISPLAY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wayland_display: Option<String>,
    /// `fr` or `en`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// `POST /v1/challenges`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChallengeRequest {
    /// The verifier's nonce, hexadecimal, 16 to 64 bytes.
    pub challenge: String,
    /// Who will verify (`aud`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// `login`, `presence` or `test`; `test` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Serial of the card, needed when several are present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
    /// Where a prompt may appear (control door; the bridge ignores it).
    #[serde(default)]
    pub screen: Screen,
}

/// Its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChallengeAnswer {
    /// Compact JWS, `typ: cps-challenge+jwt`, with `x5c`.
    pub jws: String,
    /// Serial of the card that signed.
    pub card: String,
}

/// `POST /v1/login` (control door). Answers when the login ended.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct LoginRequest {
    /// `browser`, `ecps`, `card`, `token`, `local`; the policy's first when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<String>,
    /// Serial of the card, needed when several are present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
    /// National identifier of the person whose phone is asked (`ecps`); this account's last holder when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// Where a prompt may appear.
    #[serde(default)]
    pub screen: Screen,
}

/// `GET /v1/login` (control door): the login under way, for whoever shows the person what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginProgress {
    /// Way of the login.
    pub way: String,
    /// What the person should do now: `insert-card`, `choose-card`, `type-pin`, `compare-number`, `browse` or `wait`.
    pub hint: String,
    /// The two digits to compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Identifier of the person who is asked elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// Where the person is asked: `MOBILE` or `CARD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Until when, Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
    /// The upstream's page where the login goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// `GET /v1/session`, and the answer to a login.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    /// Identifier (`sid`).
    pub sid: String,
    /// National identifier of the person.
    pub sub: String,
    /// Name as people read it.
    pub name: String,
    /// Way of the login.
    pub way: String,
    /// `acr`.
    pub acr: String,
    /// `amr`.
    pub amr: Vec<String>,
    /// The upstream's `authMode`.
    pub psc_auth_mode: Option<String>,
    /// Issuer of the upstream.
    pub idp: Option<String>,
    /// Serial of the card or token.
    pub card: Option<String>,
    /// When the person authenticated, Unix seconds.
    pub auth_time: i64,
    /// When the session ends at the latest, Unix seconds.
    pub expires: i64,
    /// Locked: the card is out or the workstation locked.
    pub locked: bool,
    /// Applications that hold tokens of it.
    pub clients: Vec<String>,
}

impl Session {
    /// Whether the person logged in by card, as far as is known: the upstream's `authMode` says it, or else `amr`.
    #[must_use]
    pub fn is_by_card(&self) -> bool {
        match self.psc_auth_mode.as_deref() {
            _ if self.way == "token" => false,
            Some("CARD") => true,
            Some("MOBILE") => false,
            _ => self.amr.iter().any(|method| method == "sc"),
        }
    }
}

/// `POST /v1/cards/{serial}/pin/change` and `/unblock` (control door): the agent's prompter asks for everything.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct PinRequest {
    /// Where the prompt may appear.
    #[serde(default)]
    pub screen: Screen,
}

/// `POST /v1/tokens` (control door): makes an e-CPS token; the passphrase is asked by the agent's prompter.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenRequest {
    /// File name of the token, without path.
    pub name: String,
    /// `test` (a TEST authority is made, used once and destroyed) or `csr` (a request for a real authority).
    pub authority: String,
    /// National identifier of the holder.
    pub id: String,
    /// Given name.
    #[serde(default)]
    pub given_name: Option<String>,
    /// Family name.
    #[serde(default)]
    pub family_name: Option<String>,
    /// Profession code (G15).
    #[serde(default)]
    pub profession: Option<u8>,
    /// Where the prompt may appear.
    #[serde(default)]
    pub screen: Screen,
}

/// Its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenAnswer {
    /// Serial of the token (certificate serial), absent for a request.
    pub serial: Option<String>,
    /// Path of the token file.
    pub file: String,
    /// Path of the TEST authority's certificate, to be named as an anchor of the test environment.
    pub authority: Option<String>,
    /// PKCS#10 request, PEM.
    pub csr: Option<String>,
}

/// The audit trail, whose chain verifies (`GET /v1/audit`, control door).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditCheck {
    /// Number of the last line.
    pub lines: u64,
    /// Hash of the last line: the head that the system journal keeps too.
    pub hash: String,
    /// Files of the trail.
    pub files: usize,
    /// Files that were kept aside, since their chain did not verify when the agent started.
    pub aside: Vec<String>,
}

/// A registered application, and the body of `POST /v1/clients` (control door). The words are those of `clients.d/*.toml`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Client {
    /// `client_id`.
    pub client_id: String,
    /// Name shown to people; the identifier when absent.
    #[serde(default)]
    pub name: Option<String>,
    /// Redirect URIs; none is needed by an application that logs people in by CIBA only.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// Has a secret or a key.
    #[serde(default)]
    pub confidential: bool,
    /// `none`, `client_secret` (either form), `client_secret_basic`, `client_secret_post` or `private_key_jwt`; when
    /// absent, what `confidential` and `public_key` say.
    #[serde(default)]
    pub client_auth: Option<String>,
    /// Public key, JWK or PEM, for `private_key_jwt`.
    #[serde(default)]
    pub public_key: Option<String>,
    /// Scopes it may ask for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Claims it may get; names and `SubjectNameID` when empty.
    #[serde(default)]
    pub claims: Vec<String>,
    /// Ways it may use; the policy's when empty.
    #[serde(default)]
    pub ways: Vec<String>,
    /// `RS256` or `ES256`.
    #[serde(default)]
    pub id_token_alg: Option<String>,
    /// `required`, or `optional` for a confidential application.
    #[serde(default)]
    pub pkce: Option<String>,
    /// `default`, or `openid-basic`: `state` and `nonce` may be missing.
    #[serde(default)]
    pub profile: Option<String>,
    /// `registered` (registering was the consent) or `first-use` (a page asks once).
    #[serde(default)]
    pub consent: Option<String>,
    /// `all` or `choose`: the person chooses one of several professional situations.
    #[serde(default)]
    pub situation: Option<String>,
    /// Origins of web pages that may call the bridge.
    #[serde(default)]
    pub origins: Vec<String>,
    /// Where the browser may go after a logout.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// Where logout tokens go: on this machine.
    #[serde(default)]
    pub backchannel_logout_uri: Option<String>,
    /// May log people in without a browser (CIBA poll).
    #[serde(default)]
    pub ciba: bool,
    /// Its authorization requests are pushed or refused (RFC 9126 §6).
    #[serde(default)]
    pub require_pushed_authorization_requests: bool,
    /// Gateways that it calls by a secret path, without an access token.
    #[serde(default)]
    pub gateways: Vec<String>,
    /// `policy` (administrator's file) or `user`; set by the agent.
    #[serde(default)]
    pub origin: Option<String>,
}

/// Answer to `POST /v1/clients`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClientRegistered {
    /// `client_id`.
    pub client_id: String,
    /// Shown once, never again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// Issuer to configure.
    pub issuer: Option<String>,
    /// The secret address at each gateway. Shown once, never again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<String>,
}

/// `POST /v1/trust` (control door): makes the certificate of an https bridge, under an authority of this machine.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct TrustRequest {
    /// A new authority, even when the present one lasts.
    #[serde(default)]
    pub renew: bool,
}

/// The authority that browsers are to believe, so that they believe the bridge. Answer to `POST /v1/trust` and, when
/// there is one, to `GET /v1/trust`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// SHA-256 of the certificate's DER form, hexadecimal.
    pub sha256: String,
    /// The certificate, PEM.
    pub pem: String,
    /// The same as a file.
    pub file: String,
    /// Validity, Unix seconds.
    pub not_before: i64,
    /// Validity, Unix seconds; the bridge's certificate ends at the same moment.
    pub not_after: i64,
    /// The bridge speaks https (`bridge.tls`).
    pub in_use: bool,
}
