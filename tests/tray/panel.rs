//! The icon and the open menu on a real panel, light and dark, in both languages: seen, and told apart.

use crate::{
    scene::Scene,
    screen::{Panel, Part},
    tray::Tray,
};
use cps_sandbox::card::cards;

/// Leads somebody through a day, and looks at the panel at every turn. Texts are those of the language.
struct Day<'a> {
    panel: &'a Panel,
    tray: &'a Tray,
    name: &'a str,
    seen: Vec<Vec<u8>>,
    empty: Vec<u8>,
}

impl Day<'_> {
    /// Waits until the icon is another one, and keeps a picture of it with its menu.
    async fn look(&mut self, state: &str) {
        let screen = &self.panel.screen;
        let icon = screen.until_unlike(state, Part::Panel, &self.seen).await;
        self.seen.push(icon);
        self.panel.open_menu();
        let open = [self.empty.clone()];
        screen.until_unlike(&format!("the menu, {state}"), Part::Rest, &open).await;
        screen.picture(&format!("{}-{state}", self.name));
        self.panel.close_menu();
        crate::desk::until("the end of the menu", async || {
            (screen.pixels(Part::Rest) == self.empty).then_some(())
        })
        .await;
    }
}

async fn day(dark: bool, locale: &str, words: [&str; 6]) {
    let [login, asked, logout, no_card, no_reader, locked] = words;
    let card = cards::doctor_cps3();
    let mut scene = Scene::with(&[("session.mode", "lock")], &[&card]).await;
    let panel = Panel::start(dark).await;
    let empty_panel = panel.screen.pixels(Part::Panel);
    let empty = panel.screen.pixels(Part::Rest);
    let tray = Tray::speaking(&panel.bus, &scene.socket(), locale).await;
    let name = format!("{}-{}", if dark { "dark" } else { "light" }, &locale[..2]);
    let mut day = Day { panel: &panel, tray: &tray, name: &name, seen: vec![empty_panel], empty };

    day.tray.until_says(login).await;
    day.look("card").await;
    let thinking = scene.person.thinks().expect("a script");
    tray.choose(login).await;
    tray.until_says(asked).await;
    day.look("attention").await;
    drop(thinking);
    tray.until_says(logout).await;
    day.look("connected").await;
    scene.readers.remove(0);
    tray.until_says(locked).await;
    day.look("locked").await;
    tray.choose(logout).await;
    tray.until_says(no_card).await;
    day.look("no-card").await;
    scene.readers.unplug_last();
    tray.until_says(no_reader).await;
    day.look("no-reader").await;
    scene.stop().await;
    day.look("stopped").await;
}

#[tokio::test]
async fn every_state_is_told_apart_on_a_light_panel_in_french() {
    let words = [
        "Se connecter par carte",
        "Un code est demandé",
        "Se déconnecter",
        "Aucune carte dans le lecteur",
        "Aucun lecteur de carte",
        "verrouillée",
    ];
    day(false, "fr_FR.UTF-8", words).await;
}

#[tokio::test]
async fn every_state_is_told_apart_on_a_dark_panel_in_english() {
    let words = [
        "Log in by card",
        "A PIN is asked for",
        "Log out",
        "No card in the reader",
        "No card reader",
        "locked",
    ];
    day(true, "en_GB.UTF-8", words).await;
}
