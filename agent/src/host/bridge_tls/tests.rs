//! What the bridge's certificate vouches for, judged by OpenSSL, and how it is kept.

use super::*;
use crate::host::{
    bridge_authority::{LIFE, NAMES},
    entropy::SystemEntropy,
};
use std::{
    fs,
    process::{Command, Stdio},
};

const NOW: UnixTime = UnixTime(1_795_406_400);

fn opened() -> (tempfile::TempDir, Folder, BridgeTls) {
    let place = tempfile::tempdir().expect("a folder");
    let folder = Folder::open(place.path()).expect("opened");
    let tls = BridgeTls::open(&folder).expect("opened");
    (place, folder, tls)
}

fn made() -> Made {
    bridge_authority::make(&mut SystemEntropy::new(), NOW).expect("made")
}

/// Runs OpenSSL and returns its exit and what it said.
fn openssl(arguments: &[&str]) -> (bool, String) {
    let output = Command::new("openssl").args(arguments).stdin(Stdio::null()).output();
    let output = output.expect("openssl runs: tests/run.sh says what is needed");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// Verifies the leaf of `made` for a name, at a moment.
fn verify(made: &Made, leaf: &str, kind: &str, name: &str, at: UnixTime) -> (bool, String) {
    let place = tempfile::tempdir().expect("a folder");
    let path = |file: &str| place.path().join(file).display().to_string();
    fs::write(path("authority.pem"), &made.authority).expect("written");
    fs::write(path("leaf.pem"), leaf).expect("written");
    let at = at.0.to_string();
    let (authority, leaf) = (path("authority.pem"), path("leaf.pem"));
    openssl(&[
        "verify",
        "-x509_strict",
        "-purpose",
        "sslserver",
        "-attime",
        &at,
        "-CAfile",
        &authority,
        kind,
        name,
        &leaf,
    ])
}

#[test]
fn an_independent_judge_accepts_the_bridge_by_each_of_its_names() {
    let made = made();
    for name in NAMES {
        let kind = if name == "localhost" { "-verify_hostname" } else { "-verify_ip" };
        let (accepted, said) = verify(&made, &made.leaf, kind, name, NOW);
        assert!(accepted, "{name}: {said}");
    }
}

#[test]
fn an_independent_judge_refuses_it_for_another_name_and_at_another_time() {
    let made = made();
    for (kind, name, at) in [
        ("-verify_hostname", "evil.example", NOW),
        ("-verify_ip", "127.0.0.2", NOW),
        ("-verify_ip", "192.168.0.1", NOW),
        ("-verify_hostname", "localhost", NOW.plus(LIFE + 1)),
        ("-verify_hostname", "localhost", NOW.plus(-7_200)),
    ] {
        let (accepted, said) = verify(&made, &made.leaf, kind, name, at);
        assert!(!accepted, "{name}: {said}");
    }
}

/// Were the authority's key ever stolen, what it signs for other names is worth nothing. OpenSSL makes an authority with
/// our authority's own words and a key that we have, and abuses it.
#[test]
fn an_independent_judge_refuses_what_the_authority_may_not_vouch_for() {
    let place = tempfile::tempdir().expect("a folder");
    let path = |file: &str| place.path().join(file).display().to_string();
    fs::write(path("ours.pem"), made().authority).expect("written");
    // The same certificate with another key: subject, extensions and dates are copied.
    let run = |arguments: &[&str]| {
        let (done, said) = openssl(arguments);
        assert!(done, "{arguments:?}: {said}");
    };
    let (ours, key, request, stolen) =
        (path("ours.pem"), path("key.pem"), path("request.pem"), path("stolen.pem"));
    run(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &key]);
    let constraints = "critical,permitted;DNS:localhost,permitted;IP:127.0.0.1/255.255.255.255,\
        permitted;IP:::1/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF,permitted;email:localhost";
    let (_, text) = openssl(&["x509", "-in", &ours, "-noout", "-ext", "nameConstraints"]);
    let said: Vec<&str> = text.lines().skip(1).map(str::trim).collect();
    let expected = [
        "Permitted:",
        "DNS:localhost",
        "IP:127.0.0.1/255.255.255.255",
        "IP:0:0:0:0:0:0:0:1/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF",
        "email:localhost",
    ];
    assert!(text.contains("critical"), "{text}");
    assert_eq!(said, expected, "{text}");
    let extensions = format!("nameConstraints={constraints}");
    run(&[
        "req",
        "-x509",
        "-new",
        "-key",
        &key,
        "-subj",
        "/CN=stolen",
        "-addext",
        &extensions,
        "-addext",
        "basicConstraints=critical,CA:TRUE,pathlen:0",
        "-addext",
        "keyUsage=critical,keyCertSign",
        "-out",
        &stolen,
    ]);
    for (name, accepted) in [
        ("DNS:localhost", true),
        ("DNS:evil.example", false),
        ("DNS:localhost.evil.example", false),
        ("IP:10.0.0.1", false),
        ("email:a@evil.example", false),
    ] {
        let (leaf, extensions) = (path("leaf.pem"), format!("subjectAltName={name}"));
        run(&["req", "-new", "-key", &key, "-subj", "/O=x", "-addext", &extensions, "-out", &request]);
        run(&[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            &stolen,
            "-CAkey",
            &key,
            "-copy_extensions",
            "copy",
            "-out",
            &leaf,
        ]);
        let (verified, said) = openssl(&["verify", "-CAfile", &stolen, &leaf]);
        assert_eq!(verified, accepted, "{name}: {said}");
        assert!(accepted || said.contains("permitted subtree violation"), "{name}: {said}");
    }
}

#[test]
fn the_authority_is_for_this_machine_alone_and_every_one_is_another() {
    let (one, two) = (made(), made());
    let place = tempfile::tempdir().expect("a folder");
    let told = |pem: &str| {
        let file = place.path().join("certificate.pem");
        fs::write(&file, pem).expect("written");
        openssl(&["x509", "-in", &file.display().to_string(), "-noout", "-text"]).1
    };
    let text = told(&one.authority);
    for part in ["CA:TRUE, pathlen:0", "Certificate Sign", "TLS Web Server Authentication"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("CRL Sign"), "{text}");
    let line = |text: &str, name: &str| {
        let found = text.lines().skip_while(|line| !line.contains(name)).take(2);
        found.collect::<Vec<_>>().join(" ")
    };
    for name in ["Serial Number", "Subject:", "Subject Key Identifier"] {
        assert_ne!(line(&text, name), line(&told(&two.authority), name), "{name}");
    }
    assert_ne!(line(&text, "Serial Number"), line(&told(&one.leaf), "Serial Number"));
    let leaf = told(&one.leaf);
    assert!(!leaf.contains("CA:TRUE") && leaf.contains("Digital Signature"), "{leaf}");
}

#[test]
fn without_a_certificate_and_after_its_end_the_bridge_says_so() {
    let (_place, folder, tls) = opened();
    assert_eq!(tls.problem(NOW).expect("a problem").code, BRIDGE_CERTIFICATE_MISSING);
    assert!(!tls.lasts(NOW));
    let authority = tls.renew(&mut SystemEntropy::new(), NOW).expect("made");
    for tls in [tls, BridgeTls::open(&folder).expect("opened")] {
        assert_eq!(tls.authority().as_ref(), Some(&authority));
        assert_eq!(tls.problem(NOW), None);
        assert!(tls.lasts(NOW) && !tls.lasts(NOW.plus(LIFE - RENEWAL)));
        assert_eq!(tls.problem(NOW.plus(LIFE)).expect("a problem").code, BRIDGE_CERTIFICATE_EXPIRED);
    }
}

#[test]
fn keys_are_not_readable_on_the_disk_and_the_authoritys_is_nowhere() {
    let (place, _folder, tls) = opened();
    tls.renew(&mut SystemEntropy::new(), NOW).expect("made");
    let mut files = vec![place.path().to_owned()];
    let mut seen = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()));
            continue;
        }
        seen += 1;
        let content = fs::read(&path).expect("a file");
        assert!(!content.windows(11).any(|part| part == b"PRIVATE KEY"), "{}", path.display());
    }
    assert_eq!(seen, 3, "the seal, the sealed file and the authority's certificate");
    let bundle = tls.vault.read(SEALED).expect("read").expect("there");
    let keys = bundle.windows(27).filter(|part| part == b"-----BEGIN PRIVATE KEY-----").count();
    assert_eq!(keys, 1, "the bridge's own");
}

#[test]
fn removing_leaves_nothing() {
    let (_place, folder, tls) = opened();
    tls.renew(&mut SystemEntropy::new(), NOW).expect("made");
    assert!(tls.authority_file().exists());
    tls.remove().expect("removed");
    assert!(tls.authority().is_none() && !tls.authority_file().exists());
    assert!(BridgeTls::open(&folder).expect("opened").authority().is_none());
    tls.remove().expect("again");
}

#[test]
fn a_damaged_certificate_is_kept_aside_and_the_agent_starts() {
    let (_place, folder, tls) = opened();
    tls.renew(&mut SystemEntropy::new(), NOW).expect("made");
    folder.folder("sealed").expect("folder").write(SEALED, b"damaged").expect("damaged");
    let tls = BridgeTls::open(&folder).expect("opened");
    assert_eq!(tls.problem(NOW).expect("a problem").code, BRIDGE_CERTIFICATE_MISSING);
    tls.renew(&mut SystemEntropy::new(), NOW).expect("made anew");
    assert_eq!(tls.problem(NOW), None);
}
