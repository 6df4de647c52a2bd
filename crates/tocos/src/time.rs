//! Times as they are given on the command line.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// Checks an instant in RFC 3339 and gives it back as written.
pub(crate) fn instant(text: &str) -> Result<String, String> {
    text.parse::<Timestamp>()
        .map(|_| text.to_owned())
        .map_err(|_| "a time is written as 2026-12-31T23:59:59Z or with an offset like +02:00".to_owned())
}

/// A length of time, such as 30d, 2h 30m or 1y.
pub(crate) fn span(text: &str) -> Result<Span, String> {
    let span: Span = text.parse().map_err(|_| "a length of time is written as 90s, 30m, 12h, 30d or 1y".to_owned())?;
    if span.is_positive() { Ok(span) } else { Err("a length of time is more than nothing".to_owned()) }
}

/// The instant at this distance from now by the local clock, in RFC 3339 and UTC.
///
/// # Errors
/// It is out of the range of the calendar.
pub(crate) fn after(span: Span) -> anyhow::Result<String> {
    let now = Timestamp::now().to_zoned(TimeZone::UTC);
    Ok(now.checked_add(span)?.timestamp().to_string())
}

/// A time of the ledger, microseconds since 1970 in UTC, in RFC 3339.
pub(crate) fn of_micros(at_us: i64) -> String {
    Timestamp::from_microsecond(at_us).map_or_else(|_| format!("{at_us} us"), |at| at.to_string())
}

/// The time that is given in RFC 3339, microseconds since 1970 in UTC.
pub(crate) fn micros(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond)
}

/// The time at this distance before now by the local clock, microseconds since 1970 in UTC.
///
/// # Errors
/// It is out of the range of the calendar.
pub(crate) fn micros_before_now(span: Span) -> anyhow::Result<i64> {
    let now = Timestamp::now().to_zoned(TimeZone::UTC);
    Ok(now.checked_sub(span)?.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_as_people_write_them() {
        for text in ["90s", "30m", "12h", "30d", "1y", "2h 30m", "P30D", "1w"] {
            assert!(span(text).is_ok(), "{text}");
            assert!(instant(&after(span(text).unwrap()).unwrap()).is_ok(), "{text}");
        }
        for text in ["", "30", "soon", "-5d", "0s"] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn thirty_days_from_now_is_thirty_days_from_now() {
        let then: Timestamp = after(span("30d").unwrap()).unwrap().parse().unwrap();
        let hours = then.since(Timestamp::now()).unwrap().total(jiff::Unit::Hour).unwrap();
        assert!((719.9..=720.0).contains(&hours), "{hours}");
    }

    #[test]
    fn instants_have_a_date_a_time_and_an_offset() {
        for text in ["2026-12-31T23:59:59Z", "2026-12-31T23:59:59.123456+02:00", "2026-12-31 23:59:59Z"] {
            assert!(instant(text).is_ok(), "{text}");
        }
        for text in ["2026-12-31", "tomorrow", "2026-12-31T23:59:59"] {
            assert!(instant(text).is_err(), "{text}");
        }
    }
}
