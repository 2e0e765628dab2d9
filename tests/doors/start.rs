//! An agent that does not start says why as the failure table does, in the language of the session.

use crate::real_agent::{RealAgent, built};
use cps_agent_core::failure::{self, Code};
use std::{fs, path::Path, process::Command};

/// What the program says on its way out, without a place for sockets unless one is named.
fn said(folder: &Path, flags: &[&str], locale: &str, runtime: Option<&Path>) -> String {
    let mut command = Command::new(built("cps-agent"));
    command.args(flags).env_clear().env("HOME", folder).env("LANG", locale);
    let ran = command.envs(runtime.map(|path| ("XDG_RUNTIME_DIR", path))).output().expect("it runs");
    assert_eq!(ran.status.code(), Some(1), "what an administrator can mend");
    String::from_utf8(ran.stderr).expect("text")
}

/// These settings in a file.
fn written(folder: &Path, settings: &str) -> String {
    let file = folder.join("config.toml");
    fs::write(&file, settings).expect("written");
    file.display().to_string()
}

/// The sentences in both languages, with the code and each of these words.
fn told(code: Code, settings: &str, words: &[(&str, &str)]) {
    let folder = tempfile::tempdir().expect("a folder");
    let begins = |sentence: &'static str| sentence.split('{').next().unwrap_or_default();
    let line = code.line();
    let file = written(folder.path(), settings);
    for (locale, text) in [("fr_FR.UTF-8", line.french), ("en_GB.UTF-8", line.english)] {
        let said = said(folder.path(), &["--check", "--config", &file], locale, Some(folder.path()));
        let expected = [begins(text.what), begins(text.next), &format!("code=\"{}\"", line.code)];
        let words =
            words.iter().map(|(french, english)| if locale.starts_with("fr") { french } else { english });
        for part in expected.iter().chain(words) {
            assert!(said.contains(part), "{part:?} is not in {said}");
        }
    }
}

#[test]
fn a_file_that_is_not_toml_is_named_with_its_line() {
    told(failure::CONFIG_SYNTAX, "[pin]\nhold =\n", &[("config.toml", "config.toml"), ("ligne 2", "line 2")]);
}

#[test]
fn a_setting_that_is_none_or_not_the_persons_is_named() {
    let near = ("session.mode.", "session.mode.");
    told(failure::CONFIG_UNKNOWN_KEY, "[session]\nmod = \"lock\"\n", &[near]);
    told(failure::CONFIG_POLICY_ONLY, "[locked]\nkeys = [\"pin\"]\n", &[("locked.keys", "locked.keys")]);
}

#[test]
fn a_value_that_does_not_do_is_named_with_one_that_would() {
    let modes = ("l’un de strict, lock, relock, mobile.", "one of strict, lock, relock, mobile.");
    told(failure::CONFIG_VALUE, "[session]\nmode = \"lax\"\n", &[modes]);
    told(failure::CONFIG_VALUE, "[bridge]\ntls = 7\n", &[("true ou false.", "true or false.")]);
}

#[test]
fn settings_that_need_or_contradict_each_other_are_named() {
    let issuer = "[upstream]\nprofile = \"custom\"\nclient_id = \"dpi\"\n";
    told(failure::CONFIG_MISSING, issuer, &[("upstream.issuer manque", "upstream.issuer is missing")]);
    let both = "[upstream]\nprofile = \"psc-bas\"\n[trust]\nenvironment = \"production\"\n";
    told(failure::CONFIG_CONFLICT, both, &[("contredit upstream.profile", "contradicts upstream.profile")]);
}

#[test]
fn a_file_that_is_not_there_and_a_session_without_a_place_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let nowhere = said(folder.path(), &["--check", "--config", "/TEST-nowhere.toml"], "fr", None);
    assert!(nowhere.contains(failure::CONFIG_UNREADABLE.word()), "{nowhere}");
    let placeless = said(folder.path(), &["--check"], "fr", None);
    for part in [failure::NO_PLACE_FOR_FILES.word(), "XDG_RUNTIME_DIR"] {
        assert!(placeless.contains(part), "{part} is not in {placeless}");
    }
}

#[test]
fn a_file_that_the_settings_name_and_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let upstream = "[bridge]\nlisten = \"127.0.0.1:0\"\n[upstream]\nprofile = \"psc-bas\"\nclient_id = \"TEST\"\n\
                    client_auth = \"client_secret_basic\"\nclient_secret_file = \"TEST-secret\"\n";
    let file = written(folder.path(), upstream);
    let told = said(folder.path(), &["--config", &file], "fr_FR.UTF-8", Some(folder.path()));
    for part in [failure::CONFIG_FILE.line().french.what, failure::CONFIG_FILE.word(), "TEST-secret"] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_agent_in_a_session_says_that_one_is_enough() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = written(folder.path(), "[bridge]\nlisten = \"127.0.0.1:0\"\n");
    let first = RealAgent::start(folder.path(), Path::new(&file), &[]).await;
    let told = said(folder.path(), &["--config", &file], "en_GB.UTF-8", Some(&folder.path().join("run")));
    for part in [failure::AGENT_RUNNING.line().english.what, failure::AGENT_RUNNING.word()] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    drop(first);
}
