//! The ways to log in, as a page offers them.
//!
//! Pro Santé Connect's name stands on a button only where the upstream is Pro Santé Connect itself, and then as its
//! charter has it: these words, in French on every page, with a link to what it is.

use super::{
    html::{Input, Look, Page},
    text::{text, text_with},
};
use crate::serve::around::Service;
use cps_agent_core::{failure::Language, identity::Way};

/// The label of the charter.
const OFFICIAL: &str = "S’identifier avec Pro Santé Connect";
/// What Pro Santé Connect says of itself and its terms, for people.
pub const PSC_ABOUT: &str = "https://esante.gouv.fr/produits-services/pro-sante-connect";

/// Whom a page offers ways to, and where its forms go.
pub(super) struct Offer<'a> {
    pub(super) language: Language,
    /// The page.
    pub(super) here: &'a str,
    /// The login service.
    pub(super) service: &'a Service,
    /// Whose phone may be asked without typing.
    pub(super) person: Option<&'a str>,
    /// The last try failed.
    pub(super) again: bool,
}

/// Offers the ways, each with its button.
pub(super) fn show(page: &mut Page, offer: &Offer<'_>, ways: &[Way]) {
    let language = offer.language;
    let sentence = match (ways, offer.again) {
        (_, true) => "login-again",
        ([_], false) => "login-start",
        (_, false) => "login-choose",
    };
    page.words("h2", &[("id", "choose")], &text(language, sentence));
    for way in ways {
        show_one(page, offer, *way);
    }
    if *offer.service == Service::ProSanteConnect && ways.iter().any(|way| *way != Way::Local) {
        page.element("p", &[("id", "about"), ("class", "aside")], |page| {
            let elsewhere = [("href", PSC_ABOUT), ("target", "_blank"), ("rel", "noopener noreferrer")];
            page.words("a", &elsewhere, &text(language, "psc-about"));
        });
    }
}

fn show_one(page: &mut Page, offer: &Offer<'_>, way: Way) {
    let id = format!("way-{}", way.word());
    let (heading, what) = (format!("{id}-name"), format!("{id}-what"));
    let described = format!("{heading} {what}");
    page.element("section", &[("id", &id), ("class", "way"), ("aria-labelledby", &heading)], |page| {
        page.words("h3", &[("id", &heading)], &title(offer, way));
        page.words("p", &[("id", &what)], &explanation(offer, way));
        page.form(offer.here, &[("way", way.word())], |page| {
            if way == Way::Ecps {
                let label = text(offer.language, "login-identifier");
                let value = offer.person.unwrap_or_default();
                let input = Input { name: "identifier", label: &label, value };
                page.input(&input, &[("inputmode", "numeric"), ("required", "")]);
            }
            if *offer.service == Service::ProSanteConnect && way != Way::Local {
                page.press(OFFICIAL, Look::Main, &[("lang", "fr"), ("aria-describedby", &described)]);
            } else {
                let label = text(offer.language, &format!("press-{}", way.word()));
                page.press(&label, Look::Main, &[("aria-describedby", &what)]);
            }
        });
    });
}

fn title(offer: &Offer<'_>, way: Way) -> String {
    let message = match (way, offer.service) {
        (Way::Local, Service::Nobody) => "way-card".to_owned(),
        (Way::Local, Service::Other(_)) => "way-local-other".to_owned(),
        _ => format!("way-{}", way.word()),
    };
    text(offer.language, &message)
}

fn explanation(offer: &Offer<'_>, way: Way) -> String {
    let message = format!("way-{}-what", way.word());
    match (way, offer.service) {
        (Way::Card | Way::Browser | Way::Token, Service::Other(host)) => {
            text_with(offer.language, &format!("{message}-other"), "host", host)
        }
        (Way::Card | Way::Local, Service::Nobody) => text(offer.language, "way-card-what-nobody"),
        (Way::Token, Service::Nobody) => text(offer.language, "way-token-what-nobody"),
        _ => text(offer.language, &message),
    }
}
