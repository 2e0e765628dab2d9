//! The OpenAPI document served at `/openapi.json`; a test keeps it equal to the route table.

/// The document.
pub const DOCUMENT: &str = include_str!("openapi.json");
