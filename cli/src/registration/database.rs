//! The list of modules of an NSS database, `pkcs11.txt`: paragraphs of `name=value` lines with an empty line between them.
//!
//! It is edited here and not by `modutil`, which would load the module to look at it, opens the keys' database beside it,
//! and is seldom installed. NSS reads the list when a browser starts and writes it when its modules are changed by hand;
//! replaced as a whole, it is never seen half written, and a running browser keeps what it has read.

use super::{
    NAME, Seen, State,
    files::{self, Readers},
    record::{Record, Written},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The list of modules.
pub(super) const FILE: &str = "pkcs11.txt";

/// What is to be added to a list from which the entries before it are taken.
pub(super) fn addition(file: &Path, before: &[Written], module: &Path) -> io::Result<String> {
    let text = rest(file, before)?;
    let gap = match text.as_str() {
        "" => "",
        text if text.ends_with("\n\n") => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    Ok(format!("{gap}library={}\nname={NAME}\n\n", module.display()))
}

/// The list without these entries.
fn rest(file: &Path, before: &[Written]) -> io::Result<String> {
    let text = files::read(file)?.unwrap_or_default();
    Ok(before.iter().fold(text, |text, old| without(&text, old)))
}

/// A module of the list.
struct Entry {
    library: PathBuf,
    name: String,
    /// Where its paragraph stands, the empty lines after it included.
    at: std::ops::Range<usize>,
}

fn entries(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut start = 0;
    let (mut at, mut blank) = (0, false);
    let mut ends = Vec::new();
    for line in text.split_inclusive('\n') {
        let empty = line.trim().is_empty();
        if blank && !empty {
            ends.push(at);
        }
        (at, blank) = (at + line.len(), empty);
    }
    ends.push(text.len());
    for end in ends {
        let paragraph = text.get(start..end).unwrap_or_default();
        let value = |name: &str| {
            let find =
                |line: &str| Some(line.trim().strip_prefix(name)?.strip_prefix('=')?.trim().to_owned());
            paragraph.lines().find_map(find)
        };
        if let Some(library) = value("library") {
            let name = value("name").unwrap_or_default();
            entries.push(Entry { library: library.into(), name, at: start..end });
        }
        start = end;
    }
    entries
}

/// What a list says of the module.
pub(super) fn look(file: &Path, record: &Record, module: Option<&Path>) -> io::Result<Seen> {
    let Some(text) = files::read(file)? else { return Ok(Seen::NOTHING) };
    let entries = entries(&text);
    let ours = |written: &&Written| {
        entries.iter().any(|entry| entry.name == NAME && entry.library == written.module)
    };
    // The newest of two, after a crash between them.
    if let Some(written) = record.of(file).filter(ours).last() {
        return Ok(Seen::ours(&written.module, module, true));
    }
    if let Some(entry) = entries.iter().find(|entry| Some(entry.library.as_path()) == module) {
        return Ok(Seen::others(State::Registered, Some(entry.library.clone())));
    }
    match entries.into_iter().find(|entry| entry.name == NAME) {
        Some(entry) => Ok(Seen::others(State::Foreign, Some(entry.library))),
        None => Ok(Seen::NOTHING),
    }
}

/// Adds an entry in place of those before it.
pub(super) fn write(file: &Path, before: &[Written], entry: &Written) -> io::Result<()> {
    files::write(file, &format!("{}{}", rest(file, before)?, entry.text), Readers::AsUsual)
}

/// Takes an entry out. Whether nothing of it is left.
pub(super) fn take(written: &Written) -> io::Result<bool> {
    let Some(text) = files::read(&written.file)? else { return Ok(true) };
    let rest = without(&text, written);
    if rest == text {
        return Ok(true);
    }
    // A list that was empty before was none.
    if rest.trim().is_empty() {
        fs::remove_file(&written.file)
    } else {
        files::write(&written.file, &rest, Readers::AsUsual)
    }?;
    Ok(true)
}

/// The list without what was written: to the letter if it still stands so, else as NSS has written it since.
fn without(text: &str, written: &Written) -> String {
    if let Some((before, after)) = text.split_once(&written.text)
        && (before.is_empty() || before.ends_with('\n') || written.text.starts_with('\n'))
    {
        return format!("{before}{after}");
    }
    let mut rest = text.to_owned();
    let ours =
        entries(text).into_iter().filter(|entry| entry.name == NAME && entry.library == written.module);
    for entry in ours.collect::<Vec<_>>().into_iter().rev() {
        rest.replace_range(entry.at, "");
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "library=\nname=NSS Internal PKCS #11 Module\nparameters=configdir='sql:/p'\nNSS=Flags=internal\n\n\
                        library=/usr/lib/other.so\nname=other\n";

    fn written(text: &str) -> Written {
        Written { file: FILE.into(), module: "/m.so".into(), text: text.to_owned(), folders: Vec::new() }
    }

    #[test]
    fn modules_are_read_as_nss_writes_them() {
        let entries = entries(LIST);
        let read: Vec<_> =
            entries.iter().map(|entry| (entry.library.to_str().unwrap(), entry.name.as_str())).collect();
        assert_eq!(read, [("", "NSS Internal PKCS #11 Module"), ("/usr/lib/other.so", "other")]);
    }

    #[test]
    fn what_was_added_is_taken_out_to_the_letter_and_also_after_nss_wrote_the_list_anew() {
        let block = "library=/m.so\nname=cps-agent\n\n";
        for list in [
            format!("{LIST}\n{block}"),
            format!("{block}{LIST}"),
            format!("{LIST}\nlibrary=/m.so\nname=cps-agent\nNSS=trustOrder=100\n\n"),
        ] {
            let rest = without(&list, &written(block));
            assert!(!rest.contains("/m.so") && !rest.contains("trustOrder=100"), "{rest}");
            assert_eq!(rest.trim_end(), LIST.trim_end());
        }
    }

    #[test]
    fn an_entry_of_somebody_else_is_no_reason_to_touch_the_list() {
        for list in [
            format!("{LIST}\nlibrary=/other.so\nname=cps-agent\n\n"),
            format!("{LIST}\nlibrary=/m.so\nname=card\n\n"),
        ] {
            assert_eq!(without(&list, &written("library=/m.so\nname=cps-agent\n\n")), list);
        }
    }
}
