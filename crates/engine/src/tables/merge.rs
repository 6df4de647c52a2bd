//! Merging tables, and making damaged ones again.

use super::{Listed, build_kinds};
use crate::throttle::Pace;
use std::sync::Arc;
use tocos_journal::blockfile::{BlockFileError, BlockHeader};
use tocos_journal::{Disk, Reader, Slots, Table, TableSpec, TableWriter};
use tocos_ledger::Ledger;

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
    let spec = TableSpec { name: name.clone(), header, range, count, bits_per_slot: kind.bits_per_slot(count) };
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

type Input<'t> = (Option<u128>, Slots, &'t Arc<Listed>);

/// The input whose next slot is the smallest, if any has one.
fn smallest<'i, 't>(inputs: &'i mut [Input<'t>]) -> Option<&'i mut Input<'t>> {
    inputs.iter_mut().filter(|(next, ..)| next.is_some()).min_by_key(|(next, ..)| *next)
}

fn noted<T>(listed: &Listed, result: Result<T, BlockFileError>) -> Result<T, BlockFileError> {
    result.inspect_err(|error| listed.note(error))
}

/// Sets a damaged table's file aside and makes it again from the log.
pub(crate) fn rebuild(
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
