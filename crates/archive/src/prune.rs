//! Which objects no restore needs any more, and removing them.
//!
//! Kept is whatever a restore needs to a moment of the last so many days, of every branch that was written to in that time, and to the
//! latest state always. A restore needs the whole log up to its moment, so log objects are removed only with their branch. What is
//! younger than the time to keep stays in any case.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use tocos_journal::Position;

use crate::branch::{Branch, BranchId};
use crate::catalogue::{Catalogue, LineageFault, Objects, Part};
use crate::derived::cover;
use crate::fault::{Fault, Faulty};
use crate::follow::{FollowError, Walk};
use crate::names::{Name, branch_object};
use crate::remote::Remote;
use crate::store::{Listed, StoreError};

/// Why an object is not needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// A piece of a segment that is there whole and was verified.
    Covered,
    /// A snapshot that no restore within the time takes.
    Snapshot,
    /// A table that no restore within the time takes.
    Table,
    /// Of a branch that ended before the time, and that no branch within it comes from.
    EndedBranch,
    /// Of a branch that is not described any more.
    NoBranch,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Covered => "pieces of segments that are there whole",
            Self::Snapshot => "snapshots that no restore takes any more",
            Self::Table => "tables that no restore takes any more",
            Self::EndedBranch => "objects of branches that ended before",
            Self::NoBranch => "objects of branches that were removed",
        })
    }
}

/// An object to be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Its name below the URL of the archive.
    pub object: String,
    /// Its length.
    pub bytes: u64,
    /// Why.
    pub why: Why,
}

/// Why nothing can be removed.
#[derive(Debug)]
pub enum PruneError {
    /// The store could not be read.
    Store(StoreError),
    /// The archive is not sound.
    Unsound {
        /// What is wrong.
        reason: String,
    },
}

impl fmt::Display for PruneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Unsound { reason } => write!(
                f,
                "nothing is removed, since the archive is not sound: {reason}. `tocos archive verify` names everything that is wrong"
            ),
        }
    }
}

impl std::error::Error for PruneError {}

impl From<StoreError> for PruneError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<FollowError> for PruneError {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::Store(error) => Self::Store(error),
            error => Self::Unsound { reason: error.to_string() },
        }
    }
}

impl From<LineageFault> for PruneError {
    fn from(fault: LineageFault) -> Self {
        Self::Unsound { reason: fault.to_string() }
    }
}

/// The objects that can be removed if what was put from `since_us` on (microseconds since 1970 in UTC) is to stay, and every moment
/// since then can be restored. `progress` is told of the bytes that are read.
///
/// # Errors
/// [`PruneError`].
pub fn plan(remote: &Remote, since_us: i64, progress: &mut dyn FnMut(u64)) -> Result<Vec<Removal>, PruneError> {
    plan_of(remote, (since_us, since_us), progress)
}

/// The same with two clocks: the time of events from which on every moment can be restored, and the time of the store from which on
/// what was put stays.
///
/// # Errors
/// [`PruneError`].
pub fn plan_of(
    remote: &Remote,
    (since_us, put_since_us): (i64, i64),
    progress: &mut dyn FnMut(u64),
) -> Result<Vec<Removal>, PruneError> {
    let catalogue = Catalogue::read(remote)?;
    if let Some((object, reason)) = catalogue.unreadable.first() {
        return Err(PruneError::Unsound { reason: format!("{object} can't be read: {reason}") });
    }
    let kept = kept_branches(&catalogue, put_since_us);
    let mut lineages = BTreeMap::new();
    for branch in &kept {
        lineages.insert(*branch, catalogue.lineage(*branch)?);
    }
    // With what they come from.
    let needed: BTreeSet<BranchId> =
        lineages.values().flatten().map(|part| part.branch).chain(ancestors(&catalogue, &kept)).collect();
    let mut walked = BTreeMap::new();
    for branch in needed.iter().filter_map(|id| catalogue.branches.get(id)) {
        walked.insert(branch.id, Walked::of(remote, &catalogue, branch, since_us, progress)?);
    }
    check_crossings(&lineages, &walked)?;
    let derived = needed_derived(&catalogue, &lineages, &walked);
    let mut removals = Vec::new();
    for (id, objects) in &catalogue.objects {
        let is_described = catalogue.branches.contains_key(id);
        for (name, listed) in objects.all().filter(|(_, listed)| listed.put_at_us < put_since_us) {
            let why = match walked.get(id) {
                Some(walked) => walked.why(name).filter(|_| !derived.contains(&listed.name)),
                None if is_described => Some(Why::EndedBranch),
                None => Some(Why::NoBranch),
            };
            if let Some(why) = why {
                removals.push(Removal { object: listed.name.clone(), bytes: listed.bytes, why });
            }
        }
    }
    let gone = catalogue.branches.keys().filter(|id| !needed.contains(id));
    // A branch goes before its objects: nothing then takes it for one that can be restored.
    let descriptions = gone.map(|id| Removal { object: branch_object(*id), bytes: 0, why: Why::EndedBranch });
    Ok(descriptions.chain(removals).collect())
}

/// Removes objects, one after the other.
///
/// # Errors
/// [`StoreError`]. Those before it are removed; another plan names the rest.
pub fn remove(remote: &Remote, removals: &[Removal], progress: &mut dyn FnMut(&Removal)) -> Result<(), StoreError> {
    for removal in removals {
        remote.remove(&removal.object)?;
        progress(removal);
    }
    Ok(())
}

/// The branches that were written to in the time, and the newest one.
fn kept_branches(catalogue: &Catalogue, since_us: i64) -> BTreeSet<BranchId> {
    let is_kept = |branch: &&Branch| {
        let described = catalogue.described_at_us.get(&branch.id).copied();
        let objects = catalogue.objects.get(&branch.id).into_iter().flat_map(Objects::all);
        let put = objects.map(|(_, listed)| listed.put_at_us).chain(described).chain([branch.began_at_us]).max();
        put.is_none_or(|put| put >= since_us)
    };
    let kept = catalogue.branches.values().filter(is_kept).map(|branch| branch.id);
    kept.chain(catalogue.newest().map(|branch| branch.id)).collect()
}

/// The branches that others come from.
fn ancestors(catalogue: &Catalogue, of: &BTreeSet<BranchId>) -> BTreeSet<BranchId> {
    let mut found = BTreeSet::new();
    let mut next: Vec<BranchId> = of.iter().copied().collect();
    while let Some(id) = next.pop() {
        if let Some(parent) = catalogue.branches.get(&id).and_then(|branch| branch.parent)
            && found.insert(parent.branch)
        {
            next.push(parent.branch);
        }
    }
    found
}

/// Every branch goes on from a frame of the one that it comes from.
fn check_crossings(
    lineages: &BTreeMap<BranchId, Vec<Part>>,
    walked: &BTreeMap<BranchId, Walked>,
) -> Result<(), PruneError> {
    for part in lineages.values().flatten() {
        let Some(to) = part.to else { continue };
        if !walked.get(&part.branch).is_some_and(|walked| walked.crossings.contains(&to.event)) {
            return Err(FollowError::NotShared { branch: part.branch, event: to.event }.into());
        }
    }
    Ok(())
}

/// What a walk over a branch's own log has shown.
#[derive(Debug, Default)]
struct Walked {
    /// Events of segments that are there whole: the first and the last.
    whole: Vec<(u64, u64)>,
    /// The last event before the time to keep; none if there is none.
    before: Option<u64>,
    last_event: u64,
    /// The places where children leave it, as far as they are as those say.
    crossings: BTreeSet<u64>,
}

impl Walked {
    fn of(
        remote: &Remote,
        catalogue: &Catalogue,
        branch: &Branch,
        since_us: i64,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, PruneError> {
        const NONE: &Objects = &Objects::NONE;
        let objects = catalogue.objects.get(&branch.id).unwrap_or(NONE);
        let roots: BTreeSet<(u64, [u8; 32])> =
            catalogue.branches.values().map(Branch::root).map(|root| (root.event, root.chain)).collect();
        let part = Part { branch: branch.id, from: branch.root(), to: None };
        let mut walk = Walk::new(remote, branch.ledger_id, part, objects);
        let mut walked = Self { last_event: branch.root().event, ..Self::default() };
        let mut open: Option<Open> = None;
        walk.run(&mut |followed| {
            let frame = &followed.frame;
            progress(followed.bytes.len() as u64);
            if frame.at_us() < since_us {
                walked.before = Some(frame.last());
            }
            if roots.contains(&(frame.last(), frame.hash())) {
                walked.crossings.insert(frame.last());
            }
            let is_log = matches!(followed.from, Name::Log(_));
            match &mut open {
                Some(open) if open.segment == followed.segment.first => {
                    open.last = frame.last();
                    open.is_whole &= is_log;
                }
                _ => {
                    let next = Open {
                        segment: followed.segment.first,
                        first: frame.first(),
                        last: frame.last(),
                        is_whole: is_log,
                    };
                    walked
                        .whole
                        .extend(open.replace(next).filter(|open| open.is_whole).map(|open| (open.first, open.last)));
                }
            }
            walked.last_event = frame.last();
            Ok::<_, FollowError>(true)
        })?;
        if let Some(fault) = walk.faults().iter().find(|fault| is_damage(fault)) {
            return Err(PruneError::Unsound { reason: fault.to_string() });
        }
        Ok(walked)
    }

    /// Why an object of a branch that stays is not needed; derived ones may be needed all the same.
    fn why(&self, name: Name) -> Option<Why> {
        match name {
            Name::Log(_) => None,
            Name::Tail(first) => {
                // A piece never goes over from one segment to the next.
                let is_covered = self.whole.iter().any(|(from, to)| (from..=to).contains(&&first));
                is_covered.then_some(Why::Covered)
            }
            Name::Snapshot(_) => Some(Why::Snapshot),
            Name::Keys(..) | Name::Over(..) | Name::Mentions(..) => Some(Why::Table),
        }
    }
}

struct Open {
    segment: u64,
    first: u64,
    last: u64,
    is_whole: bool,
}

fn is_damage(fault: &Faulty) -> bool {
    !fault.is_stale() && fault.fault != Fault::Missing
}

/// The snapshots and tables that restores to a moment within the time take, by name.
fn needed_derived(
    catalogue: &Catalogue,
    lineages: &BTreeMap<BranchId, Vec<Part>>,
    walked: &BTreeMap<BranchId, Walked>,
) -> BTreeSet<String> {
    let mut needed = BTreeSet::new();
    for parts in lineages.values() {
        let of_part = |part: &Part| {
            let walked = walked.get(&part.branch)?;
            Some(walked.before?.min(part.to.map_or(u64::MAX, |to: Position| to.event)))
        };
        let earliest = parts.iter().filter_map(of_part).max().unwrap_or(0);
        let all: Vec<(Name, &Listed)> = catalogue.derived_of(parts).collect();
        for range_of in [snapshot_range, keys_range, over_range, mentions_range] {
            let ranges: Vec<((u64, u64), &Listed)> =
                all.iter().filter_map(|(name, listed)| Some((range_of(*name)?, *listed))).collect();
            let later = ranges.iter().map(|((_, to), _)| *to).filter(|to| *to > earliest);
            let targets: BTreeSet<u64> = later.chain([earliest]).collect();
            for target in targets {
                let chosen: BTreeSet<(u64, u64)> = if range_of(Name::Snapshot(1)).is_some() {
                    ranges.iter().map(|(range, _)| *range).filter(|(_, to)| *to <= target).max().into_iter().collect()
                } else {
                    cover(ranges.iter().map(|(range, _)| *range), target).into_iter().collect()
                };
                let names = ranges.iter().filter(|(range, _)| chosen.contains(range));
                needed.extend(names.map(|(_, listed)| listed.name.clone()));
            }
        }
    }
    needed
}

fn snapshot_range(name: Name) -> Option<(u64, u64)> {
    if let Name::Snapshot(event) = name { Some((event, event)) } else { None }
}

fn keys_range(name: Name) -> Option<(u64, u64)> {
    if let Name::Keys(from, to) = name { Some((from, to)) } else { None }
}

fn over_range(name: Name) -> Option<(u64, u64)> {
    if let Name::Over(from, to) = name { Some((from, to)) } else { None }
}

fn mentions_range(name: Name) -> Option<(u64, u64)> {
    if let Name::Mentions(from, to) = name { Some((from, to)) } else { None }
}
