//! What is remembered of a card between two insertions: the files that need no PIN, so that a known card is described
//! by its serial number alone.
//!
//! This room only says what is kept; who implements [`CertificateCache`] decides where. Never a PIN, never a counter.

use crate::apdu::{FilePath, tlv, tlv::elements};
use crate::token::Kind;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

/// Remembers cards. A lost or refused entry costs time, never correctness; so no method fails.
///
/// The same chip has one entry per interface, because contacts and antenna show different files.
pub trait CertificateCache: Send + Sync {
    /// What was stored last for this card.
    fn load(&self, serial: &str, kind: Kind) -> Option<CachedCard>;

    /// Stores in place of what was there.
    fn store(&self, serial: &str, kind: Kind, card: &CachedCard);

    /// Forgets a card: its content was updated since.
    fn remove(&self, serial: &str, kind: Kind);
}

/// The public files of one card, as they were read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CachedCard {
    update: Vec<u8>,
    files: BTreeMap<FilePath, Vec<u8>>,
}

/// Version of the encoded form. Another version is another card: it is read again.
const VERSION: u8 = 1;
/// Tags of the encoded form.
const HEADER: u8 = 0x53;
const FILE: u8 = 0x61;
const PATH: u8 = 0x51;
const CONTENT: u8 = 0x54;
/// Largest encoded form that is looked at: a card has far less.
const LONGEST: usize = 256 * 1024;

impl CachedCard {
    /// Nothing yet of a card whose update marker (EF_ACTUA) has this content; empty when the card has none.
    #[must_use]
    pub fn new(update: &[u8]) -> Self {
        Self { update: update.to_vec(), files: BTreeMap::new() }
    }

    /// Content of the update marker when the files were read.
    #[must_use]
    pub fn update(&self) -> &[u8] {
        &self.update
    }

    /// A file's content; empty when the card is known not to have the file.
    #[must_use]
    pub fn file(&self, path: &FilePath) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    pub(crate) fn insert(&mut self, path: FilePath, content: Vec<u8>) {
        self.files.insert(path, content);
    }

    /// Bytes to store.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        tlv::push(&mut out, HEADER, &[[VERSION].as_slice(), &self.update].concat());
        for (path, content) in &self.files {
            let mut file = Vec::new();
            tlv::push(&mut file, PATH, path.below_master());
            tlv::push(&mut file, CONTENT, content);
            tlv::push(&mut out, FILE, &file);
        }
        out
    }

    /// Reads what [`CachedCard::encode`] made; `None` for anything else. The content of the files is judged again at
    /// every use, as if it had come from a card.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > LONGEST {
            return None;
        }
        let mut rest = elements(bytes);
        let header = rest.next().filter(|element| element.tag == u32::from(HEADER))?;
        let (version, update) = header.value.split_first()?;
        let mut card = (*version == VERSION).then(|| Self::new(update))?;
        for element in rest.by_ref() {
            let path = element.child(u32::from(PATH)).filter(|_| element.tag == u32::from(FILE))?;
            let content = element.child(u32::from(CONTENT))?;
            let path = FilePath::resolve(&FilePath::new(&[]), path.value)?;
            card.insert(path, content.value.to_vec());
        }
        rest.rest().is_empty().then_some(card)
    }
}

/// Remembers nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCache;

impl CertificateCache for NoCache {
    fn load(&self, _serial: &str, _kind: Kind) -> Option<CachedCard> {
        None
    }

    fn store(&self, _serial: &str, _kind: Kind, _card: &CachedCard) {}

    fn remove(&self, _serial: &str, _kind: Kind) {}
}

/// Remembers while the program runs.
#[derive(Debug, Default)]
pub struct MemoryCache(Mutex<HashMap<(String, Kind), CachedCard>>);

impl CertificateCache for MemoryCache {
    fn load(&self, serial: &str, kind: Kind) -> Option<CachedCard> {
        let cards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cards.get(&(serial.to_owned(), kind)).cloned()
    }

    fn store(&self, serial: &str, kind: Kind, card: &CachedCard) {
        let mut cards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cards.insert((serial.to_owned(), kind), card.clone());
    }

    fn remove(&self, serial: &str, kind: Kind) {
        let mut cards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cards.remove(&(serial.to_owned(), kind));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card() -> CachedCard {
        let mut card = CachedCard::new(&[0xEC, 0x00]);
        card.insert(FilePath::new(&[0x00, 0x01, 0xA0, 0x02]), vec![0x30; 2000]);
        card.insert(FilePath::new(&[0x00, 0x01, 0x70, 0x06]), Vec::new());
        card
    }

    #[test]
    fn another_version_or_damaged_bytes_are_no_card() {
        let mut bytes = card().encode();
        for length in 0..bytes.len() {
            assert_ne!(CachedCard::decode(&bytes[..length]), Some(card()));
        }
        bytes[2] += 1;
        assert_eq!(CachedCard::decode(&bytes), None);
        assert_eq!(CachedCard::decode(&[0x61; 64]), None);
    }

    #[test]
    fn what_is_stored_is_read_back() {
        assert_eq!(CachedCard::decode(&card().encode()), Some(card()));
        assert_eq!(CachedCard::decode(&CachedCard::default().encode()), Some(CachedCard::default()));
    }

    #[test]
    fn contacts_and_antenna_are_remembered_apart() {
        let cache = MemoryCache::default();
        cache.store("99213845", Kind::Cps3, &card());
        assert_eq!(cache.load("99213845", Kind::Cps3Contactless), None);
        assert_eq!(cache.load("99213845", Kind::Cps3), Some(card()));
        cache.remove("99213845", Kind::Cps3);
        assert_eq!(cache.load("99213845", Kind::Cps3), None);
    }
}
