//! Moments as people here read them: in the time zone of the workstation, in the order of their language.

use cps_agent_core::{failure::Language, identity::UnixTime};
use jiff::{Timestamp, Zoned, civil::Date, tz::TimeZone};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const SECONDS_OF_DAY: i64 = 24 * 3600;

/// The calendar of a place.
#[derive(Debug, Clone)]
pub struct Calendar(TimeZone);

impl Calendar {
    /// The workstation's own.
    #[must_use]
    pub fn here() -> Self {
        Self(TimeZone::system())
    }

    /// Number of the day of a moment, counted from 1970-01-01.
    #[must_use]
    pub fn day(&self, moment: UnixTime) -> i64 {
        self.zoned(moment).map_or(0, |zoned| {
            let midnight = zoned.date().to_zoned(TimeZone::UTC);
            midnight.map_or(0, |midnight| midnight.timestamp().as_second().div_euclid(SECONDS_OF_DAY))
        })
    }

    /// The time of day.
    #[must_use]
    pub fn clock(&self, moment: UnixTime) -> String {
        let Some(there) = self.zoned(moment) else { return "?".to_owned() };
        format!("{:02}:{:02}", there.hour(), there.minute())
    }

    /// The time of a moment near `now`: without its date on the same day.
    #[must_use]
    pub fn near(&self, moment: UnixTime, now: UnixTime, language: Language) -> String {
        let clock = self.clock(moment);
        if self.day(moment) == self.day(now) {
            return clock;
        }
        match self.zoned(moment) {
            Some(there) => {
                let between = match language {
                    Language::French => " à ",
                    Language::English => " ",
                };
                [&date(there.date(), language), between, &clock].concat()
            }
            None => clock,
        }
    }

    fn zoned(&self, moment: UnixTime) -> Option<Zoned> {
        Some(Timestamp::from_second(moment.0).ok()?.to_zoned(self.0.clone()))
    }
}

/// A numbered day, in short.
#[must_use]
pub fn day_name(day: i64, language: Language) -> String {
    let midnight = Timestamp::from_second(day.saturating_mul(SECONDS_OF_DAY)).ok();
    midnight.map_or_else(String::new, |midnight| date(midnight.to_zoned(TimeZone::UTC).date(), language))
}

fn date(date: Date, language: Language) -> String {
    match language {
        Language::French => format!("{:02}/{:02}", date.day(), date.month()),
        Language::English => {
            let month = usize::try_from(date.month() - 1).ok().and_then(|month| MONTHS.get(month));
            format!("{} {}", date.day(), month.unwrap_or(&"?"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23T23:30:00Z.
    const LATE: UnixTime = UnixTime(1_795_476_600);

    fn paris() -> Calendar {
        Calendar(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a time zone"))
    }

    #[test]
    fn the_day_is_that_of_the_place() {
        let (there, utc) = (paris(), Calendar(TimeZone::UTC));
        assert_eq!(there.day(LATE), utc.day(LATE) + 1);
        assert_eq!((there.clock(LATE), utc.clock(LATE)), ("00:30".to_owned(), "23:30".to_owned()));
        let summer = LATE.plus(-180 * SECONDS_OF_DAY);
        assert_eq!(there.clock(summer), "01:30");
    }

    #[test]
    fn a_date_is_said_where_it_is_another_day() {
        let there = paris();
        let near = |seconds, language| there.near(LATE.plus(seconds), LATE, language);
        assert_eq!(near(60, Language::French), "00:31");
        assert_eq!(near(-3600, Language::French), "23/11 à 23:30");
        assert_eq!(near(-3600, Language::English), "23 Nov 23:30");
        assert_eq!(day_name(there.day(LATE), Language::English), "24 Nov");
    }

    #[test]
    fn a_moment_beyond_every_calendar_is_no_trouble() {
        for hostile in [i64::MIN, i64::MAX] {
            let there = paris();
            assert_eq!((there.day(UnixTime(hostile)), there.clock(UnixTime(hostile))), (0, "?".to_owned()));
            assert_eq!(there.near(UnixTime(hostile), LATE, Language::French), "?");
            assert_eq!(day_name(hostile, Language::French), "");
        }
    }
}
