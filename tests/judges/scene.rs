//! A workstation between judges: the real agent, the real pcscd with a virtual card, a scripted person, and oidc-provider.

use crate::{real_agent::RealAgent, upstream::Upstream};
use cps_agent_api::{client::ClientError, words};
use cps_agent_core::audit::{Head, verify};
use cps_sandbox::{
    card::CardHandle,
    pinentry::Person,
    pki::{Pki, WebAuthority, pem},
    reader::PcscDaemon,
    workstation::Settings,
};
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use std::{fs, path::Path};

/// The agent's own client at the upstream.
const CLIENT: (&str, &str) = ("cps-agent-judged", "TEST-secret-of-the-judges");

/// Everything between the judges. Fields end in the order of their declaration.
pub struct Scene {
    pub agent: RealAgent,
    pub upstream: Upstream,
    pub person: Person,
    pub daemon: PcscDaemon,
    folder: tempfile::TempDir,
}

/// What is special about a workstation.
#[derive(Default)]
pub struct Special {
    /// Members that `upstream.mjs` is told besides, or instead.
    pub upstream: Value,
    /// Settings of the agent besides, or instead: section, key, value.
    pub settings: Vec<(&'static str, &'static str, toml::Value)>,
}

impl Scene {
    /// A workstation whose one reader has this card.
    pub async fn new(card: &CardHandle) -> Self {
        Self::special(card, Special::default()).await
    }

    /// The same with something special about it.
    pub async fn special(card: &CardHandle, special: Special) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let web = WebAuthority::new().expect("an authority");
        let upstream = upstream(folder.path(), &web, special.upstream);
        let daemon = PcscDaemon::start().expect("pcscd with vsmartcard-vpcd: tests/run.sh installs them");
        daemon.insert(0, card).expect("a slot");
        let program = Path::new(env!("CARGO_BIN_EXE_cps-sandbox"));
        let person = Person::new(&folder.path().join("person"), program).expect("a person");
        person.knows(card).expect("a script");
        let settings = Settings {
            issuer: &upstream.issuer,
            ca_pem: web.pem(),
            client_id: CLIENT.0,
            client_secret: CLIENT.1,
            pinentry: &person.program(),
            port: Some(0),
        };
        let config = settings.write(folder.path()).expect("settings");
        change(&config, special.settings);
        let socket = daemon.socket();
        let mut agent = RealAgent::start(folder.path(), &config, &[("PCSCLITE_CSOCK_NAME", &socket)]).await;
        let serial = card.serial().to_owned();
        agent
            .wait_for("the card", async |control| {
                let cards = control.cards().await.ok()?;
                cards.into_iter().find(|card| card.serial == serial && card.holder.is_some())
            })
            .await;
        Self { agent, upstream, person, daemon, folder }
    }

    /// Registers an application.
    pub async fn register(&mut self, application: &words::Client) -> words::ClientRegistered {
        self.agent
            .wait_for("a registration", async |control| control.add_client(application).await.ok())
            .await
    }

    /// The folder of the workstation.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Logs in at the control door; the problem of a refusal.
    pub async fn login(&mut self, way: &str) -> Result<words::Session, words::Problem> {
        self.login_as(way, None).await
    }

    /// The same of a person who is named.
    pub async fn login_as(
        &mut self,
        way: &str,
        identifier: Option<&str>,
    ) -> Result<words::Session, words::Problem> {
        let mut control = self.agent.control().await.expect("the control door");
        let request = words::LoginRequest {
            way: Some(way.to_owned()),
            identifier: identifier.map(str::to_owned),
            ..words::LoginRequest::default()
        };
        match control.login(&request).await {
            Ok(session) => Ok(session),
            Err(ClientError::Refused(problem)) => Err(*problem),
            Err(other) => panic!("{other}\n{}", self.agent.log()),
        }
    }

    /// Ends the session, if there is one.
    pub async fn logout(&mut self) {
        self.agent.control().await.expect("the control door").end_session().await.expect("an answer");
    }

    /// The audit trail, whose chain must verify.
    pub fn audit(&self) -> Vec<Value> {
        let state = fs::read_dir(self.folder.path().join("state")).expect("a folder of state");
        // State lies below the identifier of the machine.
        let trail = state
            .map(|entry| entry.expect("an entry").path().join("audit/00000000000000000001.jsonl"))
            .find(|trail| trail.exists());
        let text = fs::read(trail.expect("a trail")).expect("a trail");
        let verified = verify(&Head::default(), &text).expect("the chain verifies");
        let complete = std::str::from_utf8(&text[..verified.length]).expect("text");
        complete.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

/// Starts oidc-provider with a server certificate of the web authority.
fn upstream(folder: &Path, web: &WebAuthority, special: Value) -> Upstream {
    let (chain, key) = web.server(&["localhost", "127.0.0.1"]).expect("a certificate");
    let PrivateKeyDer::Pkcs8(key) = key else { panic!("the key is PKCS#8") };
    let write = |name: &str, text: String| {
        fs::write(folder.join(name), text).expect("a file");
        folder.join(name)
    };
    let authorities = Pki::test().anchors_pem().into_iter().map(|(_, pem)| pem).collect::<String>();
    let chain = chain.iter().map(|certificate| pem("CERTIFICATE", certificate)).collect();
    let mut wish = json!({
        "certificate": write("server.pem", chain),
        "key": write("server.key", pem("PRIVATE KEY", key.secret_pkcs8_der())),
        "clientAuthorities": write("authorities.pem", authorities),
        "client": {
            "client_id": CLIENT.0, "client_secret": CLIENT.1, "token_endpoint_auth_method": "client_secret_basic",
            "redirect_uris": ["http://127.0.0.1/callback"],
        },
    });
    for (name, value) in special.as_object().into_iter().flatten() {
        wish[name] = value.clone();
    }
    Upstream::start(&wish)
}

/// Changes a file of settings.
fn change(config: &Path, settings: Vec<(&str, &str, toml::Value)>) {
    let mut file: toml::Table = fs::read_to_string(config).expect("settings").parse().expect("TOML");
    for (section, key, value) in settings {
        let section = file.entry(section).or_insert_with(|| toml::Table::new().into());
        section.as_table_mut().expect("a section").insert(key.to_owned(), value);
    }
    fs::write(config, file.to_string()).expect("settings");
}

/// An application as a judge wants it registered, save its addresses.
pub fn application(id: &str, confidential: bool, algorithm: &str) -> words::Client {
    words::Client {
        client_id: id.to_owned(),
        confidential,
        scopes: ["openid", "profile", "scope_all"].map(str::to_owned).to_vec(),
        claims: ["SubjectNameID", "given_name", "family_name", "SubjectRefPro"].map(str::to_owned).to_vec(),
        id_token_alg: Some(algorithm.to_owned()),
        ..words::Client::default()
    }
}
