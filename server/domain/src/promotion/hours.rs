//! On which weekdays and at which hours a promotion runs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime, UtcOffset};

use crate::reason::closed_list;

closed_list!(
    /// A day of the week.
    Weekday {
        /// Monday.
        Mon = "mon",
        /// Tuesday.
        Tue = "tue",
        /// Wednesday.
        Wed = "wed",
        /// Thursday.
        Thu = "thu",
        /// Friday.
        Fri = "fri",
        /// Saturday.
        Sat = "sat",
        /// Sunday.
        Sun = "sun",
    }
);

impl From<time::Weekday> for Weekday {
    fn from(day: time::Weekday) -> Self {
        match day {
            time::Weekday::Monday => Self::Mon,
            time::Weekday::Tuesday => Self::Tue,
            time::Weekday::Wednesday => Self::Wed,
            time::Weekday::Thursday => Self::Thu,
            time::Weekday::Friday => Self::Fri,
            time::Weekday::Saturday => Self::Sat,
            time::Weekday::Sunday => Self::Sun,
        }
    }
}

/// A time of day in whole minutes from midnight, at most [`DayMinute::MIDNIGHT`], the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct DayMinute(u16);

/// Not a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a time of day like 17:30")]
pub struct NotATimeOfDay;

impl DayMinute {
    /// The end of the day, 24:00.
    pub const MIDNIGHT: Self = Self(24 * 60);

    /// So many minutes after midnight.
    ///
    /// # Errors
    ///
    /// Refuses more than a day has.
    pub fn new(minutes: u16) -> Result<Self, NotATimeOfDay> {
        if minutes <= Self::MIDNIGHT.0 { Ok(Self(minutes)) } else { Err(NotATimeOfDay) }
    }

    /// Minutes after midnight.
    #[must_use]
    pub const fn minutes(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for DayMinute {
    type Error = NotATimeOfDay;
    fn try_from(minutes: u16) -> Result<Self, NotATimeOfDay> {
        Self::new(minutes)
    }
}

impl From<DayMinute> for u16 {
    fn from(at: DayMinute) -> Self {
        at.0
    }
}

impl std::fmt::Display for DayMinute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0.div_euclid(60), self.0.rem_euclid(60))
    }
}

impl std::str::FromStr for DayMinute {
    type Err = NotATimeOfDay;
    fn from_str(text: &str) -> Result<Self, NotATimeOfDay> {
        let (hours, minutes) = text.split_once(':').ok_or(NotATimeOfDay)?;
        let two_digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        if !two_digits(hours) || !two_digits(minutes) {
            return Err(NotATimeOfDay);
        }
        let whole = |text: &str| text.parse::<u16>().map_err(|_| NotATimeOfDay);
        let (hours, minutes) = (whole(hours)?, whole(minutes)?);
        if minutes > 59 {
            return Err(NotATimeOfDay);
        }
        Self::new(hours.saturating_mul(60).saturating_add(minutes))
    }
}

/// When in a week. Empty: always.
///
/// Reckoned in UTC: a store's settings have no time zone. Who wants Tuesday mornings in New York writes them in UTC, and twice a year
/// anew.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hours {
    /// On these days; none named: on every day.
    pub weekdays: BTreeSet<Weekday>,
    /// From this minute of each of them on; `None`: from its beginning.
    pub from: Option<DayMinute>,
    /// Until just before this minute of each of them; `None`: until its end.
    pub until: Option<DayMinute>,
}

impl Hours {
    /// Is `at` in them?
    #[must_use]
    pub fn include(&self, at: OffsetDateTime) -> bool {
        let at = at.to_offset(UtcOffset::UTC);
        let minute = u16::from(at.hour()).saturating_mul(60).saturating_add(at.minute().into());
        self.has_day(at.weekday()) && self.span().0 <= minute && minute < self.span().1
    }

    /// Do they end after they begin?
    #[must_use]
    pub fn end_after_they_begin(&self) -> bool {
        let (from, until) = self.span();
        from < until
    }

    /// Is there a moment in both?
    #[must_use]
    pub fn meet(&self, other: &Self) -> bool {
        let days = self.weekdays.is_empty() || other.weekdays.is_empty() || !self.weekdays.is_disjoint(&other.weekdays);
        let ((from, until), (other_from, other_until)) = (self.span(), other.span());
        days && from < other_until && other_from < until
    }

    /// Is there a moment of them from `from` on and before `until`?
    #[must_use]
    pub fn lie_between(&self, from: OffsetDateTime, until: OffsetDateTime) -> bool {
        let midnight = from.to_offset(UtcOffset::UTC).replace_time(time::Time::MIDNIGHT);
        let (begin, end) = self.span();
        // In eight days from a midnight on, each weekday has had its hours whole.
        (0..=8).any(|days| {
            let day = midnight.saturating_add(Duration::days(days));
            let at = |minute: u16| day.saturating_add(Duration::minutes(minute.into()));
            self.has_day(day.weekday()) && at(begin).max(from) < at(end).min(until)
        })
    }

    fn has_day(&self, day: time::Weekday) -> bool {
        self.weekdays.is_empty() || self.weekdays.contains(&day.into())
    }

    fn span(&self) -> (u16, u16) {
        (self.from.map_or(0, DayMinute::minutes), self.until.unwrap_or(DayMinute::MIDNIGHT).minutes())
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn hours(weekdays: &[Weekday], from: &str, until: &str) -> Hours {
        let minute = |text: &str| Some(text.parse().unwrap()).filter(|_| !text.is_empty());
        Hours {
            weekdays: weekdays.iter().copied().collect(),
            from: if from.is_empty() { None } else { minute(from) },
            until: if until.is_empty() { None } else { minute(until) },
        }
    }

    #[test]
    fn a_moment_is_in_them_by_its_day_and_minute_in_utc() {
        let tuesdays = hours(&[Weekday::Tue], "17:30", "20:00");
        for (at, expected) in [
            (datetime!(2026-03-10 17:30 UTC), true),
            (datetime!(2026-03-10 19:59:59.999 UTC), true),
            (datetime!(2026-03-10 17:29:59.999 UTC), false),
            (datetime!(2026-03-10 20:00 UTC), false),
            (datetime!(2026-03-11 18:00 UTC), false),
            (datetime!(2026-03-10 13:00 -05:00), true),
            (datetime!(2026-03-10 18:00 -05:00), false),
            (datetime!(2026-03-11 00:30 +06:00), true),
        ] {
            assert_eq!(tuesdays.include(at), expected, "{at}");
        }
        let leap = datetime!(2024-02-29 23:59:59 UTC);
        assert!(Hours::default().include(leap) && hours(&[Weekday::Thu], "23:59", "24:00").include(leap));
        assert!(!hours(&[Weekday::Fri], "", "").include(leap) && !hours(&[], "", "23:59").include(leap));
    }

    #[test]
    fn two_meet_where_a_day_and_a_minute_are_in_both() {
        let (tuesday, evening) = (hours(&[Weekday::Tue], "", "17:00"), hours(&[], "17:00", ""));
        assert!(!tuesday.meet(&evening) && !evening.meet(&tuesday));
        assert!(tuesday.meet(&hours(&[Weekday::Mon, Weekday::Tue], "16:59", "")));
        assert!(!tuesday.meet(&hours(&[Weekday::Mon], "", "")));
        assert!(tuesday.meet(&Hours::default()));
    }

    #[test]
    fn they_lie_in_a_window_only_where_one_of_their_days_does() {
        let sundays = hours(&[Weekday::Sun], "09:00", "12:00");
        let sunday = datetime!(2026-03-15 00:00 UTC);
        let hour = |hours| sunday + Duration::hours(hours);
        for (from, until, expected) in [
            (hour(-24), hour(9), false),
            (hour(-24), hour(10), true),
            (hour(12), hour(7 * 24 + 9), false),
            (hour(12), hour(7 * 24 + 10), true),
            (hour(11), hour(11), false),
            (hour(11), hour(12), true),
            (hour(13), OffsetDateTime::UNIX_EPOCH, false),
        ] {
            assert_eq!(sundays.lie_between(from, until), expected, "{from} {until}");
        }
    }

    #[test]
    fn a_time_of_day_is_two_and_two_digits() {
        for (text, minutes) in [("00:00", 0), ("09:05", 545), ("23:59", 1439), ("24:00", 1440)] {
            let at = text.parse::<DayMinute>().unwrap();
            assert_eq!((at.minutes(), at.to_string().as_str()), (minutes, text));
        }
        for text in ["", "9:05", "09:60", "24:01", "25:00", "0905", "09:05:00", "+9:05", "09:5 "] {
            assert_eq!(text.parse::<DayMinute>(), Err(NotATimeOfDay), "{text}");
        }
    }
}
