//! A scripted person at the PIN prompt: a pinentry program that answers as a script says.
//!
//! The program is `cps-sandbox` itself, started under the name `pinentry` through a symbolic link in a folder of its
//! own; the script lies beside the link, so that several agents have several people. [`Person`] writes the script and
//! reads what was asked; [`serve`] is the program, and speaks by the code of `cps-prompter`: every prompt of every test is
//! one between the agent's client and the prompter's protocol.
//!
//! A PIN appears in the script and on the pipe to the agent, never in the record of the questions.

mod script;
#[cfg(test)]
mod tests;
mod window;

pub use script::{Answer, Question};
pub use window::serve;

use crate::card::CardHandle;
use script::Script;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Name of the link; a program started under this name is the prompt.
pub const PROGRAM: &str = "pinentry";

/// The scripted person of one agent.
#[derive(Debug, Clone)]
pub struct Person {
    folder: PathBuf,
}

/// A person who has not answered yet.
#[derive(Debug)]
pub struct Thinking {
    /// Locked: the prompt waits for it before it answers.
    _script: fs::File,
}

impl Person {
    /// Puts the link and the script into a folder. `program` is the `cps-sandbox` binary.
    ///
    /// Left alone the person types the PIN of the card that the question names, and says yes to everything else.
    ///
    /// # Errors
    /// When the folder cannot be written, or already has a person.
    pub fn new(folder: &Path, program: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        #[cfg(unix)]
        std::os::unix::fs::symlink(program, folder.join(PROGRAM))?;
        #[cfg(not(unix))]
        fs::copy(program, folder.join(PROGRAM).with_extension("exe"))?;
        let person = Self { folder: folder.to_owned() };
        script::write(folder, &Script::default())?;
        Ok(person)
    }

    /// The program for `pin.pinentry`.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.folder.join(PROGRAM)
    }

    /// The person knows the PIN of a card.
    ///
    /// # Errors
    /// When the script cannot be written; the same for the other calls.
    pub fn knows(&self, card: &CardHandle) -> io::Result<()> {
        script::change(&self.folder, |script| {
            script.cards.insert(card.serial().to_owned(), card.pin());
        })
    }

    /// Answers the next question that has no answer yet.
    ///
    /// # Errors
    /// When the script cannot be written.
    pub fn next(&self, answer: Answer) -> io::Result<()> {
        script::change(&self.folder, |script| script.queue.push_back(answer))
    }

    /// Answers every question after those that have an answer.
    ///
    /// # Errors
    /// When the script cannot be written.
    pub fn always(&self, answer: Answer) -> io::Result<()> {
        script::change(&self.folder, |script| script.always = answer)
    }

    /// The person thinks: no question is answered, nor in the record, until what is returned is dropped. The script
    /// cannot be changed meanwhile either.
    ///
    /// # Errors
    /// When the script cannot be read.
    pub fn thinks(&self) -> io::Result<Thinking> {
        script::held(&self.folder).map(|script| Thinking { _script: script })
    }

    /// Every question shown so far, the one that is open now included.
    #[must_use]
    pub fn questions(&self) -> Vec<Question> {
        script::questions(&self.folder)
    }
}
