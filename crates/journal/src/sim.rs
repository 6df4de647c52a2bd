//! A disk in memory that crashes, tears, reorders, fills up and fails, all from one seed: the same seed and the same
//! calls give the same disk. For tests, here and in the crates that use this one.
//!
//! What is written is in the *cache* until it is synced, per sector of 512 bytes. A [`crash`](SimDisk::crash) keeps a random
//! part of what was only in the cache, in no order; the same goes for names and lengths. A failed sync behaves as on Linux:
//! what could not be written is no longer dirty, so a later sync reports success without writing it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::disk::{Disk, DiskFile, DiskLock, LockError};

mod state;

use state::{Inode, NameChange, State, sectors};

/// How a write goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteFault {
    /// The disk is full: a random beginning of the bytes gets into the file.
    NoSpace,
    /// The device fails: a random beginning of the bytes gets into the file.
    Io,
    /// A power failure: all bytes are in the cache, unsynced, and nothing works until [`SimDisk::crash`].
    PowerCut,
}

/// A disk in memory. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

impl SimDisk {
    /// An empty disk. All chance comes from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(seed))) }
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

    /// Whether every write that needs disk space fails from now on.
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
        let inode = Inode { cache: bytes.to_vec(), disk: bytes.to_vec(), ..Inode::default() };
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
