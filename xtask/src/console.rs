//! Building the console's bundle, which is checked in, so that building the service takes no Node.

use anyhow::Result;

use crate::gate::{execute, root};

/// Installs what the lock file says and builds. The same sources give the same bytes.
pub(crate) fn run() -> Result<()> {
    let folder = root()?.join("console");
    execute(&["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], &folder)?;
    execute(&["node", "build.mjs"], &folder)
}
