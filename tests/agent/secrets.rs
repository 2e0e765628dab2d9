//! A PIN leaves no trace: not in the log at its most talkative, not in a file, and not in the memory of the process.
//!
//! The search is proved by the card itself: while it holds a command back, the PIN is on its way and is found.

use crate::{
    desk::{PATIENCE, code, login_by, program, refused, script, written},
    portal::Visitor,
    real_agent::RealAgent,
};
use cps_agent_api::{
    client::Agent as Control,
    words::{PinRequest, PortalRequest},
};
use cps_sandbox::{
    card::{CardBuilder, CardHandle, Family, PinPolicy},
    pinentry::Answer,
    pki::holder::DOCTOR,
    reader::PcscDaemon,
    workstation::{Transport, Workstation},
};
use ring::rand::{SecureRandom as _, SystemRandom};
use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::Path,
    sync::{Arc, Mutex},
};

/// Eight random digits that are no others.
fn digits() -> String {
    let mut random = [0; 8];
    SystemRandom::new().fill(&mut random).expect("randomness");
    random.iter().map(|byte| char::from(b'0' + byte % 10)).collect()
}

/// How often the digits stand in the memory that a process can write to.
///
/// # Errors
/// When the system does not let us look.
fn in_memory(pid: u32, digits: &str) -> io::Result<usize> {
    const PIECE: usize = 64 * 1024;
    let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let mut memory = File::open(format!("/proc/{pid}/mem"))?;
    let (zeros, mut found) = (vec![0; PIECE], 0);
    let mut piece = vec![0; PIECE];
    for line in maps.lines() {
        let mut fields = line.split_ascii_whitespace();
        let (Some(range), Some(rights)) = (fields.next(), fields.next()) else { continue };
        if !rights.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').expect("a range");
        let place = |hex: &str| u64::from_str_radix(hex, 16).expect("an address");
        // Pieces overlap, so that no digits are cut in two.
        let mut at = place(start);
        let end = place(end);
        while at < end {
            let length = usize::try_from(end - at).unwrap_or(PIECE).min(PIECE);
            memory.seek(SeekFrom::Start(at))?;
            // What was unmapped meanwhile holds nothing.
            let Ok(length) = memory.read(&mut piece[..length]) else { break };
            let seen = &piece[..length];
            if *seen != zeros[..length] {
                found += String::from_utf8_lossy(seen).matches(digits).count();
            }
            if length < PIECE {
                break;
            }
            at += (length - digits.len()) as u64;
        }
    }
    Ok(found)
}

/// The ways in which digits are written in a log or a file.
fn spellings(secret: &str) -> Vec<String> {
    let joined = |separator: &str, each: fn(u8) -> String| {
        secret.bytes().map(each).collect::<Vec<_>>().join(separator)
    };
    vec![
        secret.to_owned(),
        joined("", |byte| format!("{byte:02x}")),
        joined(" ", |byte| format!("{byte:02x}")),
        joined(":", |byte| format!("{byte:02x}")),
        joined(", ", |byte| format!("{byte:02x}")),
        joined(", ", |byte| byte.to_string()),
        joined(",", |byte| byte.to_string()),
        joined(", ", |byte| format!("{byte:#04x}")),
    ]
}

/// Files below a folder that contain the digits in one of their spellings, and how many files there are.
fn in_files(folder: &Path, digits: &str) -> (Vec<String>, usize) {
    let (mut found, mut read) = (Vec::new(), 0);
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            let (inside, files) = in_files(&path, digits);
            found.extend(inside);
            read += files;
        } else if path.is_file() {
            read += 1;
            let text = String::from_utf8_lossy(&fs::read(&path).expect("readable")).to_lowercase();
            let seen = spellings(digits).into_iter().filter(|spelling| text.contains(spelling));
            found.extend(seen.map(|spelling| format!("{}: {spelling}", path.display())));
        }
    }
    (found, read)
}

#[test]
fn the_search_finds_digits_in_memory_and_in_files() {
    let digits: String = ["4107", "8265"].concat();
    let kept = digits.clone().into_bytes().into_boxed_slice();
    assert!(in_memory(std::process::id(), &digits).expect("our own memory") >= 1);
    drop(kept);
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("inner")).expect("a folder");
    fs::write(folder.path().join("inner").join("log"), format!("x={:02X?}", digits.as_bytes()))
        .expect("a file");
    let hex = digits.bytes().map(|byte| format!("{byte:02X} ")).collect::<String>();
    fs::write(folder.path().join("other"), hex).expect("a file");
    assert_eq!(in_files(folder.path(), &digits).0.len(), 2);
}

/// The real agent on a private pcscd, at its most talkative, with a card of eight digits.
struct Talker {
    agent: RealAgent,
    card: CardHandle,
    _daemon: PcscDaemon,
    workstation: Workstation,
}

impl Talker {
    async fn new() -> Self {
        let policy = PinPolicy { min: 4, max: 8, padded_to: None };
        let card = CardBuilder::new(Family::Cps3, &DOCTOR).pin(&digits(), policy).build();
        let workstation =
            Workstation::new(&[], Transport::InProcess, program()).await.expect("a workstation");
        let daemon = PcscDaemon::start().expect("pcscd with vsmartcard-vpcd: tests/run.sh installs them");
        workstation.person.knows(&card).expect("a script");
        daemon.insert(0, &card).expect("a slot");
        let config = written(&workstation, &[]);
        let socket = daemon.socket();
        let environment: [(&str, &Path); 1] = [("PCSCLITE_CSOCK_NAME", &socket)];
        let mut agent = RealAgent::start_logging("trace", workstation.folder(), &config, &environment).await;
        agent
            .wait_for("the card", async |control| {
                control.cards().await.ok()?.into_iter().find(|seen| seen.serial == card.serial())
            })
            .await;
        Self { agent, card, _daemon: daemon, workstation }
    }

    async fn control(&self) -> Control {
        self.agent.control().await.expect("the control door")
    }

    /// Lets something be done. Before each command, while the agent waits for the card's answer, its memory is searched:
    /// how often the digits were found, by command.
    async fn searched<T>(&self, digits: &str, deed: impl Future<Output = T>) -> (T, io::Result<Vec<usize>>) {
        let searches = Arc::new(Mutex::new(Vec::new()));
        for command in 1..=40 {
            let (searches, digits, pid) = (Arc::clone(&searches), digits.to_owned(), self.agent.pid());
            self.card.faults().at(command, move || {
                let found = in_memory(pid, &digits);
                searches.lock().expect("free").push(found);
            });
        }
        let done = tokio::time::timeout(PATIENCE, deed).await.expect("in time");
        self.card.faults().clear();
        let found = std::mem::take(&mut *searches.lock().expect("free")).into_iter().collect();
        (done, found)
    }

    /// The search found the digits on their way to the card, and finds them no more.
    fn assert_gone(&self, digits: &str, found: io::Result<Vec<usize>>) {
        let pid = self.agent.pid();
        match found {
            Ok(found) => {
                assert!(found.iter().any(|found| *found > 0), "not found on their way: {found:?}");
                let after = in_memory(pid, digits).expect("searched");
                assert_eq!(after, 0, "still in memory; before each command: {found:?}");
            }
            // The agent closes its memory to all but privileged processes.
            Err(error) if !rustix::process::geteuid().is_root() => {
                assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
            }
            Err(error) => panic!("the memory cannot be searched: {error}"),
        }
    }

    /// Ends the agent. What it wrote holds none of these digits; the script of the made-up person may.
    fn assert_unwritten(self, secrets: &[&str]) {
        let folder = self.workstation.folder();
        let log = self.agent.log();
        assert!(log.contains("TRACE") && log.contains("VERIFY"), "the log is talkative");
        drop(self.agent);
        fs::remove_dir_all(folder.join("person")).expect("the person leaves");
        for secret in secrets {
            let (found, files) = in_files(folder, secret);
            assert_eq!(found, [""; 0]);
            assert!(files > 5, "the log, the audit trail, keys, the card's cache: {files}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_at_the_most_talkative_level_leaves_no_digit_of_the_pin_anywhere() {
    let talker = Talker::new().await;
    let (pin, wrong) = (talker.card.pin(), digits());
    script(&talker.workstation.person, &[Answer::Type(wrong.clone())]);
    let (mut control, request) = (talker.control().await, login_by("card", None));
    let (session, found) = talker.searched(&pin, control.login(&request)).await;
    let session = refused(session).expect("a login");
    assert_eq!(session.card.as_deref(), Some(talker.card.serial()));
    assert_eq!(talker.card.pin_tries_spent(), 1, "the first PIN was wrong");
    // While the session lives, and after it.
    talker.assert_gone(&pin, found);
    // The person's page: neither its link nor its address is written down.
    let link = control.portal(&PortalRequest::default()).await.expect("a link").url;
    let visitor = Visitor::at(&control.status().await.expect("a status").issuer.expect("an issuer"));
    let page = visitor.follow(&link).await.expect("the page");
    assert!(visitor.shown(&format!("{page}/activity")).await.is_some());
    let last = |address: &str| address.rsplit('/').next().expect("an identifier").to_owned();
    assert!(control.end_session().await.expect("an answer"), "there was a session");
    for digits in [&pin, &wrong] {
        match in_memory(talker.agent.pid(), digits) {
            Ok(after) => assert_eq!(after, 0, "still in memory after the session"),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::PermissionDenied),
        }
    }
    talker.assert_unwritten(&[&pin, &wrong, &last(&link), &last(&page)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_pin_and_an_unblocking_code_leave_no_digit_either() {
    let talker = Talker::new().await;
    let [old, new, puk, never] = [talker.card.pin(), digits(), digits(), digits()];
    let mut control = talker.control().await;
    let person = &talker.workstation.person;
    let typed = |text: &str| Answer::Type(text.to_owned());

    script(person, &[Answer::RightPin, typed(&new), typed(&new)]);
    let serial = talker.card.serial();
    let request = PinRequest::default();
    let (changed, found) = talker.searched(&new, control.change_pin(serial, &request)).await;
    refused(changed).expect("changed");
    assert_eq!(talker.card.pin(), new);
    talker.assert_gone(&new, found);

    script(person, &[typed(&puk), typed(&never), typed(&never)]);
    let (unblocked, found) = talker.searched(&puk, control.unblock_pin(serial, &request)).await;
    assert_eq!(code(refused(unblocked)), "puk_wrong");
    talker.assert_gone(&puk, found);
    for digits in [&old, &never] {
        match in_memory(talker.agent.pid(), digits) {
            Ok(after) => assert_eq!(after, 0, "still in memory"),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::PermissionDenied),
        }
    }
    talker.assert_unwritten(&[&old, &new, &puk, &never]);
}
