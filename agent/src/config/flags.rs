//! The command line of `cps-agent`.

use super::Sources;
use std::path::PathBuf;

/// The CPS workstation agent: owns the card readers, logs the person in once, serves every program of the session.
#[derive(Debug, clap::Parser)]
#[command(name = "cps-agent", version, about)]
pub struct Flags {
    /// Read this file in place of the person's configuration file.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Set one key, for instance `--set session.mode=lock`; repeatable.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = assignment)]
    pub settings: Vec<(String, String)>,

    /// How much to log, in the notation of `tracing`: `info`, `cps_card=debug`, …
    #[arg(long, value_name = "FILTER", env = "CPS_AGENT_LOG", default_value = "info")]
    pub log: String,

    /// Check the configuration and exit.
    #[arg(long)]
    pub check: bool,
}

impl Flags {
    /// The sources these flags and the process's environment describe.
    #[must_use]
    pub fn sources(&self, environment: impl Iterator<Item = (String, String)>) -> Sources {
        let environment: Vec<_> = environment.collect();
        let user = self.config.clone().or_else(|| {
            let variable =
                |name: &str| environment.iter().find(|(n, v)| n == name && !v.is_empty()).map(|(_, v)| v);
            variable("XDG_CONFIG_HOME")
                .map(PathBuf::from)
                .or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(".config")))
                .map(|base| base.join("cps-agent/config.toml"))
        });
        Sources {
            policy: Some(PathBuf::from("/etc/cps-agent/config.toml")),
            user,
            user_named: self.config.is_some(),
            environment,
            flags: self.settings.clone(),
        }
    }
}

fn assignment(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(key, value)| (key.trim().to_owned(), value.to_owned()))
        .ok_or_else(|| "must have the form KEY=VALUE".to_owned())
}
