//! A private real pcscd with the virtual reader of vsmartcard: own socket, own configuration, own ports.
//!
//! pcscd takes a listening socket as file descriptor 3, as systemd hands it over, so that the workstation's own pcscd
//! and any number of others stay untouched. Programs reach it with `PCSCLITE_CSOCK_NAME`.

use super::vpcd::Inserted;
use crate::card::CardHandle;
use ring::rand::{SecureRandom, SystemRandom};
use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Slots of one virtual reader: vpcd listens on a port and the next one.
pub const SLOTS: usize = 2;

/// Where distributions put the driver of vsmartcard-vpcd.
const DRIVERS: [&str; 3] = [
    "/usr/lib/pcsc/drivers/serial/libifdvpcd.so",
    "/usr/lib64/pcsc/drivers/serial/libifdvpcd.so",
    "/usr/local/lib/pcsc/drivers/serial/libifdvpcd.so",
];

/// Port pairs tried before giving up.
const ATTEMPTS: usize = 20;
/// How long pcscd may take to say that it is ready.
const PATIENCE: Duration = Duration::from_secs(20);

/// A private pcscd. Dropping it kills it and removes its folder.
#[derive(Debug)]
pub struct PcscDaemon {
    folder: tempfile::TempDir,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    process: Option<Child>,
    port: u16,
    slots: [Option<Inserted>; SLOTS],
}

impl PcscDaemon {
    /// Starts one, with two empty slots, as user nobody when we are root.
    ///
    /// # Errors
    /// When pcscd or the vpcd driver is not installed, or it does not come up.
    pub fn start() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("cps-pcscd-").tempdir()?;
        // pcscd may run as another user and has to read its configuration.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        fs::create_dir(folder.path().join("readers"))?;
        let state = State { process: None, port: 0, slots: [None, None] };
        let daemon = Self { folder, state: Mutex::new(state) };
        daemon.launch(&mut daemon.lock())?;
        Ok(daemon)
    }

    /// The socket, for `PCSCLITE_CSOCK_NAME`.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("pcscd.sock")
    }

    /// Name of a slot's reader, as PC/SC programs see it.
    #[must_use]
    pub fn reader(&self, slot: usize) -> String {
        format!("TEST reader 00 {slot:02X}")
    }

    /// Puts a card into a slot, in place of the one that may be there. pcscd notices within half a second.
    ///
    /// # Errors
    /// When there is no such slot or pcscd does not run.
    pub fn insert(&self, slot: usize, card: &CardHandle) -> io::Result<()> {
        let mut state = self.lock();
        let port = state.port;
        if state.process.is_none() {
            return Err(io::Error::new(ErrorKind::NotConnected, "pcscd does not run"));
        }
        let place = state.slots.get_mut(slot).ok_or_else(|| io::Error::other("no such slot"))?;
        // The old card has to leave before the port takes another.
        drop(place.take());
        *place = Some(Inserted::connect(port_of(port, slot), card)?);
        Ok(())
    }

    /// Takes the card out of a slot.
    pub fn remove(&self, slot: usize) {
        let taken = self.lock().slots.get_mut(slot).and_then(Option::take);
        drop(taken);
    }

    /// Kills pcscd without warning. The cards stay in their slots for [`restart`](Self::restart).
    pub fn kill(&self) {
        if let Some(mut process) = self.lock().process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Asks pcscd to end, and waits for it.
    pub fn stop(&self) {
        let Some(mut process) = self.lock().process.take() else { return };
        let pid = i32::try_from(process.id()).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = process.wait();
    }

    /// Starts pcscd again on the same socket, with the cards that were in the slots.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn restart(&self) -> io::Result<()> {
        self.kill();
        let mut state = self.lock();
        let cards: Vec<Option<CardHandle>> =
            state.slots.iter_mut().map(|slot| slot.take().map(|inserted| inserted.card().clone())).collect();
        self.launch(&mut state)?;
        drop(state);
        for (slot, card) in cards.iter().enumerate() {
            if let Some(card) = card {
                self.insert(slot, card)?;
            }
        }
        Ok(())
    }

    /// Whether pcscd runs as another user than ours.
    #[must_use]
    pub fn unprivileged(&self) -> bool {
        run_as_nobody()
    }

    /// What pcscd wrote, for a person who looks into a failure.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(self.log_file())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("pcscd.log")
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the process, with fresh ports until a pair is free.
    fn launch(&self, state: &mut State) -> io::Result<()> {
        for _ in 0..ATTEMPTS {
            let port = even_port()?;
            let mut process = self.spawn(port)?;
            match self.ready(&mut process) {
                Ok(true) => {
                    state.process = Some(process);
                    state.port = port;
                    return Ok(());
                }
                outcome => {
                    let _ = process.kill();
                    let _ = process.wait();
                    outcome?;
                }
            }
        }
        Err(io::Error::new(ErrorKind::AddrInUse, "no free pair of ports for the virtual reader"))
    }

    fn spawn(&self, port: u16) -> io::Result<Child> {
        let driver = DRIVERS.iter().find(|driver| Path::new(driver).exists()).ok_or_else(|| {
            io::Error::new(ErrorKind::NotFound, "the vpcd driver is missing: install vsmartcard-vpcd")
        })?;
        let readers = self.folder.path().join("readers");
        let configuration = format!(
            "FRIENDLYNAME \"TEST reader\"\nDEVICENAME /dev/null:{port:#06X}\nLIBPATH {driver}\nCHANNELID {port:#06X}\n"
        )
        .replace("0X", "0x");
        fs::write(readers.join("vpcd"), configuration)?;
        let socket = self.socket();
        if socket.exists() {
            fs::remove_file(&socket)?;
        }
        // Our copy closes when the process has its own: a dead pcscd refuses connections instead of queueing them.
        let listener = UnixListener::bind(&socket)?;
        let log = File::create(self.log_file())?;
        let script = "exec 3<&0 0</dev/null; PATH=$PATH:/usr/sbin:/sbin; LISTEN_FDS=1; LISTEN_PID=$$; \
                      export LISTEN_FDS LISTEN_PID; exec \"$@\"";
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script, "sh"]);
        if run_as_nobody() {
            command.args(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]);
        }
        command.args(["pcscd", "--foreground", "--info", "--config"]).arg(&readers);
        command.stdin(Stdio::from(OwnedFd::from(listener))).stderr(log.try_clone()?).stdout(log).spawn()
    }

    /// Waits for the log to say that all is well. `Ok(false)` when the ports are taken.
    fn ready(&self, process: &mut Child) -> io::Result<bool> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = self.log();
            if log.contains("Could not initialize connection to virtual ICC") {
                return Ok(false);
            }
            if log.contains("daemon ready") {
                return Ok(true);
            }
            if process.try_wait()?.is_some() || Instant::now() > deadline {
                return Err(io::Error::other(format!("pcscd did not come up: {log}")));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for PcscDaemon {
    fn drop(&mut self) {
        self.kill();
    }
}

fn port_of(base: u16, slot: usize) -> u16 {
    base.saturating_add(u16::try_from(slot).unwrap_or(u16::MAX))
}

/// A random even port from 10000 to 31998, below the range that the system gives to outgoing connections.
fn even_port() -> io::Result<u16> {
    let mut random = [0; 2];
    SystemRandom::new().fill(&mut random).map_err(|_| io::Error::other("no randomness"))?;
    Ok(10_000 + u16::from_le_bytes(random) % 11_000 * 2)
}

fn run_as_nobody() -> bool {
    rustix::process::geteuid().is_root()
        && ["/usr/bin/setpriv", "/bin/setpriv"].iter().any(|p| Path::new(p).exists())
}
