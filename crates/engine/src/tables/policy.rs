//! How many keys stay in memory, and which tables become one.

use super::Listed;
use std::ops::Range;
use std::sync::Arc;

/// So many tables of about one size become one.
const MERGED_AT_ONCE: usize = 4;

/// How tables are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableOptions {
    /// About how many of the newest idempotency keys stay in memory, 29 bytes each. All others are found by tables, for which
    /// some 2 bytes each stay in memory.
    pub keys_in_memory: u64,
    /// Tables of fewer events than four times this count as of one size.
    pub unit_events: u64,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self { keys_in_memory: 16_000_000, unit_events: 1 << 20 }
    }
}

impl TableOptions {
    /// Each level holds tables of four times as many events as the one below.
    fn level(&self, listed: &Listed) -> u32 {
        let (from, to) = listed.table.range();
        ((to - from + 1) / self.unit_events.max(1)).max(1).ilog2() / MERGED_AT_ONCE.ilog2()
    }
}

/// The newest tables of one kind that are to become one, if there are any.
pub(crate) fn due(tables: &[Arc<Listed>], options: &TableOptions) -> Option<Range<usize>> {
    let level = |at: usize| options.level(&tables[at]);
    let follows = |at: usize| tables[at].table.range().0 == tables[at - 1].table.range().1 + 1;
    (MERGED_AT_ONCE..=tables.len()).rev().map(|end| end - MERGED_AT_ONCE..end).find(|run| {
        run.clone().all(|at| level(at) == level(run.start) && !tables[at].is_damaged())
            && (run.start + 1..run.end).all(follows)
    })
}
