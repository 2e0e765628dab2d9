//! What `cps doctor` looks at, what it says when all is well, and how facts are judged. What is wrong has its line in the
//! failure table like everything else.

use crate::failure::{self, Failure, Language, filled};
use crate::gateway::Route;
use crate::identity::UnixTime;
use serde_json::{Map, Value};
use std::borrow::Cow;

const DAY: i64 = 24 * 3600;
/// Days before its end from which a certificate is a matter (`pro-sante-connect.md` §7.2 alarms at 60, 30 and 7).
const ENDING: i64 = 60;
/// Free space under which the state is in danger, megabytes.
const SPACE: u64 = 64;

/// One thing that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The agent itself.
    Agent,
    /// Its door for applications.
    Bridge,
    /// The smart-card service.
    CardService,
    /// Readers.
    Readers,
    /// Cards.
    Cards,
    /// The upstream, as it answers now.
    Upstream,
    /// Its discovery document, against what is known of it.
    Discovery,
    /// Our client there: what has to be declared.
    Declaration,
    /// Our clock, against the upstream's.
    Clock,
    /// The proxy on the way.
    Proxy,
    /// The certificate of our client.
    ClientCertificate,
    /// Authorities.
    TrustAnchors,
    /// The folder of the state.
    State,
    /// Ends of sessions that could not be told.
    Logout,
    /// What the system says of the workstation.
    Workstation,
    /// A path to an origin behind mutual TLS.
    Gateway,
}

impl Subject {
    /// Stable word for programs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Bridge => "bridge",
            Self::CardService => "card_service",
            Self::Readers => "readers",
            Self::Cards => "cards",
            Self::Upstream => "upstream",
            Self::Discovery => "discovery",
            Self::Declaration => "declaration",
            Self::Clock => "clock",
            Self::Proxy => "proxy",
            Self::ClientCertificate => "client_certificate",
            Self::TrustAnchors => "trust_anchors",
            Self::State => "state",
            Self::Logout => "logout",
            Self::Workstation => "workstation",
            Self::Gateway => "gateway",
        }
    }

    /// What is said when all is well: French, English.
    const fn good(self) -> (&'static str, &'static str) {
        match self {
            Self::Agent => (
                "L’agent {version} est en marche (environnement : {environment}).",
                "The agent {version} is running (environment: {environment}).",
            ),
            Self::Bridge => {
                ("Les applications le trouvent à l’adresse {issuer}.", "Applications find it at {issuer}.")
            }
            Self::CardService => ("Le service des cartes répond.", "The smart-card service answers."),
            Self::Readers => ("Lecteurs : {readers}.", "Readers: {readers}."),
            Self::Cards => ("Cartes : {cards}.", "Cards: {cards}."),
            Self::Upstream => {
                ("Le service de connexion répond ({issuer}).", "The login service answers ({issuer}).")
            }
            Self::Discovery => {
                ("Sa description est celle qui est attendue.", "Its description is the one expected.")
            }
            Self::Declaration => (
                "À déclarer auprès de lui : client_id {client_id}, redirect_uri {redirect_uri}.",
                "To be declared there: client_id {client_id}, redirect_uri {redirect_uri}.",
            ),
            Self::Clock => (
                "L’horloge s’écarte de {seconds} secondes de la sienne.",
                "The clock differs from its clock by {seconds} seconds.",
            ),
            Self::Proxy => ("Chemin : {route} ({decided}).", "Way: {route} ({decided})."),
            Self::ClientCertificate => (
                "Le certificat de ce poste est encore valable {days} jours.",
                "The certificate of this workstation is valid for another {days} days.",
            ),
            Self::TrustAnchors => ("Autorités de confiance : {count}.", "Trusted authorities: {count}."),
            Self::State => ("L’état s’enregistre dans {folder}.", "The state is kept in {folder}."),
            Self::Workstation => (
                "Le système signale le verrouillage, la veille et l’absence de la personne.",
                "The system tells when the workstation is locked, asleep or left.",
            ),
            Self::Gateway => (
                "La passerelle {gateway} mène à {origin} (certificat : {credential}).",
                "The gateway {gateway} leads to {origin} (certificate: {credential}).",
            ),
            Self::Logout => {
                ("Toutes les fins de session ont été annoncées.", "Every end of a session was announced.")
            }
        }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All is well; values for the sentence.
    Good(Map<String, Value>),
    /// It works, and will not for ever, or not for everybody.
    Warning(Failure),
    /// It does not work.
    Bad(Failure),
}

/// One line of a diagnosis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub subject: Subject,
    /// What was found.
    pub verdict: Verdict,
}

impl Finding {
    /// All is well.
    #[must_use]
    pub fn good<const N: usize>(subject: Subject, values: [(&str, Value); N]) -> Self {
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { subject, verdict: Verdict::Good(values) }
    }

    /// It works, but.
    #[must_use]
    pub fn warning(subject: Subject, failure: impl Into<Failure>) -> Self {
        Self { subject, verdict: Verdict::Warning(failure.into()) }
    }

    /// It does not work.
    #[must_use]
    pub fn bad(subject: Subject, failure: impl Into<Failure>) -> Self {
        Self { subject, verdict: Verdict::Bad(failure.into()) }
    }

    /// The sentence.
    #[must_use]
    pub fn title(&self, language: Language) -> Cow<'static, str> {
        match &self.verdict {
            Verdict::Good(values) => {
                let (french, english) = self.subject.good();
                filled(if language == Language::French { french } else { english }, values)
            }
            Verdict::Warning(failure) | Verdict::Bad(failure) => failure.what(language),
        }
    }
}

/// Our clock against the upstream's, which is `ahead` seconds ahead and may be `most`, in either direction.
#[must_use]
pub fn clock(ahead: i64, most: i64) -> Finding {
    let seconds = ahead.saturating_abs();
    if seconds > most {
        return Finding::bad(Subject::Clock, Failure::new(failure::CLOCK_SKEW).with("seconds", seconds));
    }
    Finding::good(Subject::Clock, [("seconds", seconds.into())])
}

/// The end of the certificate of our client.
#[must_use]
pub fn client_certificate(not_after: UnixTime, now: UnixTime) -> Finding {
    let subject = Subject::ClientCertificate;
    let left = not_after.since(now);
    if left <= 0 {
        return Finding::bad(subject, failure::CLIENT_CERTIFICATE_EXPIRED);
    }
    let days = left / DAY;
    if days <= ENDING {
        return Finding::warning(
            subject,
            Failure::new(failure::CLIENT_CERTIFICATE_ENDING).with("days", days),
        );
    }
    Finding::good(subject, [("days", days.into())])
}

/// The end of the certificate of a card that is present, when its holder should see to it. One that has ended is refused
/// where it is used, in words of its own.
#[must_use]
pub fn card_ending(not_after: UnixTime, now: UnixTime) -> Option<Failure> {
    let left = not_after.since(now);
    (left > 0 && left / DAY <= ENDING).then(|| Failure::new(failure::CARD_ENDING).with("days", left / DAY))
}

/// A gateway whose files are there, by the end of its organisation's certificate.
#[must_use]
pub fn gateway(good: Finding, route: &Route, not_after: UnixTime, now: UnixTime) -> Finding {
    let left = not_after.since(now);
    if left <= 0 {
        return Finding::bad(Subject::Gateway, route.failure(failure::GATEWAY_CERTIFICATE_EXPIRED));
    }
    let days = left / DAY;
    if days <= ENDING {
        let ending = route.failure(failure::GATEWAY_CERTIFICATE_ENDING).with("days", days);
        return Finding::warning(Subject::Gateway, ending);
    }
    good
}

/// Free space beside the state, in megabytes.
#[must_use]
pub fn space(megabytes: u64) -> Option<Failure> {
    (megabytes < SPACE).then(|| Failure::new(failure::DISK_FULL).with("megabytes", megabytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime(1_800_000_000);

    #[test]
    fn a_card_is_spoken_of_from_sixty_days_before_its_end_and_not_after_it() {
        let days = |days: i64| Some(card_ending(NOW.plus(days * DAY + 60), NOW)?.values["days"].as_i64());
        assert_eq!(days(61), None);
        assert_eq!([days(60), days(30), days(0)], [Some(Some(60)), Some(Some(30)), Some(Some(0))]);
        assert_eq!(days(-1), None);
        assert_eq!(card_ending(NOW.plus(DAY), NOW).map(|told| told.code), Some(failure::CARD_ENDING));
    }

    #[test]
    fn little_space_beside_the_state_is_told_before_there_is_none() {
        assert_eq!(space(SPACE - 1).map(|told| told.code), Some(failure::DISK_FULL));
        assert_eq!(space(SPACE), None);
    }

    #[test]
    fn a_client_certificate_is_told_of_before_it_ends() {
        let days = |days: i64| client_certificate(NOW.plus(days * DAY + 60), NOW).verdict;
        for (left, code) in [(60, Some("client_certificate_ending")), (30, Some("client_certificate_ending"))]
        {
            let Verdict::Warning(failure) = days(left) else { panic!("{left} days") };
            assert_eq!(Some(failure.code.word()), code);
            assert_eq!(failure.values["days"], left);
        }
        assert!(matches!(days(61), Verdict::Good(_)));
        assert!(matches!(days(-1), Verdict::Bad(_)));
        assert!(matches!(client_certificate(NOW, NOW).verdict, Verdict::Bad(_)));
    }

    #[test]
    fn a_minute_is_the_most_a_clock_may_be_off_in_either_direction() {
        for (ahead, good) in
            [(0, true), (60, true), (-60, true), (61, false), (-61, false), (i64::MIN, false)]
        {
            assert_eq!(matches!(clock(ahead, 60).verdict, Verdict::Good(_)), good, "{ahead}");
        }
    }

    #[test]
    fn every_good_line_says_the_same_in_both_languages() {
        let placeholders = |text: &'static str| {
            let mut names: Vec<_> =
                text.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0)).collect();
            names.sort_unstable();
            names
        };
        for subject in [
            Subject::Agent,
            Subject::Bridge,
            Subject::CardService,
            Subject::Readers,
            Subject::Cards,
            Subject::Upstream,
            Subject::Discovery,
            Subject::Declaration,
            Subject::Clock,
            Subject::Proxy,
            Subject::ClientCertificate,
            Subject::TrustAnchors,
            Subject::State,
            Subject::Logout,
            Subject::Workstation,
            Subject::Gateway,
        ] {
            let (french, english) = subject.good();
            assert_eq!(placeholders(french), placeholders(english), "{}", subject.word());
            assert!(french.ends_with('.') && english.ends_with('.') && french != english);
        }
    }
}
