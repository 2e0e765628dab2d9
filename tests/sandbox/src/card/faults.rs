//! Faults on demand: what goes wrong with a card, and when. Any thread may change them at any time.

use super::files::{Path, parse_path};
use super::locked;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The switches of one card. Clones share them.
///
/// Command numbers count from the call: 1 is the next command that the card receives.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

#[derive(Debug, Default)]
struct Plan {
    received: u64,
    events: BTreeMap<u64, Vec<Event>>,
    delay: Duration,
    forget_pin: bool,
    wrong_length: bool,
    closed_channel: bool,
    atr: Option<Vec<u8>>,
    files: HashMap<Path, Option<Vec<u8>>>,
}

/// What happens in place of one exchange, or just before it.
#[derive(Debug)]
pub(crate) enum Event {
    /// The card leaves before it sees the command.
    Removed,
    /// Another program resets the card first.
    Reset,
    /// The card sees the command, and these bytes come back instead of its answer.
    Answer(Vec<u8>),
    /// Something else happens in the world, then the card sees the command.
    Action(Action),
}

/// What a test wants to happen.
pub(crate) struct Action(pub(super) Box<dyn FnOnce() + Send>);

impl std::fmt::Debug for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Action")
    }
}

impl Faults {
    /// Pulls the card at the n-th command from now: that command gets no answer.
    pub fn remove_at(&self, n: u64) {
        self.schedule(n, Event::Removed);
    }

    /// Another program resets the card just before the n-th command from now.
    ///
    /// In process the connection learns of it. Through pcscd only the card's state is lost, since pcscd did not see a
    /// reset; let a second PC/SC client reset the card to have both.
    pub fn reset_at(&self, n: u64) {
        self.schedule(n, Event::Reset);
    }

    /// Puts arbitrary bytes in place of the answer to the n-th command from now.
    pub fn answer_at(&self, n: u64, bytes: &[u8]) {
        self.schedule(n, Event::Answer(bytes.to_vec()));
    }

    /// Does something else just before the n-th command from now: the smart-card service stops, another card comes.
    pub fn at(&self, n: u64, action: impl FnOnce() + Send + 'static) {
        self.schedule(n, Event::Action(Action(Box::new(action))));
    }

    /// The card loses the verified state once, just before the next operation with a key.
    pub fn forget_pin_before_operation(&self) {
        locked(&self.0).forget_pin = true;
    }

    /// Every command takes this much longer.
    pub fn slow(&self, per_command: Duration) {
        locked(&self.0).delay = per_command;
    }

    /// READ BINARY past the end answers `6C xx` instead of the data and `62 82`.
    pub fn wrong_length_for_short_reads(&self, on: bool) {
        locked(&self.0).wrong_length = on;
    }

    /// CPS4: the first SELECT on channel 1 answers `69 85` until the detour of `cps-card.md` §4.2 was made.
    pub fn channel_needs_detour(&self, on: bool) {
        locked(&self.0).closed_channel = on;
    }

    /// Another answer to reset, from the next insertion on.
    pub fn atr(&self, atr: &[u8]) {
        locked(&self.0).atr = Some(atr.to_vec());
    }

    /// An ATR that no driver knows (TS, T0 and eight historical bytes that say TEST).
    pub fn unknown_atr(&self) {
        self.atr(b"\x3B\x08TESTTEST");
    }

    /// Shows other bytes in a file, such as `3F00/0001/A002`; it appears when it was absent.
    pub fn replace_file(&self, path: &str, content: &[u8]) {
        self.show(path, Some(content.to_vec()));
    }

    /// Makes a file absent.
    pub fn hide_file(&self, path: &str) {
        self.show(path, None);
    }

    /// EF.SN.ICC names another issuer than the health agency.
    pub fn wrong_issuer(&self) {
        self.replace_file(
            "3F00/D003",
            &[0x5A, 0x0A, 0x80, 0x25, 0x00, 0x00, 0x02, 0x99, 0x00, 0x00, 0x11, 0x0F],
        );
    }

    /// EF.SN.ICC has 11 bytes.
    pub fn short_serial(&self) {
        self.replace_file("3F00/D003", &[0x5A, 0x09, 0x80, 0x25, 0x00, 0x00, 0x01, 0x99, 0x00, 0x00, 0x11]);
    }

    /// Ends every fault; what the card lost already stays lost.
    pub fn clear(&self) {
        let mut plan = locked(&self.0);
        *plan = Plan { received: plan.received, ..Plan::default() };
    }

    fn show(&self, path: &str, content: Option<Vec<u8>>) {
        if let Some(path) = parse_path(path) {
            locked(&self.0).files.insert(path, content);
        }
    }

    fn schedule(&self, n: u64, event: Event) {
        let mut plan = locked(&self.0);
        let at = plan.received.saturating_add(n);
        plan.events.entry(at).or_default().push(event);
    }

    /// Counts a command in, and says how long to wait and what happens to it.
    pub(super) fn next(&self) -> (Duration, Vec<Event>) {
        let mut plan = locked(&self.0);
        plan.received += 1;
        let at = plan.received;
        (plan.delay, plan.events.remove(&at).unwrap_or_default())
    }

    pub(super) fn take_forget_pin(&self) -> bool {
        std::mem::take(&mut locked(&self.0).forget_pin)
    }

    pub(super) fn wrong_length(&self) -> bool {
        locked(&self.0).wrong_length
    }

    pub(super) fn closed_channel(&self) -> bool {
        locked(&self.0).closed_channel
    }

    pub(super) fn other_atr(&self) -> Option<Vec<u8>> {
        locked(&self.0).atr.clone()
    }

    /// `Some(None)` hides a file, `Some(Some(bytes))` replaces it.
    pub(super) fn replacement(&self, path: &[u16]) -> Option<Option<Vec<u8>>> {
        locked(&self.0).files.get(path).cloned()
    }
}
