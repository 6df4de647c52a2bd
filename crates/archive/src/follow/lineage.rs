//! Following the log of a branch from the start of its ledger, through the branches that it comes from.

use tocos_journal::Position;

use super::FollowError;
use super::walk::{End, Followed, Walk};
use crate::branch::BranchId;
use crate::catalogue::{Catalogue, LineageFault, Objects, Part};
use crate::fault::Faulty;
use crate::remote::Remote;

/// A walk over the whole log of a branch.
#[derive(Debug)]
pub struct Lineage<'a> {
    remote: &'a Remote,
    ledger_id: [u8; 16],
    /// The parts that are still to come, the next one last.
    parts: Vec<(Part, &'a Objects)>,
    walk: Option<(BranchId, Walk<'a>)>,
    position: Position,
    /// What was found in the parts before.
    faults: Vec<Faulty>,
}

impl<'a> Lineage<'a> {
    /// A walk from the start of the ledger to the end of a branch.
    ///
    /// # Errors
    /// [`LineageFault`].
    pub fn new(remote: &'a Remote, catalogue: &'a Catalogue, branch: BranchId) -> Result<Self, LineageFault> {
        let parts = catalogue.lineage(branch)?;
        let described = catalogue.branches.get(&branch);
        let described = described.ok_or(LineageFault::NoBranch { branch, child: None })?;
        const NONE: &Objects = &Objects::NONE;
        let with_objects = parts.into_iter().map(|part| (part, catalogue.objects.get(&part.branch).unwrap_or(NONE)));
        let mut parts: Vec<_> = with_objects.collect();
        parts.reverse();
        let ledger_id = described.ledger_id;
        let position = Position::start(&ledger_id);
        Ok(Self { remote, ledger_id, parts, walk: None, position, faults: Vec::new() })
    }

    /// The ledger.
    #[must_use]
    pub fn ledger_id(&self) -> [u8; 16] {
        self.ledger_id
    }

    /// Goes on from the start of a segment, up to which the log is known and agrees with where the parts begin.
    pub fn skip_to(&mut self, position: Position) {
        while self.parts.last().is_some_and(|(part, _)| part.to.is_some_and(|to| to.event <= position.event)) {
            self.parts.pop();
        }
        self.next_part();
        if let Some((_, walk)) = &mut self.walk
            && position.event > walk.position().event
        {
            walk.skip_to(position);
        }
        self.position = position;
    }

    /// The places that the log must pass where it goes over from one branch to another.
    pub fn crossings(&self) -> impl Iterator<Item = Position> {
        self.parts.iter().filter_map(|(part, _)| part.to)
    }

    /// The place behind the last frame.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// The branch that the last frame is of.
    #[must_use]
    pub fn branch(&self) -> Option<BranchId> {
        self.walk.as_ref().map(|(branch, _)| *branch)
    }

    /// See [`Walk::faults`].
    pub fn faults(&self) -> impl Iterator<Item = &Faulty> {
        self.faults.iter().chain(self.walk.iter().flat_map(|(_, walk)| walk.faults()))
    }

    /// Hands out the frames one after the other, as long as `take` returns that it wants more.
    ///
    /// # Errors
    /// [`FollowError`], and what `take` returns. The frames before it are good.
    pub fn run<E: From<FollowError>>(
        &mut self,
        mut take: impl FnMut(BranchId, Followed<'_>) -> Result<bool, E>,
    ) -> Result<End, E> {
        loop {
            if self.walk.is_none() && !self.next_part() {
                return Ok(End::Ended);
            }
            let Some((branch, walk)) = &mut self.walk else { return Ok(End::Ended) };
            let branch = *branch;
            let end = walk.run(&mut |followed| take(branch, followed));
            self.position = walk.position();
            if end? == End::Stopped {
                return Ok(End::Stopped);
            }
            if self.parts.is_empty() {
                return Ok(End::Ended);
            }
            self.faults.extend_from_slice(walk.faults());
            self.walk = None;
        }
    }

    fn next_part(&mut self) -> bool {
        let Some((part, objects)) = self.parts.pop() else { return false };
        self.walk = Some((part.branch, Walk::new(self.remote, self.ledger_id, part, objects)));
        true
    }
}
