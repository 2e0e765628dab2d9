//! What outlives the agent: signing keys, registered applications, soft tokens.

use crate::host::{
    seal::{SealError, Vault},
    state::Folder,
};
use cps_agent_core::{
    catalogue::Catalogue,
    identity::Environment,
    jose::{JoseError, SigningKey},
    oidc::registry::Registry,
    psc::pushes::Pushes,
};
use cps_card::soft::Keeper;
use ring::rand::SystemRandom;
use rsa::pkcs8::EncodePrivateKey as _;
use std::{
    io,
    path::Path,
    sync::{Mutex, OnceLock, PoisonError},
};
use zeroize::Zeroizing;

const ES256: &str = "es256.pk8";
const RS256: &str = "rs256.pk8";
const CLIENTS: &str = "clients.json";
const PUSHES: &str = "pushes.json";
/// Bits of our RSA key.
const RSA_BITS: usize = 2048;
/// Ending of token files.
const TOKEN: &str = ".token";

/// Why stored state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The sealed files.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The file system.
    #[error("the state cannot be read or written")]
    Io(#[from] io::Error),
    /// A stored key is no key.
    #[error("a stored signing key cannot be used")]
    Key(#[source] JoseError),
    /// The system made no RSA key.
    #[error("no RSA key can be made")]
    Rsa,
}

/// The agent's state.
pub(super) struct Store {
    vault: Vault,
    tokens: Folder,
    /// Generation of the stored registrations; held while they are written.
    saved: Mutex<u64>,
    /// Name of the registrations that could not be used at the start, and are kept aside.
    aside: OnceLock<String>,
    /// Held while the requests to phones are written.
    pushes: Mutex<()>,
}

/// A new RSA key (PKCS#8), which takes its time.
///
/// # Errors
/// [`StoreError::Rsa`].
pub(super) fn new_rs256() -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, RSA_BITS).map_err(|_| StoreError::Rsa)?;
    let document = key.to_pkcs8_der().map_err(|_| StoreError::Rsa)?;
    Ok(Zeroizing::new(document.as_bytes().to_vec()))
}

impl Store {
    /// Opens the state folder. Soft tokens lie in `tokens`, or in the state folder when that is not given.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub(super) fn open(folder: &Folder, tokens: Option<&Path>) -> Result<Self, StoreError> {
        let vault = Vault::open(folder)?;
        let tokens = match tokens {
            Some(path) => Folder::open(path)?,
            None => folder.folder("tokens")?,
        };
        let (saved, aside, pushes) = (Mutex::new(0), OnceLock::new(), Mutex::default());
        Ok(Self { vault, tokens, saved, aside, pushes })
    }

    /// The P-256 key; made the first time, which takes no time.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub(super) fn es256(&self) -> Result<SigningKey, StoreError> {
        match self.vault.read(ES256)? {
            Some(stored) => SigningKey::p256(&stored, &SystemRandom::new()).map_err(StoreError::Key),
            None => self.make_es256(),
        }
    }

    /// Makes a P-256 key and stores it in the place of the one that was there.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub(super) fn make_es256(&self) -> Result<SigningKey, StoreError> {
        let random = SystemRandom::new();
        let fresh = SigningKey::generate_p256(&random).map_err(StoreError::Key)?;
        self.vault.write(ES256, &fresh)?;
        SigningKey::p256(&fresh, &random).map_err(StoreError::Key)
    }

    /// The RSA key, if it was made before.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub(super) fn rs256(&self) -> Result<Option<SigningKey>, StoreError> {
        let stored = self.vault.read(RS256)?;
        stored.map(|stored| SigningKey::rsa(&stored).map_err(StoreError::Key)).transpose()
    }

    /// Stores a new RSA key (PKCS#8) in the place of the one that was there.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub(super) fn keep_rs256(&self, fresh: &[u8]) -> Result<SigningKey, StoreError> {
        self.vault.write(RS256, fresh)?;
        SigningKey::rsa(fresh).map_err(StoreError::Key)
    }

    /// The stored registrations of the person. A file that cannot be opened is kept aside: the agent starts without it,
    /// and the applications have to be registered again.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub(super) fn clients(&self) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        match self.vault.read(CLIENTS) {
            Err(error @ SealError::Broken(_)) => {
                self.keep_clients_aside(&error)?;
                Ok(None)
            }
            stored => Ok(stored?),
        }
    }

    /// Stores the registrations of the person. Trouble is logged: what was decided holds until the next start.
    ///
    /// Threads save what they decided, in whatever order they come here: one at a time, and a state of an older
    /// `generation` than the stored one is not stored any more.
    pub(super) fn save_clients(&self, generation: u64, state: &str) {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        if generation <= *saved {
            return;
        }
        match self.vault.write(CLIENTS, state.as_bytes()) {
            Ok(()) => *saved = generation,
            Err(error) => tracing::error!(%error, "the registrations cannot be stored"),
        }
    }

    /// The stored requests to phones. What cannot be read is kept aside and counts as none.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub(super) fn pushes(&self) -> Result<Pushes, StoreError> {
        let stored = match self.vault.read(PUSHES) {
            Err(SealError::Broken(_)) => None,
            stored => match stored? {
                None => return Ok(Pushes::default()),
                Some(stored) => serde_json::from_slice(&stored).ok(),
            },
        };
        match stored {
            Some(pushes) => Ok(pushes),
            None => {
                let aside = self.vault.keep_aside(PUSHES)?;
                tracing::error!(kept = %aside.display(), "the stored requests to phones cannot be used");
                Ok(Pushes::default())
            }
        }
    }

    /// Stores the requests to phones, as `current` gives them while nobody else writes. Trouble is logged: what was
    /// counted holds until the next start.
    pub(super) fn save_pushes(&self, current: impl FnOnce() -> serde_json::Result<String>) {
        let _alone = self.pushes.lock().unwrap_or_else(PoisonError::into_inner);
        match current() {
            Ok(text) => {
                if let Err(error) = self.vault.write(PUSHES, text.as_bytes()) {
                    tracing::error!(%error, "the requests to phones cannot be stored");
                }
            }
            Err(error) => tracing::error!(%error, "the requests to phones cannot be written down"),
        }
    }

    /// Keeps registrations that cannot be used aside, before new ones take their place.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub(super) fn keep_clients_aside(
        &self,
        why: &(dyn std::error::Error + 'static),
    ) -> Result<(), StoreError> {
        let aside = self.vault.keep_aside(CLIENTS)?;
        let name = aside.file_name().map(|name| name.to_string_lossy().into_owned());
        // The first is the one that was in use.
        let _ = self.aside.set(name.unwrap_or_default());
        tracing::error!(error = why, kept = %aside.display(), "the stored registrations cannot be used");
        Ok(())
    }

    /// Name of the registrations that could not be used at the start, where that was so.
    pub(super) fn aside(&self) -> Option<&str> {
        self.aside.get().map(String::as_str)
    }

    /// Names and contents of the token files.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub(super) fn tokens(&self) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let mut tokens = Vec::new();
        for name in self.tokens.names()? {
            if let Some(stem) = name.strip_suffix(TOKEN)
                && let Some(content) = self.tokens.read(&name)?
            {
                tokens.push((stem.to_owned(), content));
            }
        }
        Ok(tokens)
    }

    /// Stores a new token file and says where.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`], or the system's.
    pub(super) fn add_token(&self, name: &str, file: &str) -> io::Result<String> {
        let name = format!("{name}{TOKEN}");
        self.tokens.create(&name, file.as_bytes())?;
        Ok(self.tokens.path(&name).display().to_string())
    }

    /// Stores the certificate of a TEST authority beside its token, and says where.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn add_authority(&self, name: &str, pem: &str) -> io::Result<String> {
        let name = format!("{name}.authority.pem");
        self.tokens.write(&name, pem.as_bytes())?;
        Ok(self.tokens.path(&name).display().to_string())
    }

    /// How a token's file is replaced when its passphrase changes.
    pub(super) fn keeper(&self, name: &str) -> Keeper {
        let (folder, name) = (self.tokens.clone(), format!("{name}{TOKEN}"));
        Box::new(move |content| folder.write(&name, content.as_bytes()))
    }
}

/// Reads the administrator's registrations. A file that is wrong is logged and left out.
pub(super) fn administrator_clients(directory: &Path) -> Registry {
    let mut registry = Registry::default();
    read_each(directory, |text| registry.load_file(text).map(drop).map_err(|error| error.to_string()));
    registry
}

/// The built-in services and the administrator's. A file that is wrong is logged and left out.
pub(super) fn catalogue(directory: &Path, environment: Environment) -> Catalogue {
    let mut catalogue = Catalogue::built_in(environment);
    read_each(directory, |text| catalogue.read(text).map_err(|error| error.to_string()));
    catalogue
}

/// Reads the administrator's files of a folder, in the order of their names.
fn read_each(directory: &Path, mut read: impl FnMut(&str) -> Result<(), String>) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "toml")) {
        let text = std::fs::read_to_string(file).map_err(|error| error.to_string());
        if let Err(error) = text.and_then(|text| read(&text)) {
            tracing::error!(file = %file.display(), error, "a file of the administrator is left out");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Folder, Store) {
        let place = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(place.path()).expect("opened");
        let store = Store::open(&folder, None).expect("opened");
        (place, folder, store)
    }

    fn stored(store: &Store) -> String {
        String::from_utf8(store.clients().expect("read").expect("there").to_vec()).expect("text")
    }

    #[test]
    fn an_older_state_never_replaces_a_newer_one() {
        let (_place, _folder, store) = store();
        store.save_clients(2, "newer");
        store.save_clients(1, "older");
        assert_eq!(stored(&store), "newer");
        store.save_clients(3, "newest");
        assert_eq!(stored(&store), "newest");
    }

    #[test]
    fn threads_that_save_at_once_leave_the_newest_state_whole() {
        let (_place, _folder, store) = store();
        std::thread::scope(|scope| {
            for thread in 1..=4_u64 {
                let store = &store;
                scope.spawn(move || {
                    for round in 0..20 {
                        let generation = round * 4 + thread;
                        store.save_clients(generation, &format!("{generation} ").repeat(2000));
                    }
                });
            }
        });
        assert_eq!(stored(&store), "80 ".repeat(2000));
    }

    #[test]
    fn damaged_registrations_are_kept_aside_and_the_agent_goes_on() {
        let (_place, folder, store) = store();
        let sealed = folder.folder("sealed").expect("folder");
        sealed.write(CLIENTS, b"damaged").expect("damaged");
        assert!(store.clients().expect("no reason not to start").is_none());
        store.save_clients(1, "new");
        assert_eq!(sealed.read("clients.json.broken").expect("read").as_deref(), Some(&b"damaged"[..]));
        assert_eq!(stored(&store), "new");
    }

    #[test]
    fn a_damaged_key_is_named_with_what_to_do() {
        let (_place, folder, store) = store();
        folder.folder("sealed").expect("folder").write(ES256, b"damaged").expect("damaged");
        let said = store.es256().map(drop).expect_err("refused").to_string();
        assert!(said.contains("sealed/es256.pk8: ") && said.contains("restore it from a backup"), "{said}");
    }
}
