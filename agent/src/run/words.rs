//! From our values to the words of the API.

use super::{
    cards::{Inside, PlaceSeen},
    present::Present,
};
use crate::{
    host::bridge_tls::Authority,
    serve::desk::{Hint, Number},
};
use cps_agent_api::words;
use cps_agent_core::{
    catalogue::Service,
    diagnosis,
    failure::{Failure, Language},
    identity::{Credential, SessionView, UnixTime, Way},
    oidc::{
        client::{Client, Source},
        situation::Offer,
    },
    psc::ciba::Channel,
};
use cps_card::{
    certificate::Certificate,
    codes::{self, Table},
    holder::Holder,
    token::{KeyInfo, KeyRole, Kind},
};
use std::path::Path;

/// Where a login stands.
pub(super) fn progress(way: Way, hint: &Hint) -> words::LoginProgress {
    let number = match hint {
        Hint::Number(number) => Some(number),
        _ => None,
    };
    let channel = |number: &Number| if number.phone { Channel::Mobile } else { Channel::Card };
    words::LoginProgress {
        way: way.word().to_owned(),
        hint: hint.word().to_owned(),
        number: number.map(|number| number.digits.clone()),
        identifier: number.map(|number| number.identifier.clone()),
        channel: number.map(|number| channel(number).name().to_owned()),
        expires: number.and_then(|number| number.expires),
        address: match hint {
            Hint::Browser { address } => Some(address.clone()),
            _ => None,
        },
    }
}

/// A reader.
pub(super) fn reader(place: &PlaceSeen) -> words::Reader {
    let (state, serial) = match &place.inside {
        Inside::Empty => ("empty", None),
        Inside::Reading => ("card", None),
        Inside::Mute => ("mute", None),
        Inside::Useless(_) => ("unknown", None),
        Inside::Card(present) => ("card", Some(present.serial().to_owned())),
    };
    words::Reader { name: place.name.clone(), state: state.to_owned(), serial }
}

/// A card or token.
pub(super) fn card(present: &Present, language: Language, now: UnixTime) -> words::Card {
    let description = &present.description;
    let kind = match description.kind {
        Kind::Cps3 => "cps3",
        Kind::Cps3Contactless => "cps3-contactless",
        Kind::Cps4 => "cps4",
        Kind::Soft => "token",
    };
    let holder = holder(present);
    words::Card {
        serial: description.serial.clone(),
        kind: kind.to_owned(),
        place: description.place.clone(),
        label: description.label.clone(),
        test: holder.as_ref().is_some_and(Holder::is_test),
        holder: holder.as_ref().map(|holder| holder_words(holder, language)),
        unlocked: present.unlocked(),
        problem: None,
        warning: warning(present, now).map(|failure| words::Problem::of(&failure, language)),
    }
}

/// A token file that cannot be used.
pub(super) fn useless_token(place: &PlaceSeen) -> Option<words::Card> {
    let Inside::Useless(failure) = &place.inside else { return None };
    Some(words::Card {
        serial: String::new(),
        kind: "token".to_owned(),
        place: place.name.clone(),
        label: String::new(),
        test: false,
        holder: None,
        unlocked: false,
        problem: Some(failure.code.word().to_owned()),
        warning: None,
    })
}

/// The certificate that logs people in ends soon. One that has ended is refused, with its own words.
fn warning(present: &Present, now: UnixTime) -> Option<Failure> {
    let keys = present.description.keys.iter();
    let mut keys = keys.filter(|key| key.role == KeyRole::Authentication);
    let end = keys.find_map(|key| Some(key.certificate.as_deref()?.not_after()))?;
    diagnosis::card_ending(UnixTime(end), now)
}

/// The person on a card.
pub(super) fn holder(present: &Present) -> Option<Holder> {
    present
        .description
        .keys
        .iter()
        .find_map(|key| key.certificate.as_deref().and_then(Holder::from_certificate))
}

fn holder_words(holder: &Holder, language: Language) -> words::Holder {
    let language = codes_language(language);
    let code = |table: Table, code: &str| words::Code {
        code: code.to_owned(),
        label: codes::display(table, code, language).to_owned(),
    };
    words::Holder {
        id: holder.national_id.as_str().to_owned(),
        given_name: holder.given_name.clone(),
        family_name: holder.family_name.clone(),
        card_type: holder.card_type.map(|card_type| code(Table::G02, &card_type.code())),
        profession: holder.profession.as_deref().map(|profession| code(Table::G15, profession)),
        specialities: holder.specialities.iter().map(|s| code(Table::R01, s)).collect(),
    }
}

/// What identifies a card or token in sessions and audit lines.
pub(super) fn credential(present: &Present) -> Option<Credential> {
    let certificate = present.description.keys.iter().find_map(|key| key.certificate.as_deref())?;
    Some(Credential {
        serial: present.serial().to_owned(),
        certificate: hex(&certificate.fingerprint_sha256()),
    })
}

/// A certificate with its key's role.
pub(super) fn certificate(key: &KeyInfo, certificate: &Certificate) -> words::CardCertificate {
    let role = match key.role {
        KeyRole::Authentication => "authentication",
        KeyRole::Signature => "signature",
        KeyRole::Technical => "technical",
    };
    words::CardCertificate {
        role: role.to_owned(),
        label: key.certificate_label.clone(),
        subject: certificate.subject().to_owned(),
        issuer: certificate.issuer().to_owned(),
        serial: certificate.serial_hex().to_owned(),
        not_before: certificate.not_before(),
        not_after: certificate.not_after(),
        sha256: hex(&certificate.fingerprint_sha256()),
        pem: pem("CERTIFICATE", certificate.der()),
    }
}

/// PEM (RFC 7468).
pub(super) fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let mut text = format!("-----BEGIN {label}-----\n");
    // 48 bytes are a line of 64 characters.
    for line in der.chunks(48) {
        base64::engine::general_purpose::STANDARD.encode_string(line, &mut text);
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}

/// The authority of the bridge's certificate.
pub(super) fn authority(authority: &Authority, file: &Path, in_use: bool) -> words::Authority {
    words::Authority {
        sha256: hex(&authority.sha256),
        pem: pem("CERTIFICATE", &authority.der),
        file: file.display().to_string(),
        not_before: authority.not_before,
        not_after: authority.not_after,
        in_use,
    }
}

/// A session. `clients` are the applications that hold tokens of it.
pub(super) fn session(session: &SessionView, clients: Vec<String>) -> words::Session {
    let assurance = &session.assurance;
    words::Session {
        sid: session.sid.0.clone(),
        sub: session.person.id.0.clone(),
        name: session.person.display_name(),
        way: assurance.way.word().to_owned(),
        acr: assurance.acr.clone(),
        amr: assurance.amr.clone(),
        psc_auth_mode: assurance.psc_auth_mode.clone(),
        idp: assurance.idp.clone(),
        card: assurance.credential.as_ref().map(|credential| credential.serial.clone()),
        auth_time: assurance.auth_time.0,
        expires: session.expires.0,
        locked: session.locked,
        clients,
    }
}

/// A service of the catalogue.
pub(super) fn service(service: &Service, language: Language) -> words::Service {
    words::Service {
        id: service.id.clone(),
        name: service.name(language).to_owned(),
        address: service.address.to_string(),
        access: service.access.word().to_owned(),
    }
}

/// A registered application.
pub(super) fn client(client: &Client) -> words::Client {
    let registration = client.registration().clone();
    words::Client {
        client_id: registration.id,
        name: registration.name,
        redirect_uris: registration.redirect_uris,
        confidential: client.confidential(),
        client_auth: word(client.registration().client_auth()),
        gateways: registration.gateways.clone(),
        public_key: registration.public_key,
        scopes: client.scopes().to_vec(),
        claims: client.claims().to_vec(),
        ways: client.ways().iter().map(|way| way.word().to_owned()).collect(),
        id_token_alg: word(registration.id_token_alg),
        pkce: word(registration.pkce),
        profile: word(registration.profile),
        consent: word(registration.consent),
        situation: word(registration.situation),
        origins: registration.origins,
        post_logout_redirect_uris: registration.post_logout_redirect_uris,
        backchannel_logout_uri: registration.backchannel_logout_uri,
        ciba: registration.ciba,
        require_pushed_authorization_requests: registration.require_pushed_authorization_requests,
        origin: Some(match client.source() {
            Source::Administrator => "policy".to_owned(),
            Source::Person => "user".to_owned(),
        }),
    }
}

/// The word of a choice in a registration, as `clients.d/*.toml` spells it.
fn word(choice: impl serde::Serialize) -> Option<String> {
    serde_json::to_value(choice).ok()?.as_str().map(str::to_owned)
}

/// A professional situation as its person knows it: profession, speciality, structure.
pub(super) fn situation(offer: &Offer, language: Language) -> String {
    let language = codes_language(language);
    let coded = |table, code: &Option<String>| {
        code.as_deref().map(|code| codes::display(table, code, language).to_owned())
    };
    let parts =
        [coded(Table::G15, &offer.profession), coded(Table::R01, &offer.speciality), offer.structure.clone()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" – ")
}

fn codes_language(language: Language) -> codes::Language {
    match language {
        Language::French => codes::Language::French,
        Language::English => codes::Language::English,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
