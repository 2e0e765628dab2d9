//! A command: header, data and expected length (ISO 7816-4 §5.1), short form only.

use zeroize::Zeroizing;

/// Longest data of a short command.
pub const LONGEST_DATA: usize = 255;

/// How the bytes of a command depend on the transmission protocol (ISO 7816-3 §12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// T=0: a command without data has P3 = 00, and one with data has no Le, for the card announces its answer by `61xx`.
    T0,
    /// T=1: Le is there when an answer is wanted.
    T1,
}

/// One command for the card. Its data is wiped when it is dropped and never printed by `Debug`.
pub struct Command {
    name: &'static str,
    header: [u8; 4],
    data: Zeroizing<Vec<u8>>,
    expected: Option<u16>,
    unfetched: bool,
    sensitive: bool,
}

impl Command {
    /// A command without data and without expected answer (case 1). `name` is the one of ISO 7816-4, for logs and
    /// errors.
    #[must_use]
    pub fn new(name: &'static str, cla: u8, ins: u8, p1: u8, p2: u8) -> Self {
        Self {
            name,
            header: [cla, ins, p1, p2],
            data: Zeroizing::default(),
            expected: None,
            unfetched: false,
            sensitive: false,
        }
    }

    /// Adds data: more than [`LONGEST_DATA`] bytes make the channel send a chain.
    #[must_use]
    pub fn data(self, data: impl Into<Vec<u8>>) -> Self {
        Self { data: Zeroizing::new(data.into()), ..self }
    }

    /// Adds data that is secret: only header and length of this command are ever logged, and nothing of its answer.
    #[must_use]
    pub fn secret(self, data: Zeroizing<Vec<u8>>) -> Self {
        Self { data, sensitive: true, ..self }
    }

    /// Marks command and answer as not for logs: a deciphered text, a file behind the PIN.
    #[must_use]
    pub fn sensitive(self) -> Self {
        Self { sensitive: true, ..self }
    }

    /// Asks for up to `length` bytes of answer, 256 at most.
    #[must_use]
    pub fn expect(self, length: u16) -> Self {
        Self { expected: Some(length.clamp(1, 256)), ..self }
    }

    /// Lets the answer wait in the card: `61xx` is then the end, and a success.
    #[must_use]
    pub fn unfetched(self) -> Self {
        Self { unfetched: true, ..self }
    }

    /// The command's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// CLA INS P1 P2.
    #[must_use]
    pub fn header(&self) -> [u8; 4] {
        self.header
    }

    /// Whether nothing but header and length may be logged.
    #[must_use]
    pub fn is_sensitive(&self) -> bool {
        self.sensitive
    }

    /// Whether an answer with data is wanted.
    #[must_use]
    pub fn expects_answer(&self) -> bool {
        self.expected.is_some()
    }

    /// Whether `61xx` ends the exchange.
    #[must_use]
    pub fn is_unfetched(&self) -> bool {
        self.unfetched
    }

    /// Number of data bytes.
    #[must_use]
    pub fn data_len(&self) -> usize {
        self.data.len()
    }

    /// The bytes to transmit: one command, or several when the data needs chaining (bit 5 of CLA set in all but the
    /// last, ISO 7816-4 §5.3.3). `expected` overrides the length asked for, after the card named a better one.
    #[must_use]
    pub fn encode(&self, encoding: Encoding, expected: Option<u16>) -> Vec<Zeroizing<Vec<u8>>> {
        let expected = expected.or(self.expected);
        let mut blocks = self.data.chunks(LONGEST_DATA).peekable();
        if blocks.peek().is_none() {
            return vec![self.block(false, &[], expected, encoding)];
        }
        let mut encoded = Vec::with_capacity(blocks.len());
        while let Some(block) = blocks.next() {
            let more = blocks.peek().is_some();
            encoded.push(self.block(more, block, expected.filter(|_| !more), encoding));
        }
        encoded
    }

    fn block(
        &self,
        more: bool,
        data: &[u8],
        expected: Option<u16>,
        encoding: Encoding,
    ) -> Zeroizing<Vec<u8>> {
        let [cla, ins, p1, p2] = self.header;
        let cla = if more { cla | 0x10 } else { cla };
        // One allocation of the final size, so that no copy of a PIN stays behind in a buffer that grew.
        let mut bytes = Zeroizing::new(Vec::with_capacity(4 + 1 + data.len() + 1));
        bytes.extend([cla, ins, p1, p2]);
        let length = expected.map(|length| u8::try_from(length).unwrap_or(0));
        match (u8::try_from(data.len()), length, encoding) {
            (Ok(0), None, Encoding::T0) => bytes.push(0),
            (Ok(0), length, _) => bytes.extend(length),
            (lc, length, encoding) => {
                bytes.push(lc.unwrap_or(u8::MAX));
                bytes.extend_from_slice(data);
                bytes.extend(length.filter(|_| encoding == Encoding::T1));
            }
        }
        bytes
    }
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [cla, ins, p1, p2] = self.header;
        write!(f, "{} {cla:02X} {ins:02X} {p1:02X} {p2:02X}, {} bytes", self.name, self.data.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(command: &Command, encoding: Encoding) -> Vec<Vec<u8>> {
        command.encode(encoding, None).iter().map(|bytes| bytes.to_vec()).collect()
    }

    #[test]
    fn a_sensitive_command_prints_no_data() {
        let command = Command::new("VERIFY", 0, 0x20, 0, 1).secret(Zeroizing::new(b"1234".to_vec()));
        assert_eq!(format!("{command:?}"), "VERIFY 00 20 00 01, 4 bytes");
        assert!(command.is_sensitive());
    }

    #[test]
    fn a_command_without_anything_has_five_bytes_in_t0_and_four_in_t1() {
        let command = Command::new("VERIFY", 1, 0x20, 0, 0x11);
        assert_eq!(encoded(&command, Encoding::T0), [[1, 0x20, 0, 0x11, 0].to_vec()]);
        assert_eq!(encoded(&command, Encoding::T1), [[1, 0x20, 0, 0x11].to_vec()]);
    }

    #[test]
    fn t0_keeps_the_length_of_case_2_and_drops_the_one_of_case_4() {
        let read = Command::new("READ BINARY", 0, 0xB0, 0, 0).expect(231);
        assert_eq!(encoded(&read, Encoding::T0), [[0, 0xB0, 0, 0, 0xE7].to_vec()]);
        let select = Command::new("SELECT", 0, 0xA4, 9, 4).data([0x2F, 0]).expect(256);
        assert_eq!(encoded(&select, Encoding::T0), [[0, 0xA4, 9, 4, 2, 0x2F, 0].to_vec()]);
        assert_eq!(encoded(&select, Encoding::T1), [[0, 0xA4, 9, 4, 2, 0x2F, 0, 0].to_vec()]);
    }

    #[test]
    fn long_data_goes_in_a_chain_of_255_bytes() {
        let decipher = Command::new("PSO DECIPHER", 1, 0x2A, 0x80, 0x86).data(vec![7; 256]).expect(256);
        let blocks = encoded(&decipher, Encoding::T1);
        assert_eq!(blocks.len(), 2);
        assert_eq!(blocks[0][..5], [0x11, 0x2A, 0x80, 0x86, 0xFF]);
        assert_eq!(blocks[0].len(), 5 + 255);
        assert_eq!(blocks[1], [0x01, 0x2A, 0x80, 0x86, 0x01, 7, 0]);
    }
}
