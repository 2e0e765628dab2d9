//! What happens at the readers, told to the session table, the audit trail and whoever listens.

use super::{cards::CardEvent, choice::card_news, present::Present, shared::Shared, words};
use cps_agent_core::{audit, identity::NationalId, session::table::Happening};
use cps_card::token::{KeyRole, Kind};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// How long the cards that are found when the readers are watched again may take to be read.
const READING: Duration = Duration::from_secs(60);

/// Attends to the readers for ever.
pub(super) async fn attend(shared: &Arc<Shared>, mut news: mpsc::UnboundedReceiver<CardEvent>) {
    while let Some(event) = news.recv().await {
        let record = |event: audit::Event| shared.journal.write(&event);
        match event {
            CardEvent::Service(up) => {
                record(audit::Event::done(audit::What::CardService(up)));
                shared.announce("service", if up { "back" } else { "lost" }, None);
            }
            CardEvent::Reader(name, true) => {
                record(audit::Event::done(audit::What::ReaderAdded(name.clone())));
                shared.announce("reader", "added", Some(&name));
            }
            CardEvent::Reader(name, false) => {
                record(audit::Event::done(audit::What::ReaderRemoved(name.clone())));
                shared.announce("reader", "removed", Some(&name));
            }
            CardEvent::Inserted(present) => {
                record(audit::Event::done(audit::What::CardInserted).with(words::credential(&present)));
                let serial = present.serial().to_owned();
                read_signature_certificate(shared, &present);
                let holder =
                    words::holder(&present).map(|holder| NationalId(holder.national_id.as_str().to_owned()));
                // A soft token that is merely there is nobody's arrival.
                if present.description.kind != Kind::Soft {
                    shared.decide(|quiet, now| {
                        let inserted = Happening::CardInserted { serial: serial.clone(), holder };
                        shared.happened(quiet, inserted, now);
                        shared.happened(quiet, Happening::Activity, now);
                        quiet.declined.forget_all();
                    });
                }
                shared.announce("card", "inserted", Some(&serial));
            }
            CardEvent::Removed(present) => {
                record(audit::Event::done(audit::What::CardRemoved).with(words::credential(&present)));
                let serial = present.serial().to_owned();
                shared.decide(|quiet, now| {
                    let removed = Happening::CardRemoved { serial: serial.clone() };
                    shared.happened(quiet, removed, now);
                });
                shared.announce("card", "removed", Some(&serial));
            }
            CardEvent::Unseen(present) => {
                let serial = present.serial().to_owned();
                shared.decide(|quiet, now| {
                    let unseen = Happening::CardUnseen { serial: serial.clone() };
                    shared.happened(quiet, unseen, now);
                });
                shared.announce("card", "unseen", Some(&serial));
            }
            CardEvent::Surveyed => {
                shared.announce("card", "changed", None);
                shared.runtime.spawn(look_for_session_card(Arc::clone(shared)));
            }
            CardEvent::Changed => shared.announce("card", "changed", None),
        }
    }
}

/// Where programs are offered the signature key, its certificate is read while nobody waits for it.
fn read_signature_certificate(shared: &Arc<Shared>, present: &Arc<Present>) {
    let known = present.certificate(KeyRole::Signature).is_some();
    if known || !shared.fixed.programs.signature_key || present.description.key(KeyRole::Signature).is_none()
    {
        return;
    }
    let (shared, present) = (Arc::clone(shared), Arc::clone(present));
    shared.runtime.clone().spawn(async move {
        present.read_signature_certificate().await;
        shared.announce("card", "changed", Some(present.serial()));
    });
}

/// The readers were looked at again: the session's card that is not there any more has left meanwhile.
async fn look_for_session_card(shared: Arc<Shared>) {
    let mut events = shared.events.subscribe();
    let read = async {
        while shared.cards.reading() {
            card_news(&mut events).await;
        }
    };
    // A card that cannot be read in all that time is not the session's any more.
    let _ = tokio::time::timeout(READING, read).await;
    shared.decide(|quiet, now| {
        let credential = quiet.sessions.current().and_then(|session| session.assurance.credential);
        if let Some(serial) = credential.map(|credential| credential.serial)
            && shared.cards.find(&serial).is_none()
        {
            shared.happened(quiet, Happening::CardRemoved { serial }, now);
        }
    });
}
