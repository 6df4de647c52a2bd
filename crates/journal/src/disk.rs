//! The operations of a disk for the journal. The real one is [`crate::FileDisk`]; the one that fails on request is
//! [`crate::sim::SimDisk`].

use std::fmt;
use std::io;
use std::sync::Arc;

/// A flat directory of files, owned by one journal.
pub trait Disk: Send + Sync + fmt::Debug {
    /// The names of all files, in no order.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Opens a file that exists, for reading and writing.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Makes an empty file, or empties the one that is there. Its name lasts from the next
    /// [`sync_dir`](Self::sync_dir) on.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Gives a file another name, in place of whatever had that name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file. Whoever has it open can go on reading it.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes all names given and removed so far durable.
    fn sync_dir(&self) -> io::Result<()>;

    /// Takes the lock on the directory, which lasts until it is dropped or the process ends.
    ///
    /// # Errors
    /// [`LockError::Held`] if another process, or another journal in this one, has it.
    fn lock(&self) -> Result<Box<dyn DiskLock>, LockError>;

    /// A file's name as an operator finds it, for messages. An empty name means the directory.
    fn place(&self, name: &str) -> String;
}

/// One open file. All positions are bytes from its start. A file that can only be read leaves out the methods that write.
pub trait DiskFile: Send + Sync + fmt::Debug {
    /// Reads up to `buf.len()` bytes and gives how many; fewer only at the end of the file.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;

    /// As [`read_at`](Self::read_at), if that needs nobody but this machine; none where bytes would have to be fetched.
    fn read_here(&self, buf: &mut [u8], offset: u64) -> io::Result<Option<usize>> {
        self.read_at(buf, offset).map(Some)
    }

    /// Says that these bytes will be read soon, so that a disk may fetch them meanwhile, and those of other places beside them.
    fn will_read(&self, _len: u64, _offset: u64) {}

    /// Writes all of `bytes`. Durable after the next [`sync`](Self::sync).
    fn write_at(&self, _bytes: &[u8], _offset: u64) -> io::Result<()> {
        Err(only_read())
    }

    /// Writes all of `bytes` and returns when they, and the length of the file that they need, are durable.
    /// Other writes to the file need not be.
    fn write_durable_at(&self, _bytes: &[u8], _offset: u64) -> io::Result<()> {
        Err(only_read())
    }

    /// Makes content and length durable.
    fn sync(&self) -> io::Result<()> {
        Err(only_read())
    }

    /// Cuts the file, or extends it with zeros.
    fn set_len(&self, _len: u64) -> io::Result<()> {
        Err(only_read())
    }

    /// Allocates `len` bytes from the start and makes the file that long if it is shorter; the new bytes are zeros.
    fn allocate(&self, _len: u64) -> io::Result<()> {
        Err(only_read())
    }

    /// The length in bytes.
    fn len(&self) -> io::Result<u64>;

    /// Whether all of the file is on this disk.
    fn is_here(&self) -> bool {
        true
    }

    /// Whether the file has no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
}

fn only_read() -> io::Error {
    io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "this file can only be read")
}

/// Bytes that are not on this disk could not be fetched: what is in the [`io::Error`] of such a read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotFetched {
    /// Where they are, such as the URL of an object.
    pub place: String,
    /// Why not.
    pub reason: String,
}

impl fmt::Display for NotFetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, reason } = self;
        write!(f, "{place}, which is not on this disk, could not be fetched: {reason}")
    }
}

impl std::error::Error for NotFetched {}

impl From<NotFetched> for io::Error {
    fn from(error: NotFetched) -> Self {
        Self::other(error)
    }
}

/// The lock on a directory, held until it is dropped.
pub trait DiskLock: Send + Sync + fmt::Debug {}

/// Why the lock could not be taken.
#[derive(Debug)]
pub enum LockError {
    /// Someone has it; the process id that its holder wrote down, if it can be read.
    Held(Option<u32>),
    /// The lock file could not be used.
    Io(io::Error),
}
