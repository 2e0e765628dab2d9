//! Two judges that nobody here wrote: npm `openid-client`, a certified relying party, accepts what the agent says, and
//! npm `oidc-provider`, a certified provider behind a page that demands the card's certificate, accepts the agent's login.
//!
//! Between them are the real `cps-agent` binary, the real pcscd, and a virtual card that signs the TLS handshake.

#![cfg(target_os = "linux")]
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails by panicking"
)]

mod node;
#[path = "../support/real_agent.rs"]
mod real_agent;

use cps_agent_api::words;
use cps_sandbox::{
    card::{CardHandle, cards},
    pinentry::Person,
    pki::{Pki, WebAuthority, pem},
    reader::PcscDaemon,
    workstation::Settings,
};
use real_agent::RealAgent;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use std::{fs, path::Path};

/// The agent's own client at the upstream.
const CLIENT: (&str, &str) = ("cps-agent-judged", "TEST-secret-of-the-judges");
/// Where the application waits for its code. The judge takes the address of the redirect and never opens it.
const REDIRECT: &str = "http://127.0.0.1:4999/callback";

/// Everything between the two judges. Fields end in the order of their declaration.
struct Scene {
    agent: RealAgent,
    upstream: node::Upstream,
    person: Person,
    _daemon: PcscDaemon,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new(card: &CardHandle) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let web = WebAuthority::new().expect("an authority");
        let upstream = upstream(folder.path(), &web);
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
        let socket = daemon.socket();
        let mut agent = RealAgent::start(folder.path(), &config, &[("PCSCLITE_CSOCK_NAME", &socket)]).await;
        let serial = card.serial().to_owned();
        agent
            .wait_for("the card", async |control| {
                let cards = control.cards().await.ok()?;
                cards.into_iter().find(|card| card.serial == serial && card.holder.is_some())
            })
            .await;
        Self { agent, upstream, person, _daemon: daemon, _folder: folder }
    }

    /// Registers an application and lets openid-client log in through it.
    async fn judge(&mut self, application: words::Client) -> Result<Value, String> {
        let registered = self
            .agent
            .wait_for("a registration", async |control| control.add_client(&application).await.ok())
            .await;
        let wish = json!({
            "issuer": registered.issuer, "clientId": registered.client_id, "clientSecret": registered.client_secret,
            "redirectUri": REDIRECT, "scope": "openid profile scope_all",
        });
        tokio::task::spawn_blocking(move || node::relying_party(&wish)).await.expect("the judge ran")
    }
}

/// Starts oidc-provider with a server certificate of the web authority.
fn upstream(folder: &Path, web: &WebAuthority) -> node::Upstream {
    let (chain, key) = web.server(&["localhost", "127.0.0.1"]).expect("a certificate");
    let PrivateKeyDer::Pkcs8(key) = key else { panic!("the key is PKCS#8") };
    let write = |name: &str, text: String| {
        fs::write(folder.join(name), text).expect("a file");
        folder.join(name)
    };
    let authorities = Pki::test().anchors_pem().into_iter().map(|(_, pem)| pem).collect::<String>();
    node::Upstream::start(&node::Wish {
        server: (
            write("server.pem", chain.iter().map(|certificate| pem("CERTIFICATE", certificate)).collect()),
            write("server.key", pem("PRIVATE KEY", key.secret_pkcs8_der())),
        ),
        client_authorities: write("authorities.pem", authorities),
        client: CLIENT,
        redirect_uri: "http://127.0.0.1/callback",
    })
}

fn application(id: &str, confidential: bool, algorithm: &str) -> words::Client {
    words::Client {
        client_id: id.to_owned(),
        redirect_uris: vec![REDIRECT.to_owned()],
        confidential,
        scopes: ["openid", "profile", "scope_all"].map(str::to_owned).to_vec(),
        claims: ["SubjectNameID", "given_name", "family_name", "SubjectRefPro"].map(str::to_owned).to_vec(),
        id_token_alg: Some(algorithm.to_owned()),
        ..words::Client::default()
    }
}

/// What the judges must agree on, whatever the card.
fn agreed(verdict: &Value, card: &CardHandle, algorithm: &str) {
    let holder = card.holder();
    let (family, given) = holder.name.expect("a person's card");
    let claims = &verdict["claims"];
    assert_eq!(verdict["header"]["alg"], algorithm);
    assert_eq!(claims["sub"], holder.identifier);
    assert_eq!(claims["iss"], verdict["issuer"]);
    assert_eq!(claims["acr"], "eidas1");
    assert_eq!(verdict["userinfo"]["sub"], holder.identifier);
    assert_eq!(verdict["userinfo"]["SubjectNameID"], holder.identifier);
    assert_eq!(
        (&verdict["userinfo"]["family_name"], &verdict["userinfo"]["given_name"]),
        (&family.into(), &given.into())
    );
    assert_eq!(verdict["userinfo"]["SubjectRefPro"]["exercices"][0]["codeProfession"], "10");
    assert_eq!((&verdict["renewed"], &verdict["rotated"]), (&true.into(), &true.into()));
    assert_eq!(verdict["replayed"], "invalid_grant");
}

async fn both_judges_accept(card: CardHandle, tls: &str) {
    let mut scene = Scene::new(&card).await;
    for (id, confidential, algorithm) in [("judge-secret", true, "RS256"), ("judge-public", false, "ES256")] {
        let verdict = scene
            .judge(application(id, confidential, algorithm))
            .await
            .unwrap_or_else(|error| panic!("{id} was refused: {error}\n{}", scene.agent.log()));
        agreed(&verdict, &card, algorithm);
    }
    // One upstream login served both applications, and the person was asked once.
    assert_eq!(scene.person.questions().len(), 1);
    assert_eq!(card.pin_tries_spent(), 0);
    let Scene { agent, upstream, .. } = scene;
    let visits = upstream.visits();
    assert_eq!(visits, [json!({"card": card.holder().identifier, "tls": tls})], "{}", agent.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cps3_logs_in_at_a_certified_provider_over_tls_1_2_and_a_certified_client_accepts_it() {
    both_judges_accept(cards::doctor_cps3(), "TLSv1.2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cps4_logs_in_at_a_certified_provider_over_tls_1_3_and_a_certified_client_accepts_it() {
    both_judges_accept(cards::doctor_cps4(), "TLSv1.3").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_not_the_registered_one_gets_nothing() {
    let card = cards::doctor_cps3();
    let mut scene = Scene::new(&card).await;
    let registered = scene
        .agent
        .wait_for("a registration", async |control| {
            control.add_client(&application("judge-wrong", true, "RS256")).await.ok()
        })
        .await;
    let wish = json!({
        "issuer": registered.issuer, "clientId": registered.client_id, "clientSecret": "another",
        "redirectUri": REDIRECT,
    });
    let refused =
        tokio::task::spawn_blocking(move || node::relying_party(&wish)).await.expect("the judge ran");
    let error = refused.expect_err("a wrong secret was accepted");
    // RFC 6749 §5.2: to a client that used the Authorization header, status 401 and a challenge.
    assert!(error.contains("CHALLENGE 401"), "{error}\n{}", scene.agent.log());
}
