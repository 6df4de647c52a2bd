//! Snapshots, and the tables that go before them, made beside the writer from a clone of the state.

use crate::clock::system_now;
use crate::job::Job;
use crate::shared::Shared;
use crate::tables::{self, Listed};
use crate::throttle::{Throttle, lower_priority};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use tocos_journal::blockfile::BlockHeader;
use tocos_journal::{Disk, Position, Reader, Snapshots};
use tocos_ledger::Ledger;

pub(crate) const KIND: [u8; 8] = *b"STATE\0\0\x02";
/// Snapshots kept: the newest, and one to fall back to.
const KEPT: usize = 2;

/// Makes snapshots until the commit thread has ended.
pub(crate) fn run(shared: &Shared, disk: &Arc<dyn Disk>, inbox: &Receiver<Job>) {
    lower_priority();
    let hasher = Ledger::new(shared.reader.seed());
    while let Ok(job) = inbox.recv() {
        match make(shared, disk, &hasher, &job) {
            Ok(()) => {
                shared.counters.snapshot_event.store(job.position.event, Ordering::Relaxed);
                shared.counters.snapshot_at.store(system_now() as u64, Ordering::Relaxed);
            }
            // Snapshots are optional: the log has everything. The failure is counted, and the metrics show it.
            Err(_reason) => {
                shared.counters.snapshot_failures.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Tables first: what they hold may leave the memory, and a start from the snapshot need not make them.
fn make(shared: &Shared, disk: &Arc<dyn Disk>, hasher: &Ledger, job: &Job) -> Result<(), String> {
    if let Some(flow) = &shared.flow {
        // A snapshot must not tell of events that a crash of the machine takes from the log.
        flow.sync().map_err(|error| error.to_string())?;
    }
    let covered = shared.lock().writer.tables().covered();
    let new = make_tables(&**disk, &shared.reader, hasher, (covered + 1, job.position.event), &shared.throttle)?;
    if !new.is_empty() {
        shared.add_tables(&new);
    }
    write(disk, &shared.reader, job, &shared.throttle)
}

/// Makes the tables of a range of events, which may be empty.
pub(crate) fn make_tables(
    disk: &dyn Disk,
    reader: &Reader,
    hasher: &Ledger,
    (from, to): (u64, u64),
    throttle: &Throttle,
) -> Result<Vec<Arc<Listed>>, String> {
    if from > to {
        return Ok(Vec::new());
    }
    tables::build(disk, reader, hasher, (from, to), &mut throttle.pace()).map_err(|error| error.to_string())
}

/// Writes the snapshot, then removes those that are no longer needed.
pub(crate) fn write(disk: &Arc<dyn Disk>, reader: &Reader, job: &Job, throttle: &Throttle) -> Result<(), String> {
    let snapshots = Snapshots::new(Arc::clone(disk));
    let Position { event, chain } = job.position;
    let header = BlockHeader { ledger_id: reader.ledger_id(), kind: KIND, event, chain };
    snapshots.write(&header, throttle.throttle(job.state.blocks())).map_err(|error| error.to_string())?;
    let all = snapshots.list().map_err(|error| error.to_string())?;
    for old in all.into_iter().skip(KEPT) {
        snapshots.remove(old).map_err(|error| error.to_string())?;
    }
    Ok(())
}
