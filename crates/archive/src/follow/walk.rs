//! Walking over the log of one branch.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use tocos_journal::{FrameFault, FrameView, Position, SegmentHeader};

use super::FollowError;
use crate::catalogue::{Objects, Part};
use crate::fault::{Fault, Faulty};
use crate::names::Name;
use crate::piece::{Piece, PieceFault};
use crate::remote::{Download, Remote};
use crate::store::Listed;

/// A frame that continues the log.
#[derive(Debug, Clone, Copy)]
pub struct Followed<'a> {
    /// The segment that it was written into.
    pub segment: &'a SegmentHeader,
    /// The frame.
    pub frame: FrameView<'a>,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The object that it was read from.
    pub from: Name,
}

/// How a walk came to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The log ends there.
    Ended,
    /// Whoever takes the frames wanted no more.
    Stopped,
}

/// A walk over the frames of a part of a branch.
#[derive(Debug)]
pub struct Walk<'a> {
    remote: &'a Remote,
    ledger_id: [u8; 16],
    part: Part,
    objects: &'a Objects,
    position: Position,
    /// Objects that have been read, or could not be.
    used: BTreeSet<Name>,
    /// Objects that are being downloaded.
    ahead: VecDeque<Name>,
    download: Option<Download>,
    /// Whether the next event may lie inside an object that begins before it.
    is_inside: bool,
    faults: Vec<Faulty>,
    /// The segment of the last frame.
    segment: Option<SegmentHeader>,
}

impl<'a> Walk<'a> {
    /// A walk over a part of a branch that has these objects.
    #[must_use]
    pub fn new(remote: &'a Remote, ledger_id: [u8; 16], part: Part, objects: &'a Objects) -> Self {
        Self {
            remote,
            ledger_id,
            part,
            objects,
            position: part.from,
            used: BTreeSet::new(),
            ahead: VecDeque::new(),
            download: None,
            is_inside: true,
            faults: Vec::new(),
            segment: None,
        }
    }

    /// Goes on from the start of a segment, up to which the log is known.
    pub fn skip_to(&mut self, position: Position) {
        let passed = |first: &&u64| **first <= position.event;
        let logs = self.objects.logs.keys().filter(passed).map(|first| Name::Log(*first));
        let tails = self.objects.tails.keys().filter(passed).map(|first| Name::Tail(*first));
        self.used.extend(logs.chain(tails));
        self.position = position;
        self.is_inside = false;
    }

    /// The place behind the last frame.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// Objects that could not be used so far, and those that are missing. What they should have had was found in others, or it
    /// is an object that nothing needs.
    #[must_use]
    pub fn faults(&self) -> &[Faulty] {
        &self.faults
    }

    /// Whether an object was read, or tried.
    #[must_use]
    pub fn has_used(&self, name: Name) -> bool {
        self.used.contains(&name)
    }

    /// Hands out the frames one after the other, as long as `take` returns that it wants more.
    ///
    /// # Errors
    /// [`FollowError`], and what `take` returns. The frames before it are good.
    pub fn run<E: From<FollowError>>(
        &mut self,
        take: &mut impl FnMut(Followed<'_>) -> Result<bool, E>,
    ) -> Result<End, E> {
        loop {
            if let Some(to) = self.part.to
                && self.position.event >= to.event
            {
                return if self.position == to { Ok(End::Ended) } else { Err(self.not_shared(to).into()) };
            }
            let Some((name, bytes)) = self.next_object()? else { return Ok(self.end()?) };
            let Some(bytes) = bytes else {
                self.give_up(name, Fault::Missing);
                continue;
            };
            if !self.read(name, bytes, take)? {
                return Ok(End::Stopped);
            }
        }
    }

    /// Hands out the frames of an object as far as they are needed and good.
    fn read<E: From<FollowError>>(
        &mut self,
        name: Name,
        bytes: Bytes,
        take: &mut impl FnMut(Followed<'_>) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let piece = match Piece::open(bytes, &self.ledger_id) {
            Ok(piece) => piece,
            Err(fault) => {
                self.give_up(name, Fault::Piece(fault));
                return Ok(true);
            }
        };
        let segment = piece.header();
        let mut frames = piece.frames(self.position);
        let mut is_first = true;
        while let Some(next) = frames.next() {
            let frame = match next {
                Ok(frame) => frame,
                // It was only looked at, since it might have gone on.
                Err(PieceFault::EndsBefore { .. }) => return Ok(true),
                Err(fault) => {
                    self.give_up(name, Fault::Piece(fault));
                    return Ok(true);
                }
            };
            if std::mem::take(&mut is_first) {
                let is_new = segment.first == frame.view.first();
                if !is_new && self.segment.is_some_and(|before| before != *segment) {
                    let (offset, event, fault) = (frame.offset, frame.view.first(), FrameFault::OtherSegment);
                    self.give_up(name, Fault::Piece(PieceFault::Frame { offset, event, fault }));
                    return Ok(true);
                }
                self.segment = Some(*segment);
                self.is_inside = false;
                self.note_missing(name, segment.first);
            }
            self.position = frames.position();
            if let Some(to) = self.part.to.filter(|to| self.position.event > to.event) {
                return Err(self.not_shared(to).into());
            }
            if !take(Followed { segment, frame: frame.view, bytes: frame.bytes, from: name })? {
                return Ok(false);
            }
            if self.part.to == Some(self.position) {
                return Ok(true);
            }
        }
        Ok(true)
    }

    fn not_shared(&self, to: Position) -> FollowError {
        FollowError::NotShared { branch: self.part.branch, event: to.event }
    }

    /// Puts an object aside. Another one may have what it should have had.
    fn give_up(&mut self, name: Name, fault: Fault) {
        let object = name.in_branch(self.part.branch);
        self.faults.push(Faulty { object, event: self.position.event + 1, fault });
        self.is_inside = true;
        self.download = None;
        self.ahead.clear();
    }

    /// The next object that may have the next event, and its bytes if it is there.
    fn next_object(&mut self) -> Result<Option<(Name, Option<Bytes>)>, FollowError> {
        let next = self.position.event + 1;
        if self.ahead.front().is_none_or(|name| first_of(*name) != next) {
            self.ahead = self.plan(next);
            let listed = self.ahead.iter().filter_map(|name| self.objects.frames(*name)).cloned().collect();
            self.download = Some(self.remote.download(listed));
        }
        let (Some(name), Some(download)) = (self.ahead.pop_front(), &mut self.download) else { return Ok(None) };
        self.used.insert(name);
        Ok(Some((name, download.next_object()?)))
    }

    /// The objects to be read from an event on, as far as their names tell.
    fn plan(&self, next: u64) -> VecDeque<Name> {
        let last = self.part.to.map_or(u64::MAX, |to| to.event);
        let is_free = |name: &Name| !self.used.contains(name);
        let logs = |from: u64| self.objects.logs.range(from..).map(|(first, _)| Name::Log(*first));
        let is_wanted = |name: &Name| first_of(*name) <= last && is_free(name);
        if self.objects.logs.contains_key(&next) && is_free(&Name::Log(next)) {
            return logs(next).filter(is_wanted).collect();
        }
        if self.objects.tails.contains_key(&next) && is_free(&Name::Tail(next)) {
            let until = logs(next).find(is_free).map_or(u64::MAX, first_of);
            let tails = self.objects.tails.range(next..until).map(|(first, _)| Name::Tail(*first));
            return tails.filter(is_wanted).collect();
        }
        let before = |objects: &BTreeMap<u64, Listed>| objects.range(..next).next_back().map(|(first, _)| *first);
        let log = before(&self.objects.logs).map(Name::Log).filter(is_free);
        let may_lie_inside = self.is_inside || self.next_behind().is_some();
        let tail = before(&self.objects.tails).map(Name::Tail).filter(|tail| may_lie_inside && is_free(tail));
        log.or(tail).into_iter().collect()
    }

    /// The first object that begins behind the next event.
    fn next_behind(&self) -> Option<Name> {
        let from = self.position.event + 2;
        let log = self.objects.logs.range(from..).next().map(|(first, _)| Name::Log(*first));
        let tail = self.objects.tails.range(from..).next().map(|(first, _)| Name::Tail(*first));
        [log, tail].into_iter().flatten().min_by_key(|name| first_of(*name))
    }

    /// Takes note if a segment must have been put whole, since a later one is there whole, and is not there.
    fn note_missing(&mut self, from: Name, segment: u64) {
        let log = Name::Log(segment);
        let has_later = self.objects.logs.range(segment + 1..).next().is_some();
        let is_ours = segment > self.part.from.event;
        if matches!(from, Name::Tail(_))
            && is_ours
            && has_later
            && self.objects.frames(log).is_none()
            && self.used.insert(log)
        {
            let object = log.in_branch(self.part.branch);
            self.faults.push(Faulty { object, event: segment, fault: Fault::Missing });
        }
    }

    /// Nothing has the next event: that is the end of the branch, or something is wrong.
    fn end(&self) -> Result<End, FollowError> {
        let next = self.position.event + 1;
        let branch = self.part.branch;
        let here: Vec<Faulty> = self.faults.iter().filter(|fault| fault.event == next).cloned().collect();
        if here.iter().any(|fault| !fault.is_stale()) {
            return Err(FollowError::Faulty(here));
        }
        // An object that would begin here but does not follow was put by somebody else: nobody continued this branch then.
        let is_taken = [Name::Log(next), Name::Tail(next)]
            .iter()
            .any(|name| here.iter().any(|fault| fault.is_stale() && fault.object == name.in_branch(branch)));
        if let Some(behind) = self.next_behind().filter(|_| !is_taken) {
            let missing = Name::Tail(next).in_branch(branch);
            return Err(FollowError::Gap { event: next, missing, next: behind.in_branch(branch) });
        }
        self.part.to.map_or(Ok(End::Ended), |to| Err(self.not_shared(to)))
    }
}

/// The first event of an object.
fn first_of(name: Name) -> u64 {
    match name {
        Name::Log(first)
        | Name::Tail(first)
        | Name::Snapshot(first)
        | Name::Keys(first, _)
        | Name::Over(first, _)
        | Name::Mentions(first, _) => first,
    }
}
