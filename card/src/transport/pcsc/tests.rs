use super::*;

#[test]
fn features_are_read_from_the_list_of_control_codes() {
    let answer = [0x06, 4, 0x42, 0x33, 0x00, 0x06, 0x07, 4, 0x42, 0x33, 0x00, 0x07];
    assert_eq!(parse_features(&answer), [(0x06, 0x4233_0006), (0x07, 0x4233_0007)]);
}

#[test]
fn a_feature_list_cut_short_or_of_another_shape_gives_what_is_sound() {
    assert_eq!(parse_features(&[]), []);
    assert_eq!(parse_features(&[0x06, 4, 1, 2]), []);
    assert_eq!(parse_features(&[0x06, 4, 0, 0, 0, 1, 0x07, 3, 0, 0, 0, 2]), [(0x06, 1)]);
}

#[test]
fn a_reader_name_with_a_zero_byte_is_no_reader() {
    let Err(error) = PcscService::new().connect("reader\0") else { panic!("connected") };
    assert_eq!(error, TransportError::NoReader);
}

#[test]
fn interrupting_nobody_returns_at_once() {
    PcscService::new().interrupt();
}

#[test]
fn what_a_stopped_service_answers_is_no_service() {
    for error in
        [Error::NoService, Error::ServiceStopped, Error::InvalidHandle, Error::CommError, Error::Shutdown]
    {
        assert_eq!(transport_error(error), TransportError::NoService, "{error:?}");
    }
}

#[test]
fn a_reset_by_others_is_not_a_removal() {
    assert_eq!(transport_error(Error::ResetCard), TransportError::Reset);
    assert_eq!(transport_error(Error::RemovedCard), TransportError::Removed);
    assert_eq!(transport_error(Error::SecurityViolation), TransportError::Refused);
}
