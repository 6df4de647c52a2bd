//! The source of time, and when it is trusted.
//!
//! The system's clock is followed only while it is plausible. A start long after the last event, or a jump forwards
//! compared with the elapsed time, may mean that the clock was set wrong, and following it would expire coins
//! permanently. The clock is then implausible until it is right again, the kernel reports that it is synchronised, or
//! an operator accepts it.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tocos_ledger::{DAY_US, Micros, SECOND_US};

/// The longest gap that is taken without asking, unless said otherwise: 7 days.
const GAP_MAX: Duration = Duration::from_secs(7 * 86_400);
/// A running clock that gains more than this at once has jumped.
const JUMP_MAX: Micros = 60 * SECOND_US;
/// An operator's confirmation is for the time they saw, give or take this.
const ACCEPTED_WITHIN: Micros = 60 * SECOND_US;

/// How far the system's clock is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockOptions {
    /// The longest time between the last event and a start that is taken without asking. `None` takes any, and any jump.
    pub gap_max: Option<Duration>,
    /// Take whatever the clock says while the kernel says that it is synchronised.
    pub trusts_kernel: bool,
}

impl Default for ClockOptions {
    fn default() -> Self {
        Self { gap_max: Some(GAP_MAX), trusts_kernel: true }
    }
}

/// The ledger's time beside the system's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockReport {
    /// The time as of which the ledger is, in microseconds since 1970: that of its last event, or of the frame being filled.
    pub ledger: Micros,
    /// What the system's clock says; a test clock's own time.
    pub system: Micros,
    /// The system's clock is followed.
    pub is_plausible: bool,
}

impl ClockReport {
    /// By how much the ledger is ahead of the clock, in microseconds; 0 if it is not.
    #[must_use]
    pub fn ledger_ahead_us(&self) -> Micros {
        self.ledger.saturating_sub(self.system).max(0)
    }
}

/// An operator confirmed another time than the clock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherTime {
    /// What the clock says.
    pub system: Micros,
}

/// Real time, or a test clock, which advances only on request.
#[derive(Debug)]
pub(crate) enum Clock {
    System(Guard),
    Test { now: Micros },
}

/// The clock is the real one and can't be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotATestClock;

impl fmt::Display for NotATestClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "This ledger uses the system clock. To move the time by request, start a new ledger with --test-clock.",
        )
    }
}

impl std::error::Error for NotATestClock {}

impl Clock {
    /// The system's clock under guard. `last_event` is the time of the last event; `None` in a new ledger.
    pub(crate) fn system(last_event: Option<Micros>, options: ClockOptions) -> Self {
        Self::System(Guard::new(Box::new(Machine), last_event, options))
    }

    /// The time, if it is plausible; else what the system's clock says.
    pub(crate) fn now(&mut self) -> Result<Micros, Micros> {
        match self {
            Self::System(guard) => guard.now(),
            Self::Test { now } => Ok(*now),
        }
    }

    /// Takes the time as it is now. `seen` is the time that an operator confirms.
    pub(crate) fn accept(&mut self, seen: Option<Micros>) -> Result<(), OtherTime> {
        match self {
            Self::System(guard) => guard.accept(seen),
            Self::Test { .. } => Ok(()),
        }
    }

    pub(crate) fn advance(&mut self, seconds: u32) -> Result<Micros, NotATestClock> {
        match self {
            Self::System(_) => Err(NotATestClock),
            Self::Test { now } => {
                *now += Micros::from(seconds) * SECOND_US;
                Ok(*now)
            }
        }
    }
}

/// What a machine knows about time.
pub(crate) trait Source: Send + fmt::Debug {
    /// The real time, in microseconds since 1970.
    fn wall(&self) -> Micros;
    /// Monotonic time in microseconds, including suspend. It can't be set.
    fn elapsed(&self) -> Micros;
    /// Whether something keeps the real time synchronised.
    fn is_synchronised(&self) -> bool;
}

/// This machine.
#[derive(Debug)]
struct Machine;

impl Source for Machine {
    fn wall(&self) -> Micros {
        system_now()
    }

    fn elapsed(&self) -> Micros {
        tocos_timex::elapsed_us()
    }

    fn is_synchronised(&self) -> bool {
        tocos_timex::is_clock_synchronised()
    }
}

/// Follows the system's clock while it is plausible.
#[derive(Debug)]
pub(crate) struct Guard {
    source: Box<dyn Source>,
    options: ClockOptions,
    /// A time that was plausible, and what [`Source::elapsed`] said then.
    anchor: (Micros, Micros),
    /// How far the clock may be ahead of the anchor and the time since.
    ahead_max: Micros,
}

impl Guard {
    fn new(source: Box<dyn Source>, last_event: Option<Micros>, options: ClockOptions) -> Self {
        let anchor = (last_event.unwrap_or_else(|| source.wall()), source.elapsed());
        let ahead_max =
            options.gap_max.map_or(Micros::MAX, |gap| Micros::try_from(gap.as_micros()).unwrap_or(Micros::MAX));
        Self { source, options, anchor, ahead_max }
    }

    fn now(&mut self) -> Result<Micros, Micros> {
        let (wall, elapsed) = (self.source.wall(), self.source.elapsed());
        let expected = self.anchor.0.saturating_add(elapsed - self.anchor.1);
        let is_plausible = wall <= expected.saturating_add(self.ahead_max)
            || (self.options.trusts_kernel && self.source.is_synchronised());
        if !is_plausible {
            return Err(wall);
        }
        // A clock that was set back is not followed back: being set right again is no jump.
        let was_set_back = wall < expected.saturating_sub(JUMP_MAX);
        self.anchor = (if was_set_back { expected } else { wall }, elapsed);
        self.ahead_max = if self.options.gap_max.is_some() { JUMP_MAX } else { Micros::MAX };
        Ok(wall)
    }

    fn accept(&mut self, seen: Option<Micros>) -> Result<(), OtherTime> {
        let wall = self.source.wall();
        if seen.is_some_and(|seen| seen.abs_diff(wall) > ACCEPTED_WITHIN.unsigned_abs()) {
            return Err(OtherTime { system: wall });
        }
        self.anchor = (wall, self.source.elapsed());
        Ok(())
    }
}

/// The real time; 0 if the machine's clock is before 1970.
#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else gets its time from")]
pub(crate) fn system_now() -> Micros {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as Micros)
}

/// A stretch of time in a few words: `8 days`, `90 minutes`.
pub(crate) fn in_words(us: Micros) -> String {
    match us / SECOND_US {
        seconds if seconds < 600 => format!("{seconds} seconds"),
        seconds if seconds < 36_000 => format!("{} minutes", seconds / 60),
        seconds if us < 3 * DAY_US => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", us / DAY_US),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    const START: Micros = 1_795_352_400 * SECOND_US;
    const HOUR: Micros = 3_600 * SECOND_US;

    #[derive(Clone, Debug)]
    struct Faked(Arc<Mutex<(Micros, Micros, bool)>>);

    impl Source for Faked {
        fn wall(&self) -> Micros {
            self.0.lock().unwrap().0
        }
        fn elapsed(&self) -> Micros {
            self.0.lock().unwrap().1
        }
        fn is_synchronised(&self) -> bool {
            self.0.lock().unwrap().2
        }
    }

    impl Faked {
        fn at(wall: Micros) -> Self {
            Self(Arc::new(Mutex::new((wall, 5 * HOUR, false))))
        }
        fn pass(&self, us: Micros) {
            let mut now = self.0.lock().unwrap();
            (now.0, now.1) = (now.0 + us, now.1 + us);
        }
        fn set(&self, wall: Micros) {
            self.0.lock().unwrap().0 = wall;
        }
        fn synchronise(&self, is_synchronised: bool) {
            self.0.lock().unwrap().2 = is_synchronised;
        }
        fn guard(&self, last_event: Option<Micros>) -> Guard {
            Guard::new(Box::new(self.clone()), last_event, ClockOptions::default())
        }
    }

    #[test]
    fn a_new_ledger_takes_any_time() {
        let faked = Faked::at(START);
        assert_eq!(faked.guard(None).now(), Ok(START));
    }

    #[test]
    fn a_start_within_a_week_of_the_last_event_is_taken_and_a_later_one_is_not() {
        let faked = Faked::at(START);
        assert_eq!(faked.guard(Some(START - 7 * DAY_US)).now(), Ok(START));
        let mut guard = faked.guard(Some(START - 7 * DAY_US - 1));
        assert_eq!(guard.now(), Err(START));
        faked.pass(HOUR);
        assert_eq!(guard.now(), Err(START + HOUR), "time that goes by makes nothing plausible");
        faked.set(START - 400 * DAY_US);
        assert_eq!(guard.now(), Ok(START - 400 * DAY_US), "a clock before the last event brings nothing about");
    }

    #[test]
    fn a_clock_that_is_right_again_is_followed() {
        let faked = Faked::at(START + 400 * DAY_US);
        let mut guard = faked.guard(Some(START));
        assert!(guard.now().is_err());
        faked.pass(HOUR);
        faked.set(START + HOUR);
        assert_eq!(guard.now(), Ok(START + HOUR));
        faked.pass(HOUR);
        assert_eq!(guard.now(), Ok(START + 2 * HOUR));
    }

    #[test]
    fn a_jump_forwards_while_running_is_not_followed_however_small_the_gap() {
        let faked = Faked::at(START);
        let mut guard = faked.guard(Some(START));
        for _ in 0..100 {
            faked.pass(HOUR);
            assert!(guard.now().is_ok(), "sleep is time that went by");
        }
        let now = START + 100 * HOUR;
        faked.set(now + 60 * SECOND_US);
        assert!(guard.now().is_ok(), "a time service may correct that much");
        faked.set(now + 121 * SECOND_US);
        assert_eq!(guard.now(), Err(now + 121 * SECOND_US));
        faked.pass(30 * SECOND_US);
        faked.set(now + 90 * SECOND_US);
        assert!(guard.now().is_ok());
    }

    #[test]
    fn a_clock_set_back_and_right_again_has_not_jumped() {
        let faked = Faked::at(START);
        let mut guard = faked.guard(Some(START));
        guard.now().unwrap();
        faked.set(START - 10 * DAY_US);
        assert_eq!(guard.now(), Ok(START - 10 * DAY_US));
        faked.set(START + SECOND_US);
        assert_eq!(guard.now(), Ok(START + SECOND_US));
        faked.set(START - 10 * DAY_US);
        guard.now().unwrap();
        faked.set(START + HOUR);
        assert!(guard.now().is_err());
    }

    #[test]
    fn what_the_kernel_keeps_synchronised_is_followed() {
        let faked = Faked::at(START + 30 * DAY_US);
        let mut guard = faked.guard(Some(START));
        assert!(guard.now().is_err());
        faked.synchronise(true);
        assert!(guard.now().is_ok());
        faked.synchronise(false);
        assert!(guard.now().is_ok(), "it was taken");
        let options = ClockOptions { trusts_kernel: false, ..ClockOptions::default() };
        faked.synchronise(true);
        assert!(Guard::new(Box::new(faked), Some(START), options).now().is_err());
    }

    #[test]
    fn an_operator_accepts_the_time_they_saw_and_no_other() {
        let faked = Faked::at(START + 30 * DAY_US);
        let mut guard = faked.guard(Some(START));
        assert!(guard.now().is_err());
        let other = guard.accept(Some(START));
        assert_eq!(other, Err(OtherTime { system: START + 30 * DAY_US }));
        assert!(guard.now().is_err());
        guard.accept(Some(START + 30 * DAY_US - 59 * SECOND_US)).unwrap();
        assert!(guard.now().is_ok());
        faked.pass(HOUR);
        assert!(guard.now().is_ok());
    }

    #[test]
    fn without_a_bound_everything_is_taken() {
        let faked = Faked::at(START + 4_000 * DAY_US);
        let options = ClockOptions { gap_max: None, trusts_kernel: false };
        let mut guard = Guard::new(Box::new(faked.clone()), Some(START), options);
        assert!(guard.now().is_ok());
        faked.set(START + 8_000 * DAY_US);
        assert!(guard.now().is_ok());
    }
}
