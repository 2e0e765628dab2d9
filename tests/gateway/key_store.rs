//! The organisation's key in a key store: SoftHSM2 behind a PKCS#11 module, in a process of its own. What a refusal must
//! never do comes first: spend a second try of a PIN, or let a foreign module into the agent's memory.

use crate::{
    desk::until,
    establishment::{Establishment, P256, RSA, der, succeeded},
    real_agent::{RealAgent, built, module},
    soft_token::Home,
};
use bytes::Bytes;
use cps_agent_api::words;
use cps_sandbox::{
    browser::Browser,
    service::{Service, Settings},
};
use hyper::{Request, Response};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const MODULES: [&str; 2] = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so"];
const PIN: &str = "271828";

/// An establishment whose keys `rsa` and `p256` are in a SoftHSM2, and a service that knows its certificates.
struct Vault {
    house: Establishment,
    home: Home,
    service: Service,
    gateways: Vec<String>,
}

/// The agent at work there.
struct Working {
    agent: RealAgent,
    addresses: Vec<(String, String)>,
    program: Browser,
}

impl Vault {
    async fn new(settings: Settings) -> Self {
        let house = Establishment::new();
        let home = Home::new().await;
        let service = Settings { authority: Some(house.root()), ..settings };
        let service = Service::start(service).await.expect("a service");
        fs::write(house.file("service.pem"), service.ca_pem()).expect("written");
        for folder in ["tokens", "watched"] {
            fs::create_dir(house.file(folder)).expect("a folder");
        }
        let tokens = house.file("tokens").display().to_string();
        fs::write(house.file("softhsm2.conf"), format!("directories.tokendir = {tokens}\n"))
            .expect("written");
        house.secret("pin", PIN);
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gateway/watched_module.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-w", "-o"]).arg(house.file("watched.so")).arg(source);
        succeeded(compiler.arg("-ldl"));
        let vault = Self { house, home, service, gateways: Vec::new() };
        let util = |arguments: &[&str]| succeeded(vault.tool("softhsm2-util").args(arguments));
        util(&["--init-token", "--free", "--label", "ETAB", "--pin", PIN, "--so-pin", "31415926"]);
        for (name, id, kind, days) in [("rsa", "01", RSA, 30), ("p256", "02", P256, 365)] {
            let pair = vault.house.pair(name, kind, days);
            let key = pair.key.display().to_string();
            util(&["--import", &key, "--token", "ETAB", "--label", name, "--id", id, "--pin", PIN]);
            vault.put(&pair.certificate, id, name);
        }
        // The authority above both, as those who hand out keys put it there.
        vault.put(&vault.house.authority(), "0a", "authority");
        vault
    }

    /// Writes a certificate into the token.
    fn put(&self, certificate: &Path, id: &str, label: &str) {
        let file = self.house.file("certificate.der");
        der(certificate, &file);
        let mut tool = self.tool("pkcs11-tool");
        tool.args([
            "--module",
            softhsm(),
            "--token-label",
            "ETAB",
            "--login",
            "--pin",
            PIN,
            "--type",
            "cert",
        ]);
        succeeded(tool.args(["--id", id, "--label", label, "--write-object"]).arg(file));
    }

    fn tool(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("SOFTHSM2_CONF", self.house.file("softhsm2.conf")).env("LC_ALL", "C");
        command
    }

    /// The URI of a key, with other words where `differ` says so.
    fn uri(&self, name: &str, differ: &[(&str, &str)]) -> String {
        let (module, pin) = (self.house.file("watched.so"), self.house.file("pin"));
        let mut uri = format!(
            "pkcs11:token=ETAB;object={name};type=private?module-path={}&pin-source=file:{}",
            module.display(),
            pin.display()
        );
        for (from, to) in differ {
            assert!(uri.contains(from), "{from} in {uri}");
            uri = uri.replacen(from, to, 1);
        }
        uri
    }

    /// Adds a gateway; `more` are further settings of it.
    fn gateway(&mut self, name: &str, uri: &str, more: &str) {
        let (file, origin) = (self.house.file("service.pem"), self.service.origin());
        let mut text = fs::read_to_string(self.home.config()).expect("settings");
        text.push_str(&format!(
            "[gateway.{name}]\norigin = {origin:?}\nanchors = [{:?}]\ncredential = \"organisation\"\nkey = {uri:?}\n{more}",
            file.display().to_string()
        ));
        fs::write(self.home.config(), text).expect("settings");
        self.gateways.push(name.to_owned());
    }

    /// Starts the agent, logs its person in and registers a program for every gateway.
    async fn open(&self) -> Working {
        let (nobody, tokens) = (self.home.folder().join("no-pcscd"), self.house.file("softhsm2.conf"));
        let environment = [
            ("PCSCLITE_CSOCK_NAME", nobody.as_path()),
            ("SOFTHSM2_CONF", &tokens),
            ("SOFTHSM2", Path::new(softhsm())),
            ("WATCHED", &self.house.file("watched")),
        ];
        let folder = self.home.folder();
        let mut agent = RealAgent::start_logging("info", folder, self.home.config(), &environment).await;
        let mut control = self.home.ready(&mut agent).await;
        let client = words::Client {
            client_id: "logiciel".to_owned(),
            gateways: self.gateways.clone(),
            ..words::Client::default()
        };
        let registered = control.add_client(&client).await.expect("registered");
        let addresses = self.gateways.iter().cloned().zip(registered.gateways).collect();
        Working { agent, addresses, program: Browser::new(&[]).expect("a program") }
    }

    /// Tells the module what to do from now on.
    fn tell(&self, what: &str) {
        fs::write(self.house.file("watched").join(what), "").expect("told");
    }

    /// The processes that loaded the module, or logged in, in their order.
    fn noted(&self, what: &str) -> Vec<u32> {
        let text = fs::read_to_string(self.house.file("watched").join(what)).unwrap_or_default();
        text.lines().map(|line| line.parse().expect("a process")).collect()
    }
}

impl Working {
    async fn ask(&self, gateway: &str, path: &str) -> Response<Bytes> {
        let (_, address) = self.addresses.iter().find(|(name, _)| name == gateway).expect("a gateway");
        let request = Request::get(format!("{address}{path}")).body(Bytes::new()).expect("a request");
        self.program.fetch(request).await.expect("an answer")
    }

    /// The common name of the certificate that the service saw.
    async fn shown(&self, gateway: &str) -> String {
        let echo = crate::street::echoed(&self.ask(gateway, "echo").await);
        echo["client"].as_str().expect("a name").to_owned()
    }

    async fn refusal(&self, gateway: &str) -> String {
        crate::street::refused(&self.ask(gateway, "echo").await).1
    }

    /// State and code of the doctor's line about a gateway.
    async fn doctor(&self, gateway: &str) -> (String, Option<String>, String) {
        let mut control = self.agent.control().await.expect("the control door");
        let checks = control.diagnosis().await.expect("a diagnosis").checks;
        let about = format!("passerelle {gateway} ");
        let check = checks.into_iter().find(|check| check.name == "gateway" && check.title.contains(&about));
        let check = check.unwrap_or_else(|| panic!("no line about {gateway}"));
        (check.state, check.code, check.title)
    }
}

fn softhsm() -> &'static str {
    let module = MODULES.into_iter().find(|path| Path::new(path).exists());
    module.expect("SoftHSM2 is installed (tests/run.sh does it)")
}

/// A process that is neither gone nor waiting to be buried.
fn alive(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

fn parent(pid: u32) -> u32 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find(|line| line.starts_with("PPid:")).expect("a parent");
    line.split_whitespace().nth(1).expect("a number").parse().expect("a number")
}

async fn until_gone(pid: u32) {
    until("the process is gone", async || (!alive(pid)).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_wrong_with_a_key_store_is_told_by_code_and_spends_no_pin() {
    let mut vault = Vault::new(Settings::default()).await;
    let absent = vault.uri("rsa", &[("watched.so", "absent.so")]);
    vault.gateway("module", &absent, "");
    // Our own module under a name of somebody else's: the person's card by the back door.
    let copy: PathBuf = vault.house.file("foreign.so");
    fs::copy(module(), &copy).expect("a copy");
    vault.gateway("card", &vault.uri("rsa", &[("watched.so", "foreign.so")]), "");
    vault.gateway("token", &vault.uri("rsa", &[("token=ETAB", "token=NOBODY")]), "");
    vault.house.secret("open", PIN);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(vault.house.file("open"), mode).expect("our own file");
    vault.gateway("open", &vault.uri("rsa", &[("/pin", "/open")]), "");
    vault.gateway("unread", &vault.uri("rsa", &[("/pin", "/absent")]), "");
    let working = vault.open().await;
    for (gateway, code) in [
        ("module", "gateway_module_missing"),
        ("card", "gateway_module_of_card"),
        ("token", "gateway_token_missing"),
        ("open", "gateway_secret_open"),
        ("unread", "gateway_files"),
    ] {
        assert_eq!(working.refusal(gateway).await, code, "{gateway}");
        let (state, told, _) = working.doctor(gateway).await;
        assert_eq!((state.as_str(), told.as_deref()), ("failed", Some(code)));
    }
    assert_eq!(vault.noted("logins"), [0_u32; 0]);
    assert_eq!(vault.service.counts().connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_not_there_or_belongs_elsewhere_is_refused() {
    let mut vault = Vault::new(Settings::default()).await;
    vault.gateway("absent", &vault.uri("nothing", &[]), "");
    let other = format!("certificate = {:?}\n", vault.house.file("p256.pem").display().to_string());
    vault.gateway("other", &vault.uri("rsa", &[]), &other);
    let working = vault.open().await;
    for gateway in ["absent", "other"] {
        assert_eq!(working.refusal(gateway).await, "gateway_key_missing", "{gateway}");
    }
    assert_eq!(vault.service.counts().connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_is_refused_is_tried_once_whoever_asks_and_however_often() {
    let mut vault = Vault::new(Settings::default()).await;
    let pin = vault.house.secret("wrong", "000000");
    let wrong = vault.uri("rsa", &[("/pin", "/wrong")]);
    vault.gateway("first", &wrong, "");
    // The same token in other words.
    vault.gateway("second", &wrong.replace("token=ETAB;object=rsa", "model=SoftHSM%20v2;object=p256"), "");
    let working = vault.open().await;
    for gateway in ["first", "second", "first", "second", "first"] {
        assert_eq!(working.refusal(gateway).await, "gateway_pin_wrong");
        assert_eq!(working.doctor(gateway).await.1.as_deref(), Some("gateway_pin_wrong"));
    }
    assert_eq!(vault.noted("logins").len(), 1, "tries of a wrong PIN");
    // The same PIN written again is the same PIN; another one is tried.
    fs::write(&pin, "000000").expect("written");
    assert_eq!(working.refusal("first").await, "gateway_pin_wrong");
    assert_eq!(vault.noted("logins").len(), 1, "tries of a wrong PIN");
    fs::write(&pin, PIN).expect("written");
    assert_eq!(working.shown("first").await, "rsa");
    assert_eq!(working.shown("second").await, "p256");
    assert_eq!(vault.noted("logins").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_pin_that_everybody_brings_at_once_is_tried_once() {
    let mut vault = Vault::new(Settings::default()).await;
    vault.house.secret("wrong", "000000");
    let wrong = vault.uri("rsa", &[("/pin", "/wrong")]);
    vault.gateway("first", &wrong, "");
    vault.gateway("second", &wrong.replace("token=ETAB;object=rsa", "model=SoftHSM%20v2;object=p256"), "");
    let working = vault.open().await;
    // The login takes its time: each of them has asked before the first one has its answer.
    vault.tell("slow");
    let refusals = tokio::join!(
        working.refusal("first"),
        working.refusal("second"),
        working.refusal("first"),
        working.doctor("second"),
    );
    assert_eq!((refusals.0.as_str(), refusals.1.as_str()), ("gateway_pin_wrong", "gateway_pin_wrong"));
    assert_eq!(refusals.2, "gateway_pin_wrong");
    assert_eq!(vault.noted("logins").len(), 1, "tries of a wrong PIN");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_is_being_tried_is_not_taken_for_a_refused_one() {
    let mut vault = Vault::new(Settings::default()).await;
    vault.gateway("first", &vault.uri("rsa", &[]), "");
    vault.gateway("second", &vault.uri("p256", &[]), "");
    let working = vault.open().await;
    vault.tell("slow");
    let (first, second, doctor) =
        tokio::join!(working.shown("first"), working.shown("second"), working.doctor("second"));
    assert_eq!((first.as_str(), second.as_str()), ("rsa", "p256"));
    assert_eq!(doctor.1, None, "{doctor:?}");
}

#[test]
fn whoever_types_the_word_of_the_process_is_told_what_it_is_for() {
    let mut command = Command::new(built("cps-agent"));
    let output = command.arg("key-store").stdin(std::process::Stdio::null()).output().expect("cps-agent");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("cps doctor"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_try_whose_outcome_nobody_knows_is_not_made_again() {
    let mut vault = Vault::new(Settings::default()).await;
    vault.gateway("etab", &vault.uri("rsa", &[]), "");
    let working = vault.open().await;
    vault.tell("vague");
    assert_eq!(working.refusal("etab").await, "gateway_key_store_broken");
    for _ in 0..3 {
        assert_eq!(working.refusal("etab").await, "gateway_pin_wrong");
    }
    assert_eq!(vault.noted("logins").len(), 1, "tries");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_try_of_a_key_store_is_a_persons() {
    let mut vault = Vault::new(Settings::default()).await;
    vault.gateway("etab", &vault.uri("rsa", &[]), "");
    let working = vault.open().await;
    vault.tell("final");
    assert_eq!(working.refusal("etab").await, "gateway_pin_wrong");
    assert_eq!(working.doctor("etab").await.1.as_deref(), Some("gateway_pin_wrong"));
    assert_eq!(vault.noted("logins").len(), 0, "tries");
    // Somebody gave it its tries back.
    fs::remove_file(vault.house.file("watched").join("final")).expect("removed");
    assert_eq!(working.shown("etab").await, "rsa");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_signature_of_a_key_store_serves_many_requests_and_its_module_stays_outside() {
    let mut vault = Vault::new(Settings::default()).await;
    vault.gateway("rsa", &vault.uri("rsa", &[]), "");
    vault.gateway("p256", &vault.uri("p256", &[]), "");
    let working = vault.open().await;
    for (gateway, requests) in [("rsa", 20), ("p256", 40)] {
        for _ in 0..20 {
            assert_eq!(working.shown(gateway).await, gateway);
        }
        let counts = vault.service.counts();
        assert_eq!((counts.whole(), counts.requests()), (requests / 20, requests));
    }
    let (agent, processes) = (working.agent.pid(), vault.noted("loaded"));
    assert_eq!((processes.len(), vault.noted("logins").len()), (2, 2));
    for process in &processes {
        assert!(alive(*process) && parent(*process) == agent, "{process} of {agent}");
    }
    // Where this test may not look, nobody may.
    for (pid, inside) in [(agent, false), (processes[0], true)] {
        if let Ok(maps) = fs::read_to_string(format!("/proc/{pid}/maps")) {
            let foreign = ["watched.so", "softhsm"].iter().any(|name| maps.contains(name));
            assert_eq!(foreign, inside, "{pid}: {maps}");
        }
    }
    // The doctor looks by a process of its own, which knows no PIN.
    let (state, code, _) = working.doctor("rsa").await;
    assert_eq!((state.as_str(), code.as_deref()), ("warning", Some("gateway_certificate_ending")));
    let (state, _, title) = working.doctor("p256").await;
    assert!(state == "ok" && title.contains("PKCS#11 ETAB"), "{state} {title}");
    assert_eq!(vault.noted("logins").len(), 2);

    // What a session opened ends with it.
    let mut control = working.agent.control().await.expect("the control door");
    control.end_session().await.expect("an answer");
    for process in processes {
        until_gone(process).await;
    }
    vault.home.login(&mut control).await;
    assert_eq!(working.shown("p256").await, "p256");
    let process = *vault.noted("loaded").last().expect("a process");
    assert!(alive(process));
    // The agent is killed, and can tell nobody.
    drop(working);
    until_gone(process).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_is_replaced_once_and_dying_again_is_told() {
    // Every connection costs a signature there.
    let mut vault = Vault::new(Settings { resumption: false, ..Settings::default() }).await;
    vault.gateway("etab", &vault.uri("rsa", &[]), "");
    let working = vault.open().await;
    assert_eq!(working.shown("etab").await, "rsa");
    let first = vault.noted("loaded");
    succeeded(Command::new("kill").args(["-9", &first[0].to_string()]));
    // The service cuts the connection, so that the next request needs a new one.
    assert_eq!(crate::street::refused(&working.ask("etab", "reset").await).1, "gateway_broken");
    assert_eq!(working.shown("etab").await, "rsa");
    let second = vault.noted("loaded");
    assert_eq!((first.len(), second.len(), vault.noted("logins").len()), (1, 2, 2));
    until_gone(first[0]).await;

    vault.tell("die");
    // A connection is there for the next request a moment after its answer: there may be more than one to cut.
    let told = loop {
        let told = crate::street::refused(&working.ask("etab", "reset").await).1;
        if told != "gateway_broken" {
            break told;
        }
    };
    assert_eq!(told, "gateway_key_store_broken");
    assert_eq!(vault.noted("loaded").len(), 3, "replaced once");
    for process in vault.noted("loaded") {
        until_gone(process).await;
    }
    fs::remove_file(vault.house.file("watched").join("die")).expect("removed");
    assert_eq!(working.shown("etab").await, "rsa");
    let status: Value = serde_json::from_slice(working.ask("etab", "sink").await.body()).expect("JSON");
    assert_eq!(status["bytes"], 0);
}
