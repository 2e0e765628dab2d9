//! Watching the readers: the thread that waits for their changes, and leaving them alone while another user has the screen.

use super::{CardEvent, Cards, Inside, Place};
use cps_agent_core::failure;
use cps_card::readers::{self, Monitor, Readers};
use std::{
    sync::{Arc, PoisonError, mpsc},
    time::Duration,
};

/// What the watching thread is told.
pub(super) enum Order {
    /// Leave the readers alone; the sender is dropped when that is so.
    Leave(#[allow(dead_code, reason = "its end is the message")] mpsc::Sender<()>),
    /// Watch them again.
    Return,
}

/// What became of an order.
enum Obeyed {
    /// There was none.
    GoOn,
    /// The readers were left and are to be looked at anew.
    Returned,
    /// The agent stops.
    Stop,
}

impl Cards {
    /// Leaves the readers alone, which resets the cards that were verified; their sessions learn of it by
    /// [`CardEvent::Unseen`]. Does not wait for it.
    pub(in crate::run) fn leave(self: &Arc<Self>) {
        let (obeyed, done) = mpsc::channel();
        self.order(Order::Leave(obeyed));
        let cards = Arc::clone(self);
        // A thread of its own, since an interruption may have to be repeated.
        if let Err(error) = self.spawn("leaving readers", move || cards.wake(&done)) {
            tracing::error!(%error, "no thread to leave the readers");
        }
    }

    /// Watches the readers again.
    pub(in crate::run) fn come_back(&self) {
        self.order(Order::Return);
    }

    fn order(&self, order: Order) {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(orders) = &threads.orders {
            // The watching thread ends only with the agent.
            let _ = orders.send(order);
        }
    }

    pub(super) fn watch(self: Arc<Self>, ignored: &[String], orders: &mpsc::Receiver<Order>) {
        'anew: loop {
            let mut monitor = Monitor::new(Readers::new(ignored.iter().cloned()));
            let mut surveyed = false;
            loop {
                let events = monitor.step(self.service.as_ref());
                // What was seen while an order was on its way is not looked at any more.
                match self.obey(orders, Duration::ZERO) {
                    Obeyed::GoOn => {}
                    Obeyed::Returned => continue 'anew,
                    Obeyed::Stop => return,
                }
                for event in events {
                    self.happened(event);
                }
                if !std::mem::replace(&mut surveyed, true) {
                    self.seen().surveyed = true;
                    self.tell(CardEvent::Surveyed);
                }
                match self.obey(orders, monitor.pause()) {
                    Obeyed::GoOn => {}
                    Obeyed::Returned => continue 'anew,
                    Obeyed::Stop => return,
                }
            }
        }
    }

    /// Waits for an order and carries it out. To leave the readers lasts until they are to be watched again.
    fn obey(&self, orders: &mpsc::Receiver<Order>, pause: Duration) -> Obeyed {
        let obeyed = match orders.recv_timeout(pause) {
            Ok(Order::Leave(obeyed)) => obeyed,
            Ok(Order::Return) | Err(mpsc::RecvTimeoutError::Timeout) => return Obeyed::GoOn,
            // The other end is dropped to stop us.
            Err(mpsc::RecvTimeoutError::Disconnected) => return Obeyed::Stop,
        };
        let left = std::mem::take(&mut self.seen().readers);
        for place in left.values() {
            if let Inside::Card(present) = &place.inside {
                self.tell(CardEvent::Unseen(Arc::clone(present)));
            }
        }
        // Their threads learn that they are gone, and reset what was verified.
        drop(left);
        self.tell(CardEvent::Changed);
        drop(obeyed);
        loop {
            match orders.recv() {
                Ok(Order::Return) => return Obeyed::Returned,
                Ok(Order::Leave(_)) => {}
                Err(mpsc::RecvError) => return Obeyed::Stop,
            }
        }
    }

    fn happened(self: &Arc<Self>, event: readers::Event) {
        match event {
            readers::Event::ReaderAdded { reader } => {
                self.seen().readers.insert(reader.clone(), Place::new(Inside::Empty));
                self.tell(CardEvent::Reader(reader, true));
            }
            readers::Event::ReaderRemoved { reader } => {
                self.empty(&reader);
                self.seen().readers.remove(&reader);
                self.tell(CardEvent::Reader(reader, false));
            }
            readers::Event::CardInserted { reader, .. } => self.open_card(reader),
            readers::Event::CardMute { reader } => {
                self.seen().readers.insert(reader, Place::new(Inside::Mute));
                self.tell(CardEvent::Changed);
            }
            readers::Event::CardRemoved { reader } => self.empty(&reader),
            readers::Event::ServiceLost { why } => {
                tracing::warn!(%why, "the smart-card service does not answer");
                self.seen().lost = Some(failure::of_transport(&why));
                self.tell(CardEvent::Service(false));
            }
            readers::Event::ServiceBack => {
                self.seen().lost = None;
                self.tell(CardEvent::Service(true));
            }
            _ => {}
        }
    }
}
