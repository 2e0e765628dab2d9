//! The script of a person and the record of the questions, as files: the prompt is a new process for each question.

use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, VecDeque},
    fs::{File, OpenOptions},
    io::{self, Read, Seek, Write},
    path::Path,
};

const SCRIPT: &str = "script.json";
const RECORD: &str = "questions.jsonl";

/// What the person does with one question.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Types the PIN of the card whose serial number the question names; says yes where nothing is to be typed.
    #[default]
    RightPin,
    /// Types a PIN of the same length that is wrong.
    WrongPin,
    /// Types this: a new PIN, a PUK, a passphrase.
    Type(String),
    /// Closes the prompt.
    Cancel,
    /// Leaves the prompt open until it is withdrawn.
    Wait,
}

/// A question as the person saw it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Question {
    /// `GETPIN` or `CONFIRM`.
    pub kind: String,
    /// Window title.
    pub title: String,
    /// Text.
    pub description: String,
    /// Label of the field.
    pub prompt: String,
    /// What went wrong before.
    pub error: Option<String>,
    /// What the person does, without what is typed.
    pub answer: String,
}

/// What a person will do.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Script {
    /// PIN by serial number of the card.
    pub(super) cards: BTreeMap<String, String>,
    /// Answers to the next questions.
    pub(super) queue: VecDeque<Answer>,
    /// Answer to all later ones.
    pub(super) always: Answer,
}

pub(super) fn write(folder: &Path, script: &Script) -> io::Result<()> {
    let mut file = File::create_new(folder.join(SCRIPT))?;
    file.write_all(&serde_json::to_vec(script)?)
}

/// Reads, changes and writes the script back under a lock, since person and prompt are two processes.
pub(super) fn change<T>(folder: &Path, change: impl FnOnce(&mut Script) -> T) -> io::Result<T> {
    let mut file = OpenOptions::new().read(true).write(true).open(folder.join(SCRIPT))?;
    file.lock()?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let mut script: Script = serde_json::from_str(&text)?;
    let result = change(&mut script);
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(&serde_json::to_vec(&script)?)?;
    Ok(result)
}

/// The script under its lock, for as long as the file is open.
pub(super) fn held(folder: &Path) -> io::Result<File> {
    let file = File::open(folder.join(SCRIPT))?;
    file.lock()?;
    Ok(file)
}

/// Writes a question down before it is answered, so that an open prompt can be seen.
pub(super) fn record(folder: &Path, question: &Question) -> io::Result<()> {
    let mut line = serde_json::to_vec(question)?;
    line.push(b'\n');
    OpenOptions::new().append(true).create(true).open(folder.join(RECORD))?.write_all(&line)
}

pub(super) fn questions(folder: &Path) -> Vec<Question> {
    let text = std::fs::read_to_string(folder.join(RECORD)).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

impl Answer {
    /// The name of the answer, without what is typed.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::RightPin => "right-pin",
            Self::WrongPin => "wrong-pin",
            Self::Type(_) => "type",
            Self::Cancel => "cancel",
            Self::Wait => "wait",
        }
    }
}

impl Script {
    /// The PIN of the card that a question names, when it names exactly one that the person knows.
    pub(super) fn pin(&self, question: &Question) -> Option<&str> {
        let text = format!("{} {} {}", question.title, question.description, question.prompt);
        let mut named = self.cards.iter().filter(|(serial, _)| text.contains(serial.as_str()));
        match (named.next(), named.next()) {
            (Some((_, pin)), None) => Some(pin),
            _ => None,
        }
    }
}
