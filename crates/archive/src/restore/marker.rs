//! The file that says that a restore into a directory has begun and not ended: nothing opens the directory as long as it is there,
//! and the same command goes on from where it was interrupted.

use std::io;

use serde::{Deserialize, Serialize};
use tocos_journal::{Disk, RESTORE_MARKER, read_note, write_note};

/// What is being restored. It is the same for the same command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The URL of the archive.
    pub from: String,
    /// The branch that was asked for; none for the newest.
    pub branch: Option<String>,
    /// The event or time that was asked for; none for the latest.
    pub until: Option<String>,
}

/// The marker of a restore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// What was asked for.
    #[serde(flatten)]
    pub asked: Asked,
    /// The branch that is restored from.
    pub source: String,
    /// The branch that the restored ledger will write to.
    pub new_branch: String,
    /// The command that goes on, for people.
    pub command: String,
}

impl Marker {
    /// Reads the marker of a directory, if it has one.
    ///
    /// # Errors
    /// If it can't be read, or is none.
    pub fn read(disk: &dyn Disk) -> io::Result<Option<Self>> {
        let Some(bytes) = read_note(disk, RESTORE_MARKER)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other)
    }

    /// Writes the marker. Durable when it returns.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write(&self, disk: &dyn Disk) -> io::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        bytes.push(b'\n');
        write_note(disk, RESTORE_MARKER, &bytes)
    }

    /// Removes the marker of a directory: what is in it is whole.
    ///
    /// # Errors
    /// If it can't be removed.
    pub fn remove(disk: &dyn Disk) -> io::Result<()> {
        disk.remove(RESTORE_MARKER)?;
        disk.sync_dir()
    }
}
