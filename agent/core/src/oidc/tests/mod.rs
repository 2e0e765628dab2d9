//! The promises of the provider, refusals first.
