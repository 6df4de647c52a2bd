//! The data directory of a service, with what has left it for the archive.

use std::sync::Arc;

use anyhow::{Context, anyhow};
use tocos_archive::remote::Remote;
use tocos_archive::room::disk::RoomDisk;
use tocos_archive::room::keeper;
use tocos_archive::{Disk, FileDisk};
use tocos_engine::OpenFailure;

use crate::settings::Config;

/// The data directory, with what has left it for the archive.
pub(crate) struct Room {
    pub disk: RoomDisk,
    /// The archive, where it may be asked for something.
    pub remote: Option<Remote>,
}

impl Room {
    pub(crate) fn open(config: &Config) -> anyhow::Result<Self> {
        let failed = |source| OpenFailure::Directory { path: config.data_dir.display().to_string(), source };
        let local: Arc<dyn Disk> =
            Arc::new(FileDisk::open(&config.data_dir).map_err(|error| anyhow!("{}", failed(error)))?);
        let is_needed = config.local_log_bytes.is_some()
            || RoomDisk::is_needed(&*local).map_err(|error| anyhow!("{}", failed(error)))?;
        let remote = match config.archive.as_ref().filter(|_| is_needed) {
            Some(archive) => Some(Remote::new(archive.store.clone()).context("the archive's thread can't be started")?),
            None => None,
        };
        let disk = RoomDisk::open(local, remote.clone(), keeper::cache_bytes(config.local_log_bytes))
            .map_err(|error| anyhow!("{}", failed(error)))?;
        for (first, last) in disk.events_elsewhere()? {
            if remote.is_some() {
                tracing::info!(
                    first,
                    last,
                    "these events are in the archive alone; they are fetched when they are asked for"
                );
            } else {
                tracing::warn!(
                    first,
                    last,
                    "these events are in the archive alone, and none is given: what needs them is refused. Start with --archive"
                );
            }
        }
        Ok(Self { disk, remote })
    }
}
