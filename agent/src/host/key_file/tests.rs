//! Files that people have in practice, and what they are told of the others.

use super::*;

// TEST keys, made for this file alone.
const P256_PKCS8: &str = include_str!("keys/p256-pkcs8.pem");
const P256_SEC1: &str = include_str!("keys/p256-sec1.pem");
const RSA_PKCS1: &str = include_str!("keys/rsa-pkcs1.pem");

fn file(content: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    fs::write(&path, content).expect("written");
    (folder, path)
}

fn refusal(content: &str) -> String {
    let (folder, path) = file(content);
    let error = signing_key(&path).expect_err("refused").to_string();
    error.replace(&folder.path().display().to_string(), "")
}

#[test]
fn a_secret_loses_the_white_space_around_it() {
    for content in ["geheim-1", "geheim-1\n", "  geheim-1\r\n\r\n", "\u{FEFF}geheim-1\n"] {
        let (_folder, path) = file(content);
        assert_eq!(secret(&path).expect("a secret").expose(), "geheim-1", "{content:?}");
    }
}

#[test]
fn an_invisible_character_in_a_secret_is_named_and_the_secret_is_not() {
    for (content, code) in [("ab\u{200B}cd", "U+200B"), ("ab\u{A0}cd", "U+00A0"), ("ab\ncd", "U+000A")] {
        let (_folder, path) = file(content);
        let error = secret(&path).expect_err("refused").to_string();
        assert!(error.contains(code) && error.contains("copy the secret again"), "{error}");
        assert!(
            !error.contains("ab")
                || error.matches("ab").count() == path.display().to_string().matches("ab").count()
        );
    }
    let (_folder, path) = file(" \n");
    assert!(matches!(secret(&path), Err(KeyFileError::Empty { .. })));
}

#[test]
fn a_secret_of_its_owner_alone_is_refused_where_others_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, path) = file("1234\n");
    for mode in [0o644, 0o640, 0o604, 0o620] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("our own file");
        assert!(matches!(own_secret(&path), Err(KeyFileError::Open { .. })), "{mode:o}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).expect("our own file");
    assert_eq!(own_secret(&path).expect("a secret").expose(), "1234");
}

#[test]
fn keys_are_read_in_every_form_that_tools_write() {
    let kids = [P256_PKCS8, P256_SEC1].map(|pem| {
        let (_folder, path) = file(pem);
        signing_key(&path).expect("a key").kid().to_owned()
    });
    assert_eq!(kids[0], kids[1], "the same key in two forms");
    let (_folder, path) = file(RSA_PKCS1);
    signing_key(&path).expect("an RSA key");
}

#[test]
fn a_key_that_cannot_be_used_is_refused_with_the_next_step() {
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    assert!(refusal(encrypted).starts_with("/file: the key is encrypted: write it without a passphrase"));
    let certificate = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    for content in
        ["", "not a key", certificate, "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"]
    {
        assert!(refusal(content).starts_with("/file: holds no private key that can be used"), "{content:?}");
    }
    let gone = signing_key(Path::new("/nowhere/key.pem")).expect_err("refused").to_string();
    assert_eq!(gone, "/nowhere/key.pem: cannot be read");
}
