//! How much may leave an account within a time.

use crate::amount::{Amount, DAY_US, MAX_AMOUNT, Micros, SECOND_US};
use crate::calendar::{first_day_of, month_of};
use crate::refusal::Refusal;

/// The longest rolling window: 31 days.
pub const WINDOW_HOURS_MAX: u16 = 31 * 24;
/// A rolling window is counted in so many parts.
const PARTS: i64 = 60;

/// At most so much within a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpendLimit {
    /// How much may be spent, paid, transferred away, captured and held.
    pub amount: Amount,
    /// Within which time.
    pub per: Window,
}

/// The time for which a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// From midnight to midnight, UTC.
    Day,
    /// From the first of a month to the next, UTC.
    Month,
    /// The last so many hours, 1 to [`WINDOW_HOURS_MAX`]. Counted in sixtieths: what was spent counts until the sixtieth in which
    /// it was spent has been over for that long.
    Hours(u16),
}

impl SpendLimit {
    /// Whether there can be such a limit.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        if self.amount > MAX_AMOUNT {
            let words = format!("a spending limit is a whole number from 0 to {MAX_AMOUNT}");
            return Err(Refusal::invalid("amount", words));
        }
        match self.per {
            Window::Hours(hours) if !(1..=WINDOW_HOURS_MAX).contains(&hours) => {
                Err(Refusal::invalid("hours", format!("a rolling window has 1 to {WINDOW_HOURS_MAX} hours")))
            }
            _ => Ok(()),
        }
    }
}

impl Window {
    /// The word the API uses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
            Self::Hours(_) => "hours",
        }
    }

    /// The part of time that an instant lies in, counted from 1970.
    fn part(self, at: Micros) -> i64 {
        match self {
            Self::Day => at.div_euclid(DAY_US),
            Self::Month => month_of(at.div_euclid(DAY_US)),
            Self::Hours(hours) => at.div_euclid(part_us(hours)),
        }
    }

    /// The first part that is no longer counted with what is spent in `part`.
    fn end_of(self, part: i64) -> i64 {
        match self {
            Self::Day | Self::Month => part + 1,
            Self::Hours(_) => part + PARTS + 1,
        }
    }

    /// When a part begins.
    fn start_of(self, part: i64) -> Micros {
        match self {
            Self::Day => part * DAY_US,
            Self::Month => first_day_of(part) * DAY_US,
            Self::Hours(hours) => part * part_us(hours),
        }
    }
}

/// A sixtieth of a rolling window.
fn part_us(hours: u16) -> Micros {
    Micros::from(hours) * 3_600 * SECOND_US / PARTS
}

/// What has been spent lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spent {
    /// For which window it was counted.
    pub(crate) per: Window,
    /// By part of time, the oldest first. Parts that are over may still be there.
    pub(crate) parts: Vec<(i64, Amount)>,
}

impl Spent {
    pub(crate) fn new(per: Window) -> Self {
        Self { per, parts: Vec::new() }
    }

    /// The parts that still count at `now`.
    pub(crate) fn live(&self, now: Micros) -> &[(i64, Amount)] {
        let current = self.per.part(now);
        let over = self.parts.partition_point(|(part, _)| self.per.end_of(*part) <= current);
        &self.parts[over..]
    }

    /// How much counts at `now`.
    pub(crate) fn sum(&self, now: Micros) -> Amount {
        self.live(now).iter().fold(0, |sum, (_, amount)| sum.saturating_add(*amount))
    }

    /// When less counts than at `now` for the first time, if anything does.
    pub(crate) fn next_less(&self, now: Micros) -> Option<Micros> {
        let (oldest, _) = self.live(now).first()?;
        Some(self.per.start_of(self.per.end_of(*oldest)))
    }

    /// When the window that `now` lies in ends, for windows that begin and end.
    pub(crate) fn next_window(per: Window, now: Micros) -> Option<Micros> {
        (!matches!(per, Window::Hours(_))).then(|| per.start_of(per.part(now) + 1))
    }

    pub(crate) fn add(&mut self, at: Micros, amount: Amount) {
        let current = self.per.part(at);
        let per = self.per;
        self.parts.retain(|(part, _)| per.end_of(*part) > current);
        match self.parts.last_mut() {
            Some((part, sum)) if *part == current => *sum = sum.saturating_add(amount),
            _ => self.parts.push((current, amount)),
        }
    }

    /// What was spent at `at` has come back.
    pub(crate) fn give_back(&mut self, at: Micros, amount: Amount) {
        let part = self.per.part(at);
        if let Some((_, sum)) = self.parts.iter_mut().find(|(other, _)| *other == part) {
            *sum = sum.saturating_sub(amount);
        }
        self.parts.retain(|(_, sum)| *sum > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_where_the_calendar_says() {
        // Days since 1970 by `date -d ... +%s`, divided by 86,400.
        for (month, day) in [
            (0, 0),
            (1, 31),
            (2, 59),
            (-1, -31),
            (12 * 30 + 1, 10_957 + 31),
            (12 * 30 + 2, 10_957 + 60),
            (12 * 54 + 2, 19_783),
            (12 * 130 + 2, 47_541),
        ] {
            assert_eq!(first_day_of(month), day, "month {month}");
            assert_eq!((month_of(day), month_of(day - 1)), (month, month - 1), "month {month}");
        }
        let mut month = month_of(-800_000);
        for day in -800_000..800_000 {
            let next = month_of(day);
            assert!(next == month || (next == month + 1 && first_day_of(next) == day), "day {day}");
            month = next;
        }
    }

    #[test]
    fn a_rolling_window_counts_at_least_its_hours_and_a_sixtieth_more_at_most() {
        let hour = 3_600 * SECOND_US;
        for hours in [1, 24, WINDOW_HOURS_MAX] {
            let mut spent = Spent::new(Window::Hours(hours));
            let length = Micros::from(hours) * hour;
            for at in [0, 1, length / 60 - 1, length / 60, 7 * length + 12_345] {
                spent.parts.clear();
                spent.add(at, 5);
                assert_eq!(spent.sum(at + length), 5);
                let end = spent.next_less(at).unwrap();
                assert!(end > at + length && end <= at + length + length / 60, "{hours} hours from {at}");
                assert_eq!((spent.sum(end - 1), spent.sum(end)), (5, 0));
            }
        }
    }

    #[test]
    fn days_and_months_end_together_for_all() {
        let mut spent = Spent::new(Window::Day);
        spent.add(3 * DAY_US - 1, 5);
        assert_eq!((spent.sum(3 * DAY_US - 1), spent.sum(3 * DAY_US)), (5, 0));
        assert_eq!(Spent::next_window(Window::Day, 3 * DAY_US - 1), Some(3 * DAY_US));
        assert_eq!(Spent::next_window(Window::Month, 30 * DAY_US), Some(31 * DAY_US));
        assert_eq!(Spent::next_window(Window::Hours(5), 0), None);
    }

    #[test]
    fn what_comes_back_counts_where_it_was_spent() {
        let mut spent = Spent::new(Window::Hours(1));
        spent.add(0, 5);
        spent.add(60 * SECOND_US, 7);
        spent.give_back(1, 4);
        assert_eq!(spent.parts, [(0, 1), (1, 7)]);
        spent.give_back(2 * 3_600 * SECOND_US, 4);
        spent.give_back(1, 4);
        assert_eq!(spent.parts, [(1, 7)]);
    }
}
