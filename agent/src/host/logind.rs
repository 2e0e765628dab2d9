//! What systemd-logind says of this person's session: locked, in use, in front of the screen, and when the machine sleeps.
//!
//! The session is the one the agent runs in, or, where it runs as a service of the user manager and so in none, the
//! session the person sees (`Display` of the user). A system without bus or logind is a state that is told once and looked
//! at again later; nothing waits for it.
//!
//! Only signals of logind itself count: its unique name on the bus is part of every match rule, since another program
//! may send us a signal of the same name.

use futures_core::Stream;
use std::{collections::HashMap, fmt, future::poll_fn, pin::Pin, time::Duration};
use tokio::sync::mpsc::UnboundedSender;
use zbus::{
    Connection, MatchRule, Message, MessageStream, connection,
    message::Type,
    zvariant::{OwnedFd, OwnedObjectPath, OwnedValue, Value},
};

const LOGIND: &str = "org.freedesktop.login1";
const MANAGER_PATH: &str = "/org/freedesktop/login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const SESSION: &str = "org.freedesktop.login1.Session";
const USER: &str = "org.freedesktop.login1.User";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
/// Longest wait for one answer of the bus.
const PATIENCE: Duration = Duration::from_secs(25);
/// Pauses before logind is looked for again: the first, doubled up to the last.
const AGAIN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(300));
/// Messages that may wait for us: a handful come in an hour.
const QUEUE: usize = 16;

/// What is told about the workstation.
#[derive(Debug)]
pub enum News {
    /// logind answers for a session (`true`), or none can be followed. Said at every change, and once at the start.
    Answers(bool),
    /// The screen is to be locked: a wish, which not every desktop follows and some follow late.
    LockWanted,
    /// The screen was locked (`true`) or unlocked.
    Locked(bool),
    /// Whether somebody uses the workstation.
    Input(Input),
    /// Our session is the one in front of the screen, or another person's is.
    Active(bool),
    /// The machine is about to sleep. It waits, a few seconds at most, until this is dropped.
    Sleeping(Delay),
    /// It woke up.
    Awake,
}

/// Whether somebody uses the workstation, as far as the desktop reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Input {
    /// Nobody reports it: a session without a desktop, or one that never said anything.
    #[default]
    Unreported,
    /// Somebody does.
    Seen,
    /// Nobody does.
    Idle,
}

/// Delays sleep as long as it lives (an inhibitor lock of logind), where we were given one.
#[derive(Debug)]
pub struct Delay(#[allow(dead_code, reason = "closing it is its use")] Option<OwnedFd>);

impl Delay {
    /// Delays nothing.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }
}

/// What is followed, and what was said of it.
struct Follower<'a> {
    bus: Connection,
    session: OwnedObjectPath,
    seen: Seen,
    delay: Option<OwnedFd>,
    news: &'a UnboundedSender<News>,
}

/// The properties of the session that matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Seen {
    locked: bool,
    active: bool,
    /// A desktop says whether somebody is there; logind's own guess for a terminal says little.
    graphical: bool,
    idle: bool,
    /// Microseconds since 1970, 0 for never.
    idle_since: u64,
}

/// Why logind cannot be followed, or not any more.
#[derive(Debug)]
enum Fault {
    Bus(zbus::Error),
    Silent,
    Ended,
}

impl From<zbus::Error> for Fault {
    fn from(error: zbus::Error) -> Self {
        Self::Bus(error)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bus(error) => write!(f, "{error}"),
            Self::Silent => f.write_str("no answer in time"),
            Self::Ended => f.write_str("the bus, logind or the session ended"),
        }
    }
}

/// Where logind is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemBus {
    /// Address of the bus (D-Bus specification, "Server Addresses").
    pub address: String,
    /// Identifier of our session, where it is known.
    pub session: Option<String>,
}

impl SystemBus {
    /// The system's: `$DBUS_SYSTEM_BUS_ADDRESS` or the usual socket, and `$XDG_SESSION_ID`.
    #[must_use]
    pub fn of_system(variable: impl Fn(&str) -> Option<String>) -> Self {
        let given = |name: &str| variable(name).filter(|value| !value.is_empty());
        let address = given("DBUS_SYSTEM_BUS_ADDRESS");
        Self {
            address: address.unwrap_or_else(|| "unix:path=/run/dbus/system_bus_socket".to_owned()),
            session: given("XDG_SESSION_ID"),
        }
    }
}

/// Follows logind on the bus of this address for ever. `session` is the identifier of our session
/// (`$XDG_SESSION_ID`), where it is known. Ends when nobody listens any more.
pub async fn follow(address: &str, session: Option<&str>, news: UnboundedSender<News>) {
    let (first, longest) = AGAIN;
    let mut pause = first;
    let mut told = None;
    while !news.is_closed() {
        let fault = match within(Follower::find(address, session, &news)).await {
            Ok(mut follower) => {
                pause = first;
                told = Some(true);
                follower.follow().await
            }
            Err(fault) => fault,
        };
        if told != Some(false) {
            tracing::info!(%fault, "logind does not tell when the workstation is locked or idle");
            told = Some(false);
            if news.send(News::Answers(false)).is_err() {
                return;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = news.closed() => return,
        }
        pause = pause.saturating_mul(2).min(longest);
    }
}

impl<'a> Follower<'a> {
    /// Finds our session and tells how it stands.
    async fn find(address: &str, id: Option<&str>, news: &'a UnboundedSender<News>) -> Result<Self, Fault> {
        let bus = connection::Builder::address(address)?.max_queued(QUEUE).build().await?;
        let session = find_session(&bus, id).await?;
        let mut follower = Self { bus, session, seen: Seen::default(), delay: None, news };
        follower.delay = follower.delay_sleep().await;
        Ok(follower)
    }

    /// Tells what happens until it cannot any more.
    async fn follow(&mut self) -> Fault {
        match self.try_follow().await {
            Ok(()) => Fault::Ended,
            Err(fault) => fault,
        }
    }

    async fn try_follow(&mut self) -> Result<(), Fault> {
        let owner = within(name_owner(&self.bus)).await?;
        let from_logind = || MatchRule::builder().msg_type(Type::Signal).sender(owner.clone());
        let mut session = self.listen(from_logind()?.path(self.session.as_ref())?.build()).await?;
        let mut manager = self.listen(from_logind()?.path(MANAGER_PATH)?.interface(MANAGER)?.build()).await?;
        let owners = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender("org.freedesktop.DBus")?
            .member("NameOwnerChanged")?
            .arg(0, LOGIND)?
            .build();
        let mut owners = self.listen(owners).await?;
        self.tell(News::Answers(true));
        self.read_all().await?;
        loop {
            tokio::select! {
                message = next(&mut session) => self.of_session(message?).await?,
                message = next(&mut manager) => {
                    if self.of_manager(message?).await? {
                        return Ok(());
                    }
                }
                message = next(&mut owners) => {
                    drop(message?);
                    return Ok(());
                }
                () = self.news.closed() => return Ok(()),
            }
        }
    }

    async fn listen(&self, rule: MatchRule<'_>) -> Result<MessageStream, Fault> {
        within(async { Ok(MessageStream::for_match_rule(rule, &self.bus, Some(QUEUE)).await?) }).await
    }

    /// A signal of our session.
    async fn of_session(&mut self, message: Message) -> Result<(), Fault> {
        let header = message.header();
        match header.member().map(|member| member.as_str()) {
            Some("Lock") => self.tell(News::LockWanted),
            Some("PropertiesChanged") => {
                let body = message.body();
                let (interface, changed, gone): (String, HashMap<String, OwnedValue>, Vec<String>) =
                    body.deserialize()?;
                if interface == SESSION {
                    self.changed(&changed);
                    if !gone.is_empty() {
                        self.read_all().await?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A signal of the manager. Says whether our session is over.
    async fn of_manager(&mut self, message: Message) -> Result<bool, Fault> {
        let header = message.header();
        match header.member().map(|member| member.as_str()) {
            Some("PrepareForSleep") => {
                let sleeps: bool = message.body().deserialize()?;
                if sleeps {
                    let delay = Delay(self.delay.take());
                    self.tell(News::Sleeping(delay));
                } else {
                    self.delay = self.delay_sleep().await;
                    self.tell(News::Awake);
                    self.read_all().await?;
                }
                Ok(false)
            }
            Some("SessionRemoved") => {
                let body = message.body();
                let (_, path): (String, OwnedObjectPath) = body.deserialize()?;
                Ok(path == self.session)
            }
            _ => Ok(false),
        }
    }

    /// Asks to be waited for before the machine sleeps. A refusal changes nothing but the moment.
    async fn delay_sleep(&self) -> Option<OwnedFd> {
        let wish = ("sleep", "cps-agent", "locks the session and lets go of the card", "delay");
        let reply = within(self.call(MANAGER_PATH, MANAGER, "Inhibit", &wish)).await.ok()?;
        reply.body().deserialize().ok()
    }

    /// Asks for all properties of the session, and tells what is new.
    async fn read_all(&mut self) -> Result<(), Fault> {
        let path = self.session.as_str().to_owned();
        let reply = within(self.call(&path, PROPERTIES, "GetAll", &(SESSION,))).await?;
        let body = reply.body();
        let all: HashMap<String, OwnedValue> = body.deserialize()?;
        let first = self.seen == Seen::default();
        if let Some(kind) = text(&all, "Type") {
            self.seen.graphical = matches!(kind.as_str(), "x11" | "wayland" | "mir");
        }
        if first {
            // What is the same as the default was never told, and an earlier follower may have told something else.
            self.seen.active = flag(&all, "Active").unwrap_or(true);
            self.seen.locked = flag(&all, "LockedHint").unwrap_or(false);
            self.tell(News::Active(self.seen.active));
            self.tell(News::Locked(self.seen.locked));
        }
        self.changed(&all);
        Ok(())
    }

    /// Takes properties over and tells what is new.
    fn changed(&mut self, changed: &HashMap<String, OwnedValue>) {
        let before = self.seen;
        let seen = &mut self.seen;
        seen.locked = flag(changed, "LockedHint").unwrap_or(seen.locked);
        seen.active = flag(changed, "Active").unwrap_or(seen.active);
        seen.idle = flag(changed, "IdleHint").unwrap_or(seen.idle);
        seen.idle_since = number(changed, "IdleSinceHint").unwrap_or(seen.idle_since);
        let after = self.seen;
        if after.active != before.active {
            self.tell(News::Active(after.active));
        }
        if after.locked != before.locked {
            self.tell(News::Locked(after.locked));
        }
        if after.input() != before.input() {
            self.tell(News::Input(after.input()));
        }
    }

    async fn call<B>(&self, path: &str, interface: &str, method: &str, body: &B) -> Result<Message, Fault>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
    {
        Ok(self.bus.call_method(Some(LOGIND), path, Some(interface), method, body).await?)
    }

    fn tell(&self, news: News) {
        // Nobody listens any more when the agent stops.
        let _ = self.news.send(news);
    }
}

impl Seen {
    fn input(self) -> Input {
        match (self.graphical && self.idle_since != 0, self.idle) {
            (false, _) => Input::Unreported,
            (true, false) => Input::Seen,
            (true, true) => Input::Idle,
        }
    }
}

/// The session of the agent: by its identifier, by its process, or the one its user sees.
async fn find_session(bus: &Connection, id: Option<&str>) -> Result<OwnedObjectPath, Fault> {
    if let Some(id) = id
        && let Ok(session) = object(bus, "GetSession", &(id,)).await
    {
        return Ok(session);
    }
    if let Ok(session) = object(bus, "GetSessionByPID", &(std::process::id(),)).await {
        return Ok(session);
    }
    let user = object(bus, "GetUser", &(rustix::process::getuid().as_raw(),)).await?;
    let display = (USER, "Display");
    let reply = bus.call_method(Some(LOGIND), &user, Some(PROPERTIES), "Get", &display).await?;
    let display: OwnedValue = reply.body().deserialize()?;
    let (id, session): (String, OwnedObjectPath) = display.try_into().map_err(zbus::Error::Variant)?;
    // A user without a graphical session has an empty one.
    if id.is_empty() { Err(Fault::Ended) } else { Ok(session) }
}

/// An object that the manager knows.
async fn object<B>(bus: &Connection, method: &str, body: &B) -> Result<OwnedObjectPath, Fault>
where
    B: serde::Serialize + zbus::zvariant::DynamicType,
{
    let reply = bus.call_method(Some(LOGIND), MANAGER_PATH, Some(MANAGER), method, body).await?;
    Ok(reply.body().deserialize()?)
}

/// The unique name behind the well-known one.
async fn name_owner(bus: &Connection) -> Result<String, Fault> {
    let dbus = "org.freedesktop.DBus";
    let reply =
        bus.call_method(Some(dbus), "/org/freedesktop/DBus", Some(dbus), "GetNameOwner", &(LOGIND,)).await?;
    Ok(reply.body().deserialize()?)
}

async fn within<T>(answer: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    tokio::time::timeout(PATIENCE, answer).await.unwrap_or(Err(Fault::Silent))
}

/// The next message of a stream. One that ends means that the bus is gone.
async fn next(stream: &mut MessageStream) -> Result<Message, Fault> {
    match poll_fn(|context| Pin::new(&mut *stream).poll_next(context)).await {
        Some(message) => Ok(message?),
        None => Err(Fault::Ended),
    }
}

fn flag(values: &HashMap<String, OwnedValue>, name: &str) -> Option<bool> {
    match values.get(name).map(|value| &**value)? {
        Value::Bool(flag) => Some(*flag),
        _ => None,
    }
}

fn number(values: &HashMap<String, OwnedValue>, name: &str) -> Option<u64> {
    match values.get(name).map(|value| &**value)? {
        Value::U64(number) => Some(*number),
        _ => None,
    }
}

fn text(values: &HashMap<String, OwnedValue>, name: &str) -> Option<String> {
    match values.get(name).map(|value| &**value)? {
        Value::Str(text) => Some(text.to_string()),
        _ => None,
    }
}
