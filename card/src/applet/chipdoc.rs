//! The ChipDoc dialect as CPS4 cards speak it: logical channel 1, SELECT by path without the master file, keys through
//! PSO with the digest or with the whole RSA block.

use super::file::{self, Reading};
use super::{Applet, Counter, Extent, Key, SecretBlock, carry_out, digest, modulus_sized, refused};
use crate::Error;
use crate::apdu::{Command, Fci, FilePath, Status};
use crate::channel::Channel;
use crate::token::{Encoded, KeyRole, Payload, Scheme};

/// Class byte of the basic channel, and of logical channel 1.
const BASIC: u8 = 0x00;
const CLA: u8 = 0x01;

/// What differs between cards of this dialect.
#[derive(Debug)]
pub(crate) struct ChipDoc {
    /// The applet's own application.
    pub(crate) root: &'static [u8],
    /// Application to select on the basic channel when the root refuses channel 1.
    pub(crate) detour_basic: &'static [u8],
    /// Application to select on channel 1 before that.
    pub(crate) detour_channel: &'static [u8],
    /// Most bytes of one READ BINARY and of one GET RESPONSE.
    pub(crate) piece: u16,
    /// Algorithm reference of PKCS#1 v1.5 with SHA-256.
    pub(crate) pkcs1_sha256: u8,
    /// Algorithm reference of PSS with SHA-256.
    pub(crate) pss_sha256: u8,
}

impl ChipDoc {
    fn select_application(cla: u8, p2: u8, identifier: &[u8]) -> Command {
        Command::new("SELECT", cla, 0xA4, 0x04, p2).data(identifier)
    }

    /// The answer is wanted when it comes for free: in T=0 it would cost a GET RESPONSE.
    fn select_file(path: &FilePath) -> Command {
        Command::new("SELECT", CLA, 0xA4, 0x08, 0x00).data(path.below_master()).expect(256).unfetched()
    }

    /// Selects a file or directory and returns what the card said of it. When it is not there, or the parameters are
    /// refused, another program may have left channel 1 to another application: the root is selected again, once, unless
    /// something verified would be lost by that.
    fn select(&self, channel: &mut Channel, path: &FilePath, verified: bool) -> Result<Fci, Error> {
        let select = Self::select_file(path);
        let mut response = channel.transmit(&select)?;
        let elsewhere = [Status::WRONG_PARAMETERS, Status::NOT_FOUND].contains(&response.status);
        if elsewhere && !verified {
            self.open(channel)?;
            response = channel.transmit(&select)?;
        }
        if response.status.succeeded() {
            Ok(Fci::parse(&response.data))
        } else {
            Err(refused(&select, response.status))
        }
    }

    /// PSO COMPUTE DIGITAL SIGNATURE on a digest. Bit 8 of the key reference says that the data is one.
    fn sign_digest(
        &self,
        channel: &mut Channel,
        key: &Key,
        algorithm: u8,
        digest: Vec<u8>,
    ) -> Result<Vec<u8>, Error> {
        let mse = Command::new("MANAGE SECURITY ENVIRONMENT", CLA, 0x22, 0x81, 0xB6).data([
            0x91,
            0x02,
            algorithm,
            key.reference | 0x80,
        ]);
        carry_out(channel, &mse)?;
        let sign =
            Command::new("PSO COMPUTE DIGITAL SIGNATURE", CLA, 0x2A, 0x9E, 0x9A).data(digest).expect(256);
        carry_out(channel, &sign)
    }

    /// PSO DECIPHER as raw RSA: the block goes in whole and comes back whole.
    fn raw(&self, channel: &mut Channel, key: &Key, block: &[u8], sensitive: bool) -> Result<Vec<u8>, Error> {
        let mse = Command::new("MANAGE SECURITY ENVIRONMENT", CLA, 0x22, 0x41, 0xB8).data([
            0x83,
            0x01,
            key.reference,
        ]);
        carry_out(channel, &mse)?;
        let decipher = Command::new("PSO DECIPHER", CLA, 0x2A, 0x80, 0x86).data(block).expect(256);
        let decipher = if sensitive { decipher.sensitive() } else { decipher };
        carry_out(channel, &decipher)
    }
}

impl Applet for ChipDoc {
    /// Selecting the root on channel 1 opens that channel. A card that refuses (6985) does it after a detour over
    /// another application on each channel.
    fn open(&self, channel: &mut Channel) -> Result<(), Error> {
        channel.limit_pieces(self.piece);
        let root = Self::select_application(CLA, 0x0C, self.root);
        if channel.transmit(&root)?.status.succeeded() {
            return Ok(());
        }
        channel.transmit(&Self::select_application(CLA, 0x0C, self.detour_channel))?;
        channel.transmit(&Self::select_application(BASIC, 0x0C, self.detour_basic))?;
        carry_out(channel, &root).map(drop)
    }

    fn enter(&self, channel: &mut Channel, application: &FilePath) -> Result<(), Error> {
        self.select(channel, application, false).map(drop)
    }

    fn read(
        &self,
        channel: &mut Channel,
        path: &FilePath,
        extent: Extent,
        sensitive: bool,
    ) -> Result<Vec<u8>, Error> {
        let fci = self.select(channel, path, sensitive)?;
        let reading = Reading { cla: CLA, piece: usize::from(self.piece), sensitive };
        file::read_binary(channel, reading, extent, fci.size.map(usize::from))
    }

    /// VERIFY without data: the card answers with the counter, or with success when the PIN is verified already.
    fn counter(
        &self,
        channel: &mut Channel,
        application: &FilePath,
        reference: u8,
    ) -> Result<Counter, Error> {
        self.enter(channel, application)?;
        let verify = Command::new("VERIFY", CLA, 0x20, 0x00, reference);
        super::counter_of_verify(&verify, channel.transmit(&verify)?.status)
    }

    fn verify_class(&self) -> u8 {
        CLA
    }

    fn changes_after_pad(&self) -> bool {
        true
    }

    /// The old PIN was verified just before, so the command carries the new one only (P1 = 01).
    fn change(
        &self,
        channel: &mut Channel,
        reference: u8,
        _old: Option<&SecretBlock>,
        new: &SecretBlock,
    ) -> Result<(), Error> {
        let change = Command::new("CHANGE REFERENCE DATA", CLA, 0x24, 0x01, reference);
        let response = channel.transmit(&change.secret(SecretBlock::joined(&[new])))?;
        super::judge(super::Secret::Pin, "CHANGE REFERENCE DATA", response.status)
    }

    /// Unblocks (P1 = 03, bit 8 set in the reference), then gives the new PIN.
    fn reset_counter(&self, channel: &mut Channel, reference: u8, new: &SecretBlock) -> Result<(), Error> {
        let reset = Command::new("RESET RETRY COUNTER", CLA, 0x2C, 0x03, reference | 0x80);
        super::judge(super::Secret::Puk, reset.name(), channel.transmit(&reset)?.status)?;
        self.change(channel, reference, None, new)
    }

    fn sign(
        &self,
        channel: &mut Channel,
        key: &Key,
        scheme: Scheme,
        payload: Payload<'_>,
    ) -> Result<Vec<u8>, Error> {
        let signature = match (key.role, scheme) {
            (_, Scheme::RsaPssSha256) => {
                self.sign_digest(channel, key, self.pss_sha256, digest::hash(scheme, payload)?)?
            }
            (KeyRole::Signature, Scheme::RsaPkcs1Sha256) => {
                self.sign_digest(channel, key, self.pkcs1_sha256, digest::hash(scheme, payload)?)?
            }
            (KeyRole::Signature, _) => return Err(Error::Unsupported("this signature scheme")),
            (KeyRole::Authentication | KeyRole::Technical, _) => {
                let info = digest::digest_info(scheme, payload)?;
                let block = digest::encoded_message(&info, key.modulus)
                    .ok_or(Error::Unsupported("a digest this long with this key"))?;
                self.raw(channel, key, &block, false)?
            }
        };
        modulus_sized(key, "signature", signature)
    }

    fn longest_encoded(&self, key: &Key) -> usize {
        match key.role {
            KeyRole::Signature => digest::SHA256_INFO,
            KeyRole::Authentication | KeyRole::Technical => {
                key.modulus.saturating_sub(digest::SHORTEST_PADDING)
            }
        }
    }

    fn takes_blocks(&self, key: &Key) -> bool {
        key.role == KeyRole::Authentication
    }

    fn sign_encoded(&self, channel: &mut Channel, key: &Key, encoded: Encoded<'_>) -> Result<Vec<u8>, Error> {
        let refused = Error::Unsupported("signatures of what others encoded");
        let signature = match (key.role, encoded) {
            (KeyRole::Signature, Encoded::Pkcs1(info)) => {
                let digest = digest::sha256_in(info).ok_or(refused)?;
                self.sign_digest(channel, key, self.pkcs1_sha256, digest.to_vec())?
            }
            (KeyRole::Signature, Encoded::Block(_)) => return Err(refused),
            (_, Encoded::Pkcs1(info)) => {
                let block = digest::encoded_message(info, key.modulus).ok_or(refused)?;
                self.raw(channel, key, &block, false)?
            }
            // Who has a block signed may be deciphering: what comes back is a secret then.
            (_, Encoded::Block(block)) => self.raw(channel, key, block, true)?,
        };
        modulus_sized(key, "signature", signature)
    }

    fn decipher(&self, channel: &mut Channel, key: &Key, cryptogram: &[u8]) -> Result<Vec<u8>, Error> {
        let block = modulus_sized(key, "deciphered text", self.raw(channel, key, cryptogram, true)?)?;
        digest::deciphered(&block).ok_or_else(|| Error::Content {
            what: "deciphered text",
            why: "it is not PKCS#1 v1.5".to_owned(),
        })
    }
}
