//! What a signature inside a TLS handshake may use of the person's answer.
//!
//! The handshake runs on a thread of its own, and may come to its signature after the login was given up: then it gets
//! nothing, and the token is not asked at all.

use super::{present::Present, prompts::fault};
use cps_agent_core::session::step::{PinFault, TokenFault};
use cps_card::token::{Authorization, Hold, KeyRole, Payload, Scheme};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A grant, shared by the login and its handshake.
#[derive(Clone, Default)]
pub(super) struct Grant(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    authorization: Option<Authorization>,
    over: bool,
}

impl Grant {
    /// Lets the next signature use what the person typed.
    pub(super) fn give(&self, authorization: Option<Authorization>) {
        self.state().authorization = authorization;
    }

    /// The same until what it returns is dropped, which takes back what no signature used: the caller may be given up at
    /// any moment.
    pub(super) fn lend(&self, authorization: Option<Authorization>) -> Lent<'_> {
        self.give(authorization);
        Lent(self)
    }

    /// Whether the next signature has something to use.
    pub(super) fn has(&self) -> bool {
        self.state().authorization.is_some()
    }

    /// Takes back what no signature used.
    pub(super) fn take_back(&self) -> Option<Authorization> {
        self.state().authorization.take()
    }

    /// Ends it: no signature gets anything any more.
    pub(super) fn withdraw(&self) {
        *self.state() = State { authorization: None, over: true };
    }

    /// Has the token sign with what was given, and else with its verified state. Blocks.
    ///
    /// # Errors
    /// [`PinFault::Cancelled`] after the withdrawal, or the token's.
    pub(super) fn sign(
        &self,
        present: &Present,
        scheme: Scheme,
        message: &[u8],
        hold: Hold,
    ) -> Result<Vec<u8>, TokenFault> {
        let message = message.to_vec();
        // The job is queued under the lock: a login that ends now either forbids it, or resets the card after it.
        let signature = {
            let mut state = self.state();
            if state.over {
                return Err(TokenFault::Pin(PinFault::Cancelled));
            }
            let typed = state.authorization.take().unwrap_or(Authorization::Held);
            present.queue(move |token| {
                token.sign(KeyRole::Authentication, scheme, Payload::Message(&message), typed, hold)
            })
        };
        signature.wait().map_err(|error| fault(&error))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was lent to the next signature.
pub(super) struct Lent<'a>(&'a Grant);

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        drop(self.0.take_back());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cps_card::{
        Error, Pin, PinStatus, Puk, Token,
        holder::Activity,
        token::{Description, Kind},
    };
    use tokio::sync::watch;

    /// A token that notes how it was asked to sign, and does nothing else.
    #[derive(Default)]
    struct Noting(Vec<&'static str>);

    impl Token for Noting {
        fn describe(&mut self) -> Result<Arc<Description>, Error> {
            Err(Error::Unsupported("this"))
        }
        fn pin_status(&mut self) -> Result<Option<PinStatus>, Error> {
            Err(Error::Unsupported("this"))
        }
        fn sign(
            &mut self,
            _: KeyRole,
            _: Scheme,
            _: Payload<'_>,
            authorization: Authorization,
            _: Hold,
        ) -> Result<Vec<u8>, Error> {
            self.0.push(if matches!(authorization, Authorization::Held) { "held" } else { "typed" });
            Ok(vec![1])
        }
        fn decipher(&mut self, _: &[u8], _: Authorization, _: Hold) -> Result<Vec<u8>, Error> {
            Err(Error::Unsupported("this"))
        }
        fn activities(&mut self, _: Authorization, _: Hold) -> Result<Vec<Activity>, Error> {
            Err(Error::Unsupported("this"))
        }
        fn change_pin(&mut self, _: Authorization, _: Pin) -> Result<(), Error> {
            Err(Error::Unsupported("this"))
        }
        fn unblock_pin(&mut self, _: Puk, _: Pin) -> Result<(), Error> {
            Err(Error::Unsupported("this"))
        }
        fn release(&mut self) -> Result<(), Error> {
            Ok(())
        }
        fn present(&mut self) -> Result<(), Error> {
            Ok(())
        }
    }

    /// Lets handshakes sign, and says what the token was asked and what they got.
    fn handshakes(act: impl FnOnce(&dyn Fn() -> Result<Vec<u8>, TokenFault>, &Grant)) -> Vec<&'static str> {
        let description = Description {
            kind: Kind::Soft,
            serial: "1".to_owned(),
            label: String::new(),
            manufacturer: String::new(),
            pin_lengths: None,
            place: String::new(),
            keys: Vec::new(),
        };
        let gone = watch::Sender::new(false);
        let (present, work) = Present::new(Arc::new(description), gone.subscribe());
        let token = std::thread::spawn(move || {
            let mut token = Noting::default();
            work.serve(&mut token);
            token.0
        });
        let grant = Grant::default();
        act(&|| grant.sign(&present, Scheme::EcdsaP256Sha256, b"handshake", Hold::Operation), &grant);
        drop(present);
        token.join().expect("no panic")
    }

    fn typed() -> Option<Authorization> {
        let pin = Pin::new(zeroize::Zeroizing::new(b"1234".to_vec()));
        Some(Authorization::Pin { pin, last_try_accepted: false })
    }

    #[test]
    fn a_grant_withdrawn_between_prompt_and_handshake_reaches_no_token() {
        let asked = handshakes(|sign, grant| {
            grant.give(typed());
            grant.withdraw();
            assert_eq!(sign(), Err(TokenFault::Pin(PinFault::Cancelled)));
            // Nor does one that is given afterwards.
            grant.give(typed());
            assert_eq!(sign(), Err(TokenFault::Pin(PinFault::Cancelled)));
        });
        assert_eq!(asked, [""; 0]);
    }

    #[test]
    fn what_was_lent_is_gone_with_the_call_that_was_given_up() {
        let asked = handshakes(|sign, grant| {
            drop(grant.lend(typed()));
            assert!(!grant.has());
            assert_eq!(sign(), Ok(vec![1]));
        });
        assert_eq!(asked, ["held"]);
    }

    #[test]
    fn what_was_typed_serves_one_signature() {
        let asked = handshakes(|sign, grant| {
            grant.give(typed());
            assert_eq!(sign(), Ok(vec![1]));
            assert_eq!(sign(), Ok(vec![1]));
            assert!(grant.take_back().is_none());
        });
        assert_eq!(asked, ["typed", "held"]);
    }

    #[test]
    fn what_no_signature_used_is_taken_back() {
        let asked = handshakes(|sign, grant| {
            grant.give(typed());
            assert!(grant.take_back().is_some());
            assert_eq!(sign(), Ok(vec![1]));
        });
        assert_eq!(asked, ["held"]);
    }
}
