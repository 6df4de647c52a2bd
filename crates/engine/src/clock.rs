//! Where time comes from.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};
use tocos_ledger::{Micros, SECOND_US};

/// Real time, or a time that moves only when told.
#[derive(Debug)]
pub(crate) enum Clock {
    System,
    Test { now: Micros },
}

/// The clock is the real one and can't be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotATestClock;

impl fmt::Display for NotATestClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("This ledger's time is the real one. Start a new ledger with --test-clock to move time by hand.")
    }
}

impl std::error::Error for NotATestClock {}

impl Clock {
    pub(crate) fn now(&self) -> Micros {
        match self {
            Self::System => system_now(),
            Self::Test { now } => *now,
        }
    }

    pub(crate) fn advance(&mut self, seconds: u32) -> Result<Micros, NotATestClock> {
        match self {
            Self::System => Err(NotATestClock),
            Self::Test { now } => {
                *now += Micros::from(seconds) * SECOND_US;
                Ok(*now)
            }
        }
    }
}

/// The real time; 0 if the machine's clock stands before 1970.
#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else gets its time from")]
pub(crate) fn system_now() -> Micros {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as Micros)
}
