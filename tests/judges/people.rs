//! Made-up people whom the upstream knows, each with an RPPS number of its own.

use serde_json::{Value, json};

/// The national identifier of the person of this number: `8`, ten digits and their Luhn key.
pub fn identifier(number: u32) -> String {
    let digits = format!("{:010}", 9_970_000_000_u64 + u64::from(number));
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let value = u32::from(digit - b'0') * if place % 2 == 0 { 2 } else { 1 };
            value / 10 + value % 10
        })
        .sum();
    format!("8{digits}{}", (10 - sum % 10) % 10)
}

/// So many of them, as `upstream.mjs` is told.
pub fn known(count: u32) -> Value {
    (0..count)
        .map(|number| json!({ "identifier": identifier(number), "given": "TEST", "family": format!("PERSONNE{number}") }))
        .collect()
}
