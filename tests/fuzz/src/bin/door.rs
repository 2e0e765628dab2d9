//! Fuzz target `door`: libFuzzer in a fuzzing build, a replay of the files named otherwise.
#![cfg_attr(fuzzing, no_main)]

#[cfg(all(fuzzing, target_os = "linux"))]
libfuzzer_sys::fuzz_target!(init: cps_fuzz::door::open(), |data: &[u8]| {
    let _ = cps_fuzz::door::http(data);
});

#[cfg(all(not(fuzzing), target_os = "linux"))]
fn main() -> std::io::Result<()> {
    cps_fuzz::replay(cps_fuzz::door::http)
}

#[cfg(not(target_os = "linux"))]
fn main() {}
