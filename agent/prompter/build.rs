//! Puts `manifest.xml` into the program for Windows; for every other system there is nothing to do.

use std::{
    env, fs,
    io::{Error, Result},
    path::PathBuf,
    process::Command,
};

fn main() -> Result<()> {
    // Cargo speaks to its build scripts in lines on standard output.
    #![allow(clippy::print_stdout, reason = "these lines are for Cargo")]
    println!("cargo::rerun-if-changed=manifest.xml");
    let set = |name: &str| env::var(name).unwrap_or_default();
    if set("CARGO_CFG_TARGET_OS") != "windows" {
        return Ok(());
    }
    let manifest = PathBuf::from(set("CARGO_MANIFEST_DIR")).join("manifest.xml");
    if set("CARGO_CFG_TARGET_ENV") == "msvc" {
        println!("cargo::rustc-link-arg-bins=/MANIFEST:EMBED");
        println!("cargo::rustc-link-arg-bins=/MANIFESTINPUT:{}", manifest.display());
        return Ok(());
    }
    // The linker of GNU takes resources as an object, which its companion makes of a line of script: the first resource of
    // the kind 24, which is what a manifest is.
    let out = PathBuf::from(set("OUT_DIR"));
    let (script, object) = (out.join("manifest.rc"), out.join("manifest.o"));
    fs::write(&script, format!("1 24 \"{}\"\n", manifest.display().to_string().replace('\\', "/")))?;
    let compiler = match set("CARGO_CFG_TARGET_ARCH").as_str() {
        "x86" => "i686-w64-mingw32-windres".to_owned(),
        arch => format!("{arch}-w64-mingw32-windres"),
    };
    let made = Command::new(&compiler).arg(&script).arg(&object).status();
    if !made.map_err(|error| Error::new(error.kind(), format!("{compiler}: {error}")))?.success() {
        return Err(Error::other(format!("{compiler} makes no object of {}", script.display())));
    }
    println!("cargo::rustc-link-arg-bins={}", object.display());
    Ok(())
}
