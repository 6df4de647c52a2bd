//! `tocos shared-log rejoin`: lets a node that diverged start again, without losing what it has.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::Args;
use tocos_archive::{Disk, FileDisk};

use crate::terminal::print;

/// Set the files of a node that diverged aside, so that it starts empty and follows again
///
/// Moves all files of the data directory into a new folder in it, set-aside-TIME. Nothing is deleted. The service must not be running on the
/// directory.
#[derive(Args, Debug)]
pub(super) struct RejoinArgs {
    /// The data directory of the node
    #[arg(long, env = "TOCOS_DATA_DIR", value_name = "DIR", default_value = "./tocos-data")]
    data_dir: PathBuf,
}

impl RejoinArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let shown = self.data_dir.display();
        let disk = FileDisk::existing(&self.data_dir).with_context(|| format!("{shown} can't be used"))?;
        let _lock = disk.lock().map_err(|_| anyhow!("{shown} is in use: stop the service first"))?;
        let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
        let aside = self.data_dir.join(format!("set-aside-{time}"));
        fs::create_dir(&aside).with_context(|| format!("{} can't be made", aside.display()))?;
        let mut moved = 0;
        for entry in fs::read_dir(&self.data_dir).with_context(|| format!("{shown} can't be read"))? {
            let entry = entry.with_context(|| format!("{shown} can't be read"))?;
            let name = entry.file_name();
            if name == "lock" || !entry.file_type()?.is_file() {
                continue;
            }
            fs::rename(entry.path(), aside.join(&name))
                .with_context(|| format!("{} can't be moved", entry.path().display()))?;
            moved += 1;
        }
        disk.sync_dir().with_context(|| format!("{shown} can't be synced"))?;
        Ok(print(&format!("{moved} files of {shown} are in {} now; start the node\n", aside.display()))?)
    }
}
