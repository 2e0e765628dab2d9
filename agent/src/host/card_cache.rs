//! The certificate cache of cards, on disk.

use super::state::Folder;
use cps_card::{CachedCard, CertificateCache, token::Kind};

/// Remembers the public files of cards in a folder, one file a card and interface. Trouble is logged: a card that is
/// not remembered is read again.
#[derive(Debug)]
pub struct CardCache {
    folder: Folder,
}

impl CardCache {
    /// A cache in a folder.
    #[must_use]
    pub fn new(folder: Folder) -> Self {
        Self { folder }
    }
}

impl CertificateCache for CardCache {
    fn load(&self, serial: &str, kind: Kind) -> Option<CachedCard> {
        CachedCard::decode(&self.folder.read(&name(serial, kind)?).ok()??)
    }

    fn store(&self, serial: &str, kind: Kind, card: &CachedCard) {
        let Some(name) = name(serial, kind) else { return };
        if let Err(error) = self.folder.write(&name, &card.encode()) {
            tracing::warn!(%error, "a card cannot be remembered");
        }
    }

    fn remove(&self, serial: &str, kind: Kind) {
        let Some(name) = name(serial, kind) else { return };
        if let Err(error) = self.folder.remove(&name) {
            tracing::warn!(%error, "a card cannot be forgotten");
        }
    }
}

/// The file of a card. Serial numbers come from cards: one that could lead elsewhere is not remembered.
fn name(serial: &str, kind: Kind) -> Option<String> {
    let plain = !serial.is_empty() && serial.len() <= 40 && serial.bytes().all(|b| b.is_ascii_alphanumeric());
    let kind = match kind {
        Kind::Cps3 => "cps3",
        Kind::Cps3Contactless => "cps3-contactless",
        Kind::Cps4 => "cps4",
        Kind::Soft => return None,
    };
    plain.then(|| format!("{serial}.{kind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_remembered_by_interface_until_it_is_forgotten() {
        let place = tempfile::tempdir().expect("a folder");
        let cache = CardCache::new(Folder::open(place.path()).expect("opened"));
        let card = CachedCard::new(b"update 1");
        cache.store("12345678", Kind::Cps3, &card);
        assert_eq!(cache.load("12345678", Kind::Cps3), Some(card));
        assert_eq!(cache.load("12345678", Kind::Cps3Contactless), None);
        cache.remove("12345678", Kind::Cps3);
        assert_eq!(cache.load("12345678", Kind::Cps3), None);
    }

    #[test]
    fn a_serial_number_is_no_path() {
        for serial in ["", "../x", "a/b", "a.b", &"1".repeat(41)] {
            assert_eq!(name(serial, Kind::Cps3), None, "{serial}");
        }
    }
}
