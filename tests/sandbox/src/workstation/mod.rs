//! A made-up workstation: readers with virtual cards, a person who knows the PINs, an upstream, and the settings of an
//! agent that uses them. Everything lies in one temporary folder and ends with it.

mod settings;

pub use settings::Settings;

use crate::{
    card::{CardBuilder, CardHandle, Cps4Model, Family},
    pinentry::Person,
    pki::{Holder, holder},
    reader::InProcessReaders,
    upstream::{self, CLIENT, SECRET, Upstream},
};
use serde::Serialize;
use std::{
    io,
    path::{Path, PathBuf},
    str::FromStr,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Why the workstation could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Files, sockets, or a pcscd that cannot be started.
    #[error("{0}")]
    Place(String, #[source] io::Error),
    /// The upstream.
    #[error(transparent)]
    Upstream(#[from] upstream::Error),
    /// A card that does not exist.
    #[error("{0}")]
    Card(String),
}

fn place(what: &str) -> impl FnOnce(io::Error) -> Error + '_ {
    move |error| Error::Place(format!("{what} ({error})"), error)
}

/// A wish for a card: `cps3`, `cps3-contactless`, `cps4` or `none`, and after a colon whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardWish {
    /// No card: an empty reader.
    family: Option<Family>,
    holder: Option<&'static Holder>,
}

const HOLDERS: [(&str, &Holder); 4] = [
    ("doctor", &holder::DOCTOR),
    ("nurse", &holder::NURSE),
    ("pharmacist", &holder::PHARMACIST),
    ("employee", &holder::EMPLOYEE),
];

impl FromStr for CardWish {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (family, person) = text.split_once(':').map_or((text, None), |(f, p)| (f, Some(p)));
        let family = match family {
            "cps3" => Some(Family::Cps3),
            "cps3-contactless" => Some(Family::Cps3Contactless),
            "cps4" => Some(Family::Cps4(Cps4Model::Release)),
            "none" => None,
            _ => return Err("cards are cps3, cps3-contactless, cps4 and none".to_owned()),
        };
        let holder = match person {
            None => None,
            Some(name) => {
                let known = HOLDERS.iter().find(|(known, _)| *known == name);
                Some(known.ok_or("holders are doctor, nurse, pharmacist and employee")?.1)
            }
        };
        Ok(Self { family, holder })
    }
}

impl CardWish {
    /// Makes the card; where no holder is named, the first who has no card of this kind yet.
    fn build(self, taken: &[Option<CardHandle>]) -> Option<CardHandle> {
        let family = self.family?;
        let cards = HOLDERS.iter().map(|(_, holder)| CardBuilder::new(family, holder).build());
        match self.holder {
            Some(holder) => Some(CardBuilder::new(family, holder).build()),
            None => {
                let free = |card: &CardHandle| !taken.iter().flatten().any(|c| c.serial() == card.serial());
                let mut cards = cards.peekable();
                let first = cards.peek().cloned();
                cards.find(free).or(first)
            }
        }
    }
}

/// Where the cards are.
pub enum Readers {
    /// Inside this process, for an agent inside this process.
    InProcess(InProcessReaders),
    /// Behind a private real pcscd.
    #[cfg(target_os = "linux")]
    Pcscd(crate::reader::PcscDaemon),
}

/// Which readers a workstation gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// [`Readers::InProcess`].
    InProcess,
    /// [`Readers::Pcscd`].
    Pcscd,
}

/// One reader slot and the card that belongs to it.
struct Slot {
    card: Option<CardHandle>,
    inserted: bool,
}

/// A slot as it is shown to integrators.
#[derive(Debug, Clone, Serialize)]
pub struct SlotState {
    /// Number of the slot, from 0.
    pub slot: usize,
    /// Name of the reader, as PC/SC programs see it.
    pub reader: String,
    /// `cps3`, `cps3-contactless`, `cps4`, or nothing.
    pub family: Option<&'static str>,
    /// Serial number of the card.
    pub serial: Option<String>,
    /// Whose card it is.
    pub holder: Option<HolderState>,
    /// TEST PIN.
    pub pin: Option<String>,
    /// TEST PUK.
    pub puk: Option<String>,
    /// Tries left of the PIN.
    pub tries_left: Option<u8>,
    /// Whether the card is in the reader.
    pub inserted: bool,
    /// Commands that the card answered.
    pub commands: usize,
}

/// A made-up person.
#[derive(Debug, Clone, Serialize)]
pub struct HolderState {
    /// National identifier.
    pub identifier: &'static str,
    /// Family name; none on a card that names nobody.
    pub family_name: Option<&'static str>,
    /// Given name.
    pub given_name: Option<&'static str>,
    /// Profession, code of table G15.
    pub profession: Option<u64>,
}

/// The workstation.
pub struct Workstation {
    /// The stand-in for Pro Santé Connect.
    pub upstream: Upstream,
    /// The person at the PIN prompt.
    pub person: Person,
    /// The readers.
    pub readers: Readers,
    slots: Mutex<Vec<Slot>>,
    /// Removed when the workstation is dropped, after everything that uses it.
    folder: tempfile::TempDir,
}

impl Workstation {
    /// Sets everything up. `program` is the `cps-sandbox` binary, which is the PIN prompt too.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn new(wishes: &[CardWish], transport: Transport, program: &Path) -> Result<Self, Error> {
        let mut folder = tempfile::Builder::new();
        folder.prefix("cps-sandbox-");
        #[cfg(unix)]
        folder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let folder = folder.tempdir().map_err(place("no temporary folder can be made"))?;
        let person = Person::new(&folder.path().join("person"), program)
            .map_err(place("the scripted person cannot be set up"))?;
        let upstream = Upstream::start(upstream::Settings::default()).await?;
        let readers = match transport {
            Transport::InProcess => Readers::InProcess(InProcessReaders::with_readers(wishes.len())),
            #[cfg(target_os = "linux")]
            Transport::Pcscd => Readers::Pcscd(crate::reader::PcscDaemon::start().map_err(place(
                "pcscd with the virtual reader of vsmartcard-vpcd cannot be started: are both installed?",
            ))?),
            #[cfg(not(target_os = "linux"))]
            Transport::Pcscd => return Err(Error::Card("--pcscd needs Linux".to_owned())),
        };
        let workstation = Self { upstream, person, readers, slots: Mutex::default(), folder };
        for (slot, wish) in wishes.iter().enumerate() {
            workstation.put(slot, Some(*wish))?;
        }
        Ok(workstation)
    }

    /// The folder of the workstation.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn slots(&self) -> MutexGuard<'_, Vec<Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The card that belongs to a slot, whether it is inserted or not.
    #[must_use]
    pub fn card(&self, slot: usize) -> Option<CardHandle> {
        self.slots().get(slot).and_then(|slot| slot.card.clone())
    }

    /// Inserts a new card into a slot, or without a wish the one that was there.
    ///
    /// # Errors
    /// When there is no such slot, no card for it, or pcscd does not run.
    pub fn put(&self, slot: usize, wish: Option<CardWish>) -> Result<(), Error> {
        let mut slots = self.slots();
        if slot > slots.len() {
            return Err(Error::Card(format!("there is no slot {slot}")));
        }
        let card = match wish {
            Some(wish) => {
                let taken: Vec<_> = slots.iter().map(|slot| slot.card.clone()).collect();
                wish.build(&taken)
            }
            None => {
                let card = slots.get(slot).and_then(|slot| slot.card.clone());
                Some(card.ok_or_else(|| Error::Card(format!("slot {slot} has no card to insert again")))?)
            }
        };
        if let Some(card) = &card {
            self.person.knows(card).map_err(place("the person cannot learn the PIN"))?;
            match &self.readers {
                Readers::InProcess(readers) => readers.insert(slot, card),
                #[cfg(target_os = "linux")]
                Readers::Pcscd(daemon) => {
                    daemon.insert(slot, card).map_err(place("the card cannot be inserted"))?;
                }
            }
        }
        let state = Slot { inserted: card.is_some(), card };
        match slots.get_mut(slot) {
            Some(place) => *place = state,
            None => slots.push(state),
        }
        Ok(())
    }

    /// Takes the card out of a slot.
    ///
    /// # Errors
    /// When there is no such slot.
    pub fn take(&self, slot: usize) -> Result<(), Error> {
        let mut slots = self.slots();
        let state = slots.get_mut(slot).ok_or_else(|| Error::Card(format!("there is no slot {slot}")))?;
        state.inserted = false;
        match &self.readers {
            Readers::InProcess(readers) => drop(readers.remove(slot)),
            #[cfg(target_os = "linux")]
            Readers::Pcscd(daemon) => daemon.remove(slot),
        }
        Ok(())
    }

    /// Every slot as it is now.
    #[must_use]
    pub fn state(&self) -> Vec<SlotState> {
        self.slots().iter().enumerate().map(|(number, slot)| self.slot_state(number, slot)).collect()
    }

    fn slot_state(&self, number: usize, slot: &Slot) -> SlotState {
        let reader = match &self.readers {
            Readers::InProcess(readers) => readers.name(number),
            #[cfg(target_os = "linux")]
            Readers::Pcscd(daemon) => daemon.reader(number),
        };
        let card = slot.card.as_ref();
        SlotState {
            slot: number,
            reader,
            family: card.map(|card| match card.family() {
                Family::Cps3 => "cps3",
                Family::Cps3Contactless => "cps3-contactless",
                Family::Cps4(_) => "cps4",
            }),
            serial: card.map(|card| card.serial().to_owned()),
            holder: card.map(|card| HolderState {
                identifier: card.holder().identifier,
                family_name: card.holder().name.map(|(family, _)| family),
                given_name: card.holder().name.map(|(_, given)| given),
                profession: card.holder().profession,
            }),
            pin: card.map(CardHandle::pin),
            puk: card.map(CardHandle::puk),
            tries_left: card.map(CardHandle::tries_left),
            inserted: slot.inserted,
            commands: card.map_or(0, |card| card.counters().commands()),
        }
    }

    /// Writes the settings of an agent that uses this workstation, and returns the file for `cps-agent --config`.
    ///
    /// With `port` the bridge listens there (0 for any); without, on its usual port.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn settings(&self, port: Option<u16>) -> Result<PathBuf, Error> {
        let settings = Settings {
            issuer: self.upstream.issuer(),
            ca_pem: self.upstream.ca_pem(),
            client_id: CLIENT,
            client_secret: SECRET,
            pinentry: &self.person.program(),
            port,
        };
        settings.write(self.folder()).map_err(place("the settings of the agent cannot be written"))
    }

    /// The upstream's TLS anchor as a file, once [`settings`](Self::settings) were written.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join(settings::CA_FILE)
    }
}
