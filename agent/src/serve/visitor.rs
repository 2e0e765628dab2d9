//! Who opened a connection to the bridge, found out only as far as a request needs it.
//!
//! The user comes with the connection tables, before anything is served. The process behind a socket is in no table: it
//! must be searched for in all of `/proc`, which takes longer than most answers. It is searched for once, when the audit
//! trail or a bound wants it.

use super::caller;
use tokio::sync::{OnceCell, Semaphore};

/// The process at the other end, where the system tells.
#[derive(Debug, Clone, Default)]
pub struct Process {
    /// Its number.
    pub pid: Option<i32>,
    /// Its executable.
    pub program: Option<String>,
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

    /// The process, searched for once. `searches` bounds how many searches run at a time.
    pub async fn process(&self, searches: &Semaphore) -> &Process {
        self.process
            .get_or_init(|| async {
                let Some(inode) = self.inode else { return Process::default() };
                let _turn = searches.acquire().await;
                let search = move || {
                    let pid = caller::process(inode);
                    Process { pid, program: pid.and_then(caller::program) }
                };
                tokio::task::spawn_blocking(search).await.unwrap_or_default()
            })
            .await
    }
}
