//! The settings of an agent that uses the sandbox, as the files that `cps-agent --config` reads.

use crate::pki::Pki;
use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// Name of the upstream's TLS anchor in the folder.
pub(super) const CA_FILE: &str = "upstream-ca.pem";

/// What an agent is told: a custom upstream with login by card, the TEST authorities, the scripted person.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// Issuer of the upstream.
    pub issuer: &'a str,
    /// Its TLS anchor, PEM.
    pub ca_pem: &'a str,
    /// The agent's `client_id` there.
    pub client_id: &'a str,
    /// The secret of that client.
    pub client_secret: &'a str,
    /// The prompt program.
    pub pinentry: &'a Path,
    /// Port of the bridge, 0 for any; the agent's usual one when absent.
    pub port: Option<u16>,
}

impl Settings<'_> {
    /// Writes `config.toml`, everything it names, and the folder for state into a folder, and returns its path.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<PathBuf> {
        for name in ["trust", "clients.d", "state"] {
            fs::create_dir_all(folder.join(name))?;
        }
        for (name, pem) in Pki::test().anchors_pem() {
            fs::write(folder.join("trust").join(name), pem)?;
        }
        fs::write(folder.join(CA_FILE), self.ca_pem)?;
        let secret = folder.join("upstream-secret");
        write_private(&secret, self.client_secret)?;
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let mut settings = toml::toml! {
            [bridge]

            [upstream]
            profile = "custom"
            client_auth = "client_secret_basic"
            discovery = "wallet-openid-configuration"
            scope = "openid scope_all"
            acr_values = "eidas1"
            ciba = false
            card_login = true

            [login]
            ways = ["card"]

            [local]
            revocation = "warn"

            [pin]
            prompt = ["pinpad", "pinentry"]

            [trust]
            environment = "test"
        };
        let listen = self.port.map(|port| ("bridge", "listen", format!("127.0.0.1:{port}").into()));
        let values = [
            ("upstream", "client_id", self.client_id.into()),
            ("upstream", "client_secret_file", text(&secret).into()),
            ("upstream", "issuer", self.issuer.into()),
            ("upstream", "ca_file", text(&folder.join(CA_FILE)).into()),
            ("pin", "pinentry", text(self.pinentry).into()),
            ("trust", "anchors", vec![text(&folder.join("trust"))].into()),
            ("clients", "directory", text(&folder.join("clients.d")).into()),
            ("state", "directory", text(&folder.join("state")).into()),
        ];
        for (section, key, value) in listen.into_iter().chain(values) {
            let table = settings.entry(section).or_insert_with(|| toml::Table::new().into());
            if let Some(table) = table.as_table_mut() {
                table.insert(key.to_owned(), value);
            }
        }
        let file = folder.join("config.toml");
        let head = "# TEST: settings of an agent that uses the cps-agent sandbox. Made anew by each run.\n\n";
        fs::write(&file, format!("{head}{}", toml::to_string(&settings).map_err(io::Error::other)?))?;
        Ok(file)
    }
}

/// Writes a file that its owner alone can read, as an integrator is to keep a real secret.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // One that lies there keeps the mode it was made with.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    options.open(path)?.write_all(text.as_bytes())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn nobody_else_reads_the_secret_whatever_lay_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        fs::write(&path, "older and longer").expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("a mode");
        write_private(&path, "TEST").expect("written");
        assert_eq!(fs::read_to_string(&path).expect("read"), "TEST");
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
    }
}
