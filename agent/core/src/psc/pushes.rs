//! How often a phone may ring: anybody who knows an identifier could make it, and identifiers are public.
//!
//! At most three requests for one identifier in ten minutes, none while another may still be on the phone, and a pause
//! after a refusal. What is remembered outlives the agent: starting it anew is no way round. Who logged in last is
//! remembered too: that person alone is asked without their identifier being typed.

use crate::failure::{self, Code, Failure};
use crate::identity::{NationalId, UnixTime};
use serde::{Deserialize, Serialize};

/// Seconds over which requests are counted.
const WINDOW: i64 = 600;
/// Most requests for one identifier in that time.
const MOST: usize = 3;
/// Seconds that a request may stay on the phone after nobody waits for its answer any more: as long as those of Pro Santé
/// Connect live.
const ON_THE_PHONE: i64 = 120;
/// Seconds of pause after a refusal.
const PAUSE: i64 = 60;
/// Identifiers remembered: the window forgets them; this is for a clock that stands still.
const MOST_REMEMBERED: usize = 200;
/// Longest identifier.
const MAX_IDENTIFIER: usize = 128;

/// The requests of the last minutes, and the last holder. The loop stores it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pushes {
    #[serde(default)]
    last_holder: Option<NationalId>,
    #[serde(default)]
    asked: Vec<Asked>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    identifier: NationalId,
    at: UnixTime,
    end: End,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// Not, as far as we know.
    Open,
    /// The person agreed, or it was over, or it never came to the phone.
    Settled,
    /// The person refused it.
    Denied,
}

impl End {
    /// What the end of the login that made a phone ring says of the request; `None` for one that went well. Unless the
    /// upstream or the person answered, the request may still be on the phone: the next one waits.
    #[must_use]
    pub fn of(failed: Option<Code>) -> Self {
        const ANSWERED: [Code; 8] = [
            failure::ECPS_EXPIRED,
            failure::ECPS_UNKNOWN,
            failure::UPSTREAM_REFUSED,
            failure::UPSTREAM_MODE,
            failure::UPSTREAM_ACR,
            failure::UPSTREAM_NO_IDENTITY,
            failure::ID_TOKEN_REFUSED,
            failure::OTHER_PERSON,
        ];
        match failed {
            None => Self::Settled,
            Some(failure::ECPS_DENIED) => Self::Denied,
            Some(code) if ANSWERED.contains(&code) => Self::Settled,
            Some(_) => Self::Open,
        }
    }
}

impl Pushes {
    /// Who logged in last in this account.
    #[must_use]
    pub fn last_holder(&self) -> Option<&NationalId> {
        self.last_holder.as_ref()
    }

    /// Notes who logged in. Says whether that is news.
    pub fn logged_in(&mut self, holder: &NationalId) -> bool {
        let news = self.last_holder.as_ref() != Some(holder);
        self.last_holder = Some(holder.clone());
        news
    }

    /// May the phone of this person ring now? If so, that is noted.
    ///
    /// # Errors
    /// [`failure::ECPS_PENDING`], [`failure::ECPS_PAUSE`] or [`failure::ECPS_TOO_MANY`], with the seconds to wait.
    pub fn ring(&mut self, identifier: &NationalId, now: UnixTime) -> Result<(), Failure> {
        for asked in &mut self.asked {
            // A clock that was set back must neither free nor lock for longer than it should.
            asked.at = asked.at.min(now);
        }
        self.asked.retain(|asked| now.since(asked.at) < WINDOW);
        let own = || self.asked.iter().filter(|asked| asked.identifier == *identifier);
        let wait = |code, since: UnixTime, length| {
            let left = since.plus(length).since(now);
            if left > 0 { Err(Failure::new(code).with("seconds", left)) } else { Ok(()) }
        };
        for asked in own() {
            match asked.end {
                End::Open => wait(failure::ECPS_PENDING, asked.at, ON_THE_PHONE)?,
                End::Denied => wait(failure::ECPS_PAUSE, asked.at, PAUSE)?,
                End::Settled => {}
            }
        }
        if let Some(first) = own().nth_back(MOST - 1) {
            wait(failure::ECPS_TOO_MANY, first.at, WINDOW)?;
        }
        if self.asked.len() >= MOST_REMEMBERED {
            self.asked.remove(0);
        }
        self.asked.push(Asked { identifier: identifier.clone(), at: now, end: End::Open });
        Ok(())
    }

    /// Notes how the last request for this person ended. A refusal counts from the moment it was learnt.
    pub fn ended(&mut self, identifier: &NationalId, end: End, now: UnixTime) {
        let last = self.asked.iter_mut().rev().find(|asked| asked.identifier == *identifier);
        if let Some(asked) = last {
            asked.end = end;
            if end == End::Denied {
                asked.at = now;
            }
        }
    }
}

/// Reads an identifier as a person typed it. It is taken as it stands: an RPPS number without the `8` before it is told
/// apart from an identifier, not made into one.
///
/// # Errors
/// [`failure::ECPS_NO_IDENTIFIER`] for nothing, [`failure::ECPS_IDENTIFIER`] for what is none.
pub fn typed(text: &str) -> Result<NationalId, Failure> {
    let text = text.trim();
    if text.is_empty() {
        return Err(failure::ECPS_NO_IDENTIFIER.into());
    }
    let graphic = text.bytes().all(|byte| byte.is_ascii_graphic());
    let bare_rpps = text.len() == 11 && text.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() > MAX_IDENTIFIER || !graphic || bare_rpps {
        return Err(failure::ECPS_IDENTIFIER.into());
    }
    Ok(NationalId(text.to_owned()))
}
