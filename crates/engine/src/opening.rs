//! How far the opening of a ledger has come, for those who wait for it, and a way to call it off.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

/// What opening is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Looking at what files there are.
    Files,
    /// Loading the newest snapshot.
    Snapshot,
    /// Carrying out the events of the log behind it.
    Log,
}

impl Stage {
    const ALL: [Self; 3] = [Self::Files, Self::Snapshot, Self::Log];

    /// Its name in a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Snapshot => "snapshot",
            Self::Log => "log",
        }
    }
}

/// How far opening has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OpeningProgress {
    /// What it is about.
    pub stage: Stage,
    /// How much of that stage is done, from 0 to 1.
    pub fraction: f64,
    /// The last event that has been applied, or the event of the snapshot.
    pub event: u64,
}

/// An opening under way, watched from other threads. One value is for one opening.
#[derive(Debug, Default)]
pub struct Opening {
    stage: AtomicU8,
    /// In bytes of the log, or blocks of the snapshot.
    done: AtomicU64,
    of: AtomicU64,
    event: AtomicU64,
    is_called_off: AtomicBool,
}

impl Opening {
    /// How far it has come. The figures are read one by one: close to each other, not of one instant.
    #[must_use]
    pub fn progress(&self) -> OpeningProgress {
        let stage = Stage::ALL[usize::from(self.stage.load(Ordering::Acquire)).min(Stage::ALL.len() - 1)];
        let (done, of) = (self.done.load(Ordering::Relaxed), self.of.load(Ordering::Relaxed));
        let fraction = if of == 0 { 0.0 } else { (done as f64 / of as f64).min(1.0) };
        OpeningProgress { stage, fraction, event: self.event.load(Ordering::Relaxed) }
    }

    /// Asks it to end before its time: it fails with [`OpenFailure::CalledOff`](crate::OpenFailure::CalledOff) at the
    /// next frame or block.
    pub fn call_off(&self) {
        self.is_called_off.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked to end before its time.
    #[must_use]
    pub fn is_called_off(&self) -> bool {
        self.is_called_off.load(Ordering::Relaxed)
    }

    /// A stage of so much begins.
    pub(crate) fn begin(&self, stage: Stage, of: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.of.store(of, Ordering::Relaxed);
        self.stage.store(stage as u8, Ordering::Release);
    }

    /// So much of the stage is done. Called for every frame: two plain stores.
    pub(crate) fn advance(&self, done: u64, event: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.event.store(event, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_starts_again_with_each_stage_and_never_passes_its_end() {
        let opening = Opening::default();
        assert_eq!(opening.progress(), OpeningProgress { stage: Stage::Files, fraction: 0.0, event: 0 });
        opening.begin(Stage::Snapshot, 4);
        opening.advance(4, 0);
        assert_eq!(opening.progress(), OpeningProgress { stage: Stage::Snapshot, fraction: 1.0, event: 0 });
        opening.begin(Stage::Log, 200);
        assert_eq!(opening.progress(), OpeningProgress { stage: Stage::Log, fraction: 0.0, event: 0 });
        opening.advance(50, 7);
        assert_eq!(opening.progress(), OpeningProgress { stage: Stage::Log, fraction: 0.25, event: 7 });
        opening.advance(201, 9);
        assert_eq!(opening.progress(), OpeningProgress { stage: Stage::Log, fraction: 1.0, event: 9 });
    }
}
