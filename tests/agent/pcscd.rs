//! The smart-card service dies and comes back: the status tells it, and the same agent logs in again.

use crate::{
    desk::{PATIENCE, Refusal, UNTOUCHED, code, counts, login_by, program, refused, until, written},
    real_agent::RealAgent,
};
use cps_agent_api::words;
use cps_sandbox::{
    card::{CardHandle, cards},
    pinentry::Answer,
    reader::PcscDaemon,
    workstation::{Transport, Workstation},
};
use std::{path::Path, sync::Arc};

/// The real agent on a private pcscd.
struct Machine {
    agent: RealAgent,
    daemon: Arc<PcscDaemon>,
    card: CardHandle,
    workstation: Workstation,
}

impl Machine {
    async fn with(card: CardHandle) -> Self {
        let workstation =
            Workstation::new(&[], Transport::InProcess, program()).await.expect("a workstation");
        let daemon = PcscDaemon::start().expect("pcscd with vsmartcard-vpcd: tests/run.sh installs them");
        let daemon = Arc::new(daemon);
        workstation.person.knows(&card).expect("a script");
        daemon.insert(0, &card).expect("a slot");
        let config = written(&workstation, &[]);
        let socket = daemon.socket();
        let environment: [(&str, &Path); 1] = [("PCSCLITE_CSOCK_NAME", &socket)];
        let agent = RealAgent::start(workstation.folder(), &config, &environment).await;
        let mut machine = Self { agent, daemon, card, workstation };
        machine.sees_the_card().await;
        machine
    }

    async fn status(&mut self, what: &str, wanted: impl Fn(&words::Status) -> bool) -> words::Status {
        self.agent.wait_for(what, async |control| control.status().await.ok().filter(&wanted)).await
    }

    async fn sees_the_card(&mut self) {
        let serial = self.card.serial().to_owned();
        self.status("the card", |status| {
            status.card_service && status.cards.iter().any(|card| card.serial == serial)
        })
        .await;
    }

    async fn misses_the_service(&mut self) {
        let status = self.status("the lost service", |status| !status.card_service).await;
        assert!(status.cards.is_empty() && status.session.is_none(), "{status:?}");
    }

    async fn login(&self, way: &str) -> Result<words::Session, Refusal> {
        let mut control = self.agent.control().await.expect("the control door");
        let request = login_by(way, None);
        let login = tokio::time::timeout(PATIENCE, control.login(&request));
        refused(login.await.unwrap_or_else(|_| panic!("no end of the login:\n{}", self.agent.log())))
    }

    /// pcscd comes back, and with it everything else.
    async fn heals(&mut self) {
        self.daemon.restart().expect("pcscd starts again");
        self.sees_the_card().await;
        let session = self.login("card").await.expect("a login after the restart");
        assert_eq!(session.sub, self.card.holder().identifier);
        assert_eq!(counts(&self.card), UNTOUCHED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_killed_during_a_session_ends_it_and_the_next_login_works() {
    let mut machine = Machine::with(cards::doctor_cps3()).await;
    machine.login("card").await.expect("a login");
    for _ in 0..2 {
        machine.daemon.kill();
        machine.misses_the_service().await;
        let refusal = machine.login("card").await.expect_err("no service");
        assert_eq!((refusal.code.as_str(), refusal.status), ("no_card_service", 503));
        machine.heals().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_killed_while_the_pin_is_asked_withdraws_the_question() {
    let mut machine = Machine::with(cards::doctor_cps4()).await;
    machine.workstation.person.always(Answer::Wait).expect("a script");
    let killed = async {
        until("a prompt", async || machine.workstation.person.questions().pop()).await;
        machine.daemon.kill();
    };
    let (refusal, ()) = tokio::join!(machine.login("card"), killed);
    assert!(["card_removed", "no_card_service"].contains(&code(refusal).as_str()));
    machine.misses_the_service().await;
    machine.workstation.person.always(Answer::RightPin).expect("a script");
    machine.heals().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_killed_at_a_command_of_a_login_is_told_and_heals() {
    let mut machine = Machine::with(cards::doctor_cps3()).await;
    // The tries query, VERIFY and the signature are among the first seven.
    for command in [1, 3, 5] {
        let daemon = Arc::clone(&machine.daemon);
        machine.card.faults().at(command, move || daemon.kill());
        let told = code(machine.login("local").await);
        let agent = &machine.agent;
        assert!(
            ["card_removed", "no_card_service"].contains(&told.as_str()),
            "command {command}: {told}\n{}",
            agent.log()
        );
        machine.misses_the_service().await;
        machine.heals().await;
        let mut control = machine.agent.control().await.expect("the control door");
        control.end_session().await.expect("an answer");
    }
}
