//! Cryptoki's texts: UTF-8 in a field of fixed length, padded with blanks and never ended by a zero (§2.2).

/// A text in its field, cut between two characters where it is too long.
pub(crate) fn padded<const N: usize>(text: &str) -> [u8; N] {
    let mut field = [b' '; N];
    let mut end = text.len().min(N);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    for (place, byte) in field.iter_mut().zip(text.as_bytes().iter().take(end)) {
        *place = *byte;
    }
    field
}

#[cfg(test)]
mod tests {
    use super::padded;

    #[test]
    fn a_short_text_is_padded_with_blanks() {
        assert_eq!(&padded::<6>("CPS3"), b"CPS3  ");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(&padded::<3>("né1"), b"n\xc3\xa9");
        assert_eq!(&padded::<2>("né1"), b"n ");
    }
}
