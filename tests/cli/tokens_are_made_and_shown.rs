//! `cps token`: the passphrase is the agent's business; a certificate request is data ready to be redirected.

use crate::agent::Agent;
use serde_json::json;

#[test]
fn a_test_token_is_made_with_its_holder() {
    let answer =
        json!({ "serial": "0A1B", "file": "/t/essai.p8", "authority": "/t/essai-ac.pem", "csr": null });
    let agent = Agent::answering(&[("POST /v1/tokens", 201, answer)]);
    let ran = agent.cps(&[
        "token",
        "new",
        "essai",
        "--id",
        "899700000001",
        "--given-name",
        "Ada",
        "--family-name",
        "TEST",
        "--profession",
        "10",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.out, "numéro        0A1B\nfichier       /t/essai.p8\nautorité      /t/essai-ac.pem\n");
    assert_eq!(
        agent.seen()[0].body,
        json!({
            "name": "essai", "authority": "test", "id": "899700000001", "given_name": "Ada", "family_name": "TEST",
            "profession": 10, "screen": { "language": "fr" },
        })
    );
}

#[test]
fn a_request_is_alone_on_standard_output() {
    let pem = "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n";
    let answer = json!({ "serial": null, "file": "/t/k.p8", "authority": null, "csr": pem });
    let agent = Agent::answering(&[("POST /v1/tokens", 201, answer)]);
    let ran = agent.cps(&["token", "new", "k", "--id", "899700000001", "--csr"]);
    assert_eq!(ran.out, pem);
    assert_eq!(agent.seen()[0].body["authority"], "csr");
}

#[test]
fn tokens_are_shown_like_cards() {
    let token = json!([{
        "serial": "0A1B", "kind": "token", "place": "essai.p8", "label": "essai", "test": true,
        "holder": { "id": "899700000001", "given_name": null, "family_name": null, "card_type": null,
                    "profession": null, "specialities": [] },
        "unlocked": true, "problem": null,
    }]);
    let ran = Agent::answering(&[("GET /v1/tokens", 200, token)]).cps(&["token", "show"]);
    assert_eq!(
        ran.out,
        "numéro        0A1B\ngenre         jeton e-CPS [TEST]\nemplacement   essai.p8\n\
         identifiant   899700000001\ncode          vérifié pour l’agent\n"
    );
}
