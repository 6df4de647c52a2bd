//! Figures about the writer, for metrics. Counted with plain atomics: no lock, no allocation.

use std::sync::atomic::{AtomicU64, Ordering};

/// Upper bounds of the sync time buckets, in microseconds.
const SYNC_BOUNDS_US: [u64; 14] =
    [50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 102_400, 409_600, 1_638_400];
/// Upper bounds of the batch size buckets, in events.
const BATCH_BOUNDS: [u64; 14] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 4_096, 16_384, 65_536];

/// Counts by upper bound; the last count is of what is above all bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// Inclusive upper bounds, rising.
    pub bounds: &'static [u64],
    /// One more than there are bounds; not cumulative.
    pub counts: Vec<u64>,
    /// The sum of all values.
    pub sum: u64,
}

/// The writer's figures since the start of the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// How long writing and syncing a frame took, in microseconds.
    pub sync_us: Histogram,
    /// How many events a frame had.
    pub batch_events: Histogram,
    /// The last event decided.
    pub last_event: u64,
    /// The last event on the disk.
    pub durable_event: u64,
    /// Events that are decided and not in a sealed frame yet.
    pub pending_events: u64,
    /// Remembered idempotency keys.
    pub keys: u64,
    /// Those of them that are in memory.
    pub keys_in_memory: u64,
    /// Tables in use.
    pub tables: u64,
    /// Bytes of memory that they take once all of them was asked for.
    pub table_memory_bytes: u64,
    /// How many times tables were merged.
    pub table_merges: u64,
    /// How many tables were damaged, and made again.
    pub tables_damaged: u64,
    /// How many times merging, or making a table again, failed.
    pub table_failures: u64,
    /// Bytes of the log.
    pub log_bytes: u64,
    /// The event of the newest snapshot; 0 for none.
    pub snapshot_event: u64,
    /// When it was finished, in microseconds since 1970; 0 for none in this process.
    pub snapshot_at: i64,
    /// How many snapshots failed.
    pub snapshot_failures: u64,
    /// How long opening the ledger took, in microseconds.
    pub recovery_us: u64,
    /// Whether the disk has no room for the log: nothing is written until it has.
    pub is_full: bool,
    /// Why nothing can be written until a restart, if so.
    pub unavailable: Option<String>,
}

#[derive(Debug)]
struct Counts<const N: usize> {
    bounds: &'static [u64; N],
    counts: [AtomicU64; N],
    above: AtomicU64,
    sum: AtomicU64,
}

impl<const N: usize> Counts<N> {
    fn new(bounds: &'static [u64; N]) -> Self {
        Self { bounds, counts: [const { AtomicU64::new(0) }; N], above: AtomicU64::new(0), sum: AtomicU64::new(0) }
    }

    fn count(&self, value: u64) {
        let at = self.bounds.partition_point(|bound| *bound < value);
        self.counts.get(at).unwrap_or(&self.above).fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    fn read(&self) -> Histogram {
        let counts = self.counts.iter().chain([&self.above]).map(|count| count.load(Ordering::Relaxed)).collect();
        Histogram { bounds: self.bounds, counts, sum: self.sum.load(Ordering::Relaxed) }
    }
}

#[derive(Debug)]
pub(crate) struct Counters {
    sync_us: Counts<14>,
    batch_events: Counts<14>,
    pub(crate) snapshot_event: AtomicU64,
    pub(crate) snapshot_at: AtomicU64,
    pub(crate) snapshot_failures: AtomicU64,
    pub(crate) table_merges: AtomicU64,
    pub(crate) tables_damaged: AtomicU64,
    pub(crate) table_failures: AtomicU64,
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            sync_us: Counts::new(&SYNC_BOUNDS_US),
            batch_events: Counts::new(&BATCH_BOUNDS),
            snapshot_event: AtomicU64::new(0),
            snapshot_at: AtomicU64::new(0),
            snapshot_failures: AtomicU64::new(0),
            table_merges: AtomicU64::new(0),
            tables_damaged: AtomicU64::new(0),
            table_failures: AtomicU64::new(0),
        }
    }

    pub(crate) fn synced(&self, events: usize, took_us: u64) {
        self.sync_us.count(took_us);
        self.batch_events.count(events as u64);
    }

    pub(crate) fn histograms(&self) -> (Histogram, Histogram) {
        (self.sync_us.read(), self.batch_events.read())
    }
}
