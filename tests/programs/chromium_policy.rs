//! Chromium asks a person which certificate to show, and without a window it asks nobody: a policy answers for it.
//!
//! Debian's Chromium takes policies from one folder of the whole system, so this one is there only while a test needs it,
//! names the pages of this machine alone, and is shared by the tests that run at the same time.

use std::{
    fs,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

const FOLDER: &str = "/etc/chromium/policies/managed";
/// `https://localhost` on every port, whichever certificate the module has.
const POLICY: &str =
    r#"{"AutoSelectCertificateForUrls":["{\"pattern\":\"https://localhost\",\"filter\":{}}"]}"#;

/// How our file's name begins; the number of the test's process follows.
const OURS: &str = "cps-agent-test-";

/// How many need it, and the folders that were made for it.
static NEEDED: Mutex<(usize, Vec<PathBuf>)> = Mutex::new((0, Vec::new()));

/// While this lives, Chromium shows the card's certificate without asking.
pub struct Policy(());

impl Policy {
    /// `None` where the folder cannot be written, which only root can.
    pub fn set() -> Option<Self> {
        let mut needed = NEEDED.lock().unwrap_or_else(PoisonError::into_inner);
        if needed.0 == 0 {
            forget_the_dead();
            let file = file();
            let missing =
                file.ancestors().skip(1).take_while(|folder| !folder.exists()).map(PathBuf::from).collect();
            fs::create_dir_all(FOLDER).and_then(|()| fs::write(&file, POLICY)).ok()?;
            needed.1 = missing;
        }
        needed.0 += 1;
        Some(Self(()))
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        let mut needed = NEEDED.lock().unwrap_or_else(PoisonError::into_inner);
        needed.0 -= 1;
        if needed.0 == 0 {
            let _ = fs::remove_file(file());
            for folder in needed.1.drain(..) {
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

/// Takes away what a test left that was killed.
fn forget_the_dead() {
    let Ok(files) = fs::read_dir(FOLDER) else { return };
    for file in files.flatten().map(|entry| entry.path()) {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let owner = name.strip_prefix(OURS).and_then(|rest| rest.strip_suffix(".json"));
        if owner.is_some_and(|pid| !PathBuf::from("/proc").join(pid).exists()) {
            let _ = fs::remove_file(file);
        }
    }
}

fn file() -> PathBuf {
    PathBuf::from(FOLDER).join(format!("{OURS}{}.json", std::process::id()))
}
