//! What the person is asked after the login: whether the application may know them, and in which situation they work.

use super::{
    html::{Look, Page},
    text::{text, text_with},
};
use crate::serve::desk::Caller;

/// Asks for consent: about whom (with their session), and what the application will know.
pub(super) fn consent(page: &mut Page, caller: &Caller, here: &str, person: (&str, &str), claims: &[String]) {
    let (person, session) = person;
    let language = caller.language;
    page.paragraph(&text_with(language, "consent-person", "person", person));
    page.paragraph(&text(language, "consent-learns"));
    page.list(claims.iter().map(|claim| {
        let message = format!("claim-{claim}");
        let words = text(language, &message);
        // A claim without words of its own is shown by its name.
        if words == message { claim.clone() } else { words }
    }));
    page.paragraph(&text(language, "consent-once"));
    page.button(here, &[("consent", session)], &text(language, "consent-yes"), Look::Main);
}

/// Asks for one of several professional situations.
pub(super) fn situation(page: &mut Page, caller: &Caller, here: &str, situations: &[(String, String)]) {
    page.words("h2", &[], &text(caller.language, "situation-title"));
    page.paragraph(&text(caller.language, "situation-choose"));
    for (name, label) in situations {
        page.button(here, &[("situation", name)], label, Look::Main);
    }
}
