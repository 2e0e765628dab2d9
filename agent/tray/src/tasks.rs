//! What the agent is asked on behalf of the person: each question on a connection of its own, since its answer may wait for
//! a card, a phone or a prompt.

use crate::{state::Facts, text::Language};
use cps_agent_api::{
    client::{Agent, ClientError},
    words::{Check, LoginRequest, PinRequest, PortalRequest, Problem, Screen},
};
use tokio::{sync::mpsc::UnboundedSender, task::AbortHandle};

/// What came of it.
#[derive(Debug)]
pub(crate) enum Done {
    /// A login ended, with a failure or without.
    Login(Option<Problem>),
    /// There is a new PIN.
    PinChanged,
    /// The PIN is not blocked any more.
    PinUnblocked,
    /// The agent's page is to be opened by this link.
    Page(String),
    /// The diagnosis.
    Checked(Vec<Check>),
    /// Something else failed.
    Failed(Problem),
}

/// Where prompts may appear: on the screen of the tray.
fn screen(language: Language) -> Screen {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Screen {
        tty: None,
        term: None,
        display: variable("DISPLAY"),
        wayland_display: variable("WAYLAND_DISPLAY"),
        language: Some(language.tag().to_owned()),
    }
}

/// A login by a way.
pub(crate) fn by(way: &str) -> LoginRequest {
    LoginRequest { way: Some(way.to_owned()), ..LoginRequest::default() }
}

/// A login by card: at the upstream where that is offered, else a local one.
pub(crate) fn by_card(facts: &Facts, card: Option<String>) -> LoginRequest {
    let ways = facts.known().map(|known| known.status.ways.as_slice()).unwrap_or_default();
    let way = if ways.iter().any(|way| way == "card") { "card" } else { "local" };
    LoginRequest { card, ..by(way) }
}

/// Starts a login. Aborting it gives it up.
pub(crate) fn log_in(request: LoginRequest, language: Language, done: UnboundedSender<Done>) -> AbortHandle {
    let request = LoginRequest { screen: screen(language), ..request };
    let task = tokio::spawn(async move {
        let ended = async { Agent::connect(language.tag()).await?.login(&request).await };
        let _nobody = done.send(Done::Login(ended.await.err().and_then(refusal)));
    });
    task.abort_handle()
}

/// What the agent is asked.
#[derive(Debug)]
pub(crate) enum Question {
    /// End the session; its end is an event.
    LogOut,
    /// Have a person choose a new PIN for this card.
    ChangePin(String),
    /// Have a person give the PUK and a new PIN for this card.
    UnblockPin(String),
    /// A link to the agent's page.
    Page,
    /// What is wrong: a link to the page that says it, or where there is no page what it would say.
    Help,
}

/// Asks, and passes on what came of it.
pub(crate) fn ask(question: Question, language: Language, done: UnboundedSender<Done>) {
    tokio::spawn(async move {
        let answer = answer(question, language).await;
        if let Some(came) = answer.unwrap_or_else(|error| refusal(error).map(Done::Failed)) {
            let _nobody = done.send(came);
        }
    });
}

async fn answer(question: Question, language: Language) -> Result<Option<Done>, ClientError> {
    let mut agent = Agent::connect(language.tag()).await?;
    let request = PinRequest { screen: screen(language) };
    Ok(match question {
        Question::LogOut => {
            agent.end_session().await?;
            None
        }
        Question::ChangePin(serial) => {
            agent.change_pin(&serial, &request).await?;
            Some(Done::PinChanged)
        }
        Question::UnblockPin(serial) => {
            agent.unblock_pin(&serial, &request).await?;
            Some(Done::PinUnblocked)
        }
        Question::Page => Some(Done::Page(agent.portal(&PortalRequest::default()).await?.url)),
        Question::Help => {
            let view = Some("diagnosis".to_owned());
            match agent.portal(&PortalRequest { view }).await {
                Ok(page) => Some(Done::Page(page.url)),
                Err(ClientError::Refused(_)) => Some(Done::Checked(agent.diagnosis().await?.checks)),
                Err(error) => return Err(error),
            }
        }
    })
}

/// What the agent said. An agent that is gone is seen on the icon.
fn refusal(error: ClientError) -> Option<Problem> {
    match error {
        ClientError::Refused(problem) => Some(*problem),
        _ => None,
    }
}
