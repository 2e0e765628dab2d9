//! The noisy half of the agent: sockets, files, clocks, processes; `run` joins them with the quiet half.

pub mod serve;
