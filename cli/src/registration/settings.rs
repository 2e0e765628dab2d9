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

/// A CPS3 signs by PKCS#1 v1.5 alone. OpenSSL takes the signature that the server likes best of those it allows itself
/// (SSL_CONF_cmd(3)), and that is RSASSA-PSS wherever it is not forbidden: always with TLS 1.3, often before.
const EVERY_CARD: &str = "# For every card. With a CPS4, openssl-tls13.cnf beside this file speaks TLS 1.3 too.\n\
    [cps_tls]\nsystem_default = cps_every_card\n\n[cps_every_card]\nMaxProtocol = TLSv1.2\n\
    ClientSignatureAlgorithms = RSA+SHA256:RSA+SHA384:RSA+SHA512:ECDSA+SHA256\n";

/// The text of a file of our own, which lies at `file`.
pub(super) fn content(kind: &str, module: &Path, file: &Path) -> String {
    let name = file.file_name().unwrap_or_default();
    let (module, file) = (module.display(), file.display());
    let mine = "# Written by `cps pkcs11 install`; `cps pkcs11 remove` takes it away.\n";
    match kind {
        // SunPKCS11 (Java's PKCS#11 Reference Guide): one provider is one slot, and a slot is a card reader.
        JAVA => format!(
            "{mine}# keytool -list {}\n# A card in another reader than the first: a copy of this file with slotListIndex = 1, 2 …\n\
             name = CPS\ndescription = CPS card of the agent\nlibrary = {module}\nslotListIndex = 0\n",
            java(&file)
        ),
        // config(5), and the engine of libp11.
        OPENSSL => {
            let line = "openssl s_client -engine pkcs11 -keyform engine -key pkcs11:type=private …";
            let engine = format!(
                "[cps_engines]\npkcs11 = cps_pkcs11\n\n[cps_pkcs11]\nengine_id = pkcs11\nMODULE_PATH = {module}\ninit = 0\n"
            );
            let head = format!(
                "{mine}# OPENSSL_CONF={file} {line}\nopenssl_conf = cps_init\n\n[cps_init]\nengines = cps_engines\n"
            );
            match name == OPENSSL_FILE {
                true => format!("{head}ssl_conf = cps_tls\n\n{engine}\n{EVERY_CARD}"),
                false => format!("{head}\n{engine}"),
            }
        }
        // pkcs11.conf(5). No card is no reason for any program not to start.
        _ => format!("{mine}module: {module}\ncritical: no\ntrust-policy: no\n"),
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
