//! Notes: small files beside the log that say something about the directory, each written as a whole.

use std::io;

use crate::blockfile::TEMPORARY;
use crate::disk::Disk;

/// A note is a few lines; a longer file is none.
pub const NOTE_BYTES_MAX: u64 = 64 << 10;

/// Reads a note, if there is one of that name.
///
/// # Errors
/// The error of the disk, or [`io::ErrorKind::InvalidData`] if the file is too long for a note.
pub fn read_note(disk: &dyn Disk, name: &str) -> io::Result<Option<Vec<u8>>> {
    let file = match disk.open(name) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let len = file.len()?;
    if len > NOTE_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is too long"));
    }
    let mut bytes = vec![0; len as usize];
    let read = file.read_at(&mut bytes, 0)?;
    bytes.truncate(read);
    Ok(Some(bytes))
}

/// Writes a note in place of the one that has the name. Durable when it returns, and never there in part.
///
/// # Errors
/// The error of the disk. The earlier note is there, or this one.
pub fn write_note(disk: &dyn Disk, name: &str, bytes: &[u8]) -> io::Result<()> {
    let temporary = format!("{name}{TEMPORARY}");
    let file = disk.create(&temporary)?;
    file.write_at(bytes, 0)?;
    file.sync()?;
    disk.rename(&temporary, name)?;
    disk.sync_dir()
}
