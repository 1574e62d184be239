//! Days, by which exceptions end.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: i64,
    month: u8,
    day: u8,
}

impl Date {
    /// A day of the calendar.
    pub fn new(year: u16, month: u8, day: u8) -> Date {
        Date { year: year.into(), month, day }
    }

    /// The day it is, in UTC.
    pub fn today() -> Date {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Date::since_1970(i64::try_from(seconds / 86_400).unwrap_or_default())
    }

    /// So many days after the first of 1970. The year is counted from March, so that the day a leap year
    /// has more is its last.
    fn since_1970(days: i64) -> Date {
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let small = |number: i64| u8::try_from(number).unwrap_or_default();
        Date { year: year + era * 400 + i64::from(month <= 2), month: small(month), day: small(day) }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        let table = [(0, "1970-01-01"), (59, "1970-03-01"), (11_016, "2000-02-29"), (20_819, "2027-01-01")];
        for (days, expected) in table {
            assert_eq!(Date::since_1970(days).to_string(), expected);
        }
        assert!(Date::new(2027, 1, 31) < Date::new(2027, 2, 1));
    }
}
