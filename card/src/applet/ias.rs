//! The IAS-ECC dialect as CPS3 cards speak it: basic channel, SELECT by path from the master file, keys through
//! INTERNAL AUTHENTICATE and PSO.

use super::file::{self, Reading};
use super::{Applet, Counter, Extent, Key, SecretBlock, carry_out, digest, modulus_sized, refused, sha256};
use crate::Error;
use crate::apdu::{Command, Fci, FilePath, Status, tlv};
use crate::channel::Channel;
use crate::token::{Encoded, KeyRole, Payload, Scheme};

/// Tags of MANAGE SECURITY ENVIRONMENT, P2 (ISO 7816-4 table 79).
const AUTHENTICATION: u8 = 0xA4;
const HASH: u8 = 0xAA;
const SIGNATURE: u8 = 0xB6;
const CONFIDENTIALITY: u8 = 0xB8;

/// What differs between cards of this dialect.
#[derive(Debug)]
pub(crate) struct Ias {
    /// Most bytes of one READ BINARY and of one GET RESPONSE.
    pub(crate) piece: u16,
    /// Algorithm reference of INTERNAL AUTHENTICATE.
    pub(crate) authentication: u8,
    /// Algorithm reference of SHA-256 on the card.
    pub(crate) hash: u8,
    /// Algorithm reference of PKCS#1 v1.5 with SHA-256 for the signature key.
    pub(crate) signature: u8,
    /// Algorithm reference of PKCS#1 v1.5 decryption.
    pub(crate) decipher: u8,
    /// Longest DigestInfo the card takes, in percent of the modulus.
    pub(crate) longest_input: usize,
}

const CLA: u8 = 0x00;

impl Ias {
    fn select(file: &[u8], p2: u8) -> Command {
        Command::new("SELECT", CLA, 0xA4, 0x09, p2).data(file)
    }

    fn reading(&self, sensitive: bool) -> Reading {
        Reading { cla: CLA, piece: usize::from(self.piece), sensitive }
    }

    fn set_environment(channel: &mut Channel, template: u8, objects: &[u8]) -> Result<(), Error> {
        let mse = Command::new("MANAGE SECURITY ENVIRONMENT", CLA, 0x22, 0x41, template).data(objects);
        carry_out(channel, &mse).map(drop)
    }

    /// SELECT that brings the control information back, then READ BINARY of the size it tells: three commands where
    /// [`Applet::read`] needs two, for cards that want it so.
    fn read_by_size(
        &self,
        channel: &mut Channel,
        path: &FilePath,
        extent: Extent,
        sensitive: bool,
    ) -> Result<Vec<u8>, Error> {
        let select = Self::select(&path.from_master(), 0x04).expect(256);
        let fci = Fci::parse(&carry_out(channel, &select)?);
        file::read_binary(channel, self.reading(sensitive), extent, fci.size.map(usize::from))
    }

    /// The key's operation is INTERNAL AUTHENTICATE: the card pads DigestInfo and applies RSA.
    fn authenticate(&self, channel: &mut Channel, key: &Key, info: Vec<u8>) -> Result<Vec<u8>, Error> {
        if info.len() > self.longest_encoded(key) {
            return Err(Error::Unsupported("a digest this long with this key"));
        }
        Self::set_environment(
            channel,
            AUTHENTICATION,
            &[0x80, 0x01, self.authentication, 0x84, 0x01, key.reference],
        )?;
        let command = Command::new("INTERNAL AUTHENTICATE", CLA, 0x88, 0x00, 0x00).data(info).expect(256);
        carry_out(channel, &command)
    }

    /// The key's operation is COMPUTE DIGITAL SIGNATURE. The card itself hashes the last block of a message; of a
    /// digest it takes the digest.
    fn compute_signature(
        &self,
        channel: &mut Channel,
        key: &Key,
        scheme: Scheme,
        payload: Payload<'_>,
    ) -> Result<Vec<u8>, Error> {
        if scheme != Scheme::RsaPkcs1Sha256 {
            return Err(Error::Unsupported("this signature scheme"));
        }
        let command = Command::new("PSO COMPUTE DIGITAL SIGNATURE", CLA, 0x2A, 0x9E, 0x9A).expect(256);
        let command = match payload {
            Payload::Message(message) => {
                self.hash_last_block(channel, message)?;
                command
            }
            Payload::Digest(_) => command.data(digest::hash(scheme, payload)?),
        };
        Self::set_environment(channel, SIGNATURE, &[0x80, 0x01, self.signature, 0x84, 0x01, key.reference])?;
        carry_out(channel, &command)
    }

    fn hash_last_block(&self, channel: &mut Channel, message: &[u8]) -> Result<(), Error> {
        Self::set_environment(channel, HASH, &[0x80, 0x01, self.hash])?;
        let unfinished = sha256::all_but_last(message);
        let state = unfinished.state.map(|(state, bits)| [state.as_slice(), &bits.to_be_bytes()].concat());
        let mut input = Vec::new();
        tlv::push(&mut input, 0x90, &state.unwrap_or_default());
        tlv::push(&mut input, 0x80, unfinished.last);
        let hash = Command::new("PSO HASH", CLA, 0x2A, 0x90, 0xA0).data(input);
        carry_out(channel, &hash).map(drop)
    }
}

impl Applet for Ias {
    fn open(&self, channel: &mut Channel) -> Result<(), Error> {
        channel.limit_pieces(self.piece);
        Ok(())
    }

    fn enter(&self, channel: &mut Channel, application: &FilePath) -> Result<(), Error> {
        carry_out(channel, &Self::select(&application.from_master(), 0x0C)).map(drop)
    }

    fn read(
        &self,
        channel: &mut Channel,
        path: &FilePath,
        extent: Extent,
        sensitive: bool,
    ) -> Result<Vec<u8>, Error> {
        let select = Self::select(&path.from_master(), 0x0C);
        let status = channel.transmit(&select)?.status;
        if status == Status::WRONG_PARAMETERS {
            return self.read_by_size(channel, path, extent, sensitive);
        }
        if !status.succeeded() {
            return Err(refused(&select, status));
        }
        match file::read_binary(channel, self.reading(sensitive), extent, None) {
            // The card wants no more than what is there, and does not say how much that is.
            Err(Error::Refused { status, .. })
                if [Status::WRONG_LENGTH, Status::WRONG_OFFSET].contains(&Status(status)) =>
            {
                self.read_by_size(channel, path, extent, sensitive)
            }
            result => result,
        }
    }

    /// GET DATA on the PIN's security data object, which is found from the master file only. Where that fails, VERIFY
    /// without data, which IAS cards answer with the counter.
    fn counter(
        &self,
        channel: &mut Channel,
        _application: &FilePath,
        reference: u8,
    ) -> Result<Counter, Error> {
        carry_out(channel, &Self::select(&[0x3F, 0x00], 0x0C))?;
        let get_data = Command::new("GET DATA", CLA, 0xCB, 0x3F, 0xFF)
            .data([0x4D, 0x08, 0x70, 0x06, 0xBF, 0x81, reference, 0x02, 0xA0, 0x80])
            .expect(256);
        let response = channel.transmit(&get_data)?;
        if let (Status::OK, Some(counter)) = (response.status, parse_counter(&response.data)) {
            return Ok(counter);
        }
        let verify = Command::new("VERIFY", CLA, 0x20, 0x00, reference);
        super::counter_of_verify(&verify, channel.transmit(&verify)?.status)
    }

    fn verify_class(&self) -> u8 {
        CLA
    }

    fn changes_after_pad(&self) -> bool {
        false
    }

    fn change(
        &self,
        channel: &mut Channel,
        reference: u8,
        old: Option<&SecretBlock>,
        new: &SecretBlock,
    ) -> Result<(), Error> {
        let old = old.ok_or(Error::Unsupported("changing the PIN from the reader's pad"))?;
        let change = Command::new("CHANGE REFERENCE DATA", CLA, 0x24, 0x00, reference);
        let response = channel.transmit(&change.secret(SecretBlock::joined(&[old, new])))?;
        super::judge(super::Secret::Pin, "CHANGE REFERENCE DATA", response.status)
    }

    fn reset_counter(&self, channel: &mut Channel, reference: u8, new: &SecretBlock) -> Result<(), Error> {
        let reset = Command::new("RESET RETRY COUNTER", CLA, 0x2C, 0x02, reference);
        let response = channel.transmit(&reset.secret(SecretBlock::joined(&[new])))?;
        super::judge(super::Secret::Puk, "RESET RETRY COUNTER", response.status)
    }

    fn sign(
        &self,
        channel: &mut Channel,
        key: &Key,
        scheme: Scheme,
        payload: Payload<'_>,
    ) -> Result<Vec<u8>, Error> {
        let signature = match key.role {
            KeyRole::Signature => self.compute_signature(channel, key, scheme, payload)?,
            KeyRole::Authentication | KeyRole::Technical => {
                self.authenticate(channel, key, digest::digest_info(scheme, payload)?)?
            }
        };
        modulus_sized(key, "signature", signature)
    }

    fn longest_encoded(&self, key: &Key) -> usize {
        match key.role {
            KeyRole::Signature => digest::SHA256_INFO,
            KeyRole::Authentication | KeyRole::Technical => key.modulus * self.longest_input / 100,
        }
    }

    fn takes_blocks(&self, _key: &Key) -> bool {
        false
    }

    /// The signature key makes its DigestInfo itself: it gets the digest alone.
    fn sign_encoded(&self, channel: &mut Channel, key: &Key, encoded: Encoded<'_>) -> Result<Vec<u8>, Error> {
        let refused = Error::Unsupported("signatures of what others encoded");
        let Encoded::Pkcs1(info) = encoded else { return Err(refused) };
        let signature = match key.role {
            KeyRole::Signature => {
                let digest = digest::sha256_in(info).ok_or(refused)?;
                self.compute_signature(channel, key, Scheme::RsaPkcs1Sha256, Payload::Digest(digest))?
            }
            KeyRole::Authentication | KeyRole::Technical => self.authenticate(channel, key, info.to_vec())?,
        };
        modulus_sized(key, "signature", signature)
    }

    fn decipher(&self, channel: &mut Channel, key: &Key, cryptogram: &[u8]) -> Result<Vec<u8>, Error> {
        Self::set_environment(
            channel,
            CONFIDENTIALITY,
            &[0x80, 0x01, self.decipher, 0x84, 0x01, key.reference],
        )?;
        // Padding indicator 81, then the cryptogram; the card removes the PKCS#1 padding.
        let input = [[0x81].as_slice(), cryptogram].concat();
        let command = Command::new("PSO DECIPHER", CLA, 0x2A, 0x80, 0x86).data(input).expect(256).sensitive();
        carry_out(channel, &command)
    }
}

/// Reads the counters of a PIN's security data object: `70 { BF81xx { A0 { 9A max, 9B left, 9D uses left } } }`.
/// `None` when there are none.
#[must_use]
pub(crate) fn parse_counter(data: &[u8]) -> Option<Counter> {
    let template = tlv::elements(data).find(|element| element.tag == 0x70)?;
    let control = template.children().next()?.child(0xA0)?;
    let byte = |tag| control.child(tag).and_then(|element| element.value.last().copied());
    let left = byte(0x9B)?;
    let spent = control.child(0x9D).is_some_and(|uses| uses.value.iter().all(|byte| *byte == 0));
    Some(Counter { left: Some(if spent { 0 } else { left }), max: byte(0x9A), verified: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_without_counters_says_nothing() {
        assert_eq!(parse_counter(&[]), None);
        assert_eq!(parse_counter(&[0x70, 0x04, 0xBF, 0x81, 0x01, 0x00]), None);
        assert_eq!(parse_counter(&[0x70, 0x7F, 0xBF]), None);
    }

    #[test]
    fn no_uses_left_is_no_try_left() {
        let object = [0x70, 0x0C, 0xBF, 0x81, 0x01, 0x08, 0xA0, 0x06, 0x9B, 0x01, 0x03, 0x9D, 0x01, 0x00];
        assert_eq!(parse_counter(&object).unwrap().left, Some(0));
    }

    #[test]
    fn the_answer_of_a_real_card_has_three_tries() {
        let object = [
            0x70, 0x16, 0xBF, 0x81, 0x01, 0x12, 0xA0, 0x10, 0x9A, 0x01, 0x03, 0x9B, 0x01, 0x03, 0xA1, 0x08,
            0x8C, 0x06, 0xF3, 0x00, 0x00, 0x13, 0xFF, 0x00,
        ];
        assert_eq!(parse_counter(&object), Some(Counter { left: Some(3), max: Some(3), verified: None }));
    }
}
