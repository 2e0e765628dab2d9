//! A running `cps-tray`, seen over the bus as a panel sees it: StatusNotifierItem, and com.canonical.dbusmenu.

use crate::{desk::until, private_bus::Bus, real_agent::built};
use std::{
    collections::HashMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use zbus::{
    Connection,
    zvariant::{OwnedValue, Value},
};

const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// An item of a menu in its layout: number, properties, items below.
type Item = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

/// A tray. Dropping it ends it.
pub struct Tray {
    child: Child,
    bus: Connection,
    home: tempfile::TempDir,
}

/// A line of its menu.
#[derive(Debug, Clone)]
pub struct Line {
    id: i32,
    pub text: String,
    pub enabled: bool,
    pub checked: bool,
    pub lines: Vec<Line>,
}

/// A home, in which pages that are opened are noted.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a folder");
    let (run, opener) = (home.path().join("run"), home.path().join("xdg-open"));
    fs::create_dir(&run).expect("a folder");
    fs::write(&opener, "#!/bin/sh\nprintf '%s\\n' \"$1\" >> \"$HOME/opened\"\n").expect("written");
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).expect("executable");
    home
}

/// The program in a home, before the agent at a socket, on a bus.
pub fn command(home: &Path, address: &str, socket: &Path, locale: &str) -> Command {
    let mut command = Command::new(built("cps-tray"));
    command
        .env_clear()
        .env("HOME", home)
        .env("PATH", format!("{}:/usr/bin:/bin", home.display()))
        .env("XDG_RUNTIME_DIR", home.join("run"))
        .env("LC_ALL", locale)
        .env("TZ", "Europe/Paris")
        .env("CPS_AGENT_SOCKET", socket)
        .env("DBUS_SESSION_BUS_ADDRESS", address)
        .stdin(Stdio::null());
    command
}

impl Tray {
    /// Starts it in French, and waits for its icon.
    pub async fn start(bus: &Bus, socket: &Path) -> Self {
        Self::speaking(bus, socket, "fr_FR.UTF-8").await
    }

    /// The same for another locale.
    pub async fn speaking(bus: &Bus, socket: &Path, locale: &str) -> Self {
        let home = home();
        let child = command(home.path(), bus.address(), socket, locale).spawn().expect("cps-tray starts");
        let tray = Self { child, bus: bus.connect().await, home };
        tray.name().await;
        tray
    }

    /// The same with a screen for prompts.
    pub async fn on_screen(bus: &Bus, socket: &Path, locale: &str, display: &str) -> Self {
        let home = home();
        let mut started = command(home.path(), bus.address(), socket, locale);
        let child = started.env("DISPLAY", display).spawn().expect("cps-tray starts");
        let tray = Self { child, bus: bus.connect().await, home };
        tray.name().await;
        tray
    }

    /// The same at an address that may have another bus later.
    pub async fn at(address: &str, socket: &Path, bus: &Bus) -> Self {
        let home = home();
        let child = command(home.path(), address, socket, "fr_FR.UTF-8").spawn().expect("cps-tray starts");
        let tray = Self { child, bus: bus.connect().await, home };
        tray.name().await;
        tray
    }

    /// Looks at it over another bus from now on.
    pub async fn seen_on(&mut self, bus: &Bus) {
        self.bus = bus.connect().await;
    }

    pub fn home(&self) -> PathBuf {
        self.home.path().to_owned()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended.
    pub fn ended(&mut self) -> bool {
        self.child.try_wait().expect("a status").is_some()
    }

    /// Ends it and starts it again in the same home.
    pub async fn again(&mut self, bus: &Bus, socket: &Path) {
        self.end();
        let again = command(self.home.path(), bus.address(), socket, "fr_FR.UTF-8").spawn();
        self.child = again.expect("cps-tray starts");
        self.name().await;
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The name of its icon on the bus, once it is there.
    pub async fn name(&self) -> String {
        let wanted = format!("{ITEM}-{}-", self.pid());
        let listed = async || {
            let names = zbus::fdo::DBusProxy::new(&self.bus).await.ok()?.list_names().await.ok()?;
            names.into_iter().map(|name| name.to_string()).find(|name| name.starts_with(&wanted))
        };
        until("the icon on the bus", listed).await
    }

    async fn property(&self, name: &str) -> Option<OwnedValue> {
        let (item, wanted) = (self.name().await, (ITEM, name));
        let asked = self.bus.call_method(
            Some(item.as_str()),
            "/StatusNotifierItem",
            Some(PROPERTIES),
            "Get",
            &wanted,
        );
        asked.await.ok()?.body().deserialize().ok()
    }

    /// What the pointer finds on the icon.
    pub async fn tooltip(&self) -> String {
        let value = self.property("ToolTip").await.expect("a tooltip");
        let Value::Structure(tip) = Value::from(value) else { panic!("no tooltip") };
        let text = tip.fields().last().and_then(|field| field.downcast_ref::<&str>().ok());
        text.expect("its text").replace('\u{a0}', " ")
    }

    /// The picture.
    pub async fn picture(&self) -> Vec<u8> {
        let value = Value::from(self.property("IconPixmap").await.expect("a picture"));
        let pictures: Vec<(i32, i32, Vec<u8>)> = value.try_into().expect("pictures");
        pictures.into_iter().next().expect("one").2
    }

    /// The menu, as far as it can be read now.
    pub async fn menu(&self) -> Option<Vec<Line>> {
        // From the root, all levels, all properties.
        let (item, all) = (self.name().await, (0_i32, -1_i32, Vec::<&str>::new()));
        let asked = self.bus.call_method(Some(item.as_str()), "/MenuBar", Some(MENU), "GetLayout", &all);
        let reply = asked.await.ok()?;
        let (_, (_, _, lines)): (u32, Item) = reply.body().deserialize().ok()?;
        Some(lines.into_iter().map(|line| read(Value::from(line))).collect())
    }

    /// The whole menu as text, one line each, submenus indented; what cannot be chosen in brackets.
    pub async fn text(&self) -> String {
        let menu = self.menu().await.unwrap_or_default();
        written(&menu, "")
    }

    /// Waits until the menu says something.
    pub async fn until_says(&self, words: &str) -> String {
        let says = async || Some(self.text().await).filter(|text| text.contains(words));
        until(&format!("{words:?} in the menu"), says).await
    }

    /// Waits until there is a line that can be chosen, and chooses it. A menu that changed meanwhile is read again.
    pub async fn choose(&self, text: &str) {
        let item = self.name().await;
        let chosen = async || {
            let event = (find(&self.menu().await?, text)?, "clicked", Value::from(""), 0_u32);
            let chosen = self.bus.call_method(Some(item.as_str()), "/MenuBar", Some(MENU), "Event", &event);
            chosen.await.ok()
        };
        until(&format!("{text:?} to be chosen"), chosen).await;
    }

    /// The first button on the icon.
    pub async fn click(&self) {
        let item = self.name().await;
        let at = (0_i32, 0_i32);
        let clicked =
            self.bus.call_method(Some(item.as_str()), "/StatusNotifierItem", Some(ITEM), "Activate", &at);
        clicked.await.expect("the icon takes clicks");
    }

    /// How many pages were opened.
    pub fn openings(&self) -> usize {
        fs::read_to_string(self.home.path().join("opened")).map_or(0, |noted| noted.lines().count())
    }

    /// Waits until a page was opened, and says which.
    pub async fn opened(&self) -> String {
        let noted = self.home.path().join("opened");
        until("a page", async || fs::read_to_string(&noted).ok()?.lines().last().map(str::to_owned)).await
    }
}

fn read(value: Value<'_>) -> Line {
    let Value::Structure(line) = value else { panic!("no line: {value:?}") };
    let [id, properties, lines]: [Value<'_>; 3] = line.into_fields().try_into().expect("three fields");
    let properties: HashMap<String, OwnedValue> = properties.try_into().expect("properties");
    let Value::Array(lines) = lines else { panic!("no lines: {lines:?}") };
    let lines = lines.iter().map(|line| match line {
        Value::Value(line) => read(line.try_clone().expect("a line")),
        line => read(line.try_clone().expect("a line")),
    });
    let flag = |name: &str| properties.get(name).map(|value| value.downcast_ref::<bool>().expect("a flag"));
    let separator = properties.get("type").is_some_and(|kind| kind.downcast_ref::<&str>() == Ok("separator"));
    let text = properties.get("label").map_or("", |label| label.downcast_ref::<&str>().expect("a label"));
    let checked = properties.get("toggle-state").map(|state| state.downcast_ref::<i32>().expect("a state"));
    Line {
        id: id.try_into().expect("a number"),
        // An underscore would mark a letter: panels show two as one.
        text: if separator { "-".to_owned() } else { text.replace("__", "_").replace('\u{a0}', " ") },
        enabled: flag("enabled").unwrap_or(true),
        checked: checked == Some(1),
        lines: lines.collect(),
    }
}

fn find(lines: &[Line], text: &str) -> Option<i32> {
    lines.iter().find_map(|line| {
        let here = line.text == text && line.enabled && line.lines.is_empty();
        if here { Some(line.id) } else { find(&line.lines, text) }
    })
}

fn written(lines: &[Line], deep: &str) -> String {
    let one = |line: &Line| {
        let mark = if line.checked { "x " } else { "" };
        let text = if line.enabled { line.text.clone() } else { format!("[{}]", line.text) };
        format!("{deep}{mark}{text}\n{}", written(&line.lines, &format!("{deep}  ")))
    };
    lines.iter().map(one).collect()
}

impl Drop for Tray {
    fn drop(&mut self) {
        self.end();
    }
}
