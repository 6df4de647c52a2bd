//! The archive of a running service: what puts into it, what lets old parts of the log leave this disk, and the figures of both.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tocos_api::{ArchiveFigures, ArchiveStatus};
use tocos_archive::Reader;
use tocos_archive::put::{self, Uploader};
use tocos_archive::room::disk::RoomDisk;
use tocos_archive::room::keeper::{self, Keeper, Keeping, Progress};
use tocos_engine::Engine;
use tocos_sharedlog::SharedLog;

use crate::group::{Group, GroupArchive, Putting};
use crate::room::Room;
use crate::settings::Config;

/// What puts the log into the archive.
pub(crate) enum Archiving {
    /// Always.
    Alone(Uploader),
    /// While this node leads.
    Group(GroupArchive),
}

impl Archiving {
    /// Starts putting, if there is an archive.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start(config: &Config, engine: &Engine, group: Option<&Group>) -> anyhow::Result<Option<Self>> {
        let Some(archive) = &config.archive else { return Ok(None) };
        let every = Duration::from_secs(config.archive_every_s);
        tracing::info!("archive: {}, at most {} s behind", archive.store.url(), every.as_secs());
        let (store, reader) = (archive.store.clone(), engine.reader().clone());
        Ok(Some(match group {
            Some(group) => {
                let log = group.log() as Arc<dyn SharedLog>;
                let runtime = group.runtime()?.handle();
                Self::Group(GroupArchive::start(Putting { store, reader, every }, log, group.status(), runtime))
            }
            None => {
                let mut options = put::Options::every(every);
                if config.group.leaves {
                    // Other nodes have put before: it goes on with the newest branch, whatever this one last wrote to.
                    options = options.in_group(|| true);
                }
                let uploader = Uploader::start(store, reader, options);
                Self::Alone(uploader.context("the archive's thread can't be started")?)
            }
        }))
    }

    fn figures(&self) -> Box<dyn Fn() -> put::Figures + Send + Sync> {
        match self {
            Self::Alone(uploader) => {
                let status = Arc::clone(uploader.status());
                Box::new(move || status.figures())
            }
            Self::Group(group) => Box::new(group.figures()),
        }
    }

    /// The last event that is known to be in the archive; none while that is not known here.
    fn archived_event(&self) -> Box<dyn Fn() -> Option<u64> + Send + Sync> {
        match self {
            Self::Alone(uploader) => {
                let status = Arc::clone(uploader.status());
                Box::new(move || status.archived_event())
            }
            Self::Group(group) => Box::new(group.archived_event()),
        }
    }

    /// Puts what is durable and not in the archive yet, for a bounded time, and ends.
    pub(crate) async fn end(self) {
        match self {
            Self::Alone(uploader) => uploader.end(),
            Self::Group(group) => group.end().await,
        }
    }
}

/// Starts letting old segments leave the disk, if it has a bound.
pub(crate) fn start_keeping(
    config: &Config,
    engine: &Engine,
    room: &Room,
    archive: Option<&Archiving>,
) -> anyhow::Result<Option<Keeping>> {
    let (Some(bytes), Some(remote), Some(archive)) = (config.local_log_bytes, &room.remote, archive) else {
        return Ok(None);
    };
    let progress = LedgerProgress { engine: engine.clone(), archived: archive.archived_event() };
    let bytes_max = bytes - keeper::cache_bytes(Some(bytes));
    let keeper = Keeper::new(room.disk.clone(), engine.reader().clone(), remote.clone(), bytes_max, progress);
    Keeping::start(keeper).map(Some).context("the thread that keeps room on the disk can't be started")
}

/// What has to be known before a segment leaves the disk.
struct LedgerProgress {
    engine: Engine,
    archived: Box<dyn Fn() -> Option<u64> + Send + Sync>,
}

impl Progress for LedgerProgress {
    fn archived_event(&self) -> Option<u64> {
        (self.archived)()
    }

    fn restart_event(&self) -> u64 {
        self.engine.restart_event()
    }

    fn settle(&self) {
        self.engine.settle();
    }
}

/// The archive as the metrics know it.
pub(crate) fn archive_status(archive: &Archiving, reader: Reader, room: RoomDisk) -> ArchiveStatus {
    let figures = archive.figures();
    ArchiveStatus::new(move || {
        let put::Figures { lag_us, lag_bytes, last_success_us, failures, objects, bytes, forks } = figures();
        let here = reader.segments().iter().filter(|one| !one.is_elsewhere).map(|one| one.bytes).sum::<u64>();
        let read_back = room.figures();
        ArchiveFigures {
            lag_us,
            lag_bytes,
            last_success_us,
            failures,
            objects,
            bytes,
            forks,
            local_log_bytes: here + read_back.bytes,
            fetches: read_back.fetches,
            fetch_failures: read_back.failures,
        }
    })
}
