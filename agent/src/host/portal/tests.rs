//! The portal on a bus of its own, with a desktop that a test plays.

use super::*;
use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// A private `dbus-daemon`. It ends with the test.
struct Daemon {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Daemon {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--print-address=1"])
            .arg(format!("--address=unix:path={}", folder.path().join("bus").display()))
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus-daemon is installed");
        let mut address = String::new();
        let output = child.stdout.take().expect("piped");
        BufReader::new(output).read_line(&mut address).expect("an address");
        Self { child, address: address.trim().to_owned(), _folder: folder }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A desktop whose automatic configuration sends one domain directly, and one nowhere.
struct Played(Arc<AtomicUsize>);

#[zbus::interface(name = "org.freedesktop.portal.ProxyResolver")]
impl Played {
    async fn lookup(&self, uri: &str) -> zbus::fdo::Result<Vec<String>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        match uri {
            "https://direct.example/" => Ok(vec!["direct://".to_owned()]),
            "https://broken.example/" => Err(zbus::fdo::Error::Failed("no such file".to_owned())),
            _ => Ok(vec!["http://proxy.example:3128".to_owned(), "direct://".to_owned()]),
        }
    }
}

async fn played(daemon: &Daemon) -> (zbus::Connection, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let connection = zbus::connection::Builder::address(daemon.address.as_str())
        .expect("an address")
        .name(NAME)
        .expect("a name")
        .serve_at(PATH, Played(Arc::clone(&asked)))
        .expect("an object")
        .build()
        .await
        .expect("the bus");
    (connection, asked)
}

fn url(text: &str) -> Url {
    Url::parse(text).expect("an address")
}

#[tokio::test]
async fn the_desktop_says_which_proxies_lead_to_an_address_and_never_sees_its_path() {
    let daemon = Daemon::start();
    let (_connection, asked) = played(&daemon).await;
    let desktop = Desktop::at(daemon.address.clone());
    let said = desktop.lookup(&url("https://sso.example/realms/x?code=secret")).await;
    assert_eq!(said, Some(vec!["http://proxy.example:3128".to_owned(), "direct://".to_owned()]));
    assert_eq!(desktop.lookup(&url("https://direct.example/a")).await, Some(vec!["direct://".to_owned()]));
    assert_eq!(desktop.lookup(&url("https://broken.example/a")).await, None);
    let before = asked.load(Ordering::Relaxed);
    assert!(desktop.lookup(&url("https://sso.example/other")).await.is_some());
    assert_eq!(asked.load(Ordering::Relaxed), before, "the answer is remembered");
}

#[tokio::test]
async fn a_session_without_a_desktop_has_no_proxy() {
    let daemon = Daemon::start();
    assert_eq!(Desktop::at(daemon.address.clone()).lookup(&url("https://sso.example/")).await, None);
    assert_eq!(Desktop::none().lookup(&url("https://sso.example/")).await, None);
}
