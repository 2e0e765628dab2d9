//! The virtual cards answer as the reference says, and satisfy software that nobody here wrote.

mod golden;
#[cfg(target_os = "linux")]
mod opensc;
mod script;
