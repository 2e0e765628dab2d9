//! What each fuzz target does with its bytes: read them as the code behind a door or a reader would, and look at the result.
//!
//! A target must not panic, loop or allocate without bound. Where more can be said of every answer (a redirect goes only
//! to a registered address, no key accepts a forged token) the target says it, and libFuzzer looks for the exception.
//! Those targets answer whether the bytes were accepted, so that the corpus can prove that they reach the end of the road.
//!
//! | file | who sends the bytes |
//! | --- | --- |
//! | [`card`] | a card |
//! | [`jose`] | anybody who holds a token |
//! | [`upstream`] | the provider we log in at |
//! | [`trust`] | whoever answers for a responder |
//! | [`provider`] | an application, to the endpoints of OpenID Connect |
//! | [`door`] | anybody who reaches the loopback port, to a whole agent |
//! | [`pkcs11`] | a program that loaded the PKCS#11 module, to the module's functions |

pub mod card;
#[cfg(target_os = "linux")]
pub mod door;
pub mod jose;
#[cfg(target_os = "linux")]
pub mod pkcs11;
pub mod provider;
pub mod trust;
pub mod upstream;

/// Runs a target on the files named on the command line, to look at a finding again.
///
/// # Errors
/// A file cannot be read.
pub fn replay<T>(target: fn(&[u8]) -> T) -> std::io::Result<()> {
    for file in std::env::args_os().skip(1) {
        let _ = target(&std::fs::read(file)?);
    }
    Ok(())
}
