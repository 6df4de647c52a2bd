//! Objects that are not needed to follow the log: pieces of segments that are there whole. They are compared with the log while it is
//! followed.

use std::collections::{BTreeMap, VecDeque};

use tocos_journal::{Hash, Position};

use crate::branch::BranchId;
use crate::catalogue::Objects;
use crate::fault::{Fault, Faulty};
use crate::follow::Followed;
use crate::names::Name;
use crate::piece::{Piece, PieceFault};
use crate::remote::Remote;
use crate::store::{Listed, StoreError};

/// An object whose frames are being compared.
struct Compared {
    object: String,
    /// The ends of its frames that are still to come.
    ends: VecDeque<Position>,
}

/// The objects of a branch that the log is not read from.
pub(super) struct Beside<'a> {
    remote: &'a Remote,
    branch: BranchId,
    ledger_id: [u8; 16],
    /// By first event; those that are read for the log are taken out as they come.
    waiting: BTreeMap<u64, Vec<(Name, &'a Listed)>>,
    compared: Vec<Compared>,
    pub(super) faults: Vec<Faulty>,
}

impl<'a> Beside<'a> {
    pub(super) fn new(remote: &'a Remote, branch: BranchId, ledger_id: [u8; 16], objects: &'a Objects) -> Self {
        let mut waiting: BTreeMap<u64, Vec<(Name, &'a Listed)>> = BTreeMap::new();
        for (first, name, listed) in objects.all().filter_map(|(name, listed)| match name {
            Name::Log(first) | Name::Tail(first) => Some((first, name, listed)),
            Name::Snapshot(_) | Name::Keys(..) | Name::Over(..) | Name::Mentions(..) => None,
        }) {
            waiting.entry(first).or_default().push((name, listed));
        }
        Self { remote, branch, ledger_id, waiting, compared: Vec::new(), faults: Vec::new() }
    }

    /// Takes a frame of the log into account.
    pub(super) fn take(&mut self, followed: &Followed<'_>) -> Result<(), StoreError> {
        let frame = &followed.frame;
        let before = Position { event: frame.first() - 1, chain: frame.prev() };
        for (name, listed) in self.waiting.remove(&frame.first()).unwrap_or_default() {
            if name != followed.from {
                self.open(name, listed, before)?;
            }
        }
        let end = Position { event: frame.last(), chain: frame.hash() };
        let mut others = Vec::new();
        self.compared.retain_mut(|compared| match compared.ends.pop_front() {
            Some(next) if next == end => !compared.ends.is_empty(),
            Some(_) => {
                others.push(compared.object.clone());
                false
            }
            None => false,
        });
        for object in others {
            self.note_other(object, before.event);
        }
        Ok(())
    }

    fn note_other(&mut self, object: String, event: u64) {
        let fault = Fault::Piece(PieceFault::OtherHistory { event });
        self.faults.push(Faulty { object, event: event + 1, fault });
    }

    /// Reads an object whose frames must be those of the log behind a place.
    fn open(&mut self, name: Name, listed: &Listed, after: Position) -> Result<(), StoreError> {
        let object = name.in_branch(self.branch);
        let event = after.event + 1;
        let Some(bytes) = self.remote.get(&listed.name)? else {
            self.faults.push(Faulty { object, event, fault: Fault::Missing });
            return Ok(());
        };
        let ends = Piece::open(bytes, &self.ledger_id).and_then(|piece| {
            let frames = piece.frames(after);
            let end = |hash: Hash, event| Position { event, chain: hash };
            frames.map(|frame| frame.map(|frame| end(frame.view.hash(), frame.view.last()))).collect()
        });
        match ends {
            Ok(ends) => self.compared.push(Compared { object, ends }),
            Err(PieceFault::EndsBefore { .. }) => {}
            Err(fault) => self.faults.push(Faulty { object, event, fault: Fault::Piece(fault) }),
        }
        Ok(())
    }

    /// Reads the objects that begin before the branch does.
    pub(super) fn begin(&mut self, root: Position) -> Result<(), StoreError> {
        while let Some(entry) = self.waiting.first_entry().filter(|entry| *entry.key() <= root.event) {
            for (name, listed) in entry.remove() {
                self.open(name, listed, root)?;
            }
        }
        Ok(())
    }

    /// What is left when the log has been followed up to a place: objects that begin at no frame of it, or go on behind it. Those
    /// behind its end were named by whoever followed it.
    pub(super) fn end(&mut self, end: Position, has_failed: bool) -> Result<(), StoreError> {
        if !has_failed {
            for compared in std::mem::take(&mut self.compared) {
                self.note_other(compared.object, end.event);
            }
        }
        for (first, objects) in std::mem::take(&mut self.waiting) {
            for (name, listed) in objects {
                let object = name.in_branch(self.branch);
                let bytes = self.remote.get(&listed.name)?;
                let opened = bytes.map(|bytes| Piece::open(bytes, &self.ledger_id));
                match opened {
                    Some(Err(fault)) => {
                        self.faults.push(Faulty { object, event: first, fault: Fault::Piece(fault) });
                    }
                    // It could not be compared: the log is not known up to there.
                    Some(Ok(_)) if has_failed && first > end.event => {}
                    Some(Ok(_)) => self.note_other(object, first - 1),
                    None => self.faults.push(Faulty { object, event: first, fault: Fault::Missing }),
                }
            }
        }
        Ok(())
    }
}
