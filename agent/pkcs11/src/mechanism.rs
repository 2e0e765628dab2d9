//! Mechanisms: which scheme of the agent each one is, what a token offers, and what a program may ask of a key.

use crate::{Answer, digest::Hash, objects};
use cps_agent_api::pkcs11::{Key, PublicKey, Scheme};
use pkcs11_sys::{
    CK_FLAGS, CK_MECHANISM_INFO, CK_MECHANISM_TYPE, CK_RSA_PKCS_PSS_PARAMS, CK_ULONG, CKF_DECRYPT,
    CKF_DIGEST, CKF_EC_F_P, CKF_EC_NAMEDCURVE, CKF_EC_UNCOMPRESS, CKF_HW, CKF_SIGN, CKG_MGF1_SHA256,
    CKM_ECDSA, CKM_ECDSA_SHA256, CKM_RSA_PKCS, CKM_RSA_PKCS_PSS, CKM_RSA_X_509, CKM_SHA256,
    CKM_SHA256_RSA_PKCS, CKM_SHA256_RSA_PKCS_PSS, CKM_SHA384, CKM_SHA384_RSA_PKCS, CKM_SHA512,
    CKM_SHA512_RSA_PKCS, CKR_KEY_FUNCTION_NOT_PERMITTED, CKR_KEY_TYPE_INCONSISTENT, CKR_MECHANISM_INVALID,
    CKR_MECHANISM_PARAM_INVALID,
};

/// What a program signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mechanism {
    /// Cryptoki's number.
    pub(crate) kind: CK_MECHANISM_TYPE,
    /// The agent's word.
    pub(crate) scheme: Scheme,
    /// The hash the program wants made here; without one it brings what goes into the signature.
    pub(crate) hash: Option<Hash>,
}

/// Every mechanism that signs. SHA-1 is not among them, though older cards could: nobody should still rely on it.
const SIGNING: [Mechanism; 9] = [
    Mechanism { kind: CKM_RSA_PKCS, scheme: Scheme::RsaPkcs1, hash: None },
    Mechanism { kind: CKM_SHA256_RSA_PKCS, scheme: Scheme::RsaPkcs1Sha256, hash: Some(Hash::Sha256) },
    Mechanism { kind: CKM_SHA384_RSA_PKCS, scheme: Scheme::RsaPkcs1Sha384, hash: Some(Hash::Sha384) },
    Mechanism { kind: CKM_SHA512_RSA_PKCS, scheme: Scheme::RsaPkcs1Sha512, hash: Some(Hash::Sha512) },
    Mechanism { kind: CKM_RSA_PKCS_PSS, scheme: Scheme::RsaPssSha256, hash: None },
    Mechanism { kind: CKM_SHA256_RSA_PKCS_PSS, scheme: Scheme::RsaPssSha256, hash: Some(Hash::Sha256) },
    Mechanism { kind: CKM_RSA_X_509, scheme: Scheme::RsaRaw, hash: None },
    Mechanism { kind: CKM_ECDSA, scheme: Scheme::EcdsaP256Sha256, hash: None },
    Mechanism { kind: CKM_ECDSA_SHA256, scheme: Scheme::EcdsaP256Sha256, hash: Some(Hash::Sha256) },
];

const DIGESTS: [CK_MECHANISM_TYPE; 3] = [CKM_SHA256, CKM_SHA384, CKM_SHA512];

/// The parameter of a mechanism, as the program gave it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Parameter {
    /// None.
    Absent,
    /// That of the PSS mechanisms.
    Pss(CK_RSA_PKCS_PSS_PARAMS),
    /// Anything else.
    Foreign,
}

impl Mechanism {
    /// What signs with this mechanism, this parameter and this key among those of its token.
    pub(crate) fn for_signing(
        kind: CK_MECHANISM_TYPE,
        parameter: Parameter,
        key: &Key,
        keys: &[Key],
    ) -> Answer<Self> {
        let offered = |known: &Self| known.kind == kind && keys.iter().any(|key| known.served_by(key));
        let found = SIGNING.into_iter().find(offered).ok_or(CKR_MECHANISM_INVALID)?;
        found.check(parameter)?;
        if elliptic(found.scheme) != is_elliptic(key) {
            return Err(CKR_KEY_TYPE_INCONSISTENT);
        }
        if found.served_by(key) { Ok(found) } else { Err(CKR_KEY_FUNCTION_NOT_PERMITTED) }
    }

    /// The PSS mechanisms have one form: the hash, the mask and the salt that cards know.
    fn check(&self, parameter: Parameter) -> Answer<()> {
        let pss = self.scheme == Scheme::RsaPssSha256;
        match parameter {
            Parameter::Absent if !pss => Ok(()),
            Parameter::Pss(p) if pss && (p.hashAlg, p.mgf, p.sLen) == (CKM_SHA256, CKG_MGF1_SHA256, 32) => {
                Ok(())
            }
            _ => Err(CKR_MECHANISM_PARAM_INVALID),
        }
    }

    /// The key has the scheme, or, for `CKM_RSA_PKCS`, one whose DigestInfo can be told from the bytes a program brings.
    fn served_by(&self, key: &Key) -> bool {
        let has = key.schemes.contains(&self.scheme) || (self.kind == CKM_RSA_PKCS && hashes_itself(key));
        has && elliptic(self.scheme) == is_elliptic(key)
    }
}

fn hashes_itself(key: &Key) -> bool {
    use Scheme::{RsaPkcs1Sha256, RsaPkcs1Sha384, RsaPkcs1Sha512};
    key.schemes.iter().any(|scheme| matches!(scheme, RsaPkcs1Sha256 | RsaPkcs1Sha384 | RsaPkcs1Sha512))
}

fn elliptic(scheme: Scheme) -> bool {
    scheme == Scheme::EcdsaP256Sha256
}

fn is_elliptic(key: &Key) -> bool {
    matches!(key.public_key, PublicKey::Ec { .. })
}

/// Whether the parameter of this mechanism is `CK_RSA_PKCS_PSS_PARAMS`.
pub(crate) fn takes_pss(kind: CK_MECHANISM_TYPE) -> bool {
    matches!(kind, CKM_RSA_PKCS_PSS | CKM_SHA256_RSA_PKCS_PSS)
}

/// A key can decipher with this mechanism.
pub(crate) fn for_decryption(kind: CK_MECHANISM_TYPE, parameter: Parameter, key: &Key) -> Answer<()> {
    if kind != CKM_RSA_PKCS {
        return Err(CKR_MECHANISM_INVALID);
    }
    if !matches!(parameter, Parameter::Absent) {
        return Err(CKR_MECHANISM_PARAM_INVALID);
    }
    if is_elliptic(key) {
        return Err(CKR_KEY_TYPE_INCONSISTENT);
    }
    if key.decrypt { Ok(()) } else { Err(CKR_KEY_FUNCTION_NOT_PERMITTED) }
}

/// A mechanism of a token.
#[derive(Debug)]
pub(crate) struct Offered {
    /// Cryptoki's number.
    pub(crate) kind: CK_MECHANISM_TYPE,
    /// What `C_GetMechanismInfo` tells.
    pub(crate) info: CK_MECHANISM_INFO,
}

/// What a token with these keys offers.
pub(crate) fn offered(keys: &[Key], hardware: bool) -> Vec<Offered> {
    let mut all = Vec::new();
    for mechanism in SIGNING {
        let users: Vec<&Key> = keys.iter().filter(|key| mechanism.served_by(key)).collect();
        let lengths = users.iter().map(|key| CK_ULONG::try_from(objects::bits(&key.public_key)).unwrap_or(0));
        let (Some(least), Some(most)) = (lengths.clone().min(), lengths.max()) else { continue };
        let mut flags: CK_FLAGS = CKF_SIGN;
        if hardware {
            flags |= CKF_HW;
        }
        if mechanism.kind == CKM_RSA_PKCS && users.iter().any(|key| key.decrypt) {
            flags |= CKF_DECRYPT;
        }
        if elliptic(mechanism.scheme) {
            flags |= CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS;
        }
        let info = CK_MECHANISM_INFO { ulMinKeySize: least, ulMaxKeySize: most, flags };
        all.push(Offered { kind: mechanism.kind, info });
    }
    let digest = CK_MECHANISM_INFO { ulMinKeySize: 0, ulMaxKeySize: 0, flags: CKF_DIGEST };
    all.extend(DIGESTS.map(|kind| Offered { kind, info: digest }));
    all
}
