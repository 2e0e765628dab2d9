//! The environment of the host, and whether it may be believed.
//!
//! Registered modules are loaded by whatever looks for keys, set-uid programs included. There the variables are those of
//! whoever started the program, who has less power than the program: they name no file and no agent then. libc says so by
//! `AT_SECURE` (getauxval(3)), as for its own variables.

use std::{ffi::OsString, fs, io, sync::OnceLock};

/// `AT_SECURE` of `<elf.h>`.
const SECURE: usize = 23;
/// Bytes of a number of the list.
const NUMBER: usize = size_of::<usize>();

/// A variable, where it may be believed and says something.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    let believed = *BELIEVED.get_or_init(|| !is_secure(fs::read("/proc/self/auxv")));
    std::env::var_os(name).filter(|value| believed && !value.is_empty())
}

static BELIEVED: OnceLock<bool> = OnceLock::new();

/// Whether the list of the kernel says that the program has more power than its caller. A list that is kept from the
/// program is that of such a one; one that is not there at all says nothing.
fn is_secure(list: io::Result<Vec<u8>>) -> bool {
    match list {
        Ok(list) => {
            let mut pairs = list.chunks_exact(2 * NUMBER).map(|pair| pair.split_at(NUMBER));
            pairs.any(|(key, value)| key == SECURE.to_ne_bytes() && value.iter().any(|byte| *byte != 0))
        }
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(pairs: &[[usize; 2]]) -> io::Result<Vec<u8>> {
        Ok(pairs.iter().flatten().flat_map(|number| number.to_ne_bytes()).collect())
    }

    #[test]
    fn a_program_with_more_power_than_its_caller_believes_no_variable() {
        assert!(is_secure(list(&[[6, 4096], [SECURE, 1], [0, 0]])));
        assert!(is_secure(Err(io::ErrorKind::PermissionDenied.into())), "the list is kept from it");
    }

    #[test]
    fn an_ordinary_program_does() {
        assert!(!is_secure(list(&[[SECURE, 0], [6, SECURE], [0, 0]])));
        assert!(!is_secure(fs::read("/proc/self/auxv")), "this one");
        assert!(!is_secure(Err(io::ErrorKind::NotFound.into())), "not on this system");
    }
}
