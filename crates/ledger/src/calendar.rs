//! Months and days, counted from January 1970, in UTC.

use crate::amount::{DAY_US, Micros};

/// The month of a day, both counted from January 1970. The calendar is the proleptic Gregorian one; the method is Howard Hinnant's
/// `civil_from_days` (<https://howardhinnant.github.io/date_algorithms.html>).
pub(crate) fn month_of(day: i64) -> i64 {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Months begin with March here, which is month 0.
    let march_month = (5 * of_year + 2) / 153;
    (era * 400 + year_of_era - 1970) * 12 + march_month + 2
}

/// The first day of a month, counted likewise; `days_from_civil` from the same source.
pub(crate) fn first_day_of(month: i64) -> i64 {
    let from_march = month - 2;
    let year = 1970 + from_march.div_euclid(12);
    let march_month = from_march.rem_euclid(12);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let of_year = (153 * march_month + 2) / 5;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    era * 146_097 + of_era - 719_468
}

/// The same day and time of day some months later; the last day of that month if it has no such day.
pub(crate) fn months_later(at: Micros, months: i64) -> Micros {
    let (day, time) = (at.div_euclid(DAY_US), at.rem_euclid(DAY_US));
    let month = month_of(day);
    let of_month = day - first_day_of(month);
    let first = first_day_of(month + months);
    let last = first_day_of(month + months + 1) - 1;
    (first + of_month).min(last).saturating_mul(DAY_US).saturating_add(time)
}

/// The instants between two at which a month of the calendar begins in UTC, the earliest first.
pub fn months_between(after: Micros, before: Micros) -> impl Iterator<Item = Micros> {
    let month = month_of(after.div_euclid(DAY_US));
    let begins = (month + 1..).map(|month| first_day_of(month).saturating_mul(DAY_US));
    begins.take_while(move |at| *at < before)
}

/// The instants between two at which a day begins in UTC, the earliest first.
pub fn days_between(after: Micros, before: Micros) -> impl Iterator<Item = Micros> {
    let begins = (after.div_euclid(DAY_US) + 1..).map(|day| day.saturating_mul(DAY_US));
    begins.take_while(move |at| *at < before)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-31 12:00 UTC.
    const END_OF_JANUARY: Micros = 1_769_860_800_000_000;

    fn day_of(at: Micros) -> (i64, i64) {
        let day = at.div_euclid(DAY_US);
        let month = month_of(day);
        (month.rem_euclid(12) + 1, day - first_day_of(month) + 1)
    }

    #[test]
    fn a_month_ends_where_it_ends() {
        let days: Vec<_> = (0..14).map(|months| day_of(months_later(END_OF_JANUARY, months))).collect();
        assert_eq!(days[..6], [(1, 31), (2, 28), (3, 31), (4, 30), (5, 31), (6, 30)]);
        assert_eq!(days[12..], [(1, 31), (2, 28)]);
        assert_eq!(day_of(months_later(END_OF_JANUARY, 25)), (2, 29), "2028 is a leap year");
        assert_eq!(months_later(END_OF_JANUARY, 7).rem_euclid(DAY_US), END_OF_JANUARY.rem_euclid(DAY_US));
    }

    #[test]
    fn between_two_instants_only_months_that_begin_behind_the_first_are_counted() {
        let day = |month: i64| first_day_of(12 * 56 + month) * DAY_US;
        let between = |after, before| months_between(after, before).collect::<Vec<_>>();
        assert_eq!(between(END_OF_JANUARY, day(3)), [day(1), day(2)]);
        assert_eq!(between(day(1), day(2)), []);
        assert_eq!(between(day(1) - 1, day(2) + 1), [day(1), day(2)]);
        assert_eq!(between(-1, 1), [0]);
    }

    #[test]
    fn months_before_1970_are_months_too() {
        assert_eq!(months_later(0, -1), first_day_of(-1) * DAY_US);
        assert_eq!(day_of(months_later(END_OF_JANUARY, -12 * 60)), (1, 31));
    }
}
