//! What is over, found by tables beside the log: the events of old idempotency keys, and the last event about each hold
//! that has ended and each event that was reversed, and the events that mention a reference, a schedule or a grant. The log can
//! make all of them again.

mod build;
mod merge;
mod policy;
mod startup;

pub(crate) use build::{build, build_kinds, slots_of};
pub(crate) use merge::{Merge, merge, rebuild, remove};
pub use policy::TableOptions;
pub(crate) use policy::due;
pub(crate) use startup::{complete, is_listed, list, make_ahead, open};

use crate::error::Unavailable;
use std::array::from_fn;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tocos_journal::blockfile::BlockFileError;
use tocos_journal::{FilterBits, Table, table_name, table_range};

/// What a table tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The events that idempotency keys name.
    Keys,
    /// The last events about what is over.
    Over,
    /// The events that mention something, of which there may be many.
    Mentions,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Keys, Self::Over, Self::Mentions];

    fn word(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Over => "over",
            Self::Mentions => "mentions",
        }
    }

    /// What its files say they are.
    pub(crate) fn in_header(self) -> [u8; 8] {
        match self {
            Self::Keys => *b"KEYS\0\0\0\x02",
            Self::Over => *b"OVER\0\0\0\x01",
            Self::Mentions => *b"MENTION\x01",
        }
    }

    /// Bits of the filter for each slot of a table of so many. New keys are asked for all the time, and old ones hardly ever. The others
    /// are asked for mostly where they are there.
    pub(crate) fn bits_per_slot(self, count: u64) -> u32 {
        match self {
            Self::Keys => filter_bits_per_key(count),
            Self::Over | Self::Mentions => 0,
        }
    }

    /// How many slots a table may have that is made by a merge. All slots of one hash are in memory at once while it is written, and
    /// one reference may be that of every event.
    pub(crate) fn merged_max(self) -> u64 {
        match self {
            Self::Keys | Self::Over => u64::MAX,
            Self::Mentions => 1 << 24,
        }
    }

    pub(crate) fn name(self, range: (u64, u64)) -> String {
        table_name(self.word(), range)
    }

    /// The kind and the range of the table that has this name.
    pub(crate) fn of_name(name: &str) -> Option<(Self, (u64, u64))> {
        Self::ALL.into_iter().find_map(|kind| Some((kind, table_range(kind.word(), name)?)))
    }
}

/// Keys of a small table, at most.
const SMALL: u64 = 1 << 24;

/// Bits that the filter of a table of so many keys has for each. Small tables are many, and take little memory: theirs let few pass, since
/// reading a page takes a hundred times as long as asking a filter.
#[must_use]
pub fn filter_bits_per_key(keys: u64) -> u32 {
    if keys <= SMALL { 20 } else { 14 }
}

/// Keys whose filters are fetched at once.
const TOUCHED_AT_ONCE: usize = 64;

/// A table that is in use.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) kind: Kind,
    pub(crate) table: Table,
    /// Something of it can't be read: it is to be made again.
    is_damaged: AtomicBool,
}

impl Listed {
    pub(crate) fn new(kind: Kind, table: Table) -> Arc<Self> {
        Arc::new(Self { kind, table, is_damaged: AtomicBool::new(false) })
    }

    pub(crate) fn is_damaged(&self) -> bool {
        self.is_damaged.load(Ordering::Relaxed)
    }

    /// Takes note of an error. Only of damage: what the system refuses may work the next time.
    pub(crate) fn note(&self, error: &BlockFileError) {
        if !matches!(error, BlockFileError::Disk { .. }) {
            self.is_damaged.store(true, Ordering::Relaxed);
        }
    }

    fn find(&self, hash: u128) -> Result<Option<u64>, Unavailable> {
        self.table.find(hash).map_err(|error| self.failed(&error))
    }

    fn prepare(&self, hash: u128) -> Result<bool, Unavailable> {
        self.table.prepare(hash).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &BlockFileError) -> Unavailable {
        self.note(error);
        Unavailable::Tables { cause: error.to_string() }
    }
}

/// The tables in use: of each kind one for each event up to some event, in the order of their ranges. A clone shares them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tables {
    keys: Vec<Arc<Listed>>,
    over: Vec<Arc<Listed>>,
    mentions: Vec<Arc<Listed>>,
    /// Keys of later events are in memory: tables that begin later are not asked for any.
    floor: u64,
}

/// The tables that a writer has in use, for who does not have the writer.
#[derive(Clone, Debug, Default)]
pub(crate) struct InUse(Arc<Mutex<Arc<Tables>>>);

impl InUse {
    pub(crate) fn get(&self) -> Arc<Tables> {
        Arc::clone(&self.slot())
    }

    pub(crate) fn set(&self, tables: &Arc<Tables>) {
        *self.slot() = Arc::clone(tables);
    }

    fn slot(&self) -> MutexGuard<'_, Arc<Tables>> {
        // Nothing in here can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    pub(crate) fn of(&self, kind: Kind) -> &[Arc<Listed>] {
        match kind {
            Kind::Keys => &self.keys,
            Kind::Over => &self.over,
            Kind::Mentions => &self.mentions,
        }
    }

    fn of_mut(&mut self, kind: Kind) -> &mut Vec<Arc<Listed>> {
        match kind {
            Kind::Keys => &mut self.keys,
            Kind::Over => &mut self.over,
            Kind::Mentions => &mut self.mentions,
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Listed>> {
        self.keys.iter().chain(&self.over).chain(&self.mentions)
    }

    /// Up to which event tables without a gap between them tell everything of all kinds.
    pub(crate) fn covered(&self) -> u64 {
        Kind::ALL.into_iter().map(|kind| self.covered_by(kind)).min().unwrap_or(0)
    }

    fn covered_by(&self, kind: Kind) -> u64 {
        self.of(kind).iter().map(|listed| listed.table.range()).fold(
            0,
            |end, (from, to)| {
                if from == end + 1 { to } else { end }
            },
        )
    }

    /// How many keys are in tables.
    pub(crate) fn key_count(&self) -> u64 {
        self.keys.iter().map(|listed| listed.table.count()).sum()
    }

    /// Puts tables where their ranges belong, in place of those whose names are given.
    pub(crate) fn replace(&mut self, old: &[Arc<Listed>], new: &[Arc<Listed>]) {
        for kind in Kind::ALL {
            let tables = self.of_mut(kind);
            tables.retain(|listed| !old.iter().any(|other| Arc::ptr_eq(listed, other)));
            tables.extend(new.iter().filter(|listed| listed.kind == kind).cloned());
            tables.sort_by_key(|listed| listed.table.range());
        }
    }

    /// The event through which keys need not be in memory, if some `in_memory` of them are to stay there.
    pub(crate) fn floor_for(&self, in_memory: u64) -> u64 {
        let covered = self.covered_by(Kind::Keys);
        let mut kept = 0;
        for listed in self.keys.iter().rev().filter(|listed| listed.table.range().1 <= covered) {
            kept += listed.table.count();
            if kept > in_memory {
                return listed.table.range().1;
            }
        }
        0
    }

    /// Keys of events up to this one may no longer be in memory.
    pub(crate) fn set_floor(&mut self, floor: u64) {
        self.floor = self.floor.max(floor);
    }

    /// See [`Tables::set_floor`].
    pub(crate) fn floor(&self) -> u64 {
        self.floor
    }

    /// Whether all keys are in memory.
    pub(crate) fn are_keys_in_memory(&self) -> bool {
        self.floor == 0
    }

    fn asked_for_keys(&self) -> impl Iterator<Item = &Arc<Listed>> {
        self.keys.iter().rev().filter(|listed| listed.table.range().0 <= self.floor)
    }

    /// The event that an old key names, given the hash of the key.
    pub(crate) fn find_key(&self, hash: u128) -> Result<Option<u64>, Unavailable> {
        for listed in self.asked_for_keys() {
            if let Some(event) = listed.find(hash)? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// The same for many. What they need of the memory is fetched at once, and what they need of the disk.
    pub(crate) fn find_keys(&self, hashes: &[Option<u128>]) -> Result<Vec<Option<u64>>, Unavailable> {
        let mut candidates = Vec::new();
        for (chunk, hashes) in hashes.chunks(TOUCHED_AT_ONCE).enumerate() {
            let mut may_be_there = [false; TOUCHED_AT_ONCE];
            let bits: [_; TOUCHED_AT_ONCE] =
                from_fn(|at| FilterBits::of(hashes.get(at).copied().flatten().unwrap_or(0)));
            for listed in self.asked_for_keys() {
                let mut blocks = [None; TOUCHED_AT_ONCE];
                for (block, hash) in blocks.iter_mut().zip(hashes) {
                    *block = hash.and_then(|hash| listed.table.filter_block(hash));
                }
                // A loop of nothing else: the processor waits for all of them together.
                black_box(blocks.iter().flatten().fold(0, |all, block| all ^ block.touch()));
                for (at, hash) in hashes.iter().enumerate().filter_map(|(at, hash)| Some((at, (*hash)?))) {
                    if blocks[at].is_none_or(|block| block.may_have(&bits[at])) {
                        may_be_there[at] |= listed.prepare(hash)?;
                    }
                }
            }
            let places = (chunk * TOUCHED_AT_ONCE..).zip(hashes).zip(may_be_there);
            candidates
                .extend(places.filter_map(|((at, hash), may_be_there)| Some((at, (*hash)?)).filter(|_| may_be_there)));
        }
        let mut found = vec![None; hashes.len()];
        for (at, hash) in candidates {
            found[at] = self.find_key(hash)?;
        }
        Ok(found)
    }

    /// The events after event `after` that mention what has this hash, in ascending order, `limit` of them at most, and the event up
    /// to which tables tell.
    pub(crate) fn find_mentions(&self, hash: u128, after: u64, limit: usize) -> Result<(Vec<u64>, u64), Unavailable> {
        let covered = self.covered_by(Kind::Mentions);
        let mut found = Vec::new();
        for listed in self.mentions.iter().filter(|listed| listed.table.range().1 <= covered) {
            if found.len() == limit {
                break;
            }
            let more = listed.table.find_after(hash, after, limit - found.len());
            found.extend(more.map_err(|error| listed.failed(&error))?);
        }
        Ok((found, covered))
    }

    /// The last event about what is over, given its hash.
    pub(crate) fn find_over(&self, hash: u128) -> Result<Option<u64>, Unavailable> {
        for listed in self.over.iter().rev() {
            if let Some(event) = listed.find(hash)? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }
}
