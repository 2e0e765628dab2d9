//! Random numbers from the operating system.

use cps_agent_core::secret::Entropy;
use ring::rand::{SecureRandom as _, SystemRandom};

/// The system's random numbers as the quiet half's [`Entropy`].
#[derive(Debug, Clone)]
pub struct SystemEntropy(SystemRandom);

impl SystemEntropy {
    /// Opens the system's source.
    #[must_use]
    pub fn new() -> Self {
        Self(SystemRandom::new())
    }
}

impl Default for SystemEntropy {
    fn default() -> Self {
        Self::new()
    }
}

impl Entropy for SystemEntropy {
    /// Ends the process when the system has no random numbers: every token and code would be guessable, and there is
    /// nothing sensible left to do.
    fn fill(&mut self, bytes: &mut [u8]) {
        if self.0.fill(bytes).is_err() {
            tracing::error!("the system gives no random numbers; stopping");
            std::process::abort();
        }
    }
}
