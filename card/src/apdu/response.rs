//! A response: data and two status bytes (ISO 7816-4 §5.1).

use super::Status;

/// What the card answered to one command.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The data, possibly empty.
    pub data: Vec<u8>,
    /// SW1 SW2.
    pub status: Status,
}

impl Response {
    /// Splits the bytes of a reader into data and status; `None` when there are not even two bytes.
    #[must_use]
    pub fn parse(mut bytes: Vec<u8>) -> Option<Self> {
        let sw2 = bytes.pop()?;
        let sw1 = bytes.pop()?;
        Some(Self { data: bytes, status: Status(u16::from_be_bytes([sw1, sw2])) })
    }
}

/// Length and status only: the data may be a file that the PIN protects.
impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes {}", self.data.len(), self.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_a_status_is_no_response() {
        assert_eq!(Response::parse(vec![]), None);
        assert_eq!(Response::parse(vec![0x90]), None);
    }

    #[test]
    fn the_last_two_bytes_are_the_status() {
        let response = Response::parse(vec![1, 2, 0x61, 0x19]).unwrap();
        assert_eq!(response.data, [1, 2]);
        assert_eq!(response.status, Status(0x6119));
    }
}
