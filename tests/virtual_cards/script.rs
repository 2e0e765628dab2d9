//! Plays scripts of commands and answers on a virtual card.

use cps_sandbox::card::{CardHandle, VirtualCard};

/// Bytes of a text in hexadecimal digits; everything else separates.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    assert!(digits.len().is_multiple_of(2), "odd number of digits: {text}");
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// Digits of bytes.
pub(crate) fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Plays lines `> command` and `< answer`, and returns the data of the answers whose bytes are not written out.
///
/// An answer is either all its bytes, or `n bytes  status`. Other lines are comments.
pub(crate) fn play(card: &CardHandle, script: &str) -> Vec<Vec<u8>> {
    let mut card = card.clone();
    let mut answer = Vec::new();
    let mut unwritten = Vec::new();
    for line in script.lines().map(str::trim) {
        if let Some(command) = line.strip_prefix('>') {
            answer = card.execute(&hex(command));
        } else if let Some(expected) = line.strip_prefix('<') {
            match expected.split_once("bytes") {
                Some((length, status)) => {
                    let (data, last) = answer.split_at(answer.len() - 2);
                    assert_eq!(text(last), text(&hex(status)), "{line}");
                    assert_eq!(data.len(), length.trim().parse::<usize>().unwrap(), "{line}");
                    unwritten.push(data.to_vec());
                }
                None => assert_eq!(text(&answer), text(&hex(expected)), "{line}"),
            }
        }
    }
    unwritten
}
