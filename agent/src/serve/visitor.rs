//! Who opened a connection to the bridge, found out only as far as a request needs it.
//!
//! The user comes with the connection tables, before anything is served. The process behind a socket is in no table: it
//! must be searched for in all of `/proc`, which takes longer than most answers. It is searched for once, when the audit
//! trail or a bound wants it.

use super::{caller, limits};
use std::sync::{
    Arc,
    atomic::{AtomicI32, Ordering},
};
use tokio::sync::{OnceCell, Semaphore};

/// The process at the other end, where the system tells.
#[derive(Debug, Clone, Default)]
pub struct Process {
    /// Its number.
    pub pid: Option<i32>,
    /// Its executable.
    pub program: Option<String>,
    /// When it began, as the system counts: a number is given again to another process.
    began: Option<u64>,
}

impl Process {
    /// The process of this number, as it is now.
    #[must_use]
    pub fn of(pid: i32) -> Self {
        Self { pid: Some(pid), program: caller::program(pid), began: caller::began(pid) }
    }

    /// Its executable, if it is still the process that it was, and still the same program. Looked at when more than an
    /// audit line rests on it.
    #[must_use]
    pub fn still(&self) -> Option<String> {
        let pid = self.pid?;
        let program = self.program.clone().filter(|program| caller::program(pid).as_ref() == Some(program));
        program.filter(|_| self.began.is_some() && caller::began(pid) == self.began)
    }

    /// One that is made up.
    #[cfg(test)]
    pub(super) fn called(pid: i32, program: &str) -> Self {
        Self { pid: Some(pid), program: Some(program.to_owned()), began: None }
    }
}

/// Takes turns at searching, and remembers who was found last.
#[derive(Debug, Clone)]
pub struct Searches {
    turns: Arc<Semaphore>,
    /// 0 when nobody was found yet.
    last: Arc<AtomicI32>,
}

impl Default for Searches {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(limits::SEARCHES)), last: Arc::default() }
    }
}

impl Searches {
    /// Searches for the process behind a socket.
    async fn find(&self, inode: u64) -> Process {
        let _turn = self.turns.acquire().await;
        let last = Arc::clone(&self.last);
        let search = move || {
            let likely = Some(last.load(Ordering::Relaxed)).filter(|pid| *pid != 0);
            let pid = caller::process(inode, likely);
            last.store(pid.unwrap_or_default(), Ordering::Relaxed);
            pid.map(Process::of).unwrap_or_default()
        };
        tokio::task::spawn_blocking(search).await.unwrap_or_default()
    }
}

/// Who opened a connection; the same for all its requests.
#[derive(Debug)]
pub struct Visitor {
    /// The system said that it is our user.
    pub same_user: bool,
    inode: Option<u64>,
    process: OnceCell<Process>,
}

impl Visitor {
    /// Our own user; the inode of its socket leads to its process.
    #[must_use]
    pub fn neighbour(inode: u64) -> Self {
        Self { same_user: true, inode: Some(inode), process: OnceCell::new() }
    }

    /// Somebody this system cannot tell about.
    #[must_use]
    pub fn unknown() -> Self {
        Self { same_user: false, inode: None, process: OnceCell::new() }
    }

    /// A process that is known already.
    #[cfg(test)]
    pub(super) fn known(process: Process) -> Self {
        Self { same_user: true, inode: None, process: OnceCell::new_with(Some(process)) }
    }

    /// The process, searched for once.
    pub async fn process(&self, searches: &Searches) -> &Process {
        self.process
            .get_or_init(|| async {
                match self.inode {
                    Some(inode) => searches.find(inode).await,
                    None => Process::default(),
                }
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::Write as _,
        process::{Child, Command, Stdio},
    };

    /// A shell that becomes another program when it is told a line.
    fn shell() -> Child {
        let mut command = Command::new("sh");
        command.args(["-c", "read line; exec sleep 600"]).stdin(Stdio::piped()).spawn().expect("a shell")
    }

    fn pid(child: &Child) -> i32 {
        i32::try_from(child.id()).expect("a number")
    }

    #[test]
    fn a_process_that_became_another_program_is_not_taken_for_the_first() {
        let mut child = shell();
        let process = Process::of(pid(&child));
        assert_eq!(process.still(), process.program);
        assert!(process.program.is_some());
        child.stdin.take().expect("a pipe").write_all(b"\n").expect("told");
        while caller::program(pid(&child)) == process.program {
            std::thread::yield_now();
        }
        assert_eq!(process.still(), None);
        child.kill().expect("ended");
        child.wait().expect("ended");
    }

    #[test]
    fn a_process_that_ended_or_has_the_number_of_an_earlier_one_is_nobody() {
        let mut child = shell();
        let process = Process::of(pid(&child));
        let earlier = Process { began: process.began.map(|began| began - 1), ..process.clone() };
        assert_eq!(earlier.still(), None);
        assert_eq!(Process { began: None, ..process.clone() }.still(), None, "the system does not tell");
        child.kill().expect("ended");
        child.wait().expect("ended");
        assert_eq!(process.still(), None);
        assert_eq!(Process::default().still(), None);
    }
}
