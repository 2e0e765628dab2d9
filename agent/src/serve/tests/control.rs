//! The control door: private, one per session, its protocol named.

use super::fake::{FakeDesk, ask_control};
use crate::serve::control::{self, OpenError};
use cps_agent_api::{
    client::{Agent, ClientError},
    words,
};
use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, symlink},
        net::UnixListener,
    },
    path::PathBuf,
    sync::Arc,
};

fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("run/control.sock");
    (directory, socket)
}

#[tokio::test]
async fn another_version_of_the_protocol_is_a_named_problem() {
    for version in ["2", "0", "x", "1.0", ""] {
        let desk = Arc::new(FakeDesk::default());
        let answer = ask_control(&desk, &format!("GET /v1/cards\ncps-agent-protocol: {version}")).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (409, Some("agent_version")),
            "{version:?}"
        );
        assert_eq!(answer.header("cps-agent-protocol"), "1", "so that the caller can say which");
    }
}

#[tokio::test]
async fn a_program_that_its_process_does_not_show_any_more_signs_under_no_name() {
    let desk = Arc::new(FakeDesk::default());
    for (route, body) in [
        ("sign", r#"{"serial":"1","key":"AQ==","scheme":"rsa_pkcs1","input":"raw","data":"AQ=="}"#),
        ("decrypt", r#"{"serial":"1","key":"AQ==","data":"AQ=="}"#),
    ] {
        let request = format!("POST /v1/pkcs11/{route}\nContent-Type: application/json\n\n{body}");
        assert_eq!(ask_control(&desk, &request).await.status, 200);
    }
    assert_eq!(desk.noted(), ["sign 1 for None", "decipher 1 for None"]);
}

#[tokio::test]
async fn the_file_and_its_directory_are_private() {
    let (_directory, socket) = place();
    let _door = control::open(&socket).unwrap();
    assert_eq!(fs::metadata(&socket).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(socket.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn a_directory_open_to_others_is_refused() {
    let (directory, _) = place();
    let open = directory.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(control::open(&open.join("control.sock")), Err(OpenError::NotPrivate(_))));
    let link = directory.path().join("link");
    fs::create_dir(directory.path().join("real")).unwrap();
    symlink(directory.path().join("real"), &link).unwrap();
    assert!(matches!(control::open(&link.join("control.sock")), Err(OpenError::NotPrivate(_))));
}

#[tokio::test]
async fn a_running_agent_is_not_replaced() {
    let (_directory, socket) = place();
    let _first = control::open(&socket).unwrap();
    assert!(matches!(control::open(&socket), Err(OpenError::Running(_))));
    assert!(socket.exists());
}

#[tokio::test]
async fn whoever_answers_without_our_lock_is_not_replaced_either() {
    let (_directory, socket) = place();
    drop(control::open(&socket).unwrap());
    let _foreign = UnixListener::bind(&socket).unwrap();
    assert!(matches!(control::open(&socket), Err(OpenError::Running(_))));
}

#[tokio::test]
async fn a_stale_socket_is_replaced_and_a_file_is_not() {
    let (_directory, socket) = place();
    drop(control::open(&socket).unwrap());
    drop(UnixListener::bind(&socket).unwrap());
    assert!(socket.exists(), "what a crashed agent leaves");
    drop(control::open(&socket).unwrap());
    fs::write(&socket, "precious").unwrap();
    assert!(matches!(control::open(&socket), Err(OpenError::NotSocket(_))));
    assert_eq!(fs::read_to_string(&socket).unwrap(), "precious");
}

#[tokio::test]
async fn the_socket_leaves_with_the_agent() {
    let (_directory, socket) = place();
    drop(control::open(&socket).unwrap());
    assert!(!socket.exists());
}

#[tokio::test]
async fn our_client_speaks_to_our_door() {
    let (_directory, socket) = place();
    let desk = Arc::new(FakeDesk::default());
    tokio::spawn(control::serve(control::open(&socket).unwrap(), Arc::clone(&desk)));
    let mut agent = Agent::connect_to(&socket, "en").await.unwrap();

    assert_eq!(agent.status().await.unwrap().session.unwrap().sid, "s", "this door needs no token");
    assert_eq!(agent.readers().await.unwrap().len(), 1);
    assert_eq!(agent.cards().await.unwrap()[0].holder.as_ref().unwrap().specialities.len(), 1);
    assert_eq!(agent.pin_state("12345678").await.unwrap().tries_left, Some(3));
    assert!(agent.certificates("12345678").await.unwrap().is_empty());
    agent.unblock_pin("12345678", &words::PinRequest::default()).await.unwrap();
    assert_eq!(agent.login(&words::LoginRequest::default()).await.unwrap().sid, "s");
    assert_eq!(agent.session().await.unwrap().unwrap().sub, "899700000001");
    assert!(!agent.end_session().await.unwrap(), "this desk has none to end here");
    agent.remove_client("mine").await.unwrap();
    assert!(agent.clients().await.unwrap().is_empty() && agent.tokens().await.unwrap().is_empty());

    let error = agent.change_pin("12345678", &words::PinRequest::default()).await.unwrap_err();
    let ClientError::Refused(problem) = error else { panic!("{error:?}") };
    assert_eq!((problem.code.as_str(), problem.title.as_str()), ("pin_wrong", "The PIN is wrong."));
    assert_eq!(problem.values["tries_left"], 2);
    let error = agent.remove_client("../policy").await.unwrap_err();
    assert!(matches!(&error, ClientError::Refused(problem) if problem.code == "not_found"), "{error:?}");
    let pid = format!("login by Some({})", std::process::id());
    assert!(desk.noted().contains(&pid), "the kernel says who called: {:?}", desk.noted());
}

#[tokio::test]
async fn a_caller_that_leaves_gives_its_login_up() {
    let (_directory, socket) = place();
    let desk = Arc::new(FakeDesk::default());
    tokio::spawn(control::serve(control::open(&socket).unwrap(), Arc::clone(&desk)));
    let mut agent = Agent::connect_to(&socket, "fr").await.unwrap();
    let request = words::LoginRequest { way: Some("slow".to_owned()), ..Default::default() };
    tokio::select! {
        answer = agent.login(&request) => panic!("{answer:?}"),
        () = async { while desk.noted().is_empty() { tokio::task::yield_now().await } } => {}
    }
    drop(agent);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !desk.noted().contains(&"given up".to_owned()) {
        assert!(std::time::Instant::now() < deadline, "{:?}", desk.noted());
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn our_client_hears_events() {
    let (_directory, socket) = place();
    let desk = Arc::new(FakeDesk::default());
    tokio::spawn(control::serve(control::open(&socket).unwrap(), Arc::clone(&desk)));
    let mut events = Agent::connect_to(&socket, "fr").await.unwrap().events().await.unwrap();
    while desk.events.receiver_count() == 0 {
        tokio::task::yield_now().await;
    }
    let event =
        words::Event { topic: "card".to_owned(), what: "removed".to_owned(), ..words::Event::default() };
    desk.events.send(event).unwrap();
    let news = events.next().await.unwrap().unwrap();
    assert!(matches!(news, cps_agent_api::events::News::Event(event) if event.what == "removed"));
}

#[tokio::test]
async fn an_absent_agent_is_an_error_of_its_own() {
    let (_directory, socket) = place();
    let error = Agent::connect_to(&socket, "fr").await.unwrap_err();
    assert!(matches!(&error, ClientError::Absent { path, .. } if *path == socket), "{error:?}");
}
