//! What stands around a waiting login, gathered for its page.

use super::{
    cards::{Inside, PlaceSeen},
    present::Present,
    shared::Shared,
    words,
};
use crate::serve::{
    around::{Around, Card, Holds, Readers, Service},
    desk::Hint,
};
use cps_agent_core::psc::profile::Name;
use cps_card::{holder::Holder, token::Kind};
use url::Url;

impl Shared {
    /// Around a login that nobody began: no card is named.
    pub(super) fn around(&self) -> Around {
        Around { service: self.service(), readers: self.readers_shown(), cards: Vec::new() }
    }

    /// Around a login under way: the cards it may be about, by their persons.
    pub(super) fn around_login(&self, hint: &Hint, settled: Option<&str>) -> Around {
        let serials = match hint {
            Hint::ChooseCard(serials) => serials.clone(),
            _ => settled.map(str::to_owned).into_iter().collect(),
        };
        let cards = serials.iter().filter_map(|serial| self.cards.find(serial));
        Around { cards: cards.map(|present| card(&present)).collect(), ..self.around() }
    }

    fn service(&self) -> Service {
        match &self.fixed.upstream {
            None => Service::Nobody,
            Some(profile) if profile.name != Name::Custom => Service::ProSanteConnect,
            Some(profile) => {
                let host = Url::parse(&profile.issuer).ok().and_then(|url| url.host_str().map(str::to_owned));
                Service::Other(host.unwrap_or_default())
            }
        }
    }

    fn readers_shown(&self) -> Readers {
        if !self.cards.service_answers() {
            return Readers::NoService;
        }
        let seen: Vec<_> = self.cards.readers().iter().map(reader).collect();
        if seen.is_empty() { Readers::None } else { Readers::Seen(seen) }
    }
}

fn reader(place: &PlaceSeen) -> (String, Holds) {
    let holds = match place.inside {
        Inside::Empty => Holds::Nothing,
        Inside::Reading => Holds::Reading,
        Inside::Card(_) => Holds::Card,
        Inside::Mute | Inside::Useless(_) => Holds::Unusable,
    };
    (place.name.clone(), holds)
}

fn card(present: &Present) -> Card {
    Card {
        serial: present.serial().to_owned(),
        holder: words::holder(present).as_ref().and_then(Holder::display_name),
        soft: present.description.kind == Kind::Soft,
        tries_left: present.tries().left,
        unlocked: present.unlocked(),
    }
}
