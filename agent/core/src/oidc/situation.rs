//! Professional situations: the exercises and activities of a person, one of which a registration may ask to choose.
//!
//! Pro Santé Connect gives them all, in `SubjectRefPro.exercices[].activities[]`, and chooses none.

use crate::secret::SecretHash;
use serde_json::{Map, Value};

/// Most situations offered.
const MAX_OFFERED: usize = 200;

/// One situation, by what it says: it stays the same one when the upstream lists them anew, in another order or number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Situation(SecretHash);

impl Situation {
    /// An exercise without its activities, and one of them where it has any.
    fn of(exercise: &Value, activity: Option<&Value>) -> Self {
        let mut alone = exercise.clone();
        if let Some(members) = alone.as_object_mut() {
            members.remove("activities");
        }
        let activity = activity.map(Value::to_string).unwrap_or_default();
        Self(SecretHash::of(&format!("{alone} {activity}")))
    }

    /// How a page names it.
    #[must_use]
    pub fn name(&self) -> String {
        self.0.to_hex()
    }
}

/// A situation with what a person recognises it by. Values as they were received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The situation.
    pub situation: Situation,
    /// Profession code (TRE_G15), where given.
    pub profession: Option<String>,
    /// Speciality code, where given.
    pub speciality: Option<String>,
    /// Name of the structure, where given.
    pub structure: Option<String>,
}

/// The situations of a person, equal ones once.
#[must_use]
pub fn offers(claims: &Map<String, Value>) -> Vec<Offer> {
    let mut offers: Vec<Offer> = Vec::new();
    for (exercise, activity) in places(exercises(claims)).take(MAX_OFFERED) {
        let situation = Situation::of(exercise, activity);
        if offers.iter().any(|offer| offer.situation == situation) {
            continue;
        }
        offers.push(Offer {
            situation,
            profession: text(Some(exercise), "codeProfession"),
            speciality: text(Some(exercise), "codeSavoirFaire"),
            structure: text(activity, "enseigneCommercialeSite")
                .or_else(|| text(activity, "raisonSocialeSite")),
        });
    }
    offers
}

/// `SubjectRefPro` with the chosen situation alone; with none, when the person does not have it any more.
pub(super) fn reduced(reference: &Value, situation: Situation) -> Value {
    let mut reference = reference.clone();
    if let Some(exercises) = reference.get_mut("exercices").and_then(Value::as_array_mut) {
        let chosen = places(exercises)
            .find(|(exercise, activity)| Situation::of(exercise, *activity) == situation)
            .map(|(exercise, activity)| (exercise.clone(), activity.cloned()));
        exercises.clear();
        exercises.extend(chosen.map(|(mut exercise, activity)| {
            if let Some(activities) = exercise.get_mut("activities").and_then(Value::as_array_mut) {
                activities.clear();
                activities.extend(activity);
            }
            exercise
        }));
    }
    reference
}

/// Every exercise with each of its activities, or alone where it has none.
fn places(exercises: &[Value]) -> impl Iterator<Item = (&Value, Option<&Value>)> {
    exercises.iter().flat_map(|exercise| {
        let activities = exercise.get("activities").and_then(Value::as_array);
        let activities = activities.map(Vec::as_slice).unwrap_or_default();
        let alone = activities.is_empty().then_some((exercise, None));
        activities.iter().map(move |activity| (exercise, Some(activity))).chain(alone)
    })
}

fn exercises(claims: &Map<String, Value>) -> &[Value] {
    let list = claims.get("SubjectRefPro").and_then(|r| r.get("exercices")).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

fn text(object: Option<&Value>, name: &str) -> Option<String> {
    object?.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}
