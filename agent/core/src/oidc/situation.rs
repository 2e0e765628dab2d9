//! Professional situations: the exercises and activities of a person, one of which a registration may ask to choose.
//!
//! Pro Santé Connect gives them all, in `SubjectRefPro.exercices[].activities[]`, and chooses none.

use serde_json::{Map, Value};

/// Most situations offered.
const MAX_OFFERED: usize = 200;

/// One situation, by its place in the list; meaningful only for the claims it was listed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Situation {
    exercise: usize,
    activity: Option<usize>,
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
    let mut seen: Vec<(&Value, Option<&Value>)> = Vec::new();
    let mut offers = Vec::new();
    for (at, exercise) in exercises(claims).iter().enumerate() {
        let activities = exercise.get("activities").and_then(Value::as_array);
        let mut places: Vec<Option<usize>> = (0..activities.map_or(0, Vec::len)).map(Some).collect();
        if places.is_empty() {
            places.push(None);
        }
        for place in places {
            let activity = place.and_then(|n| activities.and_then(|all| all.get(n)));
            if offers.len() == MAX_OFFERED || seen.contains(&(exercise, activity)) {
                continue;
            }
            seen.push((exercise, activity));
            offers.push(Offer {
                situation: Situation { exercise: at, activity: place },
                profession: text(Some(exercise), "codeProfession"),
                speciality: text(Some(exercise), "codeSavoirFaire"),
                structure: text(activity, "enseigneCommercialeSite")
                    .or_else(|| text(activity, "raisonSocialeSite")),
            });
        }
    }
    offers
}

/// `SubjectRefPro` with the chosen situation alone.
pub(super) fn reduced(reference: &Value, situation: Situation) -> Value {
    let mut reference = reference.clone();
    if let Some(exercises) = reference.get_mut("exercices").and_then(Value::as_array_mut) {
        keep(exercises, situation.exercise);
        let activities =
            exercises.first_mut().and_then(|e| e.get_mut("activities")).and_then(Value::as_array_mut);
        if let Some((activities, place)) = activities.zip(situation.activity) {
            keep(activities, place);
        }
    }
    reference
}

fn keep(list: &mut Vec<Value>, place: usize) {
    let kept = list.get(place).cloned();
    list.clear();
    list.extend(kept);
}

fn exercises(claims: &Map<String, Value>) -> &[Value] {
    let list = claims.get("SubjectRefPro").and_then(|r| r.get("exercices")).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

fn text(object: Option<&Value>, name: &str) -> Option<String> {
    object?.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}
