//! A screen of a test's own (Xvfb), and a real panel on it.

use crate::{desk::until, private_bus::Bus, real_agent::built};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Width and height of the screen, and height of its panel.
const WIDE: u32 = 900;
const HIGH: u32 = 640;
const PANEL: u32 = 32;

/// A screen without anything on it. Dropping it ends what runs there.
pub struct Screen {
    children: Vec<Child>,
    pub display: String,
    folder: tempfile::TempDir,
}

/// Part of the screen.
#[derive(Clone, Copy)]
pub enum Part {
    Panel,
    Rest,
}

impl Screen {
    pub fn start() -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-nolisten", "tcp", "-screen", "0", &format!("{WIDE}x{HIGH}x24")])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is installed");
        let mut number = String::new();
        let output = server.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut number).expect("its number");
        let folder = tempfile::tempdir().expect("a folder");
        Self { children: vec![server], display: format!(":{}", number.trim()), folder }
    }

    /// A program's environment here.
    pub fn environment(&self) -> Vec<(String, String)> {
        let folder = |name: &str| self.folder.path().join(name).display().to_string();
        [
            ("DISPLAY", self.display.clone()),
            ("HOME", folder("home")),
            ("PATH", "/usr/bin:/bin".to_owned()),
            ("XDG_CONFIG_HOME", folder("config")),
            ("XDG_CACHE_HOME", folder("cache")),
            ("XDG_RUNTIME_DIR", folder("run")),
            // Screen readers are another suite's: this only delays windows.
            ("NO_AT_BRIDGE", "1".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.environment()).stdin(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Runs a program to its end, and gives what it said.
    pub fn run(&self, program: &str, words: &[&str]) -> Vec<u8> {
        self.command(program).args(words).output().expect("it is installed").stdout
    }

    /// The pixels of a part.
    pub fn pixels(&self, part: Part) -> Vec<u8> {
        let crop = match part {
            Part::Panel => format!("{WIDE}x{PANEL}+0+0"),
            Part::Rest => format!("{WIDE}x{}+0+{PANEL}", HIGH - PANEL),
        };
        self.run("import", &["-window", "root", "-crop", &crop, "-depth", "8", "rgb:-"])
    }

    /// Waits until a part looks unlike any of these, and does not change any more.
    pub async fn until_unlike(&self, what: &str, part: Part, seen: &[Vec<u8>]) -> Vec<u8> {
        until(what, async || {
            let pixels = self.pixels(part);
            let new = !pixels.is_empty() && !seen.contains(&pixels);
            (new && self.pixels(part) == pixels).then_some(pixels)
        })
        .await
    }

    /// Waits until nothing changes any more.
    pub async fn until_still(&self) {
        self.until_unlike("a screen that is still", Part::Rest, &[]).await;
    }

    /// Keeps a picture of the whole screen, for people, and says where.
    pub fn picture(&self, name: &str) -> PathBuf {
        let target = built("cps-tray");
        let folder = target.ancestors().nth(2).expect("a target folder").join("pictures/tray");
        fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join(name).with_extension("png");
        self.run("import", &["-window", "root", &file.display().to_string()]);
        assert!(file.exists(), "{}", file.display());
        file
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // The server last: the others end with it.
        for child in self.children.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A screen with xfce's panel on it.
pub struct Panel {
    pub screen: Screen,
    pub bus: Bus,
}

impl Panel {
    /// Starts the panel, empty, and waits until it takes icons.
    pub async fn start(dark: bool) -> Self {
        let screen = Screen::start();
        let folder = screen.folder.path().to_owned();
        for name in ["home", "config", "cache", "run"] {
            fs::create_dir(folder.join(name)).expect("a folder");
        }
        make_private(&folder.join("run"));
        let bus = Bus::of_session(&screen.environment());
        let mut panel = Self { screen, bus };
        panel.configure(dark);
        let bare = [panel.screen.pixels(Part::Panel)];
        panel.spawn("xfwm4", &["--compositor=off"]);
        panel.spawn("xfce4-panel", &["--disable-wm-check"]);
        let seen = panel.bus.connect().await;
        until("a panel that takes icons", async || {
            let names = zbus::fdo::DBusProxy::new(&seen).await.ok()?.list_names().await.ok()?;
            names.iter().any(|name| name.as_str() == "org.kde.StatusNotifierWatcher").then_some(())
        })
        .await;
        panel.screen.until_unlike("a panel", Part::Panel, &bare).await;
        panel
    }

    fn on_bus(&self, program: &str) -> Command {
        let mut command = self.screen.command(program);
        command.env("DBUS_SESSION_BUS_ADDRESS", self.bus.address());
        command
    }

    fn spawn(&mut self, program: &str, words: &[&str]) {
        let child = self.on_bus(program).args(words).stdout(Stdio::null()).spawn();
        self.screen.children.push(child.expect("it is installed"));
    }

    /// One panel at the upper edge, with nothing but a place for icons at its right end.
    fn configure(&self, dark: bool) {
        let dark = dark.to_string();
        for (property, values) in [
            ("/panels", &["-a", "-t", "int", "-s", "1"][..]),
            ("/panels/dark-mode", &["-t", "bool", "-s", &dark]),
            ("/panels/panel-1/position", &["-t", "string", "-s", "p=6;x=0;y=0"]),
            ("/panels/panel-1/position-locked", &["-t", "bool", "-s", "true"]),
            ("/panels/panel-1/length", &["-t", "uint", "-s", "100"]),
            ("/panels/panel-1/size", &["-t", "uint", "-s", "32"]),
            ("/panels/panel-1/plugin-ids", &["-a", "-t", "int", "-s", "1", "-t", "int", "-s", "2"]),
            ("/plugins/plugin-1", &["-t", "string", "-s", "separator"]),
            ("/plugins/plugin-1/style", &["-t", "uint", "-s", "0"]),
            ("/plugins/plugin-1/expand", &["-t", "bool", "-s", "true"]),
            ("/plugins/plugin-2", &["-t", "string", "-s", "systray"]),
        ] {
            let mut query = self.on_bus("xfconf-query");
            query.args(["-c", "xfce4-panel", "-p", property, "-n"]).args(values);
            assert!(query.status().expect("xfconf-query is installed").success(), "{property}");
        }
    }

    /// The second button on the icon, which panels open menus with.
    pub fn open_menu(&self) {
        let x = (WIDE - 15).to_string();
        self.screen.run("xdotool", &["mousemove", &x, "16", "click", "3"]);
    }

    pub fn close_menu(&self) {
        // And away from the icon, which would show its tooltip.
        self.screen.run("xdotool", &["key", "Escape", "mousemove", "10", "600"]);
    }
}

fn make_private(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).expect("ours");
}
