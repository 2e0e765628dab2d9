//! The failure table: everything that can go wrong for a person, in French and English.

/// Language of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// French, the first language of the product.
    #[default]
    French,
    /// English.
    English,
}

/// A stable code of the failure table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code(pub &'static str);
