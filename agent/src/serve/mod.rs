//! The two doors: the bridge for applications and browsers, the control socket for our own programs.

pub mod desk;
