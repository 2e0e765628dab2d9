//! The number of a card, `8025000001/<10 digits>`.

/// Number of a card as its certificates write it: the issuer's number, a slash, the serial number.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CardNumber(String);

impl CardNumber {
    /// Takes a number as it stands; `None` unless it is two groups of digits around a slash, 40 characters at most.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let (issuer, serial) = text.split_once('/')?;
        (text.len() <= 40 && digits(issuer) && digits(serial)).then(|| Self(text.to_owned()))
    }

    /// The number as it stands.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Number of the issuer; `8025000001` is the agency (80 health, 250 France).
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.0.split_once('/').map_or("", |(issuer, _)| issuer)
    }

    /// Serial number, as many digits as written.
    #[must_use]
    pub fn serial(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, serial)| serial)
    }

    /// Whether this is the card with that printed serial number; leading zeros do not count.
    #[must_use]
    pub fn is_of_card(&self, serial: &str) -> bool {
        self.serial().trim_start_matches('0') == serial.trim_start_matches('0')
    }
}

impl std::fmt::Display for CardNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CardNumber({})", self.0)
    }
}
