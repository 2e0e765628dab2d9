//! logind as it is served by the tests.
