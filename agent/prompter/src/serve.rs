//! A conversation over two pipes: one thread listens, so that a question goes away when nobody waits for its answer.

use crate::{
    Window,
    assuan::Lines,
    dialogue::{Dialogue, Kind, Step, agreed, typed},
};
use std::{
    io::{self, ErrorKind, Read, Write},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        mpsc::{SyncSender, sync_channel},
    },
    thread,
};

/// Lines that may wait behind a question. A client that sends more waits itself.
const AHEAD: usize = 64;

/// Whoever asked: there, or gone with its end of the pipe.
#[derive(Debug, Default)]
pub struct Asker {
    gone: Mutex<bool>,
    left: Condvar,
}

impl Asker {
    /// Nobody waits for the answer any more.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        *self.gone.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when nobody waits any more, for windows that nothing else ends.
    pub fn wait_until_gone(&self) {
        let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        while !*gone {
            gone = self.left.wait(gone).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn leaves(&self) {
        *self.gone.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.left.notify_all();
    }
}

/// Speaks Assuan until the other side says goodbye or goes away. Windows are shown on the calling thread. `output` should
/// not keep what passes through it: a secret does.
///
/// # Errors
/// When the other side goes away while it is spoken to, or there is no thread for listening.
pub fn serve(
    input: impl Read + Send + 'static,
    mut output: impl Write,
    window: &mut impl Window,
) -> io::Result<()> {
    let asker = Arc::new(Asker::default());
    let (heard, lines) = sync_channel(AHEAD);
    let there = Arc::clone(&asker);
    thread::Builder::new().name("listener".to_owned()).spawn(move || {
        listen(input, &heard);
        there.leaves();
    })?;
    let mut say = |words: &[u8]| output.write_all(words).and_then(|()| output.flush());
    let mut dialogue = Dialogue::new(std::process::id());
    say(Dialogue::greeting())?;
    for line in lines {
        let step = line.map_or_else(|refusal| Step::Say(refusal.line()), |line| dialogue.hear(&line));
        match step {
            Step::Say(words) => say(&words)?,
            Step::Leave(words) => return say(&words),
            Step::Ask(question) => {
                let answer = match question.kind {
                    Kind::Secret => typed(window.secret(&question, &asker)),
                    Kind::Consent | Kind::Notice => agreed(window.consent(&question, &asker)),
                };
                match answer {
                    Some(words) => say(&words)?,
                    None => return Ok(()),
                }
            }
        }
    }
    Ok(())
}

/// Passes lines on until the pipe ends or nobody takes them.
fn listen(mut input: impl Read, heard: &SyncSender<Result<Vec<u8>, crate::assuan::Refusal>>) {
    let mut lines = Lines::default();
    let mut room = [0; 1024];
    loop {
        let read = match input.read(&mut room) {
            Ok(0) => return,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        for byte in room.iter().take(read) {
            if let Some(line) = lines.take(*byte)
                && heard.send(line).is_err()
            {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
