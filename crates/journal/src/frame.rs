//! A frame being built: the batch of events that one append makes durable.

use crate::append_error::AppendError;
use crate::layout::{self, Hash, Link, MAX_BLOB_BYTES, MAX_RECORDS, RECORD_BYTES};

/// A batch of events that is not yet on disk. Pushing copies 64 bytes; a frame that is
/// [`reset`](Self::reset) keeps its buffers, so a writer that reuses frames does not allocate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    first: u64,
    at_us: i64,
    records: Vec<[u8; RECORD_BYTES]>,
    blobs: Vec<u8>,
    /// Set when a blob did not fit any more; an append refuses such a frame.
    overflowed: bool,
}

/// A place in an unfinished [`Frame`] to go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    records: usize,
    blob_bytes: usize,
    overflowed: bool,
}

impl Frame {
    /// An empty frame whose first event will be number `first` (from 1), stamped with `at_us`,
    /// microseconds since 1970 in UTC.
    #[must_use]
    pub fn new(first: u64, at_us: i64) -> Self {
        Self { first, at_us, ..Self::default() }
    }

    /// Empties the frame for another batch and keeps its buffers.
    pub fn reset(&mut self, first: u64, at_us: i64) {
        self.first = first;
        self.at_us = at_us;
        self.records.clear();
        self.blobs.clear();
        self.overflowed = false;
    }

    /// Adds the next event's record. Its number is `first() + len()` before the call.
    #[inline]
    pub fn push(&mut self, record: &[u8; RECORD_BYTES]) {
        self.records.push(*record);
    }

    /// Adds variable bytes and returns the offset by which a record refers to them. Offsets start at 0 in
    /// every frame. A frame holds [`MAX_BLOB_BYTES`] of them; one that was given more is refused by the append.
    pub fn blob(&mut self, bytes: &[u8]) -> u32 {
        let offset = self.blobs.len();
        let end = offset as u64 + 4 + bytes.len() as u64;
        match (u32::try_from(offset), u32::try_from(bytes.len())) {
            (Ok(offset), Ok(len)) if end <= u64::from(MAX_BLOB_BYTES) => {
                self.blobs.extend_from_slice(&len.to_le_bytes());
                self.blobs.extend_from_slice(bytes);
                offset
            }
            _ => {
                self.overflowed = true;
                u32::MAX
            }
        }
    }

    /// The present end of the frame, so that an atomic batch can be rolled back.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { records: self.records.len(), blob_bytes: self.blobs.len(), overflowed: self.overflowed }
    }

    /// Takes back every record and blob added since `mark`, which must come from this frame since its
    /// last [`reset`](Self::reset).
    pub fn truncate(&mut self, mark: Mark) {
        debug_assert!(mark.records <= self.records.len() && mark.blob_bytes <= self.blobs.len());
        self.records.truncate(mark.records);
        self.blobs.truncate(mark.blob_bytes);
        self.overflowed = mark.overflowed;
    }

    /// The number of the first event.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.first
    }

    /// The number of the last event; `first() - 1` while the frame is empty.
    #[must_use]
    pub fn last(&self) -> u64 {
        (self.first + self.records.len() as u64).saturating_sub(1)
    }

    /// How many events the frame holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether it holds none. An empty frame is never written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The frame's time, microseconds since 1970 in UTC.
    #[must_use]
    pub fn at_us(&self) -> i64 {
        self.at_us
    }

    /// The record at `index`, from 0.
    #[must_use]
    pub fn record(&self, index: usize) -> Option<&[u8; RECORD_BYTES]> {
        self.records.get(index)
    }

    /// All records in order.
    #[must_use]
    pub fn records(&self) -> &[[u8; RECORD_BYTES]] {
        &self.records
    }

    /// All records in order, to be changed.
    pub fn records_mut(&mut self) -> &mut [[u8; RECORD_BYTES]] {
        &mut self.records
    }

    /// The variable bytes at an offset that [`blob`](Self::blob) gave.
    #[must_use]
    pub fn blob_at(&self, offset: u32) -> Option<&[u8]> {
        layout::blob_in(&self.blobs, offset)
    }

    /// The bytes of blobs so far, lengths included.
    #[must_use]
    pub fn blob_bytes(&self) -> usize {
        self.blobs.len()
    }

    /// The bytes that this frame takes on disk at present.
    #[must_use]
    pub fn disk_bytes(&self) -> u64 {
        layout::frame_bytes(self.records.len() as u64, self.blobs.len() as u64)
    }

    /// Whether the frame can be written at all: neither empty nor over the limits of the format.
    #[must_use]
    pub fn fits(&self) -> bool {
        !self.overflowed && self.records.len() as u64 <= u64::from(MAX_RECORDS)
    }

    /// Whether it can be the next frame of a log whose next event has this number.
    pub(crate) fn check(&self, next: u64) -> Result<(), AppendError> {
        if self.first != next {
            return Err(AppendError::WrongNumber { expected: next, found: self.first });
        }
        if self.is_empty() {
            return Err(AppendError::Empty);
        }
        if !self.fits() {
            return Err(AppendError::TooLarge { records: self.len(), blob_bytes: self.blob_bytes() });
        }
        Ok(())
    }

    /// Appends the frame's bytes to `out`, tied to what is in front of it by `link`, and returns the frame's own hash.
    pub fn seal_into(&self, out: &mut Vec<u8>, link: &Link) -> Hash {
        let contents =
            layout::Contents { first: self.first, at_us: self.at_us, records: &self.records, blobs: &self.blobs };
        layout::seal(&contents, out, link)
    }
}
