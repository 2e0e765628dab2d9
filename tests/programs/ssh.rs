//! ssh with the card's authentication key, against a server of its own on a free port.

use crate::house::{House, run, said};
use cps_sandbox::card::{CardHandle, cards};
use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

/// A server that lets in whoever holds one key. Dropping it ends it.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(house: &House, key: &str) -> Self {
        let folder = house.home().join("sshd");
        fs::DirBuilder::new().mode(0o700).create(&folder).expect("a folder");
        let host_key = folder.join("host");
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&host_key);
        let made = run(&mut keygen);
        assert!(made.status.success(), "{}", said(&made));
        let known = folder.join("keys");
        fs::write(&known, key).expect("a file");
        fs::set_permissions(&known, fs::Permissions::from_mode(0o600)).expect("a mode");
        // Where the server leaves root's rights behind before it knows who comes; Debian makes it at the system's start.
        let _ = fs::create_dir_all("/run/sshd");
        let port =
            TcpListener::bind(("127.0.0.1", 0)).and_then(|held| held.local_addr()).expect("a port").port();
        let config = folder.join("config");
        let text = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\nStrictModes no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n",
            host_key.display(),
            known.display()
        );
        fs::write(&config, text).expect("a file");
        let log = fs::File::create(folder.join("log")).expect("a log");
        let process = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(&config)
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("sshd starts: tests/run.sh installs it");
        Self { process, port }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The card's key as ssh reads it through the module.
fn public_key(house: &House) -> String {
    let keys = house.runs(house.told("ssh-keygen").arg("-D").arg(house.module()));
    let key = keys.lines().find(|line| line.starts_with("ssh-rsa ")).unwrap_or_else(|| panic!("{keys}"));
    key.to_owned()
}

fn who() -> String {
    let id = run(Command::new("id").arg("-un"));
    String::from_utf8_lossy(&id.stdout).trim().to_owned()
}

async fn ssh(card: CardHandle) {
    let house = House::with(card, true).await;
    let key = public_key(&house);
    assert!(house.pins().is_empty(), "a public key needs no PIN");
    let server = Server::start(&house, &key);
    let mut ssh = house.told("ssh");
    let module: PathBuf = house.module();
    ssh.arg("-I")
        .arg(&module)
        .args([
            "-F",
            "none",
            "-o",
            "BatchMode=yes",
            "-o",
            "IdentityFile=none",
            "-o",
            "ConnectionAttempts=100",
        ])
        .args(["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"])
        .args(["-o", "PreferredAuthentications=publickey", "-p", &server.port.to_string()])
        .arg(format!("{}@127.0.0.1", who()))
        .arg("echo in with the card");
    let said = house.runs(&mut ssh);
    assert!(said.contains("in with the card"), "{said}");
    assert_eq!(house.pins().len(), 1, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cps3_opens_an_ssh_session() {
    ssh(cards::doctor_cps3()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cps4_opens_an_ssh_session() {
    ssh(cards::doctor_cps4()).await;
}
