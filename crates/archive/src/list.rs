//! What an archive has, as far as the names and the last object of each branch tell, and how a local ledger compares with it.

use std::io;

use tocos_journal::Disk;

use crate::branch::{Branch, BranchId};
use crate::catalogue::Catalogue;
use crate::names::Name;
use crate::remote::Remote;
use crate::segment_file::SegmentFile;
use crate::store::StoreError;
use crate::tip::Tip;

/// A branch in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// What describes it.
    pub branch: Branch,
    /// Where its log ends; none if it has none, or its last object can't be read.
    pub tip: Option<Tip>,
    /// How many objects it has.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The events of its snapshots, oldest first.
    pub snapshots: Vec<u64>,
}

/// The branches of an archive, in the order in which they began, and the descriptions that can't be read.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// The branches; the last one is what a restore takes.
    pub branches: Vec<Summary>,
    /// What can't be read, and why.
    pub unreadable: Vec<(String, String)>,
}

/// Lists an archive.
///
/// # Errors
/// [`StoreError`].
pub fn list(remote: &Remote) -> Result<Listing, StoreError> {
    let catalogue = Catalogue::read(remote)?;
    let mut branches = Vec::new();
    for branch in catalogue.branches.values() {
        branches.push(summary(remote, &catalogue, branch)?);
    }
    branches.sort_by_key(|one| (one.branch.began_at_us, one.branch.id));
    Ok(Listing { branches, unreadable: catalogue.unreadable })
}

/// The newest branch of an archive; none if there is none.
///
/// # Errors
/// [`StoreError`].
pub fn newest(remote: &Remote) -> Result<Option<Summary>, StoreError> {
    let catalogue = Catalogue::read(remote)?;
    catalogue.newest().map(|branch| summary(remote, &catalogue, branch)).transpose()
}

fn summary(remote: &Remote, catalogue: &Catalogue, branch: &Branch) -> Result<Summary, StoreError> {
    let objects = catalogue.objects.get(&branch.id).cloned().unwrap_or_default();
    let tip = Tip::read(remote, &branch.ledger_id, &objects)?;
    let (count, bytes) = objects.size();
    let snapshots = objects.snapshots().map(|(event, _)| event).collect();
    Ok(Summary { branch: branch.clone(), tip, objects: count, bytes, snapshots })
}

/// A local ledger beside a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Local {
    /// There is no log in the directory.
    Empty,
    /// It is another ledger.
    OtherLedger,
    /// It has what the branch has, up to this event of its own.
    Ahead {
        /// Its last event.
        last_event: u64,
    },
    /// It ends before the branch does.
    Behind {
        /// Its last event.
        last_event: u64,
    },
    /// It has other events than the branch.
    Differs {
        /// Its last event.
        last_event: u64,
    },
}

/// Compares the ledger in a directory with the end of a branch. A service may be running on it.
///
/// # Errors
/// If the directory can't be read.
pub fn compare(disk: &dyn Disk, ledger_id: &[u8; 16], tip: &Tip) -> io::Result<Local> {
    let names = disk.list()?;
    let mut firsts: Vec<u64> = names
        .iter()
        .filter_map(|name| match Name::parse(name)? {
            Name::Log(first) => Some(first),
            _ => None,
        })
        .collect();
    firsts.sort_unstable();
    let Some(last) = firsts.last() else { return Ok(Local::Empty) };
    let event = tip.position.event;
    let with_tip = firsts.iter().rev().find(|first| **first <= event);
    let (mut last_event, mut is_same) = (0, false);
    for first in with_tip.into_iter().chain((with_tip != Some(last)).then_some(last)) {
        let Some(mut segment) = SegmentFile::open(disk, *first)? else { continue };
        if segment.header().ledger_id != *ledger_id {
            return Ok(Local::OtherLedger);
        }
        while segment.next_frame()?.is_some() {
            is_same |= segment.position() == tip.position;
        }
        last_event = segment.position().event;
    }
    Ok(if is_same {
        Local::Ahead { last_event }
    } else if last_event < event {
        Local::Behind { last_event }
    } else {
        Local::Differs { last_event }
    })
}

impl Summary {
    /// The branch that it leaves and the last event that both have; none for the first branch.
    #[must_use]
    pub fn parent(&self) -> Option<(BranchId, u64)> {
        self.branch.parent.map(|parent| (parent.branch, parent.at.event))
    }
}
