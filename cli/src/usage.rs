//! Help and usage errors in the person's language: gives every command its texts, and words what clap refuses.

use crate::{
    args::{Args, Lang},
    text::{Texts, value},
};
use clap::{
    Arg, ArgAction, Command, CommandFactory as _, FromArgMatches as _,
    error::{ContextKind, ContextValue, ErrorKind},
};
use std::{ffi::OsString, io::Write as _, process::ExitCode};

/// Exit code of wrong usage.
const USAGE: u8 = 2;

/// Reads the command line. The error is the exit code of a run that ends here: help, version, or wrong usage.
pub(crate) fn read(line: Vec<OsString>) -> Result<(Args, Texts), ExitCode> {
    let texts = Texts::of(language_flag(&line));
    let mut command = localised(&texts);
    let parsed = command.try_get_matches_from_mut(line).and_then(|matches| Args::from_arg_matches(&matches));
    match parsed {
        Ok(args) => Ok((args, texts)),
        Err(error) => Err(leave(&error, &texts)),
    }
}

/// The language must be known before the line is parsed, since parsing may print help.
fn language_flag(line: &[OsString]) -> Option<Lang> {
    let mut words = line.iter().skip(1).map(|word| word.to_string_lossy());
    while let Some(word) = words.next() {
        let named = match word.strip_prefix("--lang") {
            Some("") => words.next()?.into_owned(),
            Some(rest) => rest.strip_prefix('=')?.to_owned(),
            None => continue,
        };
        return match named.as_str() {
            "fr" => Some(Lang::Fr),
            "en" => Some(Lang::En),
            _ => None,
        };
    }
    None
}

/// The command with its help in one language.
pub(crate) fn localised(texts: &Texts) -> Command {
    let command = Args::command().disable_version_flag(true).arg(
        Arg::new("version")
            .long("version")
            .short('V')
            .action(ArgAction::Version)
            .help(texts.get("arg-version"))
            .help_heading(texts.get("help-options")),
    );
    dress(command, "", texts)
}

/// Gives a command, its arguments and its subcommands their texts: `cmd-…` is the line, `more-…` the page.
fn dress(command: Command, path: &str, texts: &Texts) -> Command {
    let here = |kind: &str| format!("{kind}{path}");
    let heading = texts.get("help-options");
    let usage = texts.get("help-usage");
    let template = format!("{{about-with-newline}}\n{usage} {{usage}}\n\n{{all-args}}{{after-help}}");
    let mut command = command
        .color(clap::ColorChoice::Never)
        .about(texts.get(&here("cmd")))
        .after_long_help(texts.get(&here("more")))
        .help_template(template)
        .subcommand_help_heading(texts.get("help-commands"))
        .subcommand_value_name(texts.get("help-command"))
        .disable_help_flag(true)
        .mut_args(|arg| {
            let own = format!("arg{path}-{}", arg.get_id());
            let shared = format!("arg-{}", arg.get_id());
            let words = texts.find(&own).unwrap_or_else(|| texts.get(&shared));
            let heading = if arg.is_positional() { texts.get("help-arguments") } else { heading.clone() };
            arg.help(words).help_heading(heading)
        })
        .arg(
            Arg::new("help")
                .long("help")
                .short('h')
                .action(ArgAction::Help)
                .help(texts.get("arg-help"))
                .help_heading(heading.clone()),
        );
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        let below = format!("{path}-{name}");
        command = command.mut_subcommand(name, |sub| dress(sub, &below, texts));
    }
    command
}

/// Prints help or a usage error, and says how to leave.
fn leave(error: &clap::Error, texts: &Texts) -> ExitCode {
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if asked {
        // A reader that hangs up (`cps --help | head -1`) is no trouble.
        let _ = write!(std::io::stdout(), "{}", error.render());
        return ExitCode::SUCCESS;
    }
    let shown = if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        error.render().to_string()
    } else {
        format!("{}\n{}\n", worded(error, texts), texts.get("usage-hint"))
    };
    let _ = write!(std::io::stderr(), "{shown}");
    ExitCode::from(USAGE)
}

/// What clap refuses, in our words.
fn worded(error: &clap::Error, texts: &Texts) -> String {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let argument = context(ContextKind::InvalidArg);
    match error.kind() {
        ErrorKind::UnknownArgument => texts.with("usage-unknown", &[("what", value(argument))]),
        ErrorKind::InvalidSubcommand => {
            texts.with("usage-command", &[("what", value(context(ContextKind::InvalidSubcommand)))])
        }
        ErrorKind::MissingRequiredArgument => texts.with("usage-missing", &[("what", value(argument))]),
        ErrorKind::MissingSubcommand => texts.get("usage-no-command"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let given = context(ContextKind::InvalidValue);
            let allowed = context(ContextKind::ValidValue);
            if given.is_empty() {
                texts.with("usage-no-value", &[("what", value(argument))])
            } else if allowed.is_empty() {
                texts.with("usage-value", &[("what", value(argument)), ("given", value(given))])
            } else {
                let named = [("what", value(argument)), ("given", value(given)), ("allowed", value(allowed))];
                texts.with("usage-value-of", &named)
            }
        }
        ErrorKind::ArgumentConflict => texts.with("usage-twice", &[("what", value(argument))]),
        _ => texts.get("usage-other"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every(command: &Command, path: &str, see: &mut impl FnMut(&Command, &str)) {
        see(command, path);
        for sub in command.get_subcommands() {
            every(sub, &format!("{path}-{}", sub.get_name()), see);
        }
    }

    #[test]
    fn every_command_and_argument_is_explained_in_both_languages() {
        for lang in [Lang::Fr, Lang::En] {
            let texts = Texts::of(Some(lang));
            every(&localised(&texts), "", &mut |command, path| {
                for name in ["cmd", "more"].map(|kind| format!("{kind}{path}")) {
                    assert!(texts.find(&name).is_some(), "{name} is missing");
                }
                for arg in command.get_arguments() {
                    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                    assert!(
                        !help.is_empty() && !help.starts_with("arg-"),
                        "{path} {} has no help",
                        arg.get_id()
                    );
                }
            });
        }
    }

    #[test]
    fn every_example_of_the_help_can_be_typed() {
        for lang in [Lang::Fr, Lang::En] {
            let texts = Texts::of(Some(lang));
            let mut seen = 0;
            every(&localised(&texts), "", &mut |_, path| {
                let page = texts.get(&format!("more{path}"));
                for example in page.lines().map(str::trim).filter(|line| line.starts_with("cps ")) {
                    let words: Vec<&str> = example.split(" | ").next().unwrap().split(' ').collect();
                    localised(&texts)
                        .try_get_matches_from(words)
                        .unwrap_or_else(|e| panic!("{example}: {e}"));
                    seen += 1;
                }
            });
            assert!(seen >= 20, "only {seen} examples");
        }
    }

    #[test]
    fn the_language_is_found_before_parsing() {
        let find = |line: &[&str]| language_flag(&line.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(find(&["cps", "status", "--lang", "en"]), Some(Lang::En));
        assert_eq!(find(&["cps", "--lang=fr", "status"]), Some(Lang::Fr));
        assert_eq!(find(&["cps", "status", "--lang"]), None);
        assert_eq!(find(&["cps", "status"]), None);
    }
}
