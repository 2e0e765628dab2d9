//! `cps audit verify` shows the head of a trail that verifies; a broken one is exit code 1 with the place of the break.

use crate::agent::Agent;
use serde_json::json;

fn checked(aside: &[&str]) -> Agent {
    let check = json!({ "lines": 120, "hash": "ab12", "files": 1, "aside": aside });
    Agent::answering(&[("GET /v1/audit", 200, check)])
}

#[test]
fn a_broken_trail_names_file_and_line() {
    let problem = json!({
        "type": "urn:cps-agent:problem:trail_broken", "status": 409, "code": "trail_broken",
        "title": "The audit trail was edited or damaged: 1.jsonl, line 7.", "detail": "Keep the file.", "values": {},
    });
    let ran = Agent::answering(&[("GET /v1/audit", 409, problem)]).cps_english(&["audit", "verify"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(
        ran.err.starts_with("cps: The audit trail was edited or damaged: 1.jsonl, line 7."),
        "{}",
        ran.err
    );
}

#[test]
fn a_trail_that_verifies_shows_its_head() {
    let ran = checked(&[]).cps_english(&["audit", "verify"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(ran.out, "lines         120\nhead          ab12\n");
    let json = checked(&[]).cps(&["audit", "verify", "--json"]);
    assert!(json.out.contains("\"lines\":120"), "{}", json.out);
}

#[test]
fn what_was_kept_aside_is_told_beside_the_data() {
    let ran = checked(&["1.jsonl.broken"]).cps_english(&["audit", "verify"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.ends_with("kept aside    1.jsonl.broken\n"), "{}", ran.out);
    assert!(ran.err.contains("kept aside"), "{}", ran.err);
}
