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
    /// The first file that does not continue the one before, and its first bad line, counted from 1.
    pub broken: Option<(String, usize)>,
    /// Files that were kept aside since their chain did not verify.
    pub aside: Vec<String>,
}

/// Where the next line goes.
struct End {
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
                (End { file, length, head: verified.head }, None)
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

    /// Checks the whole trail on disk, from its first line to the last that was written.
    ///
    /// # Errors
    /// The system's.
    pub fn check(&self) -> io::Result<Checked> {
        // What is written from here on is not looked at.
        let (names, length) = {
            let end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
            (self.folder.names()?, usize::try_from(end.length).unwrap_or(usize::MAX))
        };
        let aside = names.iter().filter(|name| name.contains(BROKEN)).cloned().collect();
        let mut checked = Checked { head: Head::default(), files: 0, broken: None, aside };
        let mut files = names.into_iter().filter_map(numbered).peekable();
        while let Some((first, name)) = files.next() {
            let mut text = self.folder.read(&name)?.unwrap_or_default();
            if files.peek().is_none() {
                text.truncate(length);
            }
            // The oldest files may have been archived: the trail then begins in the middle, which its name says.
            if checked.files == 0 && first > 1 {
                checked.head = previous_of(&text).unwrap_or_default();
            }
            checked.files += 1;
            match verify(&checked.head, &text) {
                Ok(verified) => checked.head = verified.head,
                Err(broken) => {
                    checked.broken = Some((name, broken.line));
                    break;
                }
            }
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
    Ok(End { file, length, head })
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
mod tests {
    use super::*;
    use crate::host::clock::SystemClock;

    fn open(folder: &Folder) -> Journal {
        let heads = SystemJournal::new(None);
        Journal::open(folder.clone(), Arc::new(SystemClock), false, heads).expect("opened")
    }

    fn folder() -> (tempfile::TempDir, Folder) {
        let place = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(place.path()).expect("opened");
        (place, folder)
    }

    const FIRST: &str = "00000000000000000001.jsonl";
    const SECOND: &str = "00000000000000000002.jsonl";

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
    fn an_edited_trail_is_kept_aside_and_the_new_one_says_so() {
        let (_place, folder) = folder();
        open(&folder).write(&Event::done(What::CardInserted));
        let text = folder.read(FIRST).expect("read").expect("there");
        let edited = String::from_utf8(text).expect("text").replace("card_inserted", "card_removed");
        folder.write(FIRST, edited.as_bytes()).expect("edited");
        open(&folder).write(&Event::done(What::Stopped));
        let kept = format!("{FIRST}.broken");
        assert_eq!(folder.read(&kept).expect("read").expect("kept"), edited.as_bytes());
        let text = folder.read(FIRST).expect("read").expect("there");
        assert_eq!(verify(&Head::default(), &text).expect("verifies").head.sequence, 2);
        assert!(String::from_utf8(text).expect("text").contains(&kept));
    }

    /// Whether the break is in the last file or at the end of the one before it.
    #[test]
    fn a_break_in_a_rotated_trail_leaves_the_older_files_as_they_are() {
        for garbled in [FIRST, SECOND] {
            let (_place, folder) = folder();
            let journal = open(&folder);
            journal.write(&Event::done(What::CardInserted));
            journal.end.lock().expect("free").length = FULL;
            journal.write(&Event::done(What::CardRemoved));
            drop(journal);
            let mut text = folder.read(garbled).expect("read").expect("there");
            text.extend_from_slice(b"no line of ours\n");
            folder.write(garbled, &text).expect("garbled");
            let first = folder.read(FIRST).expect("read").expect("there");
            let second = folder.read(SECOND).expect("read").expect("there");
            for _ in 0..2 {
                open(&folder).write(&Event::done(What::Stopped));
            }
            assert_eq!(folder.read(FIRST).expect("read").expect("there"), first, "{garbled}");
            let kept = folder.read(&format!("{SECOND}.broken")).expect("read").expect("kept");
            assert_eq!(kept, second, "{garbled}");
            let again = folder.read(&format!("{SECOND}.broken.2")).expect("read");
            assert!(again.is_none(), "{garbled}: the new file verifies at the next start");
        }
    }

    #[test]
    fn the_trail_after_a_break_continues_the_file_before() {
        let (_place, folder) = folder();
        let journal = open(&folder);
        journal.write(&Event::done(What::CardInserted));
        journal.end.lock().expect("free").length = FULL;
        journal.write(&Event::done(What::CardRemoved));
        drop(journal);
        folder.write(SECOND, b"no line of ours\n").expect("garbled");
        open(&folder).write(&Event::done(What::Stopped));
        let first = folder.read(FIRST).expect("read").expect("there");
        let first = verify(&Head::default(), &first).expect("verifies");
        let second = folder.read(SECOND).expect("read").expect("there");
        assert_eq!(verify(&first.head, &second).expect("verifies").head.sequence, 3);
    }

    #[test]
    fn a_whole_trail_is_checked_and_an_edit_is_found_where_it_is() {
        let (_place, folder) = folder();
        let journal = open(&folder);
        journal.write(&Event::done(What::CardInserted));
        journal.end.lock().expect("free").length = FULL;
        journal.write(&Event::done(What::CardRemoved));
        let checked = journal.check().expect("read");
        assert_eq!((checked.head, checked.files, checked.broken), (journal.head(), 2, None));
        let text = String::from_utf8(folder.read(FIRST).expect("read").expect("there")).expect("text");
        folder.write(FIRST, text.replace("card_inserted", "card_removed").as_bytes()).expect("edited");
        assert_eq!(journal.check().expect("read").broken, Some((FIRST.to_owned(), 1)));
        // A line that was taken out at the end of the first file is missed by the second.
        folder.write(FIRST, b"").expect("emptied");
        assert_eq!(journal.check().expect("read").broken, Some((SECOND.to_owned(), 1)));
    }

    #[test]
    fn a_trail_whose_oldest_file_was_archived_still_proves_the_rest() {
        let (_place, folder) = folder();
        let journal = open(&folder);
        journal.write(&Event::done(What::CardInserted));
        journal.end.lock().expect("free").length = FULL;
        journal.write(&Event::done(What::CardRemoved));
        folder.remove(FIRST).expect("archived");
        let checked = journal.check().expect("read");
        assert_eq!((checked.head, checked.files, checked.broken), (journal.head(), 1, None));
    }

    fn newest(journal: &Journal, most: u64) -> Vec<u64> {
        let mut sequences = Vec::new();
        let mut bytes = 0;
        let line = |text: &[u8]| {
            bytes += text.len() as u64 + 1;
            let line: serde_json::Value = serde_json::from_slice(text).expect("a whole line");
            sequences.push(line["seq"].as_u64().expect("a number"));
        };
        journal.newest(most, line).expect("read");
        assert!(bytes <= most, "{bytes} of {most}");
        sequences
    }

    #[test]
    fn the_newest_lines_are_read_across_files_in_their_order_and_never_more_than_asked() {
        let (_place, folder) = folder();
        let journal = open(&folder);
        assert_eq!(newest(&journal, 1_000), [0; 0]);
        for _ in 0..2 {
            journal.write(&Event::done(What::CardInserted));
            journal.write(&Event::done(What::CardRemoved));
            journal.end.lock().expect("free").length = FULL;
        }
        journal.write(&Event::done(What::Stopped));
        assert_eq!(newest(&journal, u64::MAX), [1, 2, 3, 4, 5]);
        let size = |name: &str| folder.path(name).metadata().expect("there").len();
        let (second, third) = (size("00000000000000000003.jsonl"), size("00000000000000000005.jsonl"));
        assert_eq!(newest(&journal, third + second), [3, 4, 5]);
        assert_eq!(newest(&journal, third + second - 1), [4, 5], "a line that is cut is none");
        assert_eq!(newest(&journal, third - 1), [0; 0]);
    }

    #[test]
    fn a_trail_of_any_size_is_read_at_its_end_alone() {
        let (_place, folder) = folder();
        let journal = open(&folder);
        journal.write(&Event::done(What::CardInserted));
        let file = append(&folder, FIRST).expect("opened");
        file.set_len(100 << 20).expect("a hole of 100 MB");
        journal.write(&Event::done(What::Stopped));
        let mut seen = Vec::new();
        journal.newest(4_096, |line| seen.push(line.len())).expect("read");
        assert!(seen.iter().sum::<usize>() < 4_096, "{seen:?}");
    }

    #[test]
    fn heads_reach_the_system_journal_at_login_logout_and_every_hundred_lines() {
        let (place, folder) = folder();
        let path = place.path().join("journal");
        let system = std::os::unix::net::UnixDatagram::bind(&path).expect("a socket");
        system.set_nonblocking(true).expect("set");
        let heads = SystemJournal::new(Some(path));
        let journal = Journal::open(folder, Arc::new(SystemClock), false, heads).expect("opened");
        let kept = || {
            let mut entry = [0; 1024];
            let length = system.recv(&mut entry).ok()?;
            let entry = String::from_utf8_lossy(&entry[..length]).into_owned();
            let line = entry.lines().find_map(|line| line.strip_prefix("CPS_AGENT_AUDIT_SEQUENCE="));
            line.map(|line| line.parse::<u64>().expect("a number"))
        };
        let code = cps_agent_core::failure::NO_CARD;
        journal.write(&Event::refused(What::Login(cps_agent_core::identity::Way::Local), code));
        assert_eq!(kept(), None, "nobody logged in");
        journal.write(&Event::done(What::Login(cps_agent_core::identity::Way::Local)));
        assert_eq!(kept(), Some(2));
        let end = cps_agent_core::audit::event::SessionEnd::Idle;
        journal.write(&Event::done(What::SessionEnded(end)));
        assert_eq!(kept(), Some(3));
        for _ in 3..210 {
            journal.write(&Event::done(What::CardInserted));
        }
        assert_eq!((kept(), kept(), kept()), (Some(100), Some(200), None));
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
        let second = folder.read(SECOND).expect("read").expect("there");
        assert_eq!(verify(&first.head, &second).expect("verifies").head.sequence, 3);
    }
}
