//! The disk of a ledger some of whose segments are in the archive alone. They are listed and opened like the others; reading them
//! fetches what is not at hand.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use tocos_journal::{Disk, DiskFile, DiskLock, LockError, SEGMENT_HEADER_BYTES};

use super::cache::{Cache, CacheFigures, Patience};
use super::dropped::Dropped;
use crate::names::Name;
use crate::remote::Remote;

/// A local disk, and the archive behind it. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct RoomDisk {
    local: Arc<dyn Disk>,
    room: Arc<Room>,
}

#[derive(Debug)]
struct Room {
    /// By first event.
    dropped: RwLock<BTreeMap<u64, Arc<Dropped>>>,
    cache: Cache,
}

impl RoomDisk {
    /// Reads which segments have left the local disk. Objects that are read back take so many bytes there at most, or one that is
    /// larger. Without a `remote` the segments are known and can't be read.
    ///
    /// # Errors
    /// If the disk can't be read, or a note about a segment is damaged.
    pub fn open(local: Arc<dyn Disk>, remote: Option<Remote>, cache_bytes_max: u64) -> io::Result<Self> {
        Self::open_with(local, remote, cache_bytes_max, Patience::default())
    }

    pub(super) fn open_with(
        local: Arc<dyn Disk>,
        remote: Option<Remote>,
        cache_bytes_max: u64,
        patience: Patience,
    ) -> io::Result<Self> {
        let mut dropped = BTreeMap::new();
        for first in local.list()?.iter().filter_map(|name| Dropped::noted(name)) {
            if let Some(found) = Dropped::read(&*local, first)? {
                dropped.insert(first, Arc::new(found));
            }
        }
        let cache = Cache::new(Arc::clone(&local), remote, cache_bytes_max, patience);
        Ok(Self { local, room: Arc::new(Room { dropped: RwLock::new(dropped), cache }) })
    }

    /// Whether segments have left a disk.
    ///
    /// # Errors
    /// If the disk can't be listed.
    pub fn is_needed(local: &dyn Disk) -> io::Result<bool> {
        Ok(local.list()?.iter().any(|name| Dropped::noted(name).is_some()))
    }

    fn dropped(&self) -> RwLockReadGuard<'_, BTreeMap<u64, Arc<Dropped>>> {
        self.room.dropped.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether objects can be fetched at all.
    #[must_use]
    pub fn has_archive(&self) -> bool {
        self.room.cache.has_archive()
    }

    /// The events that are in the archive alone, as ranges without a gap between two of them.
    ///
    /// # Errors
    /// If the disk can't be listed.
    pub fn events_elsewhere(&self) -> io::Result<Vec<(u64, u64)>> {
        let names = self.local.list()?;
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for (first, dropped) in self.dropped().iter() {
            if names.contains(&Name::Log(*first).file()) {
                continue;
            }
            match ranges.last_mut() {
                Some(range) if range.1 + 1 == *first => range.1 = dropped.last(),
                _ => ranges.push((*first, dropped.last())),
            }
        }
        Ok(ranges)
    }

    /// What was fetched, and is at hand.
    #[must_use]
    pub fn figures(&self) -> CacheFigures {
        self.room.cache.figures()
    }

    /// Removes a segment's file, when it is noted where its frames are. `announce` comes between: whoever must not wait for the
    /// archive knows by then.
    ///
    /// # Errors
    /// If the note can't be written or the file not removed. Then the file is there, or what is noted is true.
    pub(super) fn drop_segment(&self, dropped: Dropped, announce: impl FnOnce()) -> io::Result<()> {
        let first = dropped.header.first;
        dropped.write(&*self.local)?;
        self.room.dropped.write().unwrap_or_else(PoisonError::into_inner).insert(first, Arc::new(dropped));
        announce();
        self.local.remove(&Name::Log(first).file())?;
        self.local.sync_dir()
    }
}

impl Disk for RoomDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = self.local.list()?;
        let elsewhere: Vec<String> = self.dropped().keys().map(|first| Name::Log(*first).file()).collect();
        let here: std::collections::HashSet<String> = names.iter().cloned().collect();
        names.extend(elsewhere.into_iter().filter(|name| !here.contains(name)));
        Ok(names)
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        // The file counts as long as it is there.
        let error = match self.local.open(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => error,
            opened => return opened,
        };
        let Some(Name::Log(first)) = Name::parse(name) else { return Err(error) };
        let dropped = self.dropped().get(&first).cloned().ok_or(error)?;
        Ok(Arc::new(ArchivedFile { room: Arc::clone(&self.room), dropped }))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.local.create(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.local.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.local.remove(name)
    }

    fn sync_dir(&self) -> io::Result<()> {
        self.local.sync_dir()
    }

    fn lock(&self) -> Result<Box<dyn DiskLock>, LockError> {
        self.local.lock()
    }

    fn place(&self, name: &str) -> String {
        self.local.place(name)
    }
}

/// A segment that is in the archive, as a file that can only be read.
#[derive(Debug)]
struct ArchivedFile {
    room: Arc<Room>,
    dropped: Arc<Dropped>,
}

impl ArchivedFile {
    /// Fills as much of `buf` as the file has; none if something would have to be fetched and may not be.
    fn read(&self, buf: &mut [u8], offset: u64, may_fetch: bool) -> io::Result<Option<usize>> {
        let header = self.dropped.header.encode();
        let mut filled = 0;
        if let Some(rest) = header.get(offset.min(header.len() as u64) as usize..) {
            filled = rest.len().min(buf.len());
            buf[..filled].copy_from_slice(&rest[..filled]);
        }
        let mut start = SEGMENT_HEADER_BYTES as u64;
        for object in &self.dropped.objects {
            let (from, end) = (start, start + object.frame_bytes);
            start = end;
            let at = offset + filled as u64;
            if filled == buf.len() || at >= end {
                continue;
            }
            let held = match may_fetch {
                true => self.room.cache.get(&self.dropped.header, object)?,
                false => match self.room.cache.find(object) {
                    Some(held) => held,
                    None => return Ok(None),
                },
            };
            let count = ((end - at) as usize).min(buf.len() - filled);
            held.read(&mut buf[filled..filled + count], at - from + SEGMENT_HEADER_BYTES as u64)?;
            filled += count;
        }
        Ok(Some(filled))
    }
}

impl DiskFile for ArchivedFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        Ok(self.read(buf, offset, true)?.unwrap_or(0))
    }

    fn read_here(&self, buf: &mut [u8], offset: u64) -> io::Result<Option<usize>> {
        self.read(buf, offset, false)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.dropped.bytes())
    }

    fn is_here(&self) -> bool {
        false
    }
}
