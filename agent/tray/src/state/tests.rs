//! What a person sees, state by state: what needs them first.

use super::*;
use crate::text::Language;
use cps_agent_api::words::{Holder, Prompt, Reader};
use cps_agent_failure::PIN_BLOCKED;

const SERIAL: &str = "80750000001";

fn texts() -> Texts {
    Texts::of(Language::French)
}

fn at(moment: i64) -> String {
    format!("{:02}:{:02}", moment / 3600, moment / 60 % 60)
}

fn problem(code: &str) -> Problem {
    Problem {
        kind: format!("urn:cps-agent:problem:{code}"),
        title: format!("titre de {code}"),
        detail: Some(format!("que faire pour {code}")),
        status: 409,
        code: code.to_owned(),
        help: None,
        values: serde_json::Map::new(),
    }
}

fn card(serial: &str) -> Card {
    Card {
        serial: serial.to_owned(),
        kind: "cps3".to_owned(),
        place: "R".to_owned(),
        label: "CPS".to_owned(),
        test: false,
        holder: Some(Holder {
            id: "899700000001".to_owned(),
            given_name: Some("ADA".to_owned()),
            family_name: Some("DUPONT".to_owned()),
            card_type: None,
            profession: None,
            specialities: Vec::new(),
        }),
        unlocked: false,
        problem: None,
        warning: None,
    }
}

fn session(way: &str, card: Option<&str>) -> Session {
    Session {
        sid: "s".to_owned(),
        sub: "899700000001".to_owned(),
        name: "Ada DUPONT".to_owned(),
        way: way.to_owned(),
        acr: "eidas1".to_owned(),
        amr: Vec::new(),
        psc_auth_mode: None,
        idp: None,
        card: card.map(str::to_owned),
        auth_time: 0,
        expires: 14 * 3600 + 30 * 60,
        locked: false,
        clients: Vec::new(),
    }
}

fn pin(tries_left: u8) -> PinState {
    PinState {
        tries_left: Some(tries_left),
        tries_max: Some(3),
        verified: false,
        blocked: tries_left == 0,
        min_length: 4,
        max_length: 4,
        pad: false,
    }
}

/// An agent with one reader, and in it these cards.
fn with(cards: &[Card]) -> Facts {
    let status = Status {
        version: "0.1.0".to_owned(),
        protocol: 1,
        issuer: None,
        bridge_problem: None,
        environment: "production".to_owned(),
        profile: "psc-production".to_owned(),
        card_service: true,
        readers: vec![Reader { name: "R".to_owned(), state: "empty".to_owned(), serial: None }],
        cards: cards.to_vec(),
        session: None,
        ways: vec!["card".to_owned(), "ecps".to_owned()],
        prompt: None,
        problems: Vec::new(),
    };
    let known = Known { status, login: None, services: Vec::new(), waiting: Vec::new() };
    let pins = cards.iter().map(|card| (card.serial.clone(), pin(3))).collect();
    Facts { link: Link::Up(Box::new(known)), pins, ..Facts::default() }
}

fn known(facts: &mut Facts) -> &mut Known {
    match &mut facts.link {
        Link::Up(known) => known,
        _ => panic!("no agent"),
    }
}

fn logged_in(way: &str) -> Facts {
    let mut facts = with(&[card(SERIAL)]);
    let rests_on = (way == "card").then_some(SERIAL);
    known(&mut facts).status.session = Some(session(way, rests_on));
    facts
}

fn waiting(hint: &str, number: Option<&str>) -> LoginProgress {
    LoginProgress {
        way: "ecps".to_owned(),
        hint: hint.to_owned(),
        number: number.map(str::to_owned),
        identifier: None,
        channel: Some("MOBILE".to_owned()),
        expires: None,
        address: None,
    }
}

/// Everything the menu says, submenus too, one line each; what cannot be chosen in brackets.
fn read(items: &[Item], deep: &str) -> String {
    let line = |item: &Item| match item {
        Item::Text(text) => format!("{deep}[{text}]\n"),
        Item::Choice { text, enabled: false, .. } => format!("{deep}({text})\n"),
        Item::Choice { text, .. } => format!("{deep}{text}\n"),
        Item::Option { text, chosen, .. } => format!("{deep}{} {text}\n", if *chosen { "x" } else { "o" }),
        Item::Menu(text, items) => format!("{deep}{text} >\n{}", read(items, &format!("{deep}  "))),
        Item::Separator => format!("{deep}-\n"),
    };
    items.iter().map(line).collect()
}

fn menu_of(facts: &Facts) -> String {
    read(&facts.view(&texts(), &at).menu, "").replace('\u{a0}', " ")
}

fn event(topic: &str, what: &str) -> Event {
    Event { topic: topic.to_owned(), what: what.to_owned(), ..Event::default() }
}

fn told(event: &Event, before: &Facts, now: &Facts) -> Vec<(String, String)> {
    let shown = tellings(event, before, now, &texts(), &at).into_iter().map(|telling| match telling {
        Telling::Show(notice) => (notice.title.replace('\u{a0}', " "), notice.body.replace('\u{a0}', " ")),
        Telling::Close(key) => ("close".to_owned(), format!("{key:?}")),
    });
    shown.collect()
}

#[test]
fn an_agent_that_is_gone_is_said_and_can_be_started() {
    let facts = Facts::default();
    assert_eq!(facts.look(), Look::Stopped);
    let menu = menu_of(&facts);
    assert!(menu.contains("[L’agent CPS est arrêté.]\n-\nDémarrer l’agent\n"), "{menu}");
    assert!(!menu.contains("Se connecter"), "{menu}");
}

#[test]
fn another_version_is_said_and_nothing_is_offered() {
    let facts = Facts { link: Link::Foreign, ..Facts::default() };
    assert_eq!(facts.look(), Look::Stopped);
    assert!(!menu_of(&facts).contains("Démarrer"), "{}", menu_of(&facts));
}

#[test]
fn a_blocked_pin_wants_attention_and_offers_the_way_out() {
    let mut facts = with(&[card(SERIAL)]);
    facts.pins.insert(SERIAL.to_owned(), pin(0));
    assert_eq!(facts.look(), Look::Attention);
    let menu = menu_of(&facts);
    assert!(menu.contains("[Code bloqué]\n  Débloquer le code…\n"), "{menu}");
    let told = PIN_BLOCKED.line().french;
    assert!(menu.starts_with(&format!("[Carte de ADA DUPONT]\n[{}]\n", told.what)), "{menu}");
    assert!(facts.view(&texts(), &at).tooltip.ends_with(told.what), "before anybody tries to log in");
    assert!(!menu.contains("Changer le code"), "{menu}");
}

#[test]
fn the_last_try_is_said_in_words() {
    let mut facts = with(&[card(SERIAL)]);
    facts.pins.insert(SERIAL.to_owned(), pin(1));
    assert!(menu_of(&facts).contains("[Code : dernier essai avant blocage]"), "{}", menu_of(&facts));
}

#[test]
fn what_does_not_work_is_said_with_its_next_step() {
    let mut facts = with(&[]);
    known(&mut facts).status.card_service = false;
    known(&mut facts).status.readers.clear();
    known(&mut facts).status.problems.push(problem("no_card_service"));
    assert_eq!(facts.look(), Look::Attention);
    let menu = menu_of(&facts);
    assert!(menu.starts_with("[titre de no_card_service]\n[que faire pour no_card_service]\n-\n"), "{menu}");
}

#[test]
fn a_failure_stays_until_something_changes() {
    let mut facts = with(&[card(SERIAL)]);
    facts.heard(&Event { problem: Some(problem("upstream_unreachable")), ..event("login", "failed") });
    assert_eq!(facts.look(), Look::Attention);
    assert!(menu_of(&facts).contains("[que faire pour upstream_unreachable]"));
    facts.heard(&event("prompt", "closed"));
    assert_eq!(facts.look(), Look::Attention, "a prompt changes nothing");
    facts.heard(&event("card", "removed"));
    assert_eq!(facts.look(), Look::Card);
}

#[test]
fn whoever_closed_the_prompt_needs_no_message() {
    let mut facts = with(&[card(SERIAL)]);
    let cancelled = Event { problem: Some(problem("pin_cancelled")), ..event("login", "failed") };
    facts.heard(&cancelled);
    assert_eq!(facts.look(), Look::Card);
    assert!(told(&cancelled, &facts, &facts).is_empty());
}

#[test]
fn a_prompt_says_for_whom_even_while_somebody_is_connected() {
    let mut facts = logged_in("card");
    known(&mut facts).status.prompt = Some(Prompt { application: "DPI Hôpital".to_owned(), card: None });
    assert_eq!(facts.look(), Look::Attention);
    assert!(menu_of(&facts).starts_with("[Un code est demandé pour DPI Hôpital]\n[Session de Ada DUPONT]\n"));
}

#[test]
fn the_number_is_in_the_menu_the_tooltip_and_a_notification_that_stays() {
    let before = with(&[]);
    let mut now = with(&[]);
    known(&mut now).login = Some(waiting("compare-number", Some("42")));
    assert_eq!(now.look(), Look::Attention);
    let view = now.view(&texts(), &at);
    assert!(view.tooltip.replace('\u{a0}', " ").contains("Nombre à comparer : 42"), "{view:?}");
    let tellings = tellings(&event("login", "waiting"), &before, &now, &texts(), &at);
    let [Telling::Show(notice)] = tellings.as_slice() else { panic!("{tellings:?}") };
    assert!(notice.urgent && notice.title.ends_with("42"), "{notice:?}");
    // The same number is not told again, and a login that is over takes it away.
    assert!(told(&event("login", "waiting"), &now, &now).is_empty());
    assert_eq!(told(&event("login", "done"), &now, &before), [("close".to_owned(), "Login".to_owned())]);
}

#[test]
fn a_pad_that_waits_is_told_since_no_window_shows_it() {
    let before = with(&[card(SERIAL)]);
    let mut now = with(&[card(SERIAL)]);
    now.pins.insert(SERIAL.to_owned(), PinState { pad: true, ..pin(3) });
    known(&mut now).login = Some(waiting("type-pin", None));
    assert_eq!(told(&event("login", "waiting"), &before, &now)[0].0, "Tapez votre code sur le lecteur");
    now.pins.insert(SERIAL.to_owned(), pin(3));
    assert!(told(&event("login", "waiting"), &before, &now).is_empty());
}

#[test]
fn a_page_that_asks_is_found_again_in_the_menu() {
    let mut facts = logged_in("card");
    let page = |what: &str| Waiting {
        application: "DPI".to_owned(),
        what: what.to_owned(),
        address: "http://127.0.0.1:24788/login/secret".to_owned(),
    };
    known(&mut facts).waiting = vec![page("situation"), page("consent")];
    assert_eq!(facts.look(), Look::Attention);
    let menu = menu_of(&facts);
    assert!(menu.contains("-\nChoisir la situation professionnelle pour DPI\nAutoriser DPI…\n-\n"), "{menu}");
    assert!(!format!("{:?}", facts.view(&texts(), &at)).contains("secret"));
}

#[test]
fn a_locked_session_is_resumed_by_its_card_alone() {
    let mut facts = logged_in("card");
    if let Some(session) = &mut known(&mut facts).status.session {
        session.locked = true;
    }
    assert_eq!(facts.look(), Look::Locked);
    let menu = menu_of(&facts);
    assert!(menu.contains("Reprendre la session par carte\nSe déconnecter\n"), "{menu}");
    known(&mut facts).status.cards.clear();
    assert!(menu_of(&facts).contains("(Reprendre la session par carte)\nSe déconnecter\n"));
}

#[test]
fn a_session_of_the_browser_that_rests_on_a_card_is_resumed_by_it() {
    let mut facts = logged_in("browser");
    known(&mut facts).status.ways = vec!["browser".to_owned()];
    if let Some(session) = &mut known(&mut facts).status.session {
        (session.locked, session.card) = (true, Some(SERIAL.to_owned()));
    }
    let menu = menu_of(&facts);
    assert!(menu.contains("Reprendre la session par carte\nSe déconnecter\n"), "{menu}");
}

#[test]
fn whoever_used_a_card_is_told_that_none_carries_the_session() {
    // Where the upstream says neither by authMode, amr tells; a broker's has words of its own.
    for (mode, amr, told) in [
        (None, vec!["sc", "pin"], true),
        (None, vec!["hwk", "user", "mfa"], false),
        (Some("CARD"), vec!["broker"], true),
        (Some("MOBILE"), vec!["sc"], false),
    ] {
        let mut facts = logged_in("browser");
        if let Some(session) = &mut known(&mut facts).status.session {
            session.amr = amr.into_iter().map(str::to_owned).collect();
            session.psc_auth_mode = mode.map(str::to_owned);
        }
        assert_eq!(menu_of(&facts).contains("Aucune carte ne porte la session"), told);
        if let Some(session) = &mut known(&mut facts).status.session {
            session.card = Some(SERIAL.to_owned());
        }
        assert!(!menu_of(&facts).contains("Aucune carte"));
    }
}

#[test]
fn a_failure_does_not_hide_who_is_connected() {
    let mut facts = logged_in("card");
    facts.trouble = Some(problem("pin_wrong"));
    assert_eq!(facts.look(), Look::Connected);
    assert!(menu_of(&facts).contains("[titre de pin_wrong]\n[que faire pour pin_wrong]\n"));
}

#[test]
fn readers_and_cards_have_each_their_look() {
    let mut none = with(&[]);
    assert_eq!(none.look(), Look::NoCard);
    known(&mut none).status.readers.clear();
    assert_eq!(none.look(), Look::NoReader);
    assert_eq!(with(&[card(SERIAL)]).look(), Look::Card);
    let token = Card { kind: "token".to_owned(), ..card("t") };
    assert_eq!(with(&[token]).look(), Look::NoCard, "a file is no card");
}

#[test]
fn the_menu_of_a_session_says_who_by_what_and_until_when() {
    let expected = "[Session de Ada DUPONT]\n[Carte CPS, jusqu’à 14:30]\n-\nSe déconnecter\n-\n\
        Carte de ADA DUPONT >\n  [Carte n° 80750000001]\n  [Code : 3 essais restants]\n  Changer le code…\n-\n\
        Ouvrir la page de l’agent\nAide et diagnostic\n-\n\
        Langue / Language >\n  x Français\n  o English\nQuitter cette icône\n";
    assert_eq!(menu_of(&logged_in("card")), expected);
}

#[test]
fn only_ways_that_are_offered_are_in_the_menu() {
    let mut facts = with(&[]);
    let menu = menu_of(&facts);
    assert!(menu.contains("(Se connecter par carte)\nSe connecter par e-CPS\n-\n"), "{menu}");
    known(&mut facts).status.ways = vec!["browser".to_owned()];
    assert!(menu_of(&facts).contains("-\nS’identifier avec Pro Santé Connect\n-\n"));
    known(&mut facts).status.profile = "custom".to_owned();
    assert!(menu_of(&facts).contains("-\nSe connecter dans le navigateur\n-\n"));
}

#[test]
fn several_cards_are_never_chosen_silently() {
    let contactless = Card { kind: "cps3-contactless".to_owned(), ..card("3") };
    let facts = with(&[card("1"), card("2"), contactless.clone()]);
    let menu = menu_of(&facts);
    let expected = "Se connecter par carte >\n  ADA DUPONT – carte n° 1\n  ADA DUPONT – carte n° 2\nSe";
    assert!(menu.contains(expected), "{menu}");
    assert!(menu_of(&with(&[contactless])).contains("(Se connecter par carte)"));
}

#[test]
fn a_login_of_ours_can_be_given_up() {
    let facts = Facts { ours: true, ..with(&[card(SERIAL)]) };
    let menu = menu_of(&facts);
    assert!(menu.contains("Abandonner la connexion\n-\n") && !menu.contains("Se connecter"), "{menu}");
}

#[test]
fn a_test_environment_is_marked_everywhere() {
    let mut facts = with(&[]);
    known(&mut facts).status.environment = "test".to_owned();
    assert!(menu_of(&facts).starts_with("[TEST – "));
    assert!(facts.view(&texts(), &at).tooltip.starts_with("TEST – "));
}

#[test]
fn every_command_comes_back_from_its_menu_item() {
    let serial = || SERIAL.to_owned();
    for command in [
        Command::LoginByCard(None),
        Command::LoginByCard(Some(serial())),
        Command::LoginByEcps,
        Command::LoginByBrowser,
        Command::GiveUp,
        Command::Logout,
        Command::Service("dmp".to_owned()),
        Command::ChangePin(serial()),
        Command::UnblockPin(serial()),
        Command::Waiting(1),
        Command::Page,
        Command::Help,
        Command::StartAgent,
        Command::Language(Language::English),
        Command::Quit,
    ] {
        assert_eq!(Command::of_id(&command.id()), Some(command));
    }
    assert_eq!(Command::of_id("language/de"), None);
    assert_eq!(Command::of_id("7"), None);
}

#[test]
fn an_end_says_why_and_what_to_do() {
    let (before, now) = (logged_in("card"), with(&[]));
    for (reason, words) in [
        ("card_removed", "La carte a été retirée : toutes les applications de ce poste sont déconnectées."),
        ("idle", "Personne n’a travaillé sur ce poste depuis un moment. Reconnectez-vous pour continuer."),
        ("a_reason_of_tomorrow", "Reconnectez-vous pour continuer."),
    ] {
        let ended = Event { reason: Some(reason.to_owned()), ..event("session", "ended") };
        assert_eq!(
            told(&ended, &before, &now),
            [("Ada DUPONT : session terminée".to_owned(), words.to_owned())]
        );
    }
}

#[test]
fn a_card_that_leaves_is_told_where_the_session_stays() {
    let mut gone = logged_in("card");
    known(&mut gone).status.cards.clear();
    let removed = Event { subject: Some(SERIAL.to_owned()), ..event("card", "removed") };
    let told_of = told(&removed, &logged_in("card"), &gone);
    assert!(told_of[0].1.contains("continue jusqu’à 14:30"), "{told_of:?}");
    // Somebody else's card, and a card nobody is logged in with, are nobody's news.
    let other = Event { subject: Some("2".to_owned()), ..event("card", "removed") };
    assert!(told(&other, &gone, &gone).is_empty());
    assert!(told(&removed, &with(&[card(SERIAL)]), &with(&[])).is_empty());
}

#[test]
fn a_login_names_the_person_the_way_and_the_end() {
    let expected =
        ("Ada DUPONT : session ouverte".to_owned(), "e-CPS, jusqu’à 14:30 au plus tard.".to_owned());
    assert_eq!(told(&event("session", "started"), &with(&[]), &logged_in("ecps")), [expected]);
}

#[test]
fn the_agents_own_sentences_are_shown_for_whatever_it_says_went_wrong() {
    let facts = with(&[]);
    for (topic, what) in [("login", "failed"), ("login", "warning"), ("session", "ending")] {
        let said = Event { problem: Some(problem("x")), ..event(topic, what) };
        assert_eq!(told(&said, &facts, &facts), [("titre de x".to_owned(), "que faire pour x".to_owned())]);
    }
}

#[test]
fn pins_of_cards_that_left_are_forgotten() {
    let mut facts = with(&[card(SERIAL)]);
    facts.take(with(&[]).link);
    assert!(facts.pins.is_empty());
}
