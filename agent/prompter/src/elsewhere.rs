//! Systems without a window of ours: there the agent is set to a pinentry.

use crate::{Asker, NoAnswer, Question, Secret, Window};

/// The window that this system does not have; there is no value of it.
#[derive(Debug)]
pub enum Native {}

impl Native {
    /// The window of this system.
    ///
    /// # Errors
    /// Always: what to do instead.
    pub fn new() -> Result<Self, &'static str> {
        Err("not on this system: set pin.pinentry to a pinentry")
    }
}

impl Window for Native {
    fn secret(&mut self, _: &Question, _: &Asker) -> Result<Secret, NoAnswer> {
        match *self {}
    }

    fn consent(&mut self, _: &Question, _: &Asker) -> Result<(), NoAnswer> {
        match *self {}
    }
}
