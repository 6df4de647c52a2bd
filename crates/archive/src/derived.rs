//! Snapshots and tables: which of them go with a log, and whether one is as it was written.

use std::collections::BTreeMap;

use tocos_journal::blockfile::{BlockFileError, BlockHeader, BlockReader};
use tocos_journal::{Disk, Hash, Table};

use crate::names::Name;

/// Reads a whole snapshot or table, and compares what it says about itself with its name and with the frame of the log that ends with its
/// event.
///
/// # Errors
/// What is wrong with it.
pub fn check(disk: &dyn Disk, file: &str, name: Name, ledger_id: &[u8; 16], chain: Option<Hash>) -> Result<(), String> {
    let damaged = |error: BlockFileError| match error {
        BlockFileError::Damaged { offset, .. } => format!("is damaged at byte {offset}"),
        BlockFileError::NewerVersion { found, .. } => {
            format!("was written by a newer version of tocos (format {found})")
        }
        other => format!("can't be read: {other}"),
    };
    let compare = |header: &BlockHeader| {
        if header.ledger_id != *ledger_id {
            Err("is of another ledger".to_owned())
        } else if header.event != name.last_event() {
            Err(format!("says that it is of event {}", header.event))
        } else if chain.is_some_and(|chain| chain != header.chain) {
            Err("is not of this chain: the log has other events up to there".to_owned())
        } else {
            Ok(())
        }
    };
    match name {
        Name::Keys(from, to) | Name::Over(from, to) | Name::Mentions(from, to) => {
            let table = Table::open(disk, file).map_err(damaged)?;
            compare(table.header())?;
            if table.range() != (from, to) {
                return Err("does not tell of the events that its name says".to_owned());
            }
            let mut slots = table.slots(disk).map_err(damaged)?;
            while slots.next_slot().map_err(damaged)?.is_some() {}
        }
        Name::Snapshot(_) | Name::Log(_) | Name::Tail(_) => {
            let mut blocks = BlockReader::open(disk, file).map_err(damaged)?;
            compare(blocks.header())?;
            while blocks.next_block().map_err(damaged)?.is_some() {}
        }
    }
    Ok(())
}

/// Of tables with these ranges those that tell of the events from 1 on without a gap, each event once, and of none behind `last`: the
/// longest from each event on.
#[must_use]
pub fn cover(ranges: impl IntoIterator<Item = (u64, u64)>, last: u64) -> Vec<(u64, u64)> {
    let mut longest: BTreeMap<u64, u64> = BTreeMap::new();
    for (from, to) in ranges.into_iter().filter(|(_, to)| *to <= last) {
        let end = longest.entry(from).or_insert(to);
        *end = to.max(*end);
    }
    let mut chosen = Vec::new();
    let mut next = 1;
    while let Some(to) = longest.get(&next).filter(|to| **to >= next) {
        chosen.push((next, *to));
        next = to + 1;
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_tables_that_end_in_time_are_chosen() {
        let all = [(1, 10), (11, 20), (1, 20), (21, 30), (1, 30), (31, 40)];
        assert_eq!(cover(all, 40), [(1, 30), (31, 40)]);
        assert_eq!(cover(all, 39), [(1, 30)]);
        assert_eq!(cover(all, 29), [(1, 20)]);
        assert_eq!(cover(all, 19), [(1, 10)]);
        assert_eq!(cover(all, 9), []);
        assert_eq!(cover([(11, 20), (1, 9)], 20), [(1, 9)], "what lies behind a gap is made again with it");
    }
}
