//! Schedules: grants that are to be made, one or again and again.

use crate::amount::{Amount, DAY_US, MAX_AMOUNT, Micros, SECOND_US};
use crate::calendar::months_later;
use crate::lot::{Category, Marks};
use crate::refusal::Refusal;

/// The longest period in days: ten years.
pub const EVERY_DAYS_MAX: u16 = 3_660;
/// The longest period in months: ten years.
pub const EVERY_MONTHS_MAX: u16 = 120;
/// The longest time until coins of a schedule expire, in seconds: a hundred years of 366 days.
pub const EXPIRES_AFTER_S_MAX: u32 = 100 * 366 * 86_400;
/// The last instant at which anything can be due: the end of the year 9999.
const LAST_INSTANT: Micros = 253_402_300_799 * SECOND_US;

/// How long it is from one occurrence to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// There is one occurrence.
    Once,
    /// So many days of 24 hours, 1 to [`EVERY_DAYS_MAX`].
    Days(u16),
    /// So many months, 1 to [`EVERY_MONTHS_MAX`]. A month that has no such day has its occurrence on its last one.
    Months(u16),
}

/// How long coins of a schedule last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// They don't expire.
    Never,
    /// Until the instant of the next occurrence, whether that comes or not.
    AtNext,
    /// So many seconds, 1 to [`EXPIRES_AFTER_S_MAX`].
    After(u32),
}

/// What goes on of what is left of an occurrence when the next one comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rollover {
    /// At most so much.
    pub max: Amount,
    /// How long it lasts from then on.
    pub lasting: Lasting,
}

/// What a schedule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How much each occurrence grants.
    pub amount: Amount,
    /// The time between occurrences.
    pub every: Every,
    /// From where occurrences are counted: occurrence 0 is at the anchor. None: from `starts_at`, or else from when the schedule is
    /// made; a schedule that is changed keeps its own.
    pub anchor: Option<Micros>,
    /// No occurrence before it.
    pub starts_at: Option<Micros>,
    /// No occurrence at or after it.
    pub ends_at: Option<Micros>,
    /// No occurrence of this number or a later one, counted from 0 at the anchor.
    pub occurrences: Option<u32>,
    /// How long the coins last.
    pub lasting: Lasting,
    /// The priority of the coins.
    pub priority: u8,
    /// Their category.
    pub category: Category,
    /// What goes on at the next occurrence.
    pub rollover: Option<Rollover>,
    /// Whether a change of the amount changes what the last occurrence granted, too, and not only what comes. Of a schedule that is kept it is false.
    pub now: bool,
}

/// An occurrence of a schedule in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// The event that made the schedule.
    pub schedule: u64,
    /// Which one, from 0 at the anchor.
    pub number: u32,
    /// When it was due.
    pub due_at: Micros,
    /// How much the schedule grants; what is above a ceiling is not granted.
    pub scheduled: Amount,
}

fn check_lasting(field: &'static str, lasting: Lasting) -> Result<(), Refusal> {
    match lasting {
        Lasting::After(seconds) if !(1..=EXPIRES_AFTER_S_MAX).contains(&seconds) => {
            Err(Refusal::invalid(field, format!("coins expire after 1 to {EXPIRES_AFTER_S_MAX} seconds")))
        }
        _ => Ok(()),
    }
}

impl Plan {
    /// Whether there can be such a plan, whenever it is put.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let invalid = |field, words: &str| Err(Refusal::invalid(field, words.to_owned()));
        if !(1..=MAX_AMOUNT).contains(&self.amount) {
            let words = format!("an amount is a whole number from 1 to {MAX_AMOUNT}, not {}", self.amount);
            return Err(Refusal::invalid("amount", words));
        }
        match self.every {
            Every::Days(days) if !(1..=EVERY_DAYS_MAX).contains(&days) => {
                return Err(Refusal::invalid("every", format!("a period has 1 to {EVERY_DAYS_MAX} days")));
            }
            Every::Months(months) if !(1..=EVERY_MONTHS_MAX).contains(&months) => {
                return Err(Refusal::invalid("every", format!("a period has 1 to {EVERY_MONTHS_MAX} months")));
            }
            Every::Once if self.lasting == Lasting::AtNext => {
                return invalid("expires", "without every there is no next occurrence; use never or after");
            }
            Every::Once if self.rollover.is_some() => {
                return invalid("rollover", "without every there is no next occurrence to roll over to");
            }
            _ => {}
        }
        let fields = [("anchor", self.anchor), ("starts_at", self.starts_at), ("ends_at", self.ends_at)];
        for (field, at) in fields {
            if at.is_some_and(|at| !(0..=LAST_INSTANT).contains(&at)) {
                return invalid(field, "an instant of a schedule is in the years 1970 to 9999");
            }
        }
        if let (Some(starts_at), Some(ends_at)) = (self.starts_at, self.ends_at)
            && ends_at <= starts_at
        {
            return invalid("ends_at", "a schedule ends after it starts");
        }
        if self.occurrences == Some(0) {
            return invalid("occurrences", "a schedule has at least 1 occurrence");
        }
        check_lasting("expires_after_s", self.lasting)?;
        if self.priority > 100 {
            return invalid("priority", "a priority is 0 to 100");
        }
        let Some(rollover) = self.rollover else { return Ok(()) };
        if self.lasting != Lasting::AtNext {
            return invalid("rollover", "what expires at the next occurrence can roll over; use expires at_next");
        }
        if !(1..=MAX_AMOUNT).contains(&rollover.max) {
            return Err(Refusal::invalid("rollover.max", format!("a rollover is of 1 to {MAX_AMOUNT} coins")));
        }
        check_lasting("rollover.expires_after_s", rollover.lasting)
    }

    /// The instant of an occurrence, whether it is executed or not.
    #[must_use]
    pub fn instant(&self, anchor: Micros, number: u32) -> Micros {
        let periods = i64::from(number);
        let at = match self.every {
            Every::Once => anchor,
            // Both factors are below 2^32 and 2^58.
            Every::Days(days) => anchor.saturating_add(periods.saturating_mul(i64::from(days) * DAY_US)),
            Every::Months(months) => {
                // Beyond the year 9999 there is nothing, and no need to count that far.
                let months = periods.saturating_mul(i64::from(months)).min(12 * 10_000);
                months_later(anchor, months)
            }
        };
        at.min(LAST_INSTANT)
    }

    /// Whether occurrences can be counted from this instant.
    pub(crate) fn may_be_anchor(anchor: Micros) -> bool {
        (0..=LAST_INSTANT).contains(&anchor)
    }

    /// The first occurrence from `number` on that is not before `from`, and its instant, if there is one.
    #[must_use]
    pub fn next(&self, anchor: Micros, number: u32, from: Micros) -> Option<(u32, Micros)> {
        let from = self.starts_at.map_or(from, |starts_at| starts_at.max(from));
        let longest = match self.every {
            Every::Once => None,
            Every::Days(days) => Some(i64::from(days) * DAY_US),
            Every::Months(months) => Some(i64::from(months) * 31 * DAY_US),
        };
        let (mut next, mut at) = (number, self.instant(anchor, number));
        // No period is longer, so not one too many is passed over.
        let ahead = from.saturating_sub(at).max(0);
        let passed = longest.map_or(0, |longest| ahead / longest);
        if passed > 0 {
            next = next.checked_add(u32::try_from(passed).ok()?)?;
            at = self.instant(anchor, next);
        }
        loop {
            let is_over = self.ends_at.is_some_and(|ends_at| at >= ends_at)
                || self.occurrences.is_some_and(|count| next >= count)
                || (self.every == Every::Once && next > 0)
                || at >= LAST_INSTANT;
            if is_over {
                return None;
            }
            if at >= from {
                return Some((next, at));
            }
            next = next.checked_add(1)?;
            at = self.instant(anchor, next);
        }
    }

    /// When coins of an occurrence expire.
    #[must_use]
    pub fn expires_at(&self, anchor: Micros, number: u32) -> Option<Micros> {
        self.marks(anchor, number, self.lasting).expires_at
    }

    /// The marks of coins that last so long from an occurrence on.
    pub(crate) fn marks(&self, anchor: Micros, number: u32, lasting: Lasting) -> Marks {
        let expires_at = match lasting {
            Lasting::Never => None,
            Lasting::AtNext => Some(self.instant(anchor, number.saturating_add(1))),
            Lasting::After(seconds) => {
                Some(self.instant(anchor, number).saturating_add(Micros::from(seconds) * SECOND_US))
            }
        };
        Marks { expires_at, priority: self.priority, category: self.category }
    }
}
