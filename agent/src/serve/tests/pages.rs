//! The login page: starts the only way by itself, says what to do, moves on without JavaScript, escapes everything.

use super::fake::{FakeDesk, ask, ask_as};
use crate::serve::{
    around::{Around, Card, Holds, Readers, Service},
    desk::{Hint, LoginPage, Number},
    problem,
    visitor::Visitor,
};
use cps_agent_core::{
    failure::{
        BEARER_MISSING, CARD_REMOVED, Failure, METHOD_NOT_ALLOWED, NO_CARD_SERVICE, NO_WAY_LEFT, NOT_FOUND,
        PIN_CANCELLED, PIN_WRONG,
    },
    identity::Way,
};
use std::sync::Arc;

const POST: &str = "POST /login/t1\nOrigin: null\nSec-Fetch-Site: same-origin\n\
                    Content-Type: application/x-www-form-urlencoded";

fn showing(page: LoginPage) -> Arc<FakeDesk> {
    let desk = Arc::new(FakeDesk::default());
    desk.turn_page(page);
    desk
}

/// A choice with something around it.
fn choose_around(ways: &[Way], around: Around) -> Arc<FakeDesk> {
    let mut page = choice(ways, None);
    if let LoginPage::Choose { around: here, starts, .. } = &mut page {
        (*here, *starts) = (around, None);
    }
    showing(page)
}

fn choose(ways: &[Way], reason: Option<Failure>) -> Arc<FakeDesk> {
    showing(choice(ways, reason))
}

/// What the loop says of these ways: the only one starts by itself, save the phone.
fn choice(ways: &[Way], reason: Option<Failure>) -> LoginPage {
    let starts = match ways {
        &[way] if way != Way::Ecps => Some(way),
        _ => None,
    };
    LoginPage::Choose {
        application: "Dossier".to_owned(),
        ways: ways.to_vec(),
        starts,
        identifier: None,
        expected: None,
        reason,
        around: Around::default(),
    }
}

fn working(hint: Hint) -> Arc<FakeDesk> {
    working_around(hint, Around::default())
}

fn working_around(hint: Hint, around: Around) -> Arc<FakeDesk> {
    showing(LoginPage::Working { application: "Dossier".to_owned(), way: Way::Card, hint, around })
}

#[tokio::test]
async fn an_unknown_transaction_is_gone() {
    let desk = choose(&[Way::Card], None);
    let answer = ask(&desk, "GET /login/other").await;
    assert_eq!(answer.status, 410);
    assert!(answer.body.contains("Page expirée"), "{}", answer.body);
    assert!(desk.noted().is_empty(), "nothing starts");
}

#[tokio::test]
async fn where_the_system_cannot_tell_who_opens_a_page_it_does_nothing() {
    for request in [
        "GET /login/t1".to_owned(),
        format!("{POST}\n\nway=card"),
        format!("{POST}\n\ncancel=1"),
        "GET /login/t1/events".to_owned(),
        "GET /logout?id_token_hint=good".to_owned(),
        "GET /logout/q1".to_owned(),
        POST.replace("/login/t1", "/logout/q1") + "\n\nyes=1",
    ] {
        let desk = choose(&[Way::Card], None);
        let answer = ask_as(&desk, Visitor::unknown(), &request).await;
        assert_eq!((answer.status, answer.header("location")), (403, ""), "{request}");
        assert!(answer.body.contains("l’icône CPS"), "the person learns what works: {}", answer.body);
        assert_eq!(desk.refusals(), ["page_caller_unknown"], "{request}");
    }
    let home = ask_as(&choose(&[], None), Visitor::unknown(), "GET /").await;
    assert_eq!(home.status, 200, "what does nothing is shown to anybody");
}

#[tokio::test]
async fn the_only_way_starts_by_itself_and_only_once() {
    let desk = choose(&[Way::Card], None);
    let answer = ask(&desk, "GET /login/t1").await;
    assert!(answer.body.contains("Tapez votre code"), "{}", answer.body);
    ask(&desk, "GET /login/t1").await;
    assert_eq!(desk.noted(), ["start t1 Card None"]);
}

#[tokio::test]
async fn a_failed_try_waits_for_a_click() {
    let failure = Failure::new(PIN_WRONG).with("tries_left", 2);
    let desk = choose(&[Way::Card], Some(failure));
    let answer = ask(&desk, "GET /login/t1").await;
    assert!(answer.body.contains("Essais restants\u{a0}: 2."), "{}", answer.body);
    assert!(answer.body.contains("role=\"alert\""));
    assert!(answer.body.contains("name=\"way\" value=\"card\""));
    assert!(!answer.body.contains("http-equiv"), "the page stays until the person acts");
    assert!(desk.noted().is_empty(), "nothing is retried by the machine");
}

#[tokio::test]
async fn a_push_to_a_phone_waits_for_a_click() {
    let desk = choose(&[Way::Ecps], None);
    let answer = ask(&desk, "GET /login/t1").await;
    assert!(answer.body.contains("e-CPS sur votre téléphone"), "{}", answer.body);
    assert!(desk.noted().is_empty());
}

#[tokio::test]
async fn whose_phone_is_asked_is_typed_and_the_last_holder_stands_there_already() {
    let desk = choose(&[Way::Ecps], None);
    let answer = ask(&desk, "GET /login/t1").await;
    assert!(answer.body.contains("name=\"identifier\" value=\"\""), "{}", answer.body);
    let mut page = choice(&[Way::Ecps], None);
    if let LoginPage::Choose { identifier, expected, .. } = &mut page {
        *identifier = Some("899700990015".to_owned());
        *expected = Some("<899700990023>".to_owned());
    }
    desk.turn_page(page);
    let answer = ask(&desk, "GET /login/t1").await;
    assert!(answer.body.contains("name=\"identifier\" value=\"899700990015\""), "{}", answer.body);
    // Whom the application expects is shown, and nothing more.
    assert!(answer.body.contains("attend la personne d’identifiant &lt;899700990023&gt;"), "{}", answer.body);
    ask(&desk, &format!("{POST}\n\nway=ecps&identifier=899700990031")).await;
    assert_eq!(desk.noted(), ["start t1 Ecps None 899700990031"]);
}

#[tokio::test]
async fn the_number_to_compare_is_shown_with_whose_phone_rings() {
    let number =
        Number { digits: "07".to_owned(), identifier: "899700990015".to_owned(), phone: true, expires: None };
    let answer = ask(&working(Hint::Number(number.clone())), "GET /login/t1").await;
    assert!(answer.body.contains("<strong class=\"number\">07</strong>"), "{}", answer.body);
    assert!(answer.body.contains("e-CPS de 899700990015"), "{}", answer.body);
    assert!(answer.body.contains("seen=compare-number"), "{}", answer.body);
    let card = Number { phone: false, ..number };
    let answer = ask(&working(Hint::Number(card)), "GET /login/t1\nAccept-Language: en").await;
    assert!(answer.body.contains("The card tool asks for the card of 899700990015"), "{}", answer.body);
}

#[tokio::test]
async fn whoever_comes_back_from_the_upstreams_page_finds_the_way_there_again() {
    let address = "https://idp.example/auth?a=1&b=2".to_owned();
    let answer = ask(&working(Hint::Browser { address }), "GET /login/t1").await;
    assert!(answer.body.contains("<a href=\"https://idp.example/auth?a=1&amp;b=2\">"), "{}", answer.body);
    assert!(answer.body.contains("seen=browse"), "{}", answer.body);
}

#[tokio::test]
async fn several_ways_are_offered_and_none_is_started() {
    let desk = choose(&[Way::Card, Way::Ecps], None);
    let answer = ask(&desk, "GET /login/t1\nAccept-Language: en").await;
    assert!(
        answer.body.contains("CPS card") && answer.body.contains("e-CPS on your phone"),
        "{}",
        answer.body
    );
    assert!(answer.body.contains("<html lang=\"en\">"));
    assert!(desk.noted().is_empty());
}

#[tokio::test]
async fn the_page_says_what_to_do_and_moves_on_without_javascript() {
    for (hint, sentence, word) in [
        (Hint::InsertCard, "Insérez votre carte CPS", "insert-card"),
        (Hint::TypePin, "Tapez votre code", "type-pin"),
        (Hint::Wait, "Connexion en cours", "wait"),
    ] {
        let answer = ask(&working(hint), "GET /login/t1").await;
        assert!(answer.body.contains(sentence), "{}", answer.body);
        let refresh = format!("<meta http-equiv=\"refresh\" content=\"0;url=/login/t1?seen={word}\">");
        assert!(answer.body.contains(&format!("<noscript>{refresh}</noscript>")), "{}", answer.body);
        assert!(answer.body.contains("role=\"status\""));
        assert!(answer.body.contains("name=\"cancel\""), "the person can always give up");
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiting_page_answers_when_there_is_news() {
    let desk = working(Hint::InsertCard);
    let (answer, ()) = tokio::join!(ask(&desk, "GET /login/t1?seen=insert-card"), async {
        tokio::task::yield_now().await;
        desk.turn_page(LoginPage::Leave { location: "https://dpi.example/cb?code=c".to_owned() });
    });
    assert_eq!((answer.status, answer.header("location")), (303, "https://dpi.example/cb?code=c"));
}

#[tokio::test(start_paused = true)]
async fn a_waiting_page_does_not_wait_for_ever() {
    let start = tokio::time::Instant::now();
    let answer = ask(&working(Hint::InsertCard), "GET /login/t1?seen=insert-card").await;
    assert_eq!(answer.status, 200);
    assert!(start.elapsed() >= crate::serve::page::HOLD);
}

#[tokio::test]
async fn a_page_that_shows_something_old_is_answered_at_once() {
    let answer = ask(&working(Hint::TypePin), "GET /login/t1?seen=insert-card").await;
    assert!(answer.body.contains("Tapez votre code"));
}

#[tokio::test]
async fn one_of_two_cards_is_chosen_by_the_person() {
    let desk = working(Hint::ChooseCard(vec!["11111111".to_owned(), "22222222".to_owned()]));
    let answer = ask(&desk, "GET /login/t1").await;
    assert!(answer.body.contains("Carte n°\u{a0}11111111") && answer.body.contains("Carte n°\u{a0}22222222"));
    ask(&desk, &format!("{POST}\n\nway=card&card=22222222")).await;
    assert_eq!(desk.noted(), ["start t1 Card Some(\"22222222\")"]);
}

#[tokio::test]
async fn a_click_leads_back_to_the_page_and_not_into_a_redirect() {
    let desk = choose(&[Way::Card, Way::Local], None);
    let answer = ask(&desk, &format!("{POST}\n\nway=local")).await;
    assert_eq!((answer.status, answer.header("location")), (200, ""), "form-action would stop the chain");
    assert!(answer.body.contains("content=\"0;url=/login/t1\""), "{}", answer.body);
    assert_eq!(desk.noted(), ["start t1 Local None"]);
}

#[tokio::test]
async fn a_refused_click_shows_why() {
    let desk = choose(&[Way::Card], Some(CARD_REMOVED.into()));
    let answer = ask(&desk, &format!("{POST}\n\nway=card&card=99999999")).await;
    assert!(answer.body.contains("role=\"alert\""), "{}", answer.body);
}

#[tokio::test]
async fn giving_up_reaches_the_desk() {
    let desk = working(Hint::InsertCard);
    ask(&desk, &format!("{POST}\n\ncancel=1")).await;
    assert_eq!(desk.noted(), ["abandon t1"]);
}

#[tokio::test]
async fn a_nonsense_click_does_nothing() {
    let desk = choose(&[Way::Card], None);
    for body in ["way=fax", "card=1", "x"] {
        assert_eq!(ask(&desk, &format!("{POST}\n\n{body}")).await.status, 400, "{body}");
    }
    assert!(desk.noted().is_empty());
}

#[tokio::test]
async fn who_types_a_wrong_address_reads_a_page_and_software_gets_a_problem() {
    let desk = choose(&[], None);
    for (request, failure) in [
        ("GET /nowhere", NOT_FOUND),
        ("GET /v1", NOT_FOUND),
        ("GET /token", METHOD_NOT_ALLOWED),
        ("GET /v1/session", BEARER_MISSING),
    ] {
        let line = failure.line();
        for browser in ["Accept: text/html,*/*;q=0.8", "Sec-Fetch-Dest: document\nSec-Fetch-Mode: navigate"] {
            for (language, text) in [("fr", line.french), ("en", line.english)] {
                let page = ask(&desk, &format!("{request}\n{browser}\nAccept-Language: {language}")).await;
                let begins = |sentence: &'static str| sentence.split('{').next().unwrap();
                assert_eq!(
                    (page.status, page.header("content-type")),
                    (line.status, "text/html; charset=utf-8")
                );
                for part in
                    [&format!("lang=\"{language}\""), begins(text.what), begins(text.next), "cps open"]
                {
                    assert!(page.body.contains(part), "{request}: {part:?} in {}", page.body);
                }
                assert!(!page.body.contains("nowhere"), "what was asked is not said again");
            }
        }
        for software in
            ["Accept: application/json", "Accept: */*", "Sec-Fetch-Dest: empty\nAccept: text/html"]
        {
            let answer = ask(&desk, &format!("{request}\n{software}")).await;
            assert_eq!((answer.status, answer.header("content-type")), (line.status, problem::MEDIA_TYPE));
            assert_eq!(answer.json()["code"], line.code, "{request} {software}");
        }
    }
    let allowed = ask(&desk, "GET /token\nSec-Fetch-Dest: document").await;
    assert_eq!(allowed.header("allow"), "POST");
    let nobody = ask_as(&desk, Visitor::unknown(), "GET /nowhere\nAccept: text/html").await;
    assert!(nobody.status == 404 && nobody.body.contains("cps open"), "{}", nobody.body);
}

#[tokio::test]
async fn where_no_way_is_left_the_administrator_is_named() {
    let shown = ask(&choose(&[], None), "GET /login/t1").await.body;
    for sentence in [NO_WAY_LEFT.line().french.what, NO_WAY_LEFT.line().french.next, "votre administrateur"] {
        assert!(shown.contains(sentence), "{shown}");
    }
    assert!(shown.contains("name=\"cancel\"") && !shown.contains("name=\"way\""), "{shown}");
}

#[tokio::test]
async fn a_hostile_application_name_is_text() {
    let application = "<img src=x onerror=alert(1)>\" x='".to_owned();
    let mut page = choice(&[Way::Card, Way::Local], None);
    if let LoginPage::Choose { application: name, .. } = &mut page {
        *name = application;
    }
    let desk = showing(page);
    let answer = ask(&desk, "GET /login/t1").await;
    assert!(answer.body.contains("&lt;img src=x onerror=alert(1)&gt;&quot; x=&#39;"), "{}", answer.body);
    assert!(!answer.body.contains("<img"));
}

#[tokio::test]
async fn every_page_of_a_test_environment_is_marked() {
    for request in ["GET /", "GET /login/t1", "GET /login/gone", "GET /authorize"] {
        let answer = ask(&choose(&[Way::Card, Way::Local], None), request).await;
        assert!(answer.body.contains("TEST – ne pas utiliser pour de vrais patients"), "{request}");
    }
}

#[tokio::test]
async fn the_home_page_says_nothing_about_anybody() {
    let answer = ask(&choose(&[], None), "GET /").await;
    assert_eq!(answer.status, 200);
    for word in ["ADA", "12345678", "Dossier"] {
        assert!(!answer.body.contains(word), "{}", answer.body);
    }
}

#[tokio::test]
async fn the_person_is_asked_before_an_application_knows_them() {
    let claims = ["given_name", "SubjectNameID", "a-claim-of-tomorrow"].map(str::to_owned).to_vec();
    let desk = showing(LoginPage::Consent {
        application: "<Dossier>".to_owned(),
        person: "CAMILLE MARTIN".to_owned(),
        session: "s1".to_owned(),
        claims,
    });
    let page = ask(&desk, "GET /login/t1").await;
    for shown in [
        "&lt;Dossier&gt;",
        "CAMILLE MARTIN",
        "votre prénom",
        "votre identifiant national",
        "a-claim-of-tomorrow",
    ] {
        assert!(page.body.contains(shown), "{shown} is missing in {}", page.body);
    }
    assert!(!page.body.contains("http-equiv"), "the page waits for the person");
    assert!(page.body.contains("value=\"s1\""), "the answer is for the person shown: {}", page.body);
    ask(&desk, &format!("{POST}\n\nconsent=s1")).await;
    ask(&desk, &format!("{POST}\n\ncancel=1")).await;
    assert_eq!(desk.noted(), ["approve t1 Agreed { session: \"s1\" }", "abandon t1"]);
}

#[tokio::test]
async fn the_person_chooses_a_situation_by_its_name() {
    let situations = [("n0", "Médecin – CABINET <A>"), ("n1", "Médecin – CHU")];
    let situations = situations.map(|(name, label)| (name.to_owned(), label.to_owned())).to_vec();
    let desk = showing(LoginPage::Situation { application: "Dossier".to_owned(), situations });
    let page = ask(&desk, "GET /login/t1").await;
    assert!(page.body.contains("CABINET &lt;A&gt;") && page.body.contains("value=\"n1\""), "{}", page.body);
    ask(&desk, &format!("{POST}\n\nsituation=n1")).await;
    assert_eq!(desk.noted(), ["approve t1 Situation(\"n1\")"]);
}

#[tokio::test]
async fn a_page_speaks_the_language_its_application_asked_for() {
    let answer = ask(&Arc::new(FakeDesk::default()), "GET /login/english").await;
    assert!(answer.body.contains("Page expired") && answer.body.contains("lang=\"en\""), "{}", answer.body);
}

#[tokio::test]
async fn pro_sante_connect_is_named_on_a_button_only_where_it_is_behind_it() {
    const OFFICIAL: &str = ">S’identifier avec Pro Santé Connect</button>";
    let ways = [Way::Card, Way::Ecps, Way::Browser, Way::Local];
    let with = |service| choose_around(&ways, Around { service, ..Around::default() });
    for language in ["fr", "en"] {
        let request = format!("GET /login/t1\nAccept-Language: {language}");
        let psc = ask(&with(Service::ProSanteConnect), &request).await.body;
        assert_eq!(psc.matches(OFFICIAL).count(), 3, "the card alone is not Pro Santé Connect: {psc}");
        assert_eq!(psc.matches("<button lang=\"fr\"").count(), 3, "its label is French: {psc}");
        assert!(psc.contains("href=\"https://esante.gouv.fr/"), "{psc}");
        let other = ask(&with(Service::Other("sso.chu.example".to_owned())), &request).await.body;
        assert!(!other.contains("Pro Santé Connect") && other.contains("sso.chu.example"), "{other}");
        let nobody = ask(&with(Service::Nobody), &request).await.body;
        assert!(!nobody.contains(OFFICIAL), "{nobody}");
    }
}

#[tokio::test]
async fn the_page_shows_what_is_at_hand_and_names_nobody_before_a_login_is_begun() {
    let card = Card {
        serial: "12345678".to_owned(),
        holder: Some("Ada <DUPONT>".to_owned()),
        soft: false,
        tries_left: Some(2),
        unlocked: false,
    };
    let seen = Readers::Seen(vec![("R".to_owned(), Holds::Card)]);
    let before = Around { readers: seen, ..Around::default() };
    let answer = ask(&choose_around(&[Way::Card, Way::Ecps], before.clone()), "GET /login/t1").await.body;
    assert!(answer.contains("<dd>carte insérée</dd>") && !answer.contains("12345678"), "{answer}");
    let around = Around { cards: vec![card.clone()], ..before };
    let answer = ask(&working_around(Hint::TypePin, around.clone()), "GET /login/t1").await.body;
    assert!(answer.contains("Ada &lt;DUPONT&gt; – n°\u{a0}12345678"), "{answer}");
    assert!(answer.contains("<dd>2 essais restants</dd>"), "{answer}");
    for (tries_left, unlocked, words) in [
        (Some(1), false, "dernier essai"),
        (Some(0), false, "bloqué"),
        (Some(3), true, "déjà vérifié"),
        (None, false, "n°\u{a0}12345678"),
    ] {
        let cards = vec![Card { tries_left, unlocked, ..card.clone() }];
        let desk = working_around(Hint::TypePin, Around { cards, ..around.clone() });
        let answer = ask(&desk, "GET /login/t1").await.body;
        assert!(answer.contains(words), "{words}: {answer}");
    }
}

#[tokio::test]
async fn what_the_readers_say_is_said_in_words() {
    let seen = |holds| Readers::Seen(vec![("R".to_owned(), holds)]);
    for (readers, words) in [
        (Readers::NoService, "le service de cartes du poste ne répond pas"),
        (Readers::None, "aucun lecteur n’est branché"),
        (seen(Holds::Nothing), "vide"),
        (seen(Holds::Reading), "lecture de la carte…"),
        (seen(Holds::Unusable), "carte inutilisable"),
    ] {
        let desk = choose_around(&[Way::Local, Way::Card], Around { readers, ..Around::default() });
        let answer = ask(&desk, "GET /login/t1").await.body;
        assert!(answer.contains(&format!("<dd>{words}</dd>")), "{words}: {answer}");
    }
    let phone = ask(&choose_around(&[Way::Ecps], Around::default()), "GET /login/t1").await.body;
    assert!(!phone.contains("Lecteur"), "a phone needs no reader: {phone}");
}

#[tokio::test]
async fn a_number_counts_down_from_what_is_left_of_it() {
    let number = Number {
        digits: "42".to_owned(),
        identifier: "899700990015".to_owned(),
        phone: true,
        expires: Some(1_087),
    };
    let answer = ask(&working(Hint::Number(number)), "GET /login/t1").await.body;
    let clock = "expire dans <span role=\"timer\" data-seconds=\"87\">87</span>\u{a0}s.";
    assert!(answer.contains(clock), "{answer}");
}

#[tokio::test]
async fn who_can_help_is_said_with_the_code_to_tell_them() {
    let answer = ask(&choose(&[Way::Card], Some(NO_CARD_SERVICE.into())), "GET /login/t1").await.body;
    let help = "<p class=\"help\">Qui peut aider\u{a0}: votre administrateur. Code à lui donner\u{a0}: no_card_service.";
    assert!(answer.contains(help), "{answer}");
    let alone = ask(&choose(&[Way::Card], Some(PIN_CANCELLED.into())), "GET /login/t1").await.body;
    assert!(!alone.contains("class=\"help\""), "what the person mends alone needs nobody: {alone}");
}

#[tokio::test]
async fn only_a_page_that_waits_runs_a_script_and_only_ours() {
    let waiting = ask(&working(Hint::InsertCard), "GET /login/t1").await;
    let policy = waiting.header("content-security-policy");
    assert!(policy.contains("script-src 'sha256-") && policy.contains("connect-src 'self'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    for request in ["GET /login/gone", "GET /logout/q1", "GET /authorize"] {
        let other = ask(&working(Hint::InsertCard), request).await;
        assert!(!other.header("content-security-policy").contains("script"), "{request}");
        assert!(!other.body.contains("<script"), "{request}");
    }
}
