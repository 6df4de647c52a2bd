//! The thread that keeps the tables in order: it merges them, makes damaged ones again, and writes the indexes of old segments.

use crate::shared::Shared;
use crate::tables::{self, Kind, Listed, Merge};
use crate::throttle::{Pace, lower_priority};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tocos_journal::Disk;
use tocos_ledger::Ledger;

/// How often damage is checked for while no table is written.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// How long to wait after a failure of the disk.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// Keeps the tables in order until the engine is closed: reads what they need in memory, makes damaged ones again, merges.
pub(crate) fn run(shared: &Shared, disk: &Arc<dyn Disk>) {
    lower_priority();
    let hasher = Ledger::new(shared.reader.seed());
    let ends = || shared.is_closing();
    warm_up(shared);
    while !ends() {
        let (done, pause) = match one(shared, &**disk, &hasher, &ends) {
            Ok(done) => (done, CHECK_EVERY),
            Err(_told_by_metrics) => {
                shared.counters.table_failures.fetch_add(1, Ordering::Relaxed);
                (false, RETRY_AFTER)
            }
        };
        if !done {
            let seen = shared.tables_made.lock().unwrap_or_else(PoisonError::into_inner);
            // Nothing can panic under this lock, and waking up for nothing is harmless.
            let _woken = shared.wake_merge.wait_timeout_while(seen, pause, |made| {
                let is_news = std::mem::take(made);
                !is_news && !shared.is_closing()
            });
        }
    }
}

/// Reads what the tables found at the start need in memory, so that no request waits for more than a little of it.
fn warm_up(shared: &Shared) {
    let mut pace = shared.merge_throttle.pace();
    let tables = shared.lock().writer.tables().clone();
    tables.of(Kind::Keys).iter().for_each(|listed| read_filters(shared, listed, &mut pace));
}

fn read_filters(shared: &Shared, listed: &Listed, pace: &mut Pace<'_>) {
    for read in listed.table.warm_up() {
        if let Err(error) = read {
            listed.note(&error);
            return;
        }
        if shared.is_closing() {
            return;
        }
        pace.step();
    }
}

/// Does one thing that is due, if there is any.
fn one(shared: &Shared, disk: &dyn Disk, hasher: &Ledger, ends: &impl Fn() -> bool) -> Result<bool, String> {
    let (tables, options) = {
        let core = shared.lock();
        (core.writer.tables().clone(), core.writer.table_options())
    };
    let mut pace = shared.merge_throttle.pace();
    if let Some(damaged) = tables.all().find(|listed| listed.is_damaged()) {
        shared.counters.tables_damaged.fetch_add(1, Ordering::Relaxed);
        let new = tables::rebuild(disk, &shared.reader, hasher, damaged, &mut pace)?;
        shared.lock().writer.replace_tables(std::slice::from_ref(damaged), &new);
        return Ok(true);
    }
    for kind in Kind::ALL {
        let listed = tables.of(kind);
        let Some(run) = tables::due(listed, &options) else { continue };
        let old = &listed[run];
        let Merge::Done(new) = tables::merge(disk, old, &mut pace, ends).map_err(|error| error.to_string())? else {
            return Ok(false);
        };
        // Those of the old ones are in memory: requests must not have to read what takes their place.
        if kind == Kind::Keys {
            read_filters(shared, &new, &mut pace);
        }
        shared.lock().writer.replace_tables(old, std::slice::from_ref(&new));
        tables::remove(disk, old).map_err(|error| error.to_string())?;
        shared.counters.table_merges.fetch_add(1, Ordering::Relaxed);
        return Ok(true);
    }
    let written = shared.reader.write_index_file().map_err(|error| error.to_string())?;
    pace.step();
    Ok(written)
}
