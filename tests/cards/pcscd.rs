//! The same through a real pcscd and its virtual reader: every family, pulled and reset cards, a killed service.
//!
//! libpcsclite takes its socket from the environment, which a test must not change under its neighbours. So each test
//! runs in a process of its own, which is this program again with that one test, and holds a private pcscd, the card and
//! the driver there. The socket's address must be known before that process starts: it is a link.

use super::{Token, UNTOUCHED, card, counts, everything, log_in_with, login, sign, typed, verifications};
use cps_card::cache::MemoryCache;
use cps_card::readers::{Event, Monitor};
use cps_card::token::{Authorization, Hold, KeyRole, Scheme};
use cps_card::transport::{Disposition, PcscService, ReaderService, ReaderState, TransportError};
use cps_card::{Error, SmartCard};
use cps_sandbox::card::{CardBuilder, CardHandle, Cps4Model, Family};
use cps_sandbox::pki::holder::DOCTOR;
use cps_sandbox::reader::{PcscDaemon, SLOTS};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where libpcsclite looks for its service.
const SOCKET: &str = "PCSCLITE_CSOCK_NAME";
/// Tells a child that it is one, and which card it is about where there are several.
const PART: &str = "CPS_TEST_PART";
/// How long another process may take; it only ends a run that has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A workstation of one process: pcscd, the driver's service, and what is remembered.
struct Desk {
    daemon: Arc<PcscDaemon>,
    service: PcscService,
    cache: Arc<MemoryCache>,
    /// Which of several children this is.
    part: usize,
}

/// The desk of this process when it is a child, else nothing, after children with the same test have succeeded.
fn desk(test: &str) -> Option<Desk> {
    desks(test, 1)
}

/// As [`desk`], with several children at the same time.
fn desks(test: &str, parts: usize) -> Option<Desk> {
    if let Ok(part) = std::env::var(PART) {
        let daemon =
            PcscDaemon::start().expect("pcscd and vsmartcard-vpcd are installed (tests/run.sh does it)");
        std::os::unix::fs::symlink(daemon.socket(), std::env::var(SOCKET).unwrap()).unwrap();
        let (daemon, service) = (Arc::new(daemon), PcscService::new());
        return Some(Desk { daemon, service, cache: Arc::default(), part: part.parse().unwrap() });
    }
    let folder = tempfile::tempdir().unwrap();
    let children: Vec<_> =
        (0..parts).map(|part| start_child(test, part, folder.path().join(format!("{part}.sock")))).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{printed}");
        assert!(printed.contains("1 passed"), "{test} is not the name of a test: {printed}");
    }
    None
}

fn start_child(test: &str, part: usize, socket: PathBuf) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("pcscd::{test}"), "--nocapture"])
        .env(SOCKET, socket)
        .env(PART, part.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

impl Desk {
    /// The same pcscd, with a driver that was started just now and remembers nothing.
    fn fresh(&self) -> Self {
        Self {
            daemon: Arc::clone(&self.daemon),
            service: PcscService::new(),
            cache: Arc::default(),
            part: self.part,
        }
    }

    fn reader(&self) -> String {
        self.daemon.reader(0)
    }

    /// Puts a card in and waits until pcscd has seen it.
    fn insert(&self, card: &CardHandle) {
        self.daemon.remove(0);
        self.until(|readers| readers.iter().all(|reader| reader.atr.is_none()));
        self.daemon.insert(0, card).unwrap();
        self.until(|readers| readers.iter().any(|reader| reader.atr.is_some()));
    }

    fn until(&self, condition: impl Fn(&[ReaderState]) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut known = self.service.wait(&[], Duration::ZERO).unwrap();
        while known.len() < SLOTS || !condition(&known) {
            assert!(Instant::now() < deadline, "{known:?}\n{}", self.daemon.log());
            known = self.service.wait(&known, Duration::from_secs(1)).unwrap();
        }
    }

    fn open(&self) -> Result<SmartCard, Error> {
        super::open(&self.service, &self.reader(), &self.cache)
    }

    fn first_login(&self, card: &CardHandle) -> Result<(), Error> {
        log_in_with(&mut self.open()?, card, Hold::Operation)
    }

    /// A second program, which resets the card.
    fn reset_by_another(&self) {
        let mut other = PcscService::new().connect(&self.reader()).unwrap();
        other.begin().unwrap();
        other.end(Disposition::Reset).unwrap();
    }
}

/// Steps until an event comes, and returns it with those before it.
fn until(monitor: &mut Monitor, service: &dyn ReaderService, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
    let deadline = Instant::now() + PATIENCE;
    let mut seen = Vec::new();
    while !seen.iter().any(&wanted) {
        assert!(Instant::now() < deadline, "{seen:?}");
        std::thread::sleep(monitor.pause().min(Duration::from_millis(50)));
        seen.extend(monitor.step(service));
    }
    seen
}

#[test]
fn a_service_that_is_absent_or_killed_is_told_as_such_and_heals() {
    let Some(desk) = desk("a_service_that_is_absent_or_killed_is_told_as_such_and_heals") else { return };
    let card = card(Family::Cps3);
    desk.insert(&card);
    let mut monitor = Monitor::default();
    let inserted = |event: &Event| matches!(event, Event::CardInserted { .. });
    until(&mut monitor, &desk.service, inserted);
    let mut token = desk.open().unwrap();
    login(&mut token, &card, typed("1234"), Hold::Session).unwrap();
    for _ in 0..2 {
        desk.daemon.kill();
        let lost = until(&mut monitor, &desk.service, |event| matches!(event, Event::ServiceLost { .. }));
        assert_eq!(lost.last(), Some(&Event::ServiceLost { why: TransportError::NoService }));
        let held = login(&mut token, &card, Authorization::Held, Hold::Session);
        assert!(matches!(held, Err(Error::Transport(TransportError::NoService))), "{held:?}");
        let gone = desk.open().err();
        assert!(matches!(gone, Some(Error::Transport(TransportError::NoService))), "{gone:?}");

        desk.daemon.restart().unwrap();
        let back = until(&mut monitor, &desk.service, inserted);
        assert!(back.contains(&Event::ServiceBack), "{back:?}");
        assert!(!card.verified());
        desk.first_login(&card).unwrap();
        token = desk.open().unwrap();
        login(&mut token, &card, typed("1234"), Hold::Session).unwrap();
    }
    assert_eq!(counts(&card), UNTOUCHED);
}

/// Commands of a first login at which something is to happen: the first ones, the last ones, and some on the way.
fn some_commands(family: Family) -> impl Iterator<Item = u64> {
    let last = super::Workstation::commands_of_a_first_login(family);
    (1..=last).filter(move |command| *command <= 2 || last - command < 4 || command % 9 == 0)
}

#[test]
fn a_service_killed_during_a_command_is_told_as_such_and_heals() {
    let Some(desk) = desk("a_service_killed_during_a_command_is_told_as_such_and_heals") else { return };
    let card = card(Family::Cps3);
    desk.insert(&card);
    for command in some_commands(Family::Cps3) {
        let daemon = Arc::clone(&desk.daemon);
        card.faults().at(command, move || daemon.kill());
        let desk = desk.fresh();
        let result = desk.first_login(&card);
        let told = matches!(result, Err(Error::Transport(TransportError::NoService)));
        assert!(told, "command {command}: {result:?}\n{}", desk.daemon.log());
        assert_eq!(counts(&card), UNTOUCHED, "command {command}");
        desk.daemon.restart().unwrap();
        until(&mut Monitor::default(), &desk.service, |event| matches!(event, Event::CardInserted { .. }));
        desk.first_login(&card).unwrap();
    }
}

fn pulled(test: &str, family: Family) {
    let Some(desk) = desk(test) else { return };
    let card = card(family);
    for command in some_commands(family) {
        let desk = desk.fresh();
        desk.insert(&card);
        card.faults().remove_at(command);
        let result = desk.first_login(&card);
        assert!(
            matches!(result, Err(Error::Removed)),
            "command {command}: {result:?}\n{}",
            desk.daemon.log()
        );
        assert_eq!(counts(&card), UNTOUCHED, "command {command}");
        assert!(!card.verified(), "command {command}");
    }
    desk.insert(&card);
    desk.first_login(&card).unwrap();
}

#[test]
fn a_cps3_pulled_during_a_first_login_is_a_removal() {
    pulled("a_cps3_pulled_during_a_first_login_is_a_removal", Family::Cps3);
}

#[test]
fn a_cps4_pulled_during_a_first_login_is_a_removal() {
    pulled("a_cps4_pulled_during_a_first_login_is_a_removal", Family::Cps4(Cps4Model::Release));
}

#[test]
fn a_reset_by_another_program_ends_a_held_state_and_spends_no_try() {
    let Some(desk) = desk("a_reset_by_another_program_ends_a_held_state_and_spends_no_try") else { return };
    for family in super::with_pin() {
        let card = card(family);
        desk.insert(&card);
        let mut token = desk.open().unwrap();
        login(&mut token, &card, typed("1234"), Hold::Session).unwrap();
        desk.reset_by_another();
        assert!(!card.verified());
        let held = login(&mut token, &card, Authorization::Held, Hold::Session);
        assert!(matches!(held, Err(Error::PinRequired)), "{family:?}: {held:?}");
        assert_eq!(verifications(&card), 1);
        login(&mut token, &card, typed("1234"), Hold::Session).unwrap();
        assert_eq!(counts(&card), UNTOUCHED);
    }
}

#[test]
fn every_family_is_described_and_does_all_it_can() {
    let parts = everything().count();
    let Some(desk) = desks("every_family_is_described_and_does_all_it_can", parts) else { return };
    let family = everything().nth(desk.part).unwrap();
    // Each process has its own pcscd, and sees its own card only.
    let serial = format!("9900010{}", desk.part);
    let card = CardBuilder::new(family, &DOCTOR).serial(&serial).build();
    desk.insert(&card);
    let mut token = desk.open().unwrap();
    let description = token.describe().unwrap();
    assert_eq!(description.serial, serial);
    for key in &description.keys {
        for scheme in &key.schemes {
            let proof = if key.needs_pin { typed("1234") } else { Authorization::Held };
            sign(&mut token, &card, key.role, *scheme, proof).unwrap();
        }
    }
    if token.pin_status().unwrap().is_some() {
        let wrong = login(&mut token, &card, typed("9999"), Hold::Operation);
        assert!(matches!(wrong, Err(Error::WrongPin { left: Some(2) })), "{wrong:?}");
        login(&mut token, &card, typed("1234"), Hold::Session).unwrap();
        login(&mut token, &card, Authorization::Held, Hold::Session).unwrap();
        let signed = sign(&mut token, &card, KeyRole::Signature, Scheme::RsaPkcs1Sha256, typed("1234"));
        signed.unwrap();
        assert_eq!(token.activities(typed("1234"), Hold::Operation).unwrap().len(), 2);
        token.change_pin(typed("1234"), super::digits("5678")).unwrap();
        card.block_pin();
        token.unblock_pin(super::puk("12345678"), super::digits("1234")).unwrap();
        login(&mut token, &card, typed("1234"), Hold::Session).unwrap();
        assert_eq!(counts(&card), (3, 3, 1));
    }
    drop(token);
    assert!(!card.verified(), "the driver let go of the card");
}

#[test]
fn our_own_reset_costs_no_recognition() {
    let Some(desk) = desk("our_own_reset_costs_no_recognition") else { return };
    let card = card(Family::Cps3);
    desk.insert(&card);
    let mut token = desk.open().unwrap();
    token.describe().unwrap();
    token.pin_status().unwrap();
    for _ in 0..3 {
        let before = card.counters().commands();
        login(&mut token, &card, typed("1234"), Hold::Operation).unwrap();
        assert_eq!(card.counters().commands() - before, 6);
    }
}
