//! Times as the API writes them, and as PostgreSQL counts them.

use jiff::civil::{DateTime, datetime};

/// Without a time zone: the library's instants end a day before the ledger's, its dates and times do not.
const EPOCH: DateTime = datetime(1970, 1, 1, 0, 0, 0, 0);
/// Microseconds from 1970 to 2000, where PostgreSQL begins to count.
const POSTGRES_EPOCH_US: i64 = 946_684_800_000_000;
const SECOND_US: i64 = 1_000_000;
/// What PostgreSQL calls `infinity`: for coins that never expire.
pub const NEVER: i64 = i64::MAX;

/// The time that the API wrote, such as `2026-11-22T17:15:37.820115Z`, in microseconds since 1970.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    match text.as_bytes() {
        // As the API writes nearly all of them. A day that not every month has is for the library.
        [
            y3,
            y2,
            y1,
            y0,
            b'-',
            m1,
            m0,
            b'-',
            d1,
            d0,
            b'T',
            h1,
            h0,
            b':',
            n1,
            n0,
            b':',
            s1,
            s0,
            b'.',
            u5,
            u4,
            u3,
            u2,
            u1,
            u0,
            b'Z',
        ] => {
            let year = digits(&[*y3, *y2, *y1, *y0])?;
            let (month, day) = (digits(&[*m1, *m0])?, digits(&[*d1, *d0])?);
            let (hour, minute, second) = (digits(&[*h1, *h0])?, digits(&[*n1, *n0])?, digits(&[*s1, *s0])?);
            let micros = digits(&[*u5, *u4, *u3, *u2, *u1, *u0])?;
            let is_plain =
                (1..=12).contains(&month) && (1..=28).contains(&day) && hour < 24 && minute < 60 && second < 60;
            if !is_plain {
                return parse_any(text);
            }
            Some(((days(year, month, day) * 24 + hour) * 60 + minute) * 60 * SECOND_US + second * SECOND_US + micros)
        }
        _ => parse_any(text),
    }
}

fn parse_any(text: &str) -> Option<i64> {
    text.strip_suffix('Z')?.parse().ok().map(counted)
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0')))
}

/// Days from 1970 until a date of the Gregorian calendar. The year is counted from March on, so that its last day is the one that some
/// years don't have.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (month * 153 + 2) / 5 + day
        - 719_469
}

fn counted(at: DateTime) -> i64 {
    at.duration_since(EPOCH).as_micros() as i64
}

fn civil(at_us: i64) -> Option<DateTime> {
    EPOCH.checked_add(jiff::SignedDuration::from_micros(at_us)).ok()
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

/// The instant that is so many months of the calendar in UTC later; in a month that has no such day, on its last one. None beyond the year 9999.
#[must_use]
pub fn months_later(at_us: i64, months: i64) -> Option<i64> {
    let span = jiff::Span::new().try_months(months).ok()?;
    civil(at_us)?.checked_add(span).ok().map(counted)
}

/// In RFC 3339, as the API writes it.
#[must_use]
pub fn written(at_us: i64) -> String {
    civil(at_us).map_or_else(|| format!("{at_us} us"), |at| format!("{at:.6}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written_through_the_last_one_of_the_ledger() {
        for (text, expected) in [
            ("1970-01-01T00:00:00.000000Z", 0),
            ("2000-02-29T23:59:59.999999Z", 951_868_799_999_999),
            ("2026-11-22T17:15:37.820115Z", 1_795_367_737_820_115),
            ("2100-03-01T00:00:00.000001Z", 4_107_542_400_000_001),
            ("9999-12-31T23:59:59.000000Z", 253_402_300_799_000_000),
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
            assert_eq!(written(expected), text);
            assert_eq!(of_postgres(to_postgres(expected)), expected);
        }
        for step in 0..30_000 {
            let text = written(step * 8_639_900_000_011);
            if text.len() == 27 {
                assert_eq!(parse(&text), parse_any(&text), "{text}");
            }
        }
        assert_eq!(parse("2026-11-22T17:15:37Z"), parse("2026-11-22T17:15:37.000000Z"));
        for wrong in ["yesterday", "2026-02-30T00:00:00.000000Z", "2026-11-22T17:15:37.820115"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert_eq!(to_postgres(NEVER), NEVER);
    }

    #[test]
    fn months_end_on_their_last_day() {
        let at = parse("2026-01-31T10:00:00.000000Z").unwrap();
        assert_eq!(months_later(at, 1), parse("2026-02-28T10:00:00.000000Z"));
        assert_eq!(months_later(at, 2), parse("2026-03-31T10:00:00.000000Z"));
        let last = parse("9999-11-30T23:59:59.000000Z").unwrap();
        assert_eq!(months_later(last, 1), parse("9999-12-30T23:59:59.000000Z"));
        assert_eq!(months_later(last, 2), None);
    }
}
