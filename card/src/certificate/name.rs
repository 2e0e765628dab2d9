//! Distinguished names (RFC 5280 §4.1.2.4), multi-valued RDN included.
//!
//! Card certificates put title, surname, given name and common name in one RDN, so nothing here assumes
//! one attribute per RDN.

use x509_parser::asn1_rs::{Any, Class, Oid, Tag};
use x509_parser::x509::X509Name;

/// A distinguished name. Neither `Debug` nor any error shows its values: a subject is a person.
#[derive(Clone)]
pub struct Name {
    raw: Vec<u8>,
    text: String,
    attributes: Vec<Attribute>,
}

/// One attribute of a name.
#[derive(Clone)]
pub struct Attribute {
    kind: AttributeKind,
    value: String,
}

/// What an attribute says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttributeKind {
    /// CN (2.5.4.3).
    CommonName,
    /// SN (2.5.4.4).
    Surname,
    /// serialNumber (2.5.4.5).
    SerialNumber,
    /// C (2.5.4.6).
    Country,
    /// L (2.5.4.7).
    Locality,
    /// ST (2.5.4.8).
    State,
    /// O (2.5.4.10).
    Organization,
    /// OU (2.5.4.11).
    OrganizationalUnit,
    /// title (2.5.4.12).
    Title,
    /// GN (2.5.4.42).
    GivenName,
    /// Any other.
    Other,
}

impl Name {
    pub(super) fn read(name: &X509Name<'_>) -> Self {
        let mut attributes = Vec::new();
        let mut parts = Vec::new();
        for rdn in name.iter_rdn() {
            let mut one = Vec::new();
            for pair in rdn.iter() {
                let (kind, label) = kind_of(pair.attr_type());
                let value = text_of(pair.attr_value());
                one.push(format!("{label}={}", escape(&value)));
                attributes.push(Attribute { kind, value });
            }
            parts.push(one.join("+"));
        }
        Self { raw: name.as_raw().to_vec(), text: parts.join(", "), attributes }
    }

    /// The name for people, in the order of the certificate, in the manner of RFC 4514: `, ` between RDN,
    /// `+` inside one. Control characters are replaced, so that it can be printed anywhere.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// DER bytes of the name.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// First value of a kind, wherever it stands.
    #[must_use]
    pub fn first(&self, kind: AttributeKind) -> Option<&str> {
        self.all(kind).next()
    }

    /// All values of a kind, in order.
    pub fn all(&self, kind: AttributeKind) -> impl Iterator<Item = &str> {
        self.attributes.iter().filter(move |a| a.kind == kind).map(|a| a.value.as_str())
    }

    /// All attributes, in order, RDN borders forgotten.
    #[must_use]
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }
}

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Name({} attributes)", self.attributes.len())
    }
}

impl Attribute {
    /// What it says.
    #[must_use]
    pub fn kind(&self) -> AttributeKind {
        self.kind
    }

    /// Its text; control characters are replaced.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl std::fmt::Debug for Attribute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attribute({:?})", self.kind)
    }
}

fn kind_of(oid: &Oid<'_>) -> (AttributeKind, String) {
    let dotted = oid.to_id_string();
    let (kind, label) = match dotted.as_str() {
        "2.5.4.3" => (AttributeKind::CommonName, "CN"),
        "2.5.4.4" => (AttributeKind::Surname, "SN"),
        "2.5.4.5" => (AttributeKind::SerialNumber, "serialNumber"),
        "2.5.4.6" => (AttributeKind::Country, "C"),
        "2.5.4.7" => (AttributeKind::Locality, "L"),
        "2.5.4.8" => (AttributeKind::State, "ST"),
        "2.5.4.10" => (AttributeKind::Organization, "O"),
        "2.5.4.11" => (AttributeKind::OrganizationalUnit, "OU"),
        "2.5.4.12" => (AttributeKind::Title, "title"),
        "2.5.4.42" => (AttributeKind::GivenName, "GN"),
        other => (AttributeKind::Other, other),
    };
    (kind, label.to_owned())
}

/// Text of an attribute value or a string extension. What is not a known string type, or not valid in its type, becomes
/// replacement characters rather than an error: a name is shown, it decides nothing by itself.
pub(crate) fn text_of(value: &Any<'_>) -> String {
    let bytes = value.as_bytes();
    let text = match (value.class(), value.tag()) {
        (Class::Universal, Tag::BmpString) => {
            let units = bytes.chunks(2).map(|pair| match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                _ => 0xFFFD,
            });
            char::decode_utf16(units).map(|c| c.unwrap_or('\u{FFFD}')).collect()
        }
        // Teletex strings met in practice hold Latin-1.
        (Class::Universal, Tag::T61String) => bytes.iter().copied().map(char::from).collect(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    printable(&text)
}

/// Puts the replacement character in place of what must not reach a screen.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if is_unprintable(c) { '\u{FFFD}' } else { c }).collect()
}

/// Control characters, and the format characters that can reorder or hide text on a screen.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// Escapes the separators of RFC 4514 §2.4.
fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
