//! The trail on disk: restarts, crashes, edits, and files that are not what was written.

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

/// A trail of two lines, each in a file of its own.
fn in_two_files(folder: &Folder) -> Journal {
    let journal = open(folder);
    journal.write(&Event::done(What::CardInserted));
    journal.end.lock().expect("free").length = FULL;
    journal.write(&Event::done(What::CardRemoved));
    journal
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
        drop(in_two_files(&folder));
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
    drop(in_two_files(&folder));
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
    let journal = in_two_files(&folder);
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
    let journal = in_two_files(&folder);
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
    drop(in_two_files(&folder));
    open(&folder).write(&Event::done(What::Stopped));
    let first =
        verify(&Head::default(), &folder.read(FIRST).expect("read").expect("there")).expect("verifies");
    let second = folder.read(SECOND).expect("read").expect("there");
    assert_eq!(verify(&first.head, &second).expect("verifies").head.sequence, 3);
}

#[test]
fn a_live_file_that_is_not_what_was_written_is_a_break() {
    type Spoil = fn(&Folder, &[u8]);
    let spoils: [(&str, Spoil, usize); 6] = [
        ("emptied", |folder, _| File::create(folder.path(FIRST)).map(drop).expect("emptied"), 1),
        ("replaced by an empty file", |folder, _| folder.write(FIRST, b"").expect("replaced"), 1),
        ("cut short", |folder, text| folder.write(FIRST, &text[..text.len() - 1]).expect("cut"), 2),
        (
            "its last line taken out",
            |folder, text| {
                let first = text.iter().position(|byte| *byte == b'\n').expect("a line");
                folder.write(FIRST, &text[..=first]).expect("cut");
            },
            2,
        ),
        ("removed", |folder, _| folder.remove(FIRST).expect("removed"), 1),
        (
            "a folder",
            |folder, _| {
                folder.remove(FIRST).expect("removed");
                std::fs::create_dir(folder.path(FIRST)).expect("a folder");
            },
            1,
        ),
    ];
    for (what, spoil, line) in spoils {
        let (_place, folder) = folder();
        let journal = open(&folder);
        journal.write(&Event::done(What::CardInserted));
        journal.write(&Event::done(What::CardRemoved));
        let text = folder.read(FIRST).expect("read").expect("there");
        assert_eq!(journal.check().expect("read").broken, None);
        spoil(&folder, &text);
        assert_eq!(journal.check().expect("read").broken, Some((FIRST.to_owned(), line)), "{what}");
    }
}

#[test]
fn a_copy_in_the_place_of_the_live_file_lacks_what_comes_next() {
    let (_place, folder) = folder();
    let journal = open(&folder);
    journal.write(&Event::done(What::CardInserted));
    let text = folder.read(FIRST).expect("read").expect("there");
    folder.write(FIRST, &text).expect("copied");
    assert_eq!(journal.check().expect("read").broken, None, "nothing is missing yet");
    journal.write(&Event::done(What::CardRemoved));
    assert_eq!(journal.check().expect("read").broken, Some((FIRST.to_owned(), 2)));
}

#[test]
fn a_forged_file_after_the_live_one_is_a_break() {
    let (_place, folder) = folder();
    let journal = open(&folder);
    journal.write(&Event::done(What::CardInserted));
    let (line, _) =
        chain(&journal.head(), &Event::done(What::Stopped), cps_agent_core::identity::UnixTime(0));
    folder.write(SECOND, line.as_bytes()).expect("forged");
    assert!(journal.check().expect("read").broken.is_some());
}
