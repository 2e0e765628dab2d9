//! One conversation with the agent: commands in, answers and questions out. It reads nothing, shows nothing, waits for
//! nothing.
//!
//! What an argument says is shown or the command is refused; a question that lost its text in that way is not asked,
//! since it would not say who asks for what.

use crate::{
    NoAnswer, Secret,
    assuan::{Refusal, data, decoded},
};
use std::time::Duration;
use zeroize::Zeroizing;

/// Longest time a question stays, and how long one does that names no time or none that ends.
pub const LONGEST: Duration = Duration::from_secs(600);

/// What a person is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is wanted.
    pub kind: Kind,
    /// Title of the window.
    pub title: String,
    /// Who asks, for what, and what is at stake.
    pub description: String,
    /// Before the field.
    pub label: String,
    /// What went wrong before.
    pub error: Option<String>,
    /// Button that goes on.
    pub ok: String,
    /// Button that gives up.
    pub cancel: String,
    /// How long the question stays.
    pub time: Duration,
}

/// What an answer consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something typed.
    Secret,
    /// A yes.
    Consent,
    /// That it was read.
    Notice,
}

/// What follows from a line.
pub enum Step {
    /// This is said.
    Say(Zeroizing<Vec<u8>>),
    /// This is said, and the conversation is over.
    Leave(Zeroizing<Vec<u8>>),
    /// This is asked, and [`typed`] or [`agreed`] said.
    Ask(Question),
}

/// What was said so far.
#[derive(Debug)]
pub struct Dialogue {
    title: String,
    description: String,
    label: String,
    error: Option<String>,
    ok: String,
    cancel: String,
    time: Duration,
    /// This process, for who asks.
    pid: u32,
}

/// The answer to a question for something typed; nothing when nobody listens any more.
#[must_use]
pub fn typed(answer: Result<Secret, NoAnswer>) -> Option<Zeroizing<Vec<u8>>> {
    match answer {
        Ok(secret) => Some(data(&secret).unwrap_or_else(Refusal::line)),
        Err(why) => refusal(why, Refusal::Cancelled),
    }
}

/// The answer to a question for a yes.
#[must_use]
pub fn agreed(answer: Result<(), NoAnswer>) -> Option<Zeroizing<Vec<u8>>> {
    match answer {
        Ok(()) => Some(ok()),
        Err(why) => refusal(why, Refusal::NotConfirmed),
    }
}

fn refusal(why: NoAnswer, declined: Refusal) -> Option<Zeroizing<Vec<u8>>> {
    let refusal = match why {
        NoAnswer::Declined => declined,
        NoAnswer::TimedOut => Refusal::TimedOut,
        NoAnswer::NoWindow => Refusal::NoWindow,
        NoAnswer::Withdrawn => return None,
    };
    Some(refusal.line())
}

fn ok() -> Zeroizing<Vec<u8>> {
    Zeroizing::new(b"OK\n".to_vec())
}

impl Dialogue {
    /// Nothing was said yet. `pid` is the number of this process.
    #[must_use]
    pub fn new(pid: u32) -> Self {
        Self {
            title: "CPS".to_owned(),
            description: String::new(),
            label: String::new(),
            error: None,
            ok: "OK".to_owned(),
            cancel: "Cancel".to_owned(),
            time: LONGEST,
            pid,
        }
    }

    /// The first line.
    #[must_use]
    pub fn greeting() -> &'static [u8] {
        b"OK cps-prompter\n"
    }

    /// Takes a line, without its end.
    pub fn hear(&mut self, line: &[u8]) -> Step {
        self.step(line).unwrap_or_else(|refusal| Step::Say(refusal.line()))
    }

    fn step(&mut self, line: &[u8]) -> Result<Step, Refusal> {
        let mut parts = line.splitn(2, |byte| *byte == b' ');
        let command = parts.next().unwrap_or_default().to_ascii_uppercase();
        let argument = parts.next().unwrap_or_default();
        match command.as_slice() {
            b"SETTITLE" => set(&mut self.title, one_line(argument))?,
            b"SETDESC" => set(&mut self.description, text(argument))?,
            b"SETPROMPT" => set(&mut self.label, one_line(argument))?,
            b"SETERROR" => self.error = Some(text(argument)?).filter(|error| !error.is_empty()),
            b"SETOK" => set(&mut self.ok, one_line(argument))?,
            b"SETCANCEL" => set(&mut self.cancel, one_line(argument))?,
            b"SETTIMEOUT" => self.time = time(argument)?,
            b"RESET" => *self = Self::new(self.pid),
            // What these set has no part here: no key ring, no terminal, and the language is that of the texts.
            b"OPTION" | b"SETKEYINFO" | b"NOP" => {}
            b"GETPIN" => return self.ask(Kind::Secret),
            b"CONFIRM" if argument == b"--one-button" => return self.ask(Kind::Notice),
            b"CONFIRM" => return self.ask(Kind::Consent),
            b"MESSAGE" => return self.ask(Kind::Notice),
            b"GETINFO" => {
                let info = match argument {
                    b"pid" => self.pid.to_string(),
                    b"version" => env!("CARGO_PKG_VERSION").to_owned(),
                    b"flavor" => "cps".to_owned(),
                    _ => return Err(Refusal::Syntax),
                };
                return Ok(Step::Say(Zeroizing::new(format!("D {info}\nOK\n").into_bytes())));
            }
            b"BYE" => return Ok(Step::Leave(Zeroizing::new(b"OK closing connection\n".to_vec()))),
            // An empty line or a comment is no command, and gets no answer.
            b"" => return Ok(Step::Say(Zeroizing::new(Vec::new()))),
            [b'#', ..] => return Ok(Step::Say(Zeroizing::new(Vec::new()))),
            _ => return Err(Refusal::UnknownCommand),
        }
        Ok(Step::Say(ok()))
    }

    fn ask(&mut self, kind: Kind) -> Result<Step, Refusal> {
        // What went wrong before belongs to one question, asked or not.
        let error = self.error.take();
        if self.description.is_empty() {
            return Err(Refusal::NoText);
        }
        Ok(Step::Ask(Question {
            kind,
            title: self.title.clone(),
            description: self.description.clone(),
            label: self.label.clone(),
            error,
            ok: self.ok.clone(),
            cancel: self.cancel.clone(),
            time: self.time,
        }))
    }
}

/// A text that cannot be read leaves none: an older one would speak of something else.
fn set(place: &mut String, text: Result<String, Refusal>) -> Result<(), Refusal> {
    place.clear();
    *place = text?;
    Ok(())
}

/// A text as windows show it: no control character in it but line ends, above all none that ends a string of C.
fn text(argument: &[u8]) -> Result<String, Refusal> {
    let decoded = decoded(argument)?.replace("\r\n", "\n");
    Ok(decoded.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect())
}

fn one_line(argument: &[u8]) -> Result<String, Refusal> {
    Ok(text(argument)?.replace('\n', " "))
}

/// A number of seconds; 0 means no end in the protocol, and the longest time here.
fn time(argument: &[u8]) -> Result<Duration, Refusal> {
    let seconds = std::str::from_utf8(argument).ok().and_then(|text| text.trim().parse().ok());
    let time = Duration::from_secs(seconds.ok_or(Refusal::Syntax)?);
    Ok(if time.is_zero() { LONGEST } else { time.min(LONGEST) })
}

#[cfg(test)]
mod tests;
