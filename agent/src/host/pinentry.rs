//! The prompt program: a child that speaks Assuan, killed when its question is withdrawn.

use super::{
    assuan::{Assuan, AssuanError},
    prompt_text::PromptText,
};
use cps_agent_api::words::Screen;
use std::{path::PathBuf, process::Stdio, time::Duration};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use zeroize::Zeroizing;

/// Codes of libgpg-error that a person causes; the low 16 bits, the rest names the source.
const CANCELED: u32 = 99;
const FULLY_CANCELED: u32 = 198;
const NOT_CONFIRMED: u32 = 114;
const TIMEOUT: u32 = 62;

/// How long the program may take from its start to its question. Nobody sees anything yet, so nobody can end a wait here.
const PREPARATION: Duration = Duration::from_secs(10);

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// The person said no, or closed the prompt.
    #[error("the prompt was closed")]
    Cancelled,
    /// Nobody answered in time.
    #[error("nobody answered the prompt")]
    TimedOut,
    /// The program could not be started or did not behave.
    #[error("the prompt cannot be shown: {0}")]
    Unavailable(String),
}

/// The prompt program of this agent. Whoever asks sees to it that one question is shown at a time.
#[derive(Debug)]
pub struct Pinentry {
    program: PathBuf,
    timeout: Duration,
}

impl Pinentry {
    /// A program and the longest time a question stays.
    #[must_use]
    pub fn new(program: PathBuf, timeout: Duration) -> Self {
        Self { program, timeout }
    }

    /// Asks for a PIN. Dropping the future withdraws the question: the child is killed.
    ///
    /// # Errors
    /// See [`PromptError`].
    pub async fn secret(
        &self,
        text: &PromptText,
        screen: &Screen,
    ) -> Result<Zeroizing<Vec<u8>>, PromptError> {
        let mut dialog = self.prepared(text, screen, true).await?;
        dialog.ask("GETPIN").await
    }

    /// Asks for a yes. Dropping the future withdraws the question.
    ///
    /// # Errors
    /// See [`PromptError`]; a no is [`PromptError::Cancelled`].
    pub async fn confirm(&self, text: &PromptText, screen: &Screen) -> Result<(), PromptError> {
        let mut dialog = self.prepared(text, screen, false).await?;
        dialog.ask("CONFIRM").await.map(drop)
    }

    /// Starts the program and tells it everything, up to the question. One that hangs before is killed: whoever waits
    /// here keeps every other question from the screen.
    async fn prepared(&self, text: &PromptText, screen: &Screen, typed: bool) -> Result<Dialog, PromptError> {
        let prepared = async {
            let mut dialog = Dialog::open(self, text, screen).await?;
            if typed {
                dialog.set("SETPROMPT", &text.label).await?;
                if let Some(error) = &text.error {
                    dialog.set("SETERROR", error).await?;
                }
            }
            Ok(dialog)
        };
        tokio::time::timeout(PREPARATION, prepared)
            .await
            .unwrap_or_else(|_| Err(PromptError::Unavailable("it does not get ready".to_owned())))
    }
}

/// One question on the screen.
struct Dialog {
    /// Killed when dropped.
    _child: Child,
    assuan: Assuan<ChildStdout, ChildStdin>,
    timeout: Duration,
}

impl Dialog {
    async fn open(pinentry: &Pinentry, text: &PromptText, screen: &Screen) -> Result<Self, PromptError> {
        let mut command = Command::new(&pinentry.program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let places = [
            ("DISPLAY", &screen.display),
            ("WAYLAND_DISPLAY", &screen.wayland_display),
            ("TERM", &screen.term),
        ];
        for (variable, value) in places {
            if let Some(value) = value {
                command.env(variable, value);
            }
        }
        let mut child = command
            .spawn()
            .map_err(|error| PromptError::Unavailable(format!("it does not start ({error})")))?;
        let (Some(input), Some(output)) = (child.stdout.take(), child.stdin.take()) else {
            return Err(PromptError::Unavailable("it has no pipes".to_owned()));
        };
        let assuan = Assuan::greet(input, output).await.map_err(fault)?;
        // The program's own time-out comes first; this one is for a program that does not keep it.
        let mut dialog = Self { _child: child, assuan, timeout: pinentry.timeout + Duration::from_secs(5) };
        let language = match screen.language.as_deref() {
            Some("en") => "en_US.UTF-8",
            _ => "fr_FR.UTF-8",
        };
        for (option, value) in [
            ("ttyname", screen.tty.as_deref()),
            ("ttytype", screen.term.as_deref()),
            ("display", screen.display.as_deref()),
            ("lc-ctype", Some(language)),
            ("lc-messages", Some(language)),
        ] {
            if let Some(value) = value {
                dialog.option(option, value).await?;
            }
        }
        dialog.set("SETTITLE", &text.title).await?;
        dialog.set("SETDESC", &text.description).await?;
        dialog.set("SETOK", &text.ok).await?;
        dialog.set("SETCANCEL", &text.cancel).await?;
        dialog.set("SETTIMEOUT", &pinentry.timeout.as_secs().to_string()).await?;
        // No offer to remember the PIN in the desktop's key ring.
        dialog.set("SETKEYINFO", "--clear").await?;
        Ok(dialog)
    }

    /// An option that the program may not know is not worth failing for.
    async fn option(&mut self, name: &str, value: &str) -> Result<(), PromptError> {
        self.set("OPTION", &format!("{name}={value}")).await
    }

    async fn set(&mut self, command: &str, argument: &str) -> Result<(), PromptError> {
        match self.assuan.command(command, argument).await {
            Ok(_) | Err(AssuanError::Refused(_)) => Ok(()),
            Err(error) => Err(fault(error)),
        }
    }

    async fn ask(&mut self, question: &str) -> Result<Zeroizing<Vec<u8>>, PromptError> {
        let answer = tokio::time::timeout(self.timeout, self.assuan.command(question, ""));
        answer.await.map_err(|_| PromptError::TimedOut)?.map_err(fault)
    }
}

fn fault(error: AssuanError) -> PromptError {
    match error {
        AssuanError::Refused(code) => match code & 0xFFFF {
            CANCELED | FULLY_CANCELED | NOT_CONFIRMED => PromptError::Cancelled,
            TIMEOUT => PromptError::TimedOut,
            _ => PromptError::Unavailable(format!("it refused with code {code}")),
        },
        error => PromptError::Unavailable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::prompt_text::{Deed, Meant, pin};
    use cps_agent_core::failure::Language;
    use std::{fs, path::Path};

    /// A child that writes what it is told into a file, and answers questions with `answer`.
    fn scripted(folder: &Path, answer: &str) -> Pinentry {
        let script = format!(
            "#!/bin/sh\necho OK\nwhile read -r line; do\n  echo \"$line\" >> {log}\n  case $line in\n    \
             GETPIN|CONFIRM) {answer} ;;\n    OPTION*) echo 'ERR 83886254 unknown option' ;;\n    *) echo OK ;;\n  \
             esac\ndone\n",
            log = folder.join("log").display(),
        );
        started(folder, &script)
    }

    /// A child that is this script.
    fn started(folder: &Path, script: &str) -> Pinentry {
        let program = folder.join("pinentry");
        // Written by a process that is over before the program runs: a file that is open for writing anywhere, even in
        // a child that another test just forked, cannot be executed.
        let written = std::process::Command::new("sh")
            .args(["-c", "printf %s \"$1\" > \"$0\" && chmod 700 \"$0\""])
            .args([program.as_os_str(), script.as_ref()])
            .status();
        assert!(written.expect("a shell").success());
        Pinentry::new(program, Duration::from_secs(60))
    }

    fn text() -> PromptText {
        let card = Meant { holder: Some("Anne MARTIN"), serial: "12345678", soft: false, test: false };
        pin(Language::French, "Mon DPI", Deed::Login, card, Some(3), None)
    }

    #[tokio::test]
    async fn a_pin_comes_back_and_the_question_names_everything() {
        let folder = tempfile::tempdir().expect("a folder");
        let pinentry = scripted(folder.path(), "echo 'D 12%2534'; echo OK");
        let screen = Screen { tty: Some("/dev/pts/7".to_owned()), ..Screen::default() };
        let pin = pinentry.secret(&text(), &screen).await.expect("answered");
        assert_eq!(pin.as_slice(), b"12%34");
        let log = fs::read_to_string(folder.path().join("log")).expect("log");
        for line in [
            "OPTION ttyname=/dev/pts/7",
            "OPTION lc-messages=fr_FR.UTF-8",
            "SETKEYINFO --clear",
            "SETTIMEOUT 60",
            "SETPROMPT Code\u{a0}:",
        ] {
            assert!(log.lines().any(|l| l == line), "{line} is missing in:\n{log}");
        }
        let description = log.lines().find(|l| l.starts_with("SETDESC")).expect("described");
        for part in ["Mon DPI", "Anne MARTIN", "12345678", "3 essais", "%0A"] {
            assert!(description.contains(part), "{part} is missing in {description}");
        }
    }

    #[tokio::test]
    async fn refusals_of_the_person_are_told_apart_from_faults() {
        let folder = tempfile::tempdir().expect("a folder");
        let cases = [
            ("83886179", "closed"),
            ("83886194", "closed"),
            ("83886142", "nobody"),
            ("1", "cannot be shown"),
        ];
        for (code, expected) in cases {
            let pinentry = scripted(folder.path(), &format!("echo 'ERR {code} no'"));
            let error = pinentry.secret(&text(), &Screen::default()).await.expect_err("refused");
            assert!(error.to_string().contains(expected), "{code}: {error}");
            assert!(pinentry.confirm(&text(), &Screen::default()).await.is_err());
        }
    }

    #[tokio::test]
    async fn a_program_that_is_missing_dies_or_babbles_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = Pinentry::new(folder.path().join("none"), Duration::from_secs(60));
        let error = missing.secret(&text(), &Screen::default()).await.expect_err("missing");
        assert!(error.to_string().contains("does not start"));
        for answer in ["exit 0", "echo Hello"] {
            let pinentry = scripted(folder.path(), answer);
            let error = pinentry.secret(&text(), &Screen::default()).await.expect_err("broken");
            assert!(matches!(error, PromptError::Unavailable(_)), "{answer}: {error}");
        }
    }

    /// The clock stands still, and jumps to the next time-out whenever nothing else can happen.
    #[tokio::test(start_paused = true)]
    async fn a_program_that_hangs_before_its_question_is_given_up() {
        let folder = tempfile::tempdir().expect("a folder");
        for start in ["exec sleep 1000", "echo OK; exec sleep 1000"] {
            let pinentry = started(folder.path(), &format!("#!/bin/sh\n{start}\n"));
            let (text, screen) = (text(), Screen::default());
            let asked =
                async { (pinentry.secret(&text, &screen).await, pinentry.confirm(&text, &screen).await) };
            let given_up = tokio::time::timeout(Duration::from_secs(50), asked).await;
            let (secret, yes) = given_up.expect("given up long before a person would have to answer");
            assert!(matches!(secret, Err(PromptError::Unavailable(_))), "{start}: {:?}", secret.err());
            assert!(matches!(yes, Err(PromptError::Unavailable(_))), "{start}: {yes:?}");
        }
    }

    #[tokio::test]
    async fn a_withdrawn_question_ends_its_child_and_frees_the_screen() {
        let folder = tempfile::tempdir().expect("a folder");
        let pid_file = folder.path().join("pid");
        let pinentry = scripted(folder.path(), &format!("echo $$ > {}; exec sleep 1000", pid_file.display()));
        let pid = tokio::select! {
            answer = async { pinentry.secret(&text(), &Screen::default()).await } => panic!("answered: {:?}", answer.err()),
            pid = async {
                loop {
                    if let Some(pid) = fs::read_to_string(&pid_file).ok().and_then(|p| p.trim().parse().ok()) {
                        break pid;
                    }
                    tokio::task::yield_now().await;
                }
            } => pid,
        };
        let pid = rustix::process::Pid::from_raw(pid).expect("a pid");
        while rustix::process::test_kill_process(pid).is_ok() {
            tokio::task::yield_now().await;
        }
        let pinentry = scripted(folder.path(), "echo OK");
        pinentry.confirm(&text(), &Screen::default()).await.expect("the next question is shown");
    }
}
