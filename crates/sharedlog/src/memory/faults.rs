//! What fails in a simulated engine, and how long it takes.

use std::ops::RangeInclusive;
use std::time::Duration;

/// How often calls fail, and how long they take. By default nothing fails, and nothing takes any time.
#[derive(Clone, Debug)]
pub struct Faults {
    /// From a call until it has its effect.
    pub before: RangeInclusive<Duration>,
    /// From the effect until the caller hears of it.
    pub after: RangeInclusive<Duration>,
    /// From a call until its caller hears that the engine is away.
    pub away_after: RangeInclusive<Duration>,
    /// Of a thousand calls, how many get no answer. Every other one of them has its effect all the same.
    pub lost_per_mille: u32,
    /// Of a thousand appends, how many get no answer and have their effect late, perhaps after others that were sent later.
    pub late_per_mille: u32,
    /// Of a thousand appends, how many arrive once more.
    pub twice_per_mille: u32,
    /// How much later such appends arrive.
    pub late_by: RangeInclusive<Duration>,
    /// Of a thousand appends, how many are visible but not replicated: they get no answer, can be read, and are lost by the next
    /// promotion, unless the engine has acknowledged something else before it.
    pub unreplicated_per_mille: u32,
}

impl Default for Faults {
    fn default() -> Self {
        let at_once = Duration::ZERO..=Duration::ZERO;
        Self {
            before: at_once.clone(),
            after: at_once,
            away_after: Duration::from_millis(100)..=Duration::from_secs(3),
            lost_per_mille: 0,
            late_per_mille: 0,
            twice_per_mille: 0,
            late_by: Duration::from_millis(10)..=Duration::from_secs(10),
            unreplicated_per_mille: 0,
        }
    }
}
