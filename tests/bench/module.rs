//! What the PKCS#11 module costs the program that loads it, beside OpenSC's module on the same virtual CPS3 in one run.
//!
//! Each measurement is a fresh process that does what a TLS client does: load the module, start it, read tokens and
//! certificates, sign with the authentication key, sign again. After each step the card's commands are counted. The PIN is
//! OpenSC's to be given, and asked for by our agent (whose scripted prompt is a process of its own).
//!
//! | row | what |
//! | --- | --- |
//! | load | dlopen(3) and `C_GetFunctionList` |
//! | start | `C_Initialize` |
//! | list | slots, tokens, every certificate and private key with its attributes |
//! | first signature | with login where the token asks for one |
//! | next signature | the median of the following ones |
//! | memory | growth of the process's resident memory over all of it |
//!
//! The installed size of agent, `cps` and module is printed too, and must stay within its budget where the build is the
//! released one.

#![cfg(target_os = "linux")]
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    unsafe_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement that fails by panicking and prints its figures; a module is called as C calls it"
)]

#[path = "../support/real_agent.rs"]
mod real_agent;
#[path = "../support/soft_token.rs"]
mod soft_token;

use cps_sandbox::{
    card::CardHandle,
    pki::Purpose,
    workstation::{Readers, Transport, Workstation},
};
use pkcs11_sys::*;
use real_agent::{RealAgent, built, module};
use soft_token::resident;
use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
    ptr,
    time::Instant,
};

const RUNS: usize = 7;
/// Signatures after the first one.
const AGAIN: usize = 10;
const HOST: &str = "--host-of-a-module";
const STEPS: [&str; 5] = ["load", "start", "list", "first signature", "next signature"];
/// Where Debian, Fedora and others put OpenSC's module.
const OPENSC: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so",
    "/usr/lib64/opensc-pkcs11.so",
    "/usr/lib/opensc-pkcs11.so",
];
/// Most that agent, `cps` and module may take on disk, bytes.
const INSTALLED: u64 = 20_000_000;
/// DigestInfo of SHA-256 (RFC 8017 §9.2), before the digest.
const DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == HOST) {
        return host(Path::new(&arguments[at + 1]), &arguments[at + 2], Path::new(&arguments[at + 3]));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(beside_opensc());
    installed();
}

async fn beside_opensc() {
    let program = Path::new(env!("CARGO_BIN_EXE_cps-sandbox"));
    let workstation = Workstation::new(&["cps3".parse().expect("a card")], Transport::Pcscd, program)
        .await
        .expect("a workstation");
    let Readers::Pcscd(daemon) = &workstation.readers else { panic!("pcscd was asked for") };
    let (socket, card) = (daemon.socket(), workstation.card(0).expect("a card"));
    let opensc = OPENSC.iter().map(Path::new).find(|module| module.exists()).expect("OpenSC is installed");
    let config = workstation.settings(Some(0)).expect("settings");
    let knowing = async || {
        let environment: [(&str, &Path); 1] = [("PCSCLITE_CSOCK_NAME", &socket)];
        let mut agent = RealAgent::start(workstation.folder(), &config, &environment).await;
        let shown = async |control: &mut cps_agent_api::client::Agent| {
            let cards = control.cards().await.ok()?;
            cards.into_iter().find(|seen| seen.serial == card.serial() && seen.holder.is_some())
        };
        agent.wait_for("the card", shown).await;
        agent
    };
    // Each alone with the card; an agent has seen that it is there.
    drop(knowing().await);
    let theirs = runs(opensc, &card, &[("PCSCLITE_CSOCK_NAME", &socket)]);
    let _agent = knowing().await;
    let door = workstation.folder().join("run/cps-agent/control.sock");
    let ours = runs(&module(), &card, &[("CPS_AGENT_SOCKET", &door)]);
    assert_eq!(ours.signature, theirs.signature, "the same key signed the same bytes");

    for (at, step) in STEPS.iter().enumerate() {
        println!(
            "{step:<16} module {:>8.0} µs {:>4} commands   OpenSC {:>8.0} µs {:>4} commands",
            ours.micros[at], ours.commands[at], theirs.micros[at], theirs.commands[at]
        );
    }
    println!("{:<16} module {:>8.1} MiB   OpenSC {:>8.1} MiB", "memory", ours.memory, theirs.memory);
}

/// Medians of the runs of one module.
struct Figures {
    micros: [f64; STEPS.len()],
    commands: [usize; STEPS.len()],
    memory: f64,
    signature: String,
}

fn median<T: Copy + PartialOrd>(mut values: Vec<T>) -> T {
    values.sort_by(|one, other| one.partial_cmp(other).expect("comparable"));
    values[values.len() / 2]
}

fn runs(module: &Path, card: &CardHandle, environment: &[(&str, &Path)]) -> Figures {
    let mut certificate = tempfile::NamedTempFile::new().expect("a file");
    certificate.write_all(card.certificate(Purpose::Authentication)).expect("room");
    let all: Vec<_> = (0..RUNS).map(|_| run(module, card, certificate.path(), environment)).collect();
    Figures {
        micros: std::array::from_fn(|at| median(all.iter().map(|run| run.micros[at]).collect())),
        commands: std::array::from_fn(|at| median(all.iter().map(|run| run.commands[at]).collect())),
        memory: median(all.iter().map(|run| run.memory).collect()),
        signature: all[0].signature.clone(),
    }
}

fn run(module: &Path, card: &CardHandle, certificate: &Path, environment: &[(&str, &Path)]) -> Figures {
    let mut child = Command::new(std::env::current_exe().expect("a path"))
        .arg(HOST)
        .arg(module)
        .arg(card.pin())
        .arg(certificate)
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a host");
    let mut steps = child.stdin.take().expect("a pipe");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut next = || lines.next().expect("a line: the host did not get through").expect("text");
    let mut figures = Figures { micros: [0.0; 5], commands: [0; 5], memory: 0.0, signature: String::new() };
    for at in 0..STEPS.len() {
        let before = card.counters().commands();
        writeln!(steps).expect("the host listens");
        figures.micros[at] = next().parse().expect("a number");
        figures.commands[at] = card.counters().commands() - before;
    }
    figures.memory = next().parse().expect("a number");
    figures.signature = next();
    drop(steps);
    assert!(child.wait().expect("an end").success());
    // The next one finds the card as it was when it was inserted.
    figures.commands[STEPS.len() - 1] /= AGAIN;
    figures
}

/// A program that uses a module: a step for each line it reads.
fn host(path: &Path, pin: &str, certificate: &Path) {
    let certificate = std::fs::read(certificate).expect("a certificate");
    let before = resident(std::process::id());
    let mut lines = std::io::stdin().lines();
    let mut step = || assert!(lines.next().is_some(), "the order to go on");
    let tell = |begun: Instant| println!("{}", begun.elapsed().as_secs_f64() * 1e6);

    step();
    let begun = Instant::now();
    let cryptoki = Cryptoki::load(path);
    tell(begun);

    step();
    let begun = Instant::now();
    // SAFETY: NULL is allowed for the arguments (PKCS #11 v2.40 §5.4).
    ok(unsafe { cryptoki.call().C_Initialize.expect("a function")(ptr::null_mut()) });
    tell(begun);

    step();
    let begun = Instant::now();
    let (session, id) = cryptoki.token_with(&certificate);
    tell(begun);

    step();
    let begun = Instant::now();
    cryptoki.log_in(session, pin);
    let key = cryptoki.private_key(session, &id);
    let signature = cryptoki.sign(session, key);
    tell(begun);

    step();
    let times = (0..AGAIN).map(|_| {
        let begun = Instant::now();
        cryptoki.sign(session, key);
        begun.elapsed().as_secs_f64() * 1e6
    });
    println!("{}", median(times.collect()));
    println!("{}", resident(std::process::id()) - before);
    println!("{}", signature.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    // SAFETY: no call is under way.
    ok(unsafe { cryptoki.call().C_Finalize.expect("a function")(ptr::null_mut()) });
}

fn ok(value: CK_RV) {
    assert_eq!(value, CKR_OK, "the module returned {value:#x}");
}

/// A loaded module.
struct Cryptoki {
    list: CK_FUNCTION_LIST_PTR,
    _library: libloading::Library,
}

impl Cryptoki {
    fn load(path: &Path) -> Self {
        // SAFETY: a PKCS#11 module; its constructors are trusted as any program trusts them.
        let library = unsafe { libloading::Library::new(path) }.expect("a module");
        let mut list: CK_FUNCTION_LIST_PTR = ptr::null_mut();
        // SAFETY: the signature is that of the standard.
        let entry = unsafe {
            library.get::<unsafe extern "C" fn(CK_FUNCTION_LIST_PTR_PTR) -> CK_RV>(b"C_GetFunctionList")
        }
        .expect("the entry of a module");
        // SAFETY: the pointer is to our variable.
        ok(unsafe { entry(&mut list) });
        Self { list, _library: library }
    }

    fn call(&self) -> &CK_FUNCTION_LIST {
        // SAFETY: the module gave it, and is loaded as long as we are.
        unsafe { &*self.list }
    }

    /// Looks at every token as a browser does: a session with the one that has this certificate, and the id of its key.
    fn token_with(&self, wanted: &[u8]) -> (CK_SESSION_HANDLE, Vec<u8>) {
        let mut slots = [0; 16];
        let mut count = slots.len() as CK_ULONG;
        // SAFETY: the buffer has the length that is named.
        ok(unsafe {
            self.call().C_GetSlotList.expect("a function")(CK_TRUE, slots.as_mut_ptr(), &mut count)
        });
        let mut found = None;
        for slot in &slots[..count as usize] {
            // SAFETY: all zeros is a value of this plain structure.
            let mut info: CK_TOKEN_INFO = unsafe { std::mem::zeroed() };
            let mut session = 0;
            // SAFETY: the pointers are to our variables.
            unsafe {
                ok(self.call().C_GetTokenInfo.expect("a function")(*slot, &mut info));
                let (flags, nothing) = (CKF_SERIAL_SESSION, ptr::null_mut());
                ok(self.call().C_OpenSession.expect("a function")(*slot, flags, nothing, None, &mut session));
            }
            for certificate in self.find(session, CKO_CERTIFICATE) {
                let id = self.attribute(session, certificate, CKA_ID);
                if self.attribute(session, certificate, CKA_VALUE) == wanted {
                    found = Some((session, id));
                }
            }
        }
        found
            .unwrap_or_else(|| panic!("none of {count} tokens has the certificate of {} bytes", wanted.len()))
    }

    /// The private key of an id; where a token asks for a PIN, there only after it.
    fn private_key(&self, session: CK_SESSION_HANDLE, id: &[u8]) -> CK_OBJECT_HANDLE {
        let keys = self.find(session, CKO_PRIVATE_KEY);
        keys.into_iter().find(|key| self.attribute(session, *key, CKA_ID) == id).expect("the key")
    }

    fn find(&self, session: CK_SESSION_HANDLE, class: CK_OBJECT_CLASS) -> Vec<CK_OBJECT_HANDLE> {
        let mut class = class;
        let mut template = CK_ATTRIBUTE {
            type_: CKA_CLASS,
            pValue: (&raw mut class).cast(),
            ulValueLen: size_of::<CK_OBJECT_CLASS>() as CK_ULONG,
        };
        let (mut objects, mut count) = ([0; 32], 0);
        // SAFETY: template and buffer live through the calls and have the lengths that are named.
        unsafe {
            ok(self.call().C_FindObjectsInit.expect("a function")(session, &mut template, 1));
            let room = objects.len() as CK_ULONG;
            ok(self.call().C_FindObjects.expect("a function")(
                session,
                objects.as_mut_ptr(),
                room,
                &mut count,
            ));
            ok(self.call().C_FindObjectsFinal.expect("a function")(session));
        }
        objects[..count as usize].to_vec()
    }

    fn attribute(
        &self,
        session: CK_SESSION_HANDLE,
        object: CK_OBJECT_HANDLE,
        which: CK_ATTRIBUTE_TYPE,
    ) -> Vec<u8> {
        let mut value = vec![0_u8; 4096];
        let mut template = CK_ATTRIBUTE {
            type_: which,
            pValue: value.as_mut_ptr().cast(),
            ulValueLen: value.len() as CK_ULONG,
        };
        // SAFETY: the template points at a buffer of the length it names.
        ok(unsafe {
            self.call().C_GetAttributeValue.expect("a function")(session, object, &mut template, 1)
        });
        value.truncate(template.ulValueLen as usize);
        value
    }

    /// Where the token wants a PIN from the program, it gets it.
    fn log_in(&self, session: CK_SESSION_HANDLE, pin: &str) {
        // SAFETY: as above.
        let mut state: CK_SESSION_INFO = unsafe { std::mem::zeroed() };
        // SAFETY: all zeros is a value of this plain structure.
        let mut info: CK_TOKEN_INFO = unsafe { std::mem::zeroed() };
        let mut pin = pin.as_bytes().to_vec();
        // SAFETY: the pointers are to our variables; the PIN has the length that is named.
        unsafe {
            ok(self.call().C_GetSessionInfo.expect("a function")(session, &mut state));
            ok(self.call().C_GetTokenInfo.expect("a function")(state.slotID, &mut info));
            if info.flags & CKF_LOGIN_REQUIRED != 0 {
                let length = pin.len() as CK_ULONG;
                ok(self.call().C_Login.expect("a function")(session, CKU_USER, pin.as_mut_ptr(), length));
            }
        }
    }

    fn sign(&self, session: CK_SESSION_HANDLE, key: CK_OBJECT_HANDLE) -> Vec<u8> {
        let mut mechanism =
            CK_MECHANISM { mechanism: CKM_RSA_PKCS, pParameter: ptr::null_mut(), ulParameterLen: 0 };
        let mut data = [&DIGEST_INFO[..], &[0x5A; 32]].concat();
        let mut signature = vec![0_u8; 512];
        let mut length = signature.len() as CK_ULONG;
        // SAFETY: every buffer lives through the calls and has the length that is named.
        unsafe {
            ok(self.call().C_SignInit.expect("a function")(session, &mut mechanism, key));
            let room = data.len() as CK_ULONG;
            let (data, signature) = (data.as_mut_ptr(), signature.as_mut_ptr());
            ok(self.call().C_Sign.expect("a function")(session, data, room, signature, &mut length));
        }
        signature.truncate(length as usize);
        signature
    }
}

/// What an installation takes on disk.
fn installed() {
    let files = [built("cps-agent"), built("cps"), module()];
    let sizes = files.map(|file| std::fs::metadata(file).expect("a file").len());
    let all: u64 = sizes.iter().sum();
    let [agent, cps, module] = sizes.map(|size| size as f64 / 1e6);
    println!(
        "{:<16} {:.1} MB (agent {agent:.1}, cps {cps:.1}, module {module:.1})",
        "installed",
        all as f64 / 1e6
    );
    // A build for developers carries what helps them.
    if !cfg!(debug_assertions) {
        assert!(all < INSTALLED, "{all} bytes installed");
    }
}
