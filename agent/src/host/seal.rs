//! Secrets at rest: sealed with a key that lies in a file of its own.
//!
//! The key file protects copies of single state files (a backup, a bug report), not a copy of the whole state folder.
//! Format of a sealed file: `cps-agent sealed 1`, line feed, 12 bytes nonce, AES-256-GCM of the content with the
//! file's name as associated data, so that one sealed file cannot be passed off as another.

use super::{entropy::SystemEntropy, state::Folder};
use cps_agent_core::secret::Entropy as _;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use std::{io, path::PathBuf};
use zeroize::Zeroizing;

const HEADER: &[u8] = b"cps-agent sealed 1\n";
const KEY_FILE: &str = "seal.key";
const KEY_LENGTH: usize = 32;

/// A folder whose files are sealed.
pub struct Vault {
    folder: Folder,
    key: LessSafeKey,
}

/// Why a sealed file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The file system's reason.
    #[error("the state cannot be read or written")]
    Io(#[from] io::Error),
    /// The key file has not the length of a key.
    #[error("{path}: the key file of the state is damaged; restore the state folder from a backup, or move it away \
             to begin anew", path = .0.display())]
    Key(PathBuf),
    /// Not sealed by this key, under another name, of another version, or damaged.
    #[error("{path}: damaged or from elsewhere; restore it from a backup, or move it away to begin anew",
        path = .0.display())]
    Broken(PathBuf),
}

impl Vault {
    /// Opens the vault of a state folder; the first time, makes its key.
    ///
    /// # Errors
    /// See [`SealError`].
    pub fn open(folder: &Folder) -> Result<Self, SealError> {
        let key = match folder.read(KEY_FILE)? {
            Some(key) => Zeroizing::new(key),
            None => {
                let mut fresh = Zeroizing::new(vec![0; KEY_LENGTH]);
                SystemEntropy::new().fill(&mut fresh);
                folder.create(KEY_FILE, &fresh)?;
                fresh
            }
        };
        let key = UnboundKey::new(&AES_256_GCM, &key).map_err(|_| SealError::Key(folder.path(KEY_FILE)))?;
        Ok(Self { folder: folder.folder("sealed")?, key: LessSafeKey::new(key) })
    }

    /// Reads a secret; `None` when there is none of this name.
    ///
    /// # Errors
    /// See [`SealError`].
    pub fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, SealError> {
        let Some(file) = self.folder.read(name)? else { return Ok(None) };
        let broken = || SealError::Broken(self.folder.path(name));
        let sealed = file.strip_prefix(HEADER).ok_or_else(broken)?;
        let (nonce, content) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(broken)?;
        let mut content = Zeroizing::new(content.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self
            .key
            .open_in_place(nonce, Aad::from(name.as_bytes()), &mut content)
            .map_err(|_| broken())?
            .len();
        content.truncate(length);
        Ok(Some(content))
    }

    /// Writes a secret.
    ///
    /// # Errors
    /// See [`SealError`].
    pub fn write(&self, name: &str, secret: &[u8]) -> Result<(), SealError> {
        let mut nonce = [0; NONCE_LEN];
        SystemEntropy::new().fill(&mut nonce);
        // Room for the tag, so that growing leaves no copy of the secret behind.
        let mut content = Zeroizing::new(Vec::with_capacity(secret.len() + AES_256_GCM.tag_len()));
        content.extend_from_slice(secret);
        let unique = Nonce::assume_unique_for_key(nonce);
        self.key
            .seal_in_place_append_tag(unique, Aad::from(name.as_bytes()), &mut *content)
            .map_err(|_| SealError::Broken(self.folder.path(name)))?;
        Ok(self.folder.write(name, &[HEADER, &nonce, &content].concat())?)
    }

    /// Keeps a sealed file that cannot be used aside, and says where; renamed back, it can be opened again.
    ///
    /// # Errors
    /// See [`SealError`].
    pub fn keep_aside(&self, name: &str) -> Result<PathBuf, SealError> {
        Ok(self.folder.keep_aside(name)?)
    }

    /// Removes a secret; its absence is fine.
    ///
    /// # Errors
    /// See [`SealError`].
    pub fn remove(&self, name: &str) -> Result<(), SealError> {
        Ok(self.folder.remove(name)?)
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> (tempfile::TempDir, Folder, Vault) {
        let place = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(place.path()).expect("opened");
        let vault = Vault::open(&folder).expect("opened");
        (place, folder, vault)
    }

    #[test]
    fn a_secret_comes_back_after_reopening_and_is_not_on_the_disk() {
        let (_place, folder, vault) = vault();
        vault.write("keys", b"very secret").expect("sealed");
        let again = Vault::open(&folder).expect("opened");
        assert_eq!(again.read("keys").expect("read").expect("there").as_slice(), b"very secret");
        let raw = folder.folder("sealed").expect("folder").read("keys").expect("read").expect("there");
        assert!(!raw.windows(6).any(|w| w == b"secret"));
    }

    #[test]
    fn a_file_under_another_name_is_refused() {
        let (_place, folder, vault) = vault();
        vault.write("a", b"1").expect("sealed");
        let sealed = folder.folder("sealed").expect("folder");
        sealed.write("b", &sealed.read("a").expect("read").expect("there")).expect("copied");
        assert!(matches!(vault.read("b"), Err(SealError::Broken(_))));
    }

    #[test]
    fn every_damaged_byte_is_noticed() {
        let (_place, folder, vault) = vault();
        vault.write("a", b"12").expect("sealed");
        let sealed = folder.folder("sealed").expect("folder");
        let whole = sealed.read("a").expect("read").expect("there");
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            sealed.write("a", &damaged).expect("damaged");
            assert!(matches!(vault.read("a"), Err(SealError::Broken(_))), "byte {at}");
            sealed.write("a", &whole[..at]).expect("shortened");
            assert!(matches!(vault.read("a"), Err(SealError::Broken(_))), "length {at}");
        }
    }

    #[test]
    fn a_damaged_key_file_is_named() {
        let (_place, folder, _) = vault();
        folder.write(KEY_FILE, b"short").expect("damaged");
        assert!(matches!(Vault::open(&folder), Err(SealError::Key(path)) if path.ends_with(KEY_FILE)));
    }
}
