//! Opening a journal: the lock, the segments and their order, the replay, and the end of the log.

use std::sync::Arc;

use crate::appender::Appender;
use crate::disk::Disk;
use crate::error::OpenError;
use crate::layout::{FrameView, Hash};
use crate::reader::Reader;
use crate::tail::TailReport;

/// What a new ledger is made with. Both are random bytes from the caller, and used only when the directory is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewLedger {
    /// Names the ledger; files of different ledgers never mix.
    pub ledger_id: [u8; 16],
    /// Kept with the log for whatever the caller needs secret randomness for, such as seeding its hash tables.
    pub seed: [u8; 16],
}

/// How a journal is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The size of a segment file, in bytes. Frames larger than that get a segment of their own.
    pub segment_bytes: u64,
    /// How many zeros to write behind a frame whenever the log grows into bytes that were only allocated.
    /// A later write over them is much cheaper than one into unwritten space.
    pub zero_ahead_bytes: u32,
    /// What to make a new ledger with.
    pub new_ledger: NewLedger,
}

impl Options {
    /// Segments of 64 MiB, zeroed ahead by 512 KiB.
    #[must_use]
    pub fn new(new_ledger: NewLedger) -> Self {
        Self {
            segment_bytes: 64 << 20,
            zero_ahead_bytes: 512 << 10,
            new_ledger,
        }
    }
}

/// A place between two frames: after `event`, with the hash of the frame that ends there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The last event before this place; 0 at the start of the log.
    pub event: u64,
    /// The hash of the frame that ends with it; at the start of the log the hash of the ledger id.
    pub chain: Hash,
}

/// Where opening begins.
#[derive(Debug)]
pub struct Journal;

impl Journal {
    /// Locks the directory, removes what unfinished writes left there, and checks the header of every
    /// segment and that none is missing. An empty directory becomes a new ledger.
    ///
    /// # Errors
    /// Everything in [`OpenError`] except what only the frames tell.
    pub fn open(_disk: Arc<dyn Disk>, _options: Options) -> Result<Opened, OpenError> {
        todo!()
    }

    /// Opens for reading only, as `verify` and an offline export do: takes the lock, changes nothing, and
    /// leaves a torn end where it is (the report says what a start would cut off).
    /// The last segment is verified; the rest is when [`Reader::frames`] walks it.
    ///
    /// # Errors
    /// As [`open`](Self::open) and [`Replay::next_frame`]; a directory without a log is an error here.
    pub fn inspect(_disk: Arc<dyn Disk>) -> Result<(Reader, TailReport), OpenError> {
        todo!()
    }
}

/// A locked journal whose frames have not been read yet.
#[derive(Debug)]
pub struct Opened {}

impl Opened {
    /// The ledger's id.
    #[must_use]
    pub fn ledger_id(&self) -> [u8; 16] {
        todo!()
    }

    /// The random bytes that the ledger was made with.
    #[must_use]
    pub fn seed(&self) -> [u8; 16] {
        todo!()
    }

    /// Goes on to reading the frames behind `from` (what a snapshot stands at; `None` is the whole log).
    ///
    /// # Errors
    /// [`OpenError::SnapshotMismatch`] and [`OpenError::LogEndsEarly`] if no frame with that hash ends there, and
    /// whatever is wrong between the start of that segment and `from`.
    pub fn replay(self, _from: Option<Position>) -> Result<Replay, OpenError> {
        todo!()
    }
}

/// Reads the log to its end, verifying every frame: hash, number and link to the one before.
#[derive(Debug)]
pub struct Replay {}

impl Replay {
    /// The next frame, or nothing at the end of the log. The view lasts until the next call.
    ///
    /// # Errors
    /// [`OpenError::Broken`] for a damaged frame that is not the torn end of the log, [`OpenError::Disk`].
    pub fn next_frame(&mut self) -> Result<Option<FrameView<'_>>, OpenError> {
        todo!()
    }

    /// Reads what is left, cuts off a torn last frame, and makes sure the end of the log is on the disk and not only in
    /// the system's memory. After this the journal can be appended to.
    ///
    /// # Errors
    /// As [`next_frame`](Self::next_frame).
    pub fn finish(self) -> Result<(Appender, Reader, TailReport), OpenError> {
        todo!()
    }
}
