//! `cps login`: answers when the login ended, and shows meanwhile what the person compares or opens.

use super::session;
use crate::{args::LoginArgs, error::Error, output::Output, screen, text::value};
use cps_agent_api::{
    client::Agent,
    words::{LoginProgress, LoginRequest},
};
use std::{path::PathBuf, time::Duration};

/// How often the login is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(300);

pub(super) async fn run(args: &LoginArgs, agent: &mut Agent, output: &mut Output) -> Result<(), Error> {
    let request = LoginRequest {
        way: args.way().map(|way| way.word().to_owned()),
        card: args.card.clone(),
        identifier: args.id.clone(),
        screen: screen::of_caller(output.texts()),
    };
    let mut watch = Watch {
        path: agent.path().to_owned(),
        language: agent.language().to_owned(),
        agent: None,
        told: None,
    };
    let login = agent.login(&request);
    tokio::pin!(login);
    let opened = loop {
        tokio::select! {
            ended = &mut login => break ended?,
            () = tokio::time::sleep(LOOK) => {}
        }
        tokio::select! {
            ended = &mut login => break ended?,
            news = watch.news() => if let Some(progress) = news { tell(&progress, output) },
        }
    };
    output.answer(&opened, |output| session::one(&opened, output))
}

/// Looks at a login that another connection waits for.
struct Watch {
    path: PathBuf,
    language: String,
    agent: Option<Agent>,
    told: Option<LoginProgress>,
}

impl Watch {
    /// What is new and for the person. Trouble here is none: the login itself says how it ends.
    async fn news(&mut self) -> Option<LoginProgress> {
        if self.agent.is_none() {
            self.agent = Agent::connect_to(&self.path, &self.language).await.ok();
        }
        let now = self.agent.as_mut()?.login_progress().await.ok().flatten()?;
        let same = |told: &LoginProgress| (&told.hint, &told.number) == (&now.hint, &now.number);
        if self.told.as_ref().is_some_and(same) {
            return None;
        }
        self.told = Some(now.clone());
        (now.number.is_some() || now.address.is_some()).then_some(now)
    }
}

fn tell(progress: &LoginProgress, output: &mut Output) {
    let message = match (&progress.number, &progress.address) {
        (Some(number), _) => {
            let name = match progress.channel.as_deref() {
                Some("CARD") => "login-number-card",
                _ => "login-number-phone",
            };
            let identifier = progress.identifier.clone().unwrap_or_default();
            output.texts().with(name, &[("number", value(number.clone())), ("identifier", value(identifier))])
        }
        (None, Some(address)) => output.texts().with("login-browse", &[("address", value(address.clone()))]),
        (None, None) => return,
    };
    output.meanwhile(progress, &message);
}
