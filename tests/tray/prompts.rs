//! The agent's prompts as windows, by two toolkits: the right title, the right text, and the PIN typed into them.

use crate::{desk::until, private_bus::Bus, scene::Scene, screen::Screen, tray::Tray};
use cps_sandbox::card::cards;
use std::time::{Duration, Instant};

/// When something is chosen or typed again, if nothing came of it.
const AGAIN: Duration = Duration::from_secs(15);

/// Somebody chooses the login in the menu and types the PIN into a window of this program; keeps a picture.
async fn typed_into(program: &str, locale: &str, login: &str, logout: &str, picture: &str) {
    let card = cards::doctor_cps3();
    let scene = Scene::with(&[("pin.pinentry", program)], &[&card]).await;
    let (screen, bus) = (Screen::start(), Bus::start());
    let tray = Tray::on_screen(&bus, &scene.socket(), locale, &screen.display).await;
    let mut chosen: Option<Instant> = None;
    let title = until("a window with a title", async || {
        // A menu may change between being read and being clicked; then a person clicks again.
        if chosen.is_none_or(|when| when.elapsed() > AGAIN) && tray.text().await.contains(login) {
            tray.choose(login).await;
            chosen = Some(Instant::now());
        }
        let found = screen.run("xdotool", &["search", "--onlyvisible", "--name", "CPS", "getwindowname"]);
        Some(String::from_utf8_lossy(&found).trim().to_owned()).filter(|title| !title.is_empty())
    })
    .await;
    assert!(title.contains("CPS"), "{title}");
    screen.until_still().await;
    screen.picture(picture);
    let mut typed: Option<Instant> = None;
    until("a login", async || {
        // The window takes the keyboard a while after it is seen; what came before that went nowhere.
        if typed.is_none_or(|when| when.elapsed() > AGAIN) {
            if typed.is_some() {
                screen.run("xdotool", &[["key"].as_slice(), &["BackSpace"; 8]].concat());
            }
            screen.run("xdotool", &["type", &card.pin()]);
            screen.run("xdotool", &["key", "Return"]);
            typed = Some(Instant::now());
        }
        tray.text().await.contains(logout).then_some(())
    })
    .await;
    assert_eq!(card.pin_tries_spent(), 0);
    assert!(scene.session().await.is_some());
}

#[tokio::test]
async fn a_pin_is_typed_into_the_window_of_gtk() {
    let program = "/usr/bin/pinentry-gtk-2";
    typed_into(program, "fr_FR.UTF-8", "Se connecter par carte", "Se déconnecter", "prompt-gtk-fr").await;
}

#[tokio::test]
async fn a_pin_is_typed_into_the_window_of_qt() {
    let program = "/usr/bin/pinentry-qt";
    typed_into(program, "fr_FR.UTF-8", "Se connecter par carte", "Se déconnecter", "prompt-qt-fr").await;
}

#[tokio::test]
async fn the_prompt_speaks_english_to_whoever_does() {
    let program = "/usr/bin/pinentry-gtk-2";
    typed_into(program, "en_GB.UTF-8", "Log in by card", "Log out", "prompt-gtk-en").await;
}
