//! What a desktop has on its bus: a service that shows notifications, and one that collects icons for a panel.

use crate::{desk::until, private_bus::Bus};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use zbus::{Connection, interface, zvariant::OwnedValue};

/// A notification as the desktop got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub id: u32,
    pub replaces: u32,
    pub icon: String,
    pub title: String,
    pub body: String,
    pub urgent: bool,
}

#[derive(Debug, Default)]
struct Seen {
    notes: Vec<Note>,
    closed: Vec<u32>,
}

/// The notification service.
pub struct Notifications {
    seen: Arc<Mutex<Seen>>,
    _bus: Connection,
}

struct Service {
    seen: Arc<Mutex<Seen>>,
    marked_up: bool,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Service {
    #[expect(clippy::too_many_arguments, reason = "so is the specification")]
    fn notify(
        &self,
        application: &str,
        replaces: u32,
        icon: &str,
        title: &str,
        body: &str,
        _actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        _expires: i32,
    ) -> u32 {
        assert_eq!(application, "CPS");
        let mut seen = self.seen.lock().expect("free");
        let id = if replaces == 0 { u32::try_from(seen.notes.len()).expect("a few") + 1 } else { replaces };
        let urgent = hints.get("urgency").is_some_and(|level| level.downcast_ref::<u8>() == Ok(2));
        let plain = |text: &str| text.replace('\u{a0}', " ");
        let (title, body, icon) = (plain(title), plain(body), icon.to_owned());
        seen.notes.push(Note { id, replaces, icon, title, body, urgent });
        id
    }

    fn close_notification(&self, id: u32) {
        self.seen.lock().expect("free").closed.push(id);
    }

    fn get_capabilities(&self) -> Vec<String> {
        let mut capabilities = vec!["body".to_owned()];
        capabilities.extend(self.marked_up.then(|| "body-markup".to_owned()));
        capabilities
    }
}

impl Notifications {
    /// Serves them, and reads no markup.
    pub async fn on(bus: &Bus) -> Self {
        Self::serve(bus, false).await
    }

    /// The same for a service that reads bodies as markup.
    pub async fn marked_up(bus: &Bus) -> Self {
        Self::serve(bus, true).await
    }

    async fn serve(bus: &Bus, marked_up: bool) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let service = Service { seen: Arc::clone(&seen), marked_up };
        let bus = bus.connect().await;
        bus.object_server().at("/org/freedesktop/Notifications", service).await.expect("served");
        bus.request_name("org.freedesktop.Notifications").await.expect("the name");
        Self { seen, _bus: bus }
    }

    /// Everything that was shown.
    pub fn all(&self) -> Vec<Note> {
        self.seen.lock().expect("free").notes.clone()
    }

    /// Waits for the first one whose title has these words.
    pub async fn titled(&self, words: &str) -> Note {
        let found = async || self.all().into_iter().find(|note| note.title.contains(words));
        until(&format!("a notification: {words} (there are {:?})", self.all()), found).await
    }

    /// Waits until one was taken away.
    pub async fn until_closed(&self, id: u32) {
        let closed = async || self.seen.lock().expect("free").closed.contains(&id).then_some(());
        until("a notification that is over", closed).await;
    }
}

/// The service that collects icons.
pub struct Watcher {
    items: Arc<Mutex<Vec<String>>>,
    bus: Connection,
}

struct Collector(Arc<Mutex<Vec<String>>>);

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Collector {
    fn register_status_notifier_item(&self, service: &str) {
        self.0.lock().expect("free").push(service.to_owned());
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }
}

impl Watcher {
    pub async fn on(bus: &Bus) -> Self {
        let items = Arc::new(Mutex::new(Vec::new()));
        let bus = bus.connect().await;
        let collector = Collector(Arc::clone(&items));
        bus.object_server().at("/StatusNotifierWatcher", collector).await.expect("served");
        bus.request_name("org.kde.StatusNotifierWatcher").await.expect("the name");
        Self { items, bus }
    }

    /// Waits until this icon came.
    pub async fn until_has(&self, name: &str) {
        let has = async || self.items.lock().expect("free").iter().any(|item| item == name).then_some(());
        until("the icon at the watcher", has).await;
    }

    /// The panel goes.
    pub async fn end(self) {
        self.bus.close().await.expect("closed");
    }
}
