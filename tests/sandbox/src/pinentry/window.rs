//! The window of the scripted person: the protocol is that of the agent's own prompter, with a script for a person.

use super::script::{self, Answer, Question};
use cps_prompter::{Asker, NoAnswer, Secret, Window, dialogue};
use std::{
    io::{self, Read, Write},
    path::Path,
};

/// Speaks to the agent on standard input and output until it says goodbye; the script lies in `folder`.
///
/// # Errors
/// When a pipe breaks or the script cannot be read.
pub fn serve(folder: &Path, input: impl Read + Send + 'static, output: impl Write) -> io::Result<()> {
    let mut window = Script { folder, fault: None };
    cps_prompter::serve(input, output, &mut window)?;
    window.fault.map_or(Ok(()), Err)
}

/// A window that answers as the script in its folder says.
struct Script<'a> {
    folder: &'a Path,
    /// Why the script could not be followed.
    fault: Option<io::Error>,
}

impl Window for Script<'_> {
    fn secret(&mut self, question: &dialogue::Question, asker: &Asker) -> Result<Secret, NoAnswer> {
        let (answer, pin) = self.next(question, "GETPIN")?;
        let typed = match answer {
            Answer::Type(text) => Some(text),
            // A person who does not know the card closes the prompt rather than spend a try.
            Answer::RightPin => pin,
            Answer::WrongPin => pin.map(|pin| wrong(&pin)),
            Answer::Cancel => None,
            Answer::Wait => return Err(stay(asker)),
        };
        typed.map(|text| Secret::from_text(&text)).ok_or(NoAnswer::Declined)
    }

    fn consent(&mut self, question: &dialogue::Question, asker: &Asker) -> Result<(), NoAnswer> {
        match self.next(question, "CONFIRM")?.0 {
            Answer::Cancel => Err(NoAnswer::Declined),
            Answer::Wait => Err(stay(asker)),
            _ => Ok(()),
        }
    }
}

impl Script<'_> {
    /// Takes the next answer from the script and writes the question down; the PIN is that of the card it names.
    fn next(
        &mut self,
        question: &dialogue::Question,
        kind: &str,
    ) -> Result<(Answer, Option<String>), NoAnswer> {
        let mut question = Question {
            kind: kind.to_owned(),
            title: question.title.clone(),
            description: question.description.clone(),
            prompt: question.label.clone(),
            error: question.error.clone(),
            answer: String::new(),
        };
        let taken = script::change(self.folder, |script| {
            let answer = script.queue.pop_front().unwrap_or_else(|| script.always.clone());
            (answer, script.pin(&question).map(str::to_owned))
        });
        let recorded = taken.and_then(|(answer, pin)| {
            answer.name().clone_into(&mut question.answer);
            script::record(self.folder, &question)?;
            Ok((answer, pin))
        });
        recorded.map_err(|error| {
            self.fault = Some(error);
            NoAnswer::NoWindow
        })
    }
}

/// Nothing until the agent closes the pipe or ends the process.
fn stay(asker: &Asker) -> NoAnswer {
    asker.wait_until_gone();
    NoAnswer::Withdrawn
}

/// Every digit one higher.
fn wrong(pin: &str) -> String {
    pin.chars()
        .map(|digit| digit.to_digit(10).and_then(|d| char::from_digit((d + 1) % 10, 10)).unwrap_or('x'))
        .collect()
}
