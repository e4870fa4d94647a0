//! Moments in words.

use time::{Month, OffsetDateTime, UtcOffset};

/// `21 November 2026`, in the moment's own offset.
pub(crate) fn day(at: OffsetDateTime) -> String {
    format!("{} {} {}", at.day(), month(at.month()), at.year())
}

/// `21 November 2026, 14:05 UTC`, in the moment's own offset.
pub(crate) fn moment(at: OffsetDateTime) -> String {
    format!("{}, {:02}:{:02} {}", day(at), at.hour(), at.minute(), zone(at.offset()))
}

fn zone(offset: UtcOffset) -> String {
    let (hours, minutes, _) = offset.as_hms();
    let sign = if offset.is_negative() { '−' } else { '+' };
    match (hours.abs(), minutes.abs()) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

fn month(month: Month) -> &'static str {
    match month {
        Month::January => "January",
        Month::February => "February",
        Month::March => "March",
        Month::April => "April",
        Month::May => "May",
        Month::June => "June",
        Month::July => "July",
        Month::August => "August",
        Month::September => "September",
        Month::October => "October",
        Month::November => "November",
        Month::December => "December",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_moment_says_its_own_offset() {
        assert_eq!(moment(datetime!(2026-11-21 14:05:59 UTC)), "21 November 2026, 14:05 UTC");
        assert_eq!(moment(datetime!(2026-03-01 00:00 -5)), "1 March 2026, 00:00 UTC−5");
        assert_eq!(moment(datetime!(2026-03-01 09:07 +5:30)), "1 March 2026, 09:07 UTC+5:30");
    }
}
