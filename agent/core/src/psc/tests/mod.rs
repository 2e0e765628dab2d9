//! Profiles, dates, cookies and the matching rule; whole logins are played in `session`.

mod client_authentication;
mod drift;
mod id_token;
mod pushes;
mod refresh;
mod take_back;
mod user_info;

use super::answer::http_date;
use super::authorize::{Ask, Pending};
use super::jar::Jar;
use super::keys::{Found, Keys};
use super::profile::{Custom, Profile};
use super::verify::IdToken;
use super::*;
use crate::failure::{self, Code};
use crate::fetch::{FetchFault, Fetched, ProxyFault};
use crate::identity::{NationalId, UnixTime};
use crate::jose::Algorithm;
use crate::tests::provider::{client, custom, json_answer, jwk_of, redirect, signing_key};
use crate::tests::{Counted, NOW};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use url::Url;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn refused(custom: Custom) -> Code {
    Profile::custom(custom, client()).unwrap_err().code
}

#[test]
fn what_stands_between_us_and_the_upstream_is_named() {
    let told = |fault: FetchFault| super::answer::unanswered(&fault).code;
    let proxy = FetchFault::Proxy { proxy: "socks5://s.example".into(), fault: ProxyFault::Unsupported };
    assert_eq!(told(proxy), failure::PROXY_UNSUPPORTED);
    assert_eq!(told(FetchFault::ClientRefused("alert".into())), failure::UPSTREAM_CLIENT_CERTIFICATE);
}

#[test]
fn a_custom_profile_never_names_a_host_of_pro_sante_connect() {
    for host in [
        "auth.bas.psc.esante.gouv.fr",
        "wallet.bas.psc.esante.gouv.fr:443",
        "AUTH.ESW.esante.gouv.fr",
        "wallet.esw.esante.gouv.fr.",
        "auth.bas.esw.esante.gouv.fr",
        "psc.esante.gouv.fr",
        "new.psc.esante.gouv.fr",
    ] {
        let named = Custom { hosts: vec![host.into()], ..custom() };
        assert_eq!(refused(named), failure::PSC_HOST_IN_CUSTOM, "{host}");
        let issuer = Custom { issuer: format!("https://{host}/auth/realms/esante-wallet"), ..custom() };
        assert_eq!(refused(issuer), failure::PSC_HOST_IN_CUSTOM, "{host}");
    }
    let similar = Custom { hosts: vec!["notpsc.esante.gouv.fr".into()], ..custom() };
    assert!(Profile::custom(similar, client()).is_ok());
}

#[test]
fn a_custom_profile_is_https_and_well_formed() {
    for issuer in
        ["http://127.0.0.1/realm", "https://user@idp.test/realm", "idp.test", "https://idp.test/?a=b#c"]
    {
        let code = refused(Custom { issuer: issuer.into(), ..custom() });
        assert_eq!(code, failure::CONFIG_MALFORMED, "{issuer}");
    }
    for host in ["https://idp.test", "idp.test/path", "a b", "", "user@idp.test", "idp.test?x"] {
        let code = refused(Custom { hosts: vec![host.into()], ..custom() });
        assert_eq!(code, failure::CONFIG_MALFORMED, "{host}");
    }
    assert_eq!(refused(Custom { algorithms: Some(vec![]), ..custom() }), failure::CONFIG_MALFORMED);
}

#[test]
fn the_built_in_profiles_are_pinned_and_have_no_card_login() {
    for (profile, discovery, wallet) in [
        (
            Profile::psc_bas(client()).unwrap(),
            "https://auth.bas.psc.esante.gouv.fr/auth/realms/esante-wallet/.well-known/wallet-openid-configuration",
            "https://wallet.bas.psc.esante.gouv.fr/auth",
        ),
        (
            Profile::psc_production(client()).unwrap(),
            "https://auth.esw.esante.gouv.fr/auth/realms/esante-wallet/.well-known/wallet-openid-configuration",
            "https://wallet.esw.esante.gouv.fr/auth",
        ),
    ] {
        assert!(!profile.card_login);
        assert_eq!(profile.discovery.as_str(), discovery);
        assert!(profile.admits(&url(wallet)).is_ok());
        assert!(profile.admits(&url("https://wallet.bas.psc.esante.gouv.fr:8443/auth")).is_err());
        // The realm's own page would answer too; the pinned one is the wallet's.
        let issuer = profile.issuer.clone();
        let endpoint = |name: &str| format!("{issuer}/protocol/openid-connect/{name}");
        let document = |authorization: &str| {
            let body = json!({"issuer": issuer, "authorization_endpoint": authorization,
                "token_endpoint": endpoint("token"), "userinfo_endpoint": endpoint("userinfo"),
                "jwks_uri": endpoint("certs")});
            Metadata::read(&profile, &json_answer(200, &body))
        };
        assert!(document(wallet).is_ok());
        assert_eq!(document(&endpoint("auth")).unwrap_err().code, failure::UPSTREAM_GARBLED);
    }
}

#[test]
fn a_host_with_a_port_means_that_port_and_one_without_means_all() {
    let hosts = vec!["a.test".into(), "b.test:8443".into(), "c.test:443".into()];
    let profile = Profile::custom(Custom { hosts, ..custom() }, client()).unwrap();
    for good in ["https://a.test/", "https://a.test:9/", "https://b.test:8443/", "https://c.test/x"] {
        assert!(profile.admits(&url(good)).is_ok(), "{good}");
    }
    for bad in
        ["https://b.test/", "https://c.test:444/", "http://a.test/", "https://x@a.test/", "https://aa.test/"]
    {
        assert!(profile.admits(&url(bad)).is_err(), "{bad}");
    }
}

#[test]
fn the_request_has_everything_it_must_have() {
    let mut entropy = Counted::default();
    let mut bas = Profile::psc_bas(client()).unwrap();
    bas.idp_hint = Some("CHU".into());
    let bas = Arc::new(bas);
    let metadata = Metadata {
        authorization_endpoint: url("https://wallet.bas.psc.esante.gouv.fr/auth"),
        token_endpoint: url("https://auth.bas.psc.esante.gouv.fr/t"),
        userinfo_endpoint: url("https://auth.bas.psc.esante.gouv.fr/u"),
        jwks_uri: url("https://auth.bas.psc.esante.gouv.fr/j"),
        end_session_endpoint: None,
        revocation_endpoint: None,
        ciba_endpoint: None,
        answers_with_issuer: true,
    };
    let ask = Ask {
        login: true,
        max_age: Some(60),
        login_hint: Some("8997".into()),
        ..Ask::at(url("http://127.0.0.1:81/callback"))
    };
    let (_, first) = Pending::request(&bas, &metadata, ask.clone(), &mut entropy);
    let query: Map<String, Value> =
        first.query_pairs().map(|(n, v)| (n.into_owned(), v.into_owned().into())).collect();
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "agent"),
        ("redirect_uri", "http://127.0.0.1:81/callback"),
        ("prompt", "login"),
        ("max_age", "60"),
        ("login_hint", "8997"),
        ("scope", "openid scope_all"),
        ("acr_values", "eidas1"),
        ("code_challenge_method", "S256"),
        ("kc_idp_hint", "CHU"),
    ] {
        assert_eq!(query[name], value);
    }
    assert_eq!(query["code_challenge"].as_str().unwrap().len(), 43);
    for name in ["state", "nonce"] {
        assert!(query[name].as_str().unwrap().len() >= 22);
    }
    let (_, second) = Pending::request(&bas, &metadata, ask.clone(), &mut entropy);
    assert_ne!(first, second);
}

#[test]
fn an_answer_with_a_parameter_twice_is_refused() {
    let mut entropy = Counted::default();
    let profile = Arc::new(crate::tests::provider::profile());
    let metadata = Metadata {
        authorization_endpoint: url("https://idp.test.invalid/realm/auth"),
        token_endpoint: url("https://idp.test.invalid/t"),
        userinfo_endpoint: url("https://idp.test.invalid/u"),
        jwks_uri: url("https://idp.test.invalid/j"),
        end_session_endpoint: None,
        revocation_endpoint: None,
        ciba_endpoint: None,
        answers_with_issuer: false,
    };
    let mut attempt = |more: &str| {
        let ask = Ask::at(profile.client.redirect_uri.clone());
        let (pending, request) = Pending::request(&profile, &metadata, ask, &mut entropy);
        let (_, state) = request.query_pairs().find(|(name, _)| name == "state").unwrap();
        pending.answer(&url(&format!("http://127.0.0.1/callback?state={state}&{more}"))).map(drop)
    };
    assert!(attempt("code=1").is_ok());
    for more in ["code=1&code=2", "code=1&state=x", "code=1&iss=a&iss=b", "code=", ""] {
        assert_eq!(attempt(more).unwrap_err().code, failure::UPSTREAM_STATE, "{more}");
    }
}

#[test]
fn http_dates_are_read_and_nonsense_is_not() {
    assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(UnixTime(784_111_777)));
    assert_eq!(http_date("Thu, 01-Jan-1970 00:00:00 GMT"), Some(UnixTime(0)));
    assert_eq!(http_date("Mon, 23 Nov 2026 00:00:00 GMT"), Some(NOW));
    assert_eq!(http_date("Thu, 29 Feb 2024 00:00:00 GMT"), Some(UnixTime(1_709_164_800)));
    for bad in [
        "",
        "today",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, -6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Now 1994 08:49:37 GMT",
    ] {
        assert_eq!(http_date(bad), None, "{bad}");
    }
}

#[test]
fn cookies_go_back_to_their_host_and_path_and_nowhere_else() {
    let mut jar = Jar::default();
    let mut set = |from: &str, lines: &[&str]| {
        let mut answer = redirect("/");
        answer.headers.extend(lines.iter().map(|line| ("set-cookie".to_owned(), (*line).to_owned())));
        jar.take(&url(from), &answer);
        jar.header(&url("https://a.test/realm/x"))
    };
    let sent =
        set("https://a.test/realm/login", &["s=1; Path=/realm", "d=2", "r=3; Path=/", "e=; Domain=test"]);
    assert_eq!(sent.as_deref(), Some("s=1; d=2; e=; r=3"));
    // Another host sets and sees its own only, whatever Domain says.
    set("https://b.test/", &["s=evil; Domain=a.test; Path=/realm"]);
    // A later value replaces, an expired one removes.
    let sent = set(
        "https://a.test/realm/login",
        &[
            "s=9; Path=/realm",
            "d=; Max-Age=0",
            "r=; Path=/; Expires=Thu, 01-Jan-1970 00:00:00 GMT",
            "nonsense",
            "=x",
            "e=\u{7}",
        ],
    );
    assert_eq!(sent.as_deref(), Some("s=9; e="));
    assert_eq!(jar.header(&url("https://a.test/realmx")), None);
    assert_eq!(jar.header(&url("https://c.test/realm/x")), None);
    assert_eq!(jar.header(&url("https://b.test/realm")).as_deref(), Some("s=evil"));
}

#[test]
fn a_jar_is_bounded() {
    let mut jar = Jar::default();
    let mut answer = redirect("/");
    answer.headers.extend((0..200).map(|n| ("set-cookie".to_owned(), format!("c{n}=x"))));
    answer.headers.push(("set-cookie".into(), format!("big={}", "x".repeat(5000))));
    jar.take(&url("https://a.test/"), &answer);
    assert_eq!(jar.header(&url("https://a.test/")).unwrap().split("; ").count(), 50);
    assert_eq!(format!("{jar:?}"), "Jar(50 cookies)");
}

#[test]
fn keys_that_are_not_for_signatures_are_passed_over() {
    let (first, second) = (jwk_of(&signing_key(0), "one"), jwk_of(&signing_key(1), "two"));
    let mut encryption = second.clone();
    encryption["use"] = "enc".into();
    let mut other = second.clone();
    other["alg"] = "RS512".into();
    let set = json!({"keys": [first, encryption, other, {"kty": "OKP"}, 7]});
    let keys = Keys::read(&json_answer(200, &set)).unwrap();
    assert!(matches!(keys.find(Some("one"), Algorithm::Rs256), Found::Key(_)));
    assert!(matches!(keys.find(None, Algorithm::Rs256), Found::Key(_)));
    assert!(matches!(keys.find(Some("two"), Algorithm::Rs256), Found::Unknown));
    assert!(matches!(keys.find(Some("one"), Algorithm::Es256), Found::Unknown));
    for bad in [json!({}), json!({"keys": 1}), json!({"keys": vec![json!({}); 51]})] {
        assert!(Keys::read(&json_answer(200, &bad)).is_err());
    }
    assert!(keys.may_refetch(NOW));
    let missed = keys.after_miss();
    assert!(!missed.may_refetch(NOW.plus(59)));
    assert!(missed.may_refetch(NOW.plus(60)));
}

fn id_token(name_id: Option<&str>) -> IdToken {
    IdToken {
        subject: "s".into(),
        name_id: name_id.map(|id| NationalId(id.into())),
        acr: None,
        auth_time: NOW,
        auth_mode: None,
        claims: Map::new(),
    }
}

fn read(answer: &Fetched, id_token: &IdToken) -> Result<crate::identity::Person, failure::Failure> {
    let keys = Keys::read(&json_answer(200, &json!({"keys": []}))).unwrap();
    userinfo::read(answer, &crate::tests::provider::profile(), id_token, &keys)
}

fn person(info: &Value, name_id: Option<&str>) -> crate::identity::Person {
    read(&json_answer(200, info), &id_token(name_id)).unwrap()
}

#[test]
fn a_person_is_known_by_every_identifier_and_called_by_the_rpps_one() {
    let rpps = json!({"identifiant": "899700990015", "origine": "RPPS", "qualite": 1});
    let uuid = "0d0b2f0e-6f4b-4e0e-8b57-0f0c7f5a9c01";
    // After a merge of accounts the identifier is a UUID and the RPPS one stands among the others.
    let merged = person(&json!({"sub": "s", "SubjectNameID": uuid, "otherIds": [rpps]}), None);
    assert_eq!(merged.id.0, "899700990015");
    assert_eq!(merged.aliases, [NationalId(uuid.into()), NationalId("899700990015".into())]);
    let misspelt = person(&json!({"sub": "s", "SubjectNameID": uuid, "otherIDs": [rpps]}), None);
    assert_eq!(misspelt.id.0, "899700990015");
    // Without an origin the form decides; `8` and eleven digits with a wrong key is not an RPPS number.
    let adeli = json!({"sub": "s", "SubjectNameID": "0999700001",
        "otherIds": [{"identifiant": "899700990016"}, {"identifiant": "899700990015"}]});
    assert_eq!(person(&adeli, None).id.0, "899700990015");
    let edit = json!({"sub": "s", "SubjectNameID": "ANS20260101000001"});
    assert_eq!(person(&edit, None).id.0, "ANS20260101000001");
    let staff = json!({"sub": "s", "SubjectNameID": "51234567890123/CPAT00045"});
    assert_eq!(person(&staff, None).id.0, "51234567890123/CPAT00045");
    // What UserInfo leaves out the ID token may have said.
    assert_eq!(person(&json!({"sub": "s"}), Some("899700990015")).id.0, "899700990015");
}

#[test]
fn user_info_is_read_leniently_and_kept_verbatim() {
    let drifted = json!({
        "sub": "s", "SubjectNameID": "899700990015", "given_name": "", "family_name": 7,
        "SubjectRefPro": {"exercices": [{"codeProfession": "10", "codeCivilite": "M", "activities": "none"}, 3]},
        "otherIds": [{"identifiant": 5}, {}, "x", {"identifiant": "with blank"}],
        "numeroFinessSite": "0012", "member_of_tomorrow": {"a": [1]},
    });
    let person = person(&drifted, None);
    assert_eq!((person.given_name, person.family_name), (None, None));
    assert_eq!(person.aliases.len(), 1);
    assert_eq!(person.claims["numeroFinessSite"], "0012");
    assert_eq!(person.claims["member_of_tomorrow"], json!({"a": [1]}));
    assert!(!person.claims.contains_key("sub"));
}

#[test]
fn answers_that_are_no_json_object_are_garbled() {
    for body in [&b""[..], b"[]", b"{", b"{\"a\":1,\"a\":2}", b"<html>"] {
        let answer = Fetched { body: body.to_vec().into(), ..json_answer(200, &json!({})) };
        assert_eq!(token::read(&answer).unwrap_err().code, failure::UPSTREAM_GARBLED);
        assert_eq!(read(&answer, &id_token(None)).unwrap_err().code, failure::UPSTREAM_GARBLED);
    }
}
