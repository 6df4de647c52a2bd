//! Pauses of a report beside writes. Where processors share a core, a thread at full speed costs the others a quarter of theirs, whatever its
//! priority.

use crate::durable::Progress;
use std::time::{Duration, Instant};

/// Work between two pauses.
const STEP: Duration = Duration::from_millis(2);
/// How many times as long as the work a pause is, in halves.
const HALVES: u32 = 3;

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
            std::thread::sleep(worked * HALVES / 2);
        }
        (self.durable, self.since) = (self.progress.durable(), Instant::now());
    }
}
