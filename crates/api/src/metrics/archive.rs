//! How the archive is doing, where there is one. What puts it is not known here: it hands in its figures.

use std::fmt;
use std::sync::Arc;

/// What there is to say about the archive at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArchiveFigures {
    /// How long ago the oldest event was written that is durable and not in the archive; 0 if there is none.
    pub lag_us: u64,
    /// The bytes of the log that are durable and not in the archive.
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
    /// The bytes of the log on the local disk, with what was read back.
    pub local_log_bytes: u64,
    /// Objects read back since the start.
    pub fetches: u64,
    /// How many of these could not be had, or were damaged.
    pub fetch_failures: u64,
}

/// Where the figures of the archive come from. Clones share it.
#[derive(Clone)]
pub struct ArchiveStatus(Arc<dyn Fn() -> ArchiveFigures + Send + Sync>);

impl ArchiveStatus {
    /// The figures that a function gives, which is called for each scrape.
    pub fn new(read: impl Fn() -> ArchiveFigures + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    pub(crate) fn read(&self) -> ArchiveFigures {
        (self.0)()
    }
}

impl fmt::Debug for ArchiveStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read().fmt(f)
    }
}
