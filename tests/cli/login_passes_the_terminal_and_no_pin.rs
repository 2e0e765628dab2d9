//! `cps login` tells the agent where its prompter may appear, and nothing that could be a PIN.

use crate::agent::{Agent, session};

#[test]
fn the_way_the_card_and_the_screen_reach_the_agent() {
    let agent = Agent::answering(&[("POST /v1/login", 200, session())]);
    let environment =
        [("LC_ALL", "fr_FR.UTF-8"), ("TERM", "xterm"), ("DISPLAY", ":0"), ("WAYLAND_DISPLAY", "wayland-0")];
    let ran = agent.cps_with(&["login", "--way", "card", "--card", "12345678"], &environment);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let expected = serde_json::json!({
        "way": "card", "card": "12345678",
        "screen": { "term": "xterm", "display": ":0", "wayland_display": "wayland-0", "language": "fr" },
    });
    assert_eq!(agent.seen()[0].body, expected, "exactly this and nothing else");
}

#[test]
fn the_session_is_shown() {
    let agent = Agent::answering(&[("POST /v1/login", 200, session())]);
    let ran = agent.cps(&["login"]);
    assert_eq!(
        ran.out,
        "titulaire     ADA TESTCARTE\n\
         identifiant   899700000001\n\
         connexion     carte\n\
         carte         12345678\n\
         service       https://psc.example\n\
         niveau        eidas1\n\
         fin           encore 2 h 30 min\n\
         applications  mon-dpi\n"
    );
}

#[test]
fn the_command_line_takes_no_pin() {
    for words in [["login", "--pin=1234"], ["login", "--puk=12345678"], ["login", "1234"]] {
        let ran = crate::agent::run(&words, &[]);
        assert_eq!(ran.code, 2, "{words:?}");
    }
}
