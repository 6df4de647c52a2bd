//! When a delivery that failed is tried again, and when no more.

use std::time::Duration;

/// How long deliveries are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The shortest delay, behind the first failure.
    pub delay_min: Duration,
    /// The longest delay.
    pub delay_max: Duration,
    /// An endpoint that fails for so long is switched off.
    pub gives_up: Duration,
    /// An endpoint that fails for so long is reported as failing.
    pub reported: Duration,
    /// The longest delay that an endpoint may ask for.
    pub retry_after_max: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            delay_min: Duration::from_secs(1),
            delay_max: Duration::from_secs(4 * 3600),
            gives_up: Duration::from_secs(3 * 86_400),
            reported: Duration::from_secs(60),
            retry_after_max: Duration::from_secs(3600),
        }
    }
}

impl Patience {
    /// The delay before the next try of what has been failing for so long: as long again, within bounds. So it doubles, and goes on where
    /// it was after a restart. `chance` is 0 to 1 and varies it by a tenth; an endpoint may ask for a longer one.
    pub(crate) fn delay(&self, failing: Duration, chance: f64, retry_after: Option<Duration>) -> Duration {
        let delay = failing.clamp(self.delay_min, self.delay_max).mul_f64(0.9 + 0.2 * chance);
        retry_after.map_or(delay, |asked| delay.max(asked.min(self.retry_after_max)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_four_hours_and_there_are_about_thirty_in_three_days() {
        let patience = Patience::default();
        let (mut failing, mut delays) = (Duration::ZERO, Vec::new());
        while failing < patience.gives_up {
            let delay = patience.delay(failing, 0.5, None);
            delays.push(delay.as_secs());
            failing += delay;
        }
        assert_eq!(delays[..7], [1, 1, 2, 4, 8, 16, 32]);
        assert_eq!(delays.last(), Some(&(4 * 3600)));
        assert!((28..36).contains(&delays.len()), "{}", delays.len());
    }

    #[test]
    fn delays_vary_and_an_endpoint_may_ask_for_a_longer_one_within_bounds() {
        let patience = Patience::default();
        let minute = Duration::from_secs(60);
        assert_eq!(patience.delay(minute, 0.0, None), Duration::from_secs(54));
        assert_eq!(patience.delay(minute, 1.0, None).as_secs_f64().round(), 66.0);
        assert_eq!(patience.delay(minute, 0.0, Some(2 * minute)), 2 * minute);
        assert_eq!(patience.delay(minute, 0.0, Some(Duration::from_secs(1))), Duration::from_secs(54));
        assert_eq!(patience.delay(minute, 0.0, Some(Duration::MAX)), Duration::from_secs(3600));
    }
}
