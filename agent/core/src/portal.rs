//! Who may look at the person's page: links that open it once, and the pages they opened.
//!
//! A page shows who works here and can disconnect them, so its address is an authority: random, known to the browser that
//! followed the link, and kept here as a hash only. The link has to pass through the arguments of the program that opens
//! the browser, where others can read it; that is why it is good for one opening, and soon, and is not the page's address.
//!
//! A page belongs to the session in which it was opened and ends with it; opened while nobody was logged in, it is over as
//! soon as somebody is. Whoever logs in next does not find the browser of the one before looking over their shoulder.

use crate::identity::{SessionId, UnixTime};
use crate::secret::{Entropy, Secret, SecretHash, random_string};
use std::collections::VecDeque;

/// How long a link can be followed, seconds.
pub const LINK: i64 = 60;
/// How long a page lives that nobody looks at, seconds.
pub const IDLE: i64 = 15 * 60;
/// Most links that wait; the oldest goes.
const LINKS: usize = 8;
/// Most pages that live; the oldest goes. Each follows its events over a connection of its own, and browsers open six to one
/// address: tabs that were left open must not use them up.
const PAGES: usize = 2;
/// Random bytes of links and pages: 256 bits.
const BYTES: usize = 32;

/// What the person wants to see first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// How things stand.
    #[default]
    State,
    /// What is wrong, and what to do.
    Diagnosis,
}

struct Link {
    hash: SecretHash,
    made: UnixTime,
    shows: Option<SessionId>,
    view: View,
}

struct Page {
    hash: SecretHash,
    used: UnixTime,
    shows: Option<SessionId>,
}

/// All links and pages of an agent. They end with it.
#[derive(Default)]
pub struct Portals {
    links: VecDeque<Link>,
    pages: VecDeque<Page>,
}

impl Portals {
    /// Makes a link. `current` is the live session, which the page will belong to.
    pub fn link(
        &mut self,
        view: View,
        current: Option<&SessionId>,
        now: UnixTime,
        entropy: &mut dyn Entropy,
    ) -> Secret {
        let secret = Secret::new(random_string(entropy, BYTES));
        let link = Link { hash: secret.hash(), made: now, shows: current.cloned(), view };
        keep(&mut self.links, link, LINKS);
        secret
    }

    /// A link is followed: gives the page's random identifier and what it shows first. `None` for a link that was followed
    /// before, is too old, belongs to a session that ended, or never was.
    pub fn open(
        &mut self,
        link: &str,
        current: Option<&SessionId>,
        now: UnixTime,
        entropy: &mut dyn Entropy,
    ) -> Option<(Secret, View)> {
        let hash = SecretHash::of(link);
        let at = self.links.iter().position(|link| link.hash == hash)?;
        let Link { made, shows, view, .. } = self.links.remove(at)?;
        // A clock that was set back does not make a link older or younger than it is allowed to be.
        let fresh = now.since(made).saturating_abs() < LINK;
        if !fresh || shows.as_ref() != current {
            return None;
        }
        let id = Secret::new(random_string(entropy, BYTES));
        keep(&mut self.pages, Page { hash: id.hash(), used: now, shows }, PAGES);
        Some((id, view))
    }

    /// Whether a page lives now. `looked_at` is for what a person asked for, which keeps it alive; a tab in the background
    /// that follows its events does not.
    pub fn lives(&mut self, page: &str, current: Option<&SessionId>, now: UnixTime, looked_at: bool) -> bool {
        // As with links: a clock that was set back prolongs nothing.
        self.pages
            .retain(|page| now.since(page.used).saturating_abs() < IDLE && page.shows.as_ref() == current);
        let hash = SecretHash::of(page);
        let Some(page) = self.pages.iter_mut().find(|page| page.hash == hash) else { return false };
        if looked_at {
            page.used = now;
        }
        true
    }
}

impl std::fmt::Debug for Portals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Portals({} links, {} pages)", self.links.len(), self.pages.len())
    }
}

fn keep<T>(all: &mut VecDeque<T>, one: T, most: usize) {
    if all.len() >= most {
        all.pop_front();
    }
    all.push_back(one);
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime(1_800_000_000);

    struct Counter(u8);

    impl Entropy for Counter {
        fn fill(&mut self, bytes: &mut [u8]) {
            self.0 += 1;
            bytes.fill(self.0);
        }
    }

    /// Portals in the session of somebody, and a link to them.
    struct House {
        portals: Portals,
        entropy: Counter,
        session: Option<SessionId>,
    }

    impl House {
        fn new(session: Option<&str>) -> Self {
            let session = session.map(|sid| SessionId(sid.to_owned()));
            Self { portals: Portals::default(), entropy: Counter(0), session }
        }

        fn link(&mut self, now: UnixTime) -> String {
            let link = self.portals.link(View::State, self.session.as_ref(), now, &mut self.entropy);
            link.expose().to_owned()
        }

        fn open(&mut self, link: &str, now: UnixTime) -> Option<String> {
            let opened = self.portals.open(link, self.session.as_ref(), now, &mut self.entropy);
            opened.map(|(page, _)| page.expose().to_owned())
        }

        fn lives(&mut self, page: &str, now: UnixTime) -> bool {
            self.portals.lives(page, self.session.as_ref(), now, true)
        }

        fn stays(&mut self, page: &str, now: UnixTime) -> bool {
            self.portals.lives(page, self.session.as_ref(), now, false)
        }
    }

    #[test]
    fn a_link_is_followed_once() {
        let mut house = House::new(Some("s1"));
        let link = house.link(NOW);
        let page = house.open(&link, NOW).expect("opened");
        assert_ne!(page, link);
        assert_eq!(house.open(&link, NOW), None);
        assert!(house.lives(&page, NOW), "the second try costs nobody the page");
    }

    #[test]
    fn a_link_is_followed_within_a_minute_whatever_the_clock_does() {
        for (after, opens) in [(0, true), (59, true), (60, false), (3600, false), (-30, true), (-3600, false)]
        {
            let mut house = House::new(None);
            let link = house.link(NOW);
            assert_eq!(house.open(&link, NOW.plus(after)).is_some(), opens, "{after}");
            assert_eq!(house.open(&link, NOW), None, "{after}: a try uses it up");
        }
    }

    #[test]
    fn neither_a_link_nor_anything_else_is_a_page() {
        let mut house = House::new(None);
        let link = house.link(NOW);
        for unknown in [link.as_str(), "", "unknown"] {
            assert!(!house.lives(unknown, NOW), "{unknown}");
        }
        assert_eq!(house.open("unknown", NOW), None);
    }

    #[test]
    fn a_page_ends_with_the_session_it_shows_and_never_shows_another() {
        let mut house = House::new(Some("s1"));
        let (first, link) = (house.link(NOW), house.link(NOW));
        let page = house.open(&first, NOW).expect("opened");
        for other in [None, Some(SessionId("s2".to_owned()))] {
            house.session = other;
            assert!(!house.lives(&page, NOW));
            assert_eq!(house.open(&link, NOW), None, "nor does a link that was made in it");
        }
        house.session = Some(SessionId("s1".to_owned()));
        assert!(!house.lives(&page, NOW), "it is over");
    }

    #[test]
    fn a_page_or_link_made_while_nobody_was_logged_in_is_over_once_somebody_is() {
        let mut house = House::new(None);
        let (first, link) = (house.link(NOW), house.link(NOW));
        let page = house.open(&first, NOW).expect("opened");
        house.session = Some(SessionId("s1".to_owned()));
        assert_eq!(house.open(&link, NOW), None);
        assert!(!house.lives(&page, NOW));
        house.session = None;
        assert!(!house.lives(&page, NOW), "it is over");
    }

    #[test]
    fn a_tab_that_only_follows_its_events_does_not_keep_its_page() {
        let mut house = House::new(None);
        let link = house.link(NOW);
        let page = house.open(&link, NOW).expect("opened");
        assert!((1..IDLE).all(|after| house.stays(&page, NOW.plus(after))));
        assert!(!house.stays(&page, NOW.plus(IDLE)));
    }

    #[test]
    fn a_clock_that_is_set_back_prolongs_no_page() {
        for (after, lives) in [(1 - IDLE, true), (-IDLE, false)] {
            let mut house = House::new(None);
            let link = house.link(NOW);
            let page = house.open(&link, NOW).expect("opened");
            assert_eq!(house.lives(&page, NOW.plus(after)), lives, "{after}");
        }
    }

    #[test]
    fn a_page_lives_as_long_as_it_is_looked_at() {
        let mut house = House::new(None);
        let link = house.link(NOW);
        let page = house.open(&link, NOW).expect("opened");
        for looks in 1..10 {
            assert!(house.lives(&page, NOW.plus(looks * (IDLE - 1))));
        }
        assert!(!house.lives(&page, NOW.plus(9 * (IDLE - 1) + IDLE)));
    }

    #[test]
    fn links_and_pages_do_not_grow_without_end() {
        let mut house = House::new(None);
        let links: Vec<String> = (0..=LINKS).map(|_| house.link(NOW)).collect();
        assert_eq!(house.open(&links[0], NOW), None, "the oldest went");
        let pages: Vec<String> = links[1..].iter().filter_map(|link| house.open(link, NOW)).collect();
        assert_eq!(pages.len(), LINKS);
        let living = pages.iter().rev().take_while(|page| house.lives(page, NOW)).count();
        assert_eq!(living, PAGES, "a new one ends the old ones");
        assert!(!pages[..LINKS - PAGES].iter().any(|page| house.lives(page, NOW)));
    }
}
