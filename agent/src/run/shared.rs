//! What the doors, the loop and the logins share: the quiet structures behind one lock, and the host around them.
//!
//! The lock is held for the length of one decision and never across a wait. Everything a decision asks for is carried
//! out in [`super::effects`] before the lock is given back, or handed to a task.

use super::{
    activity::Workstation, bridge::OwnBridge, cards::Cards, gateway::Gateways, notify::Outbox, pages::Pages,
    pkcs11::Shown, portal, prompts::Prompts, store::Store, trail::Refused,
};
use crate::{
    config::Config,
    host::{
        clock::Clock, entropy::SystemEntropy, fetch::Fetcher, journal::Journal, logind::SystemBus,
        proxy::Proxies, revocation::Revocations, state::Folder,
    },
};
use cps_agent_api::words;
use cps_agent_core::{
    audit,
    catalogue::Catalogue,
    declined::Declined,
    failure::{Failure, Language},
    identity::{UnixTime, Way},
    oidc::{Provider, World},
    policy::{Policy, program::Programs},
    portal::Portals,
    psc::{Fresh, Profile, keys::Keys, pushes::Pushes},
    session::table::{Happening, Table},
    trust::Anchors,
};
use ring::rand::SystemRandom;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};
use tokio::sync::{broadcast, watch};

/// Expired codes and requests are forgotten this many seconds after something was issued.
const SWEEP: i64 = 60;

/// The quiet structures.
pub(super) struct Quiet {
    /// We are the provider.
    pub(super) provider: Provider,
    /// The live session.
    pub(super) sessions: Table,
    /// The login under way, and the pages that wait for it.
    pub(super) pages: Pages,
    /// Signing keys of the upstream, left by the last login.
    pub(super) upstream_keys: Option<Keys>,
    /// Programs and gateways' clients whose prompts the person closed.
    pub(super) declined: Declined,
    /// Who may look at the person's page.
    pub(super) portals: Portals,
    /// How often phones rang, and who logged in last.
    pub(super) pushes: Pushes,
    /// The last try found that the upstream cannot be reached.
    pub(super) upstream_down: bool,
    /// What the system says of the workstation.
    pub(super) workstation: Workstation,
    /// When the provider and the pages are to be swept.
    sweep: Option<UnixTime>,
    /// Counts the states of the provider that were to be stored.
    generation: u64,
}

impl Quiet {
    /// Nobody is logged in and nothing waits.
    pub(super) fn new(provider: Provider, sessions: Table, pushes: Pushes) -> Self {
        let pages = Pages::default();
        Self {
            provider,
            sessions,
            pages,
            upstream_keys: None,
            pushes,
            declined: Declined::default(),
            portals: Portals::default(),
            upstream_down: false,
            workstation: Workstation::default(),
            sweep: None,
            generation: 0,
        }
    }

    /// What is to be done, and when.
    fn due(&self) -> Due {
        Due {
            tick: [self.sessions.deadline(), self.sweep].into_iter().flatten().min(),
            refresh: self.sessions.refresh_at(),
            probe: self.upstream_down,
        }
    }
}

/// What those who wait are to do next: the timer, the refresher, and whoever looks whether the upstream is back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Due {
    /// When [`Shared::tick`] is to be called at the latest.
    pub(super) tick: Option<UnixTime>,
    /// When the upstream's session is to be refreshed.
    pub(super) refresh: Option<UnixTime>,
    /// The upstream could not be reached, and is to be looked for.
    pub(super) probe: bool,
}

/// What is fixed from the start: the site's rules and where the bridge is.
pub(super) struct Fixed {
    /// The settings.
    pub(super) config: Config,
    /// The same as the quiet half asks for them.
    pub(super) policy: Policy,
    /// What programs may do through the PKCS#11 module.
    pub(super) programs: Programs,
    /// Services that are opened in the browser.
    pub(super) catalogue: Catalogue,
    /// The authorities.
    pub(super) anchors: Arc<Anchors>,
    /// Revocation lists that lie beside them.
    pub(super) lists: Vec<Vec<u8>>,
    /// The upstream.
    pub(super) upstream: Option<Arc<Profile>>,
    /// The program of the icon on the panel, beside our own.
    pub(super) icon: Option<PathBuf>,
    /// Where logind is asked about the workstation.
    pub(super) system_bus: Option<SystemBus>,
}

/// Everything that is shared.
pub(super) struct Shared {
    pub(super) fixed: Fixed,
    pub(super) bridge: OwnBridge,
    pub(super) cards: Arc<Cards>,
    pub(super) prompts: Prompts,
    pub(super) journal: Journal,
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: SystemRandom,
    pub(super) events: broadcast::Sender<words::Event>,
    /// What the PKCS#11 module was shown last.
    pub(super) shown: Shown,
    /// What is kept for the person's page.
    pub(super) portal: portal::Kept,
    pub(super) fetcher: Option<Fetcher>,
    pub(super) revocations: Revocations,
    /// Proxies on the way out.
    pub(super) proxies: Arc<Proxies>,
    /// The folder of the state.
    pub(super) state: Folder,
    /// Whether the RSA key is in use.
    pub(super) rsa: watch::Sender<bool>,
    /// What is due, told when it changes.
    pub(super) due: watch::Sender<Due>,
    /// Held while the upstream's session is refreshed: one refresh at a time.
    pub(super) refreshing: tokio::sync::Mutex<()>,
    /// Who is to be told of ended sessions, and who could not be.
    pub(super) outbox: Outbox,
    /// How often who was refused lately.
    pub(super) refused: Arc<Refused>,
    /// Paths of the bridge that lead to origins behind mutual TLS.
    pub(super) gateways: Gateways,
    /// This, for tasks that outlive the decision that starts them.
    pub(super) me: Weak<Self>,
    pub(super) runtime: tokio::runtime::Handle,
    quiet: Mutex<Quiet>,
}

/// The parts of [`Shared`], named.
pub(super) struct Parts {
    pub(super) fixed: Fixed,
    pub(super) bridge: OwnBridge,
    pub(super) cards: Arc<Cards>,
    pub(super) prompts: Prompts,
    pub(super) journal: Journal,
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) fetcher: Option<Fetcher>,
    pub(super) revocations: Revocations,
    pub(super) proxies: Arc<Proxies>,
    pub(super) state: Folder,
    pub(super) quiet: Quiet,
}

impl Shared {
    /// Joins the parts.
    pub(super) fn new(parts: Parts) -> Arc<Self> {
        let Parts {
            fixed,
            bridge,
            cards,
            prompts,
            journal,
            store,
            clock,
            fetcher,
            revocations,
            proxies,
            state,
            quiet,
        } = parts;
        let gateways = Gateways::new(&fixed.config.gateways);
        Arc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            fixed,
            bridge,
            cards,
            prompts,
            journal,
            store,
            shown: Shown::new(clock.now()),
            portal: portal::Kept::default(),
            clock,
            random: SystemRandom::new(),
            events: broadcast::Sender::new(256),
            fetcher,
            revocations,
            proxies,
            state,
            rsa: watch::Sender::new(false),
            due: watch::Sender::default(),
            refreshing: tokio::sync::Mutex::default(),
            outbox: Outbox::default(),
            refused: Arc::default(),
            gateways,
            runtime: tokio::runtime::Handle::current(),
            quiet: Mutex::new(quiet),
        })
    }

    /// Makes one decision. Whatever expired meanwhile expires first; what is to be stored is stored afterwards.
    pub(super) fn decide<R>(&self, decision: impl FnOnce(&mut Quiet, UnixTime) -> R) -> R {
        let now = self.clock.now();
        let mut quiet = self.lock();
        self.happened(&mut quiet, Happening::Tick, now);
        let result = decision(&mut quiet, now);
        let state = quiet.provider.state_changed().then(|| {
            quiet.generation = quiet.generation.saturating_add(1);
            (quiet.generation, quiet.provider.state())
        });
        let due = quiet.due();
        drop(quiet);
        if let Some((generation, state)) = state {
            self.store.save_clients(generation, &state);
        }
        self.due.send_if_modified(|told| std::mem::replace(told, due) != due);
        result
    }

    /// Makes a decision that only looks.
    pub(super) fn look<R>(&self, question: impl FnOnce(&Quiet, UnixTime) -> R) -> R {
        self.decide(|quiet, now| question(quiet, now))
    }

    /// Lets the provider decide, with the world it needs, and remembers to sweep up after it.
    pub(super) fn provide<R>(&self, decision: impl FnOnce(&mut Provider, &mut World<'_>, &Table) -> R) -> R {
        self.decide(|quiet, now| self.provide_in(quiet, now, decision))
    }

    /// The same inside a decision.
    pub(super) fn provide_in<R>(
        &self,
        quiet: &mut Quiet,
        now: UnixTime,
        decision: impl FnOnce(&mut Provider, &mut World<'_>, &Table) -> R,
    ) -> R {
        quiet.sweep.get_or_insert(now.plus(SWEEP));
        let Quiet { provider, sessions, upstream_down, .. } = quiet;
        let mut entropy = SystemEntropy::new();
        let random = &self.random;
        let Fixed { policy, upstream, .. } = &self.fixed;
        let accepted = upstream.as_ref().map_or(&[][..], |profile| &profile.accepted_acr);
        let levels = |ways: &[Way], acr: &str| policy.reaches(acr, ways, accepted, *upstream_down);
        let mut world =
            World { now, sessions, entropy: &mut entropy, random, upstream: sessions, levels: &levels };
        decision(provider, &mut world, sessions)
    }

    /// Lets time pass: sessions expire, forgotten requests are swept. Says when to call again at the latest.
    pub(super) fn tick(&self) -> Option<UnixTime> {
        self.decide(|quiet, now| {
            if quiet.sweep.is_some_and(|due| due <= now) {
                quiet.provider.sweep(&quiet.sessions, now);
                let waits =
                    |provider: &Provider, transaction: &str| provider.waiting(transaction, now).is_some();
                let Quiet { pages, provider, .. } = quiet;
                let empty = pages.sweep(now, |transaction| waits(provider, transaction));
                quiet.sweep = (!empty).then(|| now.plus(SWEEP));
            }
            quiet.due().tick
        })
    }

    /// What makes a request to the upstream unlike every other.
    pub(super) fn fresh<R>(&self, make: impl FnOnce(&mut Fresh<'_>) -> R) -> R {
        let mut entropy = SystemEntropy::new();
        make(&mut Fresh { now: self.clock.now(), entropy: &mut entropy, random: &self.random })
    }

    /// Tells whoever listens on `/v1/events`.
    pub(super) fn announce(&self, topic: &str, what: &str, subject: Option<&str>) {
        self.tell(words::Event {
            topic: topic.to_owned(),
            what: what.to_owned(),
            subject: subject.map(str::to_owned),
            ..words::Event::default()
        });
    }

    /// The same for what went wrong, or is about to. Every listener gets the sentences in its own language.
    pub(super) fn announce_failure(&self, topic: &str, what: &str, subject: Option<&str>, failure: &Failure) {
        self.tell(words::Event {
            topic: topic.to_owned(),
            what: what.to_owned(),
            subject: subject.map(str::to_owned),
            problem: Some(words::Problem::of(failure, Language::French)),
            ..words::Event::default()
        });
    }

    /// Tells an event to whoever listens.
    pub(super) fn tell(&self, event: words::Event) {
        // Nobody may be listening.
        let _ = self.events.send(event);
    }

    /// Writes events into the audit trail, with the application that caused them.
    pub(super) fn record(&self, events: impl IntoIterator<Item = audit::Event>, by: &audit::Application) {
        for event in events {
            self.journal.write(&event.by(by.clone()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Quiet> {
        self.quiet.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared(…)")
    }
}
