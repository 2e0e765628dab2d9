//! A PIN leaves no trace: not in the log at its most talkative, not in a file, and not in the memory of the process.
//!
//! The search is proved by the card itself: while it holds a command back, the PIN is on its way and is found.

use crate::{
    desk::{PATIENCE, login_by, program, refused, watch_for_panics, written},
    real_agent::RealAgent,
};
use cps_sandbox::{
    card::{CardBuilder, CardHandle, Family, PinPolicy},
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

/// A card with eight random digits that are no others.
fn card() -> CardHandle {
    let mut random = [0; 8];
    SystemRandom::new().fill(&mut random).expect("randomness");
    let pin: String = random.iter().map(|byte| char::from(b'0' + byte % 10)).collect();
    let policy = PinPolicy { min: 4, max: 8, padded_to: None };
    CardBuilder::new(Family::Cps3, &DOCTOR).pin(&pin, policy).build()
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

#[tokio::test(flavor = "multi_thread")]
async fn a_login_at_the_most_talkative_level_leaves_no_digit_of_the_pin_anywhere() {
    watch_for_panics();
    let card = card();
    let digits = card.pin();
    let workstation = Workstation::new(&[], Transport::InProcess, program()).await.expect("a workstation");
    let daemon = PcscDaemon::start().expect("pcscd with vsmartcard-vpcd: tests/run.sh installs them");
    workstation.person.knows(&card).expect("a script");
    daemon.insert(0, &card).expect("a slot");
    let config = written(&workstation, &[]);
    let (folder, socket) = (workstation.folder(), daemon.socket());
    let environment: [(&str, &Path); 1] = [("PCSCLITE_CSOCK_NAME", &socket)];
    let mut agent = RealAgent::start_logging("trace", folder, &config, &environment).await;
    let serial = card.serial().to_owned();
    agent
        .wait_for("the card", async |control| {
            control.cards().await.ok()?.into_iter().find(|seen| seen.serial == serial)
        })
        .await;

    // Before each command of the login, while the agent waits for the card's answer, its memory is searched.
    let pid = agent.pid();
    let searched = Arc::new(Mutex::new(Vec::new()));
    for command in 1..=40 {
        let (searched, digits) = (Arc::clone(&searched), digits.clone());
        card.faults().at(command, move || {
            let found = in_memory(pid, &digits);
            searched.lock().expect("free").push(found);
        });
    }
    card.counters().clear();
    let mut control = agent.control().await.expect("the control door");
    let request = login_by("card", None);
    let login = tokio::time::timeout(PATIENCE, control.login(&request));
    let session = refused(login.await.expect("in time")).expect("a login");
    assert_eq!(session.card.as_deref(), Some(card.serial()));
    card.faults().clear();
    let verify = card.counters().log().iter().position(|seen| seen.header[1] == 0x20 && seen.body_length > 1);
    let verify = verify.expect("the PIN was verified");

    let searched = std::mem::take(&mut *searched.lock().expect("free"));
    match searched.iter().position(Result::is_err) {
        // The agent closes its memory to all but privileged processes.
        Some(_) if !rustix::process::geteuid().is_root() => {
            let error = in_memory(pid, &digits).expect_err("the memory is closed");
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        }
        Some(at) => panic!("the memory cannot be searched: {:?}", searched[at]),
        None => {
            let found: Vec<usize> = searched.into_iter().map(|found| found.expect("searched")).collect();
            assert!(found[verify] > 0, "the PIN on its way to the card was not found: {found:?}");
            let after = in_memory(pid, &digits).expect("searched");
            assert_eq!(after, 0, "the PIN outlives the login; by command, VERIFY being {verify}: {found:?}");
            assert!(control.end_session().await.expect("an answer"), "there was a session");
            assert_eq!(in_memory(pid, &digits).expect("searched"), 0, "the PIN outlives the session");
        }
    }

    // The script of the made-up person is where the digits may stand.
    let log = agent.log();
    assert!(log.contains("TRACE") && log.contains("VERIFY"), "the log is talkative");
    drop(agent);
    fs::remove_dir_all(folder.join("person")).expect("the person leaves");
    let (found, files) = in_files(folder, &digits);
    assert_eq!(found, [""; 0]);
    assert!(files > 5, "the log, the audit trail, keys, the card's cache: {files}");
}
