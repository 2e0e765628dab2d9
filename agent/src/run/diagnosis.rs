//! What works and what does not: facts are gathered here, in the order in which one thing needs another, and judged by the
//! quiet half.

use super::{cards::Inside, shared::Shared};
use crate::{
    config::environment_name,
    host::{fetch::Answer, proxy::Route},
    serve::caller,
};
use cps_agent_api::words;
use cps_agent_core::{
    diagnosis::{self, Finding, Subject, Verdict},
    failure::{self, Failure, Language},
    fetch::Fetched,
    policy::LocalLogin,
    psc::{self, ClientAuth, Metadata, Profile, profile},
};

/// Name of the file that shows whether the state can be written.
const PROBE: &str = "diagnosis";

impl Shared {
    /// Looks at everything.
    pub(super) async fn diagnosis(&self, language: Language) -> words::Diagnosis {
        let mut findings = vec![self.agent(), self.door().await];
        findings.extend(self.cards_found());
        findings.extend(self.upstream_found().await);
        findings.extend([self.anchors_found(), self.state_found(), self.told_found()]);
        findings.extend(self.aside_found());
        findings.extend(self.workstation_found());
        findings.extend(self.gateways.found(self.clock.now()).await);
        words::Diagnosis { checks: findings.iter().map(|finding| check(finding, language)).collect() }
    }

    fn agent(&self) -> Finding {
        let environment = environment_name(self.fixed.config.trust.environment);
        let values = [("version", env!("CARGO_PKG_VERSION").into()), ("environment", environment.into())];
        Finding::good(Subject::Agent, values)
    }

    async fn door(&self) -> Finding {
        let wanted = self.fixed.config.bridge.port;
        if let Some(mut problem) = self.bridge.problem(self.clock.now()) {
            if problem.code == failure::PORT_TAKEN
                && let Ok(Some(holder)) = tokio::task::spawn_blocking(move || caller::holder(wanted)).await
            {
                problem = problem.with("holder", holder);
            }
            return Finding::bad(Subject::Bridge, problem);
        }
        let issuer = self.look(|quiet, _| quiet.provider.issuer().to_owned());
        match self.bridge.port() {
            Some(port) if wanted != 0 && port != wanted => {
                let moved = Failure::new(failure::BRIDGE_MOVED).with("port", wanted).with("issuer", issuer);
                Finding::warning(Subject::Bridge, moved)
            }
            _ => Finding::good(Subject::Bridge, [("issuer", issuer.into())]),
        }
    }

    /// The service, its readers, and what is in them; each needs the one before.
    fn cards_found(&self) -> Vec<Finding> {
        if !self.cards.service_answers() {
            return vec![Finding::bad(Subject::CardService, self.cards.why_none())];
        }
        let service = Finding::good(Subject::CardService, []);
        let readers = self.cards.readers();
        if readers.is_empty() {
            return vec![service, Finding::warning(Subject::Readers, failure::NO_READER)];
        }
        let names: Vec<_> = readers.iter().map(|reader| reader.name.clone()).collect();
        let mut findings =
            vec![service, Finding::good(Subject::Readers, [("readers", names.join(", ").into())])];
        for reader in &readers {
            match &reader.inside {
                Inside::Useless(problem) => findings.push(Finding::warning(Subject::Cards, problem.clone())),
                Inside::Mute => findings.push(Finding::warning(Subject::Cards, failure::CARD_MUTE)),
                Inside::Empty | Inside::Reading | Inside::Card(_) => {}
            }
        }
        let serials: Vec<_> = self.cards.present().iter().map(|card| card.serial().to_owned()).collect();
        let shown = if serials.is_empty() { "–".to_owned() } else { serials.join(", ") };
        findings.push(Finding::good(Subject::Cards, [("cards", shown.into())]));
        findings
    }

    /// The way to the upstream, its answer, and our standing there.
    async fn upstream_found(&self) -> Vec<Finding> {
        let (Some(profile), Some(fetcher)) = (&self.fixed.upstream, &self.fetcher) else { return Vec::new() };
        let mut findings = vec![self.way(profile).await];
        let answer = fetcher.fetch(&Metadata::request(profile)).await;
        match answer {
            Answer::Fetched(answer) => findings.extend(answered(profile, &answer)),
            Answer::Failed(fault) => {
                findings.push(Finding::bad(Subject::Upstream, psc::answer::unanswered(&fault)));
            }
            Answer::CertificateRequested { .. } => {
                findings.push(Finding::bad(Subject::Upstream, failure::UPSTREAM_UNREACHABLE));
            }
        }
        findings.push(declaration(profile));
        if let Some(certificate) = fetcher.identity() {
            findings.push(diagnosis::client_certificate(certificate.not_after(), self.clock.now()));
            if let Some(name) = certificate.common_name().filter(|_| profile.name != profile::Name::Custom)
                && name != profile.client.id
            {
                let mismatch = Failure::new(failure::CLIENT_CERTIFICATE_NAME)
                    .with("name", name)
                    .with("client_id", profile.client.id.as_str());
                findings.push(Finding::warning(Subject::ClientCertificate, mismatch));
            }
        }
        findings
    }

    async fn way(&self, profile: &Profile) -> Finding {
        let (routes, decided) = self.proxies.routes(&profile.discovery).await;
        let shown = |route: &Route| match route {
            Route::Direct => "direct".to_owned(),
            Route::Through(proxy) => proxy.to_string(),
            Route::Unsupported(proxy) => proxy.clone(),
        };
        let unsupported = routes.iter().find(|route| matches!(route, Route::Unsupported(_)));
        if let Some(route) = unsupported {
            let failure = Failure::new(failure::PROXY_UNSUPPORTED).with("proxy", shown(route));
            return Finding::warning(Subject::Proxy, failure);
        }
        let route = routes.iter().map(shown).collect::<Vec<_>>().join(", ");
        Finding::good(Subject::Proxy, [("route", route.into()), ("decided", decided.word().into())])
    }

    fn anchors_found(&self) -> Finding {
        let count = self.fixed.anchors.count();
        if count > 0 {
            return Finding::good(Subject::TrustAnchors, [("count", count.into())]);
        }
        // Without local logins only signatures of applications miss them.
        match self.fixed.config.local.allow {
            LocalLogin::Never => Finding::warning(Subject::TrustAnchors, failure::NO_ANCHORS),
            LocalLogin::UpstreamDown | LocalLogin::Always => {
                Finding::bad(Subject::TrustAnchors, failure::NO_ANCHORS)
            }
        }
    }

    fn state_found(&self) -> Finding {
        let written = self.state.write(PROBE, b"").and_then(|()| self.state.remove(PROBE));
        if let Err(error) = written {
            tracing::error!(%error, "the state folder cannot be written");
            return Finding::bad(Subject::State, failure::STATE_UNWRITABLE);
        }
        if let Some(failure) = self.state.free_megabytes().ok().and_then(diagnosis::space) {
            return Finding::warning(Subject::State, failure);
        }
        let folder = self.state.path("").display().to_string();
        Finding::good(Subject::State, [("folder", folder.into())])
    }

    /// What had to be kept aside at the start, when anything was.
    fn aside_found(&self) -> Option<Finding> {
        let mut files = self.journal.aside();
        files.extend(self.store.aside().map(str::to_owned));
        let failure = || Failure::new(failure::STATE_ASIDE).with("files", files.join(", "));
        (!files.is_empty()).then(|| Finding::warning(Subject::State, failure()))
    }

    /// Whether logind answers, where it is asked.
    fn workstation_found(&self) -> Option<Finding> {
        self.fixed.system_bus.as_ref()?;
        Some(match self.look(|quiet, _| quiet.workstation.answers) {
            true => Finding::good(Subject::Workstation, []),
            false => Finding::warning(Subject::Workstation, failure::WORKSTATION_UNWATCHED),
        })
    }

    fn told_found(&self) -> Finding {
        match self.outbox.untold().len() {
            0 => Finding::good(Subject::Logout, []),
            count => {
                let failure = Failure::new(failure::LOGOUT_UNDELIVERED).with("count", count);
                Finding::warning(Subject::Logout, failure)
            }
        }
    }
}

/// What a discovery document says, and the clock of its server.
fn answered(profile: &Profile, answer: &Fetched) -> Vec<Finding> {
    let mut findings = vec![match Metadata::read(profile, answer) {
        Ok(_) => Finding::good(Subject::Upstream, [("issuer", profile.issuer.as_str().into())]),
        Err(failure) => Finding::bad(Subject::Upstream, failure),
    }];
    if let Ok(drift) = psc::drift::drift(profile, answer) {
        let lines = [(failure::DISCOVERY_DRIFT, &drift.moved), (failure::DISCOVERY_LACKS, &drift.lacking)];
        let differing = lines.into_iter().filter(|(_, members)| !members.is_empty());
        let warned: Vec<_> = differing
            .map(|(code, members)| {
                Finding::warning(Subject::Discovery, Failure::new(code).with("what", members.join(", ")))
            })
            .collect();
        if warned.is_empty() {
            findings.push(Finding::good(Subject::Discovery, []));
        }
        findings.extend(warned);
    }
    if let Some(ahead) = psc::answer::skew(answer) {
        findings.push(diagnosis::clock(ahead, profile::MAX_SKEW));
    }
    findings
}

/// What the administrator has to declare, to the character: most refusals come from a difference here.
fn declaration(profile: &Profile) -> Finding {
    let method = match profile.client.auth {
        ClientAuth::None => "none",
        ClientAuth::SecretBasic(_) => "client_secret_basic",
        ClientAuth::SecretPost(_) => "client_secret_post",
        ClientAuth::PrivateKeyJwt(_) => "private_key_jwt",
        ClientAuth::Tls => "tls_client_auth",
    };
    let values = [
        ("client_id", profile.client.id.as_str().into()),
        ("redirect_uri", profile.client.redirect_uri.as_str().into()),
        ("client_auth", method.into()),
    ];
    Finding::good(Subject::Declaration, values)
}

/// The words of the API.
fn check(finding: &Finding, language: Language) -> words::Check {
    let (state, failure) = match &finding.verdict {
        Verdict::Good(_) => ("ok", None),
        Verdict::Warning(failure) => ("warning", Some(failure)),
        Verdict::Bad(failure) => ("failed", Some(failure)),
    };
    let values = match &finding.verdict {
        Verdict::Good(values) => values.clone(),
        Verdict::Warning(failure) | Verdict::Bad(failure) => failure.values.clone(),
    };
    words::Check {
        name: finding.subject.word().to_owned(),
        state: state.to_owned(),
        code: failure.map(|failure| failure.code.word().to_owned()),
        title: finding.title(language).into_owned(),
        detail: failure.map(|failure| failure.next(language).into_owned()),
        help: failure.map(|failure| failure.code.line().help.word().to_owned()),
        values,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cps_agent_core::{identity::UnixTime, psc::client::Client};

    /// The document of the sandbox of Pro Santé Connect, with another address of one endpoint.
    fn document(profile: &Profile, moved: &str) -> Fetched {
        let at = |name: &str| format!("{}/protocol/openid-connect/{name}", profile.issuer);
        let mut document = serde_json::json!({
            "issuer": profile.issuer,
            "authorization_endpoint": profile.authorization_endpoint,
            "token_endpoint": at("token"),
            "introspection_endpoint": at("token/introspect"),
            "userinfo_endpoint": at("userinfo"),
            "end_session_endpoint": at("logout"),
            "jwks_uri": at("certs"),
            "revocation_endpoint": at("revoke"),
            "backchannel_authentication_endpoint": at("ext/ciba/auth"),
        });
        document[moved] = at("elsewhere").into();
        Fetched {
            status: 200,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: zeroize::Zeroizing::new(document.to_string().into_bytes()),
            received: UnixTime(0),
        }
    }

    #[test]
    fn an_endpoint_of_pro_sante_connect_that_moved_is_told_before_a_login_meets_it() {
        let redirect_uri = Client::loopback_redirect(0).unwrap();
        let client = Client { id: "TEST".to_owned(), auth: ClientAuth::None, redirect_uri };
        let profile = Profile::psc_bas(client).unwrap();
        let findings = answered(&profile, &document(&profile, "revocation_endpoint"));
        let told: Vec<_> = findings
            .iter()
            .filter_map(|finding| match &finding.verdict {
                Verdict::Good(_) => None,
                Verdict::Warning(failure) | Verdict::Bad(failure) => Some((finding.subject, failure)),
            })
            .collect();
        let [(subject, failure)] = told[..] else { panic!("{told:?}") };
        assert_eq!((subject, failure.code), (Subject::Discovery, failure::DISCOVERY_DRIFT));
        assert_eq!(failure.values["what"], "revocation_endpoint");
    }
}
