//! What works and what does not: the lines of `cps doctor`, for whoever reads no terminal.

use super::{here, moment::Calendar, with};
use crate::serve::{
    desk::Caller,
    page::{helper, html::Page, text::text},
};
use cps_agent_api::words::{Check, Diagnosis};
use cps_agent_core::identity::UnixTime;

/// Writes the view.
pub(super) fn write(page: &mut Page, caller: &Caller, id: &str, diagnosis: &Diagnosis, now: UnixTime) {
    let wrong = diagnosis.checks.iter().filter(|check| check.state != "ok").count();
    let summary = match wrong {
        0 => text(caller.language, "portal-well"),
        1 => text(caller.language, "portal-unwell-one"),
        several => with(caller, "portal-unwell", "count", &several.to_string()),
    };
    page.hint(&summary);
    // What is wrong comes first, in the order in which one thing needs another.
    let (wrong, well): (Vec<&Check>, Vec<&Check>) =
        diagnosis.checks.iter().partition(|check| check.state != "ok");
    page.element("ul", &[("class", "checks")], |page| {
        wrong.into_iter().chain(well).for_each(|check| of(page, caller, check));
    });
    let at = Calendar::here().clock(now);
    page.words("p", &[("class", "aside")], &with(caller, "portal-checked", "at", &at));
    page.link(&format!("{}/diagnosis", here(id)), &text(caller.language, "portal-check-again"));
}

fn of(page: &mut Page, caller: &Caller, check: &Check) {
    let class = match check.state.as_str() {
        "ok" => "ok",
        "warning" => "warning",
        _ => "failed",
    };
    page.element("li", &[("class", class)], |page| {
        page.words("strong", &[("class", "state")], &text(caller.language, &format!("portal-check-{class}")));
        page.element("div", &[], |page| {
            page.paragraph(&check.title);
            if let Some(detail) = &check.detail {
                page.paragraph(detail);
            }
            let help = check.help.as_deref().zip(check.code.as_deref());
            if let Some(help) = help.and_then(|(help, code)| helper(caller, help, code)) {
                page.words("p", &[("class", "help")], &help);
            }
        });
    });
}
