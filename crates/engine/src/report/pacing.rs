//! Pauses of a report beside writes. A thread that has a processor of its own still takes some of the speed of the others: of what the
//! processors share.

use crate::durable::Progress;
use std::time::{Duration, Instant};

/// Work between two pauses. A pause is half as long as the work before it.
const STEP: Duration = Duration::from_millis(2);
/// However long the work took, because there was no free processor for it.
const PAUSE_MAX: Duration = Duration::from_millis(2);

/// Pauses as long as there are writes.
pub(super) struct Pacing<'e> {
    progress: &'e Progress,
    durable: u64,
    since: Instant,
}

impl<'e> Pacing<'e> {
    pub(super) fn beside(progress: &'e Progress) -> Self {
        Self { progress, durable: progress.durable(), since: Instant::now() }
    }

    /// Some work is done. Pauses in proportion to it now and then, if something was written meanwhile.
    pub(super) fn step(&mut self) {
        let worked = self.since.elapsed();
        if worked < STEP {
            return;
        }
        if self.progress.durable() != self.durable {
            std::thread::sleep((worked / 2).min(PAUSE_MAX));
        }
        (self.durable, self.since) = (self.progress.durable(), Instant::now());
    }
}
