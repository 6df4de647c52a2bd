//! What can break when a log is opened or read, in words for the operator who has to act on it.

use std::fmt;
use std::io;

use crate::layout::FrameFault;

/// A frame that should be there and is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The file, with its directory.
    pub file: String,
    /// Where in the file, in bytes from its start.
    pub offset: u64,
    /// The number of the event that is expected there.
    pub event: u64,
    /// What is wrong.
    pub fault: FrameFault,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, offset, event, fault } = self;
        write!(f, "{file} is damaged at byte {offset}, where event {event} is expected: {fault}")
    }
}

/// Why a journal could not be opened. Nothing has been lost or changed by an open that failed.
#[derive(Debug)]
pub enum OpenError {
    /// Another process has the directory open.
    Locked {
        /// The directory.
        dir: String,
        /// The other process, if it wrote down its id.
        pid: Option<u32>,
    },
    /// The operating system refused something.
    Disk {
        /// What was being done, as in "reading".
        doing: &'static str,
        /// The file or directory.
        place: String,
        /// What the system said.
        source: io::Error,
    },
    /// A file has the name of a log segment but was not written by Tocos, or its name is not well formed.
    NotOurs {
        /// The file.
        file: String,
    },
    /// A file was written by a newer version of Tocos.
    NewerVersion {
        /// The file.
        file: String,
        /// The version it says.
        found: u16,
    },
    /// A file was written by a version of Tocos from before the first release.
    OlderVersion {
        /// The file.
        file: String,
        /// The version it says.
        found: u16,
    },
    /// A directory that was only to be inspected holds no log.
    NoLog {
        /// The directory.
        dir: String,
    },
    /// A restore into the directory has begun and not ended.
    HalfRestored {
        /// The file that says so.
        file: String,
    },
    /// A segment has the name of another.
    Renamed {
        /// The file.
        file: String,
        /// The event that it starts with.
        event: u64,
    },
    /// The header of a segment is damaged and the segment is not one that a crash left half made.
    BrokenHeader {
        /// The file.
        file: String,
        /// The number of its first event.
        event: u64,
    },
    /// Files of two ledgers are mixed in one directory.
    OtherLedger {
        /// The first file that does not belong to the ledger of the first segment.
        file: String,
    },
    /// Part of the log is not there.
    MissingSegment {
        /// The first event that is missing.
        event: u64,
        /// The file that starts behind the gap.
        file: String,
    },
    /// A frame is damaged and it is not the torn end of the log.
    Broken(Broken),
    /// The log has another history than the snapshot that the replay was to start from.
    SnapshotMismatch {
        /// The event that the snapshot stands at.
        event: u64,
        /// The segment where that event is.
        file: String,
    },
    /// The log ends before the event that a snapshot was taken at, so events that were durable are gone.
    LogEndsEarly {
        /// The event that the snapshot stands at.
        event: u64,
        /// The last event of the log.
        last_event: u64,
        /// The segment that the log ends in.
        file: String,
    },
}

impl OpenError {
    pub(crate) fn disk(doing: &'static str, place: String) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Disk { doing, place, source }
    }
}

const RESTORE: &str = "Restore the data directory from a backup; `tocos verify` shows up to where the log is intact.";

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked { dir, pid } => {
                write!(f, "{dir} is in use by another tocos process")?;
                if let Some(pid) = pid {
                    write!(f, " (process {pid})")?;
                }
                f.write_str(". Stop it first, or give another data directory.")
            }
            Self::Disk { doing, place, source } => write!(f, "{doing} {place} failed: {source}"),
            Self::NotOurs { file } => write!(
                f,
                "{file} has the name of a log file but is not one. Move it out of the data directory, or correct the data directory."
            ),
            Self::NewerVersion { file, found } => write!(
                f,
                "{file} was written by a newer version of tocos (format {found}). Start that version or a later one."
            ),
            Self::OlderVersion { file, found } => write!(
                f,
                "{file} was written by a version of tocos from before the first release (format {found}), which this one does not read. Nothing was changed. Take users and coins over with `tocos export` of that version and `tocos import` of this one."
            ),
            Self::NoLog { dir } => {
                write!(f, "there is no log in {dir}. Check the data directory; `tocos serve` creates a new ledger.")
            }
            Self::HalfRestored { file } => write!(
                f,
                "a restore into this data directory has not finished. Run the same `tocos restore` command again, it goes on where it stopped; {file} contains the command."
            ),
            Self::Renamed { file, event } => write!(
                f,
                "{file} starts with event {event}, so it was renamed. Give it the name {} again.",
                crate::segment::segment_name(*event)
            ),
            Self::BrokenHeader { file, event } => write!(
                f,
                "{file} is damaged at byte 0: the header in front of event {event} does not match its checksum. {RESTORE}"
            ),
            Self::OtherLedger { file } => write!(
                f,
                "{file} belongs to another ledger than the first log file. Move it out of the data directory."
            ),
            Self::MissingSegment { event, file } => {
                write!(f, "the log file with event {event} is missing; the next one is {file}. {RESTORE}")
            }
            Self::Broken(broken) => write!(f, "{broken}. {RESTORE}"),
            Self::SnapshotMismatch { event, file } => write!(
                f,
                "the snapshot at event {event} was taken from another log than {file}. Remove the snapshot, or restore the log that belongs to it."
            ),
            Self::LogEndsEarly { event, last_event, file } => write!(
                f,
                "the log ends with event {last_event} in {file}, but a snapshot was taken at event {event}: durable events are missing. {RESTORE}"
            ),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Disk { source, .. } => Some(source),
            Self::Broken(broken) => Some(&broken.fault),
            _ => None,
        }
    }
}

/// Why an event could not be read.
#[derive(Debug)]
pub enum ReadError {
    /// The event is not in the log, or not durable yet.
    NoSuchEvent {
        /// The requested number.
        event: u64,
        /// The last event that can be read.
        last_event: u64,
    },
    /// The log is damaged there.
    Broken(Broken),
    /// No blob can be at the requested offset.
    NoSuchBlob {
        /// The event.
        event: u64,
        /// The requested offset.
        offset: u32,
    },
    /// The operating system refused the read.
    Disk {
        /// The file.
        place: String,
        /// What the system said.
        source: io::Error,
    },
    /// It is not on this disk, and the read was not to fetch it.
    Elsewhere {
        /// The event.
        event: u64,
    },
    /// It is not on this disk, and could not be fetched.
    Unreachable {
        /// Where it is, such as the URL of an object.
        place: String,
        /// Why not.
        reason: String,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchEvent { event, last_event } => {
                write!(f, "there is no event {event}; the last one is {last_event}")
            }
            Self::Broken(broken) => write!(f, "{broken}. {RESTORE}"),
            Self::NoSuchBlob { event, offset } => write!(
                f,
                "event {event} has no variable bytes at offset {offset} of its frame: its record is damaged or was written by something else. Run `tocos verify`."
            ),
            Self::Disk { place, source } => write!(f, "reading {place} failed: {source}"),
            Self::Elsewhere { event } => write!(f, "event {event} is not on this disk"),
            Self::Unreachable { place, reason } => {
                write!(f, "{place}, which is not on this disk, could not be fetched: {reason}")
            }
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Disk { source, .. } => Some(source),
            Self::Broken(broken) => Some(&broken.fault),
            _ => None,
        }
    }
}
