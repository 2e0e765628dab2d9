//! Lengths, GET RESPONSE in pieces, chaining, and the two protocols (`cps-card.md` §4.3).

use super::script::play;
use cps_sandbox::card::{CardBuilder, Cps4Model, Family, VirtualCard, cards};
use cps_sandbox::pki::holder::DOCTOR;

#[test]
fn t0_refuses_data_and_an_expected_length_together() {
    play(&cards::doctor_cps3(), "> 00 A4 09 04 04 3F 00 D0 03 00\n< 67 00");
    play(&cards::doctor_cps3_contactless(), "> 00 A4 09 04 04 3F 00 D0 03 00\n< 39 bytes 90 00");
}

#[test]
fn malformed_commands_are_refused_and_break_nothing() {
    for family in [Family::Cps3, Family::Cps3Contactless, Family::Cps4(Cps4Model::Release)] {
        let mut card = CardBuilder::new(family, &DOCTOR).build();
        for command in [&[][..], &[0], &[0, 0xA4, 0], &[0, 0xA4, 9, 4, 4, 0x3F], &[0, 0xA4, 9, 4, 0, 0, 4]] {
            assert_eq!(card.execute(command), [0x67, 0x00], "{command:02X?}");
        }
        // Every header, with a byte of data: an answer always comes.
        for ins in 0..=255 {
            for cla in [0x00, 0x01, 0x10, 0x11, 0xA0, 0xFF] {
                assert!(card.execute(&[cla, ins, 0, 0, 1, 0]).len() >= 2);
            }
        }
    }
}

#[test]
fn get_response_hands_out_pieces_and_insists_on_the_length() {
    play(
        &cards::doctor_cps3(),
        "nothing waits
         > 00 C0 00 00 10
         < 69 85
         > 00 A4 09 04 04 3F 00 D0 03
         < 61 27
         too much, then two pieces
         > 00 C0 00 00 28
         < 6C 27
         > 00 C0 00 00 20
         < 32 bytes 61 07
         > 00 C0 00 00 07
         < 7 bytes 90 00
         > 00 C0 00 00 01
         < 69 85
         another command drops what waits
         > 00 A4 09 04 04 3F 00 D0 03
         < 61 27
         > 00 A4 09 0C 02 3F 00
         < 90 00
         > 00 C0 00 00 27
         < 69 85",
    );
}

#[test]
fn only_decipher_may_be_chained_and_the_chain_must_be_finished() {
    play(
        &cards::doctor_cps3(),
        "> 10 A4 09 04 04 3F 00 D0 03
         < 68 84
         > 10 2A 80 86 02 81 00
         < 90 00
         > 00 A4 09 0C 02 3F 00
         < 68 83
         the broken chain is forgotten
         > 00 A4 09 0C 02 3F 00
         < 90 00",
    );
}

#[test]
fn unknown_classes_and_instructions_are_refused() {
    play(&cards::doctor_cps3(), "> 80 CA 9F 7F 00\n< 6E 00\n> 00 CA 01 00 00\n< 6D 00");
    play(&cards::doctor_cps4(), "> A0 A4 00 00 02 3F 00\n< 6E 00\n> 00 B0 00 00 01\n< 6D 00");
}

#[test]
fn random_numbers_come_eight_bytes_at_a_time() {
    let pieces = play(
        &cards::doctor_cps3(),
        "> 00 84 00 00 08\n< 8 bytes 90 00\n> 00 84 00 00 08\n< 8 bytes 90 00\n> 00 84 00 00 10\n< 67 00",
    );
    assert_ne!(pieces[0], pieces[1]);
}

#[test]
fn each_card_gives_its_answer_to_reset() {
    use super::script::{hex, text};
    let atr = |family| text(&CardBuilder::new(family, &DOCTOR).build().atr());
    for (family, expected) in [
        (Family::Cps3, "3B AC 00 40 2A 00 12 25 00 64 80 00 03 10 00 90 00"),
        (Family::Cps3Contactless, "3B 8F 80 01 00 31 B8 64 04 B0 EC C1 73 94 01 80 82 90 00 0E"),
        (Family::Cps4(Cps4Model::Release), "3B 9B 18 80 01 00 12 25 00 64 80 04 01 00 00 90 44"),
        (Family::Cps4(Cps4Model::Candidate), "3B 9B 18 80 01 00 12 25 00 64 80 00 04 01 00 90 44"),
        (Family::Cps4(Cps4Model::CandidateT0), "3B DC 18 FF 00 00 12 25 00 64 80 00 04 01 00 90 00"),
    ] {
        assert_eq!(atr(family), text(&hex(expected)));
    }
}
