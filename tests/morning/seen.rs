//! What was seen at a step, as a text, and the file that says what is right.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// How long a step may take to look as its file says, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(25);
/// Looks in a row that must be the same before a file is written.
const CALM: usize = 40;

/// Compares what a step shows with its file until they are the same, or writes the file.
pub async fn compare(story: &str, step: &str, mut look: impl AsyncFnMut() -> String) {
    let file = file(story, step);
    if writing() {
        let (mut last, mut calm) = (String::new(), 0);
        while calm < CALM {
            let now = plain(&look().await);
            calm = if now == last { calm + 1 } else { 0 };
            last = now;
            tokio::time::sleep(PAUSE).await;
        }
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(&file, last).expect("written");
        return;
    }
    let wanted = fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!("{}: {error}; write it with CPS_SEEN=write and review it", file.display())
    });
    let deadline = Instant::now() + PATIENCE;
    loop {
        let now = plain(&look().await);
        if now == wanted {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{} is not what is seen:\n{}\n--- seen ---\n{now}",
            file.display(),
            wanted
        );
        tokio::time::sleep(PAUSE).await;
    }
}

fn file(story: &str, step: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../morning/seen").join(story).join(format!("{step}.txt"))
}

/// Files are written for a review, never where nobody looks.
fn writing() -> bool {
    let writing = std::env::var_os("CPS_SEEN").is_some_and(|wish| wish == "write");
    assert!(!writing || std::env::var_os("CI").is_none(), "CPS_SEEN=write is refused where CI is set");
    writing
}

/// Without what differs from one morning to the next: times of day, ports, numbers to compare, seconds, hosts' ids.
fn plain(text: &str) -> String {
    let text = text.replace(['\u{a0}', '\u{202f}'], " ");
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, digits) = rest.split_at(at);
        let length = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let (number, after) = digits.split_at(length);
        plain.push_str(before);
        rest = after;
        let minutes = after.strip_prefix(':').filter(|after| after.starts_with(|c: char| c.is_ascii_digit()));
        match minutes {
            Some(minutes) if length == 2 && before.ends_with(' ') => {
                plain.push_str("HH:MM");
                rest = minutes.get(2..).unwrap_or_default();
            }
            _ if plain.ends_with("localhost:") || plain.ends_with("127.0.0.1:") => plain.push_str("PORT"),
            _ if after.starts_with(" s.") || after.starts_with(" secondes") => plain.push('N'),
            _ if is_compared(&plain) => plain.push_str("NN"),
            _ => plain.push_str(number),
        }
    }
    plain.push_str(rest);
    plain
}

/// The number that a phone shows too.
fn is_compared(before: &str) -> bool {
    before.trim_end_matches(['\n', ' ']).ends_with("Nombre à comparer :")
}

#[test]
fn what_differs_each_morning_is_told_apart_from_what_does_not() {
    assert_eq!(plain("jusqu’à 14:05 au plus tard"), "jusqu’à HH:MM au plus tard");
    assert_eq!(plain("http://127.0.0.1:45671/x"), "http://127.0.0.1:PORT/x");
    assert_eq!(plain("Nombre à comparer\u{a0}:\n 42\n"), "Nombre à comparer :\n NN\n");
    assert_eq!(plain("dans 58 secondes, expire dans 119 s."), "dans N secondes, expire dans N s.");
    assert_eq!(
        plain("Il reste 2 essais, n° 99000001, 899700990012"),
        "Il reste 2 essais, n° 99000001, 899700990012"
    );
}
