//! Snapshots, made beside the writer from a clone of the state.

use crate::clock::system_now;
use crate::key_files;
use crate::shared::Shared;
use crate::throttle::{Throttle, lower_priority};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use tocos_journal::blockfile::BlockHeader;
use tocos_journal::{Disk, Position, Reader, Snapshots};
use tocos_ledger::{Ledger, State};

pub(crate) const KIND: [u8; 8] = *b"STATE\0\0\x01";
/// Snapshots kept: the newest, and one to fall back to.
const KEPT: usize = 2;

/// A state, and its position in the log.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) state: State,
    pub(crate) position: Position,
}

/// Makes snapshots until the commit thread has ended.
pub(crate) fn run(shared: &Shared, disk: &Arc<dyn Disk>, inbox: &Receiver<Job>) {
    lower_priority();
    let hasher = Ledger::new(shared.reader.seed());
    while let Ok(job) = inbox.recv() {
        let position = job.position;
        match write(disk, &shared.reader, &hasher, &job, &shared.throttle) {
            Ok(()) => {
                shared.counters.snapshot_event.store(position.event, Ordering::Relaxed);
                shared.counters.snapshot_at.store(system_now() as u64, Ordering::Relaxed);
            }
            // Snapshots are optional: the log has everything. The failure is counted, and the metrics show it.
            Err(_reason) => {
                shared.counters.snapshot_failures.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Writes the keys that no file has yet, then the snapshot, then removes snapshots that are no longer needed.
pub(crate) fn write(
    disk: &Arc<dyn Disk>,
    reader: &Reader,
    hasher: &Ledger,
    job: &Job,
    throttle: &Throttle,
) -> Result<(), String> {
    let ranges = key_files::ranges(&**disk).map_err(|error| error.to_string())?;
    let from = key_files::covered(&ranges) + 1;
    if from <= job.position.event {
        key_files::write(&**disk, reader, from, job.position, hasher, throttle).map_err(|error| match error {
            key_files::WriteFailure::Log(error) => error.to_string(),
            key_files::WriteFailure::File(error) => error.to_string(),
        })?;
    }
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
