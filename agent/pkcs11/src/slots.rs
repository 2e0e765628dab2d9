//! Readers as slots: numbers that stay, what is in them now, and what changed since somebody asked.

use crate::{Answer, agent::Told, mechanism, objects::Object, text::padded};
use cps_agent_api::pkcs11::{self, Pin};
use pkcs11_sys::{
    CK_EFFECTIVELY_INFINITE, CK_FLAGS, CK_OBJECT_HANDLE, CK_SLOT_ID, CK_SLOT_INFO, CK_TOKEN_INFO, CK_ULONG,
    CK_UNAVAILABLE_INFORMATION, CK_VERSION, CKF_HW_SLOT, CKF_PROTECTED_AUTHENTICATION_PATH,
    CKF_REMOVABLE_DEVICE, CKF_RNG, CKF_TOKEN_INITIALIZED, CKF_TOKEN_PRESENT, CKF_USER_PIN_COUNT_LOW,
    CKF_USER_PIN_FINAL_TRY, CKF_USER_PIN_INITIALIZED, CKF_USER_PIN_LOCKED, CKF_WRITE_PROTECTED,
    CKR_SLOT_ID_INVALID, CKR_TOKEN_NOT_PRESENT,
};

/// Nobody knows the version of a reader or a card.
const NO_VERSION: CK_VERSION = CK_VERSION { major: 0, minor: 0 };

/// A reader, or the file of an e-CPS token, that was seen since `C_Initialize`.
pub(crate) struct Slot {
    /// Its number, the same as long as the library is initialised.
    pub(crate) id: CK_SLOT_ID,
    reader: String,
    hardware: bool,
    /// The reader is there.
    there: bool,
    /// The caller was told of it, so it stays valid until the list is refreshed (§5.5, `C_GetSlotList`).
    listed: bool,
    changed: bool,
    inside: Option<Inside>,
}

/// A token in a slot.
pub(crate) struct Inside {
    /// What the agent says of it.
    pub(crate) token: pkcs11::Token,
    /// What programs find on it.
    pub(crate) objects: Vec<Object>,
    /// The user is logged in, for all sessions of this program (§2.5.4). Nothing depends on it but what Cryptoki answers.
    pub(crate) logged_in: bool,
}

impl Slot {
    /// The token.
    ///
    /// # Errors
    /// `CKR_TOKEN_NOT_PRESENT`.
    pub(crate) fn inside(&mut self) -> Answer<&mut Inside> {
        self.inside.as_mut().ok_or(CKR_TOKEN_NOT_PRESENT)
    }

    /// `CK_SLOT_INFO`.
    pub(crate) fn info(&self) -> CK_SLOT_INFO {
        let kind = if self.hardware { CKF_HW_SLOT | CKF_REMOVABLE_DEVICE } else { 0 };
        let present = if self.inside.is_some() { CKF_TOKEN_PRESENT } else { 0 };
        CK_SLOT_INFO {
            slotDescription: padded(&self.reader),
            manufacturerID: padded(""),
            flags: kind | present,
            hardwareVersion: NO_VERSION,
            firmwareVersion: NO_VERSION,
        }
    }

    /// `CK_TOKEN_INFO`, with the numbers of open sessions: all, and those for writing.
    pub(crate) fn token_info(&mut self, (sessions, writing): (usize, usize)) -> Answer<CK_TOKEN_INFO> {
        let number = |count| CK_ULONG::try_from(count).unwrap_or(CK_ULONG::MAX);
        let token = &self.inside()?.token;
        Ok(CK_TOKEN_INFO {
            label: padded(&token.label),
            manufacturerID: padded(&token.manufacturer),
            model: padded(&token.model),
            serialNumber: padded(&ending(&token.serial)),
            flags: token_flags(token.pin),
            ulMaxSessionCount: CK_EFFECTIVELY_INFINITE,
            ulSessionCount: number(sessions),
            ulMaxRwSessionCount: CK_EFFECTIVELY_INFINITE,
            ulRwSessionCount: number(writing),
            ulMaxPinLen: token.pin_max.into(),
            ulMinPinLen: token.pin_min.into(),
            ulTotalPublicMemory: CK_UNAVAILABLE_INFORMATION,
            ulFreePublicMemory: CK_UNAVAILABLE_INFORMATION,
            ulTotalPrivateMemory: CK_UNAVAILABLE_INFORMATION,
            ulFreePrivateMemory: CK_UNAVAILABLE_INFORMATION,
            hardwareVersion: NO_VERSION,
            firmwareVersion: NO_VERSION,
            utcTime: padded(""),
        })
    }

    /// Mechanisms of the token.
    pub(crate) fn mechanisms(&mut self) -> Answer<Vec<mechanism::Offered>> {
        let hardware = self.hardware;
        Ok(mechanism::offered(&self.inside()?.token.keys, hardware))
    }
}

/// No `CKF_LOGIN_REQUIRED`, ever: a browser would open a dialog of its own for the PIN, which only the agent asks for.
fn token_flags(pin: Pin) -> CK_FLAGS {
    let pin = match pin {
        Pin::Fine | Pin::Unknown => 0,
        Pin::CountLow => CKF_USER_PIN_COUNT_LOW,
        Pin::FinalTry => CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY,
        Pin::Locked => CKF_USER_PIN_LOCKED,
    };
    CKF_RNG
        | CKF_WRITE_PROTECTED
        | CKF_USER_PIN_INITIALIZED
        | CKF_TOKEN_INITIALIZED
        | CKF_PROTECTED_AUTHENTICATION_PATH
        | pin
}

/// The last 16 characters of a serial number, where Cryptoki has room for no more: the end tells tokens apart.
fn ending(serial: &str) -> String {
    let skipped = serial.chars().count().saturating_sub(16);
    serial.chars().skip(skipped).collect()
}

/// Every slot since `C_Initialize`.
#[derive(Default)]
pub(crate) struct Slots {
    all: Vec<Slot>,
    last_object: CK_OBJECT_HANDLE,
}

impl Slots {
    /// Takes in what the agent says. Returns the slots whose token left.
    pub(crate) fn learn(&mut self, told: Told) -> Vec<CK_SLOT_ID> {
        let told = match told {
            Told::Tokens(tokens) => tokens.slots,
            Told::Nobody => Vec::new(),
            Told::Nothing => return Vec::new(),
        };
        let mut left = Vec::new();
        for slot in &mut self.all {
            let now = told.iter().find(|now| now.reader == slot.reader);
            let token = now.and_then(|now| now.token.as_ref());
            let stays = |inside: &Inside| {
                token
                    .is_some_and(|t| t.serial == inside.token.serial && t.insertion == inside.token.insertion)
            };
            if slot.there != now.is_some() {
                slot.changed = true;
                slot.there = now.is_some();
            }
            if slot.inside.as_ref().is_some_and(|inside| !stays(inside)) {
                slot.inside = None;
                slot.changed = true;
                left.push(slot.id);
            }
        }
        for now in told {
            self.update(now);
        }
        left
    }

    fn update(&mut self, now: pkcs11::Slot) {
        let index = self.all.iter().position(|slot| slot.reader == now.reader).unwrap_or_else(|| {
            let id = CK_SLOT_ID::try_from(self.all.len() + 1).unwrap_or(CK_SLOT_ID::MAX);
            self.all.push(Slot {
                id,
                reader: now.reader,
                hardware: now.hardware,
                there: true,
                listed: false,
                changed: true,
                inside: None,
            });
            self.all.len() - 1
        });
        let Some(slot) = self.all.get_mut(index) else { return };
        slot.hardware = now.hardware;
        let Some(token) = now.token else { return };
        match &mut slot.inside {
            // The same insertion: the state of the PIN may have changed, and which keys are known.
            Some(inside) => {
                if inside.token.keys != token.keys {
                    inside.objects = objects(&token.keys, Some(inside), &mut self.last_object);
                }
                inside.token = token;
            }
            None => {
                let objects = objects(&token.keys, None, &mut self.last_object);
                slot.inside = Some(Inside { token, objects, logged_in: false });
                slot.changed = true;
            }
        }
    }

    /// A slot that may be asked about.
    pub(crate) fn get(&mut self, id: CK_SLOT_ID) -> Option<&mut Slot> {
        self.all.iter_mut().find(|slot| slot.id == id && (slot.there || slot.listed))
    }

    /// The same, or why not.
    pub(crate) fn known(&mut self, id: CK_SLOT_ID) -> Answer<&mut Slot> {
        self.get(id).ok_or(CKR_SLOT_ID_INVALID)
    }

    /// Nobody is logged in to the token any more.
    pub(crate) fn log_out(&mut self, id: CK_SLOT_ID) {
        if let Some(inside) = self.get(id).and_then(|slot| slot.inside.as_mut()) {
            inside.logged_in = false;
        }
    }

    /// Makes the list of slots the one of this moment, as a `C_GetSlotList` without a buffer does.
    pub(crate) fn refresh(&mut self) {
        for slot in &mut self.all {
            slot.listed = slot.there;
        }
    }

    /// The list as last refreshed, with a token now or all.
    pub(crate) fn list(&self, with_token: bool) -> Vec<CK_SLOT_ID> {
        let shown = |slot: &&Slot| slot.listed && (slot.inside.is_some() || !with_token);
        self.all.iter().filter(shown).map(|slot| slot.id).collect()
    }

    /// A slot where something happened that nobody was told yet.
    pub(crate) fn take_event(&mut self) -> Option<CK_SLOT_ID> {
        let slot = self.all.iter_mut().find(|slot| slot.changed)?;
        slot.changed = false;
        Some(slot.id)
    }

    /// Nothing happened yet.
    pub(crate) fn forget_events(&mut self) {
        for slot in &mut self.all {
            slot.changed = false;
        }
    }
}

/// The objects of a token's keys. A key that was there before keeps its objects' numbers, which programs may hold.
fn objects(keys: &[pkcs11::Key], before: Option<&Inside>, last: &mut CK_OBJECT_HANDLE) -> Vec<Object> {
    let mut all = Vec::with_capacity(keys.len() * 3);
    for (place, key) in keys.iter().enumerate() {
        let known = before.and_then(|inside| {
            let place = inside.token.keys.iter().position(|known| known == key)?;
            Some(inside.objects.iter().filter(move |object| object.key == place).cloned())
        });
        match known {
            Some(known) => all.extend(known.map(|object| object.at(place))),
            None => all.extend(Object::of(key, place, || {
                *last = last.wrapping_add(1);
                *last
            })),
        }
    }
    all
}
