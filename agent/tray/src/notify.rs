//! Notifications of the desktop (Desktop Notifications Specification, `org.freedesktop.Notifications`).
//!
//! A desktop without a notification service is a quiet one: the menu says the same.

use crate::{
    icon,
    state::{Key, Notice, Telling},
};
use std::{collections::BTreeMap, time::Duration};
use zbus::{Connection, zvariant::Value};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// Longest wait for the service.
const PATIENCE: Duration = Duration::from_secs(5);
/// Urgency levels of the specification.
const NORMAL: u8 = 1;
const CRITICAL: u8 = 2;

/// What is on the screen, by what it is about.
#[derive(Debug, Default)]
pub(crate) struct Notifier {
    shown: BTreeMap<Key, u32>,
}

impl Notifier {
    /// Shows or closes.
    pub(crate) async fn tell(&mut self, bus: &Connection, telling: Telling) {
        let told = async {
            match telling {
                Telling::Show(notice) => {
                    let key = notice.key;
                    let replaced = self.shown.get(&key).copied().unwrap_or(0);
                    let id = show(bus, notice, replaced).await?;
                    self.shown.insert(key, id);
                }
                Telling::Close(key) => {
                    if let Some(id) = self.shown.remove(&key) {
                        bus.call_method(Some(NAME), PATH, Some(NAME), "CloseNotification", &(id,)).await?;
                    }
                }
            }
            Ok::<(), zbus::Error>(())
        };
        // Nobody there, or too slow: quiet.
        let _told = tokio::time::timeout(PATIENCE, told).await;
    }

    /// The bus went, and with it whatever was on the screen.
    pub(crate) fn forget(&mut self) {
        self.shown.clear();
    }
}

async fn show(bus: &Connection, notice: Notice, replaced: u32) -> zbus::Result<u32> {
    let reply = bus.call_method(Some(NAME), PATH, Some(NAME), "GetCapabilities", &()).await?;
    let capabilities: Vec<String> = reply.body().deserialize()?;
    let marked_up = capabilities.iter().any(|capability| capability == "body-markup");
    let body = if marked_up { escaped(&notice.body) } else { notice.body };
    let urgency = if notice.urgent { CRITICAL } else { NORMAL };
    let hints =
        BTreeMap::from([("urgency", Value::from(urgency)), ("desktop-entry", Value::from("cps-tray"))]);
    let actions: [&str; 0] = [];
    // What waits for the person stays; the rest goes when the desktop sees fit.
    let expires: i32 = if notice.urgent { 0 } else { -1 };
    let picture = icon::name(notice.look);
    let notification = ("CPS", replaced, picture, notice.title, body, &actions[..], hints, expires);
    let reply = bus.call_method(Some(NAME), PATH, Some(NAME), "Notify", &notification).await?;
    reply.body().deserialize()
}

/// A body that a service would read as markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
