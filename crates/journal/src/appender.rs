//! The one writer of the log.

use std::io;

use crate::frame::Frame;
use crate::recovery::Position;

/// Why a frame was not appended. After [`Disk`](Self::Disk) it is not known whether the frame is in the log; opening again tells.
#[derive(Debug)]
pub enum AppendError {
    /// The frame does not start with the event that must follow. Nothing was written.
    WrongNumber {
        /// The number that must follow.
        expected: u64,
        /// The frame's first number.
        found: u64,
    },
    /// The frame holds no event. Nothing was written.
    Empty,
    /// The frame is over the limits of the format. Nothing was written.
    TooLarge {
        /// Events in the frame.
        records: usize,
        /// Bytes of blobs in the frame.
        blob_bytes: usize,
    },
    /// A write or a sync failed. From now on every append is refused.
    Disk {
        /// The file.
        place: String,
        /// What the system said.
        source: io::Error,
    },
    /// An earlier write or sync failed and the journal has not been opened again since. Nothing was written.
    Poisoned {
        /// What failed then.
        cause: String,
    },
}

/// Appends frames, one at a time, each durable before the call returns.
#[derive(Debug)]
pub struct Appender {}

impl Appender {
    /// Writes the frame behind the log and returns when it is durable. From then on readers see it.
    ///
    /// # Errors
    /// See [`AppendError`]. A failed write or sync is never tried again: it poisons the appender.
    pub fn append(&mut self, _frame: &Frame) -> Result<(), AppendError> {
        todo!()
    }

    /// The last durable event, 0 in an empty log.
    #[must_use]
    pub fn last_event(&self) -> u64 {
        todo!()
    }

    /// The end of the durable log: what a snapshot of this state has to name.
    #[must_use]
    pub fn position(&self) -> Position {
        todo!()
    }

    /// Whether a write or sync has failed, so that every append is refused until the journal is opened again.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        todo!()
    }
}
