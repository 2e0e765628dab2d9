//! Programs at the PKCS#11 module: their signatures and decipherments, by the policy's rule for each program.
//!
//! What they sign has no structure that names a purpose, the one exception to the rule that applications choose no bytes:
//! so the person is asked for the program, and every use is written down.

mod tokens;

pub(super) use tokens::Shown;

use super::{
    key_use::{Program, Task, Use, Work},
    present::Present,
    prompts::Asking,
    shared::Shared,
    words,
};
use crate::host::{
    prompt_text::{self, Deed},
    screen,
};
use cps_agent_api::{
    pkcs11::{DecryptRequest, Input, Scheme as Word, SignRequest},
    words::Screen,
};
use cps_agent_core::{
    audit,
    failure::{self, Failure, Language},
    policy::program::Wish,
};
use cps_card::token::{KeyInfo, KeyRole, Kind, Scheme};
use std::sync::{Arc, OnceLock};

/// Longest message. Longer ones come as their digest.
const LONGEST_MESSAGE: usize = 32 * 1024;

/// Who asks, and how the person is reached.
pub(super) struct Request<'a> {
    /// The program; its path is the one that its process shows now.
    pub(super) by: &'a audit::Application,
    /// The program's own screen.
    pub(super) screen: Screen,
    /// In which language.
    pub(super) language: Language,
}

impl Shared {
    /// Signs for a program.
    ///
    /// # Errors
    /// What the policy or a session forbids, malformed requests, the person's no, and whatever the token says.
    pub(super) async fn program_signs(
        &self,
        by: &audit::Application,
        language: Language,
        request: SignRequest,
    ) -> Result<Vec<u8>, Failure> {
        let SignRequest { serial, key, scheme, input, data, screen } = request;
        let task = |key: &KeyInfo| task(key, scheme, input, data.0);
        self.program_uses(&serial, &key.0, Request { by, screen, language }, task).await
    }

    /// Deciphers for a program.
    ///
    /// # Errors
    /// As [`Shared::program_signs`].
    pub(super) async fn program_deciphers(
        &self,
        by: &audit::Application,
        language: Language,
        request: DecryptRequest,
    ) -> Result<Vec<u8>, Failure> {
        let DecryptRequest { serial, key, data, screen } = request;
        let task = |key: &KeyInfo| match key.deciphers {
            true => Ok(Task::Cryptogram(data.0)),
            false => Err(failure::KEY_NOT_OFFERED.into()),
        };
        self.program_uses(&serial, &key.0, Request { by, screen, language }, task).await
    }

    /// Has a key used, and writes down how that ended.
    async fn program_uses(
        &self,
        serial: &str,
        id: &[u8],
        request: Request<'_>,
        task: impl FnOnce(&KeyInfo) -> Result<Task, Failure>,
    ) -> Result<Vec<u8>, Failure> {
        let by = request.by;
        let present = self.cards.find(serial);
        let wish = OnceLock::new();
        let under_way = self.under_way(by, |how| {
            let wish = wish.get().copied().unwrap_or(Wish::Authentication);
            let event = audit::Event::ended(audit::What::Pkcs11(wish.name()), how);
            let session = self.look(|quiet, _| quiet.sessions.current()).map(|session| session.sid);
            let event = event.with(present.as_deref().and_then(words::credential));
            session.into_iter().fold(event, audit::Event::within)
        });
        let used = match &present {
            Some(present) => self.used(present, id, request, task, &wish).await,
            None => Err(failure::CARD_UNKNOWN.into()),
        };
        if let (Ok(_), Some(present), Some(Wish::Authentication)) = (&used, &present, wish.get()) {
            self.signed_meanwhile(present);
        }
        if let (Ok(_), Some(program)) = (&used, &by.program) {
            self.portal.served(program, serial, self.clock.now());
        }
        if under_way.ended(&used) {
            self.announce("program", if used.is_ok() { "served" } else { "refused" }, by.program.as_deref());
        }
        used
    }

    /// A browser that is at the upstream's page for a login may have shown it this card.
    fn signed_meanwhile(&self, present: &Arc<Present>) {
        self.decide(|quiet, _| {
            if let Some(running) = quiet.pages.running.as_mut().filter(|running| running.is_browsing()) {
                running.signed_by(present);
            }
        });
    }

    async fn used(
        &self,
        present: &Present,
        id: &[u8],
        request: Request<'_>,
        task: impl FnOnce(&KeyInfo) -> Result<Task, Failure>,
        wish: &OnceLock<Wish>,
    ) -> Result<Vec<u8>, Failure> {
        let key = present.description.keys.iter().find(|key| offered(key) && key.id == id);
        let key = key.ok_or(failure::KEY_NOT_OFFERED)?;
        let task = task(key)?;
        let wish = *wish.get_or_init(|| match (key.role, &task) {
            (_, Task::Block(_) | Task::Cryptogram(_)) => Wish::Decipherment,
            (KeyRole::Signature, _) => Wish::Signature,
            (KeyRole::Authentication | KeyRole::Technical, _) => Wish::Authentication,
        });
        let path = request.by.program.as_deref();
        self.fixed.programs.may(path, wish, None).map_err(|reason| Failure::from(reason.code()))?;
        let asking = Asking {
            application: prompt_text::program_name(request.language, path),
            deed: Deed::Program(wish),
            screen: screen::beside(request.screen),
            language: request.language,
        };
        self.use_key(&Use {
            present,
            work: Arc::new(Work { role: key.role, task }),
            needs_pin: key.needs_pin,
            asking: &asking,
            program: Some(Program { path, wish }),
        })
        .await
    }
}

/// The technical key of the antenna proves presence to us, and is nothing for programs.
fn offered(key: &KeyInfo) -> bool {
    key.role != KeyRole::Technical
}

/// What is asked of a key, checked as far as that is possible without the card: nobody types a PIN for nothing.
fn task(key: &KeyInfo, scheme: Word, input: Input, data: Vec<u8>) -> Result<Task, Failure> {
    let hashed = |scheme: Scheme, digest: usize| match input {
        _ if !key.schemes.contains(&scheme) => Err(failure::CARD_UNSUPPORTED.into()),
        Input::Message if data.len() <= LONGEST_MESSAGE => Ok(Task::Message(scheme, data.clone())),
        Input::Digest if data.len() == digest => Ok(Task::Digest(scheme, data.clone())),
        _ => Err(malformed("data")),
    };
    match (scheme, input) {
        (Word::RsaPkcs1Sha256, _) => hashed(Scheme::RsaPkcs1Sha256, 32),
        (Word::RsaPkcs1Sha384, _) => hashed(Scheme::RsaPkcs1Sha384, 48),
        (Word::RsaPkcs1Sha512, _) => hashed(Scheme::RsaPkcs1Sha512, 64),
        (Word::RsaPssSha256, _) => hashed(Scheme::RsaPssSha256, 32),
        (Word::EcdsaP256Sha256, _) => hashed(Scheme::EcdsaP256Sha256, 32),
        (Word::RsaPkcs1, Input::DigestInfo | Input::Raw) if key.longest_encoded == 0 => {
            Err(failure::CARD_UNSUPPORTED.into())
        }
        (Word::RsaPkcs1, Input::DigestInfo | Input::Raw) => {
            if key.signs_encoded(&data) {
                Ok(Task::Pkcs1(data))
            } else {
                Err(malformed("data"))
            }
        }
        (Word::RsaRaw, Input::Raw) if key.block == 0 => Err(failure::CARD_UNSUPPORTED.into()),
        (Word::RsaRaw, Input::Raw) if data.len() == key.block => Ok(Task::Block(data)),
        _ => Err(malformed("scheme")),
    }
}

/// What Cryptoki calls the model of a token.
fn model(kind: Kind) -> &'static str {
    match kind {
        Kind::Cps3 | Kind::Cps3Contactless => "IAS ECC",
        Kind::Cps4 => "ChipDoc",
        Kind::Soft => "e-CPS",
    }
}

fn malformed(reason: &str) -> Failure {
    Failure::new(failure::REQUEST_MALFORMED).with("reason", reason)
}

#[cfg(test)]
mod tests;
