//! The catalogue: national services that are opened in the person's browser, where the login at Pro Santé Connect counts.
//!
//! The agent calls none of them. It knows a name and an address, as data: a built-in file, and those of the administrator,
//! which add entries, replace one of the same identifier, or take it away (`hidden = true`).

use crate::failure::Language;
use crate::identity::Environment;
use serde::Deserialize;
use url::Url;

/// The entries that come with the agent.
const BUILT_IN: &str = include_str!("catalogue.toml");
/// Most entries: a menu that is longer helps nobody.
const MOST: usize = 64;
/// Longest identifier and name, characters.
const LONGEST: usize = 80;

/// How one gets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// By Pro Santé Connect: the browser's session there counts.
    Psc,
    /// By the card's certificate, which the browser shows.
    Card,
    /// By an account of the service.
    Account,
    /// Everybody.
    Open,
}

impl Access {
    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Psc => "psc",
            Self::Card => "card",
            Self::Account => "account",
            Self::Open => "open",
        }
    }
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Short identifier: letters, digits, `-`, `_` and `.`.
    pub id: String,
    /// Where it begins: a page of the web.
    pub address: Url,
    /// How one gets in.
    pub access: Access,
    name: String,
    name_en: Option<String>,
}

impl Service {
    /// Its name in a language; the only one there is where it has none in that language.
    #[must_use]
    pub fn name(&self, language: Language) -> &str {
        match (language, &self.name_en) {
            (Language::English, Some(name)) => name,
            _ => &self.name,
        }
    }
}

/// Why a file of services is left out.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// It is not TOML of this form.
    #[error("the file cannot be understood: {0}")]
    Form(String),
    /// An identifier or a name is empty, too long, or has characters that do not belong there.
    #[error("service {0:?} has an identifier or name that cannot be used")]
    Name(String),
    /// An address that is no page of the web.
    #[error("service {0} needs an address that begins with https://")]
    Address(String),
    /// There are too many.
    #[error("there are more than {MOST} services")]
    Many,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    service: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    name_en: Option<String>,
    #[serde(default)]
    address: String,
    #[serde(default)]
    access: Option<Access>,
    #[serde(default)]
    hidden: bool,
}

/// The services of this workstation, in their order.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    services: Vec<Service>,
}

impl Catalogue {
    /// The built-in entries of an environment.
    #[must_use]
    pub fn built_in(environment: Environment) -> Self {
        let mut catalogue = Self::default();
        // A test reads the built-in file: it has no error to report.
        let _read = catalogue.read(BUILT_IN);
        if environment == Environment::Test {
            catalogue.services.retain(|service| service.access == Access::Open);
        }
        catalogue
    }

    /// Takes a file of the administrator.
    ///
    /// # Errors
    /// [`CatalogueError`]; the catalogue is unchanged.
    pub fn read(&mut self, text: &str) -> Result<(), CatalogueError> {
        let written: Written =
            toml::from_str(text).map_err(|error| CatalogueError::Form(error.message().to_owned()))?;
        let mut services = self.services.clone();
        for entry in written.service {
            let id = entry.id.clone();
            let known = services.iter().position(|service| service.id == id);
            match (entry.checked()?, known) {
                (Some(service), Some(at)) => {
                    if let Some(place) = services.get_mut(at) {
                        *place = service;
                    }
                }
                (Some(service), None) => services.push(service),
                (None, Some(at)) => drop(services.remove(at)),
                (None, None) => {}
            }
        }
        if services.len() > MOST {
            return Err(CatalogueError::Many);
        }
        self.services = services;
        Ok(())
    }

    /// All of them.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.iter()
    }
}

impl Entry {
    /// The service, or nothing for one that is taken away.
    fn checked(self) -> Result<Option<Service>, CatalogueError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let fits = |text: &str| !text.is_empty() && text.chars().count() <= LONGEST;
        if !fits(&self.id) || !self.id.chars().all(plain) {
            return Err(CatalogueError::Name(self.id));
        }
        if self.hidden {
            return Ok(None);
        }
        let shown = |name: &str| fits(name) && !name.chars().any(char::is_control);
        if !shown(&self.name) || self.name_en.as_deref().is_some_and(|name| !shown(name)) {
            return Err(CatalogueError::Name(self.id));
        }
        let address = Url::parse(&self.address).ok().filter(|address| address.scheme() == "https");
        let address = address.filter(|address| address.username().is_empty() && address.password().is_none());
        let address = address.ok_or_else(|| CatalogueError::Address(self.id.clone()))?;
        let access = self.access.unwrap_or(Access::Psc);
        Ok(Some(Service { id: self.id, address, access, name: self.name, name_en: self.name_en }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(catalogue: &Catalogue) -> Vec<&str> {
        catalogue.services().map(|service| service.id.as_str()).collect()
    }

    #[test]
    fn a_file_with_one_bad_entry_changes_nothing() {
        let good = "[[service]]\nid = \"a\"\nname = \"A\"\naddress = \"https://a.example/\"\n";
        for bad in [
            "[[service]]\nid = \"b\"\nname = \"B\"\naddress = \"http://b.example/\"\n",
            "[[service]]\nid = \"b\"\nname = \"B\"\naddress = \"file:///etc/passwd\"\n",
            "[[service]]\nid = \"b\"\nname = \"B\"\naddress = \"https://me:secret@b.example/\"\n",
            "[[service]]\nid = \"b/c\"\nname = \"B\"\naddress = \"https://b.example/\"\n",
            "[[service]]\nid = \"b\"\nname = \"\"\naddress = \"https://b.example/\"\n",
            "[[service]]\nid = \"b\"\nname = \"B\\nC\"\naddress = \"https://b.example/\"\n",
            "[[service]]\nid = \"b\"\nname = \"B\"\naddress = \"https://b.example/\"\ncommand = \"sh\"\n",
            "[[service]]\nname = \"B\"\n",
        ] {
            let mut catalogue = Catalogue::default();
            assert!(catalogue.read(&format!("{good}{bad}")).is_err(), "{bad}");
            assert!(ids(&catalogue).is_empty(), "{bad}");
        }
    }

    #[test]
    fn no_file_makes_the_menu_endless() {
        let many: String = (0..=MOST)
            .map(|n| format!("[[service]]\nid = \"s{n}\"\nname = \"S\"\naddress = \"https://s.example/\"\n"))
            .collect();
        assert!(matches!(Catalogue::default().read(&many), Err(CatalogueError::Many)));
    }

    #[test]
    fn the_built_in_file_is_read_and_a_test_card_is_led_to_open_services_only() {
        let mut whole = Catalogue::default();
        whole.read(BUILT_IN).expect("the built-in file");
        let production = Catalogue::built_in(Environment::Production);
        assert_eq!(ids(&production), ids(&whole));
        let test = Catalogue::built_in(Environment::Test);
        assert!(test.services().all(|service| service.access == Access::Open) && !ids(&test).is_empty());
    }

    #[test]
    fn the_administrator_replaces_adds_and_removes() {
        let mut catalogue = Catalogue::built_in(Environment::Production);
        let before = ids(&catalogue).len();
        let file = "[[service]]\nid = \"dmp\"\nname = \"DMP\"\naddress = \"https://dmp.hospital.example/\"\n\
            [[service]]\nid = \"sas\"\nhidden = true\n\
            [[service]]\nid = \"garde\"\nname = \"Tableau de garde\"\nname_en = \"Duty roster\"\n\
            address = \"https://garde.hospital.example/\"\naccess = \"account\"\n";
        catalogue.read(file).expect("a good file");
        assert_eq!(ids(&catalogue).len(), before);
        let first = catalogue.services().next().expect("the first");
        assert_eq!((first.id.as_str(), first.address.host_str()), ("dmp", Some("dmp.hospital.example")));
        let last = catalogue.services().last().expect("the last");
        assert_eq!(last.name(Language::French), "Tableau de garde");
        assert_eq!(last.name(Language::English), "Duty roster");
        assert!(!ids(&catalogue).contains(&"sas"));
    }
}
