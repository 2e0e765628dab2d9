//! The Assuan protocol as pinentry speaks it: one line a command, `OK` or `ERR` as the answer, data percent-coded.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use zeroize::{Zeroize as _, Zeroizing};

/// Longest line of the protocol, with its end.
const LINE: usize = 1000;

/// Why a conversation failed.
#[derive(Debug, thiserror::Error)]
pub enum AssuanError {
    /// The pipe broke: the program ended or was never one.
    #[error("the prompt program does not answer")]
    Io(#[from] io::Error),
    /// The program answered something that is not Assuan.
    #[error("the prompt program does not speak Assuan")]
    Garbled,
    /// The program refused, with the code of libgpg-error (source and code).
    #[error("the prompt program refused with code {0}")]
    Refused(u32),
}

/// Client side of one conversation.
///
/// The only buffer that data lines pass through has a fixed size and is wiped, so that no copy of a PIN stays behind.
pub struct Assuan<R, W> {
    input: R,
    output: W,
    buffer: Zeroizing<[u8; 2 * LINE]>,
    filled: usize,
}

/// A line from the program, in the buffer.
enum Line {
    Ok,
    Error(u32),
    /// Payload between these places of the buffer.
    Data(usize, usize),
    /// The program wants something that we do not have.
    Inquire,
    /// Comments and status lines.
    Other,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Assuan<R, W> {
    /// Starts a conversation: reads the program's greeting.
    ///
    /// # Errors
    /// See [`AssuanError`].
    pub async fn greet(input: R, output: W) -> Result<Self, AssuanError> {
        let mut assuan = Self { input, output, buffer: Zeroizing::new([0; 2 * LINE]), filled: 0 };
        assuan.answer().await?;
        Ok(assuan)
    }

    /// Sends a command with an argument, percent-coded, and waits for the answer. Data in the answer is returned.
    ///
    /// # Errors
    /// See [`AssuanError`].
    pub async fn command(&mut self, name: &str, argument: &str) -> Result<Zeroizing<Vec<u8>>, AssuanError> {
        let mut line = String::with_capacity(LINE);
        line.push_str(name);
        if !argument.is_empty() {
            line.push(' ');
            encode(argument, LINE - 1, &mut line);
        }
        line.push('\n');
        self.output.write_all(line.as_bytes()).await?;
        self.output.flush().await?;
        self.answer().await
    }

    /// Reads lines up to `OK` or `ERR`.
    async fn answer(&mut self) -> Result<Zeroizing<Vec<u8>>, AssuanError> {
        // Room for the longest line, so that growing leaves no copy behind.
        let mut data = Zeroizing::new(Vec::with_capacity(LINE));
        loop {
            let (line, end) = self.line().await?;
            match line {
                Line::Ok => {
                    self.forget(end);
                    return Ok(data);
                }
                Line::Error(code) => {
                    self.forget(end);
                    return Err(AssuanError::Refused(code));
                }
                Line::Data(from, to) => {
                    let payload = self.buffer.get(from..to).ok_or(AssuanError::Garbled)?;
                    if data.len() + payload.len() > LINE {
                        return Err(AssuanError::Garbled);
                    }
                    decode(payload, &mut data)?;
                }
                Line::Inquire => self.output.write_all(b"END\n").await?,
                Line::Other => {}
            }
            self.forget(end);
        }
    }

    /// Waits for a whole line; says what it is and where the next one starts.
    async fn line(&mut self) -> Result<(Line, usize), AssuanError> {
        loop {
            let seen = self.buffer.get(..self.filled).ok_or(AssuanError::Garbled)?;
            if let Some(end) = seen.iter().position(|b| *b == b'\n') {
                let text = seen.get(..end).ok_or(AssuanError::Garbled)?;
                return Ok((parse(text)?, end + 1));
            }
            let room = self.buffer.get_mut(self.filled..).ok_or(AssuanError::Garbled)?;
            if room.is_empty() {
                return Err(AssuanError::Garbled);
            }
            match self.input.read(room).await? {
                0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                read => self.filled += read,
            }
        }
    }

    /// Wipes what was read up to a place, and moves the rest to the front.
    fn forget(&mut self, end: usize) {
        self.buffer.copy_within(end..self.filled, 0);
        self.filled -= end;
        if let Some(rest) = self.buffer.get_mut(self.filled..) {
            rest.zeroize();
        }
    }
}

fn parse(line: &[u8]) -> Result<Line, AssuanError> {
    let word = line.split(|b| *b == b' ').next().unwrap_or_default();
    match word {
        b"OK" => Ok(Line::Ok),
        b"D" => Ok(Line::Data(2.min(line.len()), line.len())),
        b"ERR" => {
            let code = line.split(|b| *b == b' ').nth(1).and_then(|c| std::str::from_utf8(c).ok());
            code.and_then(|c| c.parse().ok()).map(Line::Error).ok_or(AssuanError::Garbled)
        }
        b"INQUIRE" => Ok(Line::Inquire),
        b"S" => Ok(Line::Other),
        _ if word.starts_with(b"#") => Ok(Line::Other),
        _ => Err(AssuanError::Garbled),
    }
}

/// Appends a text, percent-coded, as far as whole characters fit into `limit` bytes.
fn encode(text: &str, limit: usize, line: &mut String) {
    use std::fmt::Write as _;
    for character in text.chars() {
        let needed = if character == '%' || character.is_control() {
            3 * character.len_utf8()
        } else {
            character.len_utf8()
        };
        if line.len() + needed > limit {
            return;
        }
        if character == '%' || character.is_control() {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a string cannot fail.
                let _ = write!(line, "%{byte:02X}");
            }
        } else {
            line.push(character);
        }
    }
}

fn decode(coded: &[u8], data: &mut Vec<u8>) -> Result<(), AssuanError> {
    let mut rest = coded;
    while let Some((byte, after)) = rest.split_first() {
        if *byte != b'%' {
            data.push(*byte);
            rest = after;
            continue;
        }
        let (digits, after) = after.split_first_chunk::<2>().ok_or(AssuanError::Garbled)?;
        let nibble = |d: u8| char::from(d).to_digit(16).and_then(|n| u8::try_from(n).ok());
        let [high, low] = digits.map(nibble);
        data.push(high.zip(low).map(|(h, l)| h << 4 | l).ok_or(AssuanError::Garbled)?);
        rest = after;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn converse(
        script: &str,
        commands: &[(&str, &str)],
    ) -> (Vec<Result<Vec<u8>, AssuanError>>, String) {
        let mut sent = Vec::new();
        let mut assuan = Assuan::greet(script.as_bytes(), &mut sent).await.expect("greeted");
        let mut answers = Vec::new();
        for (name, argument) in commands {
            answers.push(assuan.command(name, argument).await.map(|data| data.to_vec()));
        }
        drop(assuan);
        (answers, String::from_utf8(sent).expect("text"))
    }

    #[tokio::test]
    async fn data_is_decoded_and_arguments_are_coded() {
        let script = "OK ready\nOK\n# comment\nS STATUS\nD 12%2534%0a\nOK\n";
        let (answers, sent) = converse(script, &[("SETDESC", "100 % sûr\nnext"), ("GETPIN", "")]).await;
        assert_eq!(sent, "SETDESC 100 %25 sûr%0Anext\nGETPIN\n");
        assert_eq!(answers[1].as_deref().expect("data"), b"12%34\n");
    }

    #[tokio::test]
    async fn a_refusal_keeps_its_code_and_the_conversation_goes_on() {
        let (answers, _) =
            converse("OK\nERR 83886179 cancelled <Pinentry>\nOK\n", &[("GETPIN", ""), ("BYE", "")]).await;
        assert!(matches!(answers[0], Err(AssuanError::Refused(83_886_179))));
        assert!(answers[1].is_ok());
    }

    #[tokio::test]
    async fn an_inquiry_is_answered_with_nothing() {
        let (answers, sent) = converse("OK\nINQUIRE QUALITY 12\nD 1234\nOK\n", &[("GETPIN", "")]).await;
        assert_eq!(answers[0].as_deref().expect("data"), b"1234");
        assert_eq!(sent, "GETPIN\nEND\n");
    }

    #[tokio::test]
    async fn what_is_not_assuan_is_refused() {
        let endless = format!("OK\nD {}", "1".repeat(4000));
        for script in ["OK\nHello\n", "OK\nD %zz\nOK\n", "OK\nD %1\nOK\n", "OK\nERR none\n", "OK\n", &endless]
        {
            let (answers, _) = converse(script, &[("GETPIN", "")]).await;
            let refused = matches!(answers[0], Err(AssuanError::Garbled | AssuanError::Io(_)));
            assert!(refused, "{script:.40}");
        }
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let mut line = String::new();
        encode(&"é\n".repeat(600), LINE, &mut line);
        assert!(line.len() <= LINE && line.len() > LINE - 5);
        assert!(line.ends_with("%0A") || line.ends_with('é'));
    }
}
