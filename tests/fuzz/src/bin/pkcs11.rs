//! Fuzz target `pkcs11`: libFuzzer in a fuzzing build, a replay of the files named otherwise.
#![cfg_attr(fuzzing, no_main)]

#[cfg(all(fuzzing, target_os = "linux"))]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = cps_fuzz::pkcs11::calls(data);
});

#[cfg(all(not(fuzzing), target_os = "linux"))]
fn main() -> std::io::Result<()> {
    cps_fuzz::replay(cps_fuzz::pkcs11::calls)
}

#[cfg(not(target_os = "linux"))]
fn main() {}
