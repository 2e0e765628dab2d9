//! The card is pulled at every command there is: each time a clear refusal and no try spent, and the same agent logs in
//! when the card is back.

use crate::{
    application::{Application, Page},
    desk::{Desk, Refusal, UNTOUCHED, challenge, code, counts, login_by, refused, until, verifications},
};
use cps_agent_api::words::PinRequest;
use cps_sandbox::{
    card::{CardHandle, cards},
    pinentry::Answer,
};
use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

const INSERT: &str = "Insérez votre carte CPS dans le lecteur.";
const REMOVED: &str = "La carte a été retirée avant la fin.";

/// Pulls a card at the n-th command from now; becomes true when that happened.
fn pull_at(card: &CardHandle, command: u64) -> Arc<AtomicBool> {
    let pulled = Arc::new(AtomicBool::new(false));
    let happened = Arc::clone(&pulled);
    card.faults().at(command, move || happened.store(true, Ordering::SeqCst));
    card.faults().remove_at(command);
    pulled
}

impl Desk {
    /// Forgets every card, as if the agent had been installed just now.
    fn forget_cards(&self) {
        let folder = self.workstation.folder().join("state").join("cards");
        for entry in fs::read_dir(folder).expect("the folder of cards") {
            fs::remove_file(entry.expect("an entry").path()).expect("forgotten");
        }
    }

    async fn has_no_session(&self) {
        self.wait_for("the end of the session", async |control| {
            control.session().await.expect("an answer").is_none().then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_pulled_at_any_command_of_a_cold_login_is_told_on_the_page_and_logs_in_when_it_is_back() {
    let card = cards::doctor_cps3();
    let desk = Desk::with(&[]).await;
    desk.person().knows(&card).expect("a script");
    let application = Application::register(&desk, "pulled").await;
    let (mut while_read, mut while_used) = (0, 0);
    for command in 1.. {
        desk.forget_cards();
        let page = application.begin().await;
        application.wait(&page, |seen| *seen == Page::Hint(INSERT.to_owned())).await;
        card.counters().clear();
        let pulled = pull_at(&card, command);
        desk.readers.insert(0, &card);
        let seen = application
            .wait(&page, |seen| match seen {
                // Pulled while it was read: the page asks for a card as before.
                Page::Hint(hint) => hint == INSERT && pulled.load(Ordering::SeqCst),
                Page::Refused(_) | Page::Left(_) | Page::Asked(_) => true,
            })
            .await;
        assert_eq!(counts(&card), UNTOUCHED, "command {command}");
        let end = match seen {
            Page::Left(_) if !pulled.load(Ordering::SeqCst) => break,
            Page::Left(back) => panic!("command {command}: a login without the card: {back}"),
            Page::Asked(_) => panic!("command {command}: nobody is logged in, and a question"),
            Page::Hint(_) => {
                assert_eq!(verifications(&card), 0, "command {command}");
                while_read += 1;
                desk.readers.insert(0, &card);
                application.end_of(&page).await
            }
            Page::Refused(reason) => {
                assert_eq!(reason, REMOVED, "command {command}");
                assert!(verifications(&card) <= 1, "command {command}");
                while_used += 1;
                desk.take(0).await;
                desk.readers.insert(0, &card);
                application.try_again(&page).await;
                application.end_of(&page).await
            }
        };
        let Page::Left(back) = end else { panic!("command {command}: no login with the card back: {end:?}") };
        let held = application.exchange(&back).await;
        let info = application.userinfo(&held).await.expect("the person");
        assert_eq!(info["SubjectNameID"], card.holder().identifier);
        assert_eq!(counts(&card), UNTOUCHED, "command {command}");
        desk.take(0).await;
        desk.has_no_session().await;
    }
    assert!(while_read > 10, "a first insertion takes commands: {while_read}");
    assert!(while_used > 6, "a login takes commands: {while_used}");
    desk.end().await;
}

/// Pulls the card at every command of what is asked, until a run is untouched.
async fn pulled_at_any_command(card: CardHandle, ask: impl AsyncFn(&Desk) -> Result<(), Refusal>) {
    let desk = Desk::with(&[]).await;
    for command in 1.. {
        desk.insert(0, &card).await;
        card.counters().clear();
        let pulled = pull_at(&card, command);
        let answer = ask(&desk).await;
        if !pulled.load(Ordering::SeqCst) {
            card.faults().clear();
            answer.expect("nothing happened to the card");
            assert!(command > 6, "a signature takes commands: {command}");
            break;
        }
        assert_eq!(code(answer), "card_removed", "command {command}");
        assert_eq!(counts(&card), UNTOUCHED, "command {command}");
        assert!(verifications(&card) <= 1, "command {command}");
        desk.take(0).await;
        desk.insert(0, &card).await;
        ask(&desk).await.unwrap_or_else(|problem| panic!("command {command}, card back: {problem:?}"));
        assert_eq!(counts(&card), UNTOUCHED, "command {command}");
        desk.take(0).await;
        desk.has_no_session().await;
    }
    desk.end().await;
}

async fn local_login(desk: &Desk) -> Result<(), Refusal> {
    desk.login("local").await.map(drop)
}

async fn upstream_login(desk: &Desk) -> Result<(), Refusal> {
    desk.login("card").await.map(drop)
}

async fn test_challenge(desk: &Desk) -> Result<(), Refusal> {
    refused(desk.control().await.challenge(&challenge("test")).await).map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cps3_pulled_at_any_command_of_a_local_login_logs_in_when_it_is_back() {
    pulled_at_any_command(cards::doctor_cps3(), local_login).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cps4_pulled_at_any_command_of_a_login_at_the_upstream_logs_in_when_it_is_back() {
    pulled_at_any_command(cards::doctor_cps4(), upstream_login).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cps3_pulled_at_any_command_of_a_challenge_signs_when_it_is_back() {
    pulled_at_any_command(cards::doctor_cps3(), test_challenge).await;
}

/// Prompts of this desk's person that are on the screen: processes that run their program.
fn prompts(desk: &Desk) -> usize {
    let program = desk.person().program().to_string_lossy().into_owned();
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    let shown = |process: &fs::DirEntry| {
        // A process that ended meanwhile has no command line.
        let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).next() == Some(program.as_bytes())
    };
    processes.filter(shown).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_is_withdrawn_with_its_card_whatever_it_asks() {
    let card = cards::doctor_cps3();
    let desk = Desk::with(&[&card]).await;
    let serial = card.serial().to_owned();
    for deed in ["login", "challenge", "change", "unblock"] {
        desk.person().always(Answer::Wait).expect("a script");
        let before = desk.person().questions().len();
        let (mut control, serial) = (desk.control().await, serial.clone());
        let asked = tokio::spawn(async move {
            refused(match deed {
                "login" => control.login(&login_by("local", None)).await.map(drop),
                "challenge" => control.challenge(&challenge("test")).await.map(drop),
                "change" => control.change_pin(&serial, &PinRequest::default()).await,
                _ => control.unblock_pin(&serial, &PinRequest::default()).await,
            })
        });
        until("a prompt", async || (desk.person().questions().len() > before).then_some(())).await;
        assert_eq!(prompts(&desk), 1, "{deed}");
        desk.readers.remove(0);
        assert_eq!(code(asked.await.expect("an answer")), "card_removed", "{deed}");
        until("no prompt", async || (prompts(&desk) == 0).then_some(())).await;

        desk.take(0).await;
        desk.person().always(Answer::RightPin).expect("a script");
        desk.insert(0, &card).await;
        desk.login("local").await.expect("the card is back");
        desk.take(0).await;
        desk.insert(0, &card).await;
    }
    assert_eq!(counts(&card), UNTOUCHED);
    desk.end().await;
}
