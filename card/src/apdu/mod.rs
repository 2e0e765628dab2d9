//! Commands and responses of ISO 7816-4 as values: to bytes and back, without any exchange.
//!
//! Everything here is pure and takes hostile bytes: nothing panics, recurses or allocates more than it was given.

pub mod command;
pub mod fci;
pub mod path;
pub mod response;
pub mod status;
pub mod tlv;

pub use command::Command;
pub use fci::Fci;
pub use path::FilePath;
pub use response::Response;
pub use status::Status;
pub use tlv::Tlv;
