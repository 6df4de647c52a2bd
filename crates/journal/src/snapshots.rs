//! The snapshots in a directory.

use std::io;
use std::sync::Arc;

use crate::blockfile::{BlockFileError, BlockHeader, BlockReader};
use crate::disk::Disk;

/// The name of the snapshot at `event`.
#[must_use]
pub fn snapshot_name(event: u64) -> String {
    format!("snapshot-{event:020}.tocos")
}

/// The event of the snapshot that has this name.
fn snapshot_event(name: &str) -> Option<u64> {
    let event = name.strip_prefix("snapshot-")?.strip_suffix(".tocos")?.parse().ok()?;
    (snapshot_name(event) == name).then_some(event)
}

/// The snapshots in a directory, by the last event they include.
#[derive(Debug, Clone)]
pub struct Snapshots {
    disk: Arc<dyn Disk>,
}

impl Snapshots {
    /// The snapshots on `disk`. Only the holder of the journal's lock should change them.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk }
    }

    /// The last events of the snapshots, newest first.
    ///
    /// # Errors
    /// If the directory cannot be listed.
    pub fn list(&self) -> io::Result<Vec<u64>> {
        let mut events: Vec<u64> = self.disk.list()?.iter().filter_map(|name| snapshot_event(name)).collect();
        events.sort_unstable_by(|a, b| b.cmp(a));
        Ok(events)
    }

    /// Writes the snapshot at `header.event`; see [`crate::blockfile::write`].
    ///
    /// # Errors
    /// As [`crate::blockfile::write`].
    pub fn write<B: AsRef<[u8]>>(
        &self,
        header: &BlockHeader,
        blocks: impl IntoIterator<Item = B>,
    ) -> Result<u64, BlockFileError> {
        crate::blockfile::write(&*self.disk, &snapshot_name(header.event), header, blocks)
    }

    /// Opens the snapshot at `event`.
    ///
    /// # Errors
    /// As [`BlockReader::open`].
    pub fn open(&self, event: u64) -> Result<BlockReader, BlockFileError> {
        BlockReader::open(&*self.disk, &snapshot_name(event))
    }

    /// Removes the snapshot at `event`.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn remove(&self, event: u64) -> io::Result<()> {
        self.disk.remove(&snapshot_name(event))?;
        self.disk.sync_dir()
    }
}
