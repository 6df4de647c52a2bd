//! The free space of the file system that holds a log.

use std::io;
use std::path::Path;

/// The space of a file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// What this process can still write.
    pub free: u64,
    /// What the file system holds in all.
    pub size: u64,
}

/// The space of the file system that holds `path`.
///
/// # Errors
/// As the system gives them; the path may not be there.
pub fn space(path: &Path) -> io::Result<Space> {
    let found = rustix::fs::statvfs(path)?;
    Ok(Space {
        free: found.f_bavail.saturating_mul(found.f_frsize),
        size: found.f_blocks.saturating_mul(found.f_frsize),
    })
}
