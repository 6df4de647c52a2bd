//! Reading what is durable, from any thread, while the appender goes on.

use crate::error::ReadError;
use crate::frames::Frames;
use crate::layout::{Hash, RECORD_BYTES};
use crate::recovery::Position;

/// Reads single events and whole frames. A clone is cheap and every thread may have one.
#[derive(Debug, Clone)]
pub struct Reader {}

impl Reader {
    /// The last event that can be read: the last durable one. 0 in an empty log.
    #[must_use]
    pub fn last_event(&self) -> u64 {
        todo!()
    }

    /// The end of the durable log.
    #[must_use]
    pub fn position(&self) -> Position {
        todo!()
    }

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

    /// The bytes of all segments up to the end of the log.
    #[must_use]
    pub fn log_bytes(&self) -> u64 {
        todo!()
    }

    /// One event by its number. One or two positioned reads; the hash of its frame is not verified
    /// (opening did that for what it replayed, `verify` does it for all).
    ///
    /// # Errors
    /// [`ReadError::NoSuchEvent`] beyond [`last_event`](Self::last_event), [`ReadError::Broken`], [`ReadError::Disk`].
    pub fn event(&self, _number: u64) -> Result<Stored, ReadError> {
        todo!()
    }

    /// Walks whole verified frames in order, from the frame that holds event `from` (1 for the whole log) on.
    #[must_use]
    pub fn frames(&self, _from: u64) -> Frames {
        todo!()
    }
}

/// One event as it was written.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its number.
    pub number: u64,
    /// Its record.
    pub record: [u8; RECORD_BYTES],
    /// The time of its frame, microseconds since 1970 in UTC.
    pub at_us: i64,
    /// The number of the first event in its frame.
    pub frame_first: u64,
    /// How many events its frame holds.
    pub frame_count: u32,
    /// The hash of its frame.
    pub frame_hash: Hash,
}

impl Stored {
    /// The number of the last event in its frame.
    #[must_use]
    pub fn frame_last(&self) -> u64 {
        self.frame_first + u64::from(self.frame_count) - 1
    }

    /// The variable bytes at an offset that its record names.
    ///
    /// # Errors
    /// [`ReadError::NoSuchBlob`] where none can be, [`ReadError::Disk`].
    pub fn blob(&self, _offset: u32) -> Result<Vec<u8>, ReadError> {
        todo!()
    }
}
