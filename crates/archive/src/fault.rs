//! What can be wrong with an object of the archive, in words for the operator who has to act on it.

use std::fmt;

use tocos_journal::{FrameFault, SegmentFault};

use crate::piece::PieceFault;

/// What is wrong with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The store does not have it, although what follows it is there.
    Missing,
    /// It is no piece of this log.
    Piece(PieceFault),
    /// A snapshot or a table is damaged, or of another ledger or log.
    Derived {
        /// In what way.
        reason: String,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is missing"),
            Self::Piece(PieceFault::Header(SegmentFault::NewerVersion(version))) => {
                write!(f, "was written by a newer version of tocos (format {version})")
            }
            Self::Piece(PieceFault::Header(SegmentFault::OlderVersion(version))) => {
                write!(f, "has the format {version}, from before the first release, which this version does not read")
            }
            Self::Piece(PieceFault::Header(fault)) => write!(f, "is damaged at byte 0: {fault}"),
            Self::Piece(PieceFault::NoFrames) => f.write_str("is cut off before its first frame"),
            Self::Piece(PieceFault::OtherLedger) => f.write_str("is of another ledger"),
            Self::Piece(PieceFault::Frame { offset, event, fault: FrameFault::Short { needed, found } }) => write!(
                f,
                "is cut off in the frame at byte {offset}, where event {event} is expected: of its {needed} bytes {found} are there"
            ),
            Self::Piece(PieceFault::Frame { offset, event, fault }) => {
                write!(f, "is damaged at byte {offset}, where event {event} is expected: {fault}")
            }
            Self::Piece(PieceFault::OtherHistory { event }) => {
                write!(f, "is not of this chain: it does not follow event {event} of this log")
            }
            Self::Piece(PieceFault::EndsBefore { last_event }) => {
                write!(f, "is cut off: it ends with event {last_event} already")
            }
            Self::Derived { reason } => f.write_str(reason),
        }
    }
}

/// An object that can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faulty {
    /// Its name below the URL of the archive.
    pub object: String,
    /// The event that it was to continue with.
    pub event: u64,
    /// What is wrong.
    pub fault: Fault,
}

impl Faulty {
    /// Whether it is whole and of this ledger, but of another history: a node wrote it after the log had gone on without that
    /// node. Nothing is lost with it.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self.fault, Fault::Piece(PieceFault::OtherHistory { .. }))
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.object, self.fault)
    }
}
