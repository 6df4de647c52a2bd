//! The archive: how far it is behind, and what became of putting.

use super::{Text, seconds};
use crate::metrics::ArchiveFigures;

pub(super) fn put(archive: &ArchiveFigures, out: &mut Text) {
    let meaning = "Age of the oldest durable event that is not in the archive; 0 if there is none.";
    out.single("tocos_archive_lag_seconds", "gauge", meaning, seconds(archive.lag_us));
    let meaning = "Bytes of the log that are durable and not in the archive.";
    out.single("tocos_archive_lag_bytes", "gauge", meaning, archive.lag_bytes);
    let meaning = "When the object store last did what it was asked for; 0 is not since the start.";
    out.single("tocos_archive_last_success_timestamp_seconds", "gauge", meaning, seconds(archive.last_success_us));
    let meaning = "Failures of putting into the archive, each of which is tried again.";
    out.single("tocos_archive_failures_total", "counter", meaning, archive.failures);
    out.single("tocos_archive_objects_total", "counter", "Objects put into the archive.", archive.objects);
    out.single("tocos_archive_bytes_total", "counter", "Bytes of the objects put into the archive.", archive.bytes);
    let meaning = "Branches begun because the archive had another history than the log here.";
    out.single("tocos_archive_forks_total", "counter", meaning, archive.forks);
    let meaning = "Bytes of the log on the local disk, with what was read back from the archive.";
    out.single("tocos_log_local_bytes", "gauge", meaning, archive.local_log_bytes);
    let meaning = "Objects of the archive fetched because they are not on the local disk.";
    out.single("tocos_archive_fetches_total", "counter", meaning, archive.fetches);
    let meaning = "Fetches that failed, or brought something damaged.";
    out.single("tocos_archive_fetch_failures_total", "counter", meaning, archive.fetch_failures);
}
