//! Fuzz target `ocsp`: libFuzzer in a fuzzing build, a replay of the files named otherwise.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = cps_fuzz::trust::ocsp(data);
});

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    cps_fuzz::replay(cps_fuzz::trust::ocsp)
}
