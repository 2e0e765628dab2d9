//! The path of a file on the card, from the master file down (ISO 7816-4 §7.1.1).

/// Identifier of the master file.
const MASTER: [u8; 2] = [0x3F, 0x00];

/// An absolute path, without the leading `3F00`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath(Vec<u8>);

impl FilePath {
    /// Deepest path taken from a card, in bytes: eight levels.
    const LONGEST: usize = 16;

    /// The file below the master file that `identifiers` name, two bytes a level. For constants; what comes from a
    /// card goes through [`FilePath::resolve`].
    #[must_use]
    pub fn new(identifiers: &[u8]) -> Self {
        Self(identifiers.strip_prefix(&MASTER).unwrap_or(identifiers).to_vec())
    }

    /// A path as written in a PKCS#15 file: absolute when it begins with `3F00`, else relative to `base`.
    /// `None` when it is empty, odd, or too deep.
    #[must_use]
    pub fn resolve(base: &Self, written: &[u8]) -> Option<Self> {
        let bytes = match written.strip_prefix(&MASTER) {
            Some(absolute) => absolute.to_vec(),
            None => [base.0.as_slice(), written].concat(),
        };
        let whole = !written.is_empty() && bytes.len() % 2 == 0 && bytes.len() <= Self::LONGEST;
        whole.then_some(Self(bytes))
    }

    /// The file `identifier` inside this directory.
    #[must_use]
    pub fn child(&self, identifier: u16) -> Self {
        Self([self.0.as_slice(), &identifier.to_be_bytes()].concat())
    }

    /// Identifiers from the master file down, without the master file's own.
    #[must_use]
    pub fn below_master(&self) -> &[u8] {
        &self.0
    }

    /// Identifiers with the master file's own in front.
    #[must_use]
    pub fn from_master(&self) -> Vec<u8> {
        [MASTER.as_slice(), &self.0].concat()
    }
}

impl std::fmt::Debug for FilePath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("3F00")?;
        for (index, byte) in self.0.iter().enumerate() {
            let level = if index % 2 == 0 { "/" } else { "" };
            write!(f, "{level}{byte:02X}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::FilePath;

    #[test]
    fn an_odd_empty_or_bottomless_path_is_refused() {
        let base = FilePath::new(&[0x3F, 0x00, 0x00, 0x01]);
        assert_eq!(FilePath::resolve(&base, &[]), None);
        assert_eq!(FilePath::resolve(&base, &[0x70]), None);
        assert_eq!(FilePath::resolve(&base, &[0x70; 16]), None);
    }

    #[test]
    fn absolute_and_relative_paths_name_the_same_file() {
        let base = FilePath::new(&[0x3F, 0x00, 0x00, 0x01]);
        let absolute = FilePath::resolve(&base, &[0x3F, 0x00, 0x00, 0x01, 0xA0, 0x02]);
        assert_eq!(absolute, FilePath::resolve(&base, &[0xA0, 0x02]));
        assert_eq!(absolute, Some(base.child(0xA002)));
        assert_eq!(format!("{:?}", base.child(0xA002)), "3F00/0001/A002");
    }
}
