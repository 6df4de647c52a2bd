//! Verifying a whole archive without a local ledger: the log of every branch, every object, and the checksums of snapshots and tables.

mod beside;

use std::collections::{BTreeMap, BTreeSet};

use tocos_journal::{Hash, Position};

use crate::branch::{Branch, BranchId};
use crate::catalogue::{Catalogue, Objects, Part};
use crate::derived::check;
use crate::fault::{Fault, Faulty};
use crate::follow::{End, FollowError, Walk};
use crate::names::{Name, branch_object};
use crate::object_disk::ObjectDisk;
use crate::remote::Remote;
use crate::store::StoreError;
use beside::Beside;

/// A branch that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedBranch {
    /// The branch.
    pub id: BranchId,
    /// Its first event.
    pub first_event: u64,
    /// The last event that its log is good up to; one less than the first if it has none.
    pub last_event: u64,
    /// The time of the last event, microseconds since 1970 in UTC; 0 if it has none.
    pub last_at_us: i64,
    /// Its objects and their bytes.
    pub objects: (u64, u64),
}

/// What is in an archive, and what is wrong with it.
#[derive(Debug, Clone, Default)]
pub struct Verified {
    /// The branches, parents before children.
    pub branches: Vec<VerifiedBranch>,
    /// What is wrong, each with its object.
    pub faults: Vec<String>,
    /// What is left over or missing without harm.
    pub notes: Vec<String>,
}

/// Events whose frames must end with a known hash, by the branch that has them.
type Ends = BTreeMap<BranchId, BTreeMap<u64, Option<Hash>>>;

/// Verifies an archive. `progress` is told of the bytes of each frame.
///
/// # Errors
/// [`StoreError`]: the store could not be read.
pub fn verify(remote: &Remote, progress: &mut dyn FnMut(u64)) -> Result<Verified, StoreError> {
    let catalogue = Catalogue::read(remote)?;
    let mut verified = Verified::default();
    for (object, reason) in &catalogue.unreadable {
        verified.faults.push(format!("{object} can't be read: {reason}"));
    }
    for branch in catalogue.objects.keys().filter(|branch| !catalogue.branches.contains_key(branch)) {
        verified
            .faults
            .push(format!("{} is missing or can't be read: there are objects of this branch", branch_object(*branch)));
    }
    verified.notes.extend(catalogue.strange.iter().map(|name| format!("{name} is not part of an archive")));
    let mut lineages = Vec::new();
    for branch in catalogue.branches.values() {
        match catalogue.lineage(branch.id) {
            Ok(parts) => lineages.push((branch, parts)),
            Err(fault) => verified.faults.push(fault.to_string()),
        }
    }
    // Parents first.
    lineages.sort_by_key(|(branch, parts)| (parts.len(), branch.root().event, branch.id));
    let mut ends = ends_of(&catalogue, &lineages);
    for (branch, parts) in &lineages {
        let mut verifying = Verifying { remote, catalogue: &catalogue, ends: &mut ends, verified: &mut verified };
        verifying.branch(branch, parts, progress)?;
    }
    let mut seen = BTreeSet::new();
    verified.faults.retain(|fault| seen.insert(fault.clone()));
    let mut seen = BTreeSet::new();
    verified.notes.retain(|note| seen.insert(note.clone()));
    Ok(verified)
}

/// The branch of a log that has an event.
fn branch_with(parts: &[Part], event: u64) -> Option<BranchId> {
    parts
        .iter()
        .find(|part| part.from.event < event && part.to.is_none_or(|to| event <= to.event))
        .map(|part| part.branch)
}

fn ends_of(catalogue: &Catalogue, lineages: &[(&Branch, Vec<Part>)]) -> Ends {
    let mut ends = Ends::new();
    for (branch, parts) in lineages {
        let derived = catalogue.objects.get(&branch.id).into_iter().flat_map(|objects| objects.derived.keys());
        for event in derived.map(Name::last_event).chain([branch.root().event]) {
            if let Some(has) = branch_with(parts, event) {
                ends.entry(has).or_default().insert(event, None);
            }
        }
    }
    ends
}

struct Verifying<'a> {
    remote: &'a Remote,
    catalogue: &'a Catalogue,
    ends: &'a mut Ends,
    verified: &'a mut Verified,
}

impl Verifying<'_> {
    fn branch(&mut self, branch: &Branch, parts: &[Part], progress: &mut dyn FnMut(u64)) -> Result<(), StoreError> {
        const NONE: &Objects = &Objects::NONE;
        let objects = self.catalogue.objects.get(&branch.id).unwrap_or(NONE);
        let root = branch.root();
        if branch.parent.is_some() && root.event > 0 && self.hash_at(parts, root.event) != Some(root.chain) {
            let error = FollowError::NotShared {
                branch: branch_with(parts, root.event).unwrap_or(branch.id),
                event: root.event,
            };
            self.verified.faults.push(format!("{}: {error}", branch_object(branch.id)));
        }
        let mut beside = Beside::new(self.remote, branch.id, branch.ledger_id, objects);
        beside.begin(root)?;
        let mut own = self.ends.remove(&branch.id).unwrap_or_default();
        let mut at_us = 0;
        let part = Part { branch: branch.id, from: root, to: None };
        let mut walk = Walk::new(self.remote, branch.ledger_id, part, objects);
        let followed = walk.run(&mut |followed| {
            at_us = followed.frame.at_us();
            progress(followed.bytes.len() as u64);
            if let Some(end) = own.get_mut(&followed.frame.last()) {
                *end = Some(followed.frame.hash());
            }
            beside.take(&followed)?;
            Ok::<_, FollowError>(true)
        });
        self.ends.insert(branch.id, own);
        let end = walk.position();
        let has_failed = self.note_end(followed)?;
        beside.end(end, has_failed)?;
        for fault in walk.faults().iter().chain(&beside.faults) {
            self.note(fault);
        }
        self.derived(branch, parts, objects, end, has_failed)?;
        self.verified.branches.push(VerifiedBranch {
            id: branch.id,
            first_event: root.event + 1,
            last_event: end.event,
            last_at_us: at_us,
            objects: objects.size(),
        });
        Ok(())
    }

    fn hash_at(&self, parts: &[Part], event: u64) -> Option<Hash> {
        self.ends.get(&branch_with(parts, event)?)?.get(&event).copied().flatten()
    }

    /// Whether the log could not be followed to its end.
    fn note_end(&mut self, followed: Result<End, FollowError>) -> Result<bool, StoreError> {
        match followed {
            Ok(_) => Ok(false),
            Err(FollowError::Store(error)) => Err(error),
            // Each is named by itself.
            Err(FollowError::Faulty(_)) => Ok(true),
            Err(error) => {
                self.verified.faults.push(error.to_string());
                Ok(true)
            }
        }
    }

    fn note(&mut self, fault: &Faulty) {
        if fault.fault == Fault::Missing {
            self.verified.notes.push(format!("{fault}; its pieces are there"));
        } else if fault.is_stale() {
            self.verified.notes.push(format!("{fault}; it is left over, and nothing is lost with it"));
        } else {
            self.verified.faults.push(fault.to_string());
        }
    }

    fn derived(
        &mut self,
        branch: &Branch,
        parts: &[Part],
        objects: &Objects,
        end: Position,
        has_failed: bool,
    ) -> Result<(), StoreError> {
        for (name, listed) in &objects.derived {
            let event = name.last_event();
            let chain = self.hash_at(parts, event);
            let disk = ObjectDisk::new(self.remote, listed);
            match check(&disk, &listed.name, *name, &branch.ledger_id, chain) {
                Err(reason) => self.verified.faults.push(format!("{} {reason}", listed.name)),
                Ok(()) if chain.is_some() => {}
                Ok(()) if event > end.event => {
                    let known = if has_failed { "can be followed" } else { "goes" };
                    let note = format!("{} is of event {event}; the log {known} up to {}", listed.name, end.event);
                    self.verified.notes.push(note);
                }
                Ok(()) => {
                    self.verified.faults.push(format!("{}: no frame of the log ends with event {event}", listed.name));
                }
            }
        }
        Ok(())
    }
}
