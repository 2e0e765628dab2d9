//! What this program is, on which terms, and whose work is in it.

use super::{state::facts, with};
use crate::serve::{
    desk::Caller,
    page::{PSC_ABOUT, html::Page, text::text},
};

use cps_agent_api::words::Status;

/// Our licence.
const LICENCE: &str = include_str!("../../../../LICENSE");
/// What is compiled in: a line for each package, with its name, version and licence (SPDX). `tests/licences.rs` writes it.
const PACKAGES: &str = include_str!("licences.tsv");

/// Writes the view.
pub(super) fn write(page: &mut Page, caller: &Caller, status: &Status) {
    let said = |name: &str| text(caller.language, name);
    page.section(&said("portal-version-title"), |page| {
        let mut rows = vec![
            (said("portal-version"), format!("cps-agent {}", status.version)),
            (said("portal-environment"), said(&format!("portal-environment-{}", status.environment))),
            (said("portal-profile"), said(&format!("portal-profile-{}", status.profile))),
        ];
        rows.extend(status.issuer.clone().map(|issuer| (said("portal-issuer"), issuer)));
        facts(page, &rows);
    });
    page.section(&said("portal-terms"), |page| {
        page.list(
            ["stays", "pin", "trail", "proof"].iter().map(|name| said(&format!("portal-terms-{name}"))),
        );
        if status.profile.starts_with("psc-") {
            page.paragraph(&said("portal-terms-psc"));
            let there = [("href", PSC_ABOUT), ("rel", "noreferrer"), ("target", "_blank")];
            page.element("p", &[], |page| page.words("a", &there, &said("psc-about")));
        }
    });
    page.section(&said("portal-licence"), |page| {
        page.paragraph(&said("portal-licence-text"));
        page.element("details", &[], |page| {
            page.words("summary", &[], &said("portal-licence-whole"));
            page.element("pre", &[("tabindex", "0"), ("lang", "en")], |page| {
                // Text has no line breaks of its own.
                for line in LICENCE.lines() {
                    page.text(line);
                    page.void("br", &[]);
                }
            });
        });
    });
    page.section(&said("portal-packages"), |page| {
        let rows: Vec<Vec<String>> =
            PACKAGES.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect();
        page.paragraph(&with(caller, "portal-packages-text", "count", &rows.len().to_string()));
        page.paragraph(&said("portal-packages-where"));
        page.element("details", &[], |page| {
            page.words("summary", &[], &said("portal-packages-all"));
            let heads = ["package", "version", "licence"].map(|name| said(&format!("portal-package-{name}")));
            page.table(
                &with(caller, "portal-table", "title", &said("portal-packages")),
                &heads.each_ref().map(String::as_str),
                rows.iter().map(Vec::as_slice),
            );
        });
    });
}
