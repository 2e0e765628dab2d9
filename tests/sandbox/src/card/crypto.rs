//! RSA as the chip does it: the raw operation, and the paddings that cards add or remove.

use super::hash::Hash;
use ring::rand::{SecureRandom, SystemRandom};
use rsa::rand_core::CryptoRngCore;
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, RsaPrivateKey};

/// Random bytes.
pub(super) fn random(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    // Without the system's randomness the bytes stay zero, which is good enough for a TEST card.
    let _ = SystemRandom::new().fill(&mut bytes);
    bytes
}

/// Bytes of the key's modulus.
pub(super) fn modulus_length(key: &RsaPrivateKey) -> usize {
    key.size()
}

/// Applies the private key to a block of the modulus' length. `None` when the block is not below the modulus.
pub(super) fn raw(key: &RsaPrivateKey, block: &[u8]) -> Option<Vec<u8>> {
    let number = BigUint::from_bytes_be(block);
    if block.len() != key.size() || number >= *key.n() {
        return None;
    }
    // No blinding: it protects secrets against timing, and these keys are public.
    let result = rsa::hazmat::rsa_decrypt(None::<&mut dyn CryptoRngCore>, key, &number).ok()?.to_bytes_be();
    let mut bytes = vec![0; key.size().checked_sub(result.len())?];
    bytes.extend(result);
    Some(bytes)
}

/// RSASSA-PKCS1-v1_5 over what the caller says is a `DigestInfo` (RFC 8017 §9.2).
pub(super) fn sign_pkcs1(key: &RsaPrivateKey, digest_info: &[u8]) -> Option<Vec<u8>> {
    let filling = key.size().checked_sub(digest_info.len() + 3).filter(|length| *length >= 8)?;
    let mut block = vec![0, 1];
    block.resize(filling + 2, 0xFF);
    block.push(0);
    block.extend_from_slice(digest_info);
    raw(key, &block)
}

/// RSASSA-PSS over a digest, with MGF1 of the same hash and a salt of its length (RFC 8017 §9.1.1).
pub(super) fn sign_pss(key: &RsaPrivateKey, hash: Hash, digest: &[u8]) -> Option<Vec<u8>> {
    let salt = random(hash.length());
    let seed = hash.digest(&[&[0; 8], digest, &salt].concat());
    let length = key.size().checked_sub(hash.length() + 1)?;
    let mut block = vec![0; length.checked_sub(salt.len() + 1)?];
    block.push(1);
    block.extend(salt);
    let mask = (0_u32..).flat_map(|counter| hash.digest(&[&seed, counter.to_be_bytes().as_slice()].concat()));
    for (byte, mask) in block.iter_mut().zip(mask) {
        *byte ^= mask;
    }
    if let Some(first) = block.first_mut() {
        *first &= 0x7F;
    }
    block.extend(seed);
    block.push(0xBC);
    raw(key, &block)
}

/// RSAES-PKCS1-v1_5 decryption (RFC 8017 §7.2.2).
pub(super) fn decipher_pkcs1(key: &RsaPrivateKey, cryptogram: &[u8]) -> Option<Vec<u8>> {
    let block = raw(key, cryptogram)?;
    let filled = block.strip_prefix(&[0, 2])?;
    let end = filled.iter().position(|byte| *byte == 0).filter(|end| *end >= 8)?;
    filled.get(end + 1..).map(<[u8]>::to_vec)
}
