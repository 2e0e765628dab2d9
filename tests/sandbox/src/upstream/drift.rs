//! UserInfo in the shapes it had before, and in those it may take without notice (`pro-sante-connect.md` §5.4).

use super::fault::{Drift, Faults};
use serde_json::{Map, Value, json};

/// Changes the answer as told.
pub(super) fn apply(info: &mut Value, faults: &Faults) {
    let Some(members) = info.as_object_mut() else { return };
    if faults.drift(Drift::Before2023) {
        let civility = members.remove("codeCivilite").unwrap_or_default();
        members.remove("codeGenreActivite");
        if let Some(professional) = members.get_mut("SubjectRefPro").and_then(Value::as_object_mut) {
            professional.insert("codeCivilite".to_owned(), civility);
        }
    }
    if faults.drift(Drift::OtherIdsCapital)
        && let Some(others) = members.remove("otherIds")
    {
        members.insert("otherIDs".to_owned(), others);
    }
    if faults.drift(Drift::OtherIdsAbsent) {
        members.remove("otherIds");
    }
    if faults.drift(Drift::NoExercise) {
        let kept =
            ["sub", "SubjectNameID", "preferred_username", "codeCivilite", "given_name", "family_name"];
        members.retain(|name, _| kept.contains(&name.as_str()));
    }
    if faults.drift(Drift::AccountMerged) {
        merge(members);
    }
    if faults.drift(Drift::ExercisesAbsent)
        && let Some(professional) = members.get_mut("SubjectRefPro").and_then(Value::as_object_mut)
    {
        professional.remove("exercices");
    }
    if let Some(exercises) = exercises(members) {
        if let (true, Some(first)) = (faults.drift(Drift::ExerciseTwice), exercises.first().cloned()) {
            exercises.push(first);
        }
        for exercise in exercises.iter_mut().filter_map(Value::as_object_mut) {
            if faults.drift(Drift::ActivitiesAbsent) {
                exercise.remove("activities");
            }
            if faults.drift(Drift::UnknownMembers) {
                exercise.insert("TEST_nouveau".to_owned(), json!({"code": [1, 2, null]}));
            }
            if faults.drift(Drift::OtherKinds) {
                exercise.insert("codeCiviliteDexercice".to_owned(), Value::Null);
                exercise.insert("codeCategorieProfessionnelle".to_owned(), json!(7));
            }
        }
    }
    if faults.drift(Drift::UnknownMembers) {
        members.insert("TEST_nouveau".to_owned(), json!([[], {}, "x", 1.5]));
    }
    if faults.drift(Drift::OtherKinds) {
        members.insert("codeCivilite".to_owned(), Value::Null);
        members.insert("UITVersion".to_owned(), json!(1.0));
        members.insert("SubjectRole".to_owned(), json!("10^1.2.250.1.213.1.1.5.5"));
    }
}

fn exercises(members: &mut Map<String, Value>) -> Option<&mut Vec<Value>> {
    members.get_mut("SubjectRefPro")?.get_mut("exercices")?.as_array_mut()
}

/// An account that the "Plateforme de Services d'Identité" merged (`pro-sante-connect.md` §5.5).
fn merge(members: &mut Map<String, Value>) {
    let uuid = "00000000-5555-4666-8777-888888888888";
    let former = members.insert("SubjectNameID".to_owned(), json!(uuid)).unwrap_or_default();
    let others = json!([
        {"identifiant": former, "origine": "RPPS", "qualite": 1},
        {"identifiant": uuid, "origine": "PSI", "qualite": 2},
    ]);
    members.insert("otherIds".to_owned(), others);
}
