//! `cps pkcs11`: other programs are told of the PKCS#11 module, or told no more. The agent need not run for it.

use crate::{
    args::Pkcs11Command,
    error::Error,
    module::{self, Unfit},
    output::Output,
    registration::{self, By, Place, Scope, State, Use},
    text::value,
};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The answer of each of the three commands.
#[derive(Serialize)]
struct Answer<'a> {
    module: Option<Module<'a>>,
    places: &'a [Place],
    #[serde(skip_serializing_if = "Option::is_none")]
    r#use: Option<Use>,
}

/// The module as a file.
#[derive(Serialize)]
struct Module<'a> {
    file: &'a Path,
    /// Why no program is told of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'static str>,
}

pub(super) fn run(command: &Pkcs11Command, output: &mut Output) -> Result<(), Error> {
    let (named, system) = match command {
        Pkcs11Command::Install { module, no_system } => (module.as_deref(), !no_system),
        Pkcs11Command::Remove { no_system } => (None, !no_system),
        Pkcs11Command::Status { module, no_system } => (module.as_deref(), !no_system),
    };
    let scope = Scope::of_caller(system).ok_or(Error::NoHome)?;
    if let Some(folder) = scope.of_another() {
        return Err(Error::OtherHome(folder));
    }
    let module = module::find(named).map(|module| scope.named(module));
    let problem = module.as_deref().and_then(|module| scope.check(module).err());
    match command {
        Pkcs11Command::Install { .. } => {
            let module = loadable(module, problem)?;
            let places = registration::install(&scope, &module).map_err(Error::Record)?;
            told(&scope, Some(&module), None, &places, output)?;
            judged(places, |place| matches!(place.state, State::Registered | State::Unreachable))
        }
        Pkcs11Command::Remove { .. } => {
            let places = registration::remove(&scope, module.as_deref()).map_err(Error::Record)?;
            told(&scope, None, None, &places, output)?;
            // What somebody else registered is theirs: it is named, and that is all.
            judged(places, |place| {
                !matches!(place.state, State::Changed | State::Failed) && place.by != Some(By::Cps)
            })
        }
        Pkcs11Command::Status { .. } => {
            let places = registration::status(&scope, module.as_deref()).map_err(Error::Record)?;
            told(&scope, module.as_deref(), problem.as_ref(), &places, output)?;
            loadable(module, problem).map(drop)
        }
    }
}

/// The module, if programs may be told of it.
fn loadable(module: Option<PathBuf>, problem: Option<Unfit>) -> Result<PathBuf, Error> {
    let module = module.ok_or(Error::NoModule)?;
    match problem {
        None => Ok(module),
        Some(problem) => Err(Error::Module(module, problem)),
    }
}

fn judged(places: Vec<Place>, done: impl Fn(&Place) -> bool) -> Result<(), Error> {
    let left: Vec<_> = places.into_iter().filter(|place| !done(place)).collect();
    if left.is_empty() { Ok(()) } else { Err(Error::Places(left)) }
}

fn told(
    scope: &Scope,
    module: Option<&Path>,
    problem: Option<&Unfit>,
    places: &[Place],
    output: &mut Output,
) -> Result<(), Error> {
    let lines = module.map(|module| registration::uses(scope, module));
    let shown = module.map(|file| Module { file, problem: problem.map(Unfit::code) });
    let answer = Answer { module: shown, places, r#use: lines };
    output.answer(&answer, |output| {
        if let Some(module) = module {
            output.field("field-module", &module.display().to_string())?;
        }
        for place in places {
            let state = words(place, output);
            output.field("field-store", &format!("{}: {state}", place.place))?;
        }
        for (name, line) in answer.r#use.iter().flat_map(Use::lines) {
            output.field(name, line)?;
        }
        if places.is_empty() {
            output.note("pkcs11-nothing");
        }
        if places.iter().any(|place| place.running) {
            output.note("pkcs11-running");
        }
        places
            .iter()
            .filter(|place| place.state == State::Unreachable)
            .for_each(|place| advised(place, output));
        Ok(())
    })
}

/// What is in a place, for people.
fn words(place: &Place, output: &Output) -> String {
    let texts = output.texts();
    let state = match (place.state, place.by) {
        (State::Registered, Some(By::System)) => "place-registered-system",
        (State::Registered, Some(By::Other)) => "place-registered-other",
        (State::Registered, _) => "place-registered",
        (State::Absent, _) => "place-absent",
        (State::Stale, _) => "place-stale",
        (State::Foreign, _) => "place-foreign",
        (State::Changed, _) => "place-changed",
        (State::Unreachable, _) => "place-unreachable",
        (State::Failed, _) => "place-failed",
        (State::Unreadable, _) => "place-unreadable",
    };
    let named = [
        ("who", value(texts.get(&format!("program-{}", place.kind)))),
        ("module", value(place.module.clone().unwrap_or_default())),
        ("why", value(place.reason.clone().unwrap_or_default())),
        ("wall", value(place.wall.unwrap_or_default())),
    ];
    let running = if place.running { texts.get("place-running") } else { String::new() };
    format!("{}{running}", texts.with(state, &named))
}

/// What helps where a browser stands behind a wall.
fn advised(place: &Place, output: &mut Output) {
    let message = match (place.wall, &place.command) {
        (Some("flatpak"), Some(command)) => {
            output.texts().with("pkcs11-flatpak", &[("command", value(command.as_str()))])
        }
        (Some("flatpak"), None) => output.texts().get("pkcs11-flatpak-home"),
        _ => output.texts().get("pkcs11-snap"),
    };
    output.advise(&message);
}
