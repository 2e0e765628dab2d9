//! Digests, DigestInfo and the PKCS#1 v1.5 block (RFC 8017 §9.2).

use crate::Error;
use crate::token::{Payload, Scheme};
use ring::digest;

/// DigestInfo up to the digest: `SEQUENCE { SEQUENCE { OID, NULL }, OCTET STRING`.
const SHA256: &[u8] = &[
    0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];
const SHA384: &[u8] = &[
    0x30, 0x41, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00,
    0x04, 0x30,
];
const SHA512: &[u8] = &[
    0x30, 0x51, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00,
    0x04, 0x40,
];

/// Bytes of PKCS#1 v1.5 padding at the least (RFC 8017 §9.2): three fixed ones and eight of filler.
pub(crate) const SHORTEST_PADDING: usize = 11;

fn algorithm(scheme: Scheme) -> &'static digest::Algorithm {
    match scheme {
        Scheme::RsaPkcs1Sha256 | Scheme::RsaPssSha256 | Scheme::EcdsaP256Sha256 => &digest::SHA256,
        Scheme::RsaPkcs1Sha384 => &digest::SHA384,
        Scheme::RsaPkcs1Sha512 => &digest::SHA512,
    }
}

/// The digest of the payload by the scheme's hash.
///
/// # Errors
/// [`Error::Unsupported`] when a digest has another length than the scheme's.
pub fn hash(scheme: Scheme, payload: Payload<'_>) -> Result<Vec<u8>, Error> {
    let algorithm = algorithm(scheme);
    match payload {
        Payload::Message(message) => Ok(digest::digest(algorithm, message).as_ref().to_vec()),
        Payload::Digest(digest) if digest.len() == algorithm.output_len() => Ok(digest.to_vec()),
        Payload::Digest(_) => Err(Error::Unsupported("a digest of this length")),
    }
}

/// DigestInfo of the payload, which RSASSA-PKCS1-v1_5 signs.
///
/// # Errors
/// [`Error::Unsupported`] for schemes that have none, and as [`hash`].
pub fn digest_info(scheme: Scheme, payload: Payload<'_>) -> Result<Vec<u8>, Error> {
    let prefix = match scheme {
        Scheme::RsaPkcs1Sha256 => SHA256,
        Scheme::RsaPkcs1Sha384 => SHA384,
        Scheme::RsaPkcs1Sha512 => SHA512,
        Scheme::RsaPssSha256 | Scheme::EcdsaP256Sha256 => {
            return Err(Error::Unsupported("this signature scheme"));
        }
    };
    Ok([prefix, &hash(scheme, payload)?].concat())
}

/// `00 01 FF … FF 00 ‖ info`, as long as the modulus; `None` when the modulus is too short for it.
pub(crate) fn encoded_message(info: &[u8], modulus: usize) -> Option<Vec<u8>> {
    let filler = modulus.checked_sub(info.len() + 3).filter(|filler| *filler + 3 >= SHORTEST_PADDING)?;
    let mut block = vec![0x00, 0x01];
    block.resize(2 + filler, 0xFF);
    block.push(0x00);
    block.extend_from_slice(info);
    Some(block)
}

/// Length of a DigestInfo of SHA-256.
pub(crate) const SHA256_INFO: usize = SHA256.len() + 32;

/// The digest in a DigestInfo of SHA-256; `None` for anything else.
pub(crate) fn sha256_in(info: &[u8]) -> Option<&[u8]> {
    info.strip_prefix(SHA256).filter(|digest| digest.len() == 32)
}

/// Whether this is a DigestInfo of SHA-256, and nothing more.
pub(crate) fn names_sha256(info: &[u8]) -> bool {
    sha256_in(info).is_some()
}

/// Takes the plaintext out of `00 02 … 00 ‖ plaintext` (RFC 8017 §7.2.2).
pub(crate) fn deciphered(block: &[u8]) -> Option<Vec<u8>> {
    let filled = block.strip_prefix(&[0x00, 0x02])?;
    let end = filled.iter().position(|byte| *byte == 0).filter(|end| *end >= 8)?;
    filled.get(end + 1..).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_of_another_hash_is_refused() {
        assert!(hash(Scheme::RsaPkcs1Sha384, Payload::Digest(&[0; 32])).is_err());
        assert!(digest_info(Scheme::RsaPssSha256, Payload::Digest(&[0; 32])).is_err());
    }

    #[test]
    fn only_a_whole_digest_info_of_sha256_has_its_digest() {
        let info = digest_info(Scheme::RsaPkcs1Sha256, Payload::Digest(&[7; 32])).unwrap();
        assert_eq!(sha256_in(&info), Some([7; 32].as_slice()));
        assert_eq!(info.len(), SHA256_INFO);
        for wrong in [&info[..50], &info[1..], &[info.as_slice(), &[0]].concat(), &[7; 51]] {
            assert_eq!(sha256_in(wrong), None);
        }
        assert_eq!(sha256_in(&digest_info(Scheme::RsaPkcs1Sha384, Payload::Message(b"")).unwrap()), None);
    }

    #[test]
    fn a_modulus_too_short_for_the_block_is_refused() {
        assert_eq!(encoded_message(&[0; 51], 61), None);
        assert_eq!(encoded_message(&[0; 51], 62).unwrap().len(), 62);
    }

    #[test]
    fn a_block_without_enough_filler_is_no_plaintext() {
        assert_eq!(deciphered(&[0, 2, 1, 1, 1, 1, 1, 1, 1, 0, 9]), None);
        assert_eq!(deciphered(&[0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 9]), None);
        assert_eq!(deciphered(&[0, 2, 1, 1, 1, 1, 1, 1, 1, 1]), None);
        assert_eq!(deciphered(&[0, 2, 1, 1, 1, 1, 1, 1, 1, 1, 0, 9]), Some(vec![9]));
    }

    #[test]
    fn lengths_inside_the_prefixes_agree_with_the_digests() {
        for (scheme, length) in
            [(Scheme::RsaPkcs1Sha256, 51), (Scheme::RsaPkcs1Sha384, 67), (Scheme::RsaPkcs1Sha512, 83)]
        {
            let info = digest_info(scheme, Payload::Message(b"abc")).unwrap();
            assert_eq!(info.len(), length);
            assert_eq!(usize::from(info[1]), length - 2);
        }
    }
}
