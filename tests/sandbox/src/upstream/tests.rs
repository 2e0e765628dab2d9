//! The stand-in seen from outside, before any agent is involved.
