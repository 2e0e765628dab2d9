//! What a running sandbox can be told: the same words on the command line and on its control socket.

use crate::{
    pinentry::Answer,
    upstream::{Drift, Endpoint, Fault, Habit, Wrong},
    workstation::{CardWish, Workstation},
};
use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

/// An order to a running sandbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// To a card.
    Card(CardOrder),
    /// To the upstream.
    Upstream(UpstreamOrder),
    /// To the person at the PIN prompt.
    Person(PersonOrder),
    /// To the phone with the e-CPS.
    Phone(PhoneOrder),
}

/// Which reader slot.
#[derive(Debug, Clone, Copy, clap::Args, Serialize, Deserialize)]
pub struct Slot {
    /// Reader slot, from 0
    #[arg(long, default_value_t = 0, global = true)]
    pub slot: usize,
}

/// What can be done with a card.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CardOrder {
    /// Show every slot
    Show,
    /// Insert the card that was there, or a new one
    Insert {
        /// cps3, cps3-contactless or cps4, with `:doctor`, `:nurse`, `:pharmacist` or `:employee` after it
        card: Option<String>,
        #[command(flatten)]
        #[allow(missing_docs, reason = "documented at its type")]
        place: Slot,
    },
    /// Take the card out
    Remove {
        #[command(flatten)]
        #[allow(missing_docs, reason = "documented at its type")]
        place: Slot,
    },
    /// Block the PIN, as three wrong ones would
    Block {
        /// Block the PUK too
        #[arg(long)]
        puk: bool,
        #[command(flatten)]
        #[allow(missing_docs, reason = "documented at its type")]
        place: Slot,
    },
    /// Make every command take longer
    Slow {
        /// Milliseconds for each command; 0 ends it
        milliseconds: u64,
        #[command(flatten)]
        #[allow(missing_docs, reason = "documented at its type")]
        place: Slot,
    },
    /// Break something at the n-th command from now
    Break {
        /// Which command; 1 is the next one
        #[arg(long, default_value_t = 1)]
        at: u64,
        /// What happens there
        #[arg(long, value_enum, default_value_t = Breakage::Removed)]
        how: Breakage,
        #[command(flatten)]
        #[allow(missing_docs, reason = "documented at its type")]
        place: Slot,
    },
    /// End every fault of the card; a blocked PIN stays blocked
    Heal {
        #[command(flatten)]
        #[allow(missing_docs, reason = "documented at its type")]
        place: Slot,
    },
}

/// What breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Breakage {
    /// The card is pulled.
    Removed,
    /// Another program resets the card.
    Reset,
    /// The answer is bytes that make no sense.
    Garbage,
    /// The verified PIN is forgotten just before the next operation with a key, whatever `--at` says.
    PinForgotten,
}

/// What can be done with the upstream.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpstreamOrder {
    /// Show requests, card pages and sessions so far
    Show,
    /// Refuse every card with access_denied
    Refuse,
    /// Answer late
    Delay {
        /// By how many milliseconds
        milliseconds: u64,
        /// Where
        #[arg(long, value_enum, default_value_t = Endpoint::Token)]
        at: Endpoint,
    },
    /// Answer with status 500
    Fail {
        /// Where
        #[arg(long, value_enum, default_value_t = Endpoint::Token)]
        at: Endpoint,
    },
    /// Answer with status 503
    Unavailable {
        /// Where
        #[arg(long, value_enum, default_value_t = Endpoint::Token)]
        at: Endpoint,
    },
    /// Answer with status 403
    Forbid {
        /// Where
        #[arg(long, value_enum, default_value_t = Endpoint::Logout)]
        at: Endpoint,
    },
    /// Take requests and never answer them
    Hang {
        /// Where
        #[arg(long, value_enum, default_value_t = Endpoint::Token)]
        at: Endpoint,
    },
    /// Close the connection instead of an answer
    Drop {
        /// Where
        #[arg(long, value_enum, default_value_t = Endpoint::Token)]
        at: Endpoint,
    },
    /// Answer with two megabytes
    Huge {
        /// Where
        #[arg(long, value_enum, default_value_t = Endpoint::Token)]
        at: Endpoint,
    },
    /// Answer with bytes that make no sense
    Garbage {
        /// Where
        #[arg(long, value_enum, default_value_t = Endpoint::Token)]
        at: Endpoint,
    },
    /// Make one member of an answer wrong
    Wrong {
        /// Which
        #[arg(value_enum)]
        what: Wrong,
    },
    /// Give UserInfo another shape
    Drift {
        /// Which
        #[arg(value_enum)]
        what: Drift,
    },
    /// Set the clock forward, or back with a negative number
    #[command(allow_negative_numbers = true)]
    Clock {
        /// By how many seconds
        seconds: i64,
    },
    /// Make everything that is there older
    Pass {
        /// By how many seconds
        seconds: u64,
    },
    /// Break the channel to the phone
    Channel,
    /// Tell every client once to slow down
    SlowDown,
    /// Seconds between two polls of CIBA requests
    Interval {
        /// How many
        seconds: u64,
    },
    /// Sign every token with a new key, the old ones gone
    RotateBeforeSigning,
    /// Show a form on the card page instead of moving on
    Form,
    /// Redirect from the card page to a host outside the profile
    ForeignHost,
    /// Speak TLS 1.2 at the latest on the card page
    Tls12,
    /// Sign with a new key from now on
    RotateKeys {
        /// Publish the old keys no longer
        #[arg(long)]
        drop_old: bool,
    },
    /// Put the cards of a person into opposition
    Revoke {
        /// National identifier
        identifier: String,
    },
    /// End every session
    EndSessions,
    /// End every fault and opposition
    Heal,
}

/// What the person does at the PIN prompt.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PersonOrder {
    /// Show the questions so far
    Show,
    /// Type the right PIN from now on
    RightPin,
    /// Type a wrong PIN next
    WrongPin,
    /// Type this next: a new PIN, a PUK
    Type {
        /// The text
        text: String,
    },
    /// Close the next prompt
    Cancel,
    /// Leave the next prompt open until it is withdrawn
    Wait,
}

/// What the person does on the phone.
#[derive(Debug, Clone, Copy, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhoneOrder {
    /// Show the requests so far, with their numbers
    Show,
    /// Agree to the newest request
    Approve,
    /// Refuse the newest request
    Deny,
    /// What to do with requests from now on
    Always {
        /// Wait for an order, approve, or deny
        #[arg(value_enum)]
        habit: Habit,
    },
}

/// Carries out an order and returns what there is to show.
///
/// # Errors
/// A sentence for the person who gave the order.
pub fn obey(order: &Order, workstation: &Workstation) -> Result<Value, String> {
    match order {
        Order::Card(order) => card(order, workstation),
        Order::Upstream(order) => Ok(upstream(order, workstation)),
        Order::Phone(order) => phone(*order, workstation),
        Order::Person(order) => person(order, workstation).map_err(|error| error.to_string()),
    }
}

fn card(order: &CardOrder, workstation: &Workstation) -> Result<Value, String> {
    let held =
        |place: &Slot| workstation.card(place.slot).ok_or_else(|| format!("slot {} has no card", place.slot));
    let done = |result: Result<(), crate::workstation::Error>| result.map_err(|error| error.to_string());
    match order {
        CardOrder::Show => {}
        CardOrder::Insert { card, place } => {
            let wish = card.as_deref().map(str::parse::<CardWish>).transpose()?;
            done(workstation.put(place.slot, wish))?;
        }
        CardOrder::Remove { place } => done(workstation.take(place.slot))?,
        CardOrder::Block { puk, place } => {
            let card = held(place)?;
            card.block_pin();
            if *puk {
                card.block_puk();
            }
        }
        CardOrder::Slow { milliseconds, place } => {
            held(place)?.faults().slow(Duration::from_millis(*milliseconds));
        }
        CardOrder::Break { at, how, place } => {
            let card = held(place)?;
            match how {
                Breakage::Removed => card.faults().remove_at(*at),
                Breakage::Reset => card.faults().reset_at(*at),
                Breakage::Garbage => card.faults().answer_at(*at, b"\xFFTEST\xFF"),
                Breakage::PinForgotten => card.faults().forget_pin_before_operation(),
            }
        }
        CardOrder::Heal { place } => held(place)?.faults().clear(),
    }
    serde_json::to_value(workstation.state()).map_err(|error| error.to_string())
}

fn upstream(order: &UpstreamOrder, workstation: &Workstation) -> Value {
    let handle = workstation.upstream.handle();
    match order {
        UpstreamOrder::Show => {}
        UpstreamOrder::Refuse => handle.set(Fault::Refuse),
        UpstreamOrder::Delay { milliseconds, at } => {
            handle.set(Fault::Delay { at: *at, milliseconds: *milliseconds });
        }
        UpstreamOrder::Fail { at } => handle.set(Fault::Fail { at: *at }),
        UpstreamOrder::Unavailable { at } => handle.set(Fault::Unavailable { at: *at }),
        UpstreamOrder::Forbid { at } => handle.set(Fault::Forbid { at: *at }),
        UpstreamOrder::Hang { at } => handle.set(Fault::Hang { at: *at }),
        UpstreamOrder::Drop { at } => handle.set(Fault::Drop { at: *at }),
        UpstreamOrder::Huge { at } => handle.set(Fault::Huge { at: *at }),
        UpstreamOrder::Drift { what } => handle.set(Fault::Drift { what: *what }),
        UpstreamOrder::Clock { seconds } => handle.set(Fault::Clock { seconds: *seconds }),
        UpstreamOrder::Pass { seconds } => handle.pass(*seconds),
        UpstreamOrder::Channel => handle.set(Fault::Channel),
        UpstreamOrder::SlowDown => handle.set(Fault::SlowDown),
        UpstreamOrder::Interval { seconds } => handle.interval(*seconds),
        UpstreamOrder::RotateBeforeSigning => handle.set(Fault::RotateBeforeSigning),
        UpstreamOrder::Garbage { at } => handle.set(Fault::Garbage { at: *at }),
        UpstreamOrder::Wrong { what } => handle.set(Fault::Wrong { what: *what }),
        UpstreamOrder::Form => handle.set(Fault::Form),
        UpstreamOrder::ForeignHost => handle.set(Fault::ForeignHost),
        UpstreamOrder::Tls12 => handle.set(Fault::Tls12),
        UpstreamOrder::RotateKeys { drop_old } => handle.rotate_keys(*drop_old),
        UpstreamOrder::Revoke { identifier } => handle.revoke(identifier),
        UpstreamOrder::EndSessions => handle.end_sessions(),
        UpstreamOrder::Heal => handle.heal(),
    }
    let cards: Vec<_> = handle
        .cards()
        .iter()
        .map(|visit| match &visit.outcome {
            Ok(holder) => json!({"tls": visit.tls, "holder": holder.identifier}),
            Err(refusal) => json!({"tls": visit.tls, "refused": refusal.to_string()}),
        })
        .collect();
    json!({
        "requests": handle.hits(), "cards": cards, "sessions": handle.sessions(),
        "clients": handle.proofs(), "authorizations": handle.authorizations(),
    })
}

fn phone(order: PhoneOrder, workstation: &Workstation) -> Result<Value, String> {
    let phone = workstation.upstream.handle().phone();
    let rang = match order {
        PhoneOrder::Show => true,
        PhoneOrder::Approve => phone.approve(),
        PhoneOrder::Deny => phone.deny(),
        PhoneOrder::Always { habit } => {
            phone.habit(habit);
            true
        }
    };
    if !rang {
        return Err("no request waits on the phone".to_owned());
    }
    serde_json::to_value(phone.requests()).map_err(|error| error.to_string())
}

fn person(order: &PersonOrder, workstation: &Workstation) -> std::io::Result<Value> {
    let person = &workstation.person;
    match order {
        PersonOrder::Show => {}
        PersonOrder::RightPin => person.always(Answer::RightPin)?,
        PersonOrder::WrongPin => person.next(Answer::WrongPin)?,
        PersonOrder::Type { text } => person.next(Answer::Type(text.clone()))?,
        PersonOrder::Cancel => person.next(Answer::Cancel)?,
        PersonOrder::Wait => person.next(Answer::Wait)?,
    }
    Ok(serde_json::to_value(person.questions())?)
}
