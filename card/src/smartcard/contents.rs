//! The card's directories and certificates, read once, remembered by the cache.

use super::{SmartCard, Update};
use crate::Error;
use crate::apdu::{FilePath, Status};
use crate::applet::{self, Extent};
use crate::certificate::Certificate;
use crate::pkcs15::{self, CertificateRecord, KeyRecord, PinRecord};
use crate::profile::{self, Profile};
use crate::token::{Description, KeyInfo, KeyRole, Kind, Scheme};
use std::sync::Arc;

/// What the card's directories say, completed by its profile.
#[derive(Debug)]
pub(super) struct Contents {
    label: String,
    manufacturer: String,
    pub(super) pin: Option<PinRecord>,
    pub(super) puk: Option<PinRecord>,
    keys: Vec<KeyEntry>,
    pub(super) data_objects: FilePath,
}

/// One key and where its certificate is.
#[derive(Debug)]
pub(super) struct KeyEntry {
    pub(super) key: applet::Key,
    pub(super) schemes: &'static [Scheme],
    pub(super) needs_pin: bool,
    id: Vec<u8>,
    label: String,
    certificate: FilePath,
    certificate_label: String,
}

impl Contents {
    /// The key of a role.
    pub(super) fn key(&self, role: KeyRole) -> Result<&KeyEntry, Error> {
        self.keys.iter().find(|entry| entry.key.role == role).ok_or(Error::Unsupported(match role {
            KeyRole::Authentication => "authentication",
            KeyRole::Signature => "signatures of documents",
            KeyRole::Technical => "proofs of presence",
        }))
    }
}

impl SmartCard {
    /// The directory that holds keys and PKCS#15 files.
    pub(super) fn application(&self) -> FilePath {
        FilePath::new(self.profile.application)
    }

    pub(super) fn read_description(&mut self) -> Result<Arc<Description>, Error> {
        if let Some(description) = &self.description {
            return Ok(Arc::clone(description));
        }
        let contents = self.contents()?;
        // The first key's certificate says who the holder is; the others are read when they are asked for.
        let identity = match contents.keys.first() {
            Some(entry) => self.certificate_file(&entry.certificate)?,
            None => None,
        };
        let keys = contents.keys.iter().enumerate().map(|(index, entry)| KeyInfo {
            role: entry.key.role,
            id: entry.id.clone(),
            label: entry.label.clone(),
            certificate_label: entry.certificate_label.clone(),
            certificate: identity.clone().filter(|_| index == 0),
            schemes: entry.schemes.to_vec(),
            needs_pin: entry.needs_pin,
            longest_encoded: self.profile.applet.longest_encoded(&entry.key),
            block: if self.profile.applet.takes_blocks(&entry.key) { entry.key.modulus } else { 0 },
            deciphers: entry.key.role == KeyRole::Authentication,
        });
        let description = Arc::new(Description {
            kind: self.profile.kind,
            serial: self.identity.serial.clone(),
            label: contents.label.clone(),
            manufacturer: contents.manufacturer.clone(),
            pin_lengths: contents.pin.as_ref().map(|pin| (pin.min, pin.max)),
            place: self.reader.clone(),
            keys: keys.collect(),
        });
        self.description = Some(Arc::clone(&description));
        self.save();
        Ok(description)
    }

    pub(super) fn read_certificate(&mut self, role: KeyRole) -> Result<Arc<Certificate>, Error> {
        let description = self.read_description()?;
        if let Some(certificate) = description.key(role).and_then(|key| key.certificate.clone()) {
            return Ok(certificate);
        }
        let contents = self.contents()?;
        let path = &contents.key(role)?.certificate;
        let certificate = self.certificate_file(path)?.ok_or_else(|| Error::Content {
            what: "certificate",
            why: "it is not a certificate".to_owned(),
        })?;
        let mut description = Description::clone(&description);
        for key in description.keys.iter_mut().filter(|key| key.role == role) {
            key.certificate = Some(Arc::clone(&certificate));
        }
        self.description = Some(Arc::new(description));
        self.save();
        Ok(certificate)
    }

    /// The directories, read on first use; without the card when they are remembered.
    pub(super) fn contents(&mut self) -> Result<Arc<Contents>, Error> {
        if let Some(contents) = &self.contents {
            return Ok(Arc::clone(contents));
        }
        let profile = self.profile;
        let remembered = assemble(profile, |path| self.files.file(path).map(<[u8]>::to_vec).ok_or(()));
        let contents = match remembered {
            Ok(contents) => contents,
            Err(()) => self.reading(|card| assemble(profile, |path| card.directory(path)))?,
        };
        let contents = Arc::new(contents);
        self.contents = Some(Arc::clone(&contents));
        Ok(contents)
    }

    /// A directory; empty when the card has none or does not show it.
    pub(super) fn directory(&mut self, path: &FilePath) -> Result<Vec<u8>, Error> {
        if let Some(content) = self.files.file(path) {
            return Ok(content.to_vec());
        }
        let content = match self.profile.applet.read(&mut self.channel, path, Extent::Directory, false) {
            Ok(content) => content,
            Err(Error::Refused { status, .. }) if Status(status) == Status::NOT_FOUND => Vec::new(),
            // Refused now, perhaps not later: not to be remembered.
            Err(Error::Refused { command, status }) => {
                tracing::debug!(?path, command, status, "directory refused");
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        self.remember(path, &content);
        Ok(content)
    }

    /// The certificate in a file, read on first use; `None` when there is none that can be understood.
    fn certificate_file(&mut self, path: &FilePath) -> Result<Option<Arc<Certificate>>, Error> {
        if let Some(certificate) = self.files.file(path).and_then(|content| parse_certificate(path, content))
        {
            return Ok(Some(certificate));
        }
        let content = self.reading(|card| {
            match card.profile.applet.read(&mut card.channel, path, Extent::Element, false) {
                Err(Error::Refused { command, status }) => {
                    tracing::warn!(?path, command, status, "certificate refused");
                    Ok(Vec::new())
                }
                result => result,
            }
        })?;
        let certificate = parse_certificate(path, &content);
        if certificate.is_some() {
            self.remember(path, &content);
        }
        Ok(certificate)
    }

    fn remember(&mut self, path: &FilePath, content: &[u8]) {
        self.files.insert(path.clone(), content.to_vec());
        self.unsaved = true;
    }

    /// Hands what was read to the cache, unless the card is in the middle of an update.
    pub(super) fn save(&mut self) {
        if self.unsaved && self.identity.update != Update::Interrupted {
            self.cache.store(&self.identity.serial, self.profile.kind, &self.files);
        }
        self.unsaved = false;
    }
}

/// Puts together what the directories say. `directory` gives their content, empty where there is none.
fn assemble<E>(
    profile: &Profile,
    mut directory: impl FnMut(&FilePath) -> Result<Vec<u8>, E>,
) -> Result<Contents, E> {
    let application = FilePath::new(profile.application);
    let files = &profile.default_files;
    let named = pkcs15::parse_odf(&directory(&application.child(files.odf))?, &application);
    let or_default = |path: Option<FilePath>, number| path.unwrap_or_else(|| application.child(number));
    let token_info = pkcs15::parse_token_info(&directory(&application.child(files.token_info))?);
    let (pin, puk) = match &profile.pins {
        Some(pins) => {
            let aodf = directory(&or_default(named.pins, files.pins))?;
            let (pin, puk) = pin_and_puk(pins, pkcs15::parse_pins(&aodf));
            (Some(pin), Some(puk))
        }
        None => (None, None),
    };
    let prkdf = directory(&or_default(named.private_keys, files.private_keys))?;
    let cdf = directory(&or_default(named.certificates, files.certificates))?;
    let certificates = pkcs15::parse_certificates(&cdf, &application);
    Ok(Contents {
        label: token_info.label.unwrap_or_default(),
        manufacturer: token_info.manufacturer.unwrap_or_default(),
        pin,
        puk,
        keys: keys(profile, &pkcs15::parse_private_keys(&prkdf), &certificates, &application),
        data_objects: or_default(named.data_objects, files.data_objects),
    })
}

/// The first PIN and the first PUK of the AODF, or the family's.
fn pin_and_puk(pins: &profile::Pins, records: Vec<PinRecord>) -> (PinRecord, PinRecord) {
    let (mut puks, mut pin): (Vec<_>, Vec<_>) = records.into_iter().partition(|record| record.unblocks);
    // The flags of a PUK are not known from a real card: without them, it is the record after the PIN's.
    if puks.is_empty() && pin.len() > 1 {
        puks = pin.split_off(1);
    }
    (
        pin.into_iter().next().unwrap_or_else(|| pins.default_pin.record(false)),
        puks.into_iter().next().unwrap_or_else(|| pins.default_puk.record(true)),
    )
}

fn parse_certificate(path: &FilePath, content: &[u8]) -> Option<Arc<Certificate>> {
    match Certificate::from_der(content) {
        Ok(certificate) => Some(Arc::new(certificate)),
        Err(error) => {
            tracing::warn!(?path, %error, "certificate not understood");
            None
        }
    }
}

/// The family's keys as this card describes them; as the profile describes them when the card says nothing at all.
fn keys(
    profile: &Profile,
    records: &[KeyRecord],
    certificates: &[CertificateRecord],
    application: &FilePath,
) -> Vec<KeyEntry> {
    if records.is_empty() {
        tracing::debug!("no private key listed: the profile's keys are assumed");
    }
    let wanted = profile.keys.iter().filter_map(|key| {
        let record = records.iter().find(|record| role(profile, record) == Some(key.role));
        (record.is_some() || records.is_empty()).then_some((key, record))
    });
    wanted.map(|(key, record)| entry(profile, key, record, certificates, application)).collect()
}

/// What a key is for, by its usage bits. Labels do not count.
fn role(profile: &Profile, record: &KeyRecord) -> Option<KeyRole> {
    match record {
        KeyRecord { non_repudiation: true, .. } => Some(KeyRole::Signature),
        KeyRecord { signs: true, protected_by: Some(_), .. } if profile.kind != Kind::Cps3Contactless => {
            Some(KeyRole::Authentication)
        }
        KeyRecord { signs: true, .. } => Some(KeyRole::Technical),
        KeyRecord { signs: false, .. } => None,
    }
}

fn entry(
    profile: &Profile,
    key: &profile::Key,
    record: Option<&KeyRecord>,
    certificates: &[CertificateRecord],
    application: &FilePath,
) -> KeyEntry {
    let id = record.map_or_else(|| key.default_id.to_vec(), |record| record.id.clone());
    let certificate = certificates.iter().find(|certificate| certificate.id == id);
    let bits = record.and_then(|record| record.modulus_bits).unwrap_or(key.default_modulus);
    KeyEntry {
        key: applet::Key {
            role: key.role,
            reference: record.map_or(key.default_reference, |record| record.reference),
            modulus: usize::from(bits / 8),
        },
        schemes: key.schemes,
        needs_pin: profile.pins.is_some(),
        label: record.map_or_else(|| key.default_label.to_owned(), |record| record.label.clone()),
        certificate: certificate.map_or_else(
            || application.child(key.default_certificate),
            |certificate| certificate.path.clone(),
        ),
        certificate_label: certificate.map_or_else(
            || key.default_certificate_label.to_owned(),
            |certificate| certificate.label.clone(),
        ),
        id,
    }
}
