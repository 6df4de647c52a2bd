//! Objects of the archive as files that can only be read, so that whatever reads a file of a data directory can read them in place.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tocos_journal::{Disk, DiskFile, DiskLock, LockError};

use crate::remote::Remote;
use crate::store::Listed;

/// So many bytes are read at once, and kept until others are asked for.
const READ_BYTES: u64 = 4 << 20;

/// One object, under its own name.
#[derive(Debug)]
pub struct ObjectDisk {
    remote: Remote,
    object: Listed,
}

impl ObjectDisk {
    /// A disk that has this object and nothing else.
    #[must_use]
    pub fn new(remote: &Remote, object: &Listed) -> Self {
        Self { remote: remote.clone(), object: object.clone() }
    }
}

fn read_only() -> io::Error {
    io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "objects of an archive are only read here")
}

impl Disk for ObjectDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(vec![self.object.name.clone()])
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        if name != self.object.name {
            return Err(io::ErrorKind::NotFound.into());
        }
        let object = self.object.clone();
        Ok(Arc::new(ObjectFile { remote: self.remote.clone(), object, kept: Mutex::new((0, Bytes::new())) }))
    }

    fn create(&self, _name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Err(read_only())
    }

    fn rename(&self, _from: &str, _to: &str) -> io::Result<()> {
        Err(read_only())
    }

    fn remove(&self, _name: &str) -> io::Result<()> {
        Err(read_only())
    }

    fn sync_dir(&self) -> io::Result<()> {
        Err(read_only())
    }

    fn lock(&self) -> Result<Box<dyn DiskLock>, LockError> {
        Err(LockError::Io(read_only()))
    }

    fn place(&self, name: &str) -> String {
        self.remote.place(name)
    }
}

#[derive(Debug)]
struct ObjectFile {
    remote: Remote,
    object: Listed,
    kept: Mutex<(u64, Bytes)>,
}

impl ObjectFile {
    /// The bytes from an offset on that are at hand.
    fn bytes_at(&self, offset: u64) -> io::Result<Bytes> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if !(kept.0..kept.0 + kept.1.len() as u64).contains(&offset) {
            let end = self.object.bytes.min(offset + READ_BYTES);
            let got = self.remote.get_range(&self.object.name, offset..end).map_err(io::Error::other)?;
            *kept = (offset, got.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?);
        }
        Ok(kept.1.slice((offset - kept.0) as usize..))
    }
}

impl DiskFile for ObjectFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buf.len() && offset + (filled as u64) < self.object.bytes {
            let bytes = self.bytes_at(offset + filled as u64)?;
            if bytes.is_empty() {
                break;
            }
            let count = bytes.len().min(buf.len() - filled);
            buf[filled..filled + count].copy_from_slice(&bytes[..count]);
            filled += count;
        }
        Ok(filled)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.object.bytes)
    }
}
