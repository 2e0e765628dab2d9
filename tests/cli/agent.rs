//! A scripted agent on a socket of its own, and a way to run `cps` against it.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// One request as the agent saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: serde_json::Value,
}

/// The scripted agent. Lives as long as the test.
pub(crate) struct Agent {
    pub(crate) socket: PathBuf,
    seen: Arc<Mutex<Vec<Seen>>>,
    _directory: tempfile::TempDir,
}

/// What `cps` did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Agent {
    /// Answers these requests: method and path, status, body. Anything else is a 404 problem.
    pub(crate) fn answering(answers: &[(&str, u16, serde_json::Value)]) -> Self {
        Self::of_version("1", answers)
    }

    /// The same, for an agent that answers a login only when it was looked at twice meanwhile.
    pub(crate) fn with_patient_login(answers: &[(&str, u16, serde_json::Value)]) -> Self {
        Self::scripted("1", answers, true)
    }

    /// The same, for an agent that says it speaks another version of the protocol.
    pub(crate) fn of_version(version: &str, answers: &[(&str, u16, serde_json::Value)]) -> Self {
        Self::scripted(version, answers, false)
    }

    fn scripted(version: &str, answers: &[(&str, u16, serde_json::Value)], patient: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("agent.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script: HashMap<String, (u16, String)> = answers
            .iter()
            .map(|(line, status, body)| ((*line).into(), (*status, body.to_string())))
            .collect();
        let script = Arc::new(Script { answers: script, version: version.to_owned(), patient });
        let noted = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, script, noted) = (stream.unwrap(), Arc::clone(&script), Arc::clone(&noted));
                std::thread::spawn(move || converse(&stream, &script, &noted));
            }
        });
        Self { socket, seen, _directory: directory }
    }

    /// What was asked, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Runs `cps` in French.
    pub(crate) fn cps(&self, words: &[&str]) -> Ran {
        self.cps_with(words, &[("LC_ALL", "fr_FR.UTF-8")])
    }

    /// Runs `cps` in English.
    pub(crate) fn cps_english(&self, words: &[&str]) -> Ran {
        self.cps_with(words, &[("LC_ALL", "en_GB.UTF-8")])
    }

    /// Runs `cps` with nothing in its environment but these and the socket.
    pub(crate) fn cps_with(&self, words: &[&str], environment: &[(&str, &str)]) -> Ran {
        let mut all = vec![("CPS_AGENT_SOCKET", self.socket.to_str().unwrap())];
        all.extend_from_slice(environment);
        run(words, &all)
    }
}

/// Runs `cps` with exactly this environment.
pub(crate) fn run(words: &[&str], environment: &[(&str, &str)]) -> Ran {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_cps"))
        .args(words)
        .env_clear()
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A problem document of the agent.
pub(crate) fn problem(code: &str, status: u16, title: &str, detail: &str) -> serde_json::Value {
    serde_json::json!({
        "type": format!("urn:cps-agent:problem:{code}"),
        "title": title, "detail": detail, "status": status, "code": code, "help": "person",
    })
}

/// A doctor's TEST card.
pub(crate) fn card(serial: &str) -> serde_json::Value {
    serde_json::json!({
        "serial": serial, "kind": "cps3", "place": "Lecteur 0", "label": "CPS3v1", "test": true,
        "holder": {
            "id": "899700000001", "given_name": "ADA", "family_name": "TESTCARTE",
            "card_type": { "code": "0", "label": "CPS" },
            "profession": { "code": "10", "label": "Médecin" },
            "specialities": [{ "code": "SM26", "label": "Qualifié en médecine générale" }],
        },
        "unlocked": false, "problem": null,
    })
}

/// Her session, which ends in two hours and a half.
pub(crate) fn session() -> serde_json::Value {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    serde_json::json!({
        "sid": "s1", "sub": "899700000001", "name": "ADA TESTCARTE", "way": "card", "acr": "eidas1",
        "amr": ["sc", "pin"], "idp": "https://psc.example", "card": "12345678",
        "auth_time": now, "expires": now + 9059, "locked": false, "clients": ["mon-dpi"],
    })
}

/// What a scripted agent says.
struct Script {
    answers: HashMap<String, (u16, String)>,
    version: String,
    /// See [`Agent::with_patient_login`].
    patient: bool,
}

fn until_looked_at_twice(noted: &Mutex<Vec<Seen>>) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let looks = || noted.lock().unwrap().iter().filter(|seen| seen.line == "GET /v1/login").count();
    while looks() < 2 {
        assert!(Instant::now() < deadline, "nobody looked at the login");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn converse(stream: &UnixStream, script: &Script, noted: &Mutex<Vec<Seen>>) {
    let Script { answers, version, patient } = script;
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if line == "\r\n" {
                break;
            }
            head.push(line.trim_end().to_owned());
        }
        let headers: HashMap<String, String> = head[1..]
            .iter()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let line = head[0].trim_end_matches(" HTTP/1.1").to_owned();
        let (status, answer) = answers
            .get(&line)
            .cloned()
            .unwrap_or_else(|| (404, problem("not_found", 404, "Rien ici.", "Vérifiez.").to_string()));
        let body = serde_json::from_slice(&body).unwrap_or_default();
        let login = line == "POST /v1/login";
        noted.lock().unwrap().push(Seen { line, headers, body });
        if login && *patient {
            until_looked_at_twice(noted);
        }
        let answer = if status == 204 { String::new() } else { answer };
        let head = format!(
            "HTTP/1.1 {status} X\r\ncps-agent-protocol: {version}\r\ncontent-type: application/json\r\n"
        );
        let length =
            if status == 204 { String::new() } else { format!("content-length: {}\r\n", answer.len()) };
        writer.write_all(format!("{head}{length}\r\n{answer}").as_bytes()).unwrap();
    }
}
