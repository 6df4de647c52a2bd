//! How the uploader is doing, for the metrics.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tocos_journal::Reader;

/// Counted by the uploader, read by whoever renders metrics.
#[derive(Debug)]
pub struct Status {
    reader: Reader,
    now_us: fn() -> i64,
    begun_us: i64,
    /// Everything through this event is in the archive. Until the archive has been asked how far it reaches it is the event that
    /// was the last one at the start.
    archived: AtomicU64,
    is_known: AtomicBool,
    last_success_us: AtomicU64,
    failures: AtomicU64,
    objects: AtomicU64,
    bytes: AtomicU64,
    forks: AtomicU64,
}

/// What there is to say at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// How long ago the oldest event was written that is durable and not in the archive; 0 if there is none. Until the archive
    /// has been asked how far it reaches: the time since the start.
    pub lag_us: u64,
    /// The bytes of the log that are durable and not in the archive; until it has been asked, those since the start.
    pub lag_bytes: u64,
    /// When the store last did what it was asked for, in microseconds since 1970; 0 is not since the start.
    pub last_success_us: u64,
    /// Failures since the start, each of which is tried again.
    pub failures: u64,
    /// Objects put since the start.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Branches begun since the start because the archive had another history.
    pub forks: u64,
}

impl Status {
    pub(super) fn new(reader: Reader, now_us: fn() -> i64) -> Self {
        Self {
            begun_us: now_us(),
            now_us,
            archived: AtomicU64::new(reader.last_event()),
            is_known: AtomicBool::new(false),
            reader,
            last_success_us: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            objects: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            forks: AtomicU64::new(0),
        }
    }

    /// The last event that is known to be in the archive; none until the archive has been asked.
    #[must_use]
    pub fn archived_event(&self) -> Option<u64> {
        self.is_known.load(Ordering::Acquire).then(|| self.archived.load(Ordering::Acquire))
    }

    /// The figures as they are now. Reads a few kilobytes of the log.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let archived = self.archived.load(Ordering::Acquire);
        // A log that can't be read is known by other means than these two.
        let since_us = match self.archived_event() {
            Some(event) if event < self.reader.last_event() => {
                // One that is no longer on this disk was in an archive: this can only be behind by a new branch.
                Some(self.reader.event_here(event + 1).map_or(self.begun_us, |event| event.at_us))
            }
            Some(_) => None,
            // Nobody knows how much of the log is in the archive; what is known is since when nothing was put.
            None => (self.reader.last_event() > 0).then_some(self.begun_us),
        };
        Figures {
            lag_us: since_us.and_then(|at_us| u64::try_from((self.now_us)() - at_us).ok()).unwrap_or(0),
            lag_bytes: match archived < self.reader.elsewhere_below() {
                // Metrics wait for nobody.
                true => self.reader.log_bytes(),
                false => self.reader.bytes_behind(archived).unwrap_or(0),
            },
            last_success_us: self.last_success_us.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            objects: self.objects.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            forks: self.forks.load(Ordering::Relaxed),
        }
    }

    pub(super) fn archived_through(&self, event: u64) {
        self.archived.store(event, Ordering::Release);
        self.is_known.store(true, Ordering::Release);
    }

    pub(super) fn put(&self, bytes: u64) {
        self.objects.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn succeeded(&self) {
        self.last_success_us.store(u64::try_from((self.now_us)()).unwrap_or(0), Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn forked(&self) {
        self.forks.fetch_add(1, Ordering::Relaxed);
    }
}
