//! Where runs keep their ledgers: on a disk, outside the source tree, and gone when the run ends.

use std::path::PathBuf;

use anyhow::{Context, Result};
use tempfile::TempDir;

/// A directory of its own in `TMPDIR` if that is set, else in `/var/tmp`, which is on a disk where `/tmp` may be memory, else
/// wherever the system puts temporary files.
///
/// # Errors
/// It can't be made there.
pub(crate) fn fresh() -> Result<TempDir> {
    let on_disk = PathBuf::from("/var/tmp");
    let base = match std::env::var_os("TMPDIR") {
        None if on_disk.is_dir() => on_disk,
        _ => std::env::temp_dir(),
    };
    TempDir::new_in(&base).with_context(|| format!("{} can't be written; set TMPDIR", base.display()))
}
