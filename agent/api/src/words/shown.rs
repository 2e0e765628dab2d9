//! Words for whoever shows a person what happens: the tray and the pages.

use super::Problem;
use serde::{Deserialize, Serialize};

/// A prompt of the agent, for whoever tells the person why it is there. Never what is typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// The application or program that asks, as the prompt names it.
    pub application: String,
    /// Serial of the card or token it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
}

/// One server-sent event of `GET /v1/events`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Event {
    /// `reader`, `card`, `login`, `session`, `prompt`, `page`, `program`, `service`.
    pub topic: String,
    /// What happened: `added`, `removed`, `inserted`, `started`, `ended`, `locked`, `shown`, …
    pub what: String,
    /// Serial, reader, way, …: never a person's name or a secret.
    #[serde(default)]
    pub subject: Option<String>,
    /// What people call an application, beside its identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Why, for an end of a session: `logout`, `card_removed`, `idle`, … as the audit trail has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What went wrong or is about to, and what to do, in the language of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// A page on which an application's request waits for the person (`GET /v1/waiting`, control door). Whoever has its address
/// may answer in the person's place: it is opened, and neither shown nor kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The application.
    pub application: String,
    /// What is asked: `consent` or `situation`.
    pub what: String,
    /// Where.
    pub address: String,
}

/// A service of the catalogue (`GET /v1/services`): opened in the system's browser, never called by the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Short identifier.
    pub id: String,
    /// Name as people know it, in the language of the request.
    pub name: String,
    /// Where it begins.
    pub address: String,
    /// How one gets in: `psc` (the browser's session at Pro Santé Connect counts), `card` (the browser shows the card's
    /// certificate), `account` or `open`.
    pub access: String,
}
