//! `cps doctor`: what works, what does not, what to do, and who can help.

use crate::{error::Error, output::Output, text::value};
use cps_agent_api::{client::Agent, words::Check};

/// Width of the first column: the longest state in either language.
const STATE: usize = 10;

pub(super) async fn run(agent: &mut Agent, output: &mut Output) -> Result<(), Error> {
    let diagnosis = agent.diagnosis().await?;
    output.answer(&diagnosis, |output| diagnosis.checks.iter().try_for_each(|check| line(check, output)))?;
    match diagnosis.checks.iter().filter(|check| check.state == "failed").count() {
        0 => Ok(()),
        count => Err(Error::Unwell(count)),
    }
}

/// A line for the finding, and for what is not well a second one.
fn line(check: &Check, output: &mut Output) -> Result<(), Error> {
    let texts = output.texts();
    let word = |name: String, plain: &str| texts.find(&name).unwrap_or_else(|| plain.to_owned());
    let state = word(format!("doctor-{}", check.state), &check.state);
    let code = check.code.as_ref().map(|code| format!(" [{code}]")).unwrap_or_default();
    let found = format!("{state:STATE$}{}{code}", check.title);
    let next = check.detail.as_ref().map(|detail| {
        let help = check.help.as_ref().map(|help| word(format!("help-{help}"), help)).unwrap_or_default();
        let named = [("detail", value(detail.as_str())), ("help", value(help))];
        format!("{:STATE$}{}", "", texts.with("doctor-next", &named))
    });
    output.line(&found)?;
    next.map_or(Ok(()), |next| output.line(&next))
}
