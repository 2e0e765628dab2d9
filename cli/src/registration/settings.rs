//! What programs are told: the texts of our own files, and the lines a person types.

use super::{Scope, database};
use crate::browsers::Wall;
use serde::Serialize;
use std::path::Path;

/// A module file of p11-kit.
pub(super) const P11_KIT: &str = "p11-kit";
const JAVA: &str = "java";
const OPENSSL: &str = "openssl";
const OPENSSL_FILE: &str = "openssl.cnf";

/// Files in our state that programs are given by name.
pub(super) const FILES: [(&str, &str); 3] =
    [(JAVA, "java.cfg"), (OPENSSL, OPENSSL_FILE), (OPENSSL, "openssl-tls13.cnf")];

/// Who reads a file that was written, by its name.
pub(super) fn kind_of(file: &Path) -> &'static str {
    let name = file.file_name().unwrap_or_default();
    match FILES.iter().find(|(_, known)| name == *known) {
        Some((kind, _)) => kind,
        // Which browser's it was is forgotten with the browser.
        None if name == database::FILE => "nss",
        None => P11_KIT,
    }
}

/// What OpenSSL may sign with. Left alone it takes what the server likes best of all it knows (SSL_CONF_cmd(3)): with
/// TLS 1.3 always and often before that is RSASSA-PSS, which a CPS3 cannot make, or with a hash that a CPS4 does not have.
const EVERY_CARD: &str = "# For every card. With a CPS4, openssl-tls13.cnf beside this file speaks TLS 1.3 too.\n\
    [cps_tls]\nsystem_default = cps_signatures\n\n[cps_signatures]\nMaxProtocol = TLSv1.2\n\
    ClientSignatureAlgorithms = RSA+SHA256:RSA+SHA384:RSA+SHA512:ECDSA+SHA256\n";
const CPS4: &str = "# For CPS4. With a CPS3, openssl.cnf beside this file keeps to TLS 1.2.\n\
    [cps_tls]\nsystem_default = cps_signatures\n\n[cps_signatures]\n\
    ClientSignatureAlgorithms = RSA-PSS+SHA256:RSA+SHA256:RSA+SHA384:RSA+SHA512:ECDSA+SHA256\n";

/// The text of a file of our own, which lies at `file`.
pub(super) fn content(kind: &str, module: &Path, file: &Path) -> String {
    let name = file.file_name().unwrap_or_default();
    let library = java_word(module);
    let (module, file) = (module.display(), file.display());
    let mine = "# Written by `cps pkcs11 install`; `cps pkcs11 remove` takes it away.\n";
    match kind {
        // SunPKCS11 (Java's PKCS#11 Reference Guide): one provider is one slot, and a slot is a card reader.
        JAVA => format!(
            "{mine}# keytool -list {}\n# A card in another reader than the first: a copy of this file with slotListIndex = 1, 2 …\n\
             name = CPS\ndescription = CPS card of the agent\nlibrary = {library}\nslotListIndex = 0\n",
            java(&file)
        ),
        // config(5), and the engine of libp11.
        OPENSSL => {
            let line = "openssl s_client -engine pkcs11 -keyform engine -key pkcs11:type=private …";
            let signatures = if name == OPENSSL_FILE { EVERY_CARD } else { CPS4 };
            format!(
                "{mine}# OPENSSL_CONF={file} {line}\nopenssl_conf = cps_init\n\n\
                 [cps_init]\nengines = cps_engines\nssl_conf = cps_tls\n\n[cps_engines]\npkcs11 = cps_pkcs11\n\n\
                 [cps_pkcs11]\nengine_id = pkcs11\nMODULE_PATH = {module}\ninit = 0\n\n{signatures}"
            )
        }
        // pkcs11.conf(5). No card is no reason for any program not to start.
        _ => format!("{mine}module: {module}\ncritical: no\ntrust-policy: no\n"),
    }
}

/// A path in a configuration of SunPKCS11. Its words have few kinds of letters unless they are quoted, and no others than
/// ASCII unless they are written in octal, up to `\377` (java.io.StreamTokenizer).
fn java_word(path: &Path) -> String {
    let text = path.display().to_string();
    match text.chars().all(|c| c.is_ascii_alphanumeric() || ":._-/\\*+~".contains(c)) {
        true => text,
        false => {
            let quoted = text.chars().map(|c| match c {
                '\\' => "\\\\".to_owned(),
                c if c.is_ascii() => c.to_string(),
                c => format!("\\{:o}", u32::from(c)),
            });
            format!("\"{}\"", quoted.collect::<String>())
        }
    }
}

fn java(file: &dyn std::fmt::Display) -> String {
    format!(
        "-keystore NONE -storetype PKCS11 -providerClass sun.security.pkcs11.SunPKCS11 -providerArg {file}"
    )
}

/// The lines by which programs that keep no list of modules are given ours.
#[derive(Debug, Serialize)]
pub(crate) struct Use {
    java: String,
    openssl: String,
    curl: String,
    ssh: String,
    ssh_public_key: String,
}

impl Use {
    /// Each with the name of its field.
    pub(crate) fn lines(&self) -> [(&'static str, &str); 5] {
        [
            ("field-java", &self.java),
            ("field-openssl", &self.openssl),
            ("field-curl", &self.curl),
            ("field-ssh", &self.ssh),
            ("field-ssh-key", &self.ssh_public_key),
        ]
    }
}

/// The lines for a module.
pub(crate) fn uses(scope: &Scope, module: &Path) -> Use {
    let [java_file, openssl_file, _] = FILES.map(|(_, name)| word(&scope.state.join(name)));
    let module = word(module);
    Use {
        java: format!("keytool -list {}", java(&java_file)),
        openssl: format!(
            "OPENSSL_CONF={openssl_file} openssl s_client -engine pkcs11 -keyform engine -key pkcs11:type=private -cert card.pem -connect HOST:443"
        ),
        curl: format!(
            "OPENSSL_CONF={openssl_file} curl --tls-max 1.2 --engine pkcs11 --key-type ENG --key pkcs11:type=private --cert-type ENG --cert pkcs11:type=cert https://HOST/"
        ),
        ssh: format!("ssh -I {module} USER@HOST"),
        ssh_public_key: format!("ssh-keygen -D {module}"),
    }
}

/// How a person lets a browser through its wall: the module's folder, and the folder of the agent's socket.
///
/// A flatpak never sees the machine's own `/usr`: there only a module in the home helps, and nothing can be typed.
pub(super) fn grant(wall: Wall, home: &Path, module: &Path) -> Option<String> {
    let Wall::Flatpak(app) = wall else { return None };
    let folder = module.parent().filter(|_| module.starts_with(home))?;
    Some(format!(
        "flatpak override --user --filesystem={}:ro --filesystem=xdg-run/cps-agent:ro {app}",
        word(folder)
    ))
}

/// A path as one word of a shell.
fn word(path: &Path) -> String {
    let text = path.display().to_string();
    match text.chars().all(|c| c.is_alphanumeric() || "/._-+".contains(c)) {
        true => text,
        false => crate::stores::quoted(&text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_java_reads_it() {
        assert_eq!(java_word(Path::new("/usr/lib/x86_64-linux-gnu/m.so")), "/usr/lib/x86_64-linux-gnu/m.so");
        assert_eq!(java_word(Path::new("/home/Zoé B@x/m.so")), "\"/home/Zo\\351 B@x/m.so\"");
    }
}
