//! Calendar dates for certificates, counted in days since 1 January 1970 (UTC).

use std::time::{SystemTime, UNIX_EPOCH};

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day {
    pub(super) year: i64,
    month: i64,
    day: i64,
}

impl Day {
    /// 1 January of a year.
    pub(super) fn new_year(year: i64) -> Self {
        Self { year, month: 1, day: 1 }
    }

    /// The day of a moment, moved by a number of days.
    pub(super) fn of(moment: SystemTime, shift: i64) -> Self {
        let seconds = moment.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self::from_count(i64::try_from(seconds / 86_400).unwrap_or_default() + shift)
    }

    /// Civil date of a day count, by Howard Hinnant's era arithmetic: years start in March, so that the leap day is last.
    fn from_count(days: i64) -> Self {
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        Self { year: year_of_era + era * 400 + i64::from(month <= 2), month, day }
    }

    /// Year, month and day.
    pub(super) fn parts(self) -> (i64, i64, i64) {
        (self.year, self.month, self.day)
    }

    /// UTCTime of midnight.
    pub(super) fn utc(self) -> String {
        format!("{:02}{:02}{:02}000000Z", self.year.rem_euclid(100), self.month, self.day)
    }

    /// GeneralizedTime of midnight.
    pub(super) fn generalized(self) -> String {
        format!("{:04}{:02}{:02}000000Z", self.year, self.month, self.day)
    }
}

/// A moment, moved by seconds, as HTTP writes it (RFC 9110 §5.6.7).
#[must_use]
pub fn http_date(moment: SystemTime, shift: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let since = moment.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let seconds = i64::try_from(since).unwrap_or_default() + shift;
    let (count, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let day = Day::from_count(count);
    let named = |names: &[&'static str], index: i64| {
        usize::try_from(index).ok().and_then(|index| names.get(index).copied()).unwrap_or_default()
    };
    format!(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
        named(&DAYS, count.rem_euclid(7)),
        day.day,
        named(&MONTHS, day.month - 1),
        day.year,
        time / 3600,
        time / 60 % 60,
        time % 60,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        for (count, text) in [(0, "19700101"), (59, "19700301"), (11_016, "20000229"), (20_454, "20260101")] {
            assert_eq!(Day::from_count(count).generalized(), format!("{text}000000Z"));
        }
    }

    #[test]
    fn a_moment_is_written_as_http_wants_it() {
        let moment = UNIX_EPOCH + std::time::Duration::from_secs(784_111_777);
        assert_eq!(http_date(moment, 0), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(moment, -784_111_777), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
