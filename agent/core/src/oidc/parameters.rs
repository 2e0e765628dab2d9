//! Parameters of a query or form (`application/x-www-form-urlencoded`), read strictly.

/// Most parameters of one request.
const MAX_COUNT: usize = 64;
/// Longest request, in bytes before decoding.
pub const MAX_LENGTH: usize = 32 * 1024;

/// Parameters of a request as they came, decoded once, in order. Duplicates are kept so that they can be refused.
/// No debug output: forms hold secrets.
#[derive(Clone, Default)]
pub struct Parameters(pub Vec<(String, String)>);

/// Why a query or form was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParametersError {
    /// Longer than [`MAX_LENGTH`], or more than 64 parameters.
    #[error("the request is too long")]
    TooLong,
    /// A percent sign without two hexadecimal digits, or bytes that are not UTF-8.
    #[error("the request is not well-formed form data")]
    Malformed,
}

/// A parameter came more than once (RFC 6749 §3.1 forbids it).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Duplicate;

impl Parameters {
    /// Decodes a query or a form body.
    ///
    /// # Errors
    /// [`ParametersError`].
    pub fn parse(text: &str) -> Result<Self, ParametersError> {
        if text.len() > MAX_LENGTH {
            return Err(ParametersError::TooLong);
        }
        let mut all = Vec::new();
        for part in text.split('&').filter(|part| !part.is_empty()) {
            if all.len() == MAX_COUNT {
                return Err(ParametersError::TooLong);
            }
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            all.push((decode(name)?, decode(value)?));
        }
        Ok(Self(all))
    }

    /// The value of a parameter. One without a value counts as absent (RFC 6749 §3.1).
    pub(super) fn one(&self, name: &str) -> Result<Option<&str>, Duplicate> {
        let mut values = self.0.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str());
        let first = values.next();
        if values.next().is_some() { Err(Duplicate) } else { Ok(first.filter(|value| !value.is_empty())) }
    }

    /// Whether any parameter came twice, known to us or not.
    pub(super) fn has_duplicates(&self) -> bool {
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.windows(2).any(|pair| pair.first() == pair.last())
    }

    /// Whether a door that builds parameters by itself kept the limits of [`Parameters::parse`].
    pub(super) fn within_limits(&self) -> bool {
        let length: usize = self.0.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
        self.0.len() <= MAX_COUNT && length <= MAX_LENGTH
    }
}

/// Decodes one name or value: `+` is a space, `%XX` a byte, and the bytes are UTF-8.
pub(super) fn decode(text: &str) -> Result<String, ParametersError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
                let (high, low) = (digit(), digit());
                let value = high.zip(low).map(|(high, low)| high * 16 + low);
                value.and_then(|v| u8::try_from(v).ok()).ok_or(ParametersError::Malformed)?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| ParametersError::Malformed)
}
