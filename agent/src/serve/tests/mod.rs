//! The promises of the two doors, refusals first.
