//! `cps doctor`: a line for each thing, what to do for what is wrong, and an exit code for scripts.

use crate::agent::Agent;
use serde_json::{Value, json};

fn check(name: &str, state: &str, title: &str) -> Value {
    json!({
        "name": name, "state": state, "code": null, "title": title, "detail": null, "help": null, "values": {},
    })
}

fn wrong(name: &str, state: &str, code: &str, help: &str) -> Value {
    let mut check = check(name, state, "Ceci ne va pas.");
    check["code"] = code.into();
    check["detail"] = "Faites ceci.".into();
    check["help"] = help.into();
    check
}

fn agent(checks: &[Value]) -> Agent {
    Agent::answering(&[("GET /v1/diagnosis", 200, json!({ "checks": checks }))])
}

#[test]
fn when_all_is_well_it_ends_with_0() {
    let ran = agent(&[check("agent", "ok", "L'agent est en marche."), check("state", "ok", "Tout va bien.")])
        .cps(&["doctor"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.out, "bien      L'agent est en marche.\nbien      Tout va bien.\n");
    assert_eq!(ran.err, "");
}

#[test]
fn what_is_wrong_has_its_code_the_next_step_and_who_can_help() {
    let ran = agent(&[
        check("agent", "ok", "L'agent est en marche."),
        wrong("clock", "failed", "clock_skew", "administrator"),
        wrong("readers", "warning", "no_reader", "person"),
    ])
    .cps(&["doctor"]);
    assert_eq!(ran.code, 1);
    assert_eq!(
        ran.out,
        "bien      L'agent est en marche.\n\
         échec     Ceci ne va pas. [clock_skew]\n          Faites ceci. (votre administrateur)\n\
         attention Ceci ne va pas. [no_reader]\n          Faites ceci. (vous pouvez le faire)\n"
    );
    assert_eq!(
        ran.err,
        "cps\u{a0}: Tout ne fonctionne pas (points à corriger\u{a0}: 1).\nindice\u{a0}: Chaque point ci-dessus dit quoi faire.\n"
    );
}

#[test]
fn a_warning_alone_is_no_failure() {
    let ran = agent(&[wrong("readers", "warning", "no_reader", "person")]).cps_english(&["doctor"]);
    assert_eq!(ran.code, 0);
    assert_eq!(ran.out, "warning   Ceci ne va pas. [no_reader]\n          Faites ceci. (you can do it)\n");
}

#[test]
fn programs_get_the_same_as_json_and_the_same_exit_code() {
    let agent = agent(&[wrong("clock", "failed", "clock_skew", "administrator")]);
    let ran = agent.cps(&["doctor", "--json"]);
    assert_eq!(ran.code, 1);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(answer["checks"][0]["code"], "clock_skew");
    let problem: Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(problem["code"], "unwell");
}
