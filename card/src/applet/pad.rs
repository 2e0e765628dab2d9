//! PIN entry on the reader's pad: the PIN_VERIFY structure (PC/SC part 10 §2.5.2).

use crate::apdu::Status;

/// The person took too long.
pub(super) const TIMED_OUT: Status = Status(0x6400);
/// The person pressed cancel.
pub(super) const CANCELLED: Status = Status(0x6401);
/// The reader itself found the PIN too short or too long, and sent nothing.
pub(super) const WRONG_LENGTH: Status = Status(0x6403);

/// Seconds without a key before the reader gives up.
const TIME_OUT: u8 = 30;
/// bmFormatString: lengths in bytes, PIN at the start of the block, left justified, ASCII.
const ASCII: u8 = 0x82;
/// bEntryValidationCondition: the OK key.
const OK_KEY: u8 = 0x02;
/// wLangId: French (France), least significant byte first.
const FRENCH: [u8; 2] = [0x0C, 0x04];

/// What a reader must know to build VERIFY from keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Fewest digits.
    pub(crate) min: u8,
    /// Most digits.
    pub(crate) max: u8,
    /// Length and filler of the block, when the card wants it padded.
    pub(crate) padding: Option<(u8, u8)>,
}

impl Entry {
    /// Longest block that the structure can describe: its length has four bits.
    const LONGEST: u8 = 15;

    /// Whether a reader can build the block at all.
    pub(crate) fn fits(&self) -> bool {
        self.max <= Self::LONGEST && self.padding.is_none_or(|(length, _)| length <= Self::LONGEST)
    }

    /// The structure for VERIFY with `header` (CLA INS P1 P2).
    ///
    /// A padded block, or a PIN of one length only, is given in full with its filler, and the reader writes the digits
    /// over it; else Lc is 00 and the reader puts the number of digits there.
    pub(crate) fn verify(&self, header: [u8; 4]) -> Vec<u8> {
        let (length, filler) = match self.padding {
            Some(padding) => padding,
            None if self.min == self.max => (self.max, 0xFF),
            None => (0, 0xFF),
        };
        let mut command = header.to_vec();
        command.push(length);
        command.resize(command.len() + usize::from(length), filler);

        let mut block = vec![
            TIME_OUT,
            TIME_OUT,
            ASCII,
            length & 0x0F, // bmPINBlockString: no length inserted, block of so many bytes
            0x00,          // bmPINLengthFormat: none
            self.max,      // wPINMaxExtraDigit, least significant byte first
            self.min,
            OK_KEY,
            0x01, // bNumberMessage: one prompt
        ];
        block.extend(FRENCH);
        block.push(0x00); // bMsgIndex: "enter PIN"
        block.extend([0x00; 3]); // bTeoPrologue: none
        block.extend(u32::try_from(command.len()).unwrap_or(u32::MAX).to_le_bytes());
        block.append(&mut command);
        block
    }
}

#[cfg(test)]
mod tests {
    use super::Entry;

    #[test]
    fn a_pin_of_four_digits_is_a_block_of_four() {
        let block = Entry { min: 4, max: 4, padding: None }.verify([0x00, 0x20, 0x00, 0x01]);
        let expected = [
            30, 30, 0x82, 0x04, 0x00, 0x04, 0x04, 0x02, 0x01, 0x0C, 0x04, 0x00, 0, 0, 0, // entry
            0x09, 0, 0, 0, // length of the command
            0x00, 0x20, 0x00, 0x01, 0x04, 0xFF, 0xFF, 0xFF, 0xFF,
        ];
        assert_eq!(block, expected);
    }

    #[test]
    fn padding_is_the_cards_own() {
        let block = Entry { min: 4, max: 8, padding: Some((8, 0x00)) }.verify([0x00, 0x20, 0x00, 0x01]);
        assert_eq!(block[3], 0x08);
        assert_eq!(block[5..7], [8, 4]);
        assert_eq!(block[19..], [0x00, 0x20, 0x00, 0x01, 0x08, 0, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn without_padding_the_reader_counts_the_digits() {
        let block = Entry { min: 4, max: 8, padding: None }.verify([0x00, 0x20, 0x00, 0x01]);
        assert_eq!(block[3], 0x00);
        assert_eq!(block[19..], [0x00, 0x20, 0x00, 0x01, 0x00]);
    }
}
