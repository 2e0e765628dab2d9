//! The organisation's certificate out of a PKCS#12 file, as `openssl` and older portals write one.

use crate::{
    establishment::{Establishment, P256, Pair, RSA},
    street::Street,
};
use cps_sandbox::{card::cards, service::Settings};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

const PASSWORD: &str = "mot de passe de TEST";
/// What portals wrote for twenty years, and some still do.
const OLD: &[&str] = &["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "SHA1"];

/// A gateway that shows the certificate of such a file, to a service that knows the establishment's root.
async fn street(house: &Establishment, file: &Path, password: &Path) -> Street {
    let settings = Settings { authority: Some(house.root()), ..Settings::default() };
    let card = cards::doctor_cps3();
    let street = Street::to(settings, &[&card], |gateway| {
        gateway.insert("credential".to_owned(), "organisation".into());
        gateway.insert("key".to_owned(), file.display().to_string().into());
        gateway.insert("password_file".to_owned(), password.display().to_string().into());
    })
    .await;
    street.log_in().await;
    street
}

/// What the gateway refuses a call with, which is what the doctor says of it.
async fn refusal(house: &Establishment, file: &Path, password: &Path) -> String {
    let street = street(house, file, password).await;
    let (status, code) = street.refusal("echo").await;
    assert_eq!(status, 503, "{code}");
    assert_eq!(doctor(&street).await, ("failed".to_owned(), Some(code.clone())));
    assert_eq!(street.service.counts().connections(), 0);
    street.desk.end().await;
    code
}

async fn doctor(street: &Street) -> (String, Option<String>) {
    let diagnosis = street.desk.control().await.diagnosis().await.expect("a diagnosis");
    let check = diagnosis.checks.into_iter().find(|check| check.name == "gateway").expect("a line");
    (check.state, check.code)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_opened_says_why() {
    let house = Establishment::new();
    let pair = house.pair("organisation", P256, 365);
    let file = house.pkcs12("organisation.p12", &pair, PASSWORD, &[]);
    let (right, wrong) = (house.secret("right", PASSWORD), house.secret("wrong", "un autre"));
    assert_eq!(refusal(&house, &file, &wrong).await, "gateway_password_wrong");
    assert_eq!(refusal(&house, &house.file("absent.p12"), &right).await, "gateway_files");
    assert_eq!(refusal(&house, &file, &house.file("absent")).await, "gateway_files");
    assert_eq!(refusal(&house, &pair.certificate, &right).await, "gateway_files");
    fs::set_permissions(&right, fs::Permissions::from_mode(0o640)).expect("our own file");
    assert_eq!(refusal(&house, &file, &right).await, "gateway_secret_open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_a_key_of_its_certificate_is_refused() {
    let house = Establishment::new();
    let pair = house.pair("organisation", P256, 365);
    let password = house.secret("password", PASSWORD);
    let keyless = house.pkcs12("keyless.p12", &pair, PASSWORD, &["-nokeys"]);
    assert_eq!(refusal(&house, &keyless, &password).await, "gateway_key_missing");
    let bare = house.pkcs12("bare.p12", &pair, PASSWORD, &["-nocerts"]);
    assert_eq!(refusal(&house, &bare, &password).await, "gateway_key_missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_handshake_with_the_key_of_a_file_serves_many_requests() {
    let house = Establishment::new();
    let password = house.secret("password", PASSWORD);
    let pairs: [(Pair, &str); 2] =
        [(house.pair("etab-rsa", RSA, 365), "etab-rsa"), (house.pair("etab-p256", P256, 365), "etab-p256")];
    for (pair, name) in &pairs {
        for (form, how) in [("new", &[][..]), ("old", OLD)] {
            let file = house.pkcs12(&format!("{name}-{form}.p12"), pair, PASSWORD, how);
            let street = street(&house, &file, &password).await;
            for _ in 0..20 {
                assert_eq!(street.echo("echo").await["client"], *name, "{form}");
            }
            let counts = street.service.counts();
            assert_eq!((counts.whole(), counts.requests()), (1, 20), "{name} {form}");
            assert_eq!(doctor(&street).await, ("ok".to_owned(), None));
            street.desk.end().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_its_certificate_is_told_in_time_and_its_place_by_the_doctor() {
    let house = Establishment::new();
    let file = house.pkcs12("ends.p12", &house.pair("ends", P256, 30), PASSWORD, &[]);
    let street = street(&house, &file, &house.secret("password", PASSWORD)).await;
    let told = doctor(&street).await;
    assert_eq!(told, ("warning".to_owned(), Some("gateway_certificate_ending".to_owned())));
    street.desk.end().await;
}
