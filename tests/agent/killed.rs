//! `kill -9` at any moment of a login costs that login and nothing else.
//!
//! The real agent is killed two hundred times, at moments drawn from the time that a start with a login takes. The seed is
//! printed; `CPS_TEST_SEED` repeats a run.

use crate::{
    desk::{code, login_by, program, refused},
    real_agent::RealAgent,
};
use cps_agent_api::words::{Client, TokenRequest};
use cps_agent_core::audit::{Head, verify};
use cps_sandbox::pinentry::{Answer, Person};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

const ROUNDS: u32 = 200;
const PASSPHRASE: &str = "TEST passphrase of a token";

/// A workstation without upstream and readers, whose person has an e-CPS token.
struct Place {
    folder: tempfile::TempDir,
    config: PathBuf,
    /// No smart-card service is here.
    nothing: PathBuf,
    /// Answers every prompt; its program lies in the folder.
    _person: Person,
    /// Registrations that the agent confirmed.
    confirmed: BTreeSet<String>,
    /// Those that it may have taken without confirming them.
    asked: BTreeSet<String>,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let person = Person::new(&folder.path().join("person"), program()).expect("a person");
        person.always(Answer::Type(PASSPHRASE.to_owned())).expect("a script");
        let (trust, config) = (folder.path().join("trust"), folder.path().join("config.toml"));
        fs::create_dir(&trust).expect("a folder");
        let text = |path: &Path| toml::Value::from(path.to_string_lossy().into_owned());
        let settings = format!(
            "[bridge]\nlisten = \"127.0.0.1:0\"\n[trust]\nenvironment = \"test\"\nanchors = [{}]\n\
             [local]\nrevocation = \"warn\"\n[pin]\npinentry = {}\n[state]\ndirectory = {}\n\
             [audit]\njournal = {}\n[clients]\ndirectory = {}\n",
            text(&trust),
            text(&person.program()),
            text(&folder.path().join("state")),
            text(&folder.path().join("no-journal")),
            text(&folder.path().join("clients.d")),
        );
        fs::write(&config, settings).expect("written");
        let nothing = folder.path().join("nothing");
        let (confirmed, asked) = (BTreeSet::new(), BTreeSet::new());
        let place = Self { folder, config, nothing, _person: person, confirmed, asked };
        let agent = place.start().await;
        let made = agent.control().await.expect("the control door").add_token(&token()).await.expect("made");
        fs::copy(made.authority.expect("an authority"), trust.join("token.pem")).expect("copied");
        place
    }

    fn environment(&self) -> [(&str, &Path); 2] {
        [
            ("PCSCLITE_CSOCK_NAME", &self.nothing),
            ("DBUS_SYSTEM_BUS_ADDRESS", Path::new("unix:path=/nonexistent")),
        ]
    }

    /// An agent that listens.
    async fn start(&self) -> RealAgent {
        RealAgent::start_logging("info", self.folder.path(), &self.config, &self.environment()).await
    }

    /// An agent that may not listen yet.
    fn spawn(&self) -> RealAgent {
        RealAgent::spawn("info", self.folder.path(), &self.config, &self.environment())
    }

    /// Registers applications and logs in and out, until the agent is no more.
    async fn work(&mut self, agent: &mut RealAgent, round: u32) {
        let mut control = loop {
            match agent.control().await {
                Some(control) => break control,
                None => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        };
        let id = format!("application-{round}");
        self.asked.insert(id.clone());
        let client = Client {
            client_id: id.clone(),
            redirect_uris: vec!["http://127.0.0.1/callback".to_owned()],
            ..Client::default()
        };
        if control.add_client(&client).await.is_ok() {
            self.asked.remove(&id);
            self.confirmed.insert(id);
        }
        while control.login(&login_by("local", None)).await.is_ok() && control.end_session().await.is_ok() {}
        // What the agent no longer answers is what was to be seen; the test ends us here.
        std::future::pending().await
    }

    /// What is on the disk after a kill, before the next start.
    fn check_files(&self) {
        let state = only_folder(&self.folder.path().join("state"));
        let trail = fs::read(state.join("audit/00000000000000000001.jsonl")).expect("a trail");
        if let Err(broken) = verify(&Head::default(), &trail) {
            panic!("{broken}:\n{}", String::from_utf8_lossy(&trail));
        }
    }

    /// Logins that the trail tells of.
    fn logins(&self) -> usize {
        let state = only_folder(&self.folder.path().join("state"));
        let trail = fs::read_to_string(state.join("audit/00000000000000000001.jsonl")).expect("a trail");
        trail.lines().filter(|line| line.contains("\"event\":\"login\"")).count()
    }

    /// The next agent starts, finds everything, and nobody is logged in.
    async fn check_next(&mut self, agent: &mut RealAgent) {
        let status = agent.wait_for("its bridge", async |control| {
            control.status().await.ok().filter(|status| status.issuer.is_some())
        });
        let status = status.await;
        assert!(status.session.is_none(), "{status:?}");
        let mut control = agent.control().await.expect("the control door");
        let clients = control.clients().await.expect("clients");
        let known: BTreeSet<String> = clients.into_iter().map(|client| client.client_id).collect();
        let taken = std::mem::take(&mut self.asked);
        self.confirmed.extend(taken.into_iter().filter(|asked| known.contains(asked)));
        assert_eq!(known, self.confirmed, "an application was lost, or came from nowhere");
        let check = control.check_audit().await.expect("the chain verifies");
        assert_eq!(check.aside, Vec::<String>::new(), "nothing had to be kept aside");
        let bridge = self.folder.path().join("run/cps-agent/bridge.json");
        let bridge = fs::read_to_string(bridge).expect("the bridge is published");
        let issuer = status.issuer.unwrap_or_default();
        assert!(bridge.contains(&issuer), "{bridge} is another agent's, not {issuer}'s");
    }
}

#[tokio::test]
async fn two_hundred_kills_at_random_moments_of_a_login_lose_nothing() {
    let seed = std::env::var("CPS_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(now);
    println!("CPS_TEST_SEED={seed}");
    let mut random = Random(seed);
    let mut place = Place::new().await;

    // How long it takes from the start of an agent to the end of a login.
    let begun = Instant::now();
    let agent = place.start().await;
    let mut control = agent.control().await.expect("the control door");
    refused(control.login(&login_by("local", None)).await).expect("the token logs in");
    let whole = begun.elapsed().mul_f64(1.2);
    drop((control, agent));
    let before = place.logins();

    for round in 0..ROUNDS {
        let mut agent = place.spawn();
        // A moment is what is looked for here: nothing is waited for.
        let moment = whole.mul_f64(random.fraction());
        let worked = tokio::time::timeout(moment, place.work(&mut agent, round)).await;
        assert!(worked.is_err(), "work ends with the agent");
        drop(agent);
        place.check_files();
        // Most starts are of the next round: the one that is killed. Every fourth is looked at.
        if round % 4 == 3 {
            let mut next = place.spawn();
            place.check_next(&mut next).await;
        }
    }
    assert!(place.logins() > before, "no kill came after a login: the moments are not those of logins");
    let mut last = place.start().await;
    place.check_next(&mut last).await;
    let mut control = last.control().await.expect("the control door");
    refused(control.login(&login_by("local", None)).await).expect("and the token logs in as before");
    assert_eq!(code(refused(control.login(&login_by("card", None)).await)), "no_card_service");
}

fn token() -> TokenRequest {
    TokenRequest {
        name: "mine".to_owned(),
        authority: "test".to_owned(),
        id: "899700990015".to_owned(),
        given_name: Some("CAMILLE".to_owned()),
        family_name: Some("EXEMPLE".to_owned()),
        profession: Some(10),
        screen: Default::default(),
    }
}

/// The state of this machine: the only folder there.
fn only_folder(path: &Path) -> PathBuf {
    let mut folders = fs::read_dir(path).expect("a folder").flatten().map(|entry| entry.path());
    let first = folders.next().expect("state");
    assert!(folders.next().is_none(), "two machines' state");
    first
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_nanos() % u128::from(u64::MAX)).unwrap_or(1)
}

/// SplitMix64: good enough to choose moments, and the same for the same seed.
struct Random(u64);

impl Random {
    /// A number from 0 to 1.
    fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let high = u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or(0);
        f64::from(high) / f64::from(u32::MAX)
    }
}
