//! The card's table of contents: PKCS#15 directories, read leniently (ISO 7816-15, PKCS #15 v1.1).
//!
//! Real cards break the encoding rules (a BIT STRING whose only byte is no count of unused bits) and directories come
//! from whoever made the card. So a record that cannot be understood is left out, an unknown field is skipped, counts
//! are bounded, and nothing here fails: who needs an object that is not listed falls back on the card's profile.

mod object;

pub mod directory;
pub mod pin;
pub mod token_info;

pub use directory::{
    CertificateRecord, DataRecord, Directories, KeyRecord, parse_certificates, parse_data_objects, parse_odf,
    parse_private_keys,
};
pub use pin::{PinRecord, parse_pins};
pub use token_info::{TokenInfo, parse_token_info};

/// Most records taken from one directory.
pub const MOST_RECORDS: usize = 64;
