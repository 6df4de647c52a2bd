//! `tocos verify`: walks a whole ledger that is not running, and says in one line whether it is sound.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use clap::Args;
use tocos_archive::remote::Remote;
use tocos_archive::room::disk::RoomDisk;
use tocos_archive::room::keeper;
use tocos_archive::store::Store;
use tocos_archive::{Disk, FileDisk};
use tocos_engine::VerifyReport;

use crate::terminal::print;

/// Check a ledger on disk from end to end: exit code 0 if it is sound, else 1
///
/// Reads every frame of the log, checks its hash and its link to the one before, carries every event out
/// again, checks that the coins add up, and compares the snapshots with the outcome. What is only in the archive is
/// fetched from there. Nothing is changed. The service must not be running on the directory; a copy of it can be checked at any time.
#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {
    /// The data directory of the ledger
    #[arg(long, env = "TOCOS_DATA_DIR", value_name = "DIR", default_value = "./tocos-data")]
    data_dir: PathBuf,
    /// The archive that has the events which are no longer on this disk; only needed if there are any
    #[arg(long, env = "TOCOS_ARCHIVE", value_name = "URL")]
    archive: Option<String>,
}

impl VerifyArgs {
    /// Verifies and prints the verdict.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let shown = self.data_dir.display();
        if !holds_files(&self.data_dir) {
            return Err(anyhow!("{shown} holds no ledger; set another directory with --data-dir"));
        }
        let (disk, elsewhere) = self.disk()?;
        let verified = match elsewhere {
            0 => tocos_engine::verify_on(&disk),
            elsewhere => tocos_engine::verify_here(&disk, elsewhere),
        };
        let report = verified.map_err(|failure| anyhow!("{shown} did not pass: {failure}"))?;
        Ok(print(&verdict(&shown.to_string(), &report))?)
    }
}

impl VerifyArgs {
    /// The data directory, with what has left it for the archive; and through which event that can't be read.
    fn disk(&self) -> anyhow::Result<(Arc<dyn Disk>, u64)> {
        let shown = self.data_dir.display();
        let unusable = || format!("{shown} can't be used");
        let local: Arc<dyn Disk> = Arc::new(FileDisk::existing(&self.data_dir).with_context(unusable)?);
        if !RoomDisk::is_needed(&*local).with_context(unusable)? {
            return Ok((local, 0));
        }
        let remote = match &self.archive {
            Some(url) => Some(Remote::new(Store::open(url)?)?),
            None => None,
        };
        let disk = RoomDisk::open(local, remote, keeper::cache_bytes(None)).with_context(unusable)?;
        let last = disk.events_elsewhere().with_context(unusable)?.last().map_or(0, |(_, last)| *last);
        let elsewhere = if disk.has_archive() { 0 } else { last };
        Ok((Arc::new(disk), elsewhere))
    }
}

/// Verifying would make a ledger where there is none.
fn holds_files(directory: &Path) -> bool {
    std::fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some())
}

fn verdict(shown: &str, report: &VerifyReport) -> String {
    let snapshots = match report.snapshots.len() {
        0 => "no snapshot".to_owned(),
        1 => "1 snapshot equal to the log".to_owned(),
        count => format!("{count} snapshots equal to the log"),
    };
    let tail = match report.tail.bytes_cut {
        0 => String::new(),
        bytes => format!("; {bytes} bytes of an unfinished write at its end, which the next start cuts off"),
    };
    let elsewhere = match report.elsewhere {
        0 => String::new(),
        last => format!(
            "\nevents 1 to {last} were not verified: they are in the archive and not on this disk; give --archive URL"
        ),
    };
    format!(
        "{shown} is sound: {} events, {} users, {} accounts, {} keys, {} bytes of log, {snapshots}{tail}{elsewhere}\n",
        report.events, report.users, report.accounts, report.keys, report.log_bytes
    )
}
