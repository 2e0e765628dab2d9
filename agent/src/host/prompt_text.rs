//! The words of the prompts, French and English side by side.
//!
//! Every text names the application that asks and the card that is meant: a prompt that names neither teaches people to
//! type their PIN anywhere. What went wrong is a line of the failure table, as everywhere.
//! Names come from certificates and registrations, so they are cut and cleaned first.

use cps_agent_core::{
    failure::{self, Failure, Language},
    foreign,
    policy::program::Wish,
    session::step::PinFault,
};

/// Longest foreign name in a prompt, in characters.
const NAME: usize = 80;

/// What a prompt shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptText {
    /// Window title.
    pub title: String,
    /// Who asks, for what, and what is at stake.
    pub description: String,
    /// Before the field.
    pub label: String,
    /// What went wrong before.
    pub error: Option<String>,
    /// Button that goes on.
    pub ok: String,
    /// Button that gives up.
    pub cancel: String,
}

/// What the person is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Log in.
    Login,
    /// Sign a challenge.
    Challenge,
    /// Prove knowledge of the present PIN before changing it.
    ChangePin,
    /// Let a program use a key.
    Program(Wish),
    /// Show the card's certificate to the origin of a gateway.
    Gateway,
}

/// The card or token that is meant.
#[derive(Debug, Clone, Copy)]
pub struct Meant<'a> {
    /// Name of the holder, where there is one.
    pub holder: Option<&'a str>,
    /// Serial number.
    pub serial: &'a str,
    /// A soft token has a passphrase, a card a PIN.
    pub soft: bool,
    /// A TEST card.
    pub test: bool,
}

impl Meant<'_> {
    fn shown(&self, language: Language) -> String {
        let kind = match (self.soft, language) {
            (false, Language::French) => "carte",
            (false, Language::English) => "card",
            (true, Language::French) => "jeton",
            (true, Language::English) => "token",
        };
        let number = match language {
            Language::French => "n°\u{a0}",
            Language::English => "no. ",
        };
        let test = if self.test { " (TEST)" } else { "" };
        match self.holder {
            Some(holder) => format!("{kind} {}, {number}{}{test}", clean(holder), clean(self.serial)),
            None => format!("{kind} {number}{}{test}", clean(self.serial)),
        }
    }

    fn secret(&self, language: Language) -> &'static str {
        match (self.soft, language) {
            (false, Language::French) => "code",
            (false, Language::English) => "PIN",
            (true, Language::French) => "phrase secrète",
            (true, Language::English) => "token passphrase",
        }
    }
}

/// Asks for the PIN or passphrase.
#[must_use]
pub fn pin(
    language: Language,
    application: &str,
    deed: Deed,
    meant: Meant<'_>,
    tries_left: Option<u8>,
    previous: Option<&PinFault>,
) -> PromptText {
    let application = clean(application);
    let (card, secret) = (meant.shown(language), meant.secret(language));
    let purpose = purpose(language, &application, deed, secret);
    let ask = match language {
        Language::French => format!("Saisissez le {secret} de la {card}.")
            .replace("de la jeton", "du jeton")
            .replace("le phrase", "la phrase"),
        Language::English => format!("Type the {secret} of the {card}."),
    };
    let mut description = format!("{purpose}\n{ask}");
    if let Some(left) = tries_left {
        description.push('\n');
        description.push_str(&tries(language, left));
    }
    let label = match (meant.soft, language) {
        (false, Language::French) => "Code :",
        (false, Language::English) => "PIN:",
        (true, Language::French) => "Phrase secrète :",
        (true, Language::English) => "Passphrase:",
    };
    frame(language, description, label, previous.and_then(|fault| mistake(language, fault, meant)))
}

/// Who wants what.
fn purpose(language: Language, application: &str, deed: Deed, secret: &str) -> String {
    match language {
        Language::French => match deed {
            Deed::Login => format!("Connexion demandée par : {application}."),
            Deed::Challenge => format!("Signature demandée par : {application}."),
            Deed::ChangePin => format!("Changement du {secret} demandé par : {application}.")
                .replace("du phrase", "de la phrase"),
            Deed::Gateway => format!("Accès à un service par votre certificat, demandé par : {application}."),
            Deed::Program(Wish::Authentication) => {
                format!("Authentification demandée par le programme : {application}.")
            }
            Deed::Program(Wish::Signature) => {
                format!("Signature d’un document demandée par le programme : {application}.")
            }
            Deed::Program(Wish::Decipherment) => {
                format!("Déchiffrement demandé par le programme : {application}.")
            }
        },
        Language::English => match deed {
            Deed::Login => format!("Login requested by: {application}."),
            Deed::Challenge => format!("Signature requested by: {application}."),
            Deed::ChangePin => format!("Change of the {secret} requested by: {application}."),
            Deed::Gateway => format!("Access to a service by your certificate, requested by: {application}."),
            Deed::Program(Wish::Authentication) => {
                format!("Authentication requested by the program: {application}.")
            }
            Deed::Program(Wish::Signature) => {
                format!("Signature of a document requested by the program: {application}.")
            }
            Deed::Program(Wish::Decipherment) => {
                format!("Decipherment requested by the program: {application}.")
            }
        },
    }
}

/// A program as prompts name it: file name first, so that it is seen whatever is cut, then where it lies.
#[must_use]
pub fn program_name(language: Language, path: Option<&str>) -> String {
    match (path, language) {
        (Some(path), _) => {
            let name = path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(path);
            format!("{name} ({path})")
        }
        (None, Language::French) => "programme inconnu".to_owned(),
        (None, Language::English) => "unknown program".to_owned(),
    }
}

/// Asks whether a program may use what is verified already.
#[must_use]
pub fn consent(language: Language, application: &str, deed: Deed, meant: Meant<'_>) -> PromptText {
    let purpose = purpose(language, &clean(application), deed, meant.secret(language));
    let (card, secret) = (meant.shown(language), meant.secret(language));
    let ask = match language {
        Language::French => format!(
            "Permettez-vous à ce programme d’utiliser la {card}, sans redemander le {secret}, jusqu’à votre \
             déconnexion ou au retrait de la carte ?"
        )
        .replace("la jeton", "le jeton")
        .replace("le phrase", "la phrase"),
        Language::English => format!(
            "Do you let this program use the {card}, without asking for the {secret} again, until you log out or \
             remove the card?"
        ),
    };
    let (ok, cancel) = match language {
        Language::French => ("Autoriser", "Refuser"),
        Language::English => ("Allow", "Deny"),
    };
    let framed = frame(language, format!("{purpose}\n{ask}"), "", None);
    PromptText { ok: ok.to_owned(), cancel: cancel.to_owned(), ..framed }
}

/// Asks for the consent to risk the last try.
#[must_use]
pub fn last_try(language: Language, application: &str, meant: Meant<'_>) -> PromptText {
    let (application, card) = (clean(application), meant.shown(language));
    let text = failure::PIN_LAST_TRY.line().text(language);
    let asked = match language {
        Language::French => format!("Demande de : {application}, pour la {card}. Voulez-vous continuer ?")
            .replace("la jeton", "le jeton"),
        Language::English => format!("Requested by: {application}, for the {card}. Do you want to continue?"),
    };
    frame(language, format!("{}\n{}\n{asked}", text.what, text.next), "", None)
}

/// Asks for a new PIN; `again` asks to repeat it.
#[must_use]
pub fn new_pin(
    language: Language,
    meant: Meant<'_>,
    lengths: (u8, u8),
    again: bool,
    differed: bool,
) -> PromptText {
    let (card, count) = (meant.shown(language), count(language, lengths));
    let description = match (language, again) {
        (Language::French, false) => {
            format!("Choisissez le nouveau code de la {card} : {count} chiffres.")
        }
        (Language::French, true) => format!("Saisissez encore une fois le nouveau code de la {card}."),
        (Language::English, false) => format!("Choose the new PIN of the {card}: {count} digits."),
        (Language::English, true) => format!("Type the new PIN of the {card} once more."),
    };
    let label = match language {
        Language::French => "Nouveau code :",
        Language::English => "New PIN:",
    };
    frame(language, description, label, differed.then(|| told(failure::PIN_MISMATCH, language)))
}

/// Asks for a new passphrase of a soft token that is being made.
#[must_use]
pub fn new_passphrase(language: Language, name: &str, again: bool, differed: bool) -> PromptText {
    let name = clean(name);
    let description = match (language, again) {
        (Language::French, false) => {
            format!("Choisissez la phrase secrète du nouveau jeton « {name} » : 12 caractères au moins.")
        }
        (Language::French, true) => {
            format!("Saisissez encore une fois la phrase secrète du jeton « {name} ».")
        }
        (Language::English, false) => {
            format!("Choose the passphrase of the new token “{name}”: at least 12 characters.")
        }
        (Language::English, true) => format!("Type the passphrase of the token “{name}” once more."),
    };
    let label = match language {
        Language::French => "Phrase secrète :",
        Language::English => "Passphrase:",
    };
    frame(language, description, label, differed.then(|| told(failure::PIN_MISMATCH, language)))
}

/// Asks for the unblocking code of a card.
#[must_use]
pub fn puk(language: Language, meant: Meant<'_>) -> PromptText {
    let card = meant.shown(language);
    let (description, label) = match language {
        Language::French => (
            format!(
                "Déblocage de la {card}.\nSaisissez le code de déblocage remis avec la carte. Trop d’erreurs la rendent \
                 inutilisable."
            ),
            "Code de déblocage :",
        ),
        Language::English => (
            format!(
                "Unblocking of the {card}.\nType the unblocking code that came with the card. Too many errors make it \
                 useless."
            ),
            "Unblocking code:",
        ),
    };
    frame(language, description, label, None)
}

fn frame(language: Language, description: String, label: &str, error: Option<String>) -> PromptText {
    let (title, ok, cancel) = match language {
        Language::French => ("Carte CPS", "Valider", "Annuler"),
        Language::English => ("CPS card", "OK", "Cancel"),
    };
    PromptText {
        title: title.to_owned(),
        description,
        label: label.to_owned(),
        error,
        ok: ok.to_owned(),
        cancel: cancel.to_owned(),
    }
}

fn tries(language: Language, left: u8) -> String {
    match (language, left) {
        (Language::French, 1) => "Il reste un seul essai.".to_owned(),
        (Language::French, n) => format!("Il reste {n} essais."),
        (Language::English, 1) => "One try is left.".to_owned(),
        (Language::English, n) => format!("{n} tries are left."),
    }
}

/// How many, where most cards leave no choice.
fn count(language: Language, (min, max): (u8, u8)) -> String {
    match language {
        _ if min == max => min.to_string(),
        Language::French => format!("{min} à {max}"),
        Language::English => format!("{min} to {max}"),
    }
}

/// What went wrong before, when saying so helps. The tries left and the next step stand in the prompt anyway.
fn mistake(language: Language, fault: &PinFault, meant: Meant<'_>) -> Option<String> {
    Some(match fault {
        PinFault::Wrong { .. } if meant.soft => told(failure::PASSPHRASE_WRONG, language),
        PinFault::Wrong { .. } => told(failure::PIN_WRONG, language),
        PinFault::Format { min, max } => told(failure::pin_format(*min, *max), language),
        PinFault::Required => told(failure::PIN_REQUIRED, language),
        _ => return None,
    })
}

/// What happened.
fn told(failure: impl Into<Failure>, language: Language) -> String {
    failure.into().what(language).into_owned()
}

/// A foreign name fit to be shown, and not too long.
fn clean(name: &str) -> String {
    foreign::plain(name).take(NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: Meant<'_> =
        Meant { holder: Some("Anne MARTIN"), serial: "12345678", soft: false, test: true };

    #[test]
    fn a_prompt_names_the_application_the_card_and_the_tries_left() {
        let french = pin(Language::French, "Mon DPI", Deed::Login, CARD, Some(2), None);
        assert_eq!(
            french.description,
            "Connexion demandée par : Mon DPI.\n\
             Saisissez le code de la carte Anne MARTIN, n°\u{a0}12345678 (TEST).\n\
             Il reste 2 essais."
        );
        let english = pin(Language::English, "My EHR", Deed::Login, CARD, Some(1), None);
        assert_eq!(
            english.description,
            "Login requested by: My EHR.\nType the PIN of the card Anne MARTIN, no. 12345678 (TEST).\nOne try is left."
        );
    }

    #[test]
    fn a_prompt_for_a_program_names_its_key_and_its_path() {
        let program = program_name(Language::French, Some("/usr/lib/firefox-esr/firefox-esr"));
        for (wish, word) in [
            (Wish::Authentication, "Authentification demandée par le programme"),
            (Wish::Signature, "Signature d’un document demandée par le programme"),
            (Wish::Decipherment, "Déchiffrement demandé par le programme"),
        ] {
            let text = pin(Language::French, &program, Deed::Program(wish), CARD, Some(3), None);
            let named = format!("{word} : firefox-esr (/usr/lib/firefox-esr/firefox-esr).\n");
            assert!(text.description.starts_with(&named), "{}", text.description);
        }
        let soft = Meant { soft: true, ..CARD };
        let deed = Deed::Program(Wish::Authentication);
        let asked = consent(Language::French, &program_name(Language::French, None), deed, soft);
        assert!(asked.description.contains("programme inconnu") && asked.description.contains("le jeton"));
        assert_eq!((asked.ok.as_str(), asked.cancel.as_str()), ("Autoriser", "Refuser"));
    }

    #[test]
    fn a_wrong_pin_is_said() {
        let text =
            pin(Language::French, "x", Deed::Login, CARD, Some(2), Some(&PinFault::Wrong { left: Some(2) }));
        assert_eq!(text.error.as_deref(), Some("Le code est faux."));
        let (soft, wrong) = (Meant { soft: true, ..CARD }, PinFault::Wrong { left: None });
        let text = pin(Language::French, "x", Deed::Login, soft, None, Some(&wrong));
        assert_eq!(text.error, Some(told(failure::PASSPHRASE_WRONG, Language::French)));
    }

    #[test]
    fn a_foreign_name_cannot_add_lines_or_turn_the_text_around() {
        let hostile = "Good\nApp\u{202E}evil\u{0007}";
        let text = pin(Language::English, hostile, Deed::Login, CARD, None, None);
        assert!(text.description.starts_with("Login requested by: Good Appevil.\n"), "{}", text.description);
        let long = pin(Language::English, &"x".repeat(5000), Deed::Login, CARD, None, None);
        assert!(long.description.len() < 300);
    }
}
