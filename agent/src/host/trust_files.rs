//! The anchors of an environment, as files in folders: certificates and revocation lists, PEM or DER.

use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, pem::PemObject as _};
use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

/// Largest file that is read.
const LIMIT: u64 = 8 * 1024 * 1024;

/// What lies in the folders.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct TrustFiles {
    /// Certificates, DER.
    pub certificates: Vec<Vec<u8>>,
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
                let content = read(path)?;
                let pem = CertificateDer::pem_slice_iter(&content).map(|c| c.map(|c| c.to_vec()));
                self.certificates.extend(decode(pem, content.clone())?);
            }
            Some("crl") => {
                let content = read(path)?;
                let pem =
                    CertificateRevocationListDer::pem_slice_iter(&content).map(|c| c.map(|c| c.to_vec()));
                self.lists.extend(decode(pem, content.clone())?);
            }
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

/// All PEM sections, or the whole file as DER when it has none.
fn decode(
    sections: impl Iterator<Item = Result<Vec<u8>, rustls_pki_types::pem::Error>>,
    whole: Vec<u8>,
) -> io::Result<Vec<Vec<u8>>> {
    let sections: Vec<Vec<u8>> = sections.collect::<Result<_, _>>().map_err(io::Error::other)?;
    match (sections.is_empty(), whole.first()) {
        (false, _) => Ok(sections),
        (true, Some(0x30)) => Ok(vec![whole]),
        (true, _) => Err(io::Error::new(io::ErrorKind::InvalidData, "neither PEM nor DER")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_and_der_are_read_and_the_rest_is_left_alone() {
        let place = tempfile::tempdir().expect("a folder");
        let write =
            |name: &str, content: &[u8]| fs::write(place.path().join(name), content).expect("written");
        write("a.pem", b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
        write("b.der", &[0x30, 0x01, 0x00]);
        write("c.crl", b"-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n");
        write("d.cer", b"neither");
        write("README", b"text");
        let found = TrustFiles::read(&[place.path().to_owned(), place.path().join("absent")]);
        assert_eq!(found.certificates, [vec![0x30, 0x00], vec![0x30, 0x01, 0x00]]);
        assert_eq!(found.lists, [vec![0x30, 0x00]]);
    }
}
