//! e-CPS tokens: opening the files at the start, and making new ones.

use super::{prompts::Asking, shared::Shared, words::pem};
use crate::host::prompt_text::Deed;
use cps_agent_api::words::{TokenAnswer, TokenRequest};
use cps_agent_core::{
    audit,
    failure::{self, Failure, Language},
};
use cps_card::{
    Error, Pin,
    holder::PersonId,
    soft::{self, Person},
};
use ring::rand::SystemRandom;
use std::{io, sync::Arc};

/// Longest name of a token file.
const NAME: usize = 64;

impl Shared {
    /// Opens every stored token.
    pub(super) fn open_tokens(&self) {
        match self.store.tokens() {
            Ok(tokens) => {
                for (name, content) in tokens {
                    self.cards.open_soft(&name, &content, self.store.keeper(&name));
                }
            }
            Err(error) => tracing::error!(%error, "the token files cannot be read"),
        }
    }

    /// Makes a token; the person chooses its passphrase.
    ///
    /// # Errors
    /// Malformed requests, a name that is taken, the person's no.
    pub(super) async fn make_token(
        self: &Arc<Self>,
        by: &audit::Application,
        language: Language,
        application: String,
        request: TokenRequest,
    ) -> Result<TokenAnswer, Failure> {
        let asking = Asking { application, deed: Deed::ChangePin, screen: request.screen.clone(), language };
        let made = self.new_token(&asking, request).await;
        let event = match &made {
            Ok(_) => audit::Event::done(audit::What::TokenMade),
            Err(failure) => audit::Event::refused(audit::What::TokenMade, failure.code),
        };
        self.record([event], by);
        made
    }

    async fn new_token(
        self: &Arc<Self>,
        asking: &Asking,
        request: TokenRequest,
    ) -> Result<TokenAnswer, Failure> {
        let person = person(&request)?;
        let name = request.name.clone();
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if name.is_empty() || name.len() > NAME || !plain {
            return Err(malformed("name"));
        }
        let test = match request.authority.as_str() {
            "test" => true,
            "csr" => false,
            _ => return Err(malformed("authority")),
        };
        let passphrase = self.ask_new_passphrase(&name, asking).await?;
        let now = self.clock.now().0;
        // Encrypting under a passphrase is slow on purpose.
        let made = tokio::task::spawn_blocking(move || {
            if test { certified(passphrase, &person, now) } else { requested(passphrase, &person) }
        });
        let made = made.await.map_err(|_| failure::INTERNAL)?.map_err(|error| failure::of_card(&error))?;
        let file = self.store.add_token(&name, &made.file).map_err(|error| unwritable(&error))?;
        let authority = match &made.authority {
            Some(authority) => {
                Some(self.store.add_authority(&name, authority).map_err(|error| unwritable(&error))?)
            }
            None => None,
        };
        if made.csr.is_none() {
            self.cards.open_soft(&name, made.file.as_bytes(), self.store.keeper(&name));
        }
        Ok(TokenAnswer { serial: made.serial, file, authority, csr: made.csr })
    }
}

/// A token that was made, in texts.
struct Made {
    file: String,
    serial: Option<String>,
    authority: Option<String>,
    csr: Option<String>,
}

fn certified(passphrase: Pin, person: &Person, now: i64) -> Result<Made, Error> {
    let token = soft::create_test(&SystemRandom::new(), passphrase, person, now)?;
    Ok(Made {
        file: token.file,
        serial: Some(token.certificate.serial_hex().to_owned()),
        authority: Some(pem("CERTIFICATE", token.authority.der())),
        csr: None,
    })
}

fn requested(passphrase: Pin, person: &Person) -> Result<Made, Error> {
    let token = soft::request(&SystemRandom::new(), passphrase, person)?;
    Ok(Made { file: token.file, serial: None, authority: None, csr: Some(token.request) })
}

fn person(request: &TokenRequest) -> Result<Person, Failure> {
    Ok(Person {
        national_id: PersonId::new(&request.id).ok_or_else(|| malformed("id"))?,
        family_name: request.family_name.clone().ok_or_else(|| malformed("family_name"))?,
        given_name: request.given_name.clone().ok_or_else(|| malformed("given_name"))?,
        title: String::new(),
        profession: request.profession,
        specialities: Vec::new(),
    })
}

fn malformed(reason: &str) -> Failure {
    Failure::new(failure::TOKEN_MALFORMED).with("reason", reason)
}

fn unwritable(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::AlreadyExists {
        return failure::TOKEN_EXISTS.into();
    }
    tracing::error!(%error, "a token file cannot be written");
    failure::STATE_UNWRITABLE.into()
}
