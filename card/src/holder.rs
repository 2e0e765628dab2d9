//! The person on a card, as the certificate and the data objects name them.

/// A professional situation (CPS_ACTIVITY_nn_PS).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Index on the card, 1 to 16; indexes may have gaps.
    pub index: u8,
    /// Name of the structure.
    pub organisation: Option<String>,
    /// National identifier of the structure (Struct_IdNat), as it stands.
    pub structure: Option<String>,
    /// Sector of activity (R02), for instance `SA07`.
    pub sector: Option<String>,
}
