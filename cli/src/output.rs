//! People or machines: data on standard output, everything else on standard error.
//!
//! Readable without colour. What cards and certificates say is printed without control characters, because a terminal
//! would obey them.

use crate::{
    error::Error,
    text::{Texts, number, value},
};
use serde::Serialize;
use std::io::{self, Write as _};

/// Where a command's words go.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    texts: Texts,
}

impl Output {
    /// For people, or for machines.
    pub(crate) fn new(json: bool, texts: Texts) -> Self {
        Self { json, texts }
    }

    /// The words of the person's language.
    pub(crate) fn texts(&self) -> &Texts {
        &self.texts
    }

    /// Prints the answer of a command: as JSON, or as `people` writes it.
    pub(crate) fn answer<T: Serialize>(
        &mut self,
        answer: &T,
        people: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.json {
            let text = serde_json::to_string(answer).map_err(io::Error::other)?;
            self.line(&text)
        } else {
            people(self)
        }
    }

    /// One line of data.
    pub(crate) fn line(&mut self, text: &str) -> Result<(), Error> {
        match writeln!(io::stdout(), "{}", clean(text)) {
            // A reader that has seen enough (`cps status | head -1`) is no error.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => Ok(other?),
        }
    }

    /// Data of several lines, as it is (PEM).
    pub(crate) fn block(&mut self, text: &str) -> Result<(), Error> {
        text.lines().try_for_each(|line| self.line(line))
    }

    /// A line of a name and its value, aligned with its neighbours.
    pub(crate) fn field(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let name = self.texts.get(name);
        let gap = 14_usize.saturating_sub(name.chars().count()).max(1);
        self.line(&format!("{name}{:gap$}{value}", ""))
    }

    /// A message beside the data.
    pub(crate) fn note(&mut self, name: &str) {
        if !self.json {
            let _ = writeln!(io::stderr(), "{}", self.texts.get(name));
        }
    }

    /// What helps, beside the data. Programs find it in the answer.
    pub(crate) fn advise(&mut self, message: &str) {
        if !self.json {
            let hint = self.texts.with("hint", &[("hint", value(message))]);
            let _ = writeln!(io::stderr(), "{}", clean(&hint));
        }
    }

    /// What happens while a command waits: for people a message, for machines the words themselves, beside the data.
    pub(crate) fn meanwhile<T: Serialize>(&mut self, news: &T, message: &str) {
        let text = if self.json { serde_json::to_string(news).unwrap_or_default() } else { clean(message) };
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// An error: program, message, and the hint as a line of its own.
    pub(crate) fn error(&mut self, error: &Error) {
        // Nowhere is left to complain when standard error is closed.
        let mut stream = io::stderr();
        let problem = error.problem(&self.texts);
        if self.json {
            let _ = writeln!(stream, "{}", serde_json::to_string(&problem).unwrap_or_default());
            return;
        }
        let message = self.texts.with("error", &[("message", value(problem.title))]);
        let _ = writeln!(stream, "{}", clean(&message));
        if let Some(hint) = &problem.detail {
            self.advise(hint);
        }
    }

    /// How long it is until a moment, as people say it.
    pub(crate) fn left(&self, until: i64, now: i64) -> String {
        let minutes = until.saturating_sub(now).max(0) / 60;
        let values = [("hours", number(minutes / 60)), ("minutes", number(minutes % 60))];
        self.texts.with(if minutes < 60 { "minutes" } else { "hours" }, &values)
    }
}

/// Text without control characters.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}

/// Seconds since 1970, now.
pub(crate) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// The day of a moment, `YYYY-MM-DD` in UTC (the days-to-civil rule of the proleptic Gregorian calendar).
pub(crate) fn day(seconds: i64) -> String {
    let days = seconds.div_euclid(86_400) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_label_cannot_drive_the_terminal() {
        assert_eq!(clean("\u{1b}]0;x\u{7}\r\u{9b}2J"), "\u{fffd}]0;x\u{fffd}\u{fffd}\u{fffd}2J");
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_735_689_599, "2024-12-31"),
            (-1, "1969-12-31"),
            (4_102_444_800, "2100-01-01"),
        ] {
            assert_eq!(day(seconds), expected);
        }
    }
}
