//! The loop: the quiet half's decisions, the doors, the cards and the host, joined and kept running.
//!
//! | file | what |
//! | --- | --- |
//! | `shared` | everything that is shared, and the one lock around the quiet structures |
//! | `attend`, `activity` | what happens at the readers, and to the workstation |
//! | `cards`, `present` | readers, cards and soft tokens: the only places that hold a token, each on its own thread |
//! | `logins`, `driver`, `grant`, `pages` | one login on its way, what its handshake may use, and who waits for it |
//! | `elsewhere` | what happens in the browser or on the phone meanwhile |
//! | `choice` | which card or token is meant |
//! | `bridge` | our own bridge: its certificate, and where software finds it |
//! | `key_use` | one use of a key: whose verified state, whose consent, and who keeps the state |
//! | `challenge`, `pkcs11` | who has a key used: applications, and programs at the PKCS#11 module |
//! | `pins`, `tokens`, `clients`, `trail` | the other things a caller can ask for |
//! | `portal` | the person's page |
//! | `prompts`, `on_screen` | asking the person, and who may know that it happens |
//! | `effects`, `notify` | what the session table wants done, and who is told that a session ended |
//! | `ending` | the end of a session, told a little before |
//! | `refresh`, `offline` | the upstream's session kept alive, and what is done while the upstream is down |
//! | `gateway` | requests of programs to an origin behind mutual TLS |
//! | `desk`, `words` | the doors' questions, and the words of the answers |
//! | `provider`, `waiting`, `keys` | OpenID Connect: the endpoints, requests that wait for a person, signing keys |
//! | `setup`, `store` | settings and stored state as the quiet half takes them |
//!
//! One thread runs everything that waits (the doors, logins, timers). The readers, each token, a TLS connection that a
//! card signs for, and the making of the RSA key have threads of their own, since they block.

mod activity;
mod around;
mod attend;
mod bridge;
mod cards;
mod challenge;
mod choice;
mod clients;
mod desk;
mod diagnosis;
mod driver;
mod effects;
mod elsewhere;
mod ending;
mod gateway;
mod grant;
mod key_use;
mod keys;
mod logins;
mod notify;
mod offline;
mod on_screen;
mod pages;
mod pins;
mod pkcs11;
mod portal;
mod present;
mod prompts;
mod provider;
mod refresh;
mod setup;
mod shared;
mod store;
mod tokens;
mod trail;
mod turns;
mod waiting;
mod words;

pub use setup::UpstreamError;
pub use store::StoreError;

use crate::{
    config::{AuditSync, Config},
    host::{
        bridge_tls::BridgeTls,
        card_cache::CardCache,
        clock::Clock,
        fetch::Fetcher,
        journal::Journal,
        network::Network,
        paths::Paths,
        proxy::Proxies,
        revocation::Revocations,
        state::Folder,
        system_journal::SystemJournal,
        tls::{AnchorError, Anchors},
        trust_files::TrustFiles,
    },
    serve::{
        bridge::{self as door, Bound},
        control::{self, Control, OpenError},
    },
};
use bridge::OwnBridge;
use cards::{CardEvent, Cards};
use cps_agent_core::{
    audit,
    identity::Environment,
    jose::JoseError,
    oidc::Provider,
    session::table::{Happening, LONGEST_GAP, Table},
    trust,
};
use cps_card::transport::ReaderService;
use desk::FrontDesk;
use prompts::Prompts;
use shared::{Fixed, Parts, Quiet, Shared};
use std::{io, path::PathBuf, sync::Arc, thread::JoinHandle, time::Duration};
use store::Store;
use tokio::sync::{mpsc, oneshot};

/// A timer that sleeps longer than this is set again: clocks may be moved and machines may sleep meanwhile.
const LONGEST_SLEEP: i64 = 60;
const _: () =
    assert!(2 * LONGEST_SLEEP <= LONGEST_GAP, "an ordinary wait is not taken for a machine that stood still");

/// What the agent stands on: the system's for the program, made up ones for the sandbox.
pub struct Services {
    /// The owner of the readers.
    pub readers: Arc<dyn ReaderService>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where things lie.
    pub paths: Paths,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Services({:?})", self.paths)
    }
}

/// Why the agent does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Another agent uses the same state.
    #[error("another agent uses {}", .0.display())]
    Running(PathBuf),
    /// The state folder.
    #[error("{path}: the state cannot be used", path = path.display())]
    State {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The stored state.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A signing key that is none.
    #[error("the provider cannot be set up")]
    Provider(#[from] JoseError),
    /// The control door.
    #[error(transparent)]
    Control(#[from] OpenError),
    /// The upstream.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// The upstream's TLS anchors.
    #[error(transparent)]
    Anchors(#[from] AnchorError),
    /// The bridge's TLS.
    #[error("the bridge cannot speak https")]
    Tls(#[from] rustls::Error),
    /// The system gives no threads or sockets.
    #[error("the system does not let the agent run")]
    System(#[from] io::Error),
}

/// Where a running agent can be reached.
#[derive(Debug, Clone)]
pub struct Listening {
    /// Issuer of the bridge, when it is open.
    pub issuer: Option<String>,
    /// The control door.
    pub control_socket: PathBuf,
}

/// An agent on a thread of this process. Stops when dropped.
#[derive(Debug)]
pub struct Agent {
    listening: Listening,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Agent {
    /// Starts an agent and waits until it listens.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(config: Config, services: Services) -> Result<Self, StartError> {
        let (stop, stopped) = oneshot::channel::<()>();
        let (report, reported) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new().name("agent".to_owned()).spawn(move || {
            let runtime = match runtime() {
                Ok(runtime) => runtime,
                Err(error) => return drop(report.send(Err(error.into()))),
            };
            let ready = report.clone();
            let stopped = async { drop(stopped.await) };
            let ran = runtime.block_on(run(
                config,
                services,
                |listening| drop(ready.send(Ok(listening.clone()))),
                stopped,
            ));
            if let Err(error) = ran {
                drop(report.send(Err(error)));
            }
        })?;
        let listening = reported.recv().map_err(|_| io::Error::other("the agent's thread ended"))??;
        Ok(Self { listening, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it can be reached.
    #[must_use]
    pub fn listening(&self) -> &Listening {
        &self.listening
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A panic of that thread was reported where it happened.
            let _ = thread.join();
        }
    }
}

/// The event loop of an agent.
///
/// # Errors
/// The system's.
pub fn runtime() -> io::Result<tokio::runtime::Runtime> {
    // Blocking threads look up names and callers, and encrypt new tokens: few, and seldom.
    tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(4).build()
}

/// Runs an agent until `stop` is done. `ready` is told once it listens.
///
/// # Errors
/// See [`StartError`].
pub async fn run(
    config: Config,
    services: Services,
    ready: impl FnOnce(&Listening),
    stop: impl Future<Output = ()>,
) -> Result<(), StartError> {
    let Services { readers, clock, paths } = services;
    let failed = |cause| StartError::State { path: paths.state.clone(), cause };
    for (origin, name) in &config.ignored {
        tracing::warn!(%origin, name, "a setting is locked by the policy");
    }
    let state = Folder::open(&paths.state).map_err(failed)?;
    let _lock = state.lock().map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => StartError::Running(paths.state.clone()),
        _ => failed(error),
    })?;
    let control = control::open(&paths.control_socket)?;
    let tls = BridgeTls::open(&state).map_err(StoreError::from)?;
    let secure = config.bridge.tls;
    let bound = door::bind(config.bridge.port, if secure { Some(tls.server()?) } else { None }).await;
    let issuer = match &bound {
        Ok(bound) => bound.issuer(),
        Err(_) => door::issuer(secure, config.bridge.port),
    };

    let (card_events, card_news) = mpsc::unbounded_channel();
    let shared = {
        let cache = Arc::new(CardCache::new(state.folder("cards").map_err(failed)?));
        let cards = Cards::start(readers, cache, config.ignored_readers.clone(), card_events)?;
        let own = OwnBridge::new(&paths, tls, secure, &bound);
        assemble(config, &state, clock, cards, issuer, own, &paths)?
    };
    shared.journal.write(&audit::Event::done(audit::What::Started(env!("CARGO_PKG_VERSION"))));
    shared.journal.write(&audit::Event::done(audit::What::Policy(shared.fixed.config.fingerprint.clone())));
    if let Some(kept) = shared.store.aside() {
        shared.journal.write(&audit::Event::done(audit::What::StateAside(kept.to_owned())));
    }
    shared.open_tokens();
    keys::make(&shared)?;

    let bound = bound.inspect_err(|closed| tracing::error!(%closed, "the bridge stays closed")).ok();
    let listening =
        Listening { issuer: bound.as_ref().map(Bound::issuer), control_socket: paths.control_socket.clone() };
    shared.publish_bridge();
    ready(&listening);
    tokio::select! {
        () = serve(&shared, control, bound, card_news) => {}
        () = stop => {}
    }
    shared.bridge.withdraw();
    shared.announce("agent", "stopping", None);
    shared.decide(|quiet, now| shared.happened(quiet, Happening::Stopping, now));
    shared.cards.stop();
    shared.outbox.settle().await;
    shared.journal.write(&audit::Event::done(audit::What::Stopped));
    Ok(())
}

/// Serves both doors, the cards and the timer, for ever.
async fn serve(
    shared: &Arc<Shared>,
    control: Control,
    bound: Option<Bound>,
    card_news: mpsc::UnboundedReceiver<CardEvent>,
) {
    let desk = Arc::new(FrontDesk(Arc::clone(shared)));
    let bridge = async {
        match bound {
            Some(bound) => door::serve(bound, Arc::clone(&desk)).await,
            None => std::future::pending().await,
        }
    };
    tokio::join!(
        control::serve(control, Arc::clone(&desk)),
        bridge,
        attend::attend(shared, card_news),
        activity::watch(shared),
        refresh::keep(shared),
        offline::look_for_upstream(shared),
        keys::rotate(shared),
        ending::warn(shared),
        time(shared),
    );
}

/// Lets time pass at the moments when something expires.
async fn time(shared: &Shared) {
    let mut due = shared.due.subscribe();
    loop {
        let deadline = shared.tick();
        let sleep = async {
            match deadline {
                Some(deadline) => {
                    let seconds = deadline.since(shared.clock.now()).clamp(0, LONGEST_SLEEP);
                    tokio::time::sleep(Duration::from_secs(u64::try_from(seconds).unwrap_or(0))).await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = sleep => {}
            changed = due.wait_for(|due| due.tick != deadline) => drop(changed),
        }
    }
}

/// Joins settings, state and quiet half.
fn assemble(
    config: Config,
    state: &Folder,
    clock: Arc<dyn Clock>,
    cards: Arc<Cards>,
    issuer: String,
    bridge: OwnBridge,
    paths: &Paths,
) -> Result<Arc<Shared>, StartError> {
    let failed = |cause| StartError::State { path: state.path(""), cause };
    let test = config.trust.environment == Environment::Test;
    let journal = Journal::open(
        state.folder("audit").map_err(failed)?,
        Arc::clone(&clock),
        config.audit_sync == AuditSync::Always,
        SystemJournal::new(config.audit_journal.clone().or_else(|| paths.system_journal.clone())),
    )
    .map_err(failed)?;
    let store = Store::open(state, config.tokens.as_deref())?;

    let clients = store::administrator_clients(&config.clients.directory);
    let mut provider = Provider::new(issuer, clients, store.es256()?)?
        .requiring_pushed_requests(config.clients.require_pushed);
    if let Some(stored) = store.clients()?
        && let Err(error) = provider.restore(&stored, clock.now())
    {
        store.keep_clients_aside(&error)?;
    }

    let files = TrustFiles::read(&config.trust.anchors);
    let (anchors, refused) = trust::Anchors::read(&files.anchors, config.trust.environment);
    for failure in refused {
        tracing::warn!(code = %failure.code, file = ?failure.values.get("file"), "a trust anchor is left out");
    }
    let upstream = setup::upstream(&config)?.map(Arc::new);
    let proxies = Arc::new(Proxies::new(config.proxy.clone()));
    let fetcher = match &config.upstream {
        Some(upstream) => {
            let anchors = Arc::new(upstream_anchors(upstream)?);
            let network = Arc::new(Network { anchors, proxies: Arc::clone(&proxies) });
            let identity = setup::identity(&config)?;
            if let Some(certificate) = &identity {
                setup::tell_of_end(certificate, clock.now());
            }
            Some(Fetcher::new(network, Arc::clone(&clock), identity))
        }
        None => None,
    };
    let crls = state.folder("crl").map_err(failed)?;
    Ok(Shared::new(Parts {
        quiet: Quiet::new(provider, Table::new(setup::rules(&config)), store.pushes()?),
        prompts: Prompts::new(&config.pin),
        revocations: Revocations::new(crls, Arc::clone(&clock), Arc::clone(&proxies), test),
        proxies,
        state: state.clone(),
        fixed: Fixed {
            policy: setup::policy(&config),
            programs: config.programs.clone(),
            catalogue: store::catalogue(&config.services, config.trust.environment),
            config,
            anchors: Arc::new(anchors),
            lists: files.lists,
            upstream,
            icon: crate::host::paths::beside_us("cps-tray"),
            system_bus: paths.system_bus.clone(),
        },
        bridge,
        cards,
        journal,
        store,
        clock,
        fetcher,
    }))
}

fn upstream_anchors(upstream: &crate::config::Upstream) -> Result<Anchors, AnchorError> {
    match &upstream.profile {
        crate::config::Profile::Custom(custom) => match &custom.ca_file {
            Some(file) => Anchors::file(file),
            None => Anchors::system(),
        },
        _ => Anchors::system(),
    }
}
