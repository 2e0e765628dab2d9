//! SELECT, READ BINARY and UPDATE BINARY: forms, refusals and access rules (`cps-card.md` §4.4, §4.5, §5).

use super::script::{hex, play, text};
use cps_sandbox::card::{CardHandle, VirtualCard, cards};

#[test]
fn first_record_is_refused_on_files_and_on_the_pkcs15_applications() {
    play(
        &cards::doctor_cps3(),
        "> 00 A4 09 00 04 3F 00 D0 03
         < 6A 86
         > 00 A4 02 00 02 D0 03
         < 6A 86
         > 00 A4 02 0C 02 D0 03
         < 6A 86
         > 00 A4 00 00 02 3F 00
         < 6A 86
         > 00 A4 04 00 0D E8 28 BD 08 0F 80 25 00 00 01 FF 00 10
         < 6A 86
         the root application accepts it and says nothing
         > 00 A4 04 00 08 80 25 00 00 01 FF 01 00
         < 90 00",
    );
}

#[test]
fn unknown_forms_names_and_files_are_refused() {
    play(
        &cards::doctor_cps3(),
        "> 00 A4 01 0C 02 3F 00
         < 6A 86
         > 00 A4 08 04 02 D0 03
         < 6A 86
         > 00 A4 04 0C 05 A0 00 00 00 03
         < 6A 82
         > 00 A4 09 04 04 3F 00 D0 10
         < 6A 82
         > 00 A4 09 04 03 3F 00 D0
         < 67 00",
    );
}

#[test]
fn a_relative_path_works_from_its_directory_only() {
    play(
        &cards::doctor_cps3(),
        "> 00 A4 04 0C 08 80 25 00 00 01 FF 01 00
         < 90 00
         > 00 A4 09 04 02 2F 00
         < 61 27
         > 00 A4 09 0C 04 3F 00 00 01
         < 90 00
         > 00 A4 09 04 02 2F 00
         < 6A 82
         a failed selection leaves the current directory as it was
         > 00 A4 09 0C 02 70 05
         < 90 00
         > 00 A4 00 0C 02 3F 00
         < 90 00",
    );
}

#[test]
fn short_identifiers_read_and_select() {
    play(
        &cards::doctor_cps3(),
        "> 00 B0 00 00 02
         < 69 86
         > 00 B0 9C 00 0C
         < 5A 0A 80 25 00 00 01 99 00 00 01 7F  90 00
         > 00 B0 00 02 05
         < 80 25 00 00 01  90 00
         > 00 B0 9E 00 65
         < 101 bytes 90 00
         > 00 B0 9D 00 39
         < 57 bytes 90 00
         > 00 B0 81 00 01
         < 6A 82",
    );
}

#[test]
fn reading_past_the_end_gives_what_there_is_and_a_warning() {
    let card = cards::doctor_cps3();
    let script = "> 00 B0 9C 00 20
         < 5A 0A 80 25 00 00 01 99 00 00 01 7F  62 82
         > 00 B0 00 0C 01
         < 62 82
         > 00 B0 00 0D 01
         < 6B 00";
    play(&card, script);
    card.faults().wrong_length_for_short_reads(true);
    play(&card, "> 00 B0 9C 00 20\n< 6C 0C");
}

#[test]
fn pin_and_key_directories_are_closed_to_the_antenna() {
    let closed = "> 00 A4 09 0C 06 3F 00 00 01 70 01
         < 90 00
         > 00 B0 00 00 01
         < 69 82
         > 00 A4 09 0C 06 3F 00 00 01 70 02
         < 90 00
         > 00 B0 00 00 01
         < 69 82";
    play(&cards::doctor_cps3_contactless(), closed);
    play(&cards::doctor_cps3(), "> 00 A4 09 0C 06 3F 00 00 01 70 01\n< 90 00\n> 00 B0 00 00 01\n< 30 90 00");
}

#[test]
fn practice_situations_open_after_the_pin_and_close_at_a_reset() {
    let mut card = cards::doctor_cps3();
    let select = "> 00 A4 09 0C 06 3F 00 00 01 D1 20\n< 90 00\n";
    play(
        &card,
        &format!(
            "{select}> 00 B0 00 00 01\n< 69 82\n> 00 20 00 01 04 31 32 33 34\n< 90 00\n> 00 B0 00 00 01\n< EE 90 00"
        ),
    );
    card.reset();
    play(&card, &format!("{select}> 00 B0 00 00 01\n< 69 82"));
    play(
        &card,
        "there is no second situation, but a third\n> 00 A4 09 0C 06 3F 00 00 01 D1 21\n< 6A 82\n> 00 A4 09 0C 06 3F 00 00 01 D1 22\n< 90 00",
    );
}

#[test]
fn the_scratch_area_is_written_after_the_pin_within_its_size() {
    let card = cards::doctor_cps3();
    play(
        &card,
        "> 00 A4 09 0C 06 3F 00 00 01 D1 07
         < 90 00
         > 00 D6 00 00 02 AB CD
         < 69 82
         > 00 20 00 01 04 31 32 33 34
         < 90 00
         > 00 D6 00 00 02 AB CD
         < 90 00
         > 00 B0 00 00 03
         < AB CD 00 90 00
         > 00 D6 00 7F 02 01 02
         < 6B 00
         certificates cannot be written
         > 00 A4 09 0C 06 3F 00 00 01 A0 02
         < 90 00
         > 00 D6 00 00 01 00
         < 69 82",
    );
}

/// The value of a file, read in pieces as a driver reads it.
fn read(card: &CardHandle, path: &str) -> Vec<u8> {
    let mut card = card.clone();
    let path = hex(path);
    let length = u8::try_from(path.len()).unwrap();
    let selected = card.execute(&[&[0x00, 0xA4, 0x09, 0x0C, length], path.as_slice()].concat());
    assert_eq!(text(&selected), "9000");
    let mut content = Vec::new();
    loop {
        let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
        let answer = card.execute(&[0x00, 0xB0, high, low, 0xE7]);
        let (data, status) = answer.split_at(answer.len() - 2);
        content.extend_from_slice(data);
        if status != [0x90, 0x00] {
            return content;
        }
    }
}

#[test]
fn the_certificate_files_are_the_certificates() {
    use cps_sandbox::pki::Purpose;
    let card = cards::doctor_cps3();
    assert_eq!(read(&card, "3F000001A001"), card.certificate(Purpose::Signature));
    assert_eq!(read(&card, "3F000001A002"), card.certificate(Purpose::Authentication));
    assert_eq!(read(&card, "3F000002A001"), card.certificate(Purpose::Technical));
}

#[test]
fn real_files_are_reproduced_byte_for_byte() {
    let card = cards::doctor_cps3();
    let directory = "61 32 4F 0D E8 28 BD 08 0F 80 25 00 00 01 FF 00 20 50 0A 43 50 53 20 49 41 53 20 43 4C 51 04 3F 00 00 02 73 0F 4F 0D E8 28 BD 08 0F 80 25 00 00 01 FF 00 20
        61 2F 4F 0D E8 28 BD 08 0F 80 25 00 00 01 FF 00 10 50 07 43 50 53 20 49 41 53 51 04 3F 00 00 01 73 0F 4F 0D E8 28 BD 08 0F 80 25 00 00 01 FF 00 10";
    assert_eq!(text(&read(&card, "3F002F00")), text(&hex(directory)));
    let answer_to_reset = "80 43 01 B8 46 04 04 B0 EC C1 47 03 94 01 80 4F 08 80 25 00 00 01 FF 01 00
        E0 10 02 02 01 04 02 02 01 04 02 02 01 00 02 02 01 00 78 08 06 06 2B 81 22 F8 78 02 82 02 90 00";
    assert_eq!(text(&read(&card, "3F002F01")), text(&hex(answer_to_reset)));
    let situation = read_after_pin(&card, "3F000001D122");
    assert_eq!(
        situation,
        [
            hex("EE 23 84 0F"),
            b"HOPITAL D ESSAI".to_vec(),
            hex("85 0A"),
            b"10B0999901".to_vec(),
            hex("86 04"),
            b"SA01".to_vec()
        ]
        .concat()
    );
}

fn read_after_pin(card: &CardHandle, path: &str) -> Vec<u8> {
    play(card, "> 00 20 00 01 04 31 32 33 34\n< 90 00");
    read(card, path)
}

#[test]
fn the_update_marker_is_absent_then_valid_then_interrupted() {
    let card = cards::doctor_cps3();
    let select = "> 00 A4 09 04 04 3F 00 D0 10\n";
    play(&card, &format!("{select}< 6A 82"));
    card.updated("20240115103000", "20240115103500");
    let example = "EC 12 81 07 20 24 01 15 10 30 00 82 07 20 24 01 15 10 35 00";
    assert_eq!(text(&read(&card, "3F00D010")), text(&hex(example)));
    card.update_interrupted();
    assert!(read(&card, "3F00D010").is_empty());
    card.never_updated();
    play(&card, &format!("{select}< 6A 82"));
}
