//! The line to the agent: its state and its events as long as it answers, and a new try, later and later, when not.

use crate::{
    state::{Known, Link},
    text::Language,
};
use cps_agent_api::{
    client::{Agent, ClientError},
    events::News,
    words::{Event, PinState},
};
use std::time::Duration;
use tokio::sync::{mpsc::UnboundedSender, watch};

/// Pauses before the agent is looked for again: the first, doubled up to the last.
const AGAIN: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(8));

/// What comes from the agent.
#[derive(Debug)]
pub(crate) enum Heard {
    /// It answers, or not any more. What happened before is not told.
    Link(Link),
    /// Something happened, and this is how things are since.
    Event(Box<Event>, Box<Known>),
    /// The PIN of a card, as the card told.
    Pin(String, PinState),
}

/// Keeps the line up for ever, in the language of the moment.
pub(crate) async fn keep(mut language: watch::Receiver<Language>, heard: UnboundedSender<Heard>) {
    let (first, longest) = AGAIN;
    let mut pause = first;
    loop {
        let spoken = *language.borrow_and_update();
        let ended = tokio::select! {
            ended = listen(spoken, &heard, &mut pause) => ended,
            // What the agent words is asked for afresh.
            _ = language.changed() => continue,
        };
        let link = match ended {
            Err(ClientError::Version { .. }) => Link::Foreign,
            Ok(()) | Err(_) => Link::Absent,
        };
        if heard.send(Heard::Link(link)).is_err() {
            return;
        }
        tokio::time::sleep(pause).await;
        pause = pause.saturating_mul(2).min(longest);
    }
}

/// Listens until the agent ends.
async fn listen(
    language: Language,
    heard: &UnboundedSender<Heard>,
    pause: &mut Duration,
) -> Result<(), ClientError> {
    let mut events = Agent::connect(language.tag()).await?.events().await?;
    let mut agent = Agent::connect(language.tag()).await?;
    let mut known = look(&mut agent).await?;
    *pause = AGAIN.0;
    known.services = agent.services().await.unwrap_or_default();
    ask_pins(&known, language, heard);
    let _nobody = heard.send(Heard::Link(Link::Up(Box::new(known.clone()))));
    while let Some(news) = events.next().await? {
        let services = std::mem::take(&mut known.services);
        known = Known { services, ..look(&mut agent).await? };
        match news {
            News::Event(event) => {
                if tells_of_pins(&event) {
                    ask_pins(&known, language, heard);
                }
                let _nobody = heard.send(Heard::Event(Box::new(event), Box::new(known.clone())));
            }
            News::Lost => {
                ask_pins(&known, language, heard);
                let _nobody = heard.send(Heard::Link(Link::Up(Box::new(known.clone()))));
            }
        }
    }
    Ok(())
}

async fn look(agent: &mut Agent) -> Result<Known, ClientError> {
    let status = agent.status().await?;
    let login = agent.login_progress().await?;
    let waiting = agent.waiting().await?;
    Ok(Known { status, login, services: Vec::new(), waiting })
}

/// Events after which a card may count its tries differently.
fn tells_of_pins(event: &Event) -> bool {
    matches!(
        (event.topic.as_str(), event.what.as_str()),
        ("card", "inserted" | "changed") | ("login", "done" | "failed") | ("prompt", "closed")
    )
}

/// Asks each card for the state of its PIN, which spends no try. Apart from everything else: a card may be at work for as
/// long as its person thinks about a PIN.
fn ask_pins(known: &Known, language: Language, heard: &UnboundedSender<Heard>) {
    for card in &known.status.cards {
        if matches!(card.kind.as_str(), "token" | "cps3-contactless") {
            continue;
        }
        let (serial, heard) = (card.serial.clone(), heard.clone());
        tokio::spawn(async move {
            let asked = async { Agent::connect(language.tag()).await?.pin_state(&serial).await };
            // A card that left meanwhile has no PIN any more.
            if let Ok(pin) = asked.await {
                let _nobody = heard.send(Heard::Pin(serial, pin));
            }
        });
    }
}
