//! What is in an archive by the names of its objects: its branches, and the objects of each. Names only say where to look: what
//! belongs to a ledger is told by its chain alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use tocos_journal::Position;

use crate::branch::{Branch, BranchId};
use crate::names::{Name, branch_object, described_branch};
use crate::remote::Remote;
use crate::store::{Listed, StoreError};

/// The objects of a branch, by the numbers in their names.
#[derive(Debug, Clone, Default)]
pub struct Objects {
    /// Sealed segments, by first event.
    pub logs: BTreeMap<u64, Listed>,
    /// Pieces of segments, by first event.
    pub tails: BTreeMap<u64, Listed>,
    /// Snapshots and tables.
    pub derived: BTreeMap<Name, Listed>,
}

impl Objects {
    /// No objects.
    pub const NONE: Self = Self { logs: BTreeMap::new(), tails: BTreeMap::new(), derived: BTreeMap::new() };

    fn add(&mut self, name: Name, listed: Listed) {
        let _other = match name {
            Name::Log(first) => self.logs.insert(first, listed),
            Name::Tail(first) => self.tails.insert(first, listed),
            Name::Snapshot(_) | Name::Keys(..) | Name::Over(..) | Name::Mentions(..) => {
                self.derived.insert(name, listed)
            }
        };
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = (Name, &Listed)> {
        let logs = self.logs.iter().map(|(first, listed)| (Name::Log(*first), listed));
        let tails = self.tails.iter().map(|(first, listed)| (Name::Tail(*first), listed));
        logs.chain(tails).chain(self.derived.iter().map(|(name, listed)| (*name, listed)))
    }

    /// The object that holds frames under this name.
    #[must_use]
    pub fn frames(&self, name: Name) -> Option<&Listed> {
        match name {
            Name::Log(first) => self.logs.get(&first),
            Name::Tail(first) => self.tails.get(&first),
            Name::Snapshot(_) | Name::Keys(..) | Name::Over(..) | Name::Mentions(..) => None,
        }
    }

    /// The snapshots, oldest first.
    pub fn snapshots(&self) -> impl Iterator<Item = (u64, &Listed)> {
        self.derived.iter().filter_map(|(name, listed)| match name {
            Name::Snapshot(event) => Some((*event, listed)),
            _ => None,
        })
    }

    /// How many there are, and their bytes.
    #[must_use]
    pub fn size(&self) -> (u64, u64) {
        self.all().fold((0, 0), |(count, bytes), (_, listed)| (count + 1, bytes + listed.bytes))
    }
}

/// A part of a ledger's log that lies in one branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The branch.
    pub branch: BranchId,
    /// The place in the log behind which it begins.
    pub from: Position,
    /// Where the next part goes on; none for the last one, which goes on to the end of its branch.
    pub to: Option<Position>,
}

/// Why it is not known where a branch comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineageFault {
    /// There is no such branch.
    NoBranch {
        /// The branch.
        branch: BranchId,
        /// The branch that names it as its parent, if one does.
        child: Option<BranchId>,
    },
    /// A branch is its own ancestor.
    Circle {
        /// The branch.
        branch: BranchId,
    },
    /// A branch and its parent are of two ledgers.
    OtherLedger {
        /// The branch.
        branch: BranchId,
        /// Its parent.
        parent: BranchId,
    },
}

impl fmt::Display for LineageFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBranch { branch, child: None } => write!(f, "there is no branch {branch} in the archive"),
            Self::NoBranch { branch, child: Some(child) } => {
                write!(f, "{} is missing: branch {child} goes on from it", branch_object(*branch))
            }
            Self::Circle { branch } => write!(f, "{} names a parent that comes from it", branch_object(*branch)),
            Self::OtherLedger { branch, parent } => {
                write!(f, "{} is of another ledger than its parent {parent}", branch_object(*branch))
            }
        }
    }
}

impl std::error::Error for LineageFault {}

/// What is in an archive.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// The branches that are described.
    pub branches: BTreeMap<BranchId, Branch>,
    /// The objects by branch, also of branches that are not described.
    pub objects: BTreeMap<BranchId, Objects>,
    /// Descriptions of branches that can't be read, and why.
    pub unreadable: Vec<(String, String)>,
    /// Names that mean nothing here.
    pub strange: Vec<String>,
    /// When each branch was described, by the store's clock, in microseconds since 1970 in UTC.
    pub described_at_us: BTreeMap<BranchId, i64>,
}

impl Catalogue {
    /// Lists an archive and reads what describes its branches.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn read(remote: &Remote) -> Result<Self, StoreError> {
        let mut catalogue = Self::default();
        for listed in remote.list()? {
            if let Some((branch, name)) = Name::parse_in_branch(&listed.name) {
                catalogue.objects.entry(branch).or_default().add(name, listed);
            } else if let Some(id) = described_branch(&listed.name) {
                catalogue.described_at_us.insert(id, listed.put_at_us);
                catalogue.describe(remote, id, &listed.name)?;
            } else {
                catalogue.strange.push(listed.name);
            }
        }
        catalogue.strange.sort_unstable();
        Ok(catalogue)
    }

    fn describe(&mut self, remote: &Remote, id: BranchId, name: &str) -> Result<(), StoreError> {
        let Some(bytes) = remote.get(name)? else { return Ok(()) };
        match Branch::decode(&bytes) {
            Ok(branch) if branch.id == id => drop(self.branches.insert(id, branch)),
            Ok(_) => self.unreadable.push((name.to_owned(), "it describes another branch".to_owned())),
            Err(fault) => self.unreadable.push((name.to_owned(), fault.to_string())),
        }
        Ok(())
    }

    /// The branch that began last.
    #[must_use]
    pub fn newest(&self) -> Option<&Branch> {
        self.branches.values().max_by_key(|branch| (branch.began_at_us, branch.id))
    }

    /// The snapshots and tables that may be of a log: those of its parts that were not put after the log left them.
    pub fn derived_of<'a>(&'a self, parts: &'a [Part]) -> impl Iterator<Item = (Name, &'a Listed)> {
        parts.iter().flat_map(|part| {
            let derived = self.objects.get(&part.branch).into_iter().flat_map(|objects| &objects.derived);
            let last = part.to.map_or(u64::MAX, |to| to.event);
            derived.map(|(name, listed)| (*name, listed)).filter(move |(name, _)| name.last_event() <= last)
        })
    }

    /// The parts of the log of a branch, from the start of the ledger on.
    ///
    /// # Errors
    /// [`LineageFault`].
    pub fn lineage(&self, branch: BranchId) -> Result<Vec<Part>, LineageFault> {
        let mut parts = Vec::new();
        let mut seen = BTreeSet::new();
        let (mut next, mut child, mut to): (_, Option<&Branch>, Option<Position>) = (Some(branch), None, None);
        while let Some(id) = next {
            let found = self.branches.get(&id);
            let found = found.ok_or(LineageFault::NoBranch { branch: id, child: child.map(|child| child.id) })?;
            if !seen.insert(id) {
                return Err(LineageFault::Circle { branch: id });
            }
            if let Some(child) = child.filter(|child| child.ledger_id != found.ledger_id) {
                return Err(LineageFault::OtherLedger { branch: child.id, parent: id });
            }
            let from = found.root();
            // A branch that was left before it had anything of its own adds nothing.
            if to.is_none_or(|to| to.event > from.event) {
                parts.push(Part { branch: id, from, to });
                to = Some(from);
            }
            (next, child) = (found.parent.map(|parent| parent.branch), Some(found));
        }
        parts.reverse();
        Ok(parts)
    }
}
