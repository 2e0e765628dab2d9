//! A D-Bus of a test's own.

#![allow(dead_code, reason = "each test uses its part of it")]

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};
use zbus::{Connection, connection};

/// Everybody may own, send and hear everything.
const CONFIGURATION: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>custom</type>
  <listen>unix:path=SOCKET</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// A bus of this test alone. Dropping it ends it.
pub struct Bus {
    daemon: Child,
    address: String,
    /// Removed with the bus.
    folder: Option<tempfile::TempDir>,
}

impl Bus {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut bus = Self::start_in(folder.path());
        bus.folder = Some(folder);
        bus
    }

    /// The same at a place that is known before, and may have another one later.
    pub fn start_in(folder: &Path) -> Self {
        let configuration = folder.join("bus.conf");
        let socket = folder.join("bus");
        let _left_behind = std::fs::remove_file(&socket);
        let text = CONFIGURATION.replace("SOCKET", &socket.display().to_string());
        std::fs::write(&configuration, text).expect("written");
        let configured = format!("--config-file={}", configuration.display());
        Self::run(Command::new("dbus-daemon").arg(configured))
    }

    /// A session's, which starts services as they are asked for, in this environment.
    pub fn of_session(environment: &[(String, String)]) -> Self {
        Self::run(Command::new("dbus-daemon").arg("--session").env_clear().envs(environment.iter().cloned()))
    }

    fn run(command: &mut Command) -> Self {
        let mut daemon = command
            .args(["--nofork", "--nopidfile", "--print-address"])
            .stdout(Stdio::piped())
            // It complains about limits that it may not raise.
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is installed");
        let mut address = String::new();
        let output = daemon.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut address).expect("its address");
        Self { daemon, address: address.trim().to_owned(), folder: None }
    }

    /// Its address.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub async fn connect(&self) -> Connection {
        let builder = connection::Builder::address(self.address.as_str()).expect("an address");
        builder.build().await.expect("a connection")
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}
