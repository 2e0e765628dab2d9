//! The UserInfo answer (OpenID Connect Core §5.3), read leniently, and the person in it.
//!
//! Pro Santé Connect's answer drifts: members move, appear, are misspelt or missing. Everything is optional here but `sub`
//! and an identifier; strings are kept verbatim and unknown members are kept too.

use super::answer::{garbled, json_object};
use super::keys::Keys;
use super::metadata::Metadata;
use super::profile::Profile;
use super::token::Tokens;
use super::verify::{self, IdToken};
use crate::failure::{self, Failure};
use crate::fetch::{Fetch, Fetched};
use crate::identity::{NationalId, Person};
use serde_json::{Map, Value};

/// Most exercises of one person.
const MAX_EXERCISES: usize = 50;
/// Most activities of one person, all exercises together.
const MAX_ACTIVITIES: usize = 200;
/// Most alternative identifiers.
const MAX_IDENTIFIERS: usize = 50;
/// Longest identifier.
const MAX_IDENTIFIER: usize = 128;

/// The request.
#[must_use]
pub fn request(profile: &Profile, metadata: &Metadata, tokens: &Tokens) -> Fetch {
    let fetch = Fetch::get_json(metadata.userinfo_endpoint.clone())
        .with_header("authorization", ["Bearer ", tokens.access.expose()].concat());
    profile.identified(fetch)
}

/// Reads the answer, which must speak of the ID token's subject.
///
/// # Errors
/// [`failure::ID_TOKEN_REFUSED`] (`userinfo sub`) for another subject, [`failure::UPSTREAM_GARBLED`] beyond the limits,
/// [`failure::UPSTREAM_NO_IDENTITY`] without a national identifier.
pub fn read(answer: &Fetched, profile: &Profile, id_token: &IdToken, keys: &Keys) -> Result<Person, Failure> {
    let mut claims = match signed(answer) {
        Some(compact) => verify::user_info(&compact, profile, keys)?,
        None => json_object(answer, "userinfo")?,
    };
    if claims.get("sub").and_then(Value::as_str) != Some(&id_token.subject) {
        return Err(Failure::new(failure::ID_TOKEN_REFUSED).with("reason", "userinfo sub"));
    }
    bounded(&claims)?;
    let name_id = identifier(claims.get("SubjectNameID")).or_else(|| id_token.name_id.clone());
    if let (Some(here), Some(there)) = (&name_id, &id_token.name_id)
        && here != there
        && !others(&claims).any(|(id, _)| id == *there)
    {
        return Err(Failure::new(failure::ID_TOKEN_REFUSED).with("reason", "SubjectNameID"));
    }
    let (id, aliases) = matching(name_id, &claims).ok_or(failure::UPSTREAM_NO_IDENTITY)?;
    // The upstream's own `sub` is of no use outside; ours is the national identifier.
    claims.remove("sub");
    let name = |member: &str| {
        claims.get(member).or_else(|| id_token.claims.get(member)).and_then(Value::as_str).map(str::to_owned)
    };
    Ok(Person {
        id,
        aliases,
        given_name: name("given_name").filter(|n| !n.is_empty()),
        family_name: name("family_name").filter(|n| !n.is_empty()),
        claims,
    })
}

/// The signed form of the answer (OpenID Connect Core §5.3.2), when that is what came.
fn signed(answer: &Fetched) -> Option<String> {
    let kind = answer.only("content-type")?.split(';').next()?.trim();
    let signed = answer.status == 200 && kind.eq_ignore_ascii_case("application/jwt");
    signed.then(|| String::from_utf8_lossy(&answer.body).trim().to_owned())
}

/// The matching rule: a person is known by all identifiers, and called by the RPPS one where there is one.
fn matching(
    name_id: Option<NationalId>,
    claims: &Map<String, Value>,
) -> Option<(NationalId, Vec<NationalId>)> {
    let mut aliases: Vec<NationalId> = Vec::new();
    let mut add = |id: &NationalId| {
        if !aliases.contains(id) {
            aliases.push(id.clone());
        }
    };
    name_id.iter().for_each(&mut add);
    others(claims).for_each(|(id, _)| add(&id));
    let by_origin = others(claims).find(|(_, origin)| *origin == "RPPS").map(|(id, _)| id);
    let id = by_origin
        .or_else(|| aliases.iter().find(|id| is_rpps(&id.0)).cloned())
        .or_else(|| aliases.first().cloned())?;
    Some((id, aliases))
}

/// `otherIds` (one published description spells it `otherIDs`): identifiers with their origin.
fn others(claims: &Map<String, Value>) -> impl Iterator<Item = (NationalId, &str)> {
    ["otherIds", "otherIDs"]
        .into_iter()
        .filter_map(|name| claims.get(name).and_then(Value::as_array))
        .flatten()
        .filter_map(|entry| {
            let id = identifier(entry.get("identifiant"))?;
            Some((id, entry.get("origine").and_then(Value::as_str).unwrap_or_default()))
        })
}

fn identifier(value: Option<&Value>) -> Option<NationalId> {
    let text = value.and_then(Value::as_str)?;
    let plain =
        !text.is_empty() && text.len() <= MAX_IDENTIFIER && text.bytes().all(|b| b.is_ascii_graphic());
    plain.then(|| NationalId(text.to_owned()))
}

/// `8` and an RPPS number of 11 digits with its Luhn key.
fn is_rpps(text: &str) -> bool {
    cps_card::holder::PersonId::new(text)
        .is_some_and(|id| id.rpps().is_some() && id.check() == cps_card::holder::Check::Good)
}

fn bounded(claims: &Map<String, Value>) -> Result<(), Failure> {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).map_or(0, Vec::len);
    let exercises = claims.get("SubjectRefPro").and_then(|p| p.get("exercices"));
    let activities: usize = exercises
        .and_then(Value::as_array)
        .map_or(0, |all| all.iter().map(|exercise| list(exercise.get("activities"))).sum());
    let identifiers = list(claims.get("otherIds")) + list(claims.get("otherIDs"));
    if list(exercises) > MAX_EXERCISES || activities > MAX_ACTIVITIES || identifiers > MAX_IDENTIFIERS {
        return Err(garbled("userinfo"));
    }
    Ok(())
}
