//! One login, from an application's wish to a person: states named by what they await.
//!
//! A state takes one event and the time and becomes the next state with its action, or ends. A card is found and judged
//! before anything else happens; the PIN is asked last and as late as can be. The roads:
//!
//! ```text
//! local     token ─ revocation ─ [pin] ─ signature ─ done
//! walk      token ─ discovery ─ walk ─ [pin] ─ walk with the card ─ tokens ─ identity
//! browser   [token] ─ listener ─ discovery ─ return ─ tokens ─ identity
//! ciba      [token] ─ discovery ─ request ─ (pause ─ poll)… ─ identity
//! identity  keys ─ user info ─ done
//! ```
//!
//! Whether policy and registration allow the way at all was decided before a login starts.

mod browser;
mod carrier;
mod ciba;
mod credential;
mod identify;
mod local;
mod upstream;
mod walk;

use super::step::{Action, Event, PinFault, Purpose, TokenFault, TokenWanted};
use crate::audit;
use crate::failure::{self, Failure};
use crate::identity::{Assurance, Person, UnixTime, Way};
use crate::psc::ciba::{Channel, Question};
use crate::psc::keys::Keys;
use crate::psc::{Fresh, Profile, UpstreamSession};
use crate::secret::Entropy;
use crate::trust::{Anchors, Revocation};
use credential::Holding;
use ring::rand::SecureRandom;
use std::sync::Arc;
use upstream::{After, Whom};

/// What the site's configuration says about logins.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Authorities of this environment.
    pub anchors: Arc<Anchors>,
    /// `[local] revocation`.
    pub revocation: Revocation,
    /// `[login] non_nominative`: cards without a person's name may log in.
    pub non_nominative: bool,
    /// `[login] browser_card`: a login in the browser rests on the card that signed there.
    pub browser_card: bool,
    /// The upstream; `None` for `profile = "none"`.
    pub upstream: Option<Arc<Profile>>,
    /// Signing keys of the upstream that an earlier login left ([`UpstreamSession::keys`]).
    pub keys: Option<Keys>,
    /// Our issuer: the audience of the challenge that a local login signs.
    pub audience: String,
}

/// A finished login.
#[derive(Debug)]
pub struct Outcome {
    /// Whom.
    pub person: Arc<Person>,
    /// How surely.
    pub assurance: Assurance,
    /// What it was for.
    pub purpose: Purpose,
    /// The upstream says that a card was used, and why it cannot be told which.
    pub without_card: Option<audit::event::WithoutCard>,
    /// The upstream's side; `None` for a local login.
    pub upstream: Option<UpstreamSession>,
    /// What the person must be told although the login went well: an unknown revocation status, a wrong clock.
    pub warnings: Vec<Failure>,
}

/// What became of a login.
#[derive(Debug)]
pub enum Step {
    /// It goes on: carry the action out and bring the event back.
    Next(Box<Login>, Action),
    /// It is done.
    Done(Box<Outcome>),
    /// It ended without a person.
    Failed(Failure),
}

/// A login under way.
#[derive(Debug)]
pub struct Login {
    case: Case,
    state: Box<State>,
}

/// What all states know.
#[derive(Debug)]
struct Case {
    purpose: Purpose,
    settings: Arc<Settings>,
    road: Road,
    warnings: Vec<Failure>,
}

/// Which way the login takes.
#[derive(Debug, Clone)]
enum Road {
    /// A challenge of our own.
    Local,
    /// The card login at this upstream.
    Walk(Arc<Profile>),
    /// The system's browser at this upstream; with the card in hand where the way is `card`.
    Browser(Arc<Profile>),
    /// The phone, or the card tool, asked by this upstream.
    Ciba(Arc<Profile>, Channel),
}

impl Road {
    /// The road of a way, where there is one (README, "Ways to log in").
    fn of(way: Way, upstream: Option<&Arc<Profile>>) -> Option<Self> {
        match (way, upstream.map(Arc::clone)) {
            (Way::Local, _) | (Way::Card | Way::Token, None) => Some(Self::Local),
            (Way::Card | Way::Token, Some(profile)) if profile.card_login => Some(Self::Walk(profile)),
            (Way::Card, Some(profile)) if profile.ciba => Some(Self::Ciba(profile, Channel::Card)),
            (Way::Card | Way::Browser, Some(profile)) => Some(Self::Browser(profile)),
            (Way::Ecps, Some(profile)) if profile.ciba => Some(Self::Ciba(profile, Channel::Mobile)),
            (Way::Token | Way::Ecps, Some(_)) | (Way::Browser | Way::Ecps, None) => None,
        }
    }
}

/// What the person must see while the login waits for them elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shows {
    /// Who is asked, where, and the number to compare.
    pub question: Question,
    /// When the request is over, once it was sent.
    pub expires: Option<UnixTime>,
}

/// What is awaited.
#[derive(Debug)]
enum State {
    Token(AwaitToken),
    Revocation(local::AwaitRevocation),
    Pin(AwaitPin),
    Signature(local::AwaitSignature),
    Listening(browser::AwaitListener),
    Discovery(upstream::AwaitDiscovery),
    Walk(Box<walk::AwaitWalk>),
    Return(browser::AwaitReturn),
    Acknowledgement(ciba::AwaitAcknowledgement),
    Pause(ciba::AwaitPause),
    Poll(ciba::AwaitPoll),
    Tokens(identify::AwaitTokens),
    Keys(identify::AwaitKeys),
    UserInfo(identify::AwaitUserInfo),
}

/// What a state made of an event.
enum Turn {
    /// The next state, and its action.
    On(Box<State>, Action),
    /// The end.
    Done(Box<Outcome>),
}

impl Turn {
    fn on(state: State, action: Action) -> Self {
        Self::On(Box::new(state), action)
    }
}

/// The moment of a turn, and what it may use.
struct Moment<'a> {
    now: UnixTime,
    entropy: &'a mut dyn Entropy,
    random: &'a dyn SecureRandom,
    notes: &'a mut Vec<audit::Event>,
}

impl Moment<'_> {
    /// What a request to the upstream is made from.
    fn fresh(&mut self) -> Fresh<'_> {
        Fresh { now: self.now, entropy: &mut *self.entropy, random: self.random }
    }
}

impl Login {
    /// Starts a login. Events for the audit trail are added to `notes`, here and in [`Login::on`]; the caller knows the
    /// application and adds it.
    #[must_use]
    pub fn start(purpose: Purpose, settings: Arc<Settings>, notes: &mut Vec<audit::Event>) -> Step {
        let serial = purpose.serial.clone();
        let wanted = match purpose.way {
            Way::Card => TokenWanted::Card { serial },
            Way::Token => TokenWanted::Soft { serial },
            Way::Local | Way::Browser | Way::Ecps => TokenWanted::Any { serial },
        };
        let mut refuse = |code: failure::Code| {
            notes.push(audit::Event::refused(audit::What::Login(purpose.way), code));
            Step::Failed(code.into())
        };
        let Some(road) = Road::of(purpose.way, settings.upstream.as_ref()) else {
            return refuse(failure::NO_WAY);
        };
        let turn = match (&road, purpose.way, &purpose.identifier) {
            (Road::Browser(profile), Way::Browser, _) => {
                browser::begin(Whom::Anybody(Vec::new()), Arc::clone(profile))
            }
            (Road::Ciba(profile, _), Way::Ecps, Some(identifier)) => {
                upstream::begin(Whom::Named(identifier.clone()), Arc::clone(profile), After::Ask)
            }
            (Road::Ciba(..), Way::Ecps, None) => return refuse(failure::ECPS_NO_IDENTIFIER),
            _ => Turn::on(State::Token(AwaitToken), Action::FindToken(wanted)),
        };
        let case = Case { purpose, settings, road, warnings: Vec::new() };
        match turn {
            Turn::On(state, action) => Step::Next(Box::new(Self { case, state }), action),
            Turn::Done(outcome) => Step::Done(outcome),
        }
    }

    /// What the person must see now, if the login waits for them on the phone or at the card tool.
    #[must_use]
    pub fn shows(&self) -> Option<Shows> {
        match self.state.as_ref() {
            State::Acknowledgement(state) => Some(state.shows()),
            State::Pause(state) => Some(state.0.shows()),
            State::Poll(state) => Some(state.0.shows()),
            _ => None,
        }
    }

    /// What the login is for.
    #[must_use]
    pub fn purpose(&self) -> &Purpose {
        &self.case.purpose
    }

    /// Takes the answer to the last action.
    #[must_use]
    pub fn on(mut self, event: Event, fresh: Fresh<'_>, notes: &mut Vec<audit::Event>) -> Step {
        let way = self.case.purpose.way;
        let credential = self.state.holding().map(Holding::credential);
        let person = self.state.holding().map(Holding::national_id);
        let person = person.or_else(|| self.case.purpose.identifier.clone());
        let Fresh { now, entropy, random } = fresh;
        let mut moment = Moment { now, entropy, random, notes };
        match self.state.on(event, &mut self.case, &mut moment) {
            Ok(Turn::On(state, action)) => Step::Next(Box::new(Self { case: self.case, state }), action),
            Ok(Turn::Done(outcome)) => Step::Done(outcome),
            Err(failure) => {
                let refused = audit::Event::refused(audit::What::Login(way), failure.code).with(credential);
                notes.push(match person {
                    Some(person) => refused.of(person),
                    None => refused,
                });
                Step::Failed(failure)
            }
        }
    }
}

impl State {
    fn on(self, event: Event, case: &mut Case, moment: &mut Moment<'_>) -> Result<Turn, Failure> {
        match event {
            Event::Abandoned => return Err(failure::LOGIN_ABANDONED.into()),
            // The card may leave at any time, whatever is awaited.
            Event::TokenFailed(TokenFault::Removed | TokenFault::Pin(PinFault::Withdrawn)) => {
                return Err(failure::CARD_REMOVED.into());
            }
            Event::TokenFailed(TokenFault::Other(failure)) | Event::Impossible(failure) => {
                return Err(failure);
            }
            _ => {}
        }
        match self {
            Self::Token(state) => state.on(event, case, moment),
            Self::Revocation(state) => state.on(event, case, moment),
            Self::Pin(state) => state.on(event, moment),
            Self::Signature(state) => state.on(event, case, moment),
            Self::Listening(state) => state.on(event),
            Self::Discovery(state) => state.on(event, case, moment),
            Self::Walk(state) => state.on(event, case, moment),
            Self::Return(state) => state.on(event, case, moment),
            Self::Acknowledgement(state) => state.on(event, moment),
            Self::Pause(state) => state.on(event, moment),
            Self::Poll(state) => state.on(event, case, moment),
            Self::Tokens(state) => state.on(event, case, moment),
            Self::Keys(state) => state.on(event, moment),
            Self::UserInfo(state) => state.on(event, case, moment),
        }
    }

    /// The card or token in hand, once one was found.
    fn holding(&self) -> Option<&Holding> {
        match self {
            Self::Token(_) => None,
            Self::Revocation(state) => Some(&state.holding),
            Self::Pin(state) => Some(&state.holding),
            Self::Signature(state) => Some(&state.holding),
            Self::Listening(state) => state.whom.holding(),
            Self::Discovery(state) => state.trip.whom.holding(),
            Self::Walk(state) => Some(&state.holding),
            Self::Return(state) => state.trip.whom.holding(),
            Self::Acknowledgement(state) => state.trip.whom.holding(),
            Self::Pause(state) => state.0.trip.whom.holding(),
            Self::Poll(state) => state.0.trip.whom.holding(),
            Self::Tokens(state) => state.trip.whom.holding(),
            Self::Keys(state) => state.trip.whom.holding(),
            Self::UserInfo(state) => state.trip.whom.holding(),
        }
    }
}

/// An event that does not answer the action: a mistake of the loop, never the person's.
fn unexpected() -> Failure {
    failure::INTERNAL.into()
}

/// A card or token is being looked for.
#[derive(Debug)]
struct AwaitToken;

impl AwaitToken {
    /// A card that cannot log in is refused here: no PIN is asked for it, and nothing is sent anywhere.
    fn on(self, event: Event, case: &Case, moment: &Moment<'_>) -> Result<Turn, Failure> {
        let seen = match event {
            Event::Token(seen) => seen,
            Event::NoToken(why) => return Err(why),
            Event::SeveralTokens(names) if case.purpose.way == Way::Token => {
                return Err(Failure::new(failure::SEVERAL_TOKENS).with("names", names.join(", ")));
            }
            Event::SeveralTokens(serials) => {
                return Err(Failure::new(failure::SEVERAL_CARDS).with("serials", serials.join(", ")));
            }
            _ => return Err(unexpected()),
        };
        let holding = Holding::accept(seen, case, moment.now)?;
        Ok(match &case.road {
            Road::Local => local::begin(holding),
            Road::Walk(profile) => {
                upstream::begin(Whom::Holder(Box::new(holding)), Arc::clone(profile), After::Walk)
            }
            Road::Browser(profile) => browser::begin(Whom::Holder(Box::new(holding)), Arc::clone(profile)),
            Road::Ciba(profile, _) => {
                upstream::begin(Whom::Holder(Box::new(holding)), Arc::clone(profile), After::Ask)
            }
        })
    }
}

/// What the PIN will be spent on.
#[derive(Debug)]
enum Spend {
    /// The signature of our own challenge.
    Signature(local::Challenged),
    /// The handshake of the card login.
    Handshake(Box<walk::Walking>),
}

impl Spend {
    /// Goes to the card: by way of the person, but once in a login.
    fn go(self, holding: Holding) -> Turn {
        if holding.unlocked {
            return self.at_once(holding);
        }
        self.ask(holding, None)
    }

    fn at_once(self, holding: Holding) -> Turn {
        match self {
            Self::Signature(challenged) => challenged.sign(holding),
            Self::Handshake(walking) => walking.shake_hands(holding),
        }
    }

    fn ask(self, holding: Holding, previous: Option<PinFault>) -> Turn {
        let action = Action::AskPin { serial: holding.seen.serial.clone(), previous };
        Turn::on(State::Pin(AwaitPin { holding, spend: self }), action)
    }

    /// The card did not take the PIN, or wants it again: the person decides, each time. Nothing is tried by itself.
    fn refused(
        self,
        mut holding: Holding,
        fault: PinFault,
        moment: &mut Moment<'_>,
    ) -> Result<Turn, Failure> {
        holding.unlocked = false;
        let note = |left, code| {
            audit::Event::refused(audit::What::Pin(left), code)
                .with(Some(holding.credential()))
                .of(holding.national_id())
        };
        match fault {
            PinFault::Blocked | PinFault::Wrong { left: Some(0) } => {
                moment.notes.push(note(Some(0), failure::PIN_BLOCKED));
                Err(failure::PIN_BLOCKED.into())
            }
            PinFault::Wrong { left } => {
                moment.notes.push(note(left, failure::PIN_WRONG));
                Ok(self.ask(holding, Some(fault)))
            }
            PinFault::Format { .. } | PinFault::Required => Ok(self.ask(holding, Some(fault))),
            PinFault::Cancelled => Err(failure::PIN_CANCELLED.into()),
            PinFault::Withdrawn => Err(failure::CARD_REMOVED.into()),
            PinFault::NoPrompter(_) => Err(failure::PIN_NO_PROMPTER.into()),
        }
    }
}

/// The person is asked for the PIN.
#[derive(Debug)]
struct AwaitPin {
    holding: Holding,
    spend: Spend,
}

impl AwaitPin {
    fn on(mut self, event: Event, moment: &mut Moment<'_>) -> Result<Turn, Failure> {
        match event {
            Event::PinGiven => {
                self.holding.unlocked = true;
                Ok(self.spend.at_once(self.holding))
            }
            Event::TokenFailed(TokenFault::Pin(fault)) => self.spend.refused(self.holding, fault, moment),
            _ => Err(unexpected()),
        }
    }
}
