//! The anchors of an environment, as files in folders: certificates and revocation lists, PEM or DER.

use cps_agent_core::trust::AnchorFile;
use rustls_pki_types::{CertificateRevocationListDer, pem::PemObject as _};
use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

/// Largest file that is read.
const LIMIT: u64 = 8 * 1024 * 1024;

/// What lies in the folders.
#[derive(Debug, Default, Clone)]
pub struct TrustFiles {
    /// Files of certificates, as they are: the quiet half reads and judges them.
    pub anchors: Vec<AnchorFile>,
    /// Revocation lists, DER: for workstations that the network's lists do not reach.
    pub lists: Vec<Vec<u8>>,
}

impl TrustFiles {
    /// Reads the folders: `.pem`, `.crt`, `.cer` and `.der` are certificates, `.crl` lists. A folder that does not exist
    /// is empty; a file that cannot be read is logged and left out, so that one bad file does not close the agent.
    #[must_use]
    pub fn read(folders: &[PathBuf]) -> Self {
        let mut found = Self::default();
        for folder in folders {
            let Ok(entries) = fs::read_dir(folder) else {
                tracing::warn!(folder = %folder.display(), "the folder of trust anchors cannot be read");
                continue;
            };
            let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            files.sort();
            for file in files {
                if let Err(error) = found.add(&file) {
                    tracing::warn!(file = %file.display(), %error, "a trust file cannot be read");
                }
            }
        }
        found
    }

    fn add(&mut self, path: &Path) -> io::Result<()> {
        match path.extension().and_then(|e| e.to_str()) {
            Some("pem" | "crt" | "cer" | "der") => {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                self.anchors.push(AnchorFile { name, content: read(path)? });
            }
            Some("crl") => self.lists.extend(lists(read(path)?)?),
            _ => {}
        }
        Ok(())
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    File::open(path)?.take(LIMIT + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LIMIT { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(content) }
}

/// The lists of a file: all PEM sections, or the whole file as DER when it has none.
fn lists(content: Vec<u8>) -> io::Result<Vec<Vec<u8>>> {
    let sections: Vec<Vec<u8>> = CertificateRevocationListDer::pem_slice_iter(&content)
        .map(|section| section.map(|list| list.to_vec()))
        .collect::<Result<_, _>>()
        .map_err(io::Error::other)?;
    match (sections.is_empty(), content.first()) {
        (false, _) => Ok(sections),
        (true, Some(0x30)) => Ok(vec![content]),
        (true, _) => Err(io::Error::new(io::ErrorKind::InvalidData, "neither PEM nor DER")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_and_lists_are_told_apart_and_the_rest_is_left_alone() {
        let place = tempfile::tempdir().expect("a folder");
        let write =
            |name: &str, content: &[u8]| fs::write(place.path().join(name), content).expect("written");
        write("a.pem", b"text");
        write("b.crl", b"-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n");
        write("c.crl", &[0x30, 0x01, 0x00]);
        write("d.crl", b"neither");
        write("README", b"text");
        let found = TrustFiles::read(&[place.path().to_owned(), place.path().join("absent")]);
        assert_eq!(found.anchors.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["a.pem"]);
        assert_eq!(found.lists, [vec![0x30, 0x00], vec![0x30, 0x01, 0x00]]);
    }
}
