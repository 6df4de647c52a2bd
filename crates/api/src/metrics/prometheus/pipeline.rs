//! The way of an event to the disk, and the disk.

use tocos_engine::{Stats, space};
use tocos_group::Role;

use super::{Service, Text, seconds};

pub(super) fn put(service: &Service<'_>, out: &mut Text) {
    let stats = service.engine.stats();
    let has_place = service.group.as_ref().is_none_or(|group| !matches!(group.role, Role::Joining | Role::Diverged));
    let is_ready = !service.is_stopping && stats.unavailable.is_none() && has_place;
    // Shutting down is no failure: then too nothing is taken any more.
    let has_failed = !service.is_stopping && stats.unavailable.is_some();
    readiness(is_ready, has_failed, 1.0, out);
    let meaning = "1 while the system's clock is implausible and nothing is written or expired, else 0.";
    out.single("tocos_clock_implausible", "gauge", meaning, u8::from(!service.clock.is_plausible));
    let meaning = "By how much the ledger's time is ahead of the system's clock; 0 if it is not.";
    let ahead_us = u64::try_from(service.clock.ledger_ahead_us()).unwrap_or(0);
    out.single("tocos_clock_ledger_ahead_seconds", "gauge", meaning, seconds(ahead_us));
    let meaning = "1 while the disk has no room for the log and no writes are taken, else 0.";
    out.single("tocos_storage_full", "gauge", meaning, u8::from(stats.is_full));
    commits(&stats, out);
    snapshots(&stats, out);
    tables(&stats, out);
    out.single("tocos_log_bytes", "gauge", "Size of the log.", stats.log_bytes);
    if let Some(room) = service.data_dir.and_then(|folder| space(folder).ok()) {
        out.single("tocos_disk_free_bytes", "gauge", "Room left where the log lies.", room.free);
        out.single("tocos_disk_size_bytes", "gauge", "Size of the file system where the log lies.", room.size);
    }
}

/// `opened` is how much of opening the ledger is done, from 0 to 1.
pub(super) fn readiness(is_ready: bool, has_failed: bool, opened: f64, out: &mut Text) {
    out.single("tocos_ready", "gauge", "1 when requests are served.", u8::from(is_ready));
    let meaning = "1 when a write or sync failed: nothing can be written until a restart.";
    out.single("tocos_storage_failed", "gauge", meaning, u8::from(has_failed));
    let meaning = "How much of the present step of opening the ledger is done, 0 to 1; 1 once it is open.";
    out.single("tocos_recovery_progress_ratio", "gauge", meaning, opened);
}

fn commits(stats: &Stats, out: &mut Text) {
    let name = "tocos_commit_sync_seconds";
    out.family(name, "histogram", "How long writing and syncing one frame of the log took.");
    let bounds: Vec<f64> = stats.sync_us.bounds.iter().map(|bound| seconds(*bound)).collect();
    out.histogram(name, "", &bounds, &stats.sync_us.counts, seconds(stats.sync_us.sum));
    let name = "tocos_commit_batch_events";
    out.family(name, "histogram", "How many events one frame held.");
    out.histogram(name, "", stats.batch_events.bounds, &stats.batch_events.counts, stats.batch_events.sum);
    let meaning = "Events decided that no frame on its way to the disk holds yet.";
    out.single("tocos_commit_pending_events", "gauge", meaning, stats.pending_events);
    out.single("tocos_last_event", "gauge", "Number of the last event decided.", stats.last_event);
    out.single("tocos_durable_event", "gauge", "Number of the last event on the disk.", stats.durable_event);
    out.single("tocos_idempotency_keys", "gauge", "Idempotency keys that are remembered.", stats.keys);
}

fn tables(stats: &Stats, out: &mut Text) {
    let meaning = "Idempotency keys in memory; the older ones are in tables.";
    out.single("tocos_idempotency_keys_in_memory", "gauge", meaning, stats.keys_in_memory);
    out.single("tocos_tables", "gauge", "Tables of old keys and of what is over, in use.", stats.tables);
    let meaning = "Bytes of memory that the tables take once all of them was asked for.";
    out.single("tocos_table_memory_bytes", "gauge", meaning, stats.table_memory_bytes);
    out.single("tocos_table_merges_total", "counter", "Merges of tables.", stats.table_merges);
    let meaning = "Tables that were found damaged, set aside and made again from the log.";
    out.single("tocos_tables_damaged_total", "counter", meaning, stats.tables_damaged);
    let meaning = "Times that merging tables, or making one again, failed.";
    out.single("tocos_table_failures_total", "counter", meaning, stats.table_failures);
}

fn snapshots(stats: &Stats, out: &mut Text) {
    out.single("tocos_snapshot_event", "gauge", "Event of the newest snapshot; 0 is none.", stats.snapshot_event);
    let at = stats.snapshot_at as f64 / 1e6;
    let meaning = "When a snapshot was last finished; 0 is not yet in this process.";
    out.single("tocos_snapshot_timestamp_seconds", "gauge", meaning, at);
    out.single("tocos_snapshot_failures_total", "counter", "Snapshots that failed.", stats.snapshot_failures);
    let took = seconds(stats.recovery_us);
    out.single("tocos_recovery_seconds", "gauge", "How long opening the ledger took at the start.", took);
}
