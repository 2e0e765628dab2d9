//! Whose turn at the screen it is: one question at a time, and what the person began before what programs want.

use tokio::sync::{Mutex, MutexGuard, watch};

/// The turns.
pub(super) struct Turns {
    screen: Mutex<()>,
    /// How many wait for what the person began.
    before: watch::Sender<usize>,
}

/// The screen, for one who asks.
pub(super) struct Turn<'a>(#[allow(dead_code, reason = "held, not read")] MutexGuard<'a, ()>);

impl Turns {
    /// Nobody asks.
    pub(super) fn new() -> Self {
        Self { screen: Mutex::new(()), before: watch::Sender::new(0) }
    }

    /// The next turn, for what the person began: whoever waits for [`Turns::last`] goes on waiting.
    pub(super) async fn first(&self) -> Turn<'_> {
        let _waits = Waits::on(&self.before);
        Turn(self.screen.lock().await)
    }

    /// A turn for a program, once nobody waits who goes before it.
    pub(super) async fn last(&self) -> Turn<'_> {
        let mut before = self.before.subscribe();
        loop {
            // The sender lives as long as this.
            let _ = before.wait_for(|waiting| *waiting == 0).await;
            let turn = self.screen.lock().await;
            if *self.before.borrow() == 0 {
                return Turn(turn);
            }
        }
    }

    /// A turn at once or not at all.
    pub(super) fn now(&self) -> Option<Turn<'_>> {
        self.screen.try_lock().ok().map(Turn)
    }
}

/// One who waits, until this is dropped.
struct Waits<'a>(&'a watch::Sender<usize>);

impl<'a> Waits<'a> {
    fn on(before: &'a watch::Sender<usize>) -> Self {
        before.send_modify(|waiting| *waiting += 1);
        Self(before)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting = waiting.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex as Log, PoisonError};
    use tokio::task::JoinSet;

    /// Lets everybody run who can.
    async fn settle() {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_login_goes_before_the_programs_that_waited_longer() {
        let (turns, order) = (Arc::new(Turns::new()), Arc::new(Log::new(Vec::new())));
        let shown = turns.last().await;
        let mut waiting = JoinSet::new();
        for name in ["program", "another", "login", "a third"] {
            let (turns, order) = (Arc::clone(&turns), Arc::clone(&order));
            waiting.spawn(async move {
                let _turn = if name == "login" { turns.first().await } else { turns.last().await };
                order.lock().unwrap_or_else(PoisonError::into_inner).push(name);
            });
            settle().await;
        }
        assert!(turns.now().is_none());
        drop(shown);
        waiting.join_all().await;
        let order = order.lock().unwrap_or_else(PoisonError::into_inner).clone();
        assert_eq!(order.first(), Some(&"login"), "{order:?}");
        assert_eq!(order.len(), 4);
    }

    #[tokio::test]
    async fn a_login_that_is_given_up_keeps_nobody_waiting() {
        let turns = Turns::new();
        let shown = turns.now().expect("nobody asks");
        {
            let login = turns.first();
            tokio::pin!(login);
            tokio::select! {
                biased;
                _ = &mut login => panic!("the screen is taken"),
                () = settle() => {}
            }
        }
        drop(shown);
        drop(turns.last().await);
        assert!(turns.now().is_some());
    }
}
