//! Amounts whose crossing is worth telling.

use crate::amount::MAX_AMOUNT;
use crate::refusal::Refusal;

/// An account, or a coin, has at most so many.
pub const THRESHOLDS_MAX: usize = 10;

/// Amounts of available coins, ascending, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thresholds(Box<[i64]>);

/// That an account's available coins went across one of its thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// Which one.
    pub threshold: i64,
    /// Whether more is available now than that; else it was more before.
    pub is_up: bool,
}

impl Thresholds {
    /// Thresholds in any order; those that are said twice are one.
    ///
    /// # Errors
    /// [`Refusal::InvalidRequest`] if there are more than [`THRESHOLDS_MAX`], or one is not from -(2^53-1) to 2^53-1.
    pub fn new(amounts: &[i64]) -> Result<Self, Refusal> {
        let mut sorted = amounts.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        if sorted.len() > THRESHOLDS_MAX {
            return Err(Refusal::invalid("thresholds", format!("there are at most {THRESHOLDS_MAX} thresholds")));
        }
        if sorted.iter().any(|amount| amount.unsigned_abs() > MAX_AMOUNT) {
            let words = format!("a threshold is a whole number from -{MAX_AMOUNT} to {MAX_AMOUNT}");
            return Err(Refusal::invalid("thresholds", words));
        }
        Ok(Self(sorted.into()))
    }

    /// The amounts, ascending.
    #[must_use]
    pub fn amounts(&self) -> &[i64] {
        &self.0
    }

    /// Those that are crossed where available coins become `after` from `before`, in the order in which they are met. What lies
    /// exactly on a threshold counts as not above it.
    pub(crate) fn crossed(&self, before: i64, after: i64) -> Option<Box<[Crossing]>> {
        let above = |available: i64| self.0.partition_point(|threshold| *threshold < available);
        let (was, is) = (above(before), above(after));
        let crossing = |is_up| move |threshold: &i64| Crossing { threshold: *threshold, is_up };
        match was.cmp(&is) {
            core::cmp::Ordering::Equal => None,
            core::cmp::Ordering::Less => Some(self.0[was..is].iter().map(crossing(true)).collect()),
            core::cmp::Ordering::Greater => Some(self.0[is..was].iter().rev().map(crossing(false)).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_crossed_is_named_in_the_order_in_which_it_is_met() {
        let thresholds = Thresholds::new(&[20, 0, 100, 20]).unwrap();
        assert_eq!(thresholds.amounts(), [0, 20, 100]);
        let crossed = |before, after| {
            let crossed = thresholds.crossed(before, after).unwrap_or_default();
            crossed.iter().map(|one| (one.threshold, one.is_up)).collect::<Vec<_>>()
        };
        assert_eq!(crossed(21, 20), [(20, false)], "what is exactly there has been reached from above");
        assert_eq!(crossed(20, 19), []);
        assert_eq!(crossed(19, 20), []);
        assert_eq!(crossed(20, 21), [(20, true)]);
        assert_eq!(crossed(500, -5), [(100, false), (20, false), (0, false)]);
        assert_eq!(crossed(-5, 500), [(0, true), (20, true), (100, true)]);
    }

    #[test]
    fn bounds_are_checked() {
        let most = MAX_AMOUNT as i64;
        assert!(Thresholds::new(&[-most, most]).is_ok());
        assert!(Thresholds::new(&[most + 1]).is_err());
        assert!(Thresholds::new(&[-most - 1]).is_err());
        assert!(Thresholds::new(&[i64::MIN]).is_err());
        assert!(Thresholds::new(&[5; 30]).is_ok(), "said thirty times it is one");
        assert!(Thresholds::new(&(0..11).collect::<Vec<_>>()).is_err());
    }
}
