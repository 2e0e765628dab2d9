//! The agent, the panel and the bus go away and come back; the tray stays.

use crate::{desktop::Watcher, private_bus::Bus, real_agent::RealAgent, scene::Scene, tray::Tray};
use std::{fs, path::Path};

/// Settings of an agent that has nothing.
fn settings(folder: &Path) -> std::path::PathBuf {
    let file = folder.join("config.toml");
    fs::write(&file, "[bridge]\nlisten = \"127.0.0.1:0\"\n[trust]\nenvironment = \"test\"\n")
        .expect("written");
    file
}

#[tokio::test]
async fn an_agent_that_is_killed_is_shown_as_stopped_and_found_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = settings(folder.path());
    let nowhere = folder.path().join("no-pcscd");
    let environment: [(&str, &Path); 1] = [("PCSCLITE_CSOCK_NAME", &nowhere)];
    let agent = RealAgent::start(folder.path(), &config, &environment).await;
    let bus = Bus::start();
    let socket = folder.path().join("run/cps-agent/control.sock");
    let mut tray = Tray::start(&bus, &socket).await;
    tray.until_says("Se connecter par carte").await;
    let running = tray.picture().await;
    // Killed: it says no good-bye.
    drop(agent);
    let shown = tray.until_says("L’agent CPS est arrêté.").await;
    assert!(shown.contains("Démarrer l’agent") && !shown.contains("Se connecter"), "{shown}");
    assert_ne!(tray.picture().await, running);
    let _agent = RealAgent::start(folder.path(), &config, &environment).await;
    let shown = tray.until_says("Se connecter par carte").await;
    assert!(!shown.contains("arrêté") && !tray.ended(), "{shown}");
}

#[tokio::test]
async fn a_tray_without_a_panel_waits_for_one_and_for_the_next() {
    let scene = Scene::new(&[]).await;
    let bus = Bus::start();
    let tray = Tray::start(&bus, &scene.socket()).await;
    let name = tray.name().await;
    // The library asks for a panel first and listens for one afterwards (ksni 0.3): one that comes in between is missed.
    tray.until_says("Aucune carte dans le lecteur").await;
    let panel = Watcher::on(&bus).await;
    panel.until_has(&name).await;
    panel.end().await;
    let panel = Watcher::on(&bus).await;
    panel.until_has(&name).await;
    tray.until_says("Aucune carte dans le lecteur").await;
}

#[tokio::test]
async fn a_bus_that_ends_takes_the_icon_away_and_the_next_one_has_it_again() {
    let scene = Scene::new(&[]).await;
    let place = tempfile::tempdir().expect("a folder");
    let bus = Bus::start_in(place.path());
    let address = format!("unix:path={}", place.path().join("bus").display());
    let mut tray = Tray::at(&address, &scene.socket(), &bus).await;
    tray.until_says("Aucune carte dans le lecteur").await;
    drop(bus);
    let bus = Bus::start_in(place.path());
    tray.seen_on(&bus).await;
    tray.until_says("Aucune carte dans le lecteur").await;
    tray.choose("English").await;
    tray.until_says("No card in the reader").await;
    assert!(!tray.ended());
}

#[tokio::test]
async fn a_tray_that_starts_before_the_bus_shows_its_icon_when_the_bus_is_there() {
    let scene = Scene::new(&[]).await;
    let place = tempfile::tempdir().expect("a folder");
    let home = tempfile::tempdir().expect("a folder");
    fs::create_dir(home.path().join("run")).expect("a folder");
    let address = format!("unix:path={}", place.path().join("bus").display());
    let mut early = crate::tray::command(home.path(), &address, &scene.socket(), "fr_FR.UTF-8").spawn();
    let early = early.as_mut().expect("cps-tray starts");
    let bus = Bus::start_in(place.path());
    let seen = bus.connect().await;
    let wanted = format!("org.kde.StatusNotifierItem-{}-", early.id());
    crate::desk::until("the icon", async || {
        let names = zbus::fdo::DBusProxy::new(&seen).await.ok()?.list_names().await.ok()?;
        names.iter().any(|name| name.starts_with(&wanted)).then_some(())
    })
    .await;
    early.kill().expect("it ran");
    early.wait().expect("it ended");
}
