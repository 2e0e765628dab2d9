//! What a line of Assuan is: its end and its limit, percent coding, and the refusals of libgpg-error.

use crate::Secret;
use zeroize::Zeroizing;

/// Longest line of the protocol, with its end.
const LINE: usize = 1000;

/// `GPG_ERR_SOURCE_PINENTRY`, where a code of libgpg-error has its source.
const SOURCE: u32 = 5 << 24;

/// Why a command is not obeyed. The numbers are those of libgpg-error's `err-codes.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody answered in time.
    TimedOut = 62,
    /// What was typed does not fit into a line.
    TooLarge = 67,
    /// No window can be shown.
    NoWindow = 85,
    /// The person closed the prompt.
    Cancelled = 99,
    /// The person said no.
    NotConfirmed = 114,
    /// A question without a text: it would not say who asks.
    NoText = 128,
    /// A line longer than the protocol allows.
    LineTooLong = 263,
    /// A command that this prompter does not know.
    UnknownCommand = 275,
    /// An argument that is not percent-coded text, or not a number where one is due.
    Syntax = 276,
}

impl Refusal {
    /// The answer to the command.
    #[must_use]
    pub fn line(self) -> Zeroizing<Vec<u8>> {
        let words = match self {
            Self::TimedOut => "Timeout",
            Self::TooLarge => "Provided object is too large",
            Self::NoWindow => "No pinentry",
            Self::Cancelled => "Operation cancelled",
            Self::NotConfirmed => "Not confirmed",
            Self::NoText => "Missing value",
            Self::LineTooLong => "Line passed to IPC too long",
            Self::UnknownCommand => "Unknown IPC command",
            Self::Syntax => "IPC syntax error",
        };
        Zeroizing::new(format!("ERR {} {words}\n", SOURCE | self as u32).into_bytes())
    }
}

/// Cuts a stream into lines. Of one that is too long nothing is kept but that it came.
#[derive(Debug, Default)]
pub struct Lines {
    line: Vec<u8>,
    too_long: bool,
}

impl Lines {
    /// Takes the next byte; gives a line back, without its end, when this byte ends one.
    ///
    /// # Errors
    /// [`Refusal::LineTooLong`], once for a line.
    pub fn take(&mut self, byte: u8) -> Option<Result<Vec<u8>, Refusal>> {
        if byte != b'\n' {
            self.too_long |= self.line.len() == LINE - 1;
            if !self.too_long {
                self.line.push(byte);
            }
            return None;
        }
        let mut line = std::mem::take(&mut self.line);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Some(if std::mem::take(&mut self.too_long) { Err(Refusal::LineTooLong) } else { Ok(line) })
    }
}

/// The text of a percent-coded argument.
///
/// # Errors
/// [`Refusal::Syntax`] when the coding is broken or what it codes is not UTF-8.
pub fn decoded(argument: &[u8]) -> Result<String, Refusal> {
    let mut bytes = Vec::with_capacity(argument.len());
    let mut rest = argument;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let (digits, after) = rest.split_first_chunk::<2>().ok_or(Refusal::Syntax)?;
        let [high, low] =
            digits.map(|digit| char::from(digit).to_digit(16).and_then(|n| u8::try_from(n).ok()));
        bytes.push(high.zip(low).map(|(high, low)| high << 4 | low).ok_or(Refusal::Syntax)?);
        rest = after;
    }
    String::from_utf8(bytes).map_err(|_| Refusal::Syntax)
}

/// The data line of a secret, and the end of its answer, in memory that is wiped.
///
/// # Errors
/// [`Refusal::TooLarge`] when one line does not hold it.
pub fn data(secret: &Secret) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    const END: &[u8] = b"\nOK\n";
    // Room for the longest line, so that growing leaves no copy behind.
    let mut line = Zeroizing::new(Vec::with_capacity(LINE + END.len()));
    line.extend_from_slice(b"D ");
    for byte in secret.bytes() {
        if *byte == b'%' || byte.is_ascii_control() {
            let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'A' + nibble - 10 };
            line.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 0xF)]);
        } else {
            line.push(*byte);
        }
        if line.len() >= LINE {
            return Err(Refusal::TooLarge);
        }
    }
    line.extend_from_slice(END);
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(stream: &[u8]) -> Vec<Result<Vec<u8>, Refusal>> {
        let mut lines = Lines::default();
        stream.iter().filter_map(|byte| lines.take(*byte)).collect()
    }

    #[test]
    fn a_line_beyond_the_limit_is_refused_once_and_the_next_one_is_read() {
        let longest = vec![b'a'; LINE - 1];
        let stream = [&vec![b'a'; 3 * LINE], &b"\nNOP\n"[..], &longest, b"\n", &longest, b"a\n"].concat();
        assert_eq!(
            lines(&stream),
            [Err(Refusal::LineTooLong), Ok(b"NOP".to_vec()), Ok(longest), Err(Refusal::LineTooLong)]
        );
    }

    #[test]
    fn what_has_no_end_is_no_line() {
        assert_eq!(lines(b"BYE\r\n\nGETPIN"), [Ok(b"BYE".to_vec()), Ok(Vec::new())]);
    }

    #[test]
    fn broken_coding_is_refused() {
        for argument in [&b"%"[..], b"50 %", b"%4", b"%zz", b"%+1", b"%FF", b"\xE9t\xE9", b"%C3"] {
            assert_eq!(decoded(argument), Err(Refusal::Syntax), "{argument:?}");
        }
    }

    #[test]
    fn coded_text_is_read_in_any_script() {
        assert_eq!(decoded("100 %25 s%C3%BBr%0aé 醫".as_bytes()).as_deref(), Ok("100 % sûr\né 醫"));
    }

    #[test]
    fn a_secret_that_does_not_fit_into_a_line_is_refused() {
        let of = |count: usize| data(&Secret::from_text(&"%".repeat(count)));
        assert_eq!(of(333).err(), Some(Refusal::TooLarge));
        let longest = of(332).expect("it fits");
        assert_eq!(longest.iter().position(|byte| *byte == b'\n'), Some(998));
    }

    #[test]
    fn a_secret_is_coded_so_that_it_ends_no_line() {
        let line = data(&Secret::from_text("1%2\r\n\u{1f}é")).expect("it fits");
        assert_eq!(line.as_slice(), "D 1%252%0D%0A%1Fé\nOK\n".as_bytes());
    }

    #[test]
    fn a_refusal_names_its_source_and_its_code() {
        assert_eq!(Refusal::Cancelled.line().as_slice(), b"ERR 83886179 Operation cancelled\n");
        assert_eq!(Refusal::UnknownCommand.line().as_slice(), b"ERR 83886355 Unknown IPC command\n");
    }
}
