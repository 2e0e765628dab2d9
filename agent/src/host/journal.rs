//! The audit trail on disk: lines are only ever appended, and what a crash cut short is removed before the next one.
//!
//! The folder holds files named by the sequence number of their first line; a full one is followed by a new one that
//! continues its chain. What the lines say and how they are chained is the quiet half's matter.

use super::{
    clock::Clock,
    state::{Folder, create_private},
};
use cps_agent_core::audit::{Event, Head, chain, verify};
use rustix::fs::OFlags;
use std::{
    fs::File,
    io::{self, Write as _},
    sync::{Arc, Mutex, PoisonError},
};

/// A file is closed when it has reached this size.
const FULL: u64 = 8 * 1024 * 1024;
const ENDING: &str = ".jsonl";

/// The open trail.
pub struct Journal {
    folder: Folder,
    clock: Arc<dyn Clock>,
    sync: bool,
    end: Mutex<End>,
}

/// Where the next line goes.
struct End {
    file: File,
    length: u64,
    head: Head,
}

impl Journal {
    /// Opens the trail: checks the last file, removes an unfinished last line. A file whose chain is broken is kept
    /// aside under the ending `.broken` and a new chain begins: the break stays to be seen, and the agent goes on.
    /// With `sync`, a line is on the disk before [`Journal::write`] returns.
    ///
    /// # Errors
    /// The system's.
    pub fn open(folder: Folder, clock: Arc<dyn Clock>, sync: bool) -> io::Result<Self> {
        let names: Vec<String> = folder.names()?.into_iter().filter(|n| n.ends_with(ENDING)).collect();
        let Some(last) = names.last() else {
            let end = start(&folder, Head::default())?;
            return Ok(Self { folder, clock, sync, end: Mutex::new(end) });
        };
        let before = match names.len().checked_sub(2).and_then(|at| names.get(at)) {
            Some(name) => last_head(&folder.read(name)?.unwrap_or_default()).unwrap_or_default(),
            None => Head::default(),
        };
        let text = folder.read(last)?.unwrap_or_default();
        let end = match verify(&before, &text) {
            Ok(verified) => {
                let file = append(&folder, last)?;
                let length = verified.length as u64;
                if verified.truncated {
                    tracing::warn!("the last audit line was cut short by a crash; it is removed");
                    file.set_len(length)?;
                    file.sync_all()?;
                }
                End { file, length, head: verified.head }
            }
            Err(broken) => {
                tracing::error!(line = broken.line, "the audit chain is broken; a new one begins");
                std::fs::rename(folder.path(last), folder.path(&format!("{last}.broken")))?;
                start(&folder, Head::default())?
            }
        };
        Ok(Self { folder, clock, sync, end: Mutex::new(end) })
    }

    /// Appends an event. A trail that cannot be written is logged: it must not keep people from their work.
    pub fn write(&self, event: &Event) {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = self.append(&mut end, event) {
            tracing::error!(%error, "an audit line cannot be written");
        }
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
    Ok(End { file: append(folder, &name)?, length: 0, head })
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
mod tests {
    use super::*;
    use crate::host::clock::SystemClock;
    use cps_agent_core::audit::What;

    fn open(folder: &Folder) -> Journal {
        Journal::open(folder.clone(), Arc::new(SystemClock), false).expect("opened")
    }

    fn folder() -> (tempfile::TempDir, Folder) {
        let place = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(place.path()).expect("opened");
        (place, folder)
    }

    const FIRST: &str = "00000000000000000001.jsonl";

    #[test]
    fn the_chain_goes_on_after_a_restart() {
        let (_place, folder) = folder();
        open(&folder).write(&Event::done(What::CardInserted));
        open(&folder).write(&Event::done(What::CardRemoved));
        let text = folder.read(FIRST).expect("read").expect("there");
        assert_eq!(verify(&Head::default(), &text).expect("verifies").head.sequence, 2);
    }

    #[test]
    fn a_crash_at_any_byte_leaves_a_chain_that_verifies_and_goes_on() {
        let (_place, folder) = folder();
        open(&folder).write(&Event::done(What::CardInserted));
        let first = folder.read(FIRST).expect("read").expect("there");
        open(&folder).write(&Event::done(What::CardRemoved));
        let both = folder.read(FIRST).expect("read").expect("there");
        for reached in first.len()..both.len() {
            folder.write(FIRST, &both[..reached]).expect("crashed");
            open(&folder).write(&Event::done(What::Stopped));
            let text = folder.read(FIRST).expect("read").expect("there");
            assert!(text.starts_with(&first), "byte {reached}");
            let verified = verify(&Head::default(), &text).expect("verifies");
            assert!(verified.head.sequence == 2 && !verified.truncated, "byte {reached}");
        }
    }

    #[test]
    fn an_edited_trail_is_kept_aside() {
        let (_place, folder) = folder();
        open(&folder).write(&Event::done(What::CardInserted));
        let text = folder.read(FIRST).expect("read").expect("there");
        let edited = String::from_utf8(text).expect("text").replace("card_inserted", "card_removed");
        folder.write(FIRST, edited.as_bytes()).expect("edited");
        open(&folder).write(&Event::done(What::Stopped));
        assert_eq!(folder.read(&format!("{FIRST}.broken")).expect("read").expect("kept"), edited.as_bytes());
        let text = folder.read(FIRST).expect("read").expect("there");
        assert_eq!(verify(&Head::default(), &text).expect("verifies").head.sequence, 1);
    }

    #[test]
    fn a_second_file_continues_the_first() {
        let (_place, folder) = folder();
        let journal = open(&folder);
        journal.write(&Event::done(What::CardInserted));
        journal.end.lock().expect("free").length = FULL;
        journal.write(&Event::done(What::CardRemoved));
        drop(journal);
        open(&folder).write(&Event::done(What::Stopped));
        let first =
            verify(&Head::default(), &folder.read(FIRST).expect("read").expect("there")).expect("verifies");
        let second = folder.read("00000000000000000002.jsonl").expect("read").expect("there");
        assert_eq!(verify(&first.head, &second).expect("verifies").head.sequence, 3);
    }
}
