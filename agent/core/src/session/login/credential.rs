//! The card or token of a login: found, judged, and whom it names.

use super::Case;
use crate::failure::{self, Failure};
use crate::identity::{Credential, NationalId, Person, UnixTime};
use crate::session::step::TokenSeen;
use crate::trust::chain::{Accepted, judge};
use crate::trust::{Presented, Use};
use cps_card::holder::Holder;
use cps_card::token::Kind;
use serde_json::{Map, Value, json};

/// Value set of `SubjectRole` (JDV_J65-SubjectRole-DMP).
const SUBJECT_ROLE: &str = "1.2.250.1.213.1.1.5.5";

/// A card or token that may log in, and stays the same through the login.
#[derive(Debug)]
pub(super) struct Holding {
    pub(super) seen: TokenSeen,
    pub(super) accepted: Accepted,
    /// The person gave the PIN in this login. A login is the person's act: a card that an earlier one left verified is asked
    /// for its PIN again.
    pub(super) unlocked: bool,
}

impl Holding {
    /// Judges what was found.
    pub(super) fn accept(seen: TokenSeen, case: &Case, now: UnixTime) -> Result<Self, Failure> {
        let presented = Presented { kind: seen.kind, serial: &seen.serial, certificate: &seen.certificate };
        let accepted = judge(presented, Use::Login, &case.settings.anchors, now).accepted()?;
        // Without a PIN a key shows that the card is here, and nobody's will.
        if !seen.needs_pin {
            return Err(failure::CONTACTLESS_CARD.into());
        }
        if !accepted.holder.is_nominative() && !case.settings.non_nominative {
            return Err(failure::NON_NOMINATIVE.into());
        }
        let holding = Self { seen, accepted, unlocked: false };
        let stranger = case.purpose.same_person_as.as_ref().is_some_and(|same| {
            let id = holding.national_id();
            same.person.id != id && !same.person.aliases.contains(&id)
        });
        if stranger { Err(failure::OTHER_PERSON.into()) } else { Ok(holding) }
    }

    /// What identifies plastic and certificate.
    pub(super) fn credential(&self) -> Credential {
        let certificate =
            self.seen.certificate.fingerprint_sha256().iter().map(|b| format!("{b:02x}")).collect();
        Credential { serial: self.seen.serial.clone(), certificate }
    }

    /// The holder's national identifier.
    pub(super) fn national_id(&self) -> NationalId {
        NationalId(self.accepted.holder.national_id.as_str().to_owned())
    }

    /// Authentication methods (RFC 8176).
    pub(super) fn amr(&self) -> Vec<String> {
        let methods: &[&str] = match self.seen.kind {
            Kind::Cps3 | Kind::Cps3Contactless | Kind::Cps4 => &["sc", "pin", "mfa", "hwk"],
            Kind::Soft => &["swk", "pwd", "mfa"],
        };
        methods.iter().map(|m| (*m).to_owned()).collect()
    }
}

/// The person a certificate names, in the words of the UserInfo answer of Pro Santé Connect. What a certificate does not
/// say (structures, activities) is absent.
pub(super) fn person_of(holder: &Holder) -> Person {
    let id = holder.national_id.as_str();
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| {
        claims.insert(name.to_owned(), value);
    };
    put("SubjectNameID", id.into());
    put("preferred_username", id.into());
    if let Some(name) = &holder.given_name {
        put("given_name", name.as_str().into());
    }
    if let Some(name) = &holder.family_name {
        put("family_name", name.as_str().into());
    }
    if holder.national_id.rpps().is_some() {
        put("otherIds", json!([{"identifiant": id, "origine": "RPPS", "qualite": 1}]));
    }
    if let Some(profession) = &holder.profession {
        put("SubjectRole", json!([format!("{profession}^{SUBJECT_ROLE}")]));
        put("SubjectRefPro", json!({"exercices": exercises(holder, profession)}));
    }
    Person {
        id: NationalId(id.to_owned()),
        aliases: vec![NationalId(id.to_owned())],
        given_name: holder.given_name.clone(),
        family_name: holder.family_name.clone(),
        claims,
    }
}

/// One exercise for each speciality, or one without: the certificate knows one profession.
fn exercises(holder: &Holder, profession: &str) -> Vec<Value> {
    let mut exercise = Map::new();
    let mut put = |name: &str, text: &Option<String>| {
        if let Some(text) = text {
            exercise.insert(name.to_owned(), text.as_str().into());
        }
    };
    put("codeProfession", &Some(profession.to_owned()));
    put("nomDexercice", &holder.family_name);
    put("prenomDexercice", &holder.given_name);
    exercise.insert("activities".to_owned(), json!([]));
    if holder.specialities.is_empty() {
        return vec![Value::Object(exercise)];
    }
    holder
        .specialities
        .iter()
        .map(|speciality| {
            let mut one = exercise.clone();
            one.insert("codeSavoirFaire".to_owned(), speciality.as_str().into());
            Value::Object(one)
        })
        .collect()
}
