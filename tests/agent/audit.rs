//! The audit trail of a whole run: its chain verifies wherever a crash cuts it, and it holds neither secret nor name.

use crate::{
    application::Application,
    desk::{Desk, challenge, refused, script},
    scene::{Scene, code},
};
use cps_agent_api::words::PinRequest;
use cps_agent_core::audit::{Head, verify};
use cps_sandbox::{
    card::{CardBuilder, Family, PinPolicy, cards},
    pinentry::Answer,
    pki::holder::DOCTOR,
    upstream,
};
use std::fs;

const PIN: &str = "70418259";
const NEW: &str = "59260373";

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_run_is_told_without_a_secret_and_verifies_wherever_it_is_cut() {
    let policy = PinPolicy { min: 4, max: 8, padded_to: None };
    let card = CardBuilder::new(Family::Cps3, &DOCTOR).pin(PIN, policy).build();
    let desk = Desk::with(&[&card]).await;
    let application = Application::register(&desk, "dossier").await;
    script(desk.person(), &[Answer::WrongPin]);
    let page = application.begin().await;
    let crate::application::Page::Left(back) = application.end_of(&page).await else { panic!("no login") };
    let held = application.exchange(&back).await;
    let renewed = application.refresh(&held).await.expect("renewed");
    application.userinfo(&renewed).await.expect("the person");
    assert!(application.refresh(&held).await.is_err(), "a spent refresh token");
    desk.control().await.challenge(&challenge("test")).await.expect("a signature");
    script(desk.person(), &[Answer::RightPin, Answer::Type(NEW.to_owned()), Answer::Type(NEW.to_owned())]);
    refused(desk.control().await.change_pin(card.serial(), &PinRequest::default()).await).expect("changed");
    script(desk.person(), &[Answer::Cancel]);
    assert!(desk.control().await.end_session().await.expect("an answer"));
    assert!(desk.login("local").await.is_err(), "the person closed the prompt");
    desk.take(0).await;
    assert!(desk.login("local").await.is_err(), "no card");
    let folder = desk.workstation.folder().join("state").join("audit");
    desk.agent.stop().await;
    crate::desk::assert_no_panic();

    let mut files: Vec<_> =
        fs::read_dir(&folder).expect("the trail").map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "jsonl"));
    let [file] = files.as_slice() else { panic!("one file: {files:?}") };
    let text = fs::read(file).expect("readable");
    let whole = verify(&Head::default(), &text).expect("the chain verifies");
    assert!(!whole.truncated && whole.length == text.len());
    let told = String::from_utf8(text.clone()).expect("text");
    assert_eq!(told.lines().count() as u64, whole.head.sequence);

    // What happened is there, with card, person and application.
    for expected in [card.serial(), card.holder().identifier, "\"dossier\"", "pin_wrong", "pin_cancelled"] {
        assert!(told.contains(expected), "{expected} is not in the trail:\n{told}");
    }
    // What must not be there is not.
    let (family, given) = card.holder().name.expect("a person's card");
    let code = back.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned();
    let secrets = [
        PIN,
        NEW,
        "81529360",
        family,
        given,
        &code,
        &held.access,
        &held.refresh,
        &held.id,
        &renewed.access,
        &renewed.refresh,
        &renewed.id,
        upstream::SECRET,
    ];
    for secret in secrets {
        assert!(!told.contains(secret), "{secret} is in the trail:\n{told}");
    }

    for cut in 0..text.len() {
        let verified =
            verify(&Head::default(), &text[..cut]).unwrap_or_else(|error| panic!("byte {cut}: {error}"));
        let complete = text[..cut].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        assert_eq!((verified.length, verified.truncated), (complete, complete != cut), "byte {cut}");
    }
    // And an edit is found.
    let edited = told.replacen("pin_wrong", "pin_right", 1);
    verify(&Head::default(), edited.as_bytes()).expect_err("an edited trail");
}

/// What the person cannot rewrite: the system's journal keeps the head of the trail at login and at logout.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn heads_are_left_in_the_system_journal_at_login_and_logout() {
    let card = cards::doctor_cps3();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal");
    let journal = std::os::unix::net::UnixDatagram::bind(&path).expect("a socket");
    let scene = Scene::with(&[("audit.journal", &path.display().to_string())], &[&card]).await;
    scene.login().await.expect("logged in");
    scene.control().await.end_session().await.expect("ended");
    for event in ["login", "session_ended"] {
        let mut entry = [0; 1024];
        let length = journal.recv(&mut entry).expect("an entry");
        let entry = String::from_utf8_lossy(&entry[..length]).into_owned();
        let trail = scene.audit();
        let line = trail.iter().find(|line| line["event"] == event).expect("its line");
        let hash = line["hash"].as_str().expect("a hash");
        assert!(entry.contains(&format!("CPS_AGENT_AUDIT_HASH={hash}\n")), "{entry}");
        assert!(entry.contains(&format!("CPS_AGENT_AUDIT_SEQUENCE={}\n", line["seq"])), "{entry}");
    }
}

#[tokio::test]
async fn the_whole_trail_is_checked_on_demand_and_an_edit_is_named() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    let check = scene.control().await.check_audit().await.expect("it verifies");
    let trail = scene.audit();
    assert!(check.lines >= 1 && trail.len() as u64 >= check.lines && check.aside.is_empty());
    let at = usize::try_from(check.lines).expect("a number") - 1;
    assert_eq!(trail[at]["hash"], check.hash);

    scene.edit_audit("card_inserted", "card_removed");
    assert_eq!(code(scene.control().await.check_audit().await).expect_err("edited"), "trail_broken");
}

#[tokio::test]
async fn a_trail_that_was_emptied_or_taken_away_while_the_agent_runs_does_not_verify() {
    let scene = Scene::new(&[]).await;
    let path = scene.state().join("audit/00000000000000000001.jsonl");
    let spoils: [fn(&std::path::Path); 3] = [
        |path| fs::File::create(path).map(drop).expect("emptied"),
        |path| fs::remove_file(path).expect("removed"),
        |path| fs::create_dir(path).expect("a folder"),
    ];
    for spoil in spoils {
        spoil(&path);
        let refused = code(scene.control().await.check_audit().await);
        assert_eq!(refused.expect_err("lines are missing"), "trail_broken");
    }
}
