//! Which tables a start finds, and making those that are missing.

use super::merge::SET_ASIDE;
use super::{Kind, Listed, TableOptions, Tables, build_kinds};
use crate::error::OpenFailure;
use crate::throttle::Throttle;
use std::io;
use std::sync::Arc;
use tocos_journal::{Disk, Journal, ReadError, Reader, Snapshots, Table, segment_start};
use tocos_ledger::Ledger;

/// Whether a file is a table by its name.
pub(crate) fn is_listed(name: &str) -> bool {
    Kind::of_name(name).is_some()
}

/// Whether a start would have to hold much more in memory than it should: neither a snapshot nor tables reach far enough into
/// the log. Goes by the names of the files.
fn is_far_behind(names: &[String], newest_snapshot: u64, options: &TableOptions) -> bool {
    let log = names.iter().filter_map(|name| segment_start(name)).max().unwrap_or(0);
    let through = |kind: Kind| {
        let ranges = names.iter().filter_map(|name| Kind::of_name(name)).filter(|(other, _)| *other == kind);
        ranges.map(|(_, (_, to))| to).max().unwrap_or(0)
    };
    let tables = Kind::ALL.into_iter().map(through).min().unwrap_or(0);
    log > newest_snapshot.max(tables).saturating_add(options.unit_keys.saturating_mul(4))
}

/// Makes the tables of a log that has next to none, before it is opened: reading it twice takes longer, and applying it then need
/// not hold all that is over in memory.
pub(crate) fn make_ahead(
    disk: &Arc<dyn Disk>,
    options: &TableOptions,
    problems: &mut Vec<String>,
) -> Result<(), OpenFailure> {
    let failed = |source| OpenFailure::Directory { path: disk.place(""), source };
    let names = disk.list().map_err(failed)?;
    let snapshots = Snapshots::new(Arc::clone(disk)).list().map_err(failed)?;
    if !is_far_behind(&names, snapshots.first().copied().unwrap_or(0), options) {
        return Ok(());
    }
    let (reader, _tail) = Journal::inspect(Arc::clone(disk), None)?.finish()?;
    let mut tables = list(&**disk, reader.ledger_id(), problems).map_err(failed)?;
    let hasher = Ledger::new(reader.seed());
    complete(&**disk, &reader, &hasher, reader.last_event(), &mut tables, problems)
}

/// Opens the tables of a directory. Files that merging left behind are removed, and what can't be used is set aside; `problems`
/// says what and why.
pub(crate) fn list(disk: &dyn Disk, ledger_id: [u8; 16], problems: &mut Vec<String>) -> io::Result<Tables> {
    let mut found: Vec<_> = disk
        .list()?
        .into_iter()
        .filter_map(|name| Kind::of_name(&name).map(|(kind, range)| (kind, range, name)))
        .collect();
    // Of those that begin with one event the longest comes first.
    found.sort_by_key(|(kind, (from, to), _)| (*kind, *from, u64::MAX - to));
    let mut tables = Tables::default();
    let mut end = (Kind::Keys, 0);
    for (kind, range, name) in found {
        if end.0 != kind {
            end = (kind, 0);
        }
        if range.1 <= end.1 {
            disk.remove(&name)?;
            continue;
        }
        match open(disk, ledger_id, &name) {
            Ok(listed) if range.0 > end.1 => {
                tables.replace(&[], &[listed]);
                end.1 = range.1;
            }
            Ok(_) => set_aside(disk, &name, "it tells of events of which another does", problems)?,
            Err(reason) => set_aside(disk, &name, &reason, problems)?,
        }
    }
    Ok(tables)
}

/// Opens the table that has this name, if it is one of this ledger.
pub(crate) fn open(disk: &dyn Disk, ledger_id: [u8; 16], name: &str) -> Result<Arc<Listed>, String> {
    let (kind, range) = Kind::of_name(name).ok_or("it has not the name of a table")?;
    let table = Table::open(disk, name).map_err(|error| error.to_string())?;
    if table.header().ledger_id != ledger_id {
        return Err("it is of another ledger".to_owned());
    }
    if table.header().kind != kind.in_header() || table.range() != range {
        return Err("its content is not what its name says".to_owned());
    }
    Ok(Listed::new(kind, table))
}

fn set_aside(disk: &dyn Disk, name: &str, reason: &str, problems: &mut Vec<String>) -> io::Result<()> {
    let aside = format!("{name}{SET_ASIDE}");
    problems.push(format!(
        "{} can't be used: {reason}. It is now called {aside} and is made again from the log; remove it when you like",
        disk.place(name)
    ));
    disk.rename(name, &aside)?;
    disk.sync_dir()
}

/// Sets aside the tables that are not of this log, and makes those that are missing up to event `to` at least, which ends a frame.
pub(crate) fn complete(
    disk: &dyn Disk,
    reader: &Reader,
    hasher: &Ledger,
    to: u64,
    tables: &mut Tables,
    problems: &mut Vec<String>,
) -> Result<(), OpenFailure> {
    let failed = |source| OpenFailure::Directory { path: disk.place(""), source };
    for listed in tables.all().cloned().collect::<Vec<_>>() {
        if !is_of_log(&listed, reader) {
            let reason = "no frame of the log ends as it says";
            set_aside(disk, listed.table.name(), reason, problems).map_err(failed)?;
            tables.replace(std::slice::from_ref(&listed), &[]);
        }
    }
    // All kinds end alike: the next tables of all of them begin behind the same event.
    let to = tables.all().map(|listed| listed.table.range().1).fold(to, u64::max);
    let throttle = Throttle::default();
    throttle.lift();
    for kind in Kind::ALL {
        for gap in gaps(tables.of(kind), to) {
            let built = build_kinds(disk, reader, hasher, gap, &[kind], &mut throttle.pace());
            let built = built.map_err(|error| OpenFailure::Tables { reason: error.to_string() })?;
            tables.replace(&[], &built);
        }
    }
    Ok(())
}

fn is_of_log(listed: &Listed, reader: &Reader) -> bool {
    let header = listed.table.header();
    match reader.event_here(header.event) {
        Ok(last) => last.frame_last() == header.event && last.frame_hash == header.chain,
        // What left this disk did so behind tables and a snapshot of this very log, which has gone on since.
        Err(ReadError::Elsewhere { .. }) => true,
        Err(_) => false,
    }
}

/// The ranges of events up to `to` of which no table tells.
fn gaps(tables: &[Arc<Listed>], to: u64) -> Vec<(u64, u64)> {
    let mut gaps = Vec::new();
    let mut next = 1;
    for (from, end) in tables.iter().map(|listed| listed.table.range()).filter(|(from, _)| *from <= to) {
        if from > next {
            gaps.push((next, from - 1));
        }
        next = end + 1;
    }
    if next <= to {
        gaps.push((next, to));
    }
    gaps
}
