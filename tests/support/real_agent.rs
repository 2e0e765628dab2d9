//! The real `cps-agent` binary as a child process, with a home of its own.

#![allow(dead_code, reason = "each test uses its part of it")]

use cps_agent_api::client::Agent;
use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant, SystemTime},
};

/// How long the agent may take to open its doors on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running agent. Dropping it ends it.
pub struct RealAgent {
    child: Child,
    folder: PathBuf,
}

impl RealAgent {
    /// Starts the agent with a configuration file; everything it writes lies in `folder`.
    pub async fn start(folder: &Path, config: &Path, environment: &[(&str, &Path)]) -> Self {
        Self::start_logging("info", folder, config, environment).await
    }

    /// The same with another level of the log.
    pub async fn start_logging(
        level: &str,
        folder: &Path,
        config: &Path,
        environment: &[(&str, &Path)],
    ) -> Self {
        let mut agent = Self::spawn(level, folder, config, environment);
        agent.wait_for("its bridge", async |control| control.status().await.ok()?.issuer).await;
        agent
    }

    /// The same without waiting until it listens.
    pub fn spawn(level: &str, folder: &Path, config: &Path, environment: &[(&str, &Path)]) -> Self {
        let runtime = folder.join("run");
        std::fs::create_dir_all(&runtime).expect("a folder for sockets");
        let log = File::create(folder.join("agent.log")).expect("a log");
        let child = Command::new(built("cps-agent"))
            .arg("--config")
            .arg(config)
            .args(["--log", level])
            .env("HOME", folder)
            .env("XDG_RUNTIME_DIR", &runtime)
            .env_remove("CPS_AGENT_SOCKET")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("cps-agent starts");
        Self { child, folder: folder.to_owned() }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The control door.
    pub async fn control(&self) -> Option<Agent> {
        Agent::connect_to(&self.folder.join("run/cps-agent/control.sock"), "fr").await.ok()
    }

    /// Asks the control door again and again until there is an answer.
    pub async fn wait_for<T>(&mut self, what: &str, ask: impl AsyncFn(&mut Agent) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(mut control) = self.control().await
                && let Some(answer) = ask(&mut control).await
            {
                return answer;
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("cps-agent ended with {status} before {what}:\n{}", self.log());
            }
            assert!(Instant::now() < deadline, "cps-agent never showed {what}:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What the agent wrote, for a person who looks into a failure.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("agent.log")).unwrap_or_default()
    }
}

impl Drop for RealAgent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A binary of this workspace, which `cargo test --workspace` builds beside the tests.
///
/// It is not built from here: cargo would choose other features for it alone and build half of the world again.
pub fn built(name: &str) -> PathBuf {
    fresh(&format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// The PKCS#11 module of this workspace, likewise.
pub fn module() -> PathBuf {
    use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
    fresh(&format!("{DLL_PREFIX}cps_pkcs11{DLL_SUFFIX}"))
}

/// A file that cargo built, no older than what it is made of.
fn fresh(file: &str) -> PathBuf {
    let here = std::env::current_exe().expect("the test has a path");
    let profile = here.ancestors().nth(2).expect("target/<profile>/deps/<test>");
    let binary = profile.join(file);
    let advice = "build it first: cargo build --workspace --all-targets";
    let built = modified(&binary).unwrap_or_else(|| panic!("{} is missing; {advice}", binary.display()));
    // Cargo lists the sources of a binary beside it, as a line of a makefile.
    let sources = std::fs::read_to_string(binary.with_extension("d")).unwrap_or_default();
    let sources = sources.split_once(": ").map_or("", |(_, sources)| sources).replace("\\ ", "\0");
    for source in sources.split_whitespace().map(|source| PathBuf::from(source.replace('\0', " "))) {
        let newer = modified(&source).is_some_and(|changed| changed > built);
        assert!(!newer, "{} is older than {}; {advice}", binary.display(), source.display());
    }
    binary
}

fn modified(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}
