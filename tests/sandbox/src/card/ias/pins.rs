//! VERIFY, CHANGE REFERENCE DATA and RESET RETRY COUNTER on CPS3 (`cps-card.md` §7).

use super::super::apdu::{Answer, Command, status};
use super::super::chip::{Chip, Interface};
use super::SECRETS;

pub(super) fn verify(chip: &mut Chip, command: &Command) -> Answer {
    if command.p1 != 0 {
        return Answer::status(status::PARAMETERS);
    }
    if chip.interface == Interface::Contactless {
        return Answer::status(status::SECURITY);
    }
    let Some(secret) = chip.secret(command.p2, SECRETS) else { return Answer::status(status::REFERENCE) };
    Answer::status(if command.data.is_empty() { secret.query() } else { secret.verify(&command.data) })
}

/// P1 = 00: old value and new value. Changing is always allowed; the old value proves the right to do it.
pub(super) fn change(chip: &mut Chip, command: &Command) -> Answer {
    if command.p1 != 0 {
        return Answer::status(status::PARAMETERS);
    }
    if chip.interface == Interface::Contactless {
        return Answer::status(status::SECURITY);
    }
    match chip.secret(command.p2, SECRETS) {
        Some(secret) => Answer::status(secret.change(&command.data)),
        None => Answer::status(status::REFERENCE),
    }
}

/// P1 = 02: new value only, after the PUK. Each unblocking asks for the PUK again.
pub(super) fn reset(chip: &mut Chip, command: &Command) -> Answer {
    let [pin, _] = SECRETS;
    if command.p1 != 0x02 {
        return Answer::status(status::PARAMETERS);
    }
    if command.p2 != pin {
        return Answer::status(status::REFERENCE);
    }
    if chip.interface == Interface::Contactless || !chip.puk.verified {
        return Answer::status(status::SECURITY);
    }
    let status = chip.pin.replace(&command.data);
    if status == self::status::OK {
        chip.pin.unblock();
        chip.puk.verified = false;
    }
    Answer::status(status)
}
