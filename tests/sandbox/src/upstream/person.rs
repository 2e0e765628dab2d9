//! UserInfo of Pro Santé Connect for the made-up holders, with its shape and its quirks (`pro-sante-connect.md` §5.4).

use crate::pki::{Holder, holder::Situation};
use serde_json::{Map, Value, json};

/// The made-up UUID of the user store; `sub` is `f:<store>:<national identifier>`.
const STORE: &str = "00000000-1111-4222-8333-444444444444";

/// String members of an activity that are empty unless something is known.
const ACTIVITY_MEMBERS: [&str; 29] = [
    "codeModeExercice",
    "codeSecteurDactivite",
    "codeSectionPharmacien",
    "codeRole",
    "codeGenreActivite",
    "numeroSiretSite",
    "numeroSirenSite",
    "numeroFinessSite",
    "numeroFinessetablissementJuridique",
    "identifiantTechniqueDeLaStructure",
    "raisonSocialeSite",
    "enseigneCommercialeSite",
    "complementDestinataire",
    "complementPointGeographique",
    "numeroVoie",
    "indiceRepetitionVoie",
    "codeTypeDeVoie",
    "libelleVoie",
    "mentionDistribution",
    "bureauCedex",
    "codePostal",
    "codeCommune",
    "codePays",
    "telephone",
    "telephone2",
    "telecopie",
    "adresseEMail",
    "codeDepartement",
    "ancienIdentifiantDeLaStructure",
];

/// `sub` of a holder.
pub(super) fn subject(holder: &Holder) -> String {
    format!("f:{STORE}:{}", holder.identifier)
}

/// Family and given name of exercise, empty for a card that names nobody.
pub(super) fn names(holder: &Holder) -> (&'static str, &'static str) {
    holder.name.unwrap_or_default()
}

/// The whole answer of the UserInfo endpoint to scope `scope_all`.
pub(super) fn userinfo(holder: &Holder) -> Value {
    let (family, given) = names(holder);
    let mut info = json!({
        "sub": subject(holder),
        "SubjectNameID": holder.identifier,
        "preferred_username": holder.identifier,
        "given_name": given,
        "family_name": family,
        "codeCivilite": civility(holder),
    });
    // Somebody without any exercise has these members only.
    let (Some(profession), Some(members)) = (holder.profession, info.as_object_mut()) else { return info };
    let first = holder.situations.first();
    members.extend(object(json!({
        "codeGenreActivite": "",
        "authMode": "CARD",
        "Secteur_Activite": first.map(|s| format!("{}^1.2.250.1.71.4.2.4", s.sector)).unwrap_or_default(),
        "SubjectOrganization": first.map(|s| s.organisation).unwrap_or_default(),
        "SubjectOrganizationID": first.map(technical_identifier).unwrap_or_default(),
        "SubjectRole": [format!("{profession}^1.2.250.1.213.1.1.5.5")],
        "Mode_Acces_Raison": "",
        "Acces_Regulation_Medicale": "FAUX",
        "PSI_Locale": "1.2.250.1.213.1.3.1.1",
        "UITVersion": "1.0",
        "Palier_Authentification": "APPPRIP3^1.2.250.1.213.1.5.1.1.1",
        "otherIds": [{"identifiant": holder.identifier, "origine": origin(holder), "qualite": 1}],
        "SubjectRefPro": {"exercices": [exercise(holder, profession)]},
    })));
    info
}

/// The identity alone, for a client that did not ask for `scope_all`.
pub(super) fn identity(holder: &Holder) -> Value {
    let (family, given) = names(holder);
    json!({
        "sub": subject(holder),
        "preferred_username": holder.identifier,
        "given_name": given,
        "family_name": family,
    })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn civility(holder: &Holder) -> &'static str {
    match holder.name {
        Some((_, "SACHA")) => "M",
        Some(_) => "MME",
        None => "",
    }
}

fn origin(holder: &Holder) -> &'static str {
    if holder.identifier.starts_with('8') { "RPPS" } else { "PSI" }
}

fn exercise(holder: &Holder, profession: u64) -> Value {
    let (family, given) = names(holder);
    json!({
        "codeProfession": profession.to_string(),
        "codeCategorieProfessionnelle": "C",
        "codeCiviliteDexercice": if matches!(profession, 10 | 21) { "DR" } else { civility(holder) },
        "nomDexercice": family,
        "prenomDexercice": given,
        "codeTypeSavoirFaire": if holder.speciality.is_some() { "S" } else { "" },
        "codeSavoirFaire": holder.speciality.unwrap_or_default(),
        "activities": holder.situations.iter().map(|s| activity(holder, profession, s)).collect::<Vec<_>>(),
    })
}

fn activity(holder: &Holder, profession: u64, situation: &Situation) -> Value {
    let mut members: Map<String, Value> =
        ACTIVITY_MEMBERS.iter().map(|name| ((*name).to_owned(), Value::from(""))).collect();
    let order = match profession {
        21 => "CNOP",
        60 => "CNOI",
        _ => "CNOM",
    };
    let liberal = situation.sector == "SA07" || situation.sector == "SA33";
    let mut known = vec![
        ("codeModeExercice", if liberal { "L" } else { "S" }.to_owned()),
        ("codeSecteurDactivite", situation.sector.to_owned()),
        ("codeSectionPharmacien", holder.section.unwrap_or_default().to_owned()),
        ("codeGenreActivite", "GENR01".to_owned()),
        ("identifiantTechniqueDeLaStructure", technical_identifier(situation)),
        ("raisonSocialeSite", situation.organisation.to_owned()),
        ("numeroVoie", "3".to_owned()),
        ("codeTypeDeVoie", "R".to_owned()),
        ("libelleVoie", "DES ESSAIS".to_owned()),
        ("bureauCedex", "75009 PARIS".to_owned()),
        ("codePostal", "75009".to_owned()),
        ("ancienIdentifiantDeLaStructure", situation.structure.to_owned()),
        ("autoriteDenregistrement", format!("{order}/{order}/{}", if liberal { order } else { "ARS" })),
    ];
    if let Some(finess) = situation.structure.strip_prefix('1') {
        known.push(("numeroFinessSite", finess.to_owned()));
        known.push(("numeroFinessetablissementJuridique", finess.to_owned()));
    }
    members.extend(known.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))));
    Value::Object(members)
}

/// Technical identifier of a structure: `F` and FINESS for a site, `R` and a number for a surgery.
fn technical_identifier(situation: &Situation) -> String {
    match situation.structure.strip_prefix('1') {
        Some(finess) => format!("F{finess}"),
        None => format!("R{}", situation.structure.get(3..8).unwrap_or(situation.structure)),
    }
}
