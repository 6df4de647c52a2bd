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
    /// Tables of less than four times as many keys as this count as of one size.
    pub unit_keys: u64,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self { keys_in_memory: 16_000_000, unit_keys: 1 << 20 }
    }
}

impl TableOptions {
    /// Each level holds tables four times as large as the one below.
    fn level(&self, listed: &Listed) -> u32 {
        (listed.table.count() / self.unit_keys.max(1)).max(1).ilog2() / MERGED_AT_ONCE.ilog2()
    }
}

/// The newest tables of one kind that are to become one, if there are any.
pub(crate) fn due(tables: &[Arc<Listed>], options: &TableOptions) -> Option<Range<usize>> {
    let level = |at: usize| options.level(&tables[at]);
    let follows = |at: usize| tables[at].table.range().0 == tables[at - 1].table.range().1 + 1;
    (MERGED_AT_ONCE..=tables.len()).rev().map(|end| end - MERGED_AT_ONCE..end).find(|run| {
        run.clone().all(|at| level(at) == level(run.start) && !tables[at].is_damaged())
            && (run.start + 1..run.end).all(follows)
            && run.clone().map(|at| tables[at].table.count()).sum::<u64>() <= tables[run.start].kind.merged_max()
    })
}
