//! The card leaves: before, during and after a login. Nothing is stuck, and everything closes.

use crate::scene::Scene;
use cps_sandbox::{card::cards, pinentry::Answer};

#[tokio::test]
async fn card_out_ends_the_session_everywhere() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    let mut application = scene.application("dpi").await;
    let accepted = application.login().await.expect("accepted");
    application.refresh(&accepted).await.expect("the session lives");
    scene.readers.remove(0);
    scene.until_nobody().await;
    let refused = application.refresh(&accepted).await.err().expect("the session is over");
    assert!(refused.contains("invalid_grant"), "{refused}");
}

#[tokio::test]
async fn card_out_withdraws_the_prompt_and_spends_nothing() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.person.next(Answer::Wait).expect("a script");
    let (login, ()) = tokio::join!(scene.login(), async {
        scene.until_asked(1).await;
        scene.readers.remove(0);
    });
    assert_eq!(login.expect_err("no login"), "card_removed");
    scene.insert(0, &card);
    scene.until_seen(&card).await;
    scene.login().await.expect("the agent goes on");
    assert_eq!(card.pin_tries_spent(), 0);
}

/// Whatever command is the last one that the card answers: a clear error, no try spent, and the agent goes on.
#[tokio::test]
async fn card_out_at_every_command_of_a_cold_login() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[]).await;
    let mut last = 0;
    for command in 1.. {
        card.faults().clear();
        // The agent must read the card as if for the first time.
        let moment = format!("{:014}", 20_260_101_000_000 + command);
        card.updated(&moment, &moment);
        card.faults().remove_at(command);
        scene.insert(0, &card);
        let outcome = scene.until("a card or an empty reader", async |control| {
            let status = control.status().await.ok()?;
            let seen = status.cards.iter().any(|seen| seen.serial == card.serial());
            (seen || !scene.has_card()).then_some(seen)
        });
        let login = if outcome.await { scene.login().await } else { Err("card_removed".to_owned()) };
        match login {
            Err(code) => {
                assert!(["card_removed", "no_card"].contains(&code.as_str()), "command {command}: {code}")
            }
            Ok(_) => {
                last = command;
                break;
            }
        }
        scene.until_empty().await;
        assert_eq!(card.pin_tries_spent(), 0, "command {command}");
    }
    assert!(last > 30, "a cold login takes more than {last} commands");
    card.faults().clear();
    scene.readers.remove(0);
    scene.until_empty().await;
    scene.insert(0, &card);
    scene.until_seen(&card).await;
    scene.login().await.expect("the agent goes on");
}
