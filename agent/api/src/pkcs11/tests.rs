//! What these words are in JSON, and what they refuse.

use super::*;

#[test]
fn a_newer_word_does_not_spoil_the_rest() {
    let schemes: Vec<Scheme> = serde_json::from_str(r#"["rsa_pkcs1_sha256","falcon_512"]"#).unwrap();
    assert_eq!(schemes, [Scheme::RsaPkcs1Sha256, Scheme::Other]);
}

#[test]
fn what_is_not_base64_is_refused() {
    assert!(serde_json::from_str::<Base64>(r#""a b""#).is_err());
    assert_eq!(serde_json::from_str::<Base64>(r#""AQI=""#).unwrap(), Base64(vec![1, 2]));
}

#[test]
fn bytes_are_not_shown() {
    assert_eq!(format!("{:?}", Base64(vec![0x31; 4])), "Base64(4 bytes)");
}

#[test]
fn a_plaintext_travels_and_is_not_shown() {
    let answer = DecryptAnswer { plaintext: vec![1, 2].into() };
    let json = serde_json::to_string(&answer).unwrap();
    assert_eq!(json, r#"{"plaintext":"AQI="}"#);
    assert_eq!(serde_json::from_str::<DecryptAnswer>(&json).unwrap(), answer);
    assert_eq!(format!("{answer:?}"), "DecryptAnswer { plaintext: Plaintext(…) }");
}

/// Lends text, and gives none away.
struct Lender(&'static str);

impl<'de> Deserializer<'de> for Lender {
    type Error = de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(de::Error::custom("a copy was asked for"))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_str(self.0)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char string bytes byte_buf option unit unit_struct newtype_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[test]
fn a_plaintext_is_decoded_where_it_lies() {
    assert_eq!(Plaintext::deserialize(Lender("AQI=")).unwrap(), vec![1, 2].into());
    assert_eq!(Base64::deserialize(Lender("AQI=")).unwrap(), Base64(vec![1, 2]));
    assert!(Plaintext::deserialize(Lender("A")).is_err());
    assert_eq!(serde_json::from_str::<Base64>(r#""\u0041QI=""#).unwrap(), Base64(vec![1, 2]));
}

#[test]
fn public_keys_name_their_type() {
    let key = PublicKey::Rsa { modulus: vec![1].into(), exponent: vec![1, 0, 1].into() };
    let json = serde_json::to_string(&key).unwrap();
    assert_eq!(json, r#"{"type":"rsa","modulus":"AQ==","exponent":"AQAB"}"#);
}
