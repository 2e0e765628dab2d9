//! What programs find on a token: for each key its certificate, the public key and the private key, as lists of attributes.
//!
//! A list is made once for each insertion; searching and reading are then comparing and copying bytes (§4, §5.7).

use cps_agent_api::pkcs11::{Key, PublicKey, Scheme};
use pkcs11_sys::{
    CK_ATTRIBUTE_TYPE, CK_CERTIFICATE_CATEGORY_TOKEN_USER, CK_OBJECT_HANDLE, CK_SECURITY_DOMAIN_UNSPECIFIED,
    CK_ULONG, CK_UNAVAILABLE_INFORMATION, CKA_ALWAYS_AUTHENTICATE, CKA_ALWAYS_SENSITIVE,
    CKA_CERTIFICATE_CATEGORY, CKA_CERTIFICATE_TYPE, CKA_CLASS, CKA_COEFFICIENT, CKA_COPYABLE, CKA_DECRYPT,
    CKA_DERIVE, CKA_DESTROYABLE, CKA_EC_PARAMS, CKA_EC_POINT, CKA_ENCRYPT, CKA_END_DATE, CKA_EXPONENT_1,
    CKA_EXPONENT_2, CKA_EXTRACTABLE, CKA_ID, CKA_ISSUER, CKA_JAVA_MIDP_SECURITY_DOMAIN,
    CKA_KEY_GEN_MECHANISM, CKA_KEY_TYPE, CKA_LABEL, CKA_LOCAL, CKA_MODIFIABLE, CKA_MODULUS, CKA_MODULUS_BITS,
    CKA_NEVER_EXTRACTABLE, CKA_PRIME_1, CKA_PRIME_2, CKA_PRIVATE, CKA_PRIVATE_EXPONENT, CKA_PUBLIC_EXPONENT,
    CKA_SENSITIVE, CKA_SERIAL_NUMBER, CKA_SIGN, CKA_SIGN_RECOVER, CKA_START_DATE, CKA_SUBJECT, CKA_TOKEN,
    CKA_TRUSTED, CKA_UNWRAP, CKA_VALUE, CKA_VERIFY, CKA_VERIFY_RECOVER, CKA_WRAP, CKA_WRAP_WITH_TRUSTED,
    CKC_X_509, CKK_EC, CKK_RSA, CKO_CERTIFICATE, CKO_PRIVATE_KEY, CKO_PUBLIC_KEY,
};

/// The secret parts of a private key, which are never told.
const SECRETS: [CK_ATTRIBUTE_TYPE; 7] = [
    CKA_VALUE,
    CKA_PRIVATE_EXPONENT,
    CKA_PRIME_1,
    CKA_PRIME_2,
    CKA_EXPONENT_1,
    CKA_EXPONENT_2,
    CKA_COEFFICIENT,
];

/// What is asked of an object: an attribute and its value.
pub(crate) type Template = Vec<(CK_ATTRIBUTE_TYPE, Vec<u8>)>;

/// An object on a token.
#[derive(Clone)]
pub(crate) struct Object {
    /// Its number, never given to another object between `C_Initialize` and `C_Finalize`.
    pub(crate) handle: CK_OBJECT_HANDLE,
    /// The key it belongs to, as a place in the token's list; what can be used is the private key's object alone.
    pub(crate) key: usize,
    /// The private key.
    pub(crate) private: bool,
    attributes: Template,
}

/// The value of an attribute, or why there is none.
pub(crate) enum Value<'a> {
    /// Here it is.
    Told(&'a [u8]),
    /// `CKR_ATTRIBUTE_SENSITIVE`.
    Secret,
    /// `CKR_ATTRIBUTE_TYPE_INVALID`.
    Unknown,
}

impl Object {
    /// The objects of a key, which has this place in the token's list, numbered by the caller.
    pub(crate) fn of(key: &Key, place: usize, mut next: impl FnMut() -> CK_OBJECT_HANDLE) -> [Self; 3] {
        [certificate(key), public_key(key), private_key(key)].map(|attributes| {
            let private = attributes.contains(&(CKA_CLASS, number(CKO_PRIVATE_KEY)));
            Self { handle: next(), key: place, private, attributes }
        })
    }

    /// The same object of a key that has another place now.
    pub(crate) fn at(self, place: usize) -> Self {
        Self { key: place, ..self }
    }

    /// It has every attribute of a template, with the same value; an empty template is met by all.
    pub(crate) fn meets(&self, template: &Template) -> bool {
        template.iter().all(|wanted| self.attributes.contains(wanted))
    }

    /// The value of an attribute.
    pub(crate) fn value(&self, kind: CK_ATTRIBUTE_TYPE) -> Value<'_> {
        match self.attributes.iter().find(|(known, _)| *known == kind) {
            Some((_, value)) => Value::Told(value),
            None if self.private && SECRETS.contains(&kind) => Value::Secret,
            None => Value::Unknown,
        }
    }

    /// An estimate of its size, as `C_GetObjectSize` asks for.
    pub(crate) fn size(&self) -> usize {
        self.attributes.iter().map(|(_, value)| value.len()).sum()
    }
}

fn number(value: CK_ULONG) -> Vec<u8> {
    value.to_ne_bytes().to_vec()
}

fn flag(value: bool) -> Vec<u8> {
    vec![u8::from(value)]
}

/// What all objects have (§4.4). They can be seen without a login: none is required, as browsers need it.
fn storage(class: CK_ULONG, label: &str, id: &[u8]) -> Template {
    vec![
        (CKA_CLASS, number(class)),
        (CKA_TOKEN, flag(true)),
        (CKA_PRIVATE, flag(false)),
        (CKA_MODIFIABLE, flag(false)),
        (CKA_COPYABLE, flag(false)),
        (CKA_DESTROYABLE, flag(false)),
        (CKA_LABEL, label.as_bytes().to_vec()),
        (CKA_ID, id.to_vec()),
    ]
}

/// The certificate (§4.6.3). Whether it is trusted is for whoever looks at it.
fn certificate(key: &Key) -> Template {
    let mut all = storage(CKO_CERTIFICATE, &key.certificate_label, &key.id.0);
    all.extend([
        (CKA_CERTIFICATE_TYPE, number(CKC_X_509)),
        (CKA_CERTIFICATE_CATEGORY, number(CK_CERTIFICATE_CATEGORY_TOKEN_USER)),
        (CKA_JAVA_MIDP_SECURITY_DOMAIN, number(CK_SECURITY_DOMAIN_UNSPECIFIED)),
        (CKA_TRUSTED, flag(false)),
        (CKA_START_DATE, date(key.not_before)),
        (CKA_END_DATE, date(key.not_after)),
        (CKA_SUBJECT, key.subject.0.clone()),
        (CKA_ISSUER, key.issuer.0.clone()),
        (CKA_SERIAL_NUMBER, key.serial_number.0.clone()),
        (CKA_VALUE, key.certificate.0.clone()),
    ]);
    all
}

/// What both keys of a pair have (§4.7).
fn any_key(class: CK_ULONG, label: &str, key: &Key) -> Template {
    let mut all = storage(class, label, &key.id.0);
    all.extend([
        (CKA_START_DATE, Vec::new()),
        (CKA_END_DATE, Vec::new()),
        (CKA_DERIVE, flag(false)),
        (CKA_LOCAL, flag(false)),
        (CKA_KEY_GEN_MECHANISM, number(CK_UNAVAILABLE_INFORMATION)),
        (CKA_SUBJECT, key.subject.0.clone()),
    ]);
    match &key.public_key {
        PublicKey::Rsa { modulus, exponent } => all.extend([
            (CKA_KEY_TYPE, number(CKK_RSA)),
            (CKA_MODULUS, modulus.0.clone()),
            (CKA_PUBLIC_EXPONENT, exponent.0.clone()),
        ]),
        PublicKey::Ec { curve, .. } => {
            all.extend([(CKA_KEY_TYPE, number(CKK_EC)), (CKA_EC_PARAMS, curve.0.clone())]);
        }
    }
    all
}

/// The public key (§4.8), which the card has in its certificate only; the label is the one that is usual for the CPS.
fn public_key(key: &Key) -> Template {
    let mut all = any_key(CKO_PUBLIC_KEY, &format!("Cle publique - {}", key.certificate_label), key);
    all.extend([
        (CKA_ENCRYPT, flag(key.decrypt)),
        (CKA_VERIFY, flag(true)),
        (CKA_VERIFY_RECOVER, flag(false)),
        (CKA_WRAP, flag(false)),
        (CKA_TRUSTED, flag(false)),
    ]);
    match &key.public_key {
        PublicKey::Rsa { .. } => {
            let bits = CK_ULONG::try_from(bits(&key.public_key)).unwrap_or_default();
            all.push((CKA_MODULUS_BITS, number(bits)));
        }
        PublicKey::Ec { point, .. } => all.push((CKA_EC_POINT, octet_string(&point.0))),
    }
    all
}

/// The private key (§4.9). `CKA_ALWAYS_AUTHENTICATE` stays false even where the person is asked each time: it is the agent
/// that asks, within the signature, and a program that saw the attribute would ask as well.
fn private_key(key: &Key) -> Template {
    let mut all = any_key(CKO_PRIVATE_KEY, &key.label, key);
    all.extend([
        (CKA_SENSITIVE, flag(true)),
        (CKA_ALWAYS_SENSITIVE, flag(true)),
        (CKA_EXTRACTABLE, flag(false)),
        (CKA_NEVER_EXTRACTABLE, flag(true)),
        (CKA_DECRYPT, flag(key.decrypt)),
        (CKA_SIGN, flag(key.schemes.iter().any(|scheme| *scheme != Scheme::Other))),
        (CKA_SIGN_RECOVER, flag(false)),
        (CKA_UNWRAP, flag(false)),
        (CKA_WRAP_WITH_TRUSTED, flag(false)),
        (CKA_ALWAYS_AUTHENTICATE, flag(false)),
    ]);
    all
}

/// Length of a key in bits.
pub(crate) fn bits(key: &PublicKey) -> usize {
    match key {
        PublicKey::Rsa { modulus, .. } => {
            let zeros = modulus.0.first().map_or(0, |first| first.leading_zeros() as usize);
            (modulus.0.len() * 8).saturating_sub(zeros)
        }
        // The point is `04 ‖ X ‖ Y`.
        PublicKey::Ec { point, .. } => point.0.len() / 2 * 8,
    }
}

/// An OCTET STRING in DER.
fn octet_string(bytes: &[u8]) -> Vec<u8> {
    let mut der = vec![0x04];
    match u8::try_from(bytes.len()) {
        Ok(short @ 0..0x80) => der.push(short),
        Ok(long) => der.extend([0x81, long]),
        // No curve we know has such a point; an empty value is no point at all.
        Err(_) => return Vec::new(),
    }
    der.extend(bytes);
    der
}

/// A moment as `CK_DATE`: year, month and day as digits. Days are counted from 1 March, so that leap days come last.
fn date(unix: i64) -> Vec<u8> {
    let days = unix.div_euclid(86_400) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    if !(0..=9_999).contains(&year) {
        return Vec::new();
    }
    format!("{year:04}{month:02}{day:02}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_digits() {
        assert_eq!(date(0), b"19700101");
        assert_eq!(date(951_782_400), b"20000229");
        assert_eq!(date(1_735_689_599), b"20241231");
        assert_eq!(date(-86_400), b"19691231");
        assert_eq!(date(i64::MAX / 2), b"");
    }

    #[test]
    fn a_point_is_inside_an_octet_string() {
        assert_eq!(octet_string(&[4; 65])[..3], [0x04, 65, 4]);
        assert_eq!(octet_string(&[4; 133])[..4], [0x04, 0x81, 133, 4]);
    }

    #[test]
    fn the_length_of_a_modulus_leaves_out_leading_zeros() {
        let key = |modulus: Vec<u8>| PublicKey::Rsa { modulus: modulus.into(), exponent: vec![3].into() };
        assert_eq!(bits(&key(vec![0x80; 256])), 2048);
        assert_eq!(bits(&key(vec![0x01, 0xff])), 9);
        assert_eq!(bits(&key(Vec::new())), 0);
    }
}
