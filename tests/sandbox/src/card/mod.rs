//! Virtual CPS cards.
