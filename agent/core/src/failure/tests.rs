//! Every error of a card is a failure a person can read.

use super::*;

#[test]
fn a_service_that_lets_nobody_in_and_a_reader_that_fails_are_told_apart() {
    let told = |error| of_card(&CardError::Transport(error)).code;
    assert_eq!(told(TransportError::Refused), CARD_SERVICE_REFUSED);
    assert_eq!(told(TransportError::Other("unpowered".into())), READER_FAILED);
}

#[test]
fn every_error_of_a_card_has_a_line_with_its_values() {
    let errors = [
        CardError::WrongPin { left: Some(1) },
        CardError::PinBlocked,
        CardError::PukBlocked,
        CardError::PinFormat { min: 4, max: 4 },
        CardError::LastTry,
        CardError::PinRequired,
        CardError::Removed,
        CardError::Transport(TransportError::Sharing),
        CardError::Transport(TransportError::Mute),
        CardError::Transport(TransportError::NoService),
        CardError::Transport(TransportError::Refused),
        CardError::Transport(TransportError::Cancelled),
        CardError::NotCps,
        CardError::InterruptedUpdate,
        CardError::Content { what: "serial", why: String::new() },
        CardError::Refused { command: "SELECT", status: 0x6A82 },
        CardError::Unsupported("PSS"),
        CardError::Token(String::new()),
    ];
    for error in &errors {
        let failure = of_card(error);
        assert_ne!(failure.code, INTERNAL, "{error}");
        for language in [Language::French, Language::English] {
            let text = format!("{} {}", failure.what(language), failure.next(language));
            assert!(!text.contains('{') && !text.contains('?'), "{text}");
        }
    }
}
