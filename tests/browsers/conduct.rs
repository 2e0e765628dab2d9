//! How a waiting page behaves: it follows what happens without being loaded again, moves nobody from where they are, comes
//! back when it was cut off, and is not needed for a login.

use crate::{
    browser::{BOTH, Kind},
    desk::Desk,
    dossier::{Application, WELCOME},
    window::Window,
};
use cps_agent_core::failure::AGENT_SILENT;
use cps_sandbox::{
    card::{CardHandle, cards},
    pinentry::Answer,
};
use serde_json::json;

struct Scene {
    desk: Desk,
    doctor: CardHandle,
    window: Window,
}

/// A workstation with an empty reader.
async fn scene(kind: Kind) -> Scene {
    let doctor = cards::doctor_cps3();
    let ways = vec!["card", "ecps"];
    let settings = [("login", "ways", ways.into()), ("upstream", "ciba", true.into())];
    let desk = Desk::configured(&settings, &[&doctor]).await;
    desk.take(0).await;
    desk.workstation.upstream.handle().interval(1);
    let window = Window::open(kind, desk.workstation.folder(), false).await;
    Scene { desk, doctor, window }
}

async fn application(desk: &Desk, ways: &[&str]) -> Application {
    let id = ways.join("-");
    Application::open(&mut desk.control().await, desk.agent.issuer(), &id, ways, None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_page_serves_everybody() {
    for kind in BOTH {
        let Scene { desk, doctor, mut window } = scene(kind).await;
        let mut by_card = application(&desk, &["card"]).await;
        let mut either = application(&desk, &["card", "ecps"]).await;

        // Cut off in the middle, the page comes back by itself and knows what happened; nobody was moved meanwhile.
        window.visit(&by_card.address()).await;
        window.shows("Insérez votre carte CPS").await;
        // Nobody answers for a while, and then somebody does.
        window.order(json!({ "do": "close_passage", "closed": true })).await;
        assert_eq!(window.says(AGENT_SILENT).await, "lost", "{kind:?}");
        window.order(json!({ "do": "close_passage", "closed": false })).await;
        window.becomes("document.getElementById('lost').textContent === ''").await;
        window.reaches("Annuler").await;
        window.evaluate("void (window.kept = document.getElementById('hint'))").await;
        let before = window.asked("/events").await;
        let cut = window.order(json!({ "do": "cut" })).await;
        assert!(cut["streams"].as_u64() >= Some(1), "{kind:?}: nothing was cut: {cut}");
        let thinking = desk.person().knows(&doctor).and_then(|()| desk.person().thinks());
        let thinking = thinking.expect("a script");
        desk.readers.insert(0, &doctor);
        window.shows("Tapez votre code").await;
        assert!(window.asked("/events").await > before, "{kind:?}: it came back");
        let same = "window.kept.isConnected && window.kept.innerText.includes('Tapez votre code')";
        assert_eq!(
            window.evaluate(same).await,
            true,
            "{kind:?}: the sentence is said where the last one was"
        );
        let focus = window.evaluate("document.activeElement.innerText").await;
        assert_eq!(focus, "Annuler", "{kind:?}: the focus stays");
        drop(thinking);
        window.arrives(&by_card.back()).await;
        window.shows(WELCOME).await;
        assert_eq!(by_card.accepted().claims["sub"], WELCOME, "{kind:?}");
        over(&desk).await;

        // By keyboard alone: to the field, the identifier, and the phone does the rest.
        window.visit(&either.address()).await;
        window.reaches("Votre identifiant national").await;
        // Whoever logged in last stands there already.
        window.reaches("Se connecter par e-CPS").await;
        window.key("Enter").await;
        window.shows("Nombre à comparer").await;
        assert!(desk.workstation.upstream.handle().phone().approve(), "{kind:?}: it rings");
        window.arrives(&either.back()).await;
        window.shows(WELCOME).await;
        assert_eq!(either.accepted().claims["sub"], WELCOME, "{kind:?}");
        over(&desk).await;

        // A tab that nobody sees holds no connection, of which a browser has six for all its tabs; seen again, it knows.
        desk.take(0).await;
        desk.person().always(Answer::Wait).expect("a script");
        window.visit(&by_card.address()).await;
        window.shows("Insérez votre carte CPS").await;
        window.order(json!({ "do": "streams", "count": 1 })).await;
        window.order(json!({ "do": "hide", "hidden": true })).await;
        window.order(json!({ "do": "streams", "count": 0 })).await;
        desk.insert(0, &doctor).await;
        window.order(json!({ "do": "hide", "hidden": false })).await;
        window.shows("Tapez votre code").await;
        window.order(json!({ "do": "streams", "count": 1 })).await;

        // Where its stream is refused the page is loaded again, and nobody is told that the agent is gone.
        window.evaluate("void (window.kept = true)").await;
        window.order(json!({ "do": "refuse_streams", "full": true })).await;
        desk.take(0).await;
        window.shows("Réessayez").await;
        assert_eq!(window.evaluate("window.kept === undefined").await, true, "{kind:?}: it was loaded again");
        assert_eq!(window.evaluate("document.getElementById('lost').textContent").await, "", "{kind:?}");
        window.order(json!({ "do": "refuse_streams", "full": false })).await;
        window.order(json!({ "do": "streams", "count": 1 })).await;
        desk.person().always(Answer::RightPin).expect("a script");

        drop(window);

        // Without scripts: the page asks again and again, and says the same.
        desk.take(0).await;
        let mut window = Window::without_scripts(kind, desk.workstation.folder()).await;
        window.visit(&by_card.address()).await;
        window.gets("Insérez votre carte CPS").await;
        desk.insert(0, &doctor).await;
        window.gets(WELCOME).await;
        window.arrives(&by_card.back()).await;
        assert_eq!(by_card.accepted().claims["sub"], WELCOME, "{kind:?}");
        assert_eq!(window.asked("/events").await, 0, "{kind:?}: a script ran");
        desk.end().await;
    }
}

async fn over(desk: &Desk) {
    assert!(desk.control().await.end_session().await.expect("an answer"), "there was a session");
}
