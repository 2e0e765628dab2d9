//! The prompt program: the server side of the Assuan protocol as pinentry speaks it.

use super::script::{self, Answer, Question};
use std::{
    io::{self, BufRead, Write},
    path::Path,
};

/// `GPG_ERR_CANCELED` of pinentry.
const CANCELLED: &str = "ERR 83886179 Operation cancelled";
/// `GPG_ERR_ASS_UNKNOWN_CMD` of pinentry.
const UNKNOWN: &str = "ERR 83886355 Unknown IPC command";

/// Speaks to the agent on standard input and output until it says goodbye; the script lies in `folder`.
///
/// # Errors
/// When a pipe breaks or the script cannot be read.
pub fn serve(folder: &Path, input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let mut question = Question::default();
    let mut twice = false;
    say(&mut output, "OK TEST scripted person of the cps-agent sandbox")?;
    let mut lines = input.lines();
    while let Some(line) = lines.next() {
        let line = line?;
        let (command, argument) = line.split_once(' ').unwrap_or((&line, ""));
        let text = decoded(argument);
        match command {
            "SETTITLE" => question.title = text,
            "SETDESC" => question.description = text,
            "SETPROMPT" => question.prompt = text,
            "SETERROR" => question.error = Some(text),
            "SETREPEAT" => twice = true,
            "RESET" => (question, twice) = (Question::default(), false),
            "OPTION" | "SETOK" | "SETCANCEL" | "SETNOTOK" | "SETTIMEOUT" | "SETREPEATERROR"
            | "SETREPEATOK" | "SETKEYINFO" | "SETQUALITYBAR" | "SETQUALITYBAR_TT" | "SETGENPIN" | "NOP" => {}
            "BYE" => return say(&mut output, "OK closing connection"),
            "GETPIN" | "CONFIRM" | "MESSAGE" => {
                command.clone_into(&mut question.kind);
                match answer(folder, &mut question)? {
                    Reply::Refuse(error) => say(&mut output, error)?,
                    Reply::Yes => say(&mut output, "OK")?,
                    Reply::Text(text) => {
                        if twice {
                            say(&mut output, "S PIN_REPEATED")?;
                        }
                        say(&mut output, &format!("D {}", encoded(&text)))?;
                        say(&mut output, "OK")?;
                    }
                    // Nothing until the agent closes the pipe or ends the process.
                    Reply::Nothing => return lines.try_for_each(|line| line.map(drop)),
                }
                // An error text belongs to one question.
                question.error = None;
                continue;
            }
            _ => {
                say(&mut output, UNKNOWN)?;
                continue;
            }
        }
        say(&mut output, "OK")?;
    }
    Ok(())
}

/// What the person does.
enum Reply {
    Text(String),
    Yes,
    Refuse(&'static str),
    Nothing,
}

/// Takes the next answer from the script and writes the question down.
fn answer(folder: &Path, question: &mut Question) -> io::Result<Reply> {
    let (answer, pin) = script::change(folder, |script| {
        let answer = script.queue.pop_front().unwrap_or_else(|| script.always.clone());
        (answer, script.pin(question).map(str::to_owned))
    })?;
    answer.name().clone_into(&mut question.answer);
    script::record(folder, question)?;
    let typed = question.kind == "GETPIN";
    Ok(match answer {
        Answer::Wait => Reply::Nothing,
        Answer::Cancel => Reply::Refuse(CANCELLED),
        _ if !typed => Reply::Yes,
        Answer::Type(text) => Reply::Text(text),
        // A person who does not know the card closes the prompt rather than spend a try.
        Answer::RightPin => pin.map_or(Reply::Refuse(CANCELLED), Reply::Text),
        Answer::WrongPin => pin.map_or(Reply::Refuse(CANCELLED), |pin| Reply::Text(wrong(&pin))),
    })
}

/// Every digit one higher.
fn wrong(pin: &str) -> String {
    pin.chars()
        .map(|digit| digit.to_digit(10).and_then(|d| char::from_digit((d + 1) % 10, 10)).unwrap_or('x'))
        .collect()
}

fn say(output: &mut impl Write, line: &str) -> io::Result<()> {
    writeln!(output, "{line}")?;
    output.flush()
}

/// Assuan's percent encoding: `%`, CR and LF.
fn encoded(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (byte, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(value)) => {
                bytes.push(value);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
