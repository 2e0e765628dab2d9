//! One use of a token's key: whose verified state it may rest on, when the person is asked, and who keeps the state
//! afterwards.
//!
//! Challenges and programs at the PKCS#11 module take this one road. A login has its own: there the PIN is its person's act,
//! whatever the card remembers.

use super::{
    pages::Running,
    present::Present,
    prompts::{Asking, failure_of, fault},
    shared::{Quiet, Shared},
    turns::Turn,
    words,
};
use cps_agent_core::{
    declined::Asker,
    failure::{self, Failure},
    identity::{NationalId, SessionId},
    policy::program::{Consent, Wish},
    session::{
        step::{PinFault, TokenFault},
        table::{Happening, Keeper},
    },
};
use cps_card::{
    Error, Token,
    token::{Authorization, Encoded, Hold, KeyRole, Payload, Scheme},
};
use std::sync::Arc;

/// What a key is to do.
#[derive(Debug)]
pub(super) struct Work {
    /// Which key.
    pub(super) role: KeyRole,
    /// With what.
    pub(super) task: Task,
}

/// The same without the key.
#[derive(Debug)]
pub(super) enum Task {
    /// Sign a message.
    Message(Scheme, Vec<u8>),
    /// Sign a digest.
    Digest(Scheme, Vec<u8>),
    /// Sign what goes inside the padding of PKCS#1 v1.5.
    Pkcs1(Vec<u8>),
    /// RSA itself.
    Block(Vec<u8>),
    /// Decipher a cryptogram.
    Cryptogram(Vec<u8>),
}

impl Work {
    fn carry_out(
        &self,
        token: &mut dyn Token,
        authorization: Authorization,
        hold: Hold,
    ) -> Result<Vec<u8>, Error> {
        let role = self.role;
        match &self.task {
            Task::Message(scheme, bytes) => {
                token.sign(role, *scheme, Payload::Message(bytes), authorization, hold)
            }
            Task::Digest(scheme, bytes) => {
                token.sign(role, *scheme, Payload::Digest(bytes), authorization, hold)
            }
            Task::Pkcs1(bytes) => token.sign_encoded(role, Encoded::Pkcs1(bytes), authorization, hold),
            Task::Block(bytes) => token.sign_encoded(role, Encoded::Block(bytes), authorization, hold),
            Task::Cryptogram(bytes) => token.decipher(bytes, authorization, hold),
        }
    }
}

/// A program at the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct Program<'a> {
    /// Path of its executable, where the system tells.
    pub(super) path: Option<&'a str>,
    /// What it wants.
    pub(super) wish: Wish,
}

impl Program<'_> {
    fn asker(&self) -> Asker {
        Asker::Program(self.path.map(str::to_owned))
    }
}

/// One use of a key.
pub(super) struct Use<'a> {
    /// Of this token.
    pub(super) present: &'a Present,
    /// What is to be done.
    pub(super) work: Arc<Work>,
    /// The key wants the PIN.
    pub(super) needs_pin: bool,
    /// How the person is asked.
    pub(super) asking: &'a Asking,
    /// For this program; `None` for a challenge, which only the session's own verified state spares the PIN.
    pub(super) program: Option<Program<'a>>,
}

impl Use<'_> {
    fn serial(&self) -> &str {
        self.present.serial()
    }

    /// The PIN is given for this single use.
    fn each_time(&self) -> bool {
        self.program.is_some_and(|program| program.wish.each_time())
    }

    /// Whether the person is asked again after this fault of an operation that had a PIN. A program cannot ask again
    /// without failing its own caller first: it is done for it here, and by a person each time. A state that was lost in the
    /// very moment is asked for once more.
    fn asks_again(&self, fault: &TokenFault, lost: &mut bool) -> bool {
        let TokenFault::Pin(fault) = fault else { return false };
        self.program.is_some()
            && match fault {
                PinFault::Wrong { left } => *left != Some(0),
                PinFault::Format { .. } => true,
                PinFault::Required => !std::mem::replace(lost, true),
                _ => false,
            }
    }
}

impl Shared {
    /// Has a key used, and asks the person where that takes one.
    ///
    /// # Errors
    /// What a session forbids, the person's no, and whatever the token says.
    pub(super) async fn use_key(&self, of: &Use<'_>) -> Result<Vec<u8>, Failure> {
        let said = |fault: TokenFault| failure_of(&fault);
        if !of.needs_pin {
            self.session_of(of)?;
            return self.operate(of, Authorization::Held, None).await.map_err(said);
        }
        let mut previous = None;
        if let Some(keeper) = self.verified(of)? {
            self.agreed(of, &keeper, None).await?;
            match self.operate(of, Authorization::Held, Some(keeper)).await {
                Err(TokenFault::Pin(PinFault::Required)) => previous = Some(PinFault::Required),
                done => return done.map_err(said),
            }
        }
        let turn = self.turn(of.present, of.asking.deed).await.map_err(said)?;
        let mut lost = false;
        loop {
            // Whoever had the turn before may have given the PIN for this one too.
            let verified = if previous.is_none() { self.verified(of)? } else { None };
            if let Some(keeper) = verified {
                self.agreed(of, &keeper, Some(&turn)).await?;
                match self.operate(of, Authorization::Held, Some(keeper)).await {
                    Err(TokenFault::Pin(PinFault::Required)) => previous = Some(PinFault::Required),
                    done => return done.map_err(said),
                }
            }
            match self.typed(of, &turn, previous.as_ref()).await? {
                Err(TokenFault::Pin(fault)) if of.asks_again(&TokenFault::Pin(fault.clone()), &mut lost) => {
                    previous = Some(fault);
                }
                done => return done.map_err(said),
            }
        }
    }

    /// Asks for the PIN and spends it. The prompt may stay open for minutes: what was allowed before it is judged anew
    /// after it.
    ///
    /// # Errors
    /// Those of the prompt; the operation's own are inside.
    async fn typed(
        &self,
        of: &Use<'_>,
        turn: &Turn<'_>,
        previous: Option<&PinFault>,
    ) -> Result<Result<Vec<u8>, TokenFault>, Failure> {
        self.may_ask(of)?;
        let asked = self.ask_pin_in(turn, of.present, of.asking, previous).await;
        let authorization = asked.map_err(|fault| self.closed(of, fault))?;
        // An answered prompt is a person at work; a signature that needed nobody is not.
        self.decide(|quiet, now| self.happened(quiet, Happening::Activity, now));
        let keeper = self.keeper(of)?;
        let done = self.operate(of, authorization, keeper.clone()).await;
        if let (Ok(_), Some(program)) = (&done, of.program) {
            // The prompt named the program: its PIN was the yes.
            self.decide(|quiet, _| {
                quiet.declined.forget(&program.asker());
                if let (Some(keeper), Some(path)) = (keeper, program.path) {
                    quiet.sessions.say(&keeper, path, true);
                }
            });
        }
        Ok(done.inspect_err(|fault| self.pause_if_closed(of, fault)))
    }

    /// Whether this program may raise a prompt now.
    fn may_ask(&self, of: &Use<'_>) -> Result<(), Failure> {
        let Some(program) = of.program else { return Ok(()) };
        if let Some(keeper) = self.look(|quiet, _| quiet.sessions.keeper(of.serial())) {
            self.consent(program, &keeper)?;
        }
        let paused = self.look(|quiet, now| quiet.declined.pauses(&program.asker(), now));
        if paused { Err(failure::PIN_CANCELLED.into()) } else { Ok(()) }
    }

    /// The failure of a prompt that has no answer.
    fn closed(&self, of: &Use<'_>, fault: TokenFault) -> Failure {
        self.pause_if_closed(of, &fault);
        failure_of(&fault)
    }

    /// A person who closed a prompt is left alone by its program for a while.
    fn pause_if_closed(&self, of: &Use<'_>, fault: &TokenFault) {
        if let (TokenFault::Pin(PinFault::Cancelled), Some(program)) = (fault, of.program) {
            self.decide(|quiet, now| quiet.declined.note(program.asker(), now));
        }
    }

    /// The policy's answer, given what the person said while this keeper keeps the card.
    fn consent(&self, program: Program<'_>, keeper: &Keeper) -> Result<Consent, Failure> {
        let said = program.path.and_then(|path| self.decide(|quiet, _| quiet.sessions.said(keeper, path)));
        let may = self.fixed.programs.may(program.path, program.wish, said);
        may.map_err(|reason| reason.code().into())
    }

    /// Asks the person whether a program may use what is verified already, unless that is known.
    async fn agreed(&self, of: &Use<'_>, keeper: &Keeper, turn: Option<&Turn<'_>>) -> Result<(), Failure> {
        let Some(program) = of.program else { return Ok(()) };
        if self.consent(program, keeper)? == Consent::Given {
            return Ok(());
        }
        let taken;
        let turn = match turn {
            Some(turn) => turn,
            None => {
                taken = self.turn(of.present, of.asking.deed).await.map_err(|fault| failure_of(&fault))?;
                &taken
            }
        };
        // Whoever had the turn before may be the same program.
        if self.consent(program, keeper)? == Consent::Given {
            return Ok(());
        }
        self.may_ask(of)?;
        let asked = self.ask_consent(turn, of.present, of.asking).await;
        let yes = asked.map_err(|fault| self.closed(of, fault))?;
        self.decide(|quiet, now| {
            self.happened(quiet, Happening::Activity, now);
            if yes {
                quiet.declined.forget(&program.asker());
            }
            match program.path {
                Some(path) => quiet.sessions.say(keeper, path, yes),
                None if !yes => quiet.declined.note(program.asker(), now),
                None => {}
            }
        });
        if yes { Ok(()) } else { Err(failure::PROGRAM_REFUSED.into()) }
    }

    /// Who keeps the token verified for this use, if anybody does.
    fn verified(&self, of: &Use<'_>) -> Result<Option<Keeper>, Failure> {
        let session = self.session_of(of)?;
        if self.fixed.config.pin.hold != Hold::Session || of.each_time() || !of.present.unlocked() {
            return Ok(None);
        }
        Ok(match of.program {
            None => session.map(Keeper::Session),
            Some(_) => self.look(|quiet, _| quiet.sessions.keeper(of.serial())),
        })
    }

    /// Who will keep the state that a PIN brings about; nobody where it serves one operation.
    fn keeper(&self, of: &Use<'_>) -> Result<Option<Keeper>, Failure> {
        let session = self.session_of(of)?;
        if self.fixed.config.pin.hold != Hold::Session || of.work.role == KeyRole::Signature {
            return Ok(None);
        }
        if of.program.is_some() && !of.each_time() {
            let holder = holder(of.present);
            return Ok(self.decide(|quiet, now| quiet.sessions.keep(of.serial(), holder, now)));
        }
        // It is given for this once. What others keep verified stays so.
        let kept = || self.look(|quiet, _| quiet.sessions.keeper(of.serial()));
        Ok(match session {
            Some(sid) if !of.each_time() => Some(Keeper::Session(sid)),
            _ => kept().filter(|_| of.present.unlocked()),
        })
    }

    /// The live session, if it was opened with this very token.
    ///
    /// # Errors
    /// When the session is locked, or another person's: nobody's token signs under somebody else's session. A token
    /// that names nobody is the person's only when the session was opened with it.
    fn session_of(&self, of: &Use<'_>) -> Result<Option<SessionId>, Failure> {
        let Some((session, browsing)) =
            self.look(|quiet, _| Some((quiet.sessions.current()?, browsing(quiet))))
        else {
            return Ok(None);
        };
        // The upstream's page that resumes a session may want the card, which only its own person has.
        let resuming = browsing && of.program.is_some_and(|program| program.wish == Wish::Authentication);
        if session.locked && !resuming {
            return Err(failure::SESSION_LOCKED.into());
        }
        let own = session.assurance.credential.is_some_and(|used| used.serial == of.serial());
        let theirs = match holder(of.present) {
            Some(holder) => session.person.has(&holder),
            None => own,
        };
        if !theirs {
            return Err(failure::OTHER_PERSON.into());
        }
        Ok((own && !session.locked).then_some(session.sid))
    }

    async fn operate(
        &self,
        of: &Use<'_>,
        authorization: Authorization,
        keeper: Option<Keeper>,
    ) -> Result<Vec<u8>, TokenFault> {
        let hold = if keeper.is_some() { Hold::Session } else { Hold::Operation };
        let typed = !matches!(authorization, Authorization::Held);
        let _kept = keeper.map(|keeper| Kept::note(self, of.present, keeper));
        let _shown = self.pad_shown(Some(&authorization), &of.asking.application, of.serial());
        let work = Arc::clone(&of.work);
        let done = of.present.run(move |token| work.carry_out(token, authorization, hold)).await;
        // One operation ends with a reset, whoever else kept the card verified.
        if of.needs_pin && hold == Hold::Operation {
            of.present.note_unlocked(false);
        }
        match done {
            Ok(made) => {
                if typed {
                    of.present.note_right_pin();
                }
                Ok(made)
            }
            Err(error) => {
                let fault = fault(&error);
                of.present.note_fault(&fault);
                Err(fault)
            }
        }
    }
}

/// A login is under way, and the person is in the browser for it.
fn browsing(quiet: &Quiet) -> bool {
    quiet.pages.running.as_ref().is_some_and(Running::is_browsing)
}

/// Whom a token names.
fn holder(present: &Present) -> Option<NationalId> {
    words::holder(present).map(|holder| NationalId(holder.national_id.as_str().to_owned()))
}

/// A verified state that an operation may bring about for a keeper. Whether the operation ends or is given up: a keeper
/// that let go meanwhile had the release carried out before the state came about, so it is released again.
pub(super) struct Kept<'a> {
    shared: &'a Shared,
    present: &'a Present,
    keeper: Keeper,
    /// Nothing was verified before.
    fresh: bool,
}

impl<'a> Kept<'a> {
    /// Says so before the operation.
    pub(super) fn note(shared: &'a Shared, present: &'a Present, keeper: Keeper) -> Self {
        let fresh = !present.unlocked();
        present.note_unlocked(true);
        Self { shared, present, keeper, fresh }
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        let keeps = self.shared.decide(|quiet, _| {
            let keeps = quiet.sessions.keeps(&self.keeper, self.present.serial());
            if keeps && self.fresh && !self.present.unlocked() {
                quiet.sessions.keeps_nothing(&self.keeper);
            }
            keeps
        });
        if !keeps {
            self.present.note_unlocked(true);
            self.present.release();
        }
    }
}
