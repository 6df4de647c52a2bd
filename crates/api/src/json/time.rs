//! Instants as text: RFC 3339, out in UTC with microseconds, in with any offset.

use tocos_ledger::{Micros, SECOND_US};

const DAY_S: i64 = 86_400;
/// The first and last instants that four-digit years can say.
const FIRST: Micros = -62_167_219_200 * SECOND_US;
const LAST: Micros = 253_402_300_800 * SECOND_US - 1;

/// `2026-11-22T13:00:00.123456Z`. Instants beyond the years 0000 to 9999 are shown as the nearest within.
pub(crate) fn rfc3339(at: Micros) -> [u8; 27] {
    let at = at.clamp(FIRST, LAST);
    let (seconds, micros) = (at.div_euclid(SECOND_US), at.rem_euclid(SECOND_US));
    let (days, of_day) = (seconds.div_euclid(DAY_S), seconds.rem_euclid(DAY_S));
    let (year, month, day) = civil_from_days(days);
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    put(&mut text[0..4], year);
    put(&mut text[5..7], month);
    put(&mut text[8..10], day);
    put(&mut text[11..13], of_day / 3600);
    put(&mut text[14..16], of_day / 60 % 60);
    put(&mut text[17..19], of_day % 60);
    put(&mut text[20..26], micros);
    text
}

/// The same as a text.
pub(crate) fn rfc3339_text(at: Micros) -> String {
    rfc3339(at).iter().map(|byte| char::from(*byte)).collect()
}

fn put(digits: &mut [u8], value: i64) {
    let mut value = value;
    for digit in digits.iter_mut().rev() {
        // A digit is below 10.
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Reads `2026-11-22T13:00:00.123456Z`, `2026-11-22t14:00:00+01:00` and the like. Digits behind the microseconds are cut
/// off; a leap second is the instant behind it.
pub(crate) fn parse_rfc3339(text: &str) -> Option<Micros> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = bytes.get(from..to)?;
        digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
    };
    let punctuation = [(4, b"--"), (7, b"--"), (10, b"Tt"), (13, b"::"), (16, b"::")];
    if punctuation.iter().any(|(at, any)| bytes.get(*at).is_none_or(|byte| !any.contains(byte))) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut at = 19;
    let mut micros = 0;
    if bytes.get(at) == Some(&b'.') {
        let digits = bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        micros = number(at + 1, at + 1 + digits.min(6))? * 10i64.pow(6 - digits.min(6) as u32);
        at += 1 + digits;
    }
    let offset_s = match bytes.get(at)? {
        b'Z' | b'z' if bytes.len() == at + 1 => 0,
        sign @ (b'+' | b'-') if bytes.len() == at + 6 && bytes[at + 3] == b':' => {
            let (hours, minutes) = (number(at + 1, at + 3)?, number(at + 4, at + 6)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            (hours * 3600 + minutes * 60) * if *sign == b'-' { -1 } else { 1 }
        }
        _ => return None,
    };
    let seconds = days_from_civil(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second - offset_s;
    let instant = seconds * SECOND_US + micros;
    (FIRST..=LAST).contains(&instant).then_some(instant)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date in the Gregorian calendar. Years are counted from March, so that the leap day
/// comes last; 400 of them have 146,097 days.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The other way round.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(at: Micros) -> String {
        String::from_utf8(rfc3339(at).to_vec()).unwrap()
    }

    #[test]
    fn known_instants_are_written_as_everybody_writes_them() {
        assert_eq!(text(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(text(1_795_352_400_123_456), "2026-11-22T13:00:00.123456Z");
        assert_eq!(text(951_782_400_000_000), "2000-02-29T00:00:00.000000Z");
        assert_eq!(text(-1), "1969-12-31T23:59:59.999999Z");
        assert_eq!(text(i64::MAX), "9999-12-31T23:59:59.999999Z");
    }

    #[test]
    fn what_is_written_is_read_back() {
        for step in 0..200_000_i64 {
            let at = FIRST + step * ((LAST - FIRST) / 200_000) + step;
            assert_eq!(parse_rfc3339(&text(at)), Some(at), "{}", text(at));
        }
    }

    #[test]
    fn offsets_fractions_and_lower_case_are_understood() {
        let noon = parse_rfc3339("2026-11-22T12:00:00Z").unwrap();
        for same in ["2026-11-22t12:00:00z", "2026-11-22T13:30:00+01:30", "2026-11-21T23:00:00.0-13:00"] {
            assert_eq!(parse_rfc3339(same), Some(noon), "{same}");
        }
        assert_eq!(parse_rfc3339("2026-11-22T12:00:00.1234567Z"), Some(noon + 123_456));
        assert_eq!(parse_rfc3339("2026-11-22T12:00:00.5Z"), Some(noon + 500_000));
        assert_eq!(parse_rfc3339("2016-12-31T23:59:60Z"), parse_rfc3339("2017-01-01T00:00:00Z"));
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        let wrong = [
            "",
            "2026",
            "2026-11-22",
            "2026-11-22T12:00:00",
            "2026-11-22 12:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-11-31T00:00:00Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T12:60:00Z",
            "2026-11-22T12:00:00.Z",
            "2026-11-22T12:00:00+0100",
            "2026-11-22T12:00:00+01:00Z",
            "2026-11-22T12:00:00ZZ",
            "+026-11-22T12:00:00Z",
            "0000-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "2026-11-22T12:00:00Ä",
            "２026-11-22T12:00:00Z",
        ];
        for text in wrong {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }
}
