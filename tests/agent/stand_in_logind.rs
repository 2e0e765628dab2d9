//! A stand-in for logind on a private bus, which says what the test wants.

use crate::private_bus::Bus;
use cps_agent::host::logind::SystemBus;
use std::{
    collections::HashMap,
    io::Read as _,
    os::{fd::OwnedFd, unix::net::UnixStream},
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};
use zbus::{
    Connection, fdo, interface,
    zvariant::{self, DynamicType, OwnedObjectPath, Value},
};

const NAME: &str = "org.freedesktop.login1";
const MANAGER: &str = "/org/freedesktop/login1";
const SESSION: &str = "/org/freedesktop/login1/session/_31";
const USER: &str = "/org/freedesktop/login1/user/_1000";
const MANAGER_INTERFACE: &str = "org.freedesktop.login1.Manager";
const SESSION_INTERFACE: &str = "org.freedesktop.login1.Session";
/// A bus as an agent takes it.
pub fn for_agent(bus: &Bus, session: Option<&str>) -> SystemBus {
    SystemBus { address: bus.address().to_owned(), session: session.map(str::to_owned) }
}

/// How the stand-in knows the session of whoever asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// By the identifier `1`.
    Identifier,
    /// By the process.
    Process,
    /// As what the user sees.
    Display,
}

/// The stand-in. It says of a graphical session that somebody is at work, until the test says otherwise.
pub struct Logind {
    bus: Connection,
    said: Arc<Mutex<Said>>,
    delays: Delays,
}

/// The properties of the session.
struct Said {
    active: bool,
    locked: bool,
    idle: bool,
    idle_since: u64,
}

/// The other ends of the inhibitor locks that were given out.
type Delays = Arc<Mutex<Vec<UnixStream>>>;

impl Logind {
    pub async fn start(bus: &Bus, known: Known) -> Self {
        let said = Said { active: true, locked: false, idle: false, idle_since: 0 };
        let (said, delays) = (Arc::new(Mutex::new(said)), Delays::default());
        let manager = Manager { known, delays: Arc::clone(&delays) };
        let session = Session(Arc::clone(&said));
        let bus = bus.connect().await;
        let objects = bus.object_server();
        assert!(objects.at(MANAGER, manager).await.expect("served"));
        assert!(objects.at(SESSION, session).await.expect("served"));
        assert!(objects.at(USER, User).await.expect("served"));
        bus.request_name(NAME).await.expect("the name");
        Self { bus, said, delays }
    }

    /// The desktop says that the screen is locked, or not.
    pub async fn locked(&self, locked: bool) {
        self.said.lock().expect("free").locked = locked;
        self.says(&[("LockedHint", locked.into())]).await;
    }

    /// The desktop says that nobody is there, or that somebody is.
    pub async fn idle(&self, idle: bool) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a date").as_micros();
        let now = u64::try_from(now).expect("a date");
        {
            let mut said = self.said.lock().expect("free");
            (said.idle, said.idle_since) = (idle, now);
        }
        self.says(&[("IdleHint", idle.into()), ("IdleSinceHint", now.into())]).await;
    }

    /// The session has the screen, or another one has.
    pub async fn active(&self, active: bool) {
        self.said.lock().expect("free").active = active;
        self.says(&[("Active", active.into())]).await;
    }

    async fn says(&self, changed: &[(&str, Value<'static>)]) {
        let changed: HashMap<&str, &Value<'_>> = changed.iter().map(|(name, value)| (*name, value)).collect();
        let body = (SESSION_INTERFACE, changed, Vec::<String>::new());
        self.signal(SESSION, "org.freedesktop.DBus.Properties", "PropertiesChanged", &body).await;
    }

    /// Somebody wants the screen locked.
    pub async fn wants_lock(&self) {
        self.signal(SESSION, SESSION_INTERFACE, "Lock", &()).await;
    }

    /// The machine is about to sleep, or woke up.
    pub async fn sleeps(&self, sleeps: bool) {
        self.signal(MANAGER, MANAGER_INTERFACE, "PrepareForSleep", &(sleeps,)).await;
    }

    async fn signal<B: serde::Serialize + DynamicType>(
        &self,
        path: &str,
        interface: &str,
        name: &str,
        body: &B,
    ) {
        self.bus.emit_signal(None::<&str>, path, interface, name, body).await.expect("a signal");
    }

    /// How many wish to be waited for before the machine sleeps.
    pub fn delays(&self) -> usize {
        let mut delays = self.delays.lock().expect("free");
        // Nothing to read: still held. The end: given up.
        delays.retain_mut(|delay| !matches!(delay.read(&mut [0]), Ok(0)));
        delays.len()
    }

    /// It ends, and its name with it.
    pub async fn end(self) {
        self.bus.close().await.expect("closed");
    }
}

/// A stranger on the same bus says that our screen is locked, as logind would.
pub async fn stranger_signals(bus: &Bus) {
    let stranger = bus.connect().await;
    let changed = HashMap::from([("LockedHint", Value::from(true))]);
    let body = (SESSION_INTERFACE, changed, Vec::<String>::new());
    let signals = stranger.emit_signal(None::<&str>, SESSION, SESSION_INTERFACE, "Lock", &());
    signals.await.expect("a signal");
    let properties = "org.freedesktop.DBus.Properties";
    let signals = stranger.emit_signal(None::<&str>, SESSION, properties, "PropertiesChanged", &body);
    signals.await.expect("a signal");
}

struct Manager {
    known: Known,
    delays: Delays,
}

impl Manager {
    fn object(&self, by: Known, path: &'static str) -> fdo::Result<OwnedObjectPath> {
        let found = (self.known == by).then(|| OwnedObjectPath::try_from(path).expect("a path"));
        found.ok_or_else(|| fdo::Error::Failed("no such session".to_owned()))
    }
}

#[interface(name = "org.freedesktop.login1.Manager")]
impl Manager {
    fn get_session(&self, id: &str) -> fdo::Result<OwnedObjectPath> {
        assert_eq!(id, "1");
        self.object(Known::Identifier, SESSION)
    }

    #[zbus(name = "GetSessionByPID")]
    fn get_session_by_pid(&self, pid: u32) -> fdo::Result<OwnedObjectPath> {
        assert_eq!(pid, std::process::id());
        self.object(Known::Process, SESSION)
    }

    fn get_user(&self, _uid: u32) -> fdo::Result<OwnedObjectPath> {
        self.object(Known::Display, USER)
    }

    fn inhibit(&self, what: &str, _who: &str, _why: &str, mode: &str) -> fdo::Result<zvariant::OwnedFd> {
        assert_eq!((what, mode), ("sleep", "delay"));
        let (ours, theirs) = UnixStream::pair().expect("sockets");
        ours.set_nonblocking(true).expect("set");
        self.delays.lock().expect("free").push(ours);
        Ok(OwnedFd::from(theirs).into())
    }
}

struct Session(Arc<Mutex<Said>>);

#[interface(name = "org.freedesktop.login1.Session")]
impl Session {
    #[zbus(property)]
    fn active(&self) -> bool {
        self.0.lock().expect("free").active
    }

    #[zbus(property)]
    fn locked_hint(&self) -> bool {
        self.0.lock().expect("free").locked
    }

    #[zbus(property)]
    fn idle_hint(&self) -> bool {
        self.0.lock().expect("free").idle
    }

    #[zbus(property)]
    fn idle_since_hint(&self) -> u64 {
        self.0.lock().expect("free").idle_since
    }

    #[zbus(property, name = "Type")]
    fn kind(&self) -> &str {
        "wayland"
    }
}

struct User;

#[interface(name = "org.freedesktop.login1.User")]
impl User {
    #[zbus(property)]
    fn display(&self) -> (String, OwnedObjectPath) {
        ("1".to_owned(), OwnedObjectPath::try_from(SESSION).expect("a path"))
    }
}
