//! The bridge on https: believed by whoever believes the authority of this machine, by its own names, and by nobody else.

use crate::{
    desk::Desk,
    other_users::{is_root, nobody},
    real_agent::built,
    wire,
};
use cps_agent_api::words::{Client, TrustRequest};
use cps_sandbox::{
    browser::Browser,
    card::cards,
    relying_party::{
        Registration, RelyingParty,
        app::{App, Place},
    },
};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};
use tokio::sync::mpsc;

const PATIENCE: Duration = Duration::from_secs(60);
pub const HTTPS: [(&str, &str, toml::Value); 1] = [("bridge", "tls", toml::Value::Boolean(true))];

/// Opens an address as a browser does that believes these authorities.
async fn open(address: &str, authorities: &[&str]) -> Result<(u16, String), String> {
    let browser = Browser::new(authorities).map_err(|error| error.to_string())?;
    let visit = browser.open(address, PATIENCE).await.map_err(|error| format!("{error:?}"))?;
    Ok((visit.status, visit.body))
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_certificate_nobody_is_served_and_the_status_says_what_to_do() {
    let desk = Desk::configured(&HTTPS, &[]).await;
    let issuer = desk.agent.issuer().to_owned();
    let bridge_json = desk.workstation.folder().join("run/bridge.json");
    assert!(issuer.starts_with("https://localhost:"), "{issuer}");
    let status = desk.control().await.status().await.expect("a status");
    assert_eq!((status.issuer, status.bridge_problem.as_deref()), (None, Some("bridge_certificate_missing")));
    assert!(!bridge_json.exists());
    open(&format!("{issuer}/v1/status"), &[]).await.expect_err("nothing to present");

    // From the moment there is one, everybody is served, without a restart.
    let authority = desk.agent.trusted().await.expect("an authority");
    let status = desk.control().await.status().await.expect("a status");
    assert_eq!((status.issuer.as_deref(), status.bridge_problem), (Some(issuer.as_str()), None));
    let told: Value = serde_json::from_str(&fs::read_to_string(&bridge_json).expect("a file")).expect("JSON");
    assert_eq!(told["issuer"], issuer);
    assert_eq!(open(&format!("{issuer}/v1/status"), &[&authority]).await.expect("served").0, 200);

    desk.control().await.remove_authority().await.expect("removed");
    assert!(!bridge_json.exists());
    open(&format!("{issuer}/v1/status"), &[&authority]).await.expect_err("nothing to present");
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_believes_this_machines_authority_speaks_to_the_bridge() {
    let (desk, other) = (Desk::configured(&HTTPS, &[]).await, Desk::configured(&HTTPS, &[]).await);
    let authority = desk.agent.trusted().await.expect("an authority");
    let stranger = other.agent.trusted().await.expect("an authority");
    let port = wire::address(desk.agent.issuer()).port();
    for name in ["localhost", "127.0.0.1", "[::1]"] {
        let address = format!("https://{name}:{port}/v1/status");
        assert_eq!(open(&address, &[&authority]).await.expect("served").0, 200, "{name}");
        let refused = open(&address, &[&stranger]).await.expect_err("another machine's authority");
        assert!(refused.contains("InvalidCertificate"), "{refused}");
    }
    let refused = open(&format!("https://127.0.0.2:{port}/"), &[&authority]).await;
    assert!(refused.is_err(), "{refused:?}");
    // Without TLS there is no answer that any program could take for one of ours.
    let plain = wire::say(
        wire::address(desk.agent.issuer()),
        wire::complete("GET /v1/status", wire::address(desk.agent.issuer())),
    );
    let plain = plain.await;
    assert!(!plain.contains("HTTP"), "{plain}");
    desk.end().await;
    other.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_logs_in_on_https() {
    let card = cards::doctor_cps3();
    let desk = Desk::configured(&HTTPS, &[&card]).await;
    let authority = desk.agent.trusted().await.expect("an authority");
    let issuer = desk.agent.issuer().to_owned();
    let (_, metadata) =
        open(&format!("{issuer}/.well-known/openid-configuration"), &[&authority]).await.expect("served");
    let metadata: Value = serde_json::from_str(&metadata).expect("JSON");
    for (name, value) in metadata.as_object().expect("an object") {
        if name.ends_with("_endpoint") || name.ends_with("_uri") {
            let address = value.as_str().expect("an address");
            assert!(address.starts_with(&issuer), "{name}: {address}");
        }
    }

    log_in(&desk, &authority).await;
    desk.end().await;
}

/// An application that believes this authority logs the person in, start to end.
pub async fn log_in(desk: &Desk, authority: &str) {
    let issuer = desk.agent.issuer().to_owned();
    let place = Place::take().await.expect("a port");
    let client = Client {
        client_id: "dpi".to_owned(),
        redirect_uris: vec![place.redirect_uri()],
        ways: vec!["card".to_owned()],
        ..Client::default()
    };
    desk.control().await.add_client(&client).await.expect("a registration");
    let registration = Registration {
        issuer: issuer.clone(),
        client_id: "dpi".to_owned(),
        client_secret: None,
        redirect_uri: place.redirect_uri(),
        scopes: vec!["profile".to_owned()],
        acr_values: None,
    };
    let browser = Browser::new(&[authority]).expect("a browser");
    let party = RelyingParty::discover(browser.clone(), registration).await.expect("discovered");
    let (outcomes, mut ended) = mpsc::channel(1);
    let app = App::start(place, party, outcomes);
    let visit = browser.open(&app.login(), PATIENCE).await.expect("a page");
    let accepted = ended.try_recv().unwrap_or_else(|_| panic!("{}", visit.body)).expect("accepted");
    assert_eq!(accepted.claims["iss"], issuer);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_outlives_the_agent_and_is_renewed_when_that_is_wanted() {
    let desk = Desk::configured(&HTTPS, &[]).await;
    let made = desk.control().await.make_authority(TrustRequest::default()).await.expect("made");
    let again = desk.control().await.make_authority(TrustRequest::default()).await.expect("there");
    assert_eq!(made, again, "what lasts is kept");
    assert_eq!(desk.control().await.authority().await.expect("an answer").as_ref(), Some(&made));
    assert_eq!(fs::read_to_string(&made.file).expect("a file"), made.pem);

    let Desk { agent, readers, workstation } = desk;
    agent.stop().await;
    let config = workstation.folder().join("config.toml");
    let agent = cps_sandbox::agent::Agent::start(&config, workstation.folder(), readers.clone()).await;
    let desk = Desk { agent: agent.expect("an agent"), readers, workstation };
    let address = format!("{}/v1/status", desk.agent.issuer());
    assert_eq!(open(&address, &[&made.pem]).await.expect("served").0, 200);

    let renewed = desk.control().await.make_authority(TrustRequest { renew: true }).await.expect("made");
    assert_ne!(renewed.sha256, made.sha256);
    assert_eq!(open(&address, &[&renewed.pem]).await.expect("served").0, 200, "at once");
    open(&address, &[&made.pem]).await.expect_err("no longer presented");
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_independent_client_agrees_and_old_versions_of_tls_are_refused() {
    let desk = Desk::configured(&HTTPS, &[]).await;
    let authority = desk.control().await.make_authority(TrustRequest::default()).await.expect("made");
    let place = format!("localhost:{}", wire::address(desk.agent.issuer()).port());
    let openssl = |more: &[&str]| {
        let usual =
            ["s_client", "-connect", &place, "-CAfile", &authority.file, "-verify_return_error", "-brief"];
        let ran = Command::new("openssl").args(usual).args(more).stdin(Stdio::null()).output();
        let ran = ran.expect("openssl runs: tests/run.sh says what is needed");
        (ran.status.success(), String::from_utf8_lossy(&ran.stderr).into_owned())
    };
    for version in ["-tls1_2", "-tls1_3"] {
        let (connected, said) = openssl(&[version, "-verify_hostname", "localhost"]);
        assert!(connected && said.contains("Verification: OK"), "{version}: {said}");
    }
    for refused in [&["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"][..], &["-verify_hostname", "evil.example"]] {
        let (connected, said) = openssl(refused);
        assert!(!connected, "{refused:?}: {said}");
    }
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_user_gets_no_handshake() {
    if !is_root() {
        eprintln!("not run: only root can become another user");
        return;
    }
    let desk = Desk::configured(&HTTPS, &[]).await;
    desk.agent.trusted().await.expect("an authority");
    let port = wire::address(desk.agent.issuer()).port().to_string();
    let script = "const c=require('tls').connect({port:+process.argv[1],host:'127.0.0.1',rejectUnauthorized:false},\
        ()=>console.log('in'));c.on('error',e=>console.log('out'))";
    let output = nobody("node", &["-e", script, &port]).output().expect("node runs as nobody");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "out\n");
    assert_eq!(wire::refusals(&desk), ["other_user"]);
    desk.end().await;
}

/// What `cps trust` did, in the stores it was told of.
struct Trust<'a> {
    desk: &'a Desk,
    home: PathBuf,
}

impl Trust<'_> {
    async fn run(&self, words: &[&str]) -> (i32, Value, String) {
        let mut command = Command::new(built("cps"));
        command
            .args(words)
            .args(["--json", "--lang", "en", "--socket"])
            .arg(self.desk.agent.control_socket());
        command.env("HOME", &self.home).stdin(Stdio::null());
        let ran =
            tokio::task::spawn_blocking(move || command.output()).await.expect("no panic").expect("cps runs");
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        (
            ran.status.code().expect("an exit code"),
            serde_json::from_slice(&ran.stdout).unwrap_or_default(),
            said,
        )
    }

    /// An NSS database of a browser, without a password as browsers make them.
    fn database(&self, folder: &str) -> PathBuf {
        let folder = self.home.join(folder);
        fs::create_dir_all(&folder).expect("a folder");
        certutil(&folder, &["-N", "--empty-password"]);
        folder
    }
}

fn certutil(database: &Path, arguments: &[&str]) -> String {
    let ran = Command::new("certutil")
        .arg("-d")
        .arg(format!("sql:{}", database.display()))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("certutil runs: tests/run.sh says what is needed");
    format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stores_of_the_browsers_are_filled_and_emptied_again() {
    let desk = Desk::configured(&HTTPS, &[]).await;
    let trust = Trust { desk: &desk, home: desk.workstation.folder().join("home") };
    let databases = [".pki/nssdb", ".mozilla/firefox/abc.default-esr"].map(|folder| trust.database(folder));
    let listed = || databases.each_ref().map(|database| certutil(database, &["-L"]));
    let before = listed();

    let (code, told, said) = trust.run(&["trust", "install", "--no-system"]).await;
    assert_eq!(code, 0, "{said}");
    let name = format!("cps-agent-{}", &told["authority"]["sha256"].as_str().expect("a fingerprint")[..16]);
    let stores = told["stores"].as_array().expect("stores");
    assert!(stores.len() == 2 && stores.iter().all(|store| store["state"] == "filled"), "{told}");
    for database in &databases {
        let shown = certutil(database, &["-L"]);
        let line = shown.lines().find(|line| line.contains(&name)).unwrap_or_else(|| panic!("{shown}"));
        assert!(line.trim_end().ends_with("C,,"), "for web servers only: {line}");
        let pem = certutil(database, &["-L", "-a", "-n", &name]).replace('\r', "");
        assert_eq!(pem.trim(), told["authority"]["pem"].as_str().expect("PEM").trim());
    }
    // Again is no harm, and a renewal leaves one.
    assert_eq!(trust.run(&["trust", "install", "--no-system"]).await.1["authority"], told["authority"]);
    let (code, renewed, said) = trust.run(&["trust", "install", "--renew", "--no-system"]).await;
    assert_eq!(code, 0, "{said}");
    assert_ne!(renewed["authority"]["sha256"], told["authority"]["sha256"]);
    for shown in listed() {
        assert_eq!(shown.matches("cps-agent-").count(), 1, "{shown}");
    }

    let (code, told, said) = trust.run(&["trust", "remove", "--no-system"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(
        told["stores"].as_array().expect("stores").iter().all(|store| store["state"] == "emptied"),
        "{told}"
    );
    assert_eq!(listed(), before);
    assert!(desk.control().await.authority().await.expect("an answer").is_none());
    let (code, told, _) = trust.run(&["trust", "remove", "--no-system"]).await;
    assert_eq!((code, &told["authority"]), (0, &Value::Null), "nothing to remove is no error");
    desk.end().await;
}

/// The store of this very system, where root may fill it: what is put in is believed by OpenSSL, and nothing is left.
#[tokio::test(flavor = "multi_thread")]
async fn the_store_of_the_system_is_filled_and_emptied_again() {
    if !is_root() {
        eprintln!("not run: only root can fill the store of the system");
        return;
    }
    let desk = Desk::configured(&HTTPS, &[]).await;
    let trust = Trust { desk: &desk, home: desk.workstation.folder().join("home") };
    let files = |folder: &str| -> BTreeSet<_> {
        let entries = fs::read_dir(folder).expect("a folder");
        entries.map(|entry| entry.expect("an entry").file_name()).collect()
    };
    let all = || ["/usr/local/share/ca-certificates", "/etc/ssl/certs"].map(files);
    let before = all();
    let (code, told, said) = trust.run(&["trust", "install"]).await;
    assert_eq!((code, &told["stores"][0]["state"]), (0, &Value::from("filled")), "{said} {told}");
    let place = format!("localhost:{}", wire::address(desk.agent.issuer()).port());
    let judge = || {
        let arguments = ["s_client", "-connect", &place, "-verify_return_error", "-CApath", "/etc/ssl/certs"];
        let ran = Command::new("openssl").args(arguments).stdin(Stdio::null()).output();
        ran.expect("openssl runs: tests/run.sh says what is needed").status.success()
    };
    assert!(judge(), "OpenSSL believes it like any other");
    // While it is served it is no longer believed: this agent keeps what the stores lose.
    let authority = desk.control().await.authority().await.expect("an answer").expect("an authority");
    let (code, _, said) = trust.run(&["trust", "remove"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(all(), before, "{}", authority.sha256);
    desk.end().await;
}
