//! What a challenge refuses, and that its signature is checked.
