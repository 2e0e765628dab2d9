//! What a configuration refuses, and which layer wins.

use super::*;
use cps_agent_core::{failure::Language, policy::program::Rule};
use std::fs;

/// A policy file and a person's file in a folder that ends with the test.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn policy(self, text: &str) -> Self {
        fs::write(self.folder.path().join("policy.toml"), text).expect("written");
        self
    }

    fn user(self, text: &str) -> Self {
        fs::write(self.folder.path().join("user.toml"), text).expect("written");
        self
    }

    fn sources(&self) -> Sources {
        Sources {
            policy: Some(self.folder.path().join("policy.toml")),
            user: Some(self.folder.path().join("user.toml")),
            ..Sources::default()
        }
    }

    fn load(&self) -> Result<Config, ConfigError> {
        Config::load(&self.sources())
    }

    fn refusal(&self) -> String {
        let folder = self.folder.path().display().to_string();
        self.load().expect_err("refused").to_string().replace(&folder, "")
    }
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn no_configuration_at_all_means_no_upstream_and_local_logins() {
    let config = Config::load(&Sources::default()).expect("defaults");
    assert!(config.upstream.is_none());
    assert_eq!(config.local.allow, LocalLogin::Always);
    assert_eq!(config.bridge, Bridge { port: 24788, tls: false });
    assert_eq!(config.trust.environment, Environment::Production);
    assert_eq!(config.session.mode, Mode::Strict);
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_name() {
    let refusal = Files::new().user("[pin]\npinentri = \"/usr/bin/pinentry\"\n").refusal();
    assert_eq!(refusal, "/user.toml: unknown key pin.pinentri (did you mean pin.pinentry?)");
}

#[test]
fn an_unknown_section_is_refused() {
    assert_eq!(Files::new().user("[gate]\n").refusal(), "/user.toml: unknown key gate");
}

#[test]
fn an_unknown_variable_is_refused_with_the_nearest_name() {
    let sources = Sources { environment: vec![pair("CPS_AGENT_PIN_HOLT", "session")], ..Sources::default() };
    let refusal = Config::load(&sources).expect_err("refused").to_string();
    assert_eq!(
        refusal,
        "environment variable CPS_AGENT_PIN_HOLT: unknown key CPS_AGENT_PIN_HOLT (did you mean CPS_AGENT_PIN_HOLD?)"
    );
}

#[test]
fn a_value_of_the_wrong_kind_is_refused() {
    assert_eq!(
        Files::new().user("[bridge]\ntls = \"yes\"\n").refusal(),
        "/user.toml: bridge.tls must be true or false"
    );
}

#[test]
fn a_word_that_is_no_choice_is_refused_with_the_choices() {
    let refusal = Files::new().user("[session]\nmode = \"lax\"\n").refusal();
    assert_eq!(refusal, "/user.toml: session.mode must be one of strict, lock, relock, mobile");
}

#[test]
fn the_fingerprint_differs_when_a_setting_does() {
    let fingerprint = |text: &str| Files::new().user(text).load().expect("valid").fingerprint;
    assert_eq!(fingerprint("[pin]\nhold = \"session\"\n"), fingerprint("pin.hold = \"session\"\n"));
    assert_ne!(fingerprint("[pin]\nhold = \"session\"\n"), fingerprint("[pin]\nhold = \"operation\"\n"));
}

#[test]
fn the_bridge_listens_on_no_address_but_loopback() {
    for address in ["0.0.0.0:24788", "192.168.1.2:24788", "127.0.0.2:24788", "[::]:24788", "localhost:24788"]
    {
        let refusal = Files::new().user(&format!("[bridge]\nlisten = \"{address}\"\n")).refusal();
        assert!(refusal.contains("bridge.listen must be 127.0.0.1 or [::1]"), "{address}: {refusal}");
    }
}

#[test]
fn a_session_is_never_longer_than_four_hours() {
    for max in ["5h", "0m", "4", "h", "4d", "-1h", "99999999999999999999h"] {
        let refusal = Files::new().user(&format!("[session]\nmax = \"{max}\"\n")).refusal();
        assert!(refusal.contains("session.max must be a time"), "{max}: {refusal}");
    }
}

#[test]
fn later_layers_win() {
    let files = Files::new().policy("[session]\nmax = \"1h\"\nidle = \"1m\"\n[pin]\nhold = \"operation\"\n");
    let files = files.user("[session]\nmax = \"2h\"\nidle = \"2m\"\n");
    let sources = Sources {
        environment: vec![
            pair("CPS_AGENT_SESSION_IDLE", "3m"),
            pair("CPS_AGENT_LOGIN_NON_NOMINATIVE", "true"),
        ],
        flags: vec![pair("login.non_nominative", "false")],
        ..files.sources()
    };
    let config = Config::load(&sources).expect("valid");
    assert_eq!(config.pin.hold, cps_card::token::Hold::Operation);
    assert_eq!(config.session.max, Duration::from_secs(2 * 3600));
    assert_eq!(config.session.idle, Duration::from_secs(3 * 60));
    assert!(!config.login.non_nominative);
}

#[test]
fn a_locked_key_keeps_the_policys_value_and_the_attempt_is_told() {
    let files = Files::new()
        .policy("[locked]\nkeys = [\"pin.pinentry\", \"session\"]\n[pin]\npinentry = \"/opt/pinentry\"\n")
        .user("[pin]\npinentry = \"/tmp/mine\"\n[session]\nmode = \"mobile\"\n");
    let sources = Sources { flags: vec![pair("pin.pinentry", "/tmp/flag")], ..files.sources() };
    let config = Config::load(&sources).expect("valid");
    assert_eq!(config.pin.pinentry, PathBuf::from("/opt/pinentry"));
    assert_eq!(config.session.mode, Mode::Strict);
    let names: Vec<_> = config.ignored.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["pin.pinentry", "session.mode", "pin.pinentry"]);
}

#[test]
fn a_misspelt_lock_is_refused() {
    let refusal = Files::new().policy("[locked]\nkeys = [\"pin.pinentr\"]\n").refusal();
    assert_eq!(refusal, "/policy.toml: unknown key pin.pinentr (did you mean pin.pinentry?)");
}

#[test]
fn only_the_policy_file_may_lock_or_allow_credentials() {
    let refusal = Files::new().user("[locked]\nkeys = []\n").refusal();
    assert_eq!(refusal, "/user.toml: locked.keys can only be set in the policy file");
    let refusal = Files::new().user("[upstream]\nworkstation_credentials = true\n").refusal();
    assert_eq!(refusal, "/user.toml: upstream.workstation_credentials can only be set in the policy file");
}

#[test]
fn production_credentials_need_the_policys_word() {
    let user = "[upstream]\nprofile = \"psc-production\"\nclient_id = \"x\"\n";
    assert!(Files::new().user(user).refusal().contains("workstation_credentials"));
    let allowed = Files::new().user(user).policy("[upstream]\nworkstation_credentials = true\n");
    assert_eq!(allowed.load().expect("valid").trust.environment, Environment::Production);
}

#[test]
fn a_built_in_profile_cannot_be_led_elsewhere() {
    for extra in ["issuer = \"https://evil.example\"", "ca_file = \"x.pem\"", "hosts = [\"evil.example\"]"] {
        let text = format!("[upstream]\nprofile = \"psc-bas\"\nclient_id = \"x\"\n{extra}\n");
        assert!(Files::new().user(&text).refusal().contains("is for profile = \"custom\" only"), "{extra}");
    }
    let refusal = Files::new()
        .user("[upstream]\nprofile = \"psc-bas\"\nclient_id = \"x\"\ncard_login = true\n")
        .refusal();
    assert!(refusal.contains("is for profile = \"custom\" only"));
}

#[test]
fn what_differs_between_registrations_can_be_set_for_a_built_in_profile() {
    let base = "[upstream]\nprofile = \"psc-bas\"\nclient_id = \"x\"\n";
    let upstream = |extra: &str| {
        Files::new().user(&format!("{base}{extra}")).load().expect("valid").upstream.expect("an upstream")
    };
    let plain = upstream("");
    assert!(plain.ciba && plain.idp_hint.is_none() && plain.accepted_acr.is_none());
    assert_eq!(plain.redirect, Redirect { port: 0, host: "127.0.0.1", path: "/callback".to_owned() });
    let set = upstream(
        "ciba = false\nidp_hint = \"OKTA_x\"\naccepted_acr = [\"eidas2\"]\nredirect_host = \"localhost\"\n\
         redirect_port = 8000\nredirect_path = \"/psc/retour\"\n",
    );
    assert!(!set.ciba);
    assert_eq!(set.idp_hint.as_deref(), Some("OKTA_x"));
    assert_eq!(set.accepted_acr, Some(vec!["eidas2".to_owned()]));
    assert_eq!(set.redirect, Redirect { port: 8000, host: "localhost", path: "/psc/retour".to_owned() });
}

#[test]
fn a_redirect_path_is_a_plain_path() {
    for path in ["callback", "/a?b", "/a/../b", "//host/", "/a b", "/%2e", "/#x"] {
        let text =
            format!("[upstream]\nprofile = \"psc-bas\"\nclient_id = \"x\"\nredirect_path = \"{path}\"\n");
        assert!(Files::new().user(&text).refusal().contains("upstream.redirect_path must be"), "{path}");
    }
}

#[test]
fn a_proxy_is_an_http_address_or_a_word_and_its_password_is_never_shown() {
    let text =
        |proxy: &str| format!("[upstream]\nprofile = \"psc-bas\"\nclient_id = \"x\"\nproxy = \"{proxy}\"\n");
    for wrong in
        ["proxy.example", "ftp://proxy.example", "http://proxy.example/path", "socks5://x", "http://"]
    {
        assert!(Files::new().user(&text(wrong)).refusal().contains("upstream.proxy must be"), "{wrong}");
    }
    let config = Files::new().user(&text("http://agent:s%33cret@proxy.example:3128")).load().expect("valid");
    let Proxy::Address(address) = &config.proxy else { panic!("an address") };
    assert_eq!((address.host(), address.port()), ("proxy.example", 3128));
    let authorization = address.authorization().expect("credentials");
    assert_eq!(authorization.expose(), "Basic YWdlbnQ6czNjcmV0");
    assert_eq!(address.to_string(), "http://proxy.example:3128");
    assert!(!format!("{config:?}").contains("cret"));
    assert_eq!(Files::new().user("[upstream]\nproxy = \"none\"\n").load().expect("valid").proxy, Proxy::None);
    assert_eq!(Files::new().load().expect("valid").proxy, Proxy::System);
}

#[test]
fn a_profile_and_an_environment_that_contradict_are_refused() {
    let text =
        "[upstream]\nprofile = \"psc-bas\"\nclient_id = \"x\"\n[trust]\nenvironment = \"production\"\n";
    assert_eq!(
        Files::new().user(text).refusal(),
        "/user.toml: trust.environment contradicts upstream.profile"
    );
}

#[test]
fn a_custom_issuer_is_an_https_address() {
    for issuer in ["http://127.0.0.1:9", "sso.example", "https:", "ftp://sso.example"] {
        let text = format!("[upstream]\nprofile = \"custom\"\nclient_id = \"x\"\nissuer = \"{issuer}\"\n");
        assert_eq!(
            Files::new().user(&text).refusal(),
            "/user.toml: upstream.issuer must be an https address",
            "{issuer}"
        );
    }
    let text = "[upstream]\nprofile = \"custom\"\nclient_id = \"x\"\n";
    assert!(Files::new().user(text).refusal().starts_with("upstream.issuer is missing"));
}

#[test]
fn a_client_authentication_without_its_file_is_refused() {
    let text =
        "[upstream]\nprofile = \"psc-bas\"\nclient_id = \"x\"\nclient_auth = \"client_secret_basic\"\n";
    let refusal = Files::new().user(text).refusal();
    assert_eq!(
        refusal,
        "upstream.client_secret_file is missing: client_auth = \"client_secret_basic\" needs it"
    );
}

#[test]
fn a_named_file_that_is_absent_is_refused_and_an_unnamed_one_is_not() {
    let files = Files::new();
    assert!(files.load().is_ok());
    let sources = Sources { user_named: true, ..files.sources() };
    assert!(matches!(Config::load(&sources), Err(ConfigError::Unreadable { .. })));
}

#[test]
fn relative_paths_belong_to_the_file_that_names_them() {
    let files = Files::new().user("[pin]\npinentry = \"bin/pinentry\"\n");
    let config = files.load().expect("valid");
    assert_eq!(config.pin.pinentry, files.folder.path().join("bin/pinentry"));
}

#[test]
fn the_prompt_program_unless_set_is_the_desktops_or_lies_beside_the_agent_and_is_never_a_bare_name() {
    let beside = |name: &str| Some(PathBuf::from("/opt/cps").join(name));
    for (system, expected) in [
        ("linux", "/usr/bin/pinentry"),
        ("freebsd", "/usr/bin/pinentry"),
        ("windows", "/opt/cps/cps-prompter.exe"),
        ("macos", "/opt/cps/cps-prompter"),
    ] {
        let expected = PathBuf::from(expected);
        assert_eq!(read::prompt_program(system, beside).as_ref(), Some(&expected), "{system}");
        let alone = read::prompt_program(system, |_| None);
        assert!(alone.is_none_or(|program| program == expected && !expected.starts_with("/opt")), "{system}");
    }
}

#[test]
fn a_rule_for_a_program_that_could_never_apply_is_refused() {
    for (text, said) in [
        ("[pkcs11]\ndefault = \"yes\"\n", "one of ask, allow, deny"),
        ("[pkcs11.programs]\n\"firefox\" = \"allow\"\n", "a table of absolute paths"),
        ("[pkcs11.programs]\n\"/usr/bin/curl\" = \"always\"\n", "one of ask, allow, deny"),
        ("[pkcs11.programs]\n\"/usr/bin/curl\" = true\n", "a table of texts"),
        ("[pkcs11]\nprograms = \"/usr/bin/curl\"\n", "a table of texts"),
    ] {
        let refusal = Files::new().user(text).refusal();
        assert!(refusal.contains("pkcs11.") && refusal.ends_with(said), "{refusal}");
    }
}

#[test]
fn programs_are_asked_for_unless_a_rule_says_otherwise() {
    let programs = Files::new().user("").load().expect("settings").programs;
    assert_eq!(programs, Programs::default());
    let text = "[pkcs11]\ndefault = \"deny\"\nsignature_key = true\n\
                [pkcs11.programs]\n\"/usr/bin/curl\" = \"allow\"\n";
    let programs = Files::new().user(text).load().expect("settings").programs;
    assert_eq!((programs.default, programs.signature_key, programs.decrypt), (Rule::Deny, true, false));
    assert_eq!(programs.rules.get("/usr/bin/curl"), Some(&Rule::Allow));
}

#[test]
fn the_policy_can_lock_the_rules_for_programs() {
    let config = Files::new()
        .policy("[locked]\nkeys = [\"pkcs11\"]\n[pkcs11]\ndefault = \"deny\"\n")
        .user("[pkcs11]\ndefault = \"allow\"\n[pkcs11.programs]\n\"/usr/bin/curl\" = \"allow\"\n")
        .load()
        .expect("settings");
    assert_eq!(config.programs.default, Rule::Deny);
    assert!(config.programs.rules.is_empty());
    assert_eq!(config.ignored.len(), 2);
}

#[test]
fn rules_can_come_from_the_environment() {
    let environment = vec![pair("CPS_AGENT_PKCS11_PROGRAMS", "/usr/bin/curl=allow, /opt/a=b/c=deny")];
    let config = Config::load(&Sources { environment, ..Sources::default() }).expect("settings");
    assert_eq!(config.programs.rules.get("/usr/bin/curl"), Some(&Rule::Allow));
    assert_eq!(config.programs.rules.get("/opt/a=b/c"), Some(&Rule::Deny));
}

const GATEWAY: &str =
    "[gateway.dmp]\norigin = \"https://dmp.example\"\ncredential = \"card\"\nanchors = [\"igc\"]\n";

#[test]
fn a_gateway_leads_to_one_origin_that_named_authorities_vouch_for() {
    let files = Files::new().user(GATEWAY);
    let config = files.load().expect("valid");
    let [gateway] = config.gateways.as_slice() else { panic!("one gateway") };
    assert_eq!((gateway.route.name.as_str(), gateway.route.base.as_str()), ("dmp", "https://dmp.example/"));
    assert_eq!(gateway.anchors, GatewayAnchors::Files(vec![files.folder.path().join("igc")]));
    assert_eq!(gateway.credential, GatewayCredential::Card);
    assert!(!gateway.route.authorization && !gateway.route.cookies && gateway.route.clients.is_empty());
    assert_eq!((gateway.body, gateway.requests, gateway.timeout.as_secs()), (256 * 1024 * 1024, 16, 60));
}

#[test]
fn a_gateway_that_makes_no_sense_is_refused() {
    for (from, to, refusal) in [
        ("origin", "orgin", "unknown key gateway.dmp.orgin (did you mean gateway.dmp.origin?)"),
        ("gateway.dmp", "gateway.\"d m\"", "unknown key gateway.d m"),
        ("gateway.dmp", "gateways.dmp", "unknown key gateways.dmp"),
        ("https://dmp.example", "http://dmp.example", "gateway.dmp.origin must be an https address"),
        ("https://dmp.example", "https://dmp.example/x", "gateway.dmp.origin must be an https address"),
        ("https://dmp.example", "https://a@dmp.example", "gateway.dmp.origin must be an https address"),
        (
            "https://dmp.example",
            "https://auth.bas.psc.esante.gouv.fr",
            "gateway.dmp.origin is the login service",
        ),
        ("\"card\"", "\"token\"", "gateway.dmp.credential must be one of card, organisation"),
        ("\"card\"", "\"organisation\"", "gateway.dmp.key is missing"),
        ("\"card\"", "\"card\"\nkey = \"x\"", "gateway.dmp.key is for credential = \"organisation\" only"),
        ("\"card\"", "\"card\"\npassword_file = \"x\"", "gateway.dmp.password_file is for"),
        ("[\"igc\"]", "[]", "gateway.dmp.anchors is missing"),
        ("[\"igc\"]", "[\"system\", \"igc\"]", "gateway.dmp.anchors names \"system\""),
        ("[\"igc\"]", "[\"igc\"]\npath = \"/a/../b\"", "gateway.dmp.path must be a plain path"),
        ("[\"igc\"]", "[\"igc\"]\nrequests = 0", "gateway.dmp.requests must be a whole number from 1 to 64"),
        ("[\"igc\"]", "[\"igc\"]\nbody = \"1\"", "gateway.dmp.body must be a whole number"),
        ("[\"igc\"]", "[\"igc\"]\ntimeout = \"1d\"", "gateway.dmp.timeout must be a time"),
    ] {
        let told = Files::new().user(&GATEWAY.replacen(from, to, 1)).refusal();
        assert!(told.contains(refusal), "{to}: {told}");
    }
    let upstream =
        "[upstream]\nprofile = \"custom\"\nclient_id = \"x\"\nissuer = \"https://dmp.example/realm\"\n";
    let told = Files::new().user(&format!("{upstream}{GATEWAY}")).refusal();
    assert!(told.contains("gateway.dmp.origin is the login service"), "{told}");
}

#[test]
fn the_key_of_an_organisation_is_in_pem_files_in_a_pkcs12_file_or_in_a_key_store() {
    let credential = |settings: &str| {
        let settings = format!("\"organisation\"\n{settings}");
        let files = Files::new().user(&GATEWAY.replacen("\"card\"", &settings, 1));
        let folder = files.folder.path().to_owned();
        files.load().map(|config| (config.gateways[0].credential.clone(), folder))
    };
    let (pem, folder) = credential("certificate = \"c\"\nkey = \"k\"").expect("valid");
    let expected = OrganisationKey::Pem { certificate: folder.join("c"), key: folder.join("k") };
    assert_eq!(pem, GatewayCredential::Organisation(expected));
    let (pkcs12, folder) = credential("key = \"k.p12\"\npassword_file = \"p\"").expect("valid");
    let expected = OrganisationKey::Pkcs12 { file: folder.join("k.p12"), password: folder.join("p") };
    assert_eq!(pkcs12, GatewayCredential::Organisation(expected));
    let uri = "pkcs11:token=T;object=k?module-path=/m.so&pin-source=file:/p";
    let (pkcs11, _) = credential(&format!("key = {uri:?}")).expect("valid");
    let GatewayCredential::Organisation(OrganisationKey::Pkcs11 { uri: read, certificate: None }) = pkcs11
    else {
        panic!("{pkcs11:?}")
    };
    assert_eq!(read.text, uri);

    let ours = uri.replace("/m.so", "/usr/lib/libcps_pkcs11.so");
    for (settings, refusal) in [
        ("key = \"k\"".to_owned(), "gateway.dmp.certificate is missing"),
        (
            "key = \"k\"\ncertificate = \"c\"\npassword_file = \"p\"".to_owned(),
            "gateway.dmp.certificate is in the PKCS#12",
        ),
        (format!("key = {uri:?}\npassword_file = \"p\""), "gateway.dmp.password_file is for a PKCS#12 file"),
        ("key = \"pkcs11:token=T\"".to_owned(), "gateway.dmp.key lacks object"),
        (format!("key = {ours:?}"), "gateway.dmp.key names the module of the person's card"),
    ] {
        let told = credential(&settings).expect_err("refused").to_string();
        assert!(told.contains(refusal), "{settings}: {told}");
    }
    let told = credential("key = \"pkcs11:token=T\"").expect_err("refused").failure(Language::French);
    let next = told.next(Language::French);
    assert!(next.contains("gateway.dmp.key n’a pas d’attribut object"), "{next}");
}

#[test]
fn a_policy_can_lock_gateways_one_or_all_or_one_setting() {
    let user = GATEWAY.replace("dmp.example", "evil.example");
    let origins = |locked: &str, user: &str| {
        let policy = format!("[locked]\nkeys = [{locked:?}]\n{GATEWAY}");
        let config = Files::new().policy(&policy).user(user).load().expect("valid");
        config.gateways.iter().map(|one| one.route.base.to_string()).collect::<Vec<_>>()
    };
    for locked in ["gateway", "gateway.dmp", "gateway.dmp.origin"] {
        assert_eq!(origins(locked, &user), ["https://dmp.example/"], "{locked}");
    }
    let other = user.replace("gateway.dmp", "gateway.other");
    assert_eq!(origins("gateway", &other), ["https://dmp.example/"]);
    assert_eq!(origins("gateway.dmp", &other), ["https://dmp.example/", "https://evil.example/"]);
    let told = Files::new().policy("[locked]\nkeys = [\"gateway.dmp.orgin\"]\n").refusal();
    assert!(told.contains("did you mean gateway.dmp.origin?"), "{told}");
}
