//! CPS4 lives on logical channel 1, which a reset closes (`cps-card.md` §4.2).

use super::script::play;
use cps_sandbox::card::{VirtualCard, cards};

const OPEN: &str = "> 01 A4 04 0C 08 80 25 00 00 01 FF 01 00\n< 90 00\n";

#[test]
fn nothing_works_on_the_channel_before_the_application_is_selected() {
    play(
        &cards::doctor_cps4(),
        "> 01 A4 08 00 02 D0 03 00
         < 68 81
         > 01 20 00 11
         < 68 81
         > 01 20 00 11 04 31 32 33 34
         < 68 81",
    );
}

#[test]
fn a_reset_closes_the_channel() {
    let mut card = cards::doctor_cps4();
    play(&card, &format!("{OPEN}> 01 20 00 11\n< 63 C3"));
    card.reset();
    play(&card, "> 01 20 00 11\n< 68 81");
    play(&card, &format!("{OPEN}> 01 20 00 11\n< 63 C3"));
}

#[test]
fn a_card_that_refuses_opens_after_the_detour() {
    let card = cards::doctor_cps4();
    card.faults().channel_needs_detour(true);
    play(
        &card,
        "> 01 A4 04 0C 08 80 25 00 00 01 FF 01 00
         < 69 85
         half the detour is not enough
         > 01 A4 04 0C 07 A0 00 00 01 51 00 00
         < 90 00
         > 01 A4 04 0C 08 80 25 00 00 01 FF 01 00
         < 69 85
         > 01 A4 04 0C 07 A0 00 00 01 51 00 00
         < 90 00
         > 00 A4 04 0C 08 80 25 00 00 01 FF 00 02
         < 90 00
         > 01 A4 04 0C 08 80 25 00 00 01 FF 01 00
         < 90 00
         > 01 20 00 11
         < 63 C3",
    );
}

#[test]
fn foreign_commands_on_the_basic_channel_disturb_nothing() {
    let card = cards::doctor_cps4();
    play(&card, &format!("{OPEN}> 01 A4 08 00 02 D0 03 00\n< 16 bytes 90 00"));
    play(&card, "> 00 A4 04 00 05 A0 00 00 00 03\n< 6A 82\n> 00 A4 09 04 02 3F 00\n< 6A 86");
    play(&card, "> 01 B0 00 00 02\n< 5A 0A 90 00");
}

#[test]
fn selection_forms_of_the_other_generation_are_refused() {
    play(
        &cards::doctor_cps4(),
        &format!(
            "{OPEN}> 01 A4 09 04 04 3F 00 D0 03 00
             < 6A 86
             > 01 A4 08 00 04 3F 00 D0 03 00
             < 6A 82
             > 01 A4 08 00 02 00 01
             < 61 0C
             > 01 A4 00 00 02 70 01 00
             < 16 bytes 90 00
             > 01 A4 04 04 08 80 25 00 00 01 FF 01 00 00
             < 12 bytes 90 00"
        ),
    );
}
