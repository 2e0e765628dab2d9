//! The OpenID Connect endpoints of the doors, put to the provider and written into the audit trail.

use super::{
    desk::FrontDesk,
    shared::{Quiet, Shared},
};
use crate::serve::{
    desk::Caller,
    oidc::desk::{LogoutAnswer, OidcDesk},
};
use cps_agent_core::{
    audit,
    failure::Language,
    identity::{SessionId, UnixTime},
    oidc::{
        authorize::{Authorize, Parameters},
        logout::Logout,
        pushed::Pushed,
        token::{BearerError, GrantType, Refused, TokenRefusal, TokenRequest, TokenResponse},
    },
    secret::Secret,
    session::table::Happening,
};
use serde_json::{Map, Value};
use std::{sync::Arc, time::Duration};

/// How long a token request waits for an RSA key that is being made.
const KEY_WAIT: Duration = Duration::from_secs(30);

impl OidcDesk for FrontDesk {
    fn discovery(&self) -> Arc<str> {
        self.0.look(|quiet, _| quiet.provider.discovery())
    }

    async fn jwks(&self) -> Arc<str> {
        // Without it, clients would keep a set that lacks the key of their first token.
        self.0.rsa_key().await;
        self.0.look(|quiet, _| quiet.provider.jwks())
    }

    fn authorize(&self, caller: &Caller, parameters: Parameters) -> Authorize {
        let authorized = self.0.decide(|quiet, now| {
            let session = self.0.answering(quiet);
            self.0.provide_in(quiet, now, |provider, world, _| {
                provider.authorize(world, &parameters, session.as_ref())
            })
        });
        let event = match (&authorized.answer, authorized.error) {
            // The answer comes later, with the login.
            (Authorize::Login(_), _) => return authorized.answer,
            (Authorize::Refuse(code), _) => audit::Event::refused(audit::What::Authorization, *code),
            (Authorize::Redirect(_), Some(error)) => {
                audit::Event::protocol(audit::What::Authorization, error)
            }
            (Authorize::Redirect(_), None) => audit::Event::done(audit::What::Authorization),
        };
        let event = within(event, authorized.session);
        self.0.record([event], &audit::Application { client: authorized.client, ..Self::by(caller) });
        authorized.answer
    }

    fn push(&self, caller: &Caller, request: TokenRequest) -> Result<Pushed, TokenRefusal> {
        let pushed = self.0.provide(|provider, world, _| provider.push(world, &request));
        pushed.map_err(|refused| self.0.refused(audit::What::Authorization, refused, &Self::by(caller)))
    }

    fn backchannel(&self, caller: &Caller, request: TokenRequest) -> Result<Secret, TokenRefusal> {
        let by = Self::by(caller);
        let taken = self.0.decide(|quiet, now| {
            let session = self.0.answering(quiet);
            self.0.provide_in(quiet, now, |provider, world, _| {
                provider.backchannel(world, &request, session.as_ref())
            })
        });
        let taken = taken.map_err(|refused| self.0.refused(audit::What::Authorization, refused, &by))?;
        let by = audit::Application { client: Some(taken.client.id().to_owned()), ..by };
        match taken.ask {
            Some(ask) => self.0.ask_person(ask, taken.client, by, caller.language),
            None => self.0.record([audit::Event::done(audit::What::Authorization)], &by),
        }
        Ok(taken.answer)
    }

    async fn token(&self, caller: &Caller, request: TokenRequest) -> Result<TokenResponse, TokenRefusal> {
        let grant = request.parameters.0.iter().find(|(name, _)| name == "grant_type");
        let grant = grant.and_then(|(_, value)| GrantType::from_name(value));
        let wanted =
            |quiet: &Quiet, now| quiet.provider.wants_upstream(&quiet.sessions, &request.parameters, now);
        if self.0.look(wanted) {
            self.0.fresh_upstream().await;
        }
        let ask = || self.0.provide(|provider, world, _| provider.token(world, &request));
        let mut answer = ask();
        if matches!(&answer, Err(refused) if refused.refusal == TokenRefusal::KEY_NOT_READY) {
            self.0.rsa_key().await;
            answer = ask();
        }
        let by = Self::by(caller);
        match answer {
            Ok(granted) => {
                let event = audit::Event::done(audit::What::TokenIssued(audited(granted.grant)));
                let by = audit::Application { client: Some(granted.client), ..by };
                self.0.record([event.within(granted.session)], &by);
                Ok(granted.response)
            }
            Err(refused) => {
                let what = match refused.replay {
                    Some(replayed) => audit::What::Replay(audited(replayed)),
                    None => audit::What::TokenIssued(grant.map_or(audit::event::Grant::Code, audited)),
                };
                // A client that polls is no event.
                if matches!(refused.refusal.error, "authorization_pending" | "slow_down") {
                    return Err(refused.refusal);
                }
                Err(self.0.refused(what, refused, &by))
            }
        }
    }

    fn introspect(&self, caller: &Caller, request: TokenRequest) -> Result<Map<String, Value>, TokenRefusal> {
        let members = self.0.provide(|provider, world, _| provider.introspect(world, &request));
        members.map_err(|refused| self.0.refused(audit::What::Introspection, refused, &Self::by(caller)))
    }

    fn revoke(&self, caller: &Caller, request: TokenRequest) -> Result<(), TokenRefusal> {
        let revoked = self.0.provide(|provider, world, _| provider.revoke(world, &request));
        let by = Self::by(caller);
        let revoked = revoked.map_err(|refused| self.0.refused(audit::What::Revocation, refused, &by))?;
        if let Some(session) = revoked.session {
            let by = audit::Application { client: Some(revoked.client), ..by };
            self.0.record([audit::Event::done(audit::What::Revocation).within(session)], &by);
        }
        Ok(())
    }

    fn userinfo(&self, _caller: &Caller, bearer: &str) -> Result<Value, BearerError> {
        let claims =
            self.0.look(|quiet, now| quiet.provider.userinfo(&quiet.sessions, &quiet.sessions, bearer, now));
        claims.map(Value::Object)
    }

    fn logout(&self, caller: &Caller, parameters: Parameters) -> LogoutAnswer {
        self.0.decide(|quiet, now| {
            let asked = self.0.provide_in(quiet, now, |provider, world, sessions| {
                provider.logout(world, &parameters, sessions.current().as_ref())
            });
            match asked {
                Logout::Ask(page) => LogoutAnswer::Ask(page),
                Logout::Over { leave } => LogoutAnswer::Done(leave),
                Logout::End { session, client, leave } => {
                    let by = audit::Application { client: Some(client), ..Self::by(caller) };
                    self.0.log_out(quiet, &session, &by, now);
                    LogoutAnswer::Done(leave)
                }
            }
        })
    }

    fn logout_waits(&self, page: &str) -> bool {
        self.0.look(|quiet, now| quiet.provider.logout_waits(page, now))
    }

    fn answer_logout(&self, caller: &Caller, page: &str, yes: bool) -> Option<LogoutAnswer> {
        self.0.decide(|quiet, now| {
            let farewell = quiet.provider.logout_answered(page, now)?;
            if !yes {
                return Some(LogoutAnswer::Done(None));
            }
            self.0.log_out(quiet, &farewell.session, &Self::by(caller), now);
            Some(LogoutAnswer::Done(farewell.leave))
        })
    }

    fn page_language(&self, page: &str) -> Option<Language> {
        self.0.look(|quiet, now| {
            let login = quiet.provider.waiting(page, now).and_then(|waiting| waiting.language);
            login.or_else(|| quiet.provider.logout_language(page, now))
        })
    }
}

impl Shared {
    /// Waits for the RSA key where it is still being made, but not for ever.
    async fn rsa_key(&self) {
        let mut ready = self.rsa.subscribe();
        let _ = tokio::time::timeout(KEY_WAIT, ready.wait_for(|ready| *ready)).await;
    }

    /// Ends a session because a person, or a client that they use, said so.
    fn log_out(&self, quiet: &mut Quiet, session: &SessionId, by: &audit::Application, now: UnixTime) {
        if quiet.sessions.current().is_some_and(|live| live.sid == *session) {
            let effects = quiet.sessions.on(Happening::Logout, now);
            self.carry_out(quiet, effects, Some(by));
        }
    }

    /// Writes down a refusal and gives what the client is told.
    fn refused(&self, what: audit::What, refused: Refused, by: &audit::Application) -> TokenRefusal {
        let by = audit::Application { client: refused.client, ..by.clone() };
        self.record([audit::Event::protocol(what, refused.refusal.error)], &by);
        refused.refusal
    }
}

fn audited(grant: GrantType) -> audit::event::Grant {
    match grant {
        GrantType::Code => audit::event::Grant::Code,
        GrantType::Refresh => audit::event::Grant::Refresh,
        GrantType::Ciba => audit::event::Grant::Ciba,
        GrantType::Exchange => audit::event::Grant::Exchange,
    }
}

fn within(event: audit::Event, session: Option<SessionId>) -> audit::Event {
    match session {
        Some(session) => event.within(session),
        None => event,
    }
}
