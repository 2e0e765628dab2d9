//! Readers for virtual cards.
