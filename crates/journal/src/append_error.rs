//! Why a frame is not appended.

use std::fmt;
use std::io;

use crate::layout::FrameFault;

/// Why a frame was not appended. After [`Disk`](Self::Disk) it is not known whether the frame is in the log
/// until the log is opened again.
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
    /// The frame does not follow the last one: it was sealed for another log, or another place in this one. Nothing was written.
    NotNext(FrameFault),
    /// The disk has no room for the next segment. Nothing was written: the same frame can be appended again when there is room.
    Full {
        /// Where the segment would be.
        place: String,
    },
    /// Others are on their way, and this frame can't be beside them: it needs another segment, or zeros are written with it or with
    /// them. Nothing was written: begin it again when they are finished.
    Busy,
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

impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongNumber { expected, found } => {
                write!(f, "the frame starts with event {found}, but event {expected} must follow")
            }
            Self::Empty => f.write_str("a frame without events is never written"),
            Self::TooLarge { records, blob_bytes } => write!(
                f,
                "the frame is too large to be written: {records} events with {blob_bytes} bytes beside them. Split it."
            ),
            Self::NotNext(fault) => write!(f, "the frame does not follow the log: {fault}"),
            Self::Full { place } => write!(f, "the disk is full: there is no room for {place}"),
            Self::Busy => f.write_str("the frame must wait for those that are on their way"),
            Self::Disk { place, source } => write!(
                f,
                "writing {place} failed: {source}. Nothing more is written until tocos is restarted; check the disk first."
            ),
            Self::Poisoned { cause } => {
                write!(f, "nothing is written since {cause}. Check the disk, then restart tocos.")
            }
        }
    }
}

impl std::error::Error for AppendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Disk { source, .. } => Some(source),
            _ => None,
        }
    }
}
