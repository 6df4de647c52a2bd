//! The files of a simulated disk: what the cache has, what the disk has, and what becomes of the difference.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;

use super::WriteFault;

const SECTOR_BYTES: usize = 512;

#[derive(Debug)]
pub(super) struct State {
    random: u64,
    pub(super) inodes: Vec<Inode>,
    pub(super) names: BTreeMap<String, usize>,
    pub(super) durable_names: BTreeMap<String, usize>,
    /// Changes to names since the last sync of the directory.
    pub(super) name_changes: Vec<NameChange>,
    /// Counts up with every crash; handles from before no longer work.
    pub(super) life: u64,
    pub(super) locked: bool,
    pub(super) dead: bool,
    pub(super) full: bool,
    pub(super) handles: usize,
    pub(super) writes: u64,
    pub(super) syncs: u64,
    pub(super) write_fault: Option<(u64, WriteFault)>,
    pub(super) sync_fault: Option<u64>,
}

#[derive(Debug, Default)]
pub(super) struct Inode {
    pub(super) cache: Vec<u8>,
    pub(super) disk: Vec<u8>,
    /// Sectors that the cache has and the disk may not.
    pub(super) dirty: BTreeSet<usize>,
}

#[derive(Debug)]
pub(super) enum NameChange {
    Create(String, usize),
    Rename { from: String, to: String, inode: usize },
    Remove(String),
}

impl State {
    pub(super) fn new(seed: u64) -> Self {
        Self {
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
        }
    }

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

    pub(super) fn alive(&self) -> io::Result<()> {
        if self.dead { Err(io::Error::other("the power is off")) } else { Ok(()) }
    }

    pub(super) fn find(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Counts a change and returns how it fails, if it does.
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
    pub(super) fn whole_change(&mut self, needs_room: bool) -> io::Result<()> {
        self.count_write(needs_room)?.map_or(Ok(()), |fault| Err(error_of(fault)))
    }

    pub(super) fn count_sync(&mut self) -> io::Result<bool> {
        self.alive()?;
        self.syncs += 1;
        let fails = self.sync_fault == Some(self.syncs);
        if fails {
            self.sync_fault = None;
        }
        Ok(fails)
    }

    pub(super) fn write(&mut self, inode: usize, bytes: &[u8], offset: u64) -> io::Result<()> {
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
    pub(super) fn sync(&mut self, inode: usize, sectors: Range<usize>, len: usize) -> io::Result<()> {
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

    pub(super) fn crash(&mut self) {
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

    pub(super) fn set_len(&mut self, len: usize) {
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

pub(super) fn sectors(start: usize, end: usize) -> Range<usize> {
    start / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES)
}

fn error_of(fault: WriteFault) -> io::Error {
    match fault {
        WriteFault::NoSpace => io::Error::new(io::ErrorKind::StorageFull, "no space left on the device"),
        WriteFault::Io => io::Error::other("the device reported an error"),
        WriteFault::PowerCut => io::Error::other("the power is off"),
    }
}
