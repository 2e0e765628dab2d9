//! A PIN: built once, spent once, never printed, copied, compared or serialised.

use zeroize::Zeroizing;

/// A personal identification number typed by a person. It moves into the one command that needs it and is wiped there.
pub struct Pin(Zeroizing<Vec<u8>>);

/// A PIN unblocking key. Same rules as [`Pin`], and a type of its own so that the two cannot be swapped.
pub struct Puk(Zeroizing<Vec<u8>>);

macro_rules! secret_digits {
    ($name:ident) => {
        impl $name {
            /// Takes the digits over. The caller gives up its only copy.
            #[must_use]
            pub fn new(digits: Zeroizing<Vec<u8>>) -> Self {
                Self(digits)
            }

            /// Number of characters, for the length check that precedes every VERIFY.
            #[must_use]
            pub fn len(&self) -> usize {
                self.0.len()
            }

            /// Whether nothing was typed.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }

            /// The digits. Only the command builders and the key-file decryption of this crate call it.
            pub(crate) fn expose(&self) -> &[u8] {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}
secret_digits!(Pin);
secret_digits!(Puk);

/// What is known of a PIN without spending a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinStatus {
    /// Tries left before the card blocks itself; `None` when the card did not say.
    pub tries_left: Option<u8>,
    /// Tries after a success.
    pub tries_max: Option<u8>,
    /// The card considers the PIN verified now.
    pub verified: bool,
    /// Shortest PIN the card takes.
    pub min_length: u8,
    /// Longest PIN the card takes.
    pub max_length: u8,
    /// The reader has a PIN pad that this token can use.
    pub pad: bool,
}

impl PinStatus {
    /// No try left: only the PUK helps.
    #[must_use]
    pub fn blocked(&self) -> bool {
        self.tries_left == Some(0)
    }

    /// The next wrong PIN blocks the card.
    #[must_use]
    pub fn last_try(&self) -> bool {
        self.tries_left == Some(1)
    }
}
