//! Fuzz target `certificate`: libFuzzer in a fuzzing build, a replay of the files named otherwise.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| cps_fuzz::card::certificate(data));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    cps_fuzz::replay(cps_fuzz::card::certificate)
}
