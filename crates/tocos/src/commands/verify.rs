//! `tocos verify`: walks a whole ledger that is not running, and says in one line whether it is sound.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use tocos_engine::VerifyReport;

use crate::terminal::print;

/// Check a ledger on disk from end to end: exit code 0 if it is sound, else 1
///
/// Reads every frame of the log, checks its hash and its link to the one before, carries every event out
/// again, checks that the coins add up, and compares the snapshots with the outcome. Nothing is changed. The
/// service must not be running on the directory; a copy of it can be checked at any time.
#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {
    /// The data directory of the ledger
    #[arg(long, env = "TOCOS_DATA_DIR", value_name = "DIR", default_value = "./tocos-data")]
    data_dir: PathBuf,
}

impl VerifyArgs {
    /// Verifies and prints the verdict.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let shown = self.data_dir.display();
        if !holds_files(&self.data_dir) {
            return Err(anyhow!("{shown} holds no ledger; set another directory with --data-dir"));
        }
        let report =
            tocos_engine::verify(&self.data_dir).map_err(|failure| anyhow!("{shown} did not pass: {failure}"))?;
        Ok(print(&verdict(&shown.to_string(), &report))?)
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
    format!(
        "{shown} is sound: {} events, {} users, {} accounts, {} keys, {} bytes of log, {snapshots}{tail}\n",
        report.events, report.users, report.accounts, report.keys, report.log_bytes
    )
}
