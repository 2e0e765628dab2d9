//! What can be registered, and what cannot.

use super::*;
use crate::failure::CLIENT_LOCKED;
use crate::oidc::registration::RegistrationError;
use crate::oidc::uri::{RedirectUri, UriError};

fn add(registration: Value) -> Result<(), RegistrationError> {
    let mut all = json!({"id": "x", "redirect_uris": [REDIRECT]});
    all.as_object_mut().unwrap().extend(registration.as_object().unwrap().clone());
    let registration = serde_json::from_value(all).unwrap();
    Registry::default().add(registration, &mut Counter(0)).map(|_| ())
}

#[test]
fn redirect_uris_that_could_lead_astray_are_refused_with_their_reason() {
    for (uri, reason) in [
        ("javascript:alert(1)", UriError::Scheme),
        ("data:text/html,x", UriError::Scheme),
        ("file:///etc/passwd", UriError::Scheme),
        ("dpi://callback", UriError::Scheme),
        ("http://dpi.example/cb", UriError::Scheme),
        ("http://127.0.0.2/cb", UriError::Scheme),
        ("http://localhost.example/cb", UriError::Scheme),
        ("https://dpi.example/cb#part", UriError::Fragment),
        ("https://user@dpi.example/cb", UriError::UserInfo),
        ("https://@dpi.example/cb", UriError::UserInfo),
        ("https://user:pass@dpi.example/cb", UriError::UserInfo),
        ("/callback", UriError::Malformed),
        ("https://dpi.example/c b", UriError::Malformed),
        ("https://dpi.exämple/", UriError::Malformed),
        ("", UriError::Malformed),
    ] {
        assert_eq!(RedirectUri::parse(uri).err(), Some(reason), "{uri}");
    }
    for unusual in [
        "https://DPI.example/cb",
        "http://2130706433/cb",
        "http://0x7f.1/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:080/cb",
        "https://dpi.example/a/../b",
        "https://dpi.example/a/%2e%2E/b",
        "https://dpi.example\\cb",
        "https://*.dpi.example/cb",
    ] {
        assert!(matches!(RedirectUri::parse(unusual), Err(UriError::Form(_))), "{unusual}");
    }
}

#[test]
fn only_the_port_of_a_loopback_address_is_left_open() {
    let matches = |registered: &str, asked: &str| RedirectUri::parse(registered).unwrap().matches(asked);
    assert!(matches("http://127.0.0.1/cb", "http://127.0.0.1:1/cb"));
    assert!(matches("http://127.0.0.1:8080/cb", "http://127.0.0.1/cb"));
    assert!(matches("http://[::1]:8080/cb?x=1", "http://[::1]:65535/cb?x=1"));
    assert!(matches("http://127.0.0.1", "http://127.0.0.1:5"));
    assert!(!matches("http://127.0.0.1:8080/cb", "http://127.0.0.1:65536/cb"));
    assert!(!matches("http://127.0.0.1/cb", "http://127.0.0.1:8080/cb/../x"));
    assert!(!matches("http://127.0.0.1/cb", "http://127.0.0.1:+1/cb"));
    assert!(!matches("http://localhost:8080/cb", "http://localhost:8081/cb"));
    assert!(matches("http://localhost:8080/cb", "http://localhost:8080/cb"));
    assert!(!matches("https://127.0.0.1:8443/cb", "https://127.0.0.1:8444/cb"));
    assert!(!matches("https://dpi.example/cb", "https://dpi.example:8443/cb"));
    assert!(!matches("https://dpi.example/cb", "https://dpi.example/CB"));
}

#[test]
fn a_registration_that_makes_no_sense_is_refused() {
    let key = json!({"kty": "oct", "k": "AA"}).to_string();
    for bad in [
        json!({"id": ""}),
        json!({"id": "with space"}),
        json!({"id": "a:b"}),
        json!({"id": "x".repeat(65)}),
        json!({"name": "line\nbreak"}),
        json!({"redirect_uris": []}),
        json!({"redirect_uris": vec![REDIRECT; 33]}),
        json!({"post_logout_redirect_uris": ["javascript:x"]}),
        json!({"backchannel_logout_uri": "https://dpi.example/logout"}),
        json!({"origins": ["https://dpi.example/"]}),
        json!({"origins": ["*"]}),
        json!({"origins": ["null"]}),
        json!({"scopes": ["openid", "admin"]}),
        json!({"scopes": ["cps:gateway:"]}),
        json!({"scopes": ["psc_token"], "client_auth": "client_secret_basic"}),
        json!({"claims": ["a claim"]}),
        json!({"pkce": "optional"}),
        json!({"client_auth": "private_key_jwt"}),
        json!({"public_key": key}),
        json!({"public_key": key, "client_auth": "none"}),
    ] {
        assert!(add(bad.clone()).is_err(), "{bad}");
    }
    assert_eq!(
        add(json!({"scopes": ["openid", "cps:gateway:labo"], "origins": ["https://dpi.example:8443"],
        "backchannel_logout_uri": "http://127.0.0.1:9000/logout"})),
        Ok(())
    );
}

#[test]
fn a_client_without_a_browser_needs_no_redirect_uri() {
    assert_eq!(add(json!({"redirect_uris": [], "ciba": true})), Ok(()));
    assert_eq!(add(json!({"redirect_uris": [], "ciba": false})), Err(RegistrationError::Count));
}

#[test]
fn an_administrators_file_has_no_shared_secret_no_unknown_member_and_no_second_client() {
    let mut registry = Registry::default();
    let head = "id = \"dpi\"\nredirect_uris = [\"http://127.0.0.1/cb\"]\n";
    for method in ["client_secret_basic", "client_secret_post"] {
        let file = format!("{head}client_auth = \"{method}\"\n");
        assert_eq!(registry.load_file(&file).err(), Some(RegistrationError::SharedSecret));
    }
    let unknown =
        registry.load_file(&format!("{head}client_secret = \"hunter2\"\n")).unwrap_err().to_string();
    assert!(unknown.contains("line 3") && unknown.contains("client_secret"), "{unknown}");
    assert!(!unknown.contains("hunter2"), "{unknown}");
    assert_eq!(registry.load_file(head).unwrap().source(), Source::Administrator);
    assert_eq!(registry.load_file(head).err(), Some(RegistrationError::Exists("dpi".into())));
}

#[test]
fn an_administrators_client_cannot_be_changed_and_wins_over_a_stored_one() {
    let mut house = House::new();
    let state = house.provider.state();
    let mut registry = Registry::default();
    let file = "id = \"dpi\"\nname = \"Dossier\"\nredirect_uris = [\"https://dpi.example/cb\"]\n";
    registry.load_file(file).unwrap();
    house.provider = Provider::new(ISSUER.into(), registry, p256_key()).unwrap();
    house.provider.restore(state.as_bytes(), house.now).unwrap();
    assert_eq!(house.provider.client("dpi").unwrap().name(), "Dossier");
    let locked = house.provider.remove_client("dpi").unwrap_err();
    assert_eq!((&locked, locked.code()), (&RegistrationError::Administrator("dpi".into()), CLIENT_LOCKED));
    let again = house.provider.add_client(Registration::new("dpi", vec![REDIRECT.into()]), &mut Counter(0));
    assert_eq!(again.err(), Some(RegistrationError::Exists("dpi".into())));
}

#[test]
fn a_secret_is_shown_once_and_only_its_hash_is_kept() {
    let mut house = House::new();
    let registration = serde_json::from_value(
        json!({"id": "s", "redirect_uris": [REDIRECT], "client_auth": "client_secret_basic", "id_token_alg": "ES256"}),
    )
    .unwrap();
    let registered = house.provider.add_client(registration, &mut house.entropy).unwrap();
    let secret = registered.secret.as_ref().unwrap().expose().to_owned();
    assert_eq!(secret.len(), 43);
    let state = house.provider.state();
    assert!(!state.contains(&secret));
    assert!(!format!("{registered:?} {:?}", house.provider.registry()).contains(&secret));

    house.provider = Provider::new(ISSUER.into(), Registry::default(), p256_key()).unwrap();
    house.provider.restore(state.as_bytes(), house.now).unwrap();
    assert_eq!(house.provider.state(), state);
    let parameters = pairs(&[("grant_type", "refresh_token"), ("refresh_token", "x")]);
    let request = TokenRequest { parameters, authorization: Some(basic("s", &secret)) };
    assert_eq!(house.token_request(&request).unwrap_err().refusal.error, "invalid_grant");
}

#[test]
fn a_state_file_of_another_form_or_version_is_refused() {
    let mut house = House::new();
    let state = house.provider.state();
    for bad in [
        "".to_owned(),
        "{}".to_owned(),
        state.replace("\"version\": 1", "\"version\": 2"),
        state.replace("secret_sha256\": \"", "secret_sha256\": \"zz"),
        state.replace("\"version\"", "\"more\": 1, \"version\""),
    ] {
        let found = house.provider.restore(bad.as_bytes(), START);
        assert!(matches!(found, Err(RegistrationError::State(_))), "{bad}");
    }
}

#[test]
fn a_removed_client_loses_its_tokens_and_its_waiting_requests() {
    let mut house = House::logged_in();
    let tokens = house.tokens();
    let transaction = house.waits(&[("prompt", "login")]);
    house.provider.remove_client("dpi").unwrap();
    assert!(house.userinfo(text(&tokens, "access_token")).is_err());
    assert!(house.provider.waiting(&transaction, house.now).is_none());
    assert_eq!(house.refresh(text(&tokens, "refresh_token")).unwrap_err().error, "invalid_client");
    assert_eq!(house.provider.remove_client("dpi").err(), Some(RegistrationError::Unknown("dpi".into())));
}

#[test]
fn origins_are_those_of_the_registrations_exactly() {
    let mut house = House::new();
    house.add(json!({"id": "web", "origins": ["https://dpi.example"]}));
    assert!(house.provider.registry().allows_origin("https://dpi.example"));
    for foreign in ["https://dpi.example:8443", "https://DPI.example", "http://dpi.example", "null"] {
        assert!(!house.provider.registry().allows_origin(foreign), "{foreign}");
    }
    house.provider.remove_client("web").unwrap();
    assert!(!house.provider.registry().allows_origin("https://dpi.example"));
}

#[test]
fn a_secret_path_is_made_once_kept_as_a_hash_and_good_for_its_gateways_alone() {
    let mut registry = Registry::default();
    let mut registration = Registration::new("logiciel", Vec::new());
    registration.gateways = vec!["dmp".to_owned(), "insi".to_owned()];
    let added = registry.add(registration, &mut Counter(0)).unwrap();
    assert!(added.secret.is_none() && !added.client.confidential());
    let secret = added.gateway_secret.unwrap();
    assert_eq!(secret.expose().len(), 43);
    let stored = serde_json::to_string(&registry.stored()).unwrap();
    assert!(!stored.contains(secret.expose()) && stored.contains(&secret.hash().to_hex()));

    let mut restored = Registry::default();
    for client in serde_json::from_str::<Vec<_>>(&stored).unwrap() {
        restored.restore(client).unwrap();
    }
    for gateway in ["dmp", "insi"] {
        assert_eq!(restored.of_gateway_secret(&secret, gateway), Some("logiciel"));
    }
    assert_eq!(restored.of_gateway_secret(&secret, "other"), None);
    assert_eq!(restored.of_gateway_secret(&Secret::new("other".to_owned()), "dmp"), None);
    restored.remove("logiciel").unwrap();
    assert_eq!(restored.of_gateway_secret(&secret, "dmp"), None);
}

#[test]
fn a_secret_path_is_for_names_and_never_in_the_administrators_files() {
    assert!(matches!(add(json!({"gateways": ["a b"]})), Err(RegistrationError::Gateway(_))));
    assert!(matches!(add(json!({"gateways": [""]})), Err(RegistrationError::Gateway(_))));
    assert!(matches!(add(json!({"redirect_uris": []})), Err(RegistrationError::Count)));
    assert!(add(json!({"redirect_uris": [], "gateways": ["dmp"]})).is_ok());
    let file = "id = \"x\"\nredirect_uris = [\"http://127.0.0.1/\"]\ngateways = [\"dmp\"]\n";
    assert_eq!(Registry::default().load_file(file).unwrap_err(), RegistrationError::SharedSecret);
}
