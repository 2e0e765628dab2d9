//! `cps-sandbox demo`: one card becomes a login, in one process, told step by step with what was measured.

mod story;
mod words;

use crate::{
    agent::Agent,
    browser::Browser,
    card::CardHandle,
    relying_party::{
        Accepted, Registration, RelyingParty,
        app::{App, Outcome, Place},
    },
    up::Interruption,
    workstation::{CardWish, Readers, Transport, Workstation},
};
use cps_agent_api::{client::Agent as Control, words as api};
use std::{
    path::Path,
    time::{Duration, Instant},
};
use story::Story;
use tokio::sync::mpsc;
use words::Language;

/// How long any step may take before the demonstration gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Flags of `demo`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The card: cps3 or cps4, with `:nurse` or `:pharmacist` after it for another person
    #[arg(long, default_value = "cps3")]
    card: String,

    /// Stay up afterwards, for a browser and for `cps`
    #[arg(long)]
    keep: bool,
}

/// Tells the whole story.
///
/// # Errors
/// A sentence for the person who started it.
pub async fn run(arguments: Arguments) -> Result<(), String> {
    let wish: CardWish = arguments.card.parse()?;
    let program = std::env::current_exe().map_err(|error| format!("this program has no path: {error}"))?;
    let mut story = Story::new(Language::of_locale(|name| std::env::var(name).ok()), std::io::stdout());
    tell(wish, arguments.keep, &program, &mut story).await
}

async fn tell<W: std::io::Write>(
    wish: CardWish,
    keep: bool,
    program: &Path,
    story: &mut Story<W>,
) -> Result<(), String> {
    let failed = |error: &dyn std::error::Error| with_causes(error);
    story.opening()?;
    // The reader is empty at first, so that the insertion can be watched.
    let empty: CardWish = "none".parse()?;
    let workstation =
        Workstation::new(&[empty], Transport::InProcess, program).await.map_err(|e| failed(&e))?;
    let config = workstation.settings(Some(0)).map_err(|e| failed(&e))?;
    let readers = match &workstation.readers {
        Readers::InProcess(readers) => readers.clone(),
        #[cfg(target_os = "linux")]
        Readers::Pcscd(_) => return Err("the demonstration runs in one process".to_owned()),
    };
    let started = Instant::now();
    let agent = Agent::start(&config, workstation.folder(), readers).await.map_err(|e| failed(&e))?;
    story.workstation(&workstation, agent.issuer(), started.elapsed())?;

    let mut control =
        Control::connect_to(agent.control_socket(), story.language()).await.map_err(|e| failed(&e))?;
    let inserted = Instant::now();
    workstation.put(0, Some(wish)).map_err(|e| failed(&e))?;
    let card = workstation.card(0).ok_or("the demonstration needs a card: cps3 or cps4")?;
    let shown = recognised(&mut control, &card).await?;
    story.card(&shown, &card, inserted.elapsed())?;

    card.counters().clear();
    let (outcomes, mut ended) = mpsc::channel(4);
    let first = application(&mut control, "demo-dpi", "Dossier patient", outcomes.clone()).await?;
    story.registered("demo-dpi", agent.issuer())?;
    let begun = Instant::now();
    let (accepted, way) = login(&first, &mut ended, story.language()).await?;
    let took = begun.elapsed();
    story.walk(&way, agent.issuer())?;
    story.prompt(workstation.person.questions().last())?;
    story.signed(&card)?;
    story.upstream(&workstation.upstream.handle(), workstation.upstream.issuer())?;
    story.accepted(&accepted, took)?;
    let begun = Instant::now();
    let renewed = first.party.refresh(&accepted).await.map_err(|e| failed(&e))?;
    story.renewed(&renewed, begun.elapsed())?;

    card.counters().clear();
    let prompts = workstation.person.questions().len();
    let second = application(&mut control, "demo-agenda", "Agenda", outcomes).await?;
    let begun = Instant::now();
    let (again, _) = login(&second, &mut ended, story.language()).await?;
    let asked = workstation.person.questions().len() - prompts;
    story.second(&again, asked, card.counters().commands(), begun.elapsed())?;

    if keep {
        let interruption = Interruption::new()?;
        story.keep(first.app.address(), agent.control_socket(), agent.issuer(), card.holder())?;
        interruption.wait().await;
    } else {
        workstation.take(0).map_err(|e| failed(&e))?;
        gone(&mut control).await?;
        let refused = first.party.refresh(&renewed).await.err();
        story.removed(refused.as_ref())?;
    }
    agent.stop().await;
    story.end()
}

/// An application of the workstation.
struct Application {
    app: App,
    /// The same client once more, for calls without a page.
    party: RelyingParty,
}

/// Registers an application over the control door, as `cps client add` does, and starts it.
async fn application(
    control: &mut Control,
    id: &str,
    name: &str,
    outcomes: mpsc::Sender<Outcome>,
) -> Result<Application, String> {
    let place = Place::take().await.map_err(|error| with_causes(&error))?;
    let client = api::Client {
        client_id: id.to_owned(),
        name: Some(name.to_owned()),
        redirect_uris: vec![place.redirect_uri()],
        confidential: true,
        scopes: ["openid", "profile", "scope_all"].map(str::to_owned).to_vec(),
        claims: ["SubjectNameID", "given_name", "family_name", "SubjectRefPro"].map(str::to_owned).to_vec(),
        ..api::Client::default()
    };
    let registered = control.add_client(&client).await.map_err(|error| with_causes(&error))?;
    let registration = Registration {
        issuer: registered.issuer.ok_or("the agent's bridge is closed")?,
        client_id: registered.client_id,
        client_secret: registered.client_secret,
        redirect_uri: place.redirect_uri(),
        scopes: vec!["profile".to_owned(), "scope_all".to_owned()],
        acr_values: None,
    };
    let browser = Browser::new(&[]).map_err(|error| with_causes(&error))?;
    let discover = async || RelyingParty::discover(browser.clone(), registration.clone()).await;
    let party = discover().await.map_err(|error| with_causes(&error))?;
    let pages = discover().await.map_err(|error| with_causes(&error))?;
    Ok(Application { app: App::start(place, pages, outcomes), party })
}

/// A person opens the application's login page; returns what it accepted and the addresses on the way.
async fn login(
    application: &Application,
    ended: &mut mpsc::Receiver<Outcome>,
    language: &'static str,
) -> Result<(Accepted, Vec<url::Url>), String> {
    let browser = Browser::new(&[]).map_err(|error| with_causes(&error))?.reading(language);
    let visit =
        browser.open(&application.app.login(), PATIENCE).await.map_err(|error| with_causes(&error))?;
    match ended.try_recv() {
        Ok(outcome) => Ok((outcome.map_err(|error| with_causes(&error))?, visit.way)),
        Err(_) => {
            Err(format!("the browser stayed at {} (status {}):\n{}", visit.url, visit.status, visit.body))
        }
    }
}

/// Waits until the agent shows the card with its holder.
async fn recognised(control: &mut Control, card: &CardHandle) -> Result<api::Card, String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let cards = control.cards().await.map_err(|error| with_causes(&error))?;
        match cards.into_iter().find(|shown| shown.serial == card.serial()) {
            Some(shown) if shown.holder.is_some() || shown.problem.is_some() => return Ok(shown),
            _ if Instant::now() > deadline => return Err("the agent does not see the card".to_owned()),
            _ => tokio::time::sleep(Duration::from_millis(2)).await,
        }
    }
}

/// Waits until the agent has no session.
async fn gone(control: &mut Control) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    while control.session().await.map_err(|error| with_causes(&error))?.is_some() {
        if Instant::now() > deadline {
            return Err("the session outlived its card".to_owned());
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
