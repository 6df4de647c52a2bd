//! What leaves the local disk, and when.
//!
//! Sealed segments do, oldest first, while they take more room than they may. One leaves only when its objects have just been read
//! from the archive and verified, from its first frame to the hash that the next segment here begins with; when its index is in a
//! file; and when no start needs it: the newest snapshot and the tables are behind it. The last two never leave. Any doubt keeps
//! it here.

use std::fmt;
use std::io;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tocos_journal::{Position, Reader, SEGMENT_HEADER_BYTES, SegmentState};

use super::disk::RoomDisk;
use super::dropped::{Dropped, Object};
use crate::branch::{Branch, BranchId, LocalRecord};
use crate::fault::Fault;
use crate::names::{Name, branch_object};
use crate::piece::Piece;
use crate::remote::Remote;
use crate::store::StoreError;

/// Segments at the end of the log that never leave.
const ALWAYS_HERE: usize = 2;
/// How often it is looked whether something is to leave, and how long a failure rests.
const LOOK_EVERY: Duration = Duration::from_secs(5);
const RETRY_AFTER: Duration = Duration::from_secs(15);
/// How long an object may take that is read to be verified.
const OBJECT_PATIENCE: Duration = Duration::from_secs(120);

/// How far the rest of the service has come.
pub trait Progress: Send {
    /// Everything through this event is in the archive, in whatever objects; none if that is not known.
    fn archived_event(&self) -> Option<u64>;

    /// A start needs no event of the log through this one: a snapshot and tables say the same.
    fn restart_event(&self) -> u64;

    /// Returns when nobody is at work any more who began without knowing what the reader says about events elsewhere now.
    fn settle(&self);
}

/// Why a segment did not leave that was to. It is tried again.
#[derive(Debug)]
pub enum KeepError {
    /// The store could not be read.
    Store(StoreError),
    /// The data directory can't be read or written.
    Disk(io::Error),
    /// An object is not there, or not what it must be.
    Object {
        /// The object, with the archive's URL.
        place: String,
        /// What is wrong.
        fault: Fault,
    },
    /// The description of a branch can't be used.
    Branch {
        /// The object, with the archive's URL.
        place: String,
    },
}

impl fmt::Display for KeepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Disk(error) => error.fmt(f),
            Self::Object { place, fault } => write!(f, "{place} {fault}"),
            Self::Branch { place } => write!(f, "{place} is missing or can't be read"),
        }
    }
}

impl std::error::Error for KeepError {}

impl From<StoreError> for KeepError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<io::Error> for KeepError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// A segment that has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Its first event.
    pub first: u64,
    /// Its last event.
    pub last: u64,
    /// Its bytes.
    pub bytes: u64,
}

/// Sees to the room on the local disk.
pub struct Keeper {
    disk: RoomDisk,
    reader: Reader,
    remote: Remote,
    /// What the segments here may take.
    bytes_max: u64,
    progress: Box<dyn Progress>,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("bytes_max", &self.bytes_max).finish_non_exhaustive()
    }
}

impl Keeper {
    /// One that keeps the segments on the disk below so many bytes.
    #[must_use]
    pub fn new(
        disk: RoomDisk,
        reader: Reader,
        remote: Remote,
        bytes_max: u64,
        progress: impl Progress + 'static,
    ) -> Self {
        Self { disk, reader, remote, bytes_max, progress: Box::new(progress) }
    }

    /// Lets the oldest segment go, if it is to and can; none if nothing is to be done now.
    ///
    /// # Errors
    /// [`KeepError`]; the segment is here, or it was noted where it is.
    pub fn step(&self) -> Result<Option<Left>, KeepError> {
        let segments = self.reader.segments();
        let here: u64 = segments.iter().filter(|one| !one.is_elsewhere).map(|one| one.bytes).sum();
        let Some(at) = segments.iter().position(|one| !one.is_elsewhere) else { return Ok(None) };
        if here <= self.bytes_max || at + ALWAYS_HERE >= segments.len() {
            return Ok(None);
        }
        let (Some(segment), Some(next)) = (segments.get(at), segments.get(at + 1)) else { return Ok(None) };
        let Some(last) = segment.last else { return Ok(None) };
        let is_archived = self.progress.archived_event().is_some_and(|archived| last <= archived);
        if !is_archived || last > self.progress.restart_event() || !segment.has_index_file {
            return Ok(None);
        }
        let end = Position { event: last, chain: next.header.prev };
        let dropped = self.find(segment, end)?;
        let left = Left { first: segment.header.first, last, bytes: dropped.bytes() };
        self.disk.drop_segment(dropped, || {
            self.reader.announce_elsewhere(last + 1);
            self.progress.settle();
        })?;
        self.reader.segment_left(left.first);
        Ok(Some(left))
    }

    /// Reads a segment's objects from the archive, and verifies that they are the segment.
    fn find(&self, segment: &SegmentState, end: Position) -> Result<Dropped, KeepError> {
        let header = segment.header;
        let branch = self.branch_with(end.event)?;
        let mut at = Position { event: header.first - 1, chain: header.prev };
        let mut objects = Vec::new();
        while at.event < end.event {
            let first = at.event + 1;
            let name = Name::Log(first).in_branch(branch);
            let wrong = |fault| KeepError::Object { place: self.remote.place(&name), fault };
            let bytes = self.remote.get_within(&name, OBJECT_PATIENCE)?.ok_or_else(|| wrong(Fault::Missing))?;
            let fault = |fault| wrong(Fault::Piece(fault));
            let piece = Piece::open(bytes, &header.ledger_id).map_err(fault)?;
            let reached = piece.verify(at).map_err(fault)?;
            let is_of_segment = *piece.header() == header && reached.event > at.event && reached.event <= end.event;
            if !is_of_segment || (reached.event == end.event && reached != end) {
                return Err(fault(crate::piece::PieceFault::OtherHistory { event: at.event }));
            }
            let frame_bytes = (piece.bytes().len() - SEGMENT_HEADER_BYTES) as u64;
            objects.push(Object { branch, first, frame_bytes, prev: at.chain, end: reached });
            at = reached;
        }
        Ok(Dropped { header, objects })
    }

    /// The branch that has the segment which ends with this event. A branch that begins in a segment has it from its start.
    fn branch_with(&self, last: u64) -> Result<BranchId, KeepError> {
        let record = LocalRecord::read(&self.disk)?;
        let mut id = record.map_or_else(|| BranchId::first_of(&self.reader.ledger_id()), |record| record.branch);
        loop {
            let name = branch_object(id);
            let bytes = self.remote.get_within(&name, OBJECT_PATIENCE)?;
            let branch = bytes.and_then(|bytes| Branch::decode(&bytes).ok());
            let is_ours = |branch: &Branch| branch.id == id && branch.ledger_id == self.reader.ledger_id();
            let branch = branch.filter(is_ours).ok_or(KeepError::Branch { place: self.remote.place(&name) })?;
            match branch.parent {
                // Each parent is left at an earlier event, so this ends.
                Some(parent) if parent.at.event >= last && parent.branch != id => id = parent.branch,
                _ => return Ok(id),
            }
        }
    }

    /// Goes on until it is stopped.
    fn run(&self, stopped: &mpsc::Receiver<()>) {
        let mut has_failed = false;
        loop {
            let rest = match self.step() {
                Ok(Some(Left { first, last, bytes })) => {
                    tracing::info!(first, last, bytes, "room: these events are now in the archive alone");
                    has_failed = false;
                    Duration::ZERO
                }
                Ok(None) => LOOK_EVERY,
                Err(error) => {
                    if !has_failed {
                        tracing::warn!("room: the oldest segment stays on this disk, and is tried again: {error}");
                    }
                    has_failed = true;
                    RETRY_AFTER
                }
            };
            if !matches!(stopped.recv_timeout(rest), Err(RecvTimeoutError::Timeout)) {
                return;
            }
        }
    }
}

/// A keeper at work on a thread of its own.
#[derive(Debug)]
pub struct Keeping {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Keeping {
    /// Starts it.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(keeper: Keeper) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::Builder::new().name("tocos-room".to_owned()).spawn(move || {
            crate::put::lower_priority();
            keeper.run(&stopped);
        })?;
        Ok(Self { stop, thread })
    }

    /// Ends it. What it waits for is not waited for: leaving a segment half dropped harms nothing.
    pub fn end(self) {
        drop(self.stop);
        drop(self.thread);
    }
}

/// The part of the room that objects which are read back may take, of all the room that the log has; if that has no bound, what
/// is enough for a few of them.
#[must_use]
pub fn cache_bytes(local_log_bytes: Option<u64>) -> u64 {
    const USUAL: u64 = 64 << 20;
    const MAX: u64 = 4 << 30;
    local_log_bytes.map_or(USUAL, |bytes| (bytes / 4).min(MAX))
}
