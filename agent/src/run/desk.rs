//! The desk behind both doors: what callers ask, put to those who know.

use super::{
    logins::Wish,
    pins,
    prompts::Asking,
    shared::{Quiet, Shared},
    words as put,
};
use crate::{
    config,
    serve::{
        desk::{Caller, Choice, Desk, Door, GatewayCall, LoginPage, Said, Stream},
        problem::Fault,
    },
};
use cps_agent_api::{
    pkcs11,
    words::{self, PROTOCOL, Screen},
};
use cps_agent_core::{
    audit,
    failure::{self, Code, Failure},
    identity::{SessionId, UnixTime, Way},
    oidc::{authorize::AuthorizationError, token::BearerError},
    session::{step::Demand, table::Happening},
};
use hyper::Response;
use std::{path::Path, sync::Arc};
use tokio::sync::broadcast;

/// The loop as the doors see it.
#[derive(Debug, Clone)]
pub(super) struct FrontDesk(pub(super) Arc<Shared>);

impl FrontDesk {
    /// The application of a caller for the audit trail.
    pub(super) fn by(caller: &Caller) -> audit::Application {
        audit::Application { client: caller.client.clone(), pid: caller.pid, program: caller.program.clone() }
    }

    fn name(&self, caller: &Caller) -> String {
        self.0.application_name(caller)
    }

    fn asking(&self, caller: &Caller, request: words::PinRequest) -> Asking {
        pins::asking(self.name(caller), request, caller.language)
    }

    fn current(quiet: &Quiet) -> Option<words::Session> {
        quiet.sessions.current().map(|session| {
            let clients = quiet.provider.clients_of(&session.sid);
            put::session(&session, clients)
        })
    }
}

impl Shared {
    /// The application of a caller as people know it: its registered name, else its program.
    pub(super) fn application_name(&self, caller: &Caller) -> String {
        let registered = caller.client.as_deref().and_then(|id| {
            self.look(|quiet, _| quiet.provider.client(id).map(|client| client.name().to_owned()))
        });
        let program = || {
            let program = Path::new(caller.program.as_deref()?);
            // The icon on the panel: a person knows it by its title. Anybody may call a program so elsewhere.
            let icon = self.fixed.icon.as_deref() == Some(program);
            Some(if icon { "CPS" } else { program.file_name()?.to_str()? }.to_owned())
        };
        registered.or_else(program).unwrap_or_else(|| "?".to_owned())
    }
}

impl Desk for FrontDesk {
    fn bearer(&self, bearer: &str, scope: &str) -> Result<String, BearerError> {
        let speaker = self.0.look(|quiet, now| quiet.provider.bearer(&quiet.sessions, bearer, scope, now));
        speaker.map(|speaker| speaker.client.to_string())
    }

    fn login_page(&self, caller: &Caller, transaction: &str) -> LoginPage {
        self.0.decide(|quiet, now| self.0.page(quiet, transaction, caller.language, true, now))
    }

    fn login_state(&self, caller: &Caller, transaction: &str) -> LoginPage {
        self.0.decide(|quiet, now| self.0.page(quiet, transaction, caller.language, false, now))
    }

    fn approve(&self, caller: &Caller, transaction: &str, said: Said) {
        self.0.approve(&Self::by(caller), transaction, &said);
    }

    fn start_login(&self, caller: &Caller, transaction: &str, choice: Choice) -> Result<(), Failure> {
        let waiting = self.0.look(|quiet, now| quiet.provider.waiting(transaction, now));
        let waiting = waiting.ok_or(failure::LOGIN_GONE)?;
        if let Some(typed) = &choice.identifier {
            self.0.decide(|quiet, _| quiet.pages.types(transaction, typed));
        }
        let client = &waiting.client;
        let wish = Wish {
            application: client.name().to_owned(),
            by: audit::Application { client: Some(client.id().to_owned()), ..Self::by(caller) },
            way: choice.way,
            serial: choice.card,
            identifier: choice.identifier,
            demand: Demand { login: waiting.fresh, max_age: waiting.max_age },
            ask: None,
            screen: Screen::default(),
            language: caller.language,
            patient: true,
        };
        let attach = |running: &mut super::pages::Running| {
            if !running.transactions.iter().any(|t| t == transaction) {
                running.transactions.push(transaction.to_owned());
            }
        };
        let started = self.0.join_login(wish, client.ways(), attach).map(drop);
        if let Err(refusal) = &started {
            // The page says why for as long as it stands, however often it is looked at.
            self.0.decide(|quiet, _| quiet.pages.failed(transaction, refusal.clone()));
        }
        started
    }

    fn abandon_login(&self, caller: &Caller, transaction: &str) {
        let event =
            audit::Event::protocol(audit::What::Authorization, AuthorizationError::ACCESS_DENIED.error);
        let given_up = self.0.decide(|quiet, now| {
            quiet.pages.page_leaves(transaction);
            let client =
                quiet.provider.waiting(transaction, now).map(|waiting| waiting.client.id().to_owned());
            let failed = quiet.provider.fail(transaction, AuthorizationError::ACCESS_DENIED, now);
            if let cps_agent_core::oidc::authorize::Completion::Redirect { location, .. } = failed {
                quiet.pages.leave(transaction, location, now);
            }
            client
        });
        if given_up.is_some() {
            self.0.announce("page", "answered", None);
            self.0.record([event], &audit::Application { client: given_up, ..Self::by(caller) });
        }
    }

    fn now(&self) -> UnixTime {
        self.0.clock.now()
    }

    fn status(&self, caller: &Caller) -> words::Status {
        let fixed = &self.0.fixed;
        let (session, issuer, ways) = self.0.look(|quiet, _| {
            let ways = fixed.policy.ways(&[], quiet.upstream_down);
            (Self::current(quiet), quiet.provider.issuer().to_owned(), ways)
        });
        let bridge_problem = self.0.bridge.problem(self.0.clock.now());
        let problems: Vec<Failure> = bridge_problem.iter().cloned().chain(self.0.cards.problems()).collect();
        let profile = fixed.config.upstream.as_ref().map_or("none", |upstream| upstream.profile.name());
        words::Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: PROTOCOL,
            issuer: bridge_problem.is_none().then_some(issuer),
            bridge_problem: bridge_problem.map(|problem| problem.code.word().to_owned()),
            environment: config::environment_name(fixed.config.trust.environment).to_owned(),
            profile: profile.to_owned(),
            card_service: self.0.cards.service_answers(),
            readers: self.readers(),
            cards: self.cards(caller),
            session,
            ways: ways.into_iter().map(|way| way.word().to_owned()).collect(),
            prompt: self.0.prompts.on_screen.now(),
            problems: problems.iter().map(|problem| words::Problem::of(problem, caller.language)).collect(),
        }
    }

    async fn diagnosis(&self, caller: &Caller) -> words::Diagnosis {
        // The upstream is asked: by one at a time.
        let _turn = self.0.portal.diagnosing.lock().await;
        self.0.diagnosis(caller.language).await
    }

    fn waiting(&self) -> Vec<words::Waiting> {
        self.0.asking_pages()
    }

    fn services(&self, caller: &Caller) -> Vec<words::Service> {
        self.0.fixed.catalogue.services().map(|service| put::service(service, caller.language)).collect()
    }

    fn readers(&self) -> Vec<words::Reader> {
        self.0.cards.readers().iter().map(put::reader).collect()
    }

    fn cards(&self, caller: &Caller) -> Vec<words::Card> {
        let now = self.0.clock.now();
        self.0.cards.present().iter().map(|present| put::card(present, caller.language, now)).collect()
    }

    async fn certificates(&self, serial: &str) -> Result<Vec<words::CardCertificate>, Failure> {
        let present = self.0.named(serial)?;
        let keys = present.description.keys.iter();
        Ok(keys.filter_map(|key| Some(put::certificate(key, key.certificate.as_deref()?))).collect())
    }

    async fn pin_state(&self, serial: &str) -> Result<words::PinState, Failure> {
        let present = self.0.named(serial)?;
        self.0.pin_status(&present).await.map(|status| pins::state(&status))
    }

    async fn change_pin(
        &self,
        caller: &Caller,
        serial: &str,
        request: words::PinRequest,
    ) -> Result<(), Failure> {
        let asking = self.asking(caller, request);
        self.0.change_pin(serial, &Self::by(caller), asking).await
    }

    async fn unblock_pin(
        &self,
        caller: &Caller,
        serial: &str,
        request: words::PinRequest,
    ) -> Result<(), Failure> {
        let asking = self.asking(caller, request);
        self.0.unblock_pin(serial, &Self::by(caller), asking).await
    }

    async fn challenge(
        &self,
        caller: &Caller,
        request: words::ChallengeRequest,
    ) -> Result<words::ChallengeAnswer, Failure> {
        let application = self.name(caller);
        self.0.sign_challenge(application, &Self::by(caller), caller.language, request).await
    }

    fn session(&self, _caller: &Caller) -> Option<words::Session> {
        self.0.look(|quiet, _| Self::current(quiet))
    }

    async fn end_session(&self, caller: &Caller) -> bool {
        self.0.decide(|quiet, now| {
            let live = quiet.sessions.current().is_some() || quiet.sessions.keeps_for_programs();
            let effects = quiet.sessions.on(Happening::Logout, now);
            self.0.carry_out(quiet, effects, Some(&Self::by(caller)));
            live
        })
    }

    async fn login(&self, caller: &Caller, request: words::LoginRequest) -> Result<words::Session, Failure> {
        let way = match request.way.as_deref() {
            Some(word) => Way::named(word).ok_or(failure::NO_WAY)?,
            None => *self.0.fixed.policy.ways.first().ok_or(failure::NO_WAY)?,
        };
        let wish = Wish {
            application: self.name(caller),
            by: Self::by(caller),
            way,
            serial: request.card,
            identifier: request.identifier,
            demand: Demand::default(),
            ask: None,
            screen: request.screen,
            language: caller.language,
            patient: false,
        };
        let mut joined = self.0.join_login(wish, &[], |running| running.commands += 1)?;
        // A command that goes away gives its login up, unless somebody else waits for it.
        let _waits = Waits { shared: &self.0, number: joined.number };
        let ended = joined.ended.wait_for(Option::is_some).await.map(|ended| ended.clone());
        let ended: Result<SessionId, Failure> =
            ended.ok().flatten().unwrap_or(Err(failure::SHUTTING_DOWN.into()));
        ended?;
        self.session(caller).ok_or_else(|| failure::CARD_REMOVED.into())
    }

    fn login_progress(&self) -> Option<words::LoginProgress> {
        self.0.look(|quiet, _| {
            let running = quiet.pages.running.as_ref()?;
            Some(put::progress(running.way, &running.hint))
        })
    }

    fn events(&self) -> broadcast::Receiver<words::Event> {
        self.0.events.subscribe()
    }

    fn clients(&self) -> Vec<words::Client> {
        self.0
            .look(|quiet, _| quiet.provider.registry().clients().map(|client| put::client(client)).collect())
    }

    fn add_client(&self, caller: &Caller, client: words::Client) -> Result<words::ClientRegistered, Failure> {
        self.0.register(&Self::by(caller), client)
    }

    fn remove_client(&self, caller: &Caller, id: &str) -> Result<(), Failure> {
        self.0.unregister(&Self::by(caller), id)
    }

    async fn check_audit(&self) -> Result<words::AuditCheck, Failure> {
        self.0.check_trail().await
    }

    fn tokens(&self) -> Vec<words::Card> {
        let usable = self.0.cards.present();
        let usable = usable.iter().filter(|present| present.description.kind == cps_card::token::Kind::Soft);
        let mut tokens: Vec<_> =
            usable.map(|present| put::card(present, failure::Language::French, self.0.clock.now())).collect();
        tokens.extend(self.0.cards.soft().iter().filter_map(put::useless_token));
        tokens
    }

    async fn add_token(
        &self,
        caller: &Caller,
        request: words::TokenRequest,
    ) -> Result<words::TokenAnswer, Failure> {
        let application = self.name(caller);
        self.0.make_token(&Self::by(caller), caller.language, application, request).await
    }

    fn module_tokens(&self) -> pkcs11::Tokens {
        self.0.module_tokens()
    }

    async fn module_signs(
        &self,
        caller: &Caller,
        request: pkcs11::SignRequest,
    ) -> Result<pkcs11::SignAnswer, Failure> {
        let signature = self.0.program_signs(&Self::by(caller), caller.language, request).await?;
        Ok(pkcs11::SignAnswer { signature: signature.into() })
    }

    async fn module_deciphers(
        &self,
        caller: &Caller,
        request: pkcs11::DecryptRequest,
    ) -> Result<pkcs11::DecryptAnswer, Failure> {
        let plaintext = self.0.program_deciphers(&Self::by(caller), caller.language, request).await?;
        Ok(pkcs11::DecryptAnswer { plaintext: plaintext.into() })
    }

    fn authority(&self) -> Option<words::Authority> {
        self.0.authority()
    }

    fn make_authority(
        &self,
        caller: &Caller,
        request: words::TrustRequest,
    ) -> Result<words::Authority, Failure> {
        self.0.make_authority(&Self::by(caller), request.renew)
    }

    fn remove_authority(&self, caller: &Caller) -> Result<(), Failure> {
        self.0.remove_authority(&Self::by(caller))
    }

    async fn carry(&self, caller: &Caller, call: GatewayCall) -> Result<Response<Stream>, Fault> {
        self.0.carry(caller, call).await
    }

    fn origin_allowed(&self, origin: &str) -> bool {
        self.0.look(|quiet, _| quiet.provider.registry().allows_origin(origin))
    }

    fn refused_at_door(&self, door: Door, failure: Code, program: Option<&str>) {
        let door = match door {
            Door::Bridge => "bridge",
            Door::Control => "control",
        };
        let by = audit::Application { program: program.map(str::to_owned), ..audit::Application::default() };
        self.0.record([audit::Event::refused(audit::What::DoorRefused(door), failure)], &by);
    }
}

/// A command, or a request without a browser, that waits for a login.
pub(super) struct Waits<'a> {
    pub(super) shared: &'a Shared,
    pub(super) number: u64,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.shared.decide(|quiet, _| quiet.pages.command_leaves(self.number));
    }
}
