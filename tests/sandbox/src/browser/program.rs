//! `cps-sandbox browse`: the browser as a program, for an agent that opens the system's browser.
//!
//! A profile is a folder. `anchors.pem` holds the TLS anchors, `choice` what the person does on the wallet's page (`ecps
//! 899700990015`, `card`, `cancel`, or `close` to give up before anything is opened); `cookies.json` keeps the cookies
//! and `visits` gets a line for each page a visit ended on: status and address without its query. `starts` gets a line for
//! each address it was started with, which is what every user of the machine can read.

use super::{Browser, Choice};
use crate::{
    card::cards,
    pki::{Purpose, TestKey},
};
use rsa::pkcs8::EncodePrivateKey;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// How long a visit may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Flags of `browse`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folder with anchors.pem and choice
    #[arg(long)]
    profile: PathBuf,

    /// The page to open
    url: String,
}

/// Writes a profile: what `login.browser = ["cps-sandbox", "browse", "--profile", FOLDER]` needs.
///
/// # Errors
/// When a file cannot be written.
pub fn profile(folder: &Path, anchors: &str, choice: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("anchors.pem"), anchors)?;
    choose(folder, choice)
}

/// Changes what the person does from now on.
///
/// # Errors
/// When the file cannot be written.
pub fn choose(folder: &Path, choice: &str) -> io::Result<()> {
    // A browser that reads at the same moment sees the old choice or the new one, never half of it.
    let new = folder.join("choice.new");
    fs::write(&new, choice)?;
    fs::rename(new, folder.join("choice"))
}

/// Opens the page.
///
/// # Errors
/// A sentence for the person who started it.
pub async fn run(arguments: Arguments) -> Result<(), String> {
    let file = |name: &str| arguments.profile.join(name);
    let note = |name: &str, line: &str| {
        let mut notes = fs::OpenOptions::new().create(true).append(true).open(file(name))?;
        writeln!(notes, "{line}")
    };
    note("starts", &arguments.url).map_err(|error| error.to_string())?;
    let read = |name: &str| fs::read_to_string(file(name)).map_err(|error| format!("{name}: {error}"));
    let words = read("choice")?;
    let choice = match words.trim().split_once(' ').unwrap_or((words.trim(), "")) {
        ("ecps", identifier) if !identifier.is_empty() => Choice::Ecps(identifier.to_owned()),
        ("card", "") => Choice::Card,
        ("cancel", "") => Choice::Cancel,
        ("close", "") => return Ok(()),
        _ => return Err("choice is `ecps IDENTIFIER`, `card`, `cancel` or `close`".to_owned()),
    };
    let tls = tls(&read("anchors.pem")?, choice == Choice::Card)?;
    let browser = Browser::with_tls(tls).choosing(choice);
    if let Ok(text) = fs::read_to_string(file("cookies.json")) {
        *browser.jar() = serde_json::from_str(&text).map_err(|error| format!("cookies.json: {error}"))?;
    }
    let visit = browser.open(&arguments.url, PATIENCE).await.map_err(|error| error.to_string())?;
    let cookies = serde_json::to_string(&*browser.jar()).map_err(|error| error.to_string())?;
    fs::write(file("cookies.json"), cookies).map_err(|error| error.to_string())?;
    let mut page = visit.url.clone();
    page.set_query(None);
    note("visits", &format!("{} {page}", visit.status)).map_err(|error| error.to_string())
}

/// TLS of the browser; the card is the doctor's, its key taken from the pool of TEST keys instead of the chip.
fn tls(anchors: &str, card: bool) -> Result<ClientConfig, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let mut roots = RootCertStore::empty();
    for anchor in CertificateDer::pem_slice_iter(anchors.as_bytes()) {
        roots.add(anchor.map_err(|e| text(&e))?).map_err(|e| text(&e))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| text(&e))?
        .with_root_certificates(roots);
    if !card {
        return Ok(builder.with_no_client_auth());
    }
    let key = TestKey::named("card-doctor-cps3-authentication").raw().to_pkcs8_der().map_err(|e| text(&e))?;
    let key = PrivateKeyDer::try_from(key.as_bytes().to_vec()).map_err(|e| text(&e))?;
    let certificate = cards::doctor_cps3().certificate(Purpose::Authentication).to_vec();
    builder.with_client_auth_cert(vec![CertificateDer::from(certificate)], key).map_err(|e| text(&e))
}
