//! The person's page, as far as the loop has a part in it: links and pages, how things stand, and what the trail tells.
//!
//! A page can be asked for again and again by whoever has its address. What costs something (reading the trail, asking
//! cards, looking for what is wrong) is done once at a time, and the trail only when it has grown.

use super::{desk::FrontDesk, present::Present, shared::Shared};
use crate::{
    host::entropy::SystemEntropy,
    serve::{
        desk::{Caller, Desk as _},
        portal::{
            desk::{Application, Pin, PortalDesk, Program, Standing},
            moment::Calendar,
        },
    },
};
use cps_agent_api::words;
use cps_agent_core::{
    audit::{
        self,
        activity::{Activity, Reader},
    },
    failure::{self, Failure},
    identity::{SessionId, UnixTime},
    portal::{LINK, View},
    secret::Secret,
    session::table::Happening,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How much of the trail is read, bytes: its newest part.
const TRAIL: u64 = 4 * 1024 * 1024;
/// How long a busy card is waited for: its PIN is then as it was last heard of.
const CARD: Duration = Duration::from_secs(2);
/// Most programs that are remembered.
const PROGRAMS: usize = 32;

/// The trail as it was last read: its end, the day, and what it told.
type LastRead = (u64, i64, Arc<Activity>);

/// What the loop keeps for the page.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Programs that had a key used, by path and card: when last, how often.
    served: Mutex<BTreeMap<(String, String), (UnixTime, u32)>>,
    /// Held while the trail is read.
    activity: Arc<tokio::sync::Mutex<Option<LastRead>>>,
    /// Held while cards are asked for their tries.
    asking: Arc<tokio::sync::Mutex<()>>,
    /// Held while somebody looks for what is wrong.
    pub(super) diagnosing: tokio::sync::Mutex<()>,
}

impl Kept {
    /// A program had a key of this card used.
    pub(super) fn served(&self, program: &str, card: &str, now: UnixTime) {
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (program.to_owned(), card.to_owned());
        if served.len() >= PROGRAMS && !served.contains_key(&key) {
            let oldest = served.iter().min_by_key(|(_, (last, _))| *last).map(|(key, _)| key.clone());
            oldest.map(|oldest| served.remove(&oldest));
        }
        let (last, count) = served.entry(key).or_insert((now, 0));
        (*last, *count) = (now, count.saturating_add(1));
    }

    /// A session ended: whoever comes next does not read what served the one before.
    pub(super) fn forget(&self) {
        self.served.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl PortalDesk for FrontDesk {
    fn portal_link(&self, _caller: &Caller, view: View) -> Result<words::Portal, Failure> {
        if let Some(problem) = self.0.bridge.problem(self.0.clock.now()) {
            return Err(problem);
        }
        self.0.decide(|quiet, now| {
            let session = quiet.sessions.current().map(|session| session.sid);
            let link = quiet.portals.link(view, session.as_ref(), now, &mut SystemEntropy::new());
            let url = format!("{}/portal/open/{}", quiet.provider.issuer(), link.expose());
            Ok(words::Portal { url, expires_in: LINK })
        })
    }

    fn portal_open(&self, caller: &Caller, link: &str) -> Option<(Secret, View)> {
        let opened = self.0.decide(|quiet, now| {
            let session = quiet.sessions.current();
            let sid = session.as_ref().map(|session| &session.sid);
            let opened = quiet.portals.open(link, sid, now, &mut SystemEntropy::new())?;
            // Whoever opens it sits here.
            self.0.happened(quiet, Happening::Activity, now);
            Some((opened, session))
        });
        let (opened, session) = opened?;
        let event = audit::Event::done(audit::What::PageOpened);
        let event = session
            .into_iter()
            .fold(event, |event, session| event.of(session.person.id.clone()).within(session.sid));
        self.0.record([event], &Self::by(caller));
        Some(opened)
    }

    fn portal_lives(&self, page: &str, looked_at: bool) -> bool {
        self.0.decide(|quiet, now| {
            let session = quiet.sessions.current().map(|session| session.sid);
            quiet.portals.lives(page, session.as_ref(), now, looked_at)
        })
    }

    async fn portal_standing(&self, caller: &Caller, fresh: bool) -> Standing {
        let pins = self.0.pins(fresh).await;
        let status = self.status(caller);
        let (applications, remaining, kept) = self.0.look(|quiet, now| {
            let provider = &quiet.provider;
            let named = |id: String, token: Option<UnixTime>| Application {
                name: provider.client(&id).map_or_else(|| id.clone(), |client| client.name().to_owned()),
                id,
                token,
            };
            let sid = quiet.sessions.current().map(|session| session.sid);
            let of_session = |sid: SessionId| {
                let connected = provider.connected(&sid).into_iter().map(|id| {
                    let token = provider.has_upstream_token(&id, &sid, now);
                    named(id, token)
                });
                let remaining = provider.remaining(&sid, now).into_iter();
                (connected.collect(), remaining.map(|(id, until)| named(id, Some(until))).collect())
            };
            let (connected, remaining) = sid.map(of_session).unwrap_or_default();
            let kept = status.session.is_none() && quiet.sessions.keeps_for_programs();
            (connected, remaining, kept)
        });
        Standing { pins, applications, remaining, programs: self.0.programs(), kept, status }
    }

    async fn portal_activity(&self) -> Result<Arc<Activity>, Failure> {
        self.0.activity().await
    }

    fn portal_disconnect(&self, caller: &Caller, client: &str) -> bool {
        self.0.disconnect(client, &Self::by(caller))
    }
}

impl Shared {
    /// What each card says of its PIN now, or what was last heard of it.
    async fn pins(&self, fresh: bool) -> BTreeMap<String, Pin> {
        let unsaid = |present: &Present| fresh || present.tries().left.is_none();
        let asked = async {
            // The lock goes with the asking: a slow card has one question in its queue, whoever comes and leaves.
            let asking = Arc::clone(&self.portal.asking).lock_owned().await;
            let Some(shared) = self.me.upgrade() else { return };
            let silent: Vec<_> = self.cards.present().into_iter().filter(|present| unsaid(present)).collect();
            let ask = async move {
                for present in silent {
                    // Its answer is noted; a card that does not answer has said nothing new.
                    let _ = shared.pin_status(&present).await;
                }
                drop(asking);
            };
            let _ = tokio::spawn(ask).await;
        };
        let _ = tokio::time::timeout(CARD, asked).await;
        let said = |present: &Present| (present.serial().to_owned(), Pin { left: present.tries().left });
        self.cards.present().iter().map(|present| said(present)).collect()
    }

    /// Programs at the module: those that were served, and those the person said something of.
    fn programs(&self) -> Vec<Program> {
        let mut programs: BTreeMap<(String, String), Program> = BTreeMap::new();
        let mut note = |path: &str, card: &str, said: Option<bool>, served: Option<(UnixTime, u32)>| {
            let program = programs.entry((path.to_owned(), card.to_owned())).or_insert_with(|| Program {
                path: path.to_owned(),
                card: card.to_owned(),
                said: None,
                served: None,
            });
            program.said = program.said.or(said);
            program.served = program.served.or(served);
        };
        for ((path, card), served) in self.portal.served.lock().unwrap_or_else(PoisonError::into_inner).iter()
        {
            note(path, card, None, Some(*served));
        }
        self.look(|quiet, _| {
            quiet.sessions.answered().for_each(|(card, path, yes)| note(path, card, Some(yes), None));
        });
        // A card that left without a session is nobody's to read about.
        let session = self.look(|quiet, _| quiet.sessions.current());
        let own =
            session.and_then(|session| session.assurance.credential.map(|credential| credential.serial));
        let present: Vec<String> =
            self.cards.present().iter().map(|present| present.serial().to_owned()).collect();
        let shown = |card: &String| present.contains(card) || own.as_ref() == Some(card);
        programs.into_values().filter(|program| shown(&program.card)).collect()
    }

    /// Reads the newest part of the trail, unless that was done since it last grew.
    async fn activity(&self) -> Result<Arc<Activity>, Failure> {
        let shared = self.me.upgrade().ok_or(failure::SHUTTING_DOWN)?;
        // The lock goes with the reading: whoever asks and leaves does not let the next one read beside it.
        let mut kept = Arc::clone(&self.portal.activity).lock_owned().await;
        let (calendar, now) = (Calendar::here(), self.clock.now());
        let (sequence, today) = (self.journal.head().sequence, calendar.day(now));
        if let Some((end, day, activity)) = &*kept
            && (*end, *day) == (sequence, today)
        {
            return Ok(Arc::clone(activity));
        }
        let read = move || {
            let mut reader = Reader::new(now, |moment| calendar.day(moment));
            let read = shared.journal.newest(TRAIL, |line| reader.line(line));
            read.map(|()| {
                let activity = Arc::new(reader.finish());
                *kept = Some((sequence, today, Arc::clone(&activity)));
                activity
            })
        };
        let read =
            tokio::task::spawn_blocking(read).await.map_err(std::io::Error::from).and_then(|read| read);
        read.map_err(|error| {
            tracing::error!(%error, "the audit trail cannot be read");
            failure::TRAIL_UNREADABLE.into()
        })
    }

    /// Ends one application's part in the session, and tells it.
    fn disconnect(&self, client: &str, by: &audit::Application) -> bool {
        let ended = self.decide(|quiet, now| {
            let session = quiet.sessions.current()?;
            let mut entropy = SystemEntropy::new();
            let ended = quiet.provider.disconnect(client, &session.sid, now, &mut entropy, &self.random)?;
            self.happened(quiet, Happening::Activity, now);
            if let Some(notice) = ended.notice {
                self.tell_client(notice, session.sid.clone());
            }
            for token in ended.upstream {
                let upstream = quiet.sessions.upstream_mut(&session.sid);
                if let Some(token) = upstream.and_then(|upstream| upstream.take_back(token, now)) {
                    self.take_back(token, session.sid.clone());
                }
            }
            Some(session)
        });
        let Some(session) = ended else { return false };
        let event = audit::Event::done(audit::What::ClientDisconnected(client.to_owned()));
        self.record([event.of(session.person.id.clone()).within(session.sid)], by);
        self.announce("client", "disconnected", Some(client));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_remembered_by_path_and_card_and_the_one_served_longest_ago_goes() {
        let kept = Kept::default();
        for number in 0..=PROGRAMS {
            let now = UnixTime(i64::try_from(number).expect("a number"));
            kept.served(&format!("/usr/bin/{number}"), "1", now);
        }
        kept.served("/usr/bin/1", "1", UnixTime(99));
        kept.served("/usr/bin/1", "2", UnixTime(99));
        let served = kept.served.lock().expect("free");
        let of = |program: &str, card: &str| served.get(&(program.to_owned(), card.to_owned())).copied();
        assert_eq!(served.len(), PROGRAMS);
        assert_eq!((of("/usr/bin/0", "1"), of("/usr/bin/2", "1")), (None, None));
        assert_eq!(
            (of("/usr/bin/1", "1"), of("/usr/bin/1", "2")),
            (Some((UnixTime(99), 2)), Some((UnixTime(99), 1)))
        );
        drop(served);
        kept.forget();
        assert!(kept.served.lock().expect("free").is_empty());
    }
}
