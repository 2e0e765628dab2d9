//! The two status bytes that end every response (ISO 7816-4 §5.6).

/// SW1 SW2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u16);

impl Status {
    /// Normal end.
    pub const OK: Self = Self(0x9000);
    /// End of file reached before the expected length.
    pub const END_OF_FILE: Self = Self(0x6282);
    /// The length is wrong, and the card does not say which one is right.
    pub const WRONG_LENGTH: Self = Self(0x6700);
    /// The security status is not satisfied: the PIN is needed.
    pub const SECURITY: Self = Self(0x6982);
    /// The PIN is blocked.
    pub const BLOCKED: Self = Self(0x6983);
    /// The reference data (the PIN) is not usable.
    pub const NOT_USABLE: Self = Self(0x6984);
    /// File or application not found.
    pub const NOT_FOUND: Self = Self(0x6A82);
    /// P1 or P2 is incorrect.
    pub const WRONG_PARAMETERS: Self = Self(0x6A86);
    /// The reference names nothing.
    pub const UNKNOWN_REFERENCE: Self = Self(0x6A88);
    /// The offset lies outside of the file.
    pub const WRONG_OFFSET: Self = Self(0x6B00);

    /// Whether the command was carried out: `9000`, or `61xx` when the data was not fetched.
    #[must_use]
    pub fn succeeded(self) -> bool {
        self == Self::OK || self.sw1() == 0x61
    }

    /// Bytes that wait for GET RESPONSE (`61xx`); `00` means 256 or more.
    #[must_use]
    pub fn waiting(self) -> Option<u16> {
        (self.sw1() == 0x61).then(|| self.length())
    }

    /// The length the card would accept (`6Cxx`).
    #[must_use]
    pub fn exact(self) -> Option<u16> {
        (self.sw1() == 0x6C).then(|| self.length())
    }

    /// Tries left of a PIN that was wrong, or was not given (`63Cx`).
    #[must_use]
    pub fn tries(self) -> Option<u8> {
        let [_, sw2] = self.0.to_be_bytes();
        (self.0 & 0xFFF0 == 0x63C0).then_some(sw2 & 0x0F)
    }

    /// Whether the command was looked at and not carried out (checking errors, ISO 7816-4 table 6). `6C` and `6F` are
    /// not counted: the one belongs to another kind of command, the other says that nobody knows.
    #[must_use]
    pub fn was_not_tried(self) -> bool {
        matches!(self.sw1(), 0x67..=0x6B | 0x6D | 0x6E)
    }

    fn sw1(self) -> u8 {
        let [sw1, _] = self.0.to_be_bytes();
        sw1
    }

    fn length(self) -> u16 {
        match self.0 & 0x00FF {
            0 => 256,
            length => length,
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn a_length_of_zero_means_256() {
        assert_eq!(Status(0x6100).waiting(), Some(256));
        assert_eq!(Status(0x6C00).exact(), Some(256));
        assert_eq!(Status(0x6119).waiting(), Some(0x19));
    }

    #[test]
    fn tries_are_read_from_63cx_only() {
        assert_eq!(Status(0x63C2).tries(), Some(2));
        assert_eq!(Status(0x63C0).tries(), Some(0));
        assert_eq!(Status(0x6300).tries(), None);
        assert_eq!(Status(0x6983).tries(), None);
    }

    #[test]
    fn only_a_checking_error_says_that_nothing_was_tried() {
        assert!(Status::WRONG_LENGTH.was_not_tried());
        assert!(Status::SECURITY.was_not_tried());
        for unclear in [0x9000, 0x6100, 0x6281, 0x6300, 0x63C2, 0x6581, 0x6C01, 0x6F00, 0x0000] {
            assert!(!Status(unclear).was_not_tried(), "{unclear:04X}");
        }
    }

    #[test]
    fn data_left_unfetched_is_a_success() {
        assert!(Status(0x610E).succeeded());
        assert!(Status(0x9000).succeeded());
        assert!(!Status(0x6282).succeeded());
        assert!(!Status(0x6A82).succeeded());
    }
}
