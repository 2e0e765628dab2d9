//! The audit trail on disk: lines are only ever appended, and what a crash cut short is removed before the next one.
//!
//! The folder holds files named by the sequence number of their first line; a full one is followed by a new one that
//! continues its chain. What the lines say and how they are chained is the quiet half's matter.

use super::{
    clock::Clock,
    state::{Folder, create_private},
    system_journal::SystemJournal,
};
use cps_agent_core::audit::{Event, Head, Outcome, What, chain, verify};
use rustix::fs::OFlags;
use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    sync::{Arc, Mutex, PoisonError},
};

/// A file is closed when it has reached this size.
const FULL: u64 = 8 * 1024 * 1024;
const ENDING: &str = ".jsonl";
/// Ending of a file that was kept aside.
const BROKEN: &str = ".jsonl.broken";
/// Every so many lines a head is left in the system journal.
const HEADS_EVERY: u64 = 100;

/// The open trail.
pub struct Journal {
    folder: Folder,
    clock: Arc<dyn Clock>,
    sync: bool,
    heads: SystemJournal,
    end: Mutex<End>,
}

/// What a look at the whole trail found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The end of the chain, as far as it verifies.
    pub head: Head,
    /// Files of the chain.
    pub files: usize,
    /// The first file that does not continue the one before, or lacks what was written, and its first bad line, counted
    /// from 1.
    pub broken: Option<(String, usize)>,
    /// Files that were kept aside since their chain did not verify.
    pub aside: Vec<String>,
}

/// Where the next line goes.
struct End {
    name: String,
    file: File,
    length: u64,
    head: Head,
}

impl Journal {
    /// Opens the trail: checks the last file, removes an unfinished last line. A file whose chain is broken is kept
    /// aside under the ending `.broken`, and another takes its place, which continues the file before it and begins with
    /// the news: the break stays to be seen, and the agent goes on.
    /// With `sync`, a line is on the disk before [`Journal::write`] returns.
    ///
    /// # Errors
    /// The system's.
    pub fn open(folder: Folder, clock: Arc<dyn Clock>, sync: bool, heads: SystemJournal) -> io::Result<Self> {
        let files: Vec<(u64, String)> = folder.names()?.into_iter().filter_map(numbered).collect();
        let Some((first, last)) = files.last() else {
            let end = start(&folder, Head::default())?;
            return Ok(Self { folder, clock, sync, heads, end: Mutex::new(end) });
        };
        let before = match files.len().checked_sub(2).and_then(|at| files.get(at)) {
            Some((_, name)) => last_head(&folder.read(name)?.unwrap_or_default()).unwrap_or_default(),
            None => Head::default(),
        };
        // A file before that was garbled has no end to go by: its successor's name says where this one begins.
        let before = Head { sequence: first.saturating_sub(1), ..before };
        let text = folder.read(last)?.unwrap_or_default();
        let (end, broken) = match verify(&before, &text) {
            Ok(verified) => {
                let file = append(&folder, last)?;
                let length = verified.length as u64;
                if verified.truncated {
                    tracing::warn!("the last audit line was cut short by a crash; it is removed");
                    file.set_len(length)?;
                    file.sync_all()?;
                }
                (End { name: last.clone(), file, length, head: verified.head }, None)
            }
            Err(broken) => {
                let kept = folder.keep_aside(last)?;
                tracing::error!(line = broken.line, kept = %kept.display(), "the audit chain is broken");
                // The successor takes the place of the file that was kept aside, never that of an older one.
                (start(&folder, before)?, kept.file_name().map(|name| name.to_string_lossy().into_owned()))
            }
        };
        let journal = Self { folder, clock, sync, heads, end: Mutex::new(end) };
        if let Some(kept) = broken {
            journal.write(&Event::done(What::TrailBroken(kept)));
        }
        Ok(journal)
    }

    /// Appends an event. A trail that cannot be written is logged: it must not keep people from their work.
    pub fn write(&self, event: &Event) {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = self.append(&mut end, event) {
            tracing::error!(%error, "an audit line cannot be written");
        } else if end.head.sequence.is_multiple_of(HEADS_EVERY) || begins_or_ends_a_session(event) {
            self.heads.keep(&end.head);
        }
    }

    /// Names of the files that were kept aside since their chain did not verify.
    #[must_use]
    pub fn aside(&self) -> Vec<String> {
        let mut names = self.folder.names().unwrap_or_default();
        names.retain(|name| name.contains(BROKEN));
        names
    }

    /// Checks the whole trail on disk, from its first line to the last that was written: the chain must end where this
    /// agent left it. A live file that was emptied, replaced or removed is a break as an edit is.
    ///
    /// # Errors
    /// The system's.
    pub fn check(&self) -> io::Result<Checked> {
        // What is written from here on is not looked at.
        let (names, live, length, head) = {
            let end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
            let length = usize::try_from(end.length).unwrap_or(usize::MAX);
            (self.folder.names()?, end.name.clone(), length, end.head.clone())
        };
        let aside = names.iter().filter(|name| name.contains(BROKEN)).cloned().collect();
        let mut checked = Checked { head: Head::default(), files: 0, broken: None, aside };
        // Lines of the live file that verify.
        let mut lines = 0;
        for (first, name) in names.into_iter().filter_map(numbered) {
            let mut text = self.folder.read(&name)?.unwrap_or_default();
            if name == live {
                text.truncate(length);
            }
            // The oldest files may have been archived: the trail then begins in the middle, which its name says.
            if checked.files == 0 && first > 1 {
                let nothing_yet = (head.sequence + 1 == first).then(|| head.clone());
                checked.head = previous_of(&text).or(nothing_yet).unwrap_or_default();
            }
            checked.files += 1;
            let before = checked.head.sequence;
            match verify(&checked.head, &text) {
                Ok(verified) => checked.head = verified.head,
                Err(broken) => {
                    checked.broken = Some((name, broken.line));
                    return Ok(checked);
                }
            }
            if name == live {
                lines = usize::try_from(checked.head.sequence - before).unwrap_or(usize::MAX);
            }
        }
        if checked.head != head {
            checked.broken = Some((live, lines.saturating_add(1)));
        }
        Ok(checked)
    }

    /// Reads the newest part of the trail, the oldest line of it first. No more than `most` bytes are read, however much
    /// lies there; what was cut at their beginning is no line.
    ///
    /// # Errors
    /// The system's.
    pub fn newest(&self, most: u64, mut line: impl FnMut(&[u8])) -> io::Result<()> {
        let names = self.folder.names()?;
        let mut parts = Vec::new();
        let mut left = most;
        for (_, name) in names.into_iter().filter_map(numbered).rev() {
            let mut file = File::open(self.folder.path(&name))?;
            let length = file.metadata()?.len();
            let taken = length.min(left);
            file.seek(SeekFrom::Start(length - taken))?;
            parts.push((file.take(taken), taken < length));
            left -= taken;
            if left == 0 {
                break;
            }
        }
        for (part, cut) in parts.into_iter().rev() {
            let mut reader = BufReader::new(part);
            let mut text = Vec::new();
            if cut {
                reader.skip_until(b'\n')?;
            }
            while reader.read_until(b'\n', &mut text)? > 0 {
                line(text.strip_suffix(b"\n").unwrap_or(&text));
                text.clear();
            }
        }
        Ok(())
    }

    /// The end of the chain, to be kept elsewhere.
    #[must_use]
    pub fn head(&self) -> Head {
        self.end.lock().unwrap_or_else(PoisonError::into_inner).head.clone()
    }

    fn append(&self, end: &mut End, event: &Event) -> io::Result<()> {
        if end.length >= FULL {
            *end = start(&self.folder, end.head.clone())?;
        }
        let (line, head) = chain(&end.head, event, self.clock.now());
        let written = end
            .file
            .write_all(line.as_bytes())
            .and_then(|()| if self.sync { end.file.sync_data() } else { Ok(()) });
        if written.is_err() {
            // Part of the line may stand there (a full disk): the next one must not follow it.
            end.file.set_len(end.length)?;
            return written;
        }
        end.length += line.len() as u64;
        end.head = head;
        Ok(())
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Journal(…)")
    }
}

fn start(folder: &Folder, head: Head) -> io::Result<End> {
    let name = format!("{:020}{ENDING}", head.sequence.saturating_add(1));
    let file = append(folder, &name)?;
    // New as a rule. If not, a line that cannot be written whole must not cost the ones that are there.
    let length = file.metadata()?.len();
    Ok(End { name, file, length, head })
}

/// Whether somebody logged in or out: then a head is left in the system journal.
fn begins_or_ends_a_session(event: &Event) -> bool {
    event.outcome == Outcome::Done && matches!(event.what, What::Login(_) | What::SessionEnded(_))
}

/// The head that the first line of a file continues.
fn previous_of(text: &[u8]) -> Option<Head> {
    let line = text.split(|byte| *byte == b'\n').next()?;
    let line: serde_json::Value = serde_json::from_slice(line).ok()?;
    let sequence = line.get("seq")?.as_u64()?.checked_sub(1)?;
    Some(Head { sequence, hash: line.get("previous")?.as_str()?.to_owned() })
}

/// The number of a file of the trail, and its name; nothing for other files.
fn numbered(name: String) -> Option<(u64, String)> {
    let number = name.strip_suffix(ENDING)?.parse().ok()?;
    Some((number, name))
}

fn append(folder: &Folder, name: &str) -> io::Result<File> {
    create_private(&folder.path(name), OFlags::APPEND)
}

/// The head after the last complete line of a file that was closed in order.
fn last_head(text: &[u8]) -> Option<Head> {
    let line = text.strip_suffix(b"\n")?.rsplit(|b| *b == b'\n').next()?;
    let line: serde_json::Value = serde_json::from_slice(line).ok()?;
    Some(Head { sequence: line.get("seq")?.as_u64()?, hash: line.get("hash")?.as_str()?.to_owned() })
}

#[cfg(test)]
mod tests;
