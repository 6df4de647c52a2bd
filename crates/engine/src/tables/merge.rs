//! Merging tables, and making damaged ones again, beside the writer.

use super::policy::due;
use super::{Kind, Listed, build_kinds};
use crate::shared::Shared;
use crate::throttle::{Pace, lower_priority};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tocos_journal::blockfile::{BlockFileError, BlockHeader};
use tocos_journal::{Disk, Reader, Slots, Table, TableSpec, TableWriter};
use tocos_ledger::Ledger;

/// How often damage is looked for while no table is made.
const LOOKS_EVERY: Duration = Duration::from_secs(1);
/// How long a disk that refused is left alone.
const RESTS_AFTER_FAILURE: Duration = Duration::from_secs(10);

/// What a file that can't be used is called from then on.
pub(super) const SET_ASIDE: &str = ".damaged";

/// What became of merging some tables.
pub(crate) enum Merge {
    Done(Arc<Listed>),
    /// It was to end before it was done. Nothing is left of it.
    Ended,
}

/// Writes one table in place of some that follow each other, and leaves those as they are. Ends early when `ends` says so.
pub(crate) fn merge(
    disk: &dyn Disk,
    old: &[Arc<Listed>],
    pace: &mut Pace<'_>,
    ends: impl Fn() -> bool,
) -> Result<Merge, BlockFileError> {
    const SLOTS_AT_ONCE: u64 = 1 << 14;
    let (Some(first), Some(last)) = (old.first(), old.last()) else { return Ok(Merge::Ended) };
    let kind = first.kind;
    let range = (first.table.range().0, last.table.range().1);
    let header = BlockHeader { kind: kind.in_header(), ..*last.table.header() };
    let count = old.iter().map(|listed| listed.table.count()).sum();
    let name = kind.name(range);
    let spec = TableSpec { name: name.clone(), header, range, count, bits_per_slot: kind.bits_per_slot() };
    let mut writer = TableWriter::create(disk, spec)?;
    let mut inputs = Vec::with_capacity(old.len());
    for listed in old {
        let mut slots = noted(listed, listed.table.slots(disk))?;
        let next = noted(listed, slots.next_slot())?;
        inputs.push((next, slots, listed));
    }
    let mut written = 0;
    while let Some((next, slots, listed)) = smallest(&mut inputs) {
        if let Some(slot) = *next {
            writer.push(slot)?;
        }
        *next = noted(listed, slots.next_slot())?;
        written += 1;
        if written % SLOTS_AT_ONCE == 0 {
            if ends() {
                return Ok(Merge::Ended);
            }
            pace.step();
        }
    }
    writer.finish()?;
    Ok(Merge::Done(Listed::new(kind, Table::open(disk, &name)?)))
}

type Input<'t> = (Option<u128>, Slots<'t>, &'t Arc<Listed>);

/// The input whose next slot is the smallest, if any has one.
fn smallest<'i, 't>(inputs: &'i mut [Input<'t>]) -> Option<&'i mut Input<'t>> {
    inputs.iter_mut().filter(|(next, ..)| next.is_some()).min_by_key(|(next, ..)| *next)
}

fn noted<T>(listed: &Listed, result: Result<T, BlockFileError>) -> Result<T, BlockFileError> {
    result.inspect_err(|error| listed.note(error))
}

/// Keeps the tables in order until the engine is closed: reads what they need in memory, makes damaged ones again, merges.
pub(crate) fn run(shared: &Shared, disk: &Arc<dyn Disk>) {
    lower_priority();
    let hasher = Ledger::new(shared.reader.seed());
    let ends = || shared.is_closing();
    warm_up(shared);
    while !ends() {
        let (done, rest) = match one(shared, &**disk, &hasher, &ends) {
            Ok(done) => (done, LOOKS_EVERY),
            Err(_told_by_metrics) => {
                shared.counters.table_failures.fetch_add(1, Ordering::Relaxed);
                (false, RESTS_AFTER_FAILURE)
            }
        };
        if !done {
            let seen = shared.tables_made.lock().unwrap_or_else(PoisonError::into_inner);
            // Nothing can panic under this lock, and waking up for nothing is harmless.
            let _woken = shared.wake_merge.wait_timeout_while(seen, rest, |made| {
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
    for listed in tables.of(Kind::Keys) {
        for read in listed.table.warm_up() {
            if let Err(error) = read {
                listed.note(&error);
                break;
            }
            if shared.is_closing() {
                return;
            }
            pace.step();
        }
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
        let new = make_again(disk, &shared.reader, hasher, damaged, &mut pace)?;
        shared.lock().writer.replace_tables(std::slice::from_ref(damaged), &new);
        return Ok(true);
    }
    for kind in Kind::ALL {
        let listed = tables.of(kind);
        let Some(run) = due(listed, &options) else { continue };
        let old = &listed[run];
        let Merge::Done(new) = merge(disk, old, &mut pace, ends).map_err(|error| error.to_string())? else {
            return Ok(false);
        };
        shared.lock().writer.replace_tables(old, std::slice::from_ref(&new));
        remove(disk, old).map_err(|error| error.to_string())?;
        shared.counters.table_merges.fetch_add(1, Ordering::Relaxed);
        return Ok(true);
    }
    let written = shared.reader.write_index_file().map_err(|error| error.to_string())?;
    pace.step();
    Ok(written)
}

/// Sets a damaged table's file aside and makes it again from the log.
pub(crate) fn make_again(
    disk: &dyn Disk,
    reader: &Reader,
    hasher: &Ledger,
    damaged: &Listed,
    pace: &mut Pace<'_>,
) -> Result<Vec<Arc<Listed>>, String> {
    let name = damaged.table.name();
    let failed = |error: std::io::Error| format!("setting {name} aside failed: {error}");
    // It may have been set aside already, when making it again failed.
    if disk.list().map_err(failed)?.iter().any(|other| other == name) {
        disk.rename(name, &format!("{name}{SET_ASIDE}")).map_err(failed)?;
    }
    build_kinds(disk, reader, hasher, damaged.table.range(), &[damaged.kind], pace).map_err(|error| error.to_string())
}

/// Removes the files of tables that are no longer in use.
pub(crate) fn remove(disk: &dyn Disk, old: &[Arc<Listed>]) -> std::io::Result<()> {
    for listed in old {
        disk.remove(listed.table.name())?;
    }
    disk.sync_dir()
}
