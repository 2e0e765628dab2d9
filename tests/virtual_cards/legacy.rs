//! The CPS2ter side of CPS3 (`cps-card.md` §4.5, §5.2).

use super::script::play;
use cps_sandbox::card::cards;

#[test]
fn the_billing_situation_opens_with_the_pin_of_the_other_side() {
    let card = cards::doctor_cps3();
    let select = "> A0 A4 00 00 02 3F 00
         < 9F 07
         > A0 C0 00 00 07
         < 85 05 00 00 3F 00 01  90 00
         > A0 A4 00 00 02 7F 01
         < 9F 07
         > A0 A4 00 00 02 40 00
         < 9F 07
         > A0 C0 00 00 07
         < 85 05 00 16 40 00 04  90 00\n";
    play(&card, &format!("{select}> A0 B0 00 00 16\n< 98 04"));
    play(
        &card,
        &format!(
            "> 00 20 00 01 04 31 32 33 34\n< 90 00\n{select}> A0 B0 00 00 16\n< 22 bytes 90 00\n> A0 B0 00 00 17\n< 94 02"
        ),
    );
}

#[test]
fn a_blocked_pin_has_its_own_status() {
    let card = cards::doctor_cps3();
    card.block_pin();
    play(&card, "> A0 A4 00 00 02 40 10\n< 9F 07\n> A0 B0 00 00 01\n< 98 40");
}

#[test]
fn situations_exist_for_the_activities_of_the_card_only() {
    play(
        &cards::doctor_cps3(),
        "> A0 A4 00 00 02 40 10
         < 9F 07
         > A0 A4 00 00 02 40 11
         < 94 04
         > A0 A4 00 00 02 40 12
         < 9F 07",
    );
}

#[test]
fn wrong_forms_are_refused_in_this_sides_words() {
    play(
        &cards::doctor_cps3(),
        "> A0 A4 00 00 04 7F 01 40 00
         < 67 00
         > A0 A4 09 00 02 3F 00
         < 6B 00
         > A0 B0 00 00 01
         < 94 08
         > A0 20 00 01 04 31 32 33 34
         < 6D 00",
    );
}

#[test]
fn selecting_here_takes_the_selection_of_the_other_side_away() {
    play(
        &cards::doctor_cps3(),
        "> 00 A4 09 0C 04 3F 00 00 01
         < 90 00
         > A0 A4 00 00 02 3F 00
         < 9F 07
         > 00 22 41 A4 06 80 01 02 84 01 82
         < 6A 88
         > 00 A4 09 04 02 70 05
         < 6A 82",
    );
}
