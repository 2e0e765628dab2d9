//! What the system says of the workstation, told to the session table, the cards and the audit trail.
//!
//! | logind says | what is done |
//! | --- | --- |
//! | the screen is locked | input ends; `relock` locks the session; e-CPS tokens are locked |
//! | the machine is about to sleep | the same, before it sleeps |
//! | another user has the screen | the same, and the readers are left alone: cards that were verified are reset |
//! | somebody is there again | an act of the person; the readers are watched again |
//! | input is seen, or is not | the person is active all the while, or not any more |
//!
//! Without logind single acts with the agent are all that keeps a session awake, and `relock` is `lock`: the diagnosis says so.

use super::shared::Shared;
use crate::host::logind::{self, Input, News};
use cps_agent_core::{audit, session::table::Happening};
use cps_card::token::Kind;
use std::sync::Arc;
use tokio::sync::mpsc;

/// The workstation as logind describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Workstation {
    /// logind answers.
    pub(super) answers: bool,
    /// The screen is locked.
    pub(super) locked: bool,
    /// Our session has the screen.
    pub(super) active: bool,
    /// The machine sleeps, or is about to.
    pub(super) asleep: bool,
    /// Whether somebody uses it.
    pub(super) input: Input,
}

impl Default for Workstation {
    /// A workstation that nothing is known of is in use by its person.
    fn default() -> Self {
        Self { answers: false, locked: false, active: true, asleep: false, input: Input::Unreported }
    }
}

impl Workstation {
    /// Takes news over.
    fn hear(&mut self, news: &News) {
        match news {
            // Whoever reads this is awake.
            News::Answers(true) => (self.answers, self.asleep) = (true, false),
            // What was last known stays: a screen that was locked or another person's is not taken for free because
            // nobody tells any more. Only input has to be reported to be there.
            News::Answers(false) => (self.answers, self.input) = (false, Input::Unreported),
            News::LockWanted => {}
            News::Locked(locked) => self.locked = *locked,
            News::Active(active) => self.active = *active,
            News::Input(input) => self.input = *input,
            News::Sleeping(_) => self.asleep = true,
            News::Awake => self.asleep = false,
        }
    }

    /// News that only a person before the screen can cause. That logind answers, or does not, is none of them.
    fn returned(before: Self, after: Self, news: &News) -> bool {
        let said = matches!(news, News::Locked(false) | News::Active(true) | News::Awake);
        said && !before.attended() && after.attended()
    }

    /// The person is, or may be, before the screen.
    fn attended(&self) -> bool {
        self.active && !self.locked && !self.asleep
    }

    /// Input is seen all the time.
    fn in_use(&self) -> bool {
        self.attended() && self.input == Input::Seen
    }
}

/// Follows logind for ever, where there is a bus.
pub(super) async fn watch(shared: &Arc<Shared>) {
    let Some(bus) = shared.fixed.system_bus.clone() else { return };
    let (tell, mut news) = mpsc::unbounded_channel();
    let following = logind::follow(&bus.address, bus.session.as_deref(), tell);
    let hearing = async {
        while let Some(news) = news.recv().await {
            hear(shared, &news);
        }
    };
    tokio::join!(following, hearing);
}

/// What one piece of news changes. The machine sleeps no sooner than this returns and the news are dropped.
fn hear(shared: &Arc<Shared>, news: &News) {
    let (before, after, left) = shared.decide(|quiet, now| {
        let before = quiet.workstation;
        quiet.workstation.hear(news);
        let after = quiet.workstation;
        let left = matches!(news, News::LockWanted) || before.attended() && !after.attended();
        let mut happened = |happening| shared.happened(quiet, happening, now);
        if before.in_use() && !after.in_use() {
            happened(Happening::InputStopped);
        }
        if left {
            happened(Happening::WorkstationLocked);
        }
        if Workstation::returned(before, after, news) {
            happened(Happening::Activity);
        }
        if !before.in_use() && after.in_use() {
            happened(Happening::InputSeen);
        }
        (before, after, left)
    });
    if left {
        lock_soft_tokens(shared);
    }
    match (before.active, after.active) {
        (true, false) => shared.cards.leave(),
        (false, true) => shared.cards.come_back(),
        _ => {}
    }
    tell(shared, before, after);
}

/// An unlocked e-CPS token does not stay in memory behind a locked screen. Its session goes on, and the next signature asks.
fn lock_soft_tokens(shared: &Shared) {
    for present in shared.cards.present() {
        if present.description.kind == Kind::Soft {
            present.release();
        }
    }
}

/// Writes down and announces what changed.
fn tell(shared: &Shared, before: Workstation, after: Workstation) {
    let changes = [
        (before.locked, after.locked, "locked", "unlocked"),
        (before.active, after.active, "active", "inactive"),
        (before.asleep, after.asleep, "asleep", "awake"),
    ];
    // Input comes and goes all day: told to whoever listens, and not written down.
    if before.in_use() != after.in_use() {
        shared.announce("workstation", if after.in_use() { "in_use" } else { "left" }, None);
    }
    for (before, after, so, otherwise) in changes {
        if before != after {
            let word = if after { so } else { otherwise };
            shared.journal.write(&audit::Event::done(audit::What::Workstation(word)));
            shared.announce("workstation", word, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_before_a_screen_that_is_locked_asleep_or_anothers() {
        let mut workstation = Workstation::default();
        for news in [News::Answers(true), News::Input(Input::Seen)] {
            workstation.hear(&news);
        }
        assert!(workstation.in_use());
        for (away, back) in [
            (News::Locked(true), News::Locked(false)),
            (News::Active(false), News::Active(true)),
            (News::Sleeping(logind::Delay::none()), News::Awake),
            (News::Input(Input::Idle), News::Input(Input::Seen)),
        ] {
            workstation.hear(&away);
            assert!(!workstation.in_use(), "{away:?}");
            workstation.hear(&back);
            assert!(workstation.in_use(), "{back:?}");
        }
    }

    #[test]
    fn input_that_nobody_reports_is_not_taken_for_granted() {
        let mut workstation = Workstation::default();
        workstation.hear(&News::Answers(true));
        assert!(workstation.attended() && !workstation.in_use());
    }

    /// A workstation that heard these news, and the one before the last.
    fn heard(news: &[News]) -> (Workstation, Workstation) {
        let (mut before, mut after) = (Workstation::default(), Workstation::default());
        for news in news {
            before = after;
            after.hear(news);
        }
        (before, after)
    }

    #[test]
    fn a_lost_logind_brings_nobody_back() {
        for away in [News::Locked(true), News::Active(false), News::Sleeping(logind::Delay::none())] {
            let told = format!("{away:?}");
            let lost = News::Answers(false);
            let (before, after) =
                heard(&[News::Answers(true), News::Input(Input::Seen), away, News::Answers(false)]);
            assert!(!after.attended() && !after.answers, "{told}");
            assert_eq!(after.active, before.active, "{told}: the readers are left to whom they are");
            assert!(!Workstation::returned(before, after, &lost), "{told}");
        }
    }

    #[test]
    fn a_lost_logind_reports_no_input() {
        let (before, after) = heard(&[News::Answers(true), News::Input(Input::Seen), News::Answers(false)]);
        assert!(before.in_use() && !after.in_use() && after.attended());
    }

    #[test]
    fn logind_that_is_found_again_is_no_person_but_what_it_tells_may_be() {
        let (before, after) =
            heard(&[News::Sleeping(logind::Delay::none()), News::Answers(false), News::Answers(true)]);
        assert!(after.attended() && !Workstation::returned(before, after, &News::Answers(true)));
        let (before, after) = heard(&[News::Locked(true), News::Answers(false), News::Locked(false)]);
        assert!(Workstation::returned(before, after, &News::Locked(false)));
    }
}
