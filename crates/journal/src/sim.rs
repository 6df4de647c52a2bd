//! A disk in memory that crashes, tears, reorders, fills up and fails, all from one seed: the same seed and the same
//! calls give the same disk. For tests, here and in the rooms above.
//!
//! What is written is in the *cache* until it is synced, per sector of 512 bytes. A [`crash`](SimDisk::crash) keeps a random
//! part of what was only in the cache, in no order; the same goes for names and lengths. A failed sync behaves as on Linux:
//! what could not be written is no longer dirty, so a later sync reports success without writing it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::disk::{Disk, DiskFile, DiskLock, LockError};

const SECTOR_BYTES: usize = 512;

/// How a write goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteFault {
    /// The disk is full: a random beginning of the bytes gets into the file.
    NoSpace,
    /// The device fails: a random beginning of the bytes gets into the file.
    Io,
    /// The power goes: all bytes are on their way, and nothing works until [`SimDisk::crash`].
    PowerCut,
}

/// A disk in memory. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    random: u64,
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    /// Changes to names since the last sync of the directory.
    name_changes: Vec<NameChange>,
    /// Counts up with every crash; handles from before no longer work.
    life: u64,
    locked: bool,
    dead: bool,
    full: bool,
    handles: usize,
    writes: u64,
    syncs: u64,
    write_fault: Option<(u64, WriteFault)>,
    sync_fault: Option<u64>,
}

#[derive(Debug, Default)]
struct Inode {
    cache: Vec<u8>,
    disk: Vec<u8>,
    /// Sectors that the cache has and the disk may not.
    dirty: BTreeSet<usize>,
}

#[derive(Debug)]
enum NameChange {
    Create(String, usize),
    Rename { from: String, to: String, inode: usize },
    Remove(String),
}

impl SimDisk {
    /// An empty disk. All chance comes from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let state = State {
            random: seed ^ 0x9e37_79b9_7f4a_7c15,
            inodes: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            name_changes: Vec::new(),
            life: 0,
            locked: false,
            dead: false,
            full: false,
            handles: 0,
            writes: 0,
            syncs: 0,
            write_fault: None,
            sync_fault: None,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// The power goes and comes back: of everything not synced a random part remains. The lock is free, faults that
    /// were planned are forgotten, and files opened before fail from now on.
    pub fn crash(&self) {
        self.state().crash();
    }

    /// Lets the `nth` change to a file or a name from now on (1 is the next) fail.
    pub fn fail_write(&self, nth: u64, fault: WriteFault) {
        let mut state = self.state();
        state.write_fault = Some((state.writes + nth, fault));
    }

    /// Lets the `nth` sync from now on (1 is the next) fail. A durable write counts as one.
    pub fn fail_sync(&self, nth: u64) {
        let mut state = self.state();
        state.sync_fault = Some(state.syncs + nth);
    }

    /// Forgets the faults that were planned and have not come up.
    pub fn clear_faults(&self) {
        let mut state = self.state();
        state.write_fault = None;
        state.sync_fault = None;
    }

    /// Whether every write that needs room fails from now on.
    pub fn set_full(&self, full: bool) {
        self.state().full = full;
    }

    /// The writes and the syncs so far.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        let state = self.state();
        (state.writes, state.syncs)
    }

    /// How many files are open.
    #[must_use]
    pub fn open_files(&self) -> usize {
        self.state().handles
    }

    /// Flips one bit of a file at rest, in the cache and on the disk. Answers whether there is such a bit.
    pub fn flip_bit(&self, name: &str, offset: u64, bit: u32) -> bool {
        let mut state = self.state();
        let Some(&inode) = state.names.get(name) else { return false };
        let inode = &mut state.inodes[inode];
        let at = offset as usize;
        let Some(byte) = inode.cache.get_mut(at) else { return false };
        *byte ^= 1 << (bit % 8);
        if let Some(byte) = inode.disk.get_mut(at) {
            *byte ^= 1 << (bit % 8);
        }
        true
    }

    /// Puts a file there, durably, in place of whatever had the name.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let mut state = self.state();
        let inode = Inode { cache: bytes.to_vec(), disk: bytes.to_vec(), dirty: BTreeSet::new() };
        state.inodes.push(inode);
        let at = state.inodes.len() - 1;
        state.names.insert(name.to_owned(), at);
        state.durable_names.insert(name.to_owned(), at);
    }

    /// What a reader of the file would see now.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.state();
        state.names.get(name).map(|inode| state.inodes[*inode].cache.clone())
    }

    /// Takes a file away, durably.
    pub fn delete(&self, name: &str) {
        let mut state = self.state();
        state.names.remove(name);
        state.durable_names.remove(name);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&self, inode: usize, life: u64) -> Arc<dyn DiskFile> {
        self.state().handles += 1;
        Arc::new(SimFile { disk: self.clone(), inode, life })
    }
}

impl State {
    /// Splitmix64: all randomness is reproducible from the seed.
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        (self.random() % bound as u64) as usize
    }

    fn coin(&mut self) -> bool {
        self.random() & 1 == 1
    }

    fn alive(&self) -> io::Result<()> {
        if self.dead { Err(io::Error::other("the power is off")) } else { Ok(()) }
    }

    fn find(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Counts a change and answers how it goes wrong, if it does.
    fn count_write(&mut self, needs_room: bool) -> io::Result<Option<WriteFault>> {
        self.alive()?;
        self.writes += 1;
        if self.full && needs_room {
            return Ok(Some(WriteFault::NoSpace));
        }
        match self.write_fault {
            Some((at, fault)) if at == self.writes => {
                self.write_fault = None;
                self.dead |= fault == WriteFault::PowerCut;
                Ok(Some(fault))
            }
            _ => Ok(None),
        }
    }

    /// Counts a change that happens wholly or, when it goes wrong, not at all.
    fn whole_change(&mut self, needs_room: bool) -> io::Result<()> {
        self.count_write(needs_room)?.map_or(Ok(()), |fault| Err(error_of(fault)))
    }

    fn count_sync(&mut self) -> io::Result<bool> {
        self.alive()?;
        self.syncs += 1;
        let fails = self.sync_fault == Some(self.syncs);
        if fails {
            self.sync_fault = None;
        }
        Ok(fails)
    }

    fn write(&mut self, inode: usize, bytes: &[u8], offset: u64) -> io::Result<()> {
        let needs_room = offset as usize + bytes.len() > self.inodes[inode].cache.len();
        let fault = self.count_write(needs_room)?;
        let written = match fault {
            None | Some(WriteFault::PowerCut) => bytes.len(),
            Some(_) => self.below(bytes.len() + 1),
        };
        self.inodes[inode].write(&bytes[..written], offset as usize);
        fault.map_or(Ok(()), |fault| Err(error_of(fault)))
    }

    /// Brings the dirty ones of these sectors to the disk, or loses them.
    fn sync(&mut self, inode: usize, sectors: Range<usize>, len: usize) -> io::Result<()> {
        let fails = self.count_sync()?;
        let dirty: Vec<usize> = self.inodes[inode].dirty.range(sectors).copied().collect();
        for sector in dirty {
            let fate = if fails { self.below(3) } else { 0 };
            let inode = &mut self.inodes[inode];
            match fate {
                0 => inode.flush(sector),
                // Still seen by readers, and never written by any later sync.
                1 => {}
                _ => inode.revert(sector),
            }
            inode.dirty.remove(&sector);
        }
        if fails {
            return Err(io::Error::other("the device reported an error while syncing"));
        }
        self.inodes[inode].disk.resize(len, 0);
        Ok(())
    }

    fn crash(&mut self) {
        for at in 0..self.inodes.len() {
            let lengths = (self.inodes[at].disk.len(), self.inodes[at].cache.len());
            let dirty = std::mem::take(&mut self.inodes[at].dirty);
            for sector in dirty {
                if self.coin() {
                    self.inodes[at].flush(sector);
                }
            }
            let len = match self.below(3) {
                0 => lengths.0,
                1 => lengths.1,
                _ => lengths.0.min(lengths.1) + self.below(lengths.0.abs_diff(lengths.1) + 1),
            };
            let inode = &mut self.inodes[at];
            inode.disk.resize(len, 0);
            inode.cache.clone_from(&inode.disk);
        }
        for change in std::mem::take(&mut self.name_changes) {
            if self.coin() {
                change.apply(&mut self.durable_names);
            }
        }
        self.names.clone_from(&self.durable_names);
        let used: BTreeSet<usize> = self.names.values().copied().collect();
        for at in 0..self.inodes.len() {
            if !used.contains(&at) {
                self.inodes[at] = Inode::default();
            }
        }
        self.life += 1;
        self.locked = false;
        self.dead = false;
        self.write_fault = None;
        self.sync_fault = None;
    }
}

impl NameChange {
    /// What becomes of the durable names if this change reaches the disk.
    fn apply(self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Create(name, inode) => {
                names.insert(name, inode);
            }
            Self::Rename { from, to, inode } => {
                names.remove(&from);
                names.insert(to, inode);
            }
            Self::Remove(name) => {
                names.remove(&name);
            }
        }
    }
}

impl Inode {
    fn write(&mut self, bytes: &[u8], offset: usize) {
        if bytes.is_empty() {
            return;
        }
        let end = offset + bytes.len();
        if self.cache.len() < end {
            self.cache.resize(end, 0);
        }
        self.cache[offset..end].copy_from_slice(bytes);
        self.dirty.extend(sectors(offset, end));
    }

    fn set_len(&mut self, len: usize) {
        let before = self.cache.len();
        self.cache.resize(len, 0);
        if len < before {
            self.dirty.extend(sectors(len, before));
        }
    }

    /// Copies a sector from the cache to the disk; what is beyond either's end is zeros.
    fn flush(&mut self, sector: usize) {
        copy_sector(&self.cache, &mut self.disk, sector, true);
    }

    /// Lets readers see again what is on the disk.
    fn revert(&mut self, sector: usize) {
        copy_sector(&self.disk, &mut self.cache, sector, false);
    }
}

fn copy_sector(from: &[u8], to: &mut Vec<u8>, sector: usize, lengthen: bool) {
    let start = sector * SECTOR_BYTES;
    let mut content = [0; SECTOR_BYTES];
    if let Some(source) = from.get(start..) {
        let len = source.len().min(SECTOR_BYTES);
        content[..len].copy_from_slice(&source[..len]);
    }
    if lengthen && to.len() < (start + SECTOR_BYTES).min(from.len()) {
        to.resize((start + SECTOR_BYTES).min(from.len()), 0);
    }
    if let Some(target) = to.get_mut(start..) {
        let len = target.len().min(SECTOR_BYTES);
        target[..len].copy_from_slice(&content[..len]);
    }
}

fn sectors(start: usize, end: usize) -> Range<usize> {
    start / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES)
}

fn error_of(fault: WriteFault) -> io::Error {
    match fault {
        WriteFault::NoSpace => io::Error::new(io::ErrorKind::StorageFull, "no space left on the device"),
        WriteFault::Io => io::Error::other("the device reported an error"),
        WriteFault::PowerCut => io::Error::other("the power is off"),
    }
}

impl Disk for SimDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let state = self.state();
        state.alive()?;
        Ok(state.names.keys().cloned().collect())
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let state = self.state();
        state.alive()?;
        let (inode, life) = (state.find(name)?, state.life);
        drop(state);
        Ok(self.handle(inode, life))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        state.whole_change(true)?;
        let inode = if let Ok(inode) = state.find(name) {
            state.inodes[inode].set_len(0);
            inode
        } else {
            state.inodes.push(Inode::default());
            let inode = state.inodes.len() - 1;
            state.names.insert(name.to_owned(), inode);
            state.name_changes.push(NameChange::Create(name.to_owned(), inode));
            inode
        };
        let life = state.life;
        drop(state);
        Ok(self.handle(inode, life))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        state.whole_change(false)?;
        let inode = state.find(from)?;
        state.names.remove(from);
        state.names.insert(to.to_owned(), inode);
        state.name_changes.push(NameChange::Rename { from: from.to_owned(), to: to.to_owned(), inode });
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state.whole_change(false)?;
        state.find(name)?;
        state.names.remove(name);
        state.name_changes.push(NameChange::Remove(name.to_owned()));
        Ok(())
    }

    fn sync_dir(&self) -> io::Result<()> {
        let mut state = self.state();
        if state.count_sync()? {
            return Err(io::Error::other("the device reported an error while syncing the directory"));
        }
        state.durable_names = state.names.clone();
        state.name_changes.clear();
        Ok(())
    }

    fn lock(&self) -> Result<Box<dyn DiskLock>, LockError> {
        let mut state = self.state();
        state.alive().map_err(LockError::Io)?;
        if state.locked {
            return Err(LockError::Held(None));
        }
        state.locked = true;
        let life = state.life;
        drop(state);
        Ok(Box::new(SimLock { disk: self.clone(), life }))
    }

    fn place(&self, name: &str) -> String {
        format!("sim/{name}")
    }
}

#[derive(Debug)]
struct SimLock {
    disk: SimDisk,
    life: u64,
}

impl DiskLock for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        let mut state = self.disk.state();
        if state.life == self.life {
            state.locked = false;
        }
    }
}

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    inode: usize,
    life: u64,
}

impl Drop for SimFile {
    fn drop(&mut self) {
        self.disk.state().handles -= 1;
    }
}

impl SimFile {
    fn state(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.disk.state();
        state.alive()?;
        if state.life != self.life {
            return Err(io::Error::other("this file was opened before the crash"));
        }
        Ok(state)
    }
}

impl DiskFile for SimFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.state()?;
        let bytes = state.inodes[self.inode].cache.get(offset as usize..).unwrap_or_default();
        let read = bytes.len().min(buf.len());
        buf[..read].copy_from_slice(&bytes[..read]);
        Ok(read)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.state()?.write(self.inode, bytes, offset)
    }

    fn write_durable_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.state()?;
        state.write(self.inode, bytes, offset)?;
        let end = offset as usize + bytes.len();
        let len = state.inodes[self.inode].disk.len().max(end);
        state.sync(self.inode, sectors(offset as usize, end), len)
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.state()?;
        let len = state.inodes[self.inode].cache.len();
        state.sync(self.inode, 0..usize::MAX, len)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state()?;
        let longer = state.inodes[self.inode].cache.len() < len as usize;
        state.whole_change(longer)?;
        state.inodes[self.inode].set_len(len as usize);
        Ok(())
    }

    fn allocate(&self, len: u64) -> io::Result<()> {
        let mut state = self.state()?;
        let longer = state.inodes[self.inode].cache.len() < len as usize;
        if longer {
            state.whole_change(true)?;
            state.inodes[self.inode].set_len(len as usize);
        }
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.state()?.inodes[self.inode].cache.len() as u64)
    }
}
