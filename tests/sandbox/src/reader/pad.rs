//! A reader's PIN pad with a scripted person (PC/SC part 10: FEATURE_VERIFY_PIN_DIRECT and FEATURE_MODIFY_PIN_DIRECT).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Control codes, as the CCID driver of Linux numbers them.
pub(super) const CONTROL_VERIFY: u32 = 0x4233_0006;
pub(super) const CONTROL_MODIFY: u32 = 0x4233_0007;

/// Status words that the reader itself gives (PC/SC part 10 §2.6.3).
mod status {
    pub(super) const TIME_OUT: u16 = 0x6400;
    pub(super) const CANCELLED: u16 = 0x6401;
    pub(super) const DIFFERENT: u16 = 0x6402;
    pub(super) const LENGTH: u16 = 0x6403;
    pub(super) const PARAMETER: u16 = 0x6B80;
}

/// What the person does when the pad asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keypress {
    /// Types digits and the green key.
    Digits(String),
    /// Presses the red key.
    Cancel,
    /// Does nothing.
    Nothing,
}

/// A pad and the keypresses to come. Clones are the same pad. When the script is over the person does nothing.
#[derive(Debug, Clone, Default)]
pub struct PinPad(Arc<Mutex<VecDeque<Keypress>>>);

impl PinPad {
    /// A pad that nobody has touched.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds to the script. Changing a PIN takes the old one, the new one, and the new one again.
    pub fn then(&self, keypress: Keypress) -> &Self {
        self.script().push_back(keypress);
        self
    }

    /// Keypresses not used yet.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.script().len()
    }

    fn script(&self) -> std::sync::MutexGuard<'_, VecDeque<Keypress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The command to send to the card; or the pad's own status; or nothing for an unknown control code.
    pub(super) fn command(&self, code: u32, data: &[u8]) -> Result<Vec<u8>, Option<u16>> {
        match code {
            CONTROL_VERIFY => self.verify(data),
            CONTROL_MODIFY => self.modify(data),
            _ => return Err(None),
        }
        .map_err(Some)
    }

    fn ask(&self, form: &Form) -> Result<Vec<u8>, u16> {
        match self.script().pop_front() {
            Some(Keypress::Digits(digits)) => {
                let allowed = usize::from(form.min)..=usize::from(form.max);
                if allowed.contains(&digits.len()) { Ok(digits.into_bytes()) } else { Err(status::LENGTH) }
            }
            Some(Keypress::Cancel) => Err(status::CANCELLED),
            Some(Keypress::Nothing) | None => Err(status::TIME_OUT),
        }
    }

    /// PIN_VERIFY_STRUCTURE.
    fn verify(&self, data: &[u8]) -> Result<Vec<u8>, u16> {
        let (fixed, template) = data.split_first_chunk::<19>().ok_or(status::PARAMETER)?;
        let [_, _, format, block, _, max, min, _, _, _, _, _, _, _, _, l0, l1, l2, l3] = *fixed;
        let form = Form::read(format, block, min, max)?;
        let template = Template::read(template, [l0, l1, l2, l3])?;
        let pin = self.ask(&form)?;
        template.filled(&form, &[(form.position, pin)])
    }

    /// PIN_MODIFY_STRUCTURE.
    fn modify(&self, data: &[u8]) -> Result<Vec<u8>, u16> {
        let (fixed, template) = data.split_first_chunk::<24>().ok_or(status::PARAMETER)?;
        let [_, _, format, block, _, old_at, new_at, max, min, confirm, ..] = *fixed;
        let [.., l0, l1, l2, l3] = *fixed;
        let form = Form::read(format, block, min, max)?;
        let template = Template::read(template, [l0, l1, l2, l3])?;
        let mut pieces = Vec::new();
        if confirm & 0x02 != 0 {
            pieces.push((form.position + usize::from(old_at), self.ask(&form)?));
        }
        let new = self.ask(&form)?;
        if confirm & 0x01 != 0 && self.ask(&form)? != new {
            return Err(status::DIFFERENT);
        }
        pieces.push((form.position + usize::from(new_at), new));
        template.filled(&form, &pieces)
    }
}

/// How digits stand in the command.
struct Form {
    /// Offset of the first digit in the data.
    position: usize,
    /// Bytes reserved for a PIN; 0 when the digits alone are sent.
    block: usize,
    min: u8,
    max: u8,
}

impl Form {
    /// Only ASCII digits, placed by bytes, without a length field: what these cards need.
    fn read(format: u8, block: u8, min: u8, max: u8) -> Result<Self, u16> {
        if format & 0x03 != 0x02 || format & 0x80 == 0 && format & 0x78 != 0 || block & 0xF0 != 0 || min > max
        {
            return Err(status::PARAMETER);
        }
        Ok(Self { position: usize::from(format >> 3 & 0x0F), block: usize::from(block & 0x0F), min, max })
    }
}

/// The command without its digits.
struct Template<'a> {
    header: &'a [u8; 4],
    data: &'a [u8],
}

impl<'a> Template<'a> {
    fn read(bytes: &'a [u8], length: [u8; 4]) -> Result<Self, u16> {
        if usize::try_from(u32::from_le_bytes(length)) != Ok(bytes.len()) {
            return Err(status::PARAMETER);
        }
        let (header, rest) = bytes.split_first_chunk::<4>().ok_or(status::PARAMETER)?;
        let data = match rest {
            [] | [0] => &[],
            [lc, data @ ..] if data.len() == usize::from(*lc) => data,
            _ => return Err(status::PARAMETER),
        };
        Ok(Self { header, data })
    }

    fn filled(&self, form: &Form, pieces: &[(usize, Vec<u8>)]) -> Result<Vec<u8>, u16> {
        let mut data = if form.block == 0 { Vec::new() } else { self.data.to_vec() };
        for (position, digits) in pieces {
            if form.block != 0 && digits.len() > form.block {
                return Err(status::LENGTH);
            }
            // Without blocks the values follow each other.
            let start = if form.block == 0 { data.len() } else { *position };
            let end = start + digits.len();
            if data.len() < end {
                data.resize(end, 0);
            }
            data.get_mut(start..end).ok_or(status::PARAMETER)?.copy_from_slice(digits);
        }
        let length = u8::try_from(data.len()).map_err(|_| status::PARAMETER)?;
        Ok([self.header.as_slice(), &[length], &data].concat())
    }
}
