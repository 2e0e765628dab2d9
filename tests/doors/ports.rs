//! Who has the port, and how software finds the agent: `bridge.json`, or nothing at all.

use crate::{
    desk::{Desk, program, written},
    other_users::{as_nobody, is_root},
    wire,
};
use cps_agent::{
    config::{Config, Sources},
    host::{clock::SystemClock, paths::Paths},
    run,
};
use cps_agent_api::client::Agent as Control;
use cps_sandbox::{
    reader::InProcessReaders,
    workstation::{Transport, Workstation},
};
use serde_json::Value;
use std::{
    fs, io::BufRead as _, net::TcpListener, os::unix::fs::PermissionsExt as _, path::Path, process::Stdio,
    sync::Arc,
};

/// An agent inside this process with its bridge on a port of the test's choice; its bridge may stay closed.
struct Neighbour {
    agent: run::Agent,
    workstation: Workstation,
}

impl Neighbour {
    async fn on_port(port: u16) -> Self {
        let workstation =
            Workstation::new(&[], Transport::InProcess, program()).await.expect("a workstation");
        let listen = format!("127.0.0.1:{port}");
        let file = written(&workstation, &[("bridge", "listen", listen.into())]);
        // What an agent that was killed has left.
        let folder = workstation.folder().join("run");
        fs::create_dir_all(&folder).expect("a folder");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("private");
        fs::write(folder.join("bridge.json"), "{\"issuer\":\"http://127.0.0.1:1\",\"port\":1}")
            .expect("stale");
        let config = Config::load(&Sources { user: Some(file), user_named: true, ..Sources::default() });
        let services = run::Services {
            readers: Arc::new(InProcessReaders::with_readers(1)),
            clock: Arc::new(SystemClock),
            paths: Paths {
                state: workstation.folder().join("state"),
                runtime: folder.clone(),
                control_socket: folder.join("control.sock"),
                system_bus: None,
                system_journal: None,
            },
        };
        let config = config.expect("settings");
        let started = tokio::task::spawn_blocking(|| run::Agent::start(config, services)).await;
        Self { agent: started.expect("no panic").expect("the agent starts"), workstation }
    }

    fn bridge_json(&self) -> std::path::PathBuf {
        self.workstation.folder().join("run/bridge.json")
    }

    async fn status(&self) -> cps_agent_api::words::Status {
        let socket = &self.agent.listening().control_socket;
        let mut control = Control::connect_to(socket, "en").await.expect("the control door");
        control.status().await.expect("a status")
    }

    async fn end(self) {
        let Self { agent, workstation } = self;
        tokio::task::spawn_blocking(move || drop(agent)).await.expect("no panic");
        drop(workstation);
    }
}

fn read(file: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(file).expect("a file")).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_program_on_the_port_keeps_the_bridge_closed_and_it_is_said() {
    let foreign = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = foreign.local_addr().expect("an address").port();
    let neighbour = Neighbour::on_port(port).await;
    assert_eq!(neighbour.agent.listening().issuer, None);
    let status = neighbour.status().await;
    assert_eq!((status.issuer, status.bridge_problem.as_deref()), (None, Some("port_taken")));
    assert!(!neighbour.bridge_json().exists(), "software would be sent to the foreign program");
    neighbour.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_port_is_no_port() {
    let foreign = TcpListener::bind("[::1]:0").expect("a port");
    let port = foreign.local_addr().expect("an address").port();
    let neighbour = Neighbour::on_port(port).await;
    assert_eq!(neighbour.status().await.bridge_problem.as_deref(), Some("port_taken"));
    assert!(TcpListener::bind(("127.0.0.1", port)).is_ok(), "the other half was given back");
    neighbour.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_agent_of_the_same_user_is_a_foreign_program_too() {
    let desk = Desk::with(&[]).await;
    let neighbour = Neighbour::on_port(wire::address(desk.agent.issuer()).port()).await;
    assert_eq!(neighbour.status().await.bridge_problem.as_deref(), Some("port_taken"));
    neighbour.end().await;
    desk.end().await;
}

/// The agent of another user tells a stranger that it is one. Here a program of that user says the same words, which is
/// all that our agent can know of it.
#[tokio::test(flavor = "multi_thread")]
async fn another_users_agent_on_the_port_makes_room_elsewhere() {
    if !is_root() {
        eprintln!("not run: only root can hold the port as another user");
        return;
    }
    let desk = Desk::with(&[]).await;
    let asked = as_nobody(&wire::complete("GET /v1/status", wire::address(desk.agent.issuer())), &desk);
    let script = "require('net').createServer(c=>{c.on('error',()=>{});c.once('data',()=>c.end(process.argv[1]))})\
        .listen(0,'127.0.0.1',function(){console.log(this.address().port)})";
    let mut theirs = crate::other_users::nobody("node", &["-e", script, &asked])
        .stdout(Stdio::piped())
        .spawn()
        .expect("node runs as nobody");
    let mut line = String::new();
    let mut said = std::io::BufReader::new(theirs.stdout.take().expect("a pipe"));
    said.read_line(&mut line).expect("a port");
    let port: u16 = line.trim().parse().expect("a port");

    let neighbour = Neighbour::on_port(port).await;
    let issuer = neighbour.agent.listening().issuer.clone().expect("a bridge");
    let own = wire::address(&issuer).port();
    assert_ne!(own, port);
    let told = read(&neighbour.bridge_json());
    assert_eq!((&told["issuer"], &told["port"]), (&Value::from(issuer), &Value::from(own)));
    let socket = &neighbour.agent.listening().control_socket;
    let mut control = Control::connect_to(socket, "en").await.expect("the control door");
    let checks = control.diagnosis().await.expect("a diagnosis").checks;
    let bridge = checks.iter().find(|check| check.name == "bridge").expect("a line");
    assert_eq!(bridge.code.as_deref(), Some("bridge_moved"));
    theirs.kill().expect("ended");
    theirs.wait().expect("ended");
    neighbour.end().await;
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn software_finds_the_bridge_and_can_check_whose_it_is() {
    let neighbour = Neighbour::on_port(0).await;
    let file = neighbour.bridge_json();
    let told = read(&file);
    let issuer = neighbour.agent.listening().issuer.clone().expect("a bridge");
    assert_eq!(told["issuer"], issuer);
    assert_eq!(told["port"], wire::address(&issuer).port());
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    assert_eq!(
        fs::metadata(file.parent().expect("a folder")).expect("a folder").permissions().mode() & 0o777,
        0o700
    );
    // RFC 7638: the thumbprint is that of a published key.
    let address = wire::address(&issuer);
    let jwks = wire::say(address, wire::complete("GET /jwks", address)).await;
    let keys = wire::Answer::parse(&jwks).json();
    let kids: Vec<_> = keys["keys"].as_array().expect("keys").iter().map(|key| &key["kid"]).collect();
    assert!(kids.contains(&&told["jwks_thumbprint"]), "{told} in {kids:?}");
    let members: Vec<_> = told.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["issuer", "jwks_thumbprint", "port"], "nothing secret and nobody's name");

    let Neighbour { agent, workstation } = neighbour;
    tokio::task::spawn_blocking(move || drop(agent)).await.expect("no panic");
    assert!(!file.exists(), "it leaves with the agent");
    drop(workstation);
}
