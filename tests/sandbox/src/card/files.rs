//! The file tree of a card: paths, contents and who may read them.

use super::apdu::status;
use super::faults::Faults;
use std::collections::BTreeMap;

/// File identifiers from below the MF; the empty path is the MF itself.
pub(super) type Path = Vec<u16>;

/// Who may do something with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Anybody.
    Always,
    /// After the PIN.
    Pin,
    /// The issuer, through secure messaging: nobody here.
    Issuer,
    /// Nobody.
    Never,
}

/// Rules of an elementary file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Access {
    /// READ BINARY through the contacts.
    pub(super) contact: Rule,
    /// READ BINARY through the antenna.
    pub(super) contactless: Rule,
    /// UPDATE BINARY, through the contacts.
    pub(super) update: Rule,
}

impl Access {
    /// Read by anybody on both interfaces.
    pub(super) const OPEN: Self =
        Self { contact: Rule::Always, contactless: Rule::Always, update: Rule::Never };
    /// As [`Access::OPEN`], changed by the issuer.
    pub(super) const ISSUED: Self =
        Self { contact: Rule::Always, contactless: Rule::Always, update: Rule::Issuer };
    /// Read through the contacts only.
    pub(super) const CONTACT: Self =
        Self { contact: Rule::Always, contactless: Rule::Never, update: Rule::Never };
    /// Read after the PIN.
    pub(super) const PRIVATE: Self =
        Self { contact: Rule::Pin, contactless: Rule::Never, update: Rule::Never };
    /// Read by anybody, written after the PIN.
    pub(super) const WRITABLE: Self =
        Self { contact: Rule::Always, contactless: Rule::Always, update: Rule::Pin };
}

/// A dedicated or an elementary file.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// DF, with its application identifier where it has one.
    Directory(Option<&'static [u8]>),
    /// EF: contents, short identifier, rules.
    Elementary { content: Vec<u8>, sfi: Option<u8>, access: Access },
}

/// All files of a card.
#[derive(Debug)]
pub(super) struct Files {
    nodes: BTreeMap<Path, Node>,
    faults: Faults,
}

impl Files {
    /// An empty card: only the MF.
    pub(super) fn new(root_aid: &'static [u8], faults: Faults) -> Self {
        Self { nodes: BTreeMap::from([(Path::new(), Node::Directory(Some(root_aid)))]), faults }
    }

    /// Adds a DF.
    pub(super) fn directory(&mut self, path: &[u16], aid: Option<&'static [u8]>) {
        self.nodes.insert(path.to_vec(), Node::Directory(aid));
    }

    /// Adds or replaces an EF.
    pub(super) fn file(&mut self, path: &[u16], sfi: Option<u8>, access: Access, content: Vec<u8>) {
        self.nodes.insert(path.to_vec(), Node::Elementary { content, sfi, access });
    }

    /// Removes an EF.
    pub(super) fn remove(&mut self, path: &[u16]) {
        self.nodes.remove(path);
    }

    /// The file at a path, as the faults in force show it.
    pub(super) fn get(&self, path: &[u16]) -> Option<Node> {
        let node = self.nodes.get(path);
        match (self.faults.replacement(path), node) {
            (None, node) => node.cloned(),
            (Some(None), _) => None,
            (Some(Some(content)), Some(Node::Elementary { sfi, access, .. })) => {
                Some(Node::Elementary { content, sfi: *sfi, access: *access })
            }
            (Some(Some(content)), _) => Some(Node::Elementary { content, sfi: None, access: Access::OPEN }),
        }
    }

    /// Whether there is a DF at a path.
    pub(super) fn is_directory(&self, path: &[u16]) -> bool {
        matches!(self.get(path), Some(Node::Directory(_)))
    }

    /// The DF with an application identifier.
    pub(super) fn application(&self, aid: &[u8]) -> Option<Path> {
        self.nodes
            .iter()
            .find(|(_, node)| matches!(node, Node::Directory(Some(known)) if *known == aid))
            .map(|(path, _)| path.clone())
    }

    /// The EF with a short identifier directly below a DF.
    pub(super) fn short(&self, directory: &[u16], wanted: u8) -> Option<Path> {
        self.nodes
            .iter()
            .find(|(path, node)| {
                path.split_last().is_some_and(|(_, parent)| parent == directory)
                    && matches!(node, Node::Elementary { sfi: Some(sfi), .. } if *sfi == wanted)
            })
            .map(|(path, _)| path.clone())
    }

    /// Overwrites part of an EF.
    pub(super) fn update(&mut self, path: &[u16], offset: usize, bytes: &[u8]) -> Result<(), u16> {
        let Some(Node::Elementary { content, .. }) = self.nodes.get_mut(path) else {
            return Err(status::NOT_FOUND);
        };
        let end = offset + bytes.len();
        content.get_mut(offset..end).ok_or(status::OFFSET)?.copy_from_slice(bytes);
        Ok(())
    }
}

/// Splits the data of a SELECT into file identifiers.
pub(super) fn identifiers(data: &[u8]) -> Option<Path> {
    let (pairs, rest) = data.as_chunks::<2>();
    (rest.is_empty() && !pairs.is_empty())
        .then(|| pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect())
}

/// Reads a path such as `3F00/0001/A002`.
pub(super) fn parse_path(text: &str) -> Option<Path> {
    let mut path: Path =
        text.split('/').map(|part| u16::from_str_radix(part, 16).ok()).collect::<Option<_>>()?;
    (path.first() == Some(&0x3F00)).then(|| path.split_off(1))
}
