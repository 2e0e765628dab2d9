//! PIN and PUK: tries, blocking, change and both ways to unblock (`cps-card.md` §7).

use super::script::play;
use cps_sandbox::card::{CardBuilder, CardHandle, Cps4Model, Family, PinPolicy, VirtualCard, cards};
use cps_sandbox::pki::holder::DOCTOR;

const OPEN: &str = "> 01 A4 04 0C 08 80 25 00 00 01 FF 01 00\n< 90 00\n";

#[test]
fn three_wrong_pins_block_the_card_and_the_right_one_comes_too_late() {
    let card = cards::doctor_cps3();
    play(
        &card,
        "> 00 20 00 01 04 39 39 39 39
         < 63 C2
         > 00 20 00 01 04 39 39 39 39
         < 63 C1
         > 00 20 00 01 04 39 39 39 39
         < 69 83
         > 00 20 00 01 04 31 32 33 34
         < 69 83
         > 00 20 00 01 00
         < 69 83",
    );
    assert_eq!((card.tries_left(), card.pin_tries_spent(), card.verified()), (0, 3, false));
}

#[test]
fn on_cps4_the_third_wrong_pin_says_that_no_try_is_left() {
    let card = cards::doctor_cps4();
    play(
        &card,
        &format!(
            "{OPEN}> 01 20 00 11 04 39 39 39 39
             < 63 C2
             > 01 20 00 11 04 39 39 39 39
             < 63 C1
             > 01 20 00 11 04 39 39 39 39
             < 63 C0
             > 01 20 00 11
             < 69 83"
        ),
    );
}

#[test]
fn a_success_gives_the_tries_back_and_a_wrong_pin_ends_the_verified_state() {
    let card = cards::doctor_cps3();
    play(
        &card,
        "> 00 20 00 01 04 39 39 39 39
         < 63 C2
         > 00 20 00 01 00
         < 63 C2
         > 00 20 00 01 04 31 32 33 34
         < 90 00
         > 00 20 00 01 00
         < 90 00",
    );
    assert_eq!(card.tries_left(), 3);
    play(&card, "> 00 20 00 01 04 39 39 39 39\n< 63 C2");
    assert!(!card.verified());
}

#[test]
fn an_impossible_length_or_an_unknown_reference_spends_no_try() {
    let card = cards::doctor_cps3();
    play(
        &card,
        "> 00 20 00 01 05 31 32 33 34 35
         < 67 00
         > 00 20 00 03 04 31 32 33 34
         < 6A 88
         > 00 20 01 01 04 31 32 33 34
         < 6A 86",
    );
    assert_eq!((card.tries_left(), card.pin_tries_spent()), (3, 0));
}

#[test]
fn the_counter_object_is_found_from_the_mf_only() {
    let counter = "> 00 CB 3F FF 0A 4D 08 70 06 BF 81 01 02 A0 80\n";
    let card = cards::doctor_cps3();
    play(&card, &format!("> 00 A4 09 0C 04 3F 00 00 01\n< 90 00\n{counter}< 6A 88"));
    play(&card, &format!("> 00 A4 09 0C 02 3F 00\n< 90 00\n{counter}< 61 18"));
    play(
        &card,
        "the PUK has its own
         > 00 20 00 02 08 39 39 39 39 39 39 39 39
         < 63 C2
         > 00 CB 3F FF 0A 4D 08 70 06 BF 81 02 02 A0 80
         < 61 18
         > 00 C0 00 00 18
         < 70 16 BF 81 02 12 A0 10 9A 01 03 9B 01 02 A1 08 8C 06 F3 00 00 13 FF 00  90 00
         > 00 CB 3F FF 0A 4D 08 70 06 BF 81 03 02 A0 80
         < 6A 88
         > 00 CB 3F FF 03 4D 01 70
         < 6A 80",
    );
}

#[test]
fn the_antenna_has_no_pin_at_all() {
    play(
        &cards::doctor_cps3_contactless(),
        "> 00 20 00 01 04 31 32 33 34
         < 69 82
         > 00 A4 09 0C 02 3F 00
         < 90 00
         > 00 CB 3F FF 0A 4D 08 70 06 BF 81 01 02 A0 80 00
         < 6A 88",
    );
}

#[test]
fn changing_the_pin_proves_the_old_one() {
    let card = cards::doctor_cps3();
    play(
        &card,
        "> 00 24 00 01 08 39 39 39 39 35 36 37 38
         < 63 C2
         > 00 24 00 01 08 31 32 33 34 35 36 37 38
         < 90 00
         > 00 20 00 01 04 31 32 33 34
         < 63 C2
         > 00 20 00 01 04 35 36 37 38
         < 90 00",
    );
    assert_eq!(card.pin(), "5678");
}

#[test]
fn cps4_takes_the_new_pin_alone_after_the_old_one_was_verified() {
    let card = cards::doctor_cps4();
    play(
        &card,
        &format!(
            "{OPEN}> 01 24 01 11 04 35 36 37 38
             < 69 82
             > 01 24 00 11 08 31 32 33 34 35 36 37 38
             < 6A 86
             > 01 20 00 11 04 31 32 33 34
             < 90 00
             > 01 24 01 11 04 35 36 37 38
             < 90 00"
        ),
    );
    assert_eq!(card.pin(), "5678");
}

#[test]
fn unblocking_asks_for_the_puk_each_time() {
    let card = cards::doctor_cps3();
    card.block_pin();
    play(
        &card,
        "> 00 2C 02 01 04 35 36 37 38
         < 69 82
         > 00 20 00 02 08 31 32 33 34 35 36 37 38
         < 90 00
         > 00 2C 02 01 04 35 36 37 38
         < 90 00
         > 00 2C 02 01 04 31 31 31 31
         < 69 82
         > 00 20 00 01 04 35 36 37 38
         < 90 00",
    );
    assert_eq!((card.pin().as_str(), card.tries_left()), ("5678", 3));
}

#[test]
fn cps4_unblocks_then_takes_a_new_pin() {
    let card = cards::doctor_cps4();
    card.block_pin();
    play(
        &card,
        &format!(
            "{OPEN}> 01 2C 03 91
             < 69 82
             > 01 20 00 12 08 31 32 33 34 35 36 37 38
             < 90 00
             > 01 2C 03 91
             < 90 00
             > 01 24 01 11 04 35 36 37 38
             < 90 00
             > 01 24 01 11 04 31 31 31 31
             < 69 82"
        ),
    );
    assert_eq!((card.pin().as_str(), card.tries_left()), ("5678", 3));
}

#[test]
fn a_blocked_puk_is_the_end() {
    let card = cards::doctor_cps3();
    card.block_puk();
    play(&card, "> 00 20 00 02 08 31 32 33 34 35 36 37 38\n< 69 83");
    assert_eq!(card.puk_tries_left(), 0);
}

#[test]
fn the_verified_state_ends_with_a_reset_and_with_power() {
    for end in [VirtualCard::reset as fn(&mut CardHandle), VirtualCard::power_off] {
        let mut card = cards::doctor_cps3();
        play(&card, "> 00 20 00 01 04 31 32 33 34\n< 90 00");
        assert!(card.verified());
        end(&mut card);
        assert!(!card.verified());
    }
}

#[test]
fn tries_survive_a_reset() {
    let mut card = cards::doctor_cps3();
    play(&card, "> 00 20 00 01 04 39 39 39 39\n< 63 C2");
    card.power_off();
    play(&card, "> 00 20 00 01 04 39 39 39 39\n< 63 C1");
}

#[test]
fn other_pin_lengths_and_padding_are_a_card_of_their_own() {
    let long = PinPolicy { min: 4, max: 8, padded_to: None };
    let card = CardBuilder::new(Family::Cps3, &DOCTOR).pin("24681357", long).build();
    play(&card, "> 00 20 00 01 08 32 34 36 38 31 33 35 37\n< 90 00");
    let padded = PinPolicy { min: 4, max: 8, padded_to: Some(8) };
    let card = CardBuilder::new(Family::Cps4(Cps4Model::Release), &DOCTOR).pin("1234", padded).build();
    play(
        &card,
        &format!(
            "{OPEN}> 01 20 00 11 04 31 32 33 34\n< 67 00\n> 01 20 00 11 08 31 32 33 34 00 00 00 00\n< 90 00"
        ),
    );
}

#[test]
fn the_log_of_a_card_holds_no_pin() {
    let card = cards::doctor_cps3();
    play(&card, "> 00 20 00 01 04 31 32 33 34\n< 90 00\n> 00 24 00 01 08 31 32 33 34 35 36 37 38\n< 90 00");
    let log = card.counters().log();
    assert!(log.iter().all(|exchange| exchange.body.is_none()));
    assert_eq!(log[0].line(), "00 20 00 01 (5 bytes) -> 9000");
    assert_eq!(card.counters().instruction(0x20), 1);
}
