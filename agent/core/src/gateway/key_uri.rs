//! The name of a key in a key store: a `pkcs11` URI (RFC 7512), with where its module and its PIN are.
//!
//! A URI that says more than can be honoured is refused: an attribute that is left aside could have told two keys apart.

/// The file name of our own module, whatever stands before and after it.
const OURS: &str = "cps_pkcs11";

/// A key, as the administrator named it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyUri {
    /// The URI as it was written.
    pub text: String,
    /// `token`: its label.
    pub token: Option<String>,
    /// `manufacturer` of the token.
    pub manufacturer: Option<String>,
    /// `model` of the token.
    pub model: Option<String>,
    /// `serial` of the token.
    pub serial: Option<String>,
    /// `slot-id`.
    pub slot: Option<u64>,
    /// `object`: the label of the key (`CKA_LABEL`).
    pub object: Option<String>,
    /// `id` of the key (`CKA_ID`).
    pub id: Option<Vec<u8>>,
    /// `module-path`: the module, an absolute path.
    pub module: String,
    /// `pin-source`: the file of the PIN, an absolute path.
    pub pin: String,
}

/// What is wrong with a URI.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyUriError {
    /// It does not begin as one, or a part of it has no value.
    #[error("is no PKCS#11 URI (pkcs11:token=…;object=…?module-path=…&pin-source=file:…)")]
    Garbled,
    /// An attribute that is not understood here.
    #[error("has the attribute {0}, which is not understood")]
    Unknown(String),
    /// An attribute that stands there twice (RFC 7512 §2.3).
    #[error("has the attribute {0} twice")]
    Twice(String),
    /// A value that is none for its attribute.
    #[error("has a value of {0} that is none")]
    Value(&'static str),
    /// An attribute without which no key is found.
    #[error("lacks {0}")]
    Missing(&'static str),
    /// The PIN itself.
    #[error("holds a PIN: put it into a file of your own and name that (pin-source=file:…)")]
    Pin,
    /// Our own module: what it offers is the person's card, and no organisation's key.
    #[error("names the module of the person's card: use credential = \"card\"")]
    OurModule,
}

impl KeyUri {
    /// Whether a setting means a key store and not a file.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        text.starts_with("pkcs11:")
    }

    /// Reads a URI.
    ///
    /// # Errors
    /// See [`KeyUriError`].
    pub fn parse(text: &str) -> Result<Self, KeyUriError> {
        let rest = text.strip_prefix("pkcs11:").ok_or(KeyUriError::Garbled)?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut uri = Self { text: text.to_owned(), ..Self::default() };
        let mut seen = Vec::new();
        let parts = path.split(';').chain(query.split('&')).filter(|part| !part.is_empty());
        for part in parts {
            let (name, value) = part.split_once('=').ok_or(KeyUriError::Garbled)?;
            if seen.contains(&name) {
                return Err(KeyUriError::Twice(name.to_owned()));
            }
            seen.push(name);
            uri.attribute(name, decoded(value).ok_or(KeyUriError::Garbled)?)?;
        }
        uri.whole()
    }

    fn attribute(&mut self, name: &str, value: Vec<u8>) -> Result<(), KeyUriError> {
        if name == "id" {
            self.id = Some(value);
            return Ok(());
        }
        let value = String::from_utf8(value).map_err(|_| KeyUriError::Garbled)?;
        match name {
            "token" => self.token = Some(value),
            "manufacturer" => self.manufacturer = Some(value),
            "model" => self.model = Some(value),
            "serial" => self.serial = Some(value),
            "slot-id" => self.slot = Some(value.parse().map_err(|_| KeyUriError::Value("slot-id"))?),
            "object" => self.object = Some(value),
            // No other object can sign.
            "type" if value == "private" => {}
            "type" => return Err(KeyUriError::Value("type")),
            "module-path" => self.module = absolute(&value).ok_or(KeyUriError::Value("module-path"))?,
            "pin-source" => {
                let file = value.strip_prefix("file:").unwrap_or(&value);
                let file = file.strip_prefix("//").unwrap_or(file);
                self.pin = absolute(file).ok_or(KeyUriError::Value("pin-source"))?;
            }
            "pin-value" => return Err(KeyUriError::Pin),
            _ => return Err(KeyUriError::Unknown(name.to_owned())),
        }
        Ok(())
    }

    fn whole(self) -> Result<Self, KeyUriError> {
        let token = [&self.token, &self.manufacturer, &self.model, &self.serial];
        if token.iter().all(|part| part.is_none()) && self.slot.is_none() {
            return Err(KeyUriError::Missing("token"));
        }
        if self.object.is_none() && self.id.is_none() {
            return Err(KeyUriError::Missing("object"));
        }
        if self.module.is_empty() {
            return Err(KeyUriError::Missing("module-path"));
        }
        if self.pin.is_empty() {
            return Err(KeyUriError::Missing("pin-source"));
        }
        if self.module.rsplit('/').next().is_some_and(|file| file.contains(OURS)) {
            return Err(KeyUriError::OurModule);
        }
        Ok(self)
    }

    /// The token as people know it.
    #[must_use]
    pub fn token_name(&self) -> String {
        let named = [&self.token, &self.serial, &self.model, &self.manufacturer];
        let named = named.into_iter().flatten().next().cloned();
        named.unwrap_or_else(|| self.slot.unwrap_or_default().to_string())
    }
}

/// A path that means the same file wherever it is read.
fn absolute(path: &str) -> Option<String> {
    path.starts_with('/').then(|| path.to_owned())
}

/// Decodes percent escapes (RFC 3986 §2.1); `None` for one that is broken, and for an empty value.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        out.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
    }
    (!out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "pkcs11:token=ETAB;object=sceau?module-path=/usr/lib/hsm.so&pin-source=file:/etc/pin";

    #[test]
    fn a_uri_names_token_key_module_and_where_the_pin_is() {
        let uri = KeyUri::parse(WHOLE).unwrap();
        assert_eq!((uri.token.as_deref(), uri.object.as_deref()), (Some("ETAB"), Some("sceau")));
        assert_eq!((uri.module.as_str(), uri.pin.as_str()), ("/usr/lib/hsm.so", "/etc/pin"));
        assert_eq!((uri.text.as_str(), uri.token_name().as_str()), (WHOLE, "ETAB"));
        // As p11tool and pkcs11-tool print one, with the query added.
        let printed = "pkcs11:model=SoftHSM%20v2;manufacturer=SoftHSM%20project;serial=0a1b;token=%c3%89TAB;id=%00%01;\
                       object=sceau;type=private?pin-source=file:///etc/pin&module-path=/usr/lib/hsm.so";
        let uri = KeyUri::parse(printed).unwrap();
        assert_eq!((uri.token.as_deref(), uri.id.as_deref()), (Some("ÉTAB"), Some(&[0, 1][..])));
        assert_eq!((uri.model.as_deref(), uri.serial.as_deref()), (Some("SoftHSM v2"), Some("0a1b")));
        assert_eq!(uri.pin, "/etc/pin");
    }

    #[test]
    fn a_uri_that_cannot_be_honoured_is_refused() {
        let refused = |from: &str, to: &str| KeyUri::parse(&WHOLE.replacen(from, to, 1)).unwrap_err();
        assert_eq!(refused("pkcs11:", "pkcs12:"), KeyUriError::Garbled);
        assert_eq!(refused("=ETAB", ""), KeyUriError::Garbled);
        assert_eq!(refused("=ETAB", "=%4"), KeyUriError::Garbled);
        assert_eq!(refused("=ETAB", "="), KeyUriError::Garbled);
        assert_eq!(refused("token=ETAB;", ""), KeyUriError::Missing("token"));
        assert_eq!(refused(";object=sceau", ""), KeyUriError::Missing("object"));
        assert_eq!(refused("module-path=/usr/lib/hsm.so&", ""), KeyUriError::Missing("module-path"));
        assert_eq!(refused("&pin-source=file:/etc/pin", ""), KeyUriError::Missing("pin-source"));
        assert_eq!(refused("=/usr/lib/hsm.so", "=hsm.so"), KeyUriError::Value("module-path"));
        assert_eq!(refused("file:/etc/pin", "|/bin/sh"), KeyUriError::Value("pin-source"));
        assert_eq!(refused("object=sceau", "object=sceau;type=cert"), KeyUriError::Value("type"));
        assert_eq!(refused("object=sceau", "object=sceau;object=x"), KeyUriError::Twice("object".to_owned()));
        assert_eq!(
            refused("object=sceau", "object=sceau;slot-description=x"),
            KeyUriError::Unknown("slot-description".to_owned())
        );
    }

    #[test]
    fn a_pin_in_the_uri_and_the_module_of_the_card_are_refused() {
        let pin = WHOLE.replace("pin-source=file:/etc/pin", "pin-value=1234");
        assert_eq!(KeyUri::parse(&pin), Err(KeyUriError::Pin));
        let ours = WHOLE.replace("hsm.so", "libcps_pkcs11.so");
        assert_eq!(KeyUri::parse(&ours), Err(KeyUriError::OurModule));
    }
}
