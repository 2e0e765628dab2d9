//! What the demonstration says: one method for each step, each with what was seen and measured.

use super::words::{Language, command, counted};
use crate::{
    card::{CardHandle, Family},
    pinentry::Question,
    pki::Holder,
    relying_party::{Accepted, Error},
    upstream::Handle,
    workstation::Workstation,
};
use cps_agent_api::words as api;
use serde_json::Value;
use std::{io::Write, path::Path, time::Duration};
use url::Url;

/// Width of the labels.
const LABEL: usize = 14;

/// The teller.
pub(super) struct Story<W> {
    language: Language,
    output: W,
    step: usize,
}

type Told = Result<(), String>;

impl<W: Write> Story<W> {
    pub(super) fn new(language: Language, output: W) -> Self {
        Self { language, output, step: 0 }
    }

    /// The language of the story, for those who speak to the person.
    pub(super) fn language(&self) -> &'static str {
        self.language.pick("fr", "en")
    }

    fn line(&mut self, text: &str) -> Told {
        writeln!(self.output, "{text}").and_then(|()| self.output.flush()).map_err(|error| error.to_string())
    }

    fn heading(&mut self, french: &str, english: &str, took: Option<Duration>) -> Told {
        self.step += 1;
        let took = took.map(|took| format!("  [{}]", milliseconds(took))).unwrap_or_default();
        let text = format!("\n{}. {}{took}", self.step, self.language.pick(french, english));
        self.line(&text)
    }

    fn fact(&mut self, french: &str, english: &str, value: &str) -> Told {
        let label = self.language.pick(french, english);
        let mut lines = value.lines();
        let text = format!("   {label:LABEL$} {}", lines.next().unwrap_or_default());
        self.line(text.trim_end())?;
        lines.try_for_each(|line| self.line(format!("   {:LABEL$} {line}", "").trim_end()))
    }

    pub(super) fn opening(&mut self) -> Told {
        self.line(self.language.pick(
            "TEST – démonstration de cps-agent. La carte, la personne, les clés et les autorités sont inventées.",
            "TEST – demonstration of cps-agent. Card, person, keys and authorities are made up.",
        ))
    }

    pub(super) fn workstation(&mut self, workstation: &Workstation, bridge: &str, took: Duration) -> Told {
        self.heading("Le poste de travail démarre", "The workstation starts", Some(took))?;
        for slot in workstation.state() {
            let empty = self.language.pick("vide", "empty");
            self.fact("lecteur", "reader", &format!("{} ({empty})", slot.reader))?;
        }
        self.fact("agent", "agent", bridge)?;
        let stand_in = self.language.pick("doublure de Pro Santé Connect", "stand-in for Pro Santé Connect");
        let upstream = format!("{}\n{stand_in}", workstation.upstream.issuer());
        self.fact("amont", "upstream", &upstream)
    }

    pub(super) fn card(&mut self, shown: &api::Card, card: &CardHandle, took: Duration) -> Told {
        self.heading(
            "Une carte est insérée, l'agent la reconnaît",
            "A card is inserted, the agent knows it",
            Some(took),
        )?;
        let family = match card.family() {
            Family::Cps3 => "CPS3 (contact, T=0)",
            Family::Cps3Contactless => "CPS3 (sans contact)",
            Family::Cps4(_) => "CPS4 (contact, T=1)",
        };
        let mark = if shown.test { "TEST " } else { "" };
        self.fact("carte", "card", &format!("{mark}{family}, {}", shown.serial))?;
        if let Some(holder) = &shown.holder {
            let name = [&holder.given_name, &holder.family_name].map(|name| name.clone().unwrap_or_default());
            self.fact("titulaire", "holder", &format!("{}\n{}", name.join(" ").trim(), holder.id))?;
            let codes = holder.profession.iter().chain(&holder.specialities);
            let codes: Vec<_> = codes.map(|code| format!("{} ({})", code.label, code.code)).collect();
            self.fact("profession", "profession", &codes.join("\n"))?;
        }
        let log = card.counters().log();
        self.fact("commandes", "commands", &format!("{}: {}", log.len(), counted(&log)))
    }

    pub(super) fn registered(&mut self, id: &str, bridge: &str) -> Told {
        self.heading(
            "Une application est inscrite (comme par « cps client add »)",
            "An application is registered (as by `cps client add`)",
            None,
        )?;
        self.fact("client_id", "client_id", id)?;
        self.fact("émetteur", "issuer", bridge)
    }

    pub(super) fn walk(&mut self, way: &[Url], bridge: &str) -> Told {
        self.heading("Elle envoie le navigateur à l'agent", "It sends the browser to the agent", None)?;
        let agent = Url::parse(bridge).ok().map(|url| url.origin());
        let (ours, theirs) =
            (self.language.pick("agent", "agent"), self.language.pick("application", "application"));
        let steps: Vec<_> = way
            .iter()
            .map(|url| {
                let place = if Some(url.origin()) == agent { ours } else { theirs };
                format!("{place:12} {}", shortened(url))
            })
            .collect();
        self.fact("navigateur", "browser", &steps.join("\n"))
    }

    pub(super) fn prompt(&mut self, question: Option<&Question>) -> Told {
        self.heading("Le code de la carte est demandé, une fois", "The PIN is asked for, once", None)?;
        let Some(question) = question else {
            return Err("nobody was asked for the PIN".to_owned());
        };
        self.fact("fenêtre", "window", &format!("{}\n{}", question.title, question.description.trim()))?;
        self.fact(
            "réponse",
            "answer",
            self.language.pick(
                "la personne du bac à sable tape le code de TEST",
                "the sandbox's own person types the TEST PIN",
            ),
        )
    }

    pub(super) fn signed(&mut self, card: &CardHandle) -> Told {
        self.heading("La carte signe la connexion TLS", "The card signs the TLS handshake", None)?;
        let log = card.counters().log();
        let lines: Vec<_> =
            log.iter().map(|exchange| format!("{:28} {}", command(exchange), exchange.line())).collect();
        self.fact("commandes", "commands", &format!("{}\n{}", log.len(), lines.join("\n")))
    }

    pub(super) fn upstream(&mut self, upstream: &Handle, issuer: &str) -> Told {
        self.heading("L'amont accepte la carte", "The upstream accepts the card", None)?;
        self.fact("émetteur", "issuer", issuer)?;
        for visit in upstream.cards() {
            let who = match visit.outcome {
                Ok(holder) => holder.identifier.to_owned(),
                Err(refusal) => refusal.to_string(),
            };
            self.fact("certificat", "certificate", &format!("{who}, {}", visit.tls))?;
        }
        let hits: Vec<_> = upstream
            .hits()
            .iter()
            .map(|(endpoint, count)| format!("{} ×{count}", format!("{endpoint:?}").to_lowercase()))
            .collect();
        self.fact("requêtes", "requests", &hits.join(", "))
    }

    pub(super) fn accepted(&mut self, accepted: &Accepted, took: Duration) -> Told {
        self.heading(
            "L'application vérifie le jeton d'identité (bibliothèque openidconnect)",
            "The application verifies the ID token (library openidconnect)",
            None,
        )?;
        self.fact("en-tête", "header", &accepted.header.to_string())?;
        for name in ["iss", "sub", "acr", "amr", "idp", "psc_auth_mode", "auth_time", "session_expiry"] {
            if let Some(value) = accepted.claims.get(name) {
                self.fact(name, name, &plain(value))?;
            }
        }
        let whole = self.language.pick("du clic au jeton vérifié", "from the click to the verified token");
        self.fact("durée", "duration", &format!("{}, {whole}", milliseconds(took)))?;
        self.heading("UserInfo", "UserInfo", None)?;
        let empty = serde_json::Map::new();
        for (name, value) in accepted.userinfo.as_object().unwrap_or(&empty) {
            if name == "SubjectRefPro" {
                self.fact(name, name, &situations(value))?;
            } else {
                self.fact(name, name, &plain(value))?;
            }
        }
        Ok(())
    }

    pub(super) fn renewed(&mut self, renewed: &Accepted, took: Duration) -> Told {
        self.heading("L'application renouvelle ses jetons", "The application renews its tokens", Some(took))?;
        self.fact("sub", "sub", &renewed.claims.get("sub").map(plain).unwrap_or_default())
    }

    pub(super) fn second(&mut self, again: &Accepted, asked: usize, commands: usize, took: Duration) -> Told {
        self.heading(
            "Une deuxième application profite de la même connexion",
            "A second application shares the login",
            Some(took),
        )?;
        let sub = again.claims.get("sub").map(plain).unwrap_or_default();
        self.fact("sub", "sub", &sub)?;
        self.fact("codes demandés", "PINs asked", &asked.to_string())?;
        self.fact("commandes", "commands", &commands.to_string())
    }

    pub(super) fn removed(&mut self, refused: Option<&Error>) -> Told {
        self.heading(
            "La carte est retirée : tout se ferme",
            "The card is taken out: everything closes",
            None,
        )?;
        let Some(refused) = refused else {
            return Err("the application could renew its tokens without the card".to_owned());
        };
        self.fact("application", "application", &refused.to_string())
    }

    pub(super) fn keep(&mut self, app: &str, socket: &Path, bridge: &str, holder: &Holder) -> Told {
        self.heading("Tout reste ouvert ; Ctrl-C termine", "Everything stays up; Ctrl-C ends it", None)?;
        self.fact("navigateur", "browser", app)?;
        self.fact(
            "cps",
            "cps",
            &format!("export CPS_AGENT_SOCKET={}\ncps status\ncps card\ncps session", socket.display()),
        )?;
        self.fact("émetteur", "issuer", bridge)?;
        self.fact("titulaire", "holder", holder.identifier)
    }

    pub(super) fn end(&mut self) -> Told {
        self.line(
            self.language.pick("\nTEST – fin. Rien ne reste.", "\nTEST – the end. Nothing is left behind."),
        )
    }
}

fn milliseconds(took: Duration) -> String {
    format!("{} ms", took.as_millis())
}

/// A page's path, its random part shortened and its query left out: neither means anything to a reader.
fn shortened(url: &Url) -> String {
    let segments = url.path_segments().into_iter().flatten();
    let path: String = segments
        .map(|segment| match segment.char_indices().nth(12) {
            Some((end, _)) => format!("/{}…", segment.get(..end).unwrap_or(segment)),
            None => format!("/{segment}"),
        })
        .collect();
    if url.query().is_some() { format!("{path}?…") } else { path }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The professional situations in one line each.
fn situations(value: &Value) -> String {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let text =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut lines = Vec::new();
    for exercise in list(value.get("exercices")) {
        let savoir = text(&exercise, "codeSavoirFaire");
        lines.push(
            format!("codeProfession {} {savoir}", text(&exercise, "codeProfession")).trim_end().to_owned(),
        );
        for activity in list(exercise.get("activities")) {
            let sector = text(&activity, "codeSecteurDactivite");
            lines.push(format!("  {sector}  {}", text(&activity, "raisonSocialeSite")));
        }
    }
    lines.join("\n")
}
