//! Another user of the same machine: refused at both doors by what the kernel says, not by what a file's mode says.
//!
//! Only root can become somebody else: elsewhere these tests say that they did not run. The judgement itself is tested
//! on tables of other machines beside the doors.

use crate::{
    desk::Desk,
    wire::{Answer, House, complete, refusals},
};
use cps_agent_api::words::PortalRequest;
use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
    process::{Command, Stdio},
};

/// The user `nobody`.
const NOBODY: &str = "65534";

/// Whether this process may become somebody else.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").expect("a process").uid() == 0
}

/// A program of another user.
pub fn nobody(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    let user = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".to_owned()];
    command.args(user).arg(program).args(arguments);
    // The system's own programs: those of root's home are out of that user's reach.
    command.env("PATH", "/usr/bin:/bin").stdin(Stdio::null()).current_dir("/");
    command
}

/// Sends bytes to the bridge as another user, and returns what it answers.
pub fn as_nobody(bytes: &str, desk: &Desk) -> String {
    let port = crate::wire::address(desk.agent.issuer()).port().to_string();
    let script = "const c=require('net').connect(+process.argv[1],'127.0.0.1',()=>c.write(process.argv[2]));\
        c.on('error',()=>{});c.on('data',d=>process.stdout.write(d))";
    let output = nobody("node", &["-e", script, &port, bytes]).output().expect("node runs as nobody");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_user_gets_one_answer_whatever_it_asks_and_whatever_it_holds() {
    if !is_root() {
        eprintln!("not run: only root can become another user");
        return;
    }
    let house = House::with_session().await;
    let bearer = format!("Authorization: Bearer {}", house.tokens.access);
    let form = "Content-Type: application/x-www-form-urlencoded";
    let refresh =
        format!("grant_type=refresh_token&client_id=dossier&refresh_token={}", house.tokens.refresh);
    let page = house.desk.control().await.portal(&PortalRequest::default()).await.expect("a link").url;
    let (_, path) = page.split_at(house.desk.agent.issuer().len());
    for request in [
        "GET /".to_owned(),
        "GET /.well-known/openid-configuration".to_owned(),
        "GET /v1/status".to_owned(),
        format!("GET /userinfo\n{bearer}"),
        format!("DELETE /v1/session\n{bearer}"),
        format!("GET {path}"),
        format!("POST /token\n{form}\n\n{refresh}"),
        format!("GET {}", house.waiting_page().await),
    ] {
        let answer = Answer::parse(&as_nobody(&complete(&request, house.address), &house.desk));
        assert_eq!(answer.status, 403, "{request}");
        assert_eq!(answer.json()["code"], "other_user", "{request}");
        assert!(!answer.body.contains("issuer"), "{request}: {}", answer.body);
    }
    house.is_untouched(house.signatures()).await;
    let told = house.refusals();
    assert!(!told.is_empty() && told.iter().all(|code| code == "other_user"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_control_door_asks_the_kernel_even_when_its_file_is_open_to_all() {
    if !is_root() {
        eprintln!("not run: only root can become another user");
        return;
    }
    let desk = Desk::with(&[]).await;
    let socket = desk.agent.control_socket().clone();
    let knock = || {
        let script = "const c=require('net').connect(process.argv[1],()=>{console.log('in');\
            c.write('GET /v1/status HTTP/1.1\\r\\ncps-agent-protocol: 1\\r\\nconnection: close\\r\\n\\r\\n')});\
            c.on('error',e=>console.log(e.code));c.on('data',d=>process.stdout.write(d))";
        let socket = socket.display().to_string();
        let output = nobody("node", &["-e", script, &socket]).output().expect("node runs as nobody");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(knock(), "EACCES\n", "the folder is private");
    // A file system that knows no modes would let them in.
    for place in socket.ancestors().take_while(|place| place.starts_with(desk.workstation.folder())) {
        let mode = if place == socket.as_path() { 0o777 } else { 0o755 };
        fs::set_permissions(place, fs::Permissions::from_mode(mode)).expect("opened up");
    }
    let said = knock();
    assert!(said.starts_with("in\n") && !said.contains("HTTP"), "{said}");
    assert_eq!(refusals(&desk), ["other_user"]);
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_agent_can_be_read_by_others() {
    let house = House::with_session().await;
    let mut waiting = ["state", "run"].map(|name| house.desk.workstation.folder().join(name)).to_vec();
    let mut seen = 0;
    while let Some(path) = waiting.pop() {
        let found = fs::symlink_metadata(&path).expect("a file");
        // The state's own folder is made by the sandbox; the agent closes it.
        assert_eq!(found.mode() & 0o077, 0, "{} is open to others", path.display());
        seen += 1;
        if found.is_dir() {
            waiting.extend(entries(&path));
        }
    }
    assert!(seen > 8, "{seen} files");
}

fn entries(folder: &Path) -> Vec<std::path::PathBuf> {
    fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
}
