//! Times as the API writes them, and as PostgreSQL counts them.

/// Microseconds from 1970 to 2000, where PostgreSQL begins to count.
const POSTGRES_EPOCH_US: i64 = 946_684_800_000_000;
const DAY_US: i64 = 86_400_000_000;
/// What PostgreSQL calls `infinity`: for coins that never expire.
pub const NEVER: i64 = i64::MAX;

/// The time that the API wrote, such as `2026-11-22T17:15:37.820115Z`, in microseconds since 1970.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let fits = bytes.len() == 27
        && [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (26, b'Z')]
            .iter()
            .all(|(at, byte)| bytes[*at] == *byte);
    if !fits {
        return text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond);
    }
    let number = |from: usize, to: usize| {
        bytes[from..to]
            .iter()
            .try_fold(0_i64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second, micros) = (number(11, 13)?, number(14, 16)?, number(17, 19)?, number(20, 26)?);
    let seconds = (hour * 60 + minute) * 60 + second;
    Some(days_since_1970(year, month, day) * DAY_US + seconds * 1_000_000 + micros)
}

/// Days of the Gregorian calendar; see Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The same time as PostgreSQL counts it.
#[must_use]
pub fn to_postgres(at_us: i64) -> i64 {
    if at_us == NEVER { NEVER } else { at_us - POSTGRES_EPOCH_US }
}

/// A time that PostgreSQL counted, in microseconds since 1970.
#[must_use]
pub fn of_postgres(at: i64) -> i64 {
    if at == NEVER { NEVER } else { at + POSTGRES_EPOCH_US }
}

/// The instant that is so many months of the calendar in UTC later; in a month that has no such day, on its last one.
#[must_use]
pub fn months_later(at_us: i64, months: i64) -> Option<i64> {
    let at = jiff::Timestamp::from_microsecond(at_us).ok()?;
    let span = jiff::Span::new().try_months(months).ok()?;
    let later = at.to_zoned(jiff::tz::TimeZone::UTC).checked_add(span).ok()?;
    Some(later.timestamp().as_microsecond())
}

/// In RFC 3339, as the API writes it.
#[must_use]
pub fn written(at_us: i64) -> String {
    let at = jiff::Timestamp::from_microsecond(at_us);
    at.map_or_else(|_| format!("{at_us} us"), |at| format!("{at:.6}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_the_library_reads_them() {
        for text in [
            "1970-01-01T00:00:00.000000Z",
            "2026-11-22T17:15:37.820115Z",
            "2000-02-29T23:59:59.999999Z",
            "2100-03-01T00:00:00.000001Z",
            "9999-12-30T21:59:59.000000Z",
        ] {
            let expected = text.parse::<jiff::Timestamp>().unwrap().as_microsecond();
            assert_eq!(parse(text), Some(expected), "{text}");
            assert_eq!(written(expected), text);
            assert_eq!(of_postgres(to_postgres(expected)), expected);
        }
        assert_eq!(parse("2026-11-22T17:15:37Z"), parse("2026-11-22T17:15:37.000000Z"));
        // The library ends a day before the ledger does.
        assert_eq!(parse("9999-12-31T23:59:59.000000Z"), Some(253_402_300_799_000_000));
        assert_eq!(parse("yesterday"), None);
        assert_eq!(to_postgres(NEVER), NEVER);
    }

    #[test]
    fn months_end_on_their_last_day() {
        let at = parse("2026-01-31T10:00:00.000000Z").unwrap();
        assert_eq!(months_later(at, 1), parse("2026-02-28T10:00:00.000000Z"));
        assert_eq!(months_later(at, 2), parse("2026-03-31T10:00:00.000000Z"));
    }
}
