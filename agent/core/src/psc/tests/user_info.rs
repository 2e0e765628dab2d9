//! UserInfo in every shape that was seen: who comes of it, and what is kept.

use crate::failure;
use crate::fetch::Fetched;
use crate::identity::{NationalId, Person};
use crate::jose::{self, Algorithm};
use crate::psc::keys::Keys;
use crate::psc::userinfo;
use crate::psc::verify::IdToken;
use crate::tests::NOW;
use crate::tests::authority::random;
use crate::tests::provider::{CLIENT, ISSUER, edit, json_answer, jwk_of, profile, signing_key};
use serde_json::{Map, Value, json};

const RPPS: &str = "899700990015";

/// A doctor with one exercise, as since 2023.
fn doctor() -> Value {
    json!({
        "sub": "f:1:899700990015", "SubjectNameID": RPPS, "preferred_username": RPPS,
        "given_name": "CAMILLE", "family_name": "EXEMPLE0099001",
        "codeCivilite": "MME", "codeGenreActivite": "", "authMode": "MOBILE",
        "Secteur_Activite": "SA07^1.2.250.1.71.4.2.4", "SubjectOrganization": "CABINET MME EXEMPLE0099001",
        "SubjectOrganizationID": "R99901", "SubjectRole": ["10^1.2.250.1.213.1.1.5.5"],
        "Mode_Acces_Raison": "", "Acces_Regulation_Medicale": "FAUX", "UITVersion": "1.0",
        "otherIds": [{"identifiant": RPPS, "origine": "RPPS", "qualite": 1}],
        "SubjectRefPro": {"exercices": [exercise()]},
    })
}

fn exercise() -> Value {
    json!({
        "codeProfession": "10", "codeCategorieProfessionnelle": "C", "codeCiviliteDexercice": "DR",
        "codeSavoirFaire": "SM54",
        "activities": [{"codeModeExercice": "L", "numeroFinessSite": "0B0999901", "numeroSiretSite": "00000000000000"}],
    })
}

fn id_token() -> IdToken {
    IdToken {
        subject: "f:1:899700990015".into(),
        name_id: Some(NationalId(RPPS.into())),
        acr: None,
        auth_time: NOW,
        auth_mode: None,
        claims: Map::new(),
    }
}

fn read(answer: &Fetched) -> Result<Person, failure::Failure> {
    let keys = Keys::read(&json_answer(200, &json!({"keys": [jwk_of(&signing_key(0), "one")]}))).unwrap();
    userinfo::read(answer, &profile(), &id_token(), &keys)
}

/// The person of an answer with these members changed, in one line: identifier, aliases, names.
fn snapshot(edits: &[(&str, Value)]) -> String {
    let mut info = doctor();
    edit(info.as_object_mut().unwrap(), edits);
    let person = read(&json_answer(200, &info)).unwrap();
    // Whatever came is kept as it came, but for the upstream's own name of the person.
    info.as_object_mut().unwrap().remove("sub");
    assert_eq!(Value::Object(person.claims.clone()), info);
    let aliases: Vec<_> = person.aliases.iter().map(|id| id.0.as_str()).collect();
    format!("{} [{}] {}", person.id.0, aliases.join(" "), person.display_name())
}

#[test]
fn each_shape_gives_its_person() {
    let civility_inside = json!({"codeCivilite": "MME", "exercices": [exercise()]});
    let twice = json!({"exercices": [exercise(), exercise()]});
    let bare = json!({"exercices": [{"codeProfession": "10"}]});
    let uuid = "0d0b2f0e-6f4b-4e0e-8b57-0f0c7f5a9c01";
    let merged = json!([{"identifiant": RPPS, "origine": "RPPS", "qualite": 1},
        {"identifiant": uuid, "origine": "PSI", "qualite": 2}]);
    let adeli = json!([{"identifiant": RPPS, "origine": "RPPS", "qualite": 1},
        {"identifiant": "0999700001", "origine": "ADELI", "qualite": 1}]);
    let name = "CAMILLE EXEMPLE0099001";
    for (edits, expected) in [
        // Since 2023.
        (vec![], format!("{RPPS} [{RPPS}] {name}")),
        // Before: the civility inside, no kind of activity.
        (
            vec![
                ("codeCivilite", Value::Null),
                ("codeGenreActivite", Value::Null),
                ("SubjectRefPro", civility_inside),
            ],
            format!("{RPPS} [{RPPS}] {name}"),
        ),
        // One published description spells it so.
        (
            vec![("otherIds", Value::Null), ("otherIDs", adeli.clone())],
            format!("{RPPS} [{RPPS} 0999700001] {name}"),
        ),
        (vec![("otherIds", adeli)], format!("{RPPS} [{RPPS} 0999700001] {name}")),
        (vec![("otherIds", Value::Null)], format!("{RPPS} [{RPPS}] {name}")),
        // A person without exercise.
        (
            vec![("SubjectRefPro", Value::Null), ("SubjectRole", Value::Null)],
            format!("{RPPS} [{RPPS}] {name}"),
        ),
        (vec![("SubjectRefPro", json!({}))], format!("{RPPS} [{RPPS}] {name}")),
        // The same exercise twice, as it came: whoever offers a choice shows it once.
        (vec![("SubjectRefPro", twice)], format!("{RPPS} [{RPPS}] {name}")),
        (vec![("SubjectRefPro", bare)], format!("{RPPS} [{RPPS}] {name}")),
        // An account that was merged: a UUID, and the RPPS number among the others.
        (
            vec![("SubjectNameID", json!(uuid)), ("otherIds", merged)],
            format!("{RPPS} [{uuid} {RPPS}] {name}"),
        ),
        // Tomorrow's members, and other kinds of value where texts were.
        (
            vec![("tomorrow", json!({"a": [1, null]})), ("UITVersion", json!(1.5)), ("given_name", json!(7))],
            format!("{RPPS} [{RPPS}] EXEMPLE0099001"),
        ),
    ] {
        assert_eq!(snapshot(&edits), expected, "{edits:?}");
    }
}

#[test]
fn another_subject_is_refused_oidcc_client_test_userinfo_invalid_sub() {
    for subject in [json!("f:1:other"), json!(5), Value::Null] {
        let mut info = doctor();
        edit(info.as_object_mut().unwrap(), &[("sub", subject)]);
        let failure = read(&json_answer(200, &info)).unwrap_err();
        assert_eq!(
            (failure.code, &failure.values["reason"]),
            (failure::ID_TOKEN_REFUSED, &json!("userinfo sub"))
        );
    }
}

#[test]
fn an_identifier_that_contradicts_the_id_token_is_refused() {
    let mut info = doctor();
    let other = json!([{"identifiant": "899700990023", "origine": "RPPS", "qualite": 1}]);
    edit(info.as_object_mut().unwrap(), &[("SubjectNameID", json!("899700990023")), ("otherIds", other)]);
    assert_eq!(read(&json_answer(200, &info)).unwrap_err().values["reason"], "SubjectNameID");
}

#[test]
fn what_is_too_much_is_refused() {
    let many = |n: usize| vec![json!({"activities": []}); n];
    let identifiers = vec![json!({"identifiant": "1", "origine": "X"}); 51];
    for (member, value) in [
        ("SubjectRefPro", json!({"exercices": many(51)})),
        ("SubjectRefPro", json!({"exercices": [{"activities": vec![json!({}); 201]}]})),
        ("otherIds", json!(identifiers)),
        ("given_name", json!("x".repeat(64 * 1024))),
    ] {
        let mut info = doctor();
        edit(info.as_object_mut().unwrap(), &[(member, value)]);
        assert_eq!(read(&json_answer(200, &info)).unwrap_err().code, failure::UPSTREAM_GARBLED, "{member}");
    }
}

/// The signed form of an answer with these members changed.
fn signed(which: usize, edits: &[(&str, Value)]) -> Fetched {
    let mut info = doctor();
    edit(info.as_object_mut().unwrap(), &[("iss", json!(ISSUER)), ("aud", json!(CLIENT))]);
    edit(info.as_object_mut().unwrap(), edits);
    let header = jose::encode(br#"{"alg":"RS256","kid":"one"}"#);
    let token = signing_key(which).compact(Algorithm::Rs256, &header, info.to_string().as_bytes(), &random());
    let headers = vec![("content-type".to_owned(), "application/jwt;charset=UTF-8".to_owned())];
    Fetched { headers, body: token.unwrap().into_bytes().into(), ..json_answer(200, &json!({})) }
}

#[test]
fn a_signed_answer_is_believed_when_it_is_the_upstreams_and_for_us() {
    assert_eq!(read(&signed(0, &[])).unwrap().id.0, RPPS);
    for (edits, reason) in [
        (vec![("iss", json!("https://other.test.invalid"))], "iss"),
        (vec![("iss", Value::Null)], "iss"),
        (vec![("aud", json!("other"))], "aud"),
        (vec![("sub", json!("f:1:other"))], "userinfo sub"),
    ] {
        assert_eq!(read(&signed(0, &edits)).unwrap_err().values["reason"], reason);
    }
    assert_eq!(read(&signed(1, &[])).unwrap_err().values["reason"], "signature");
    let plain = Fetched { body: doctor().to_string().into_bytes().into(), ..signed(0, &[]) };
    assert_eq!(read(&plain).unwrap_err().values["reason"], "format");
}
