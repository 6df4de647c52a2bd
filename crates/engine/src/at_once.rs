//! How many frames are written at once: as many as the disk takes the time for.
//!
//! While one frame is synced, the requests for the next one come in. Where a sync takes much longer than that, their frame is written
//! beside it instead of after it: most disks, and those of cloud machines above all, sync several writes in the time of one. On a disk
//! that syncs in a tenth of a millisecond it would only make more and smaller frames. docs/decisions/0009 has the figures.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The most frames that are written at once.
pub(crate) const FRAMES_AT_ONCE_MAX: usize = 4;
/// Another frame is written beside those that are on their way for each time that a sync takes so long.
const SYNC_US_PER_FRAME: u64 = 250;
/// One sync counts for so much at most: a disk that hangs once is not a slow disk.
const SYNC_US_MAX: u64 = 2_000;
/// The average is over about so many syncs.
const SYNCS: u64 = 16;

/// How many frames are written at once, by how long a sync took of late.
#[derive(Debug)]
pub(crate) struct AtOnce {
    /// Moving average, in nanoseconds. Several threads may note at once: a lost sample is no loss.
    sync_ns: AtomicU64,
    frames: AtomicUsize,
}

impl AtOnce {
    pub(crate) fn new() -> Self {
        Self { sync_ns: AtomicU64::new(0), frames: AtomicUsize::new(1) }
    }

    pub(crate) fn frames(&self) -> usize {
        self.frames.load(Ordering::Relaxed)
    }

    /// Takes note of how long a write with its sync took.
    pub(crate) fn note(&self, took_us: u64) {
        let before = self.sync_ns.load(Ordering::Relaxed);
        let now = before - before / SYNCS + took_us.min(SYNC_US_MAX) * 1_000 / SYNCS;
        self.sync_ns.store(now, Ordering::Relaxed);
        let beside = now / 1_000 / SYNC_US_PER_FRAME;
        self.frames.store((1 + beside as usize).min(FRAMES_AT_ONCE_MAX), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slower_the_disk_syncs_the_more_frames_are_written_at_once() {
        let at_once = AtOnce::new();
        assert_eq!(at_once.frames(), 1);
        for (sync_us, frames) in [(100, 1), (300, 2), (600, 3), (900, 4), (5_000, 4), (60, 1)] {
            (0..200).for_each(|_| at_once.note(sync_us));
            assert_eq!(at_once.frames(), frames, "{sync_us} us");
        }
    }

    #[test]
    fn a_disk_that_hangs_once_is_not_a_slow_one() {
        let at_once = AtOnce::new();
        (0..200).for_each(|_| at_once.note(80));
        at_once.note(3_000_000);
        assert_eq!(at_once.frames(), 1);
    }
}
