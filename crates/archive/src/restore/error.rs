//! Why a ledger was not restored, in words for the operator who has to act on it.

use std::fmt;
use std::io;

use tocos_journal::{Disk, LockError};

use crate::branch::BranchId;
use crate::catalogue::LineageFault;
use crate::follow::FollowError;
use crate::store::StoreError;

/// Why a ledger was not restored.
#[derive(Debug)]
pub enum RestoreError {
    /// The store could not be read.
    Store(StoreError),
    /// The log can't be followed to where it was to be restored.
    Follow(FollowError),
    /// It is not known where the branch comes from.
    Lineage(LineageFault),
    /// There is no ledger in the archive.
    Empty {
        /// Its URL.
        url: String,
    },
    /// The description of a branch can't be read, so the newest is not known.
    Unreadable {
        /// The object.
        object: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The log ends before the event that was asked for.
    NoSuchEvent {
        /// The event that was asked for.
        event: u64,
        /// The last one.
        last_event: u64,
        /// The branch.
        branch: BranchId,
    },
    /// The ledger begins after the time that was asked for.
    BeforeFirst {
        /// The time of its first event, microseconds since 1970 in UTC.
        first_at_us: i64,
    },
    /// The event lies in an atomic batch and is not its last.
    InBatch {
        /// The event that was asked for.
        event: u64,
        /// The first event of the batch.
        first: u64,
        /// Its last event.
        last: u64,
    },
    /// The frame with the event is whole, but its records are not what this version writes.
    Malformed {
        /// The event.
        event: u64,
    },
    /// The directory has files in it.
    NotEmpty {
        /// The directory.
        dir: String,
        /// One of the files.
        found: String,
    },
    /// Another restore has begun in the directory.
    OtherRestore {
        /// The file that says so.
        file: String,
        /// The command that began it.
        command: String,
    },
    /// The file that says what is being restored can't be read.
    Marker {
        /// The file.
        file: String,
    },
    /// Another process uses the directory.
    Locked {
        /// The directory.
        dir: String,
        /// The process, if it is known.
        pid: Option<u32>,
    },
    /// The directory could not be read or written.
    Disk {
        /// The file or directory.
        place: String,
        /// What the system said.
        source: io::Error,
    },
    /// The system has no random bytes.
    Random(io::Error),
}

impl RestoreError {
    /// Whether the same call can never succeed, so that what it wrote is of no use.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::NoSuchEvent { .. } | Self::BeforeFirst { .. } | Self::InBatch { .. } | Self::Malformed { .. } => true,
            Self::Store(_)
            | Self::Follow(_)
            | Self::Lineage(_)
            | Self::Empty { .. }
            | Self::Unreadable { .. }
            | Self::NotEmpty { .. }
            | Self::OtherRestore { .. }
            | Self::Marker { .. }
            | Self::Locked { .. }
            | Self::Disk { .. }
            | Self::Random(_) => false,
        }
    }

    pub(super) fn locked(disk: &dyn Disk, error: LockError) -> Self {
        match error {
            LockError::Held(pid) => Self::Locked { dir: disk.place(""), pid },
            LockError::Io(source) => Self::Disk { place: disk.place(""), source },
        }
    }

    /// The file or directory that the system refused.
    pub(super) fn disk(place: String) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Disk { place, source }
    }
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Follow(error) => write!(
                f,
                "{error}. Nothing behind the event before it can be restored; --until with an earlier event restores what is whole"
            ),
            Self::Lineage(fault) => fault.fmt(f),
            Self::Empty { url } => write!(f, "there is no ledger in {url}. Check the URL"),
            Self::Unreadable { object, reason } => write!(
                f,
                "{object} can't be read: {reason}. It may be the newest branch; name the one to restore with --branch"
            ),
            Self::NoSuchEvent { event, last_event, branch } => {
                write!(f, "there is no event {event} in branch {branch}; its last one is {last_event}")
            }
            Self::BeforeFirst { first_at_us } => {
                write!(f, "the ledger has no event up to then; its first one is of {}", time(*first_at_us))
            }
            Self::InBatch { event, first, last } => write!(
                f,
                "event {event} lies in an atomic batch, events {first} to {last}, which are restored together or not at all. Give --until {} or --until {last}",
                first.saturating_sub(1)
            ),
            Self::Malformed { event } => write!(
                f,
                "the frame with event {event} has records that this version can't divide. Give an event that ends a frame, or a time"
            ),
            Self::NotEmpty { dir, found } => {
                write!(f, "{dir} is not empty: {found} is in it. Give a directory that is empty or not there yet")
            }
            Self::OtherRestore { file, command } => write!(
                f,
                "another restore into this directory has not finished. Run it again: {command}. Or remove the directory; {file} says what is in it"
            ),
            Self::Marker { file } => {
                write!(
                    f,
                    "{file} can't be read, so it is not known what was being restored. Remove the directory and begin again"
                )
            }
            Self::Locked { dir, pid } => {
                write!(f, "{dir} is in use by another tocos process")?;
                pid.map_or(Ok(()), |pid| write!(f, " (process {pid})"))
            }
            Self::Disk { place, source } => write!(f, "{place}: {source}"),
            Self::Random(source) => write!(f, "the system has no random bytes: {source}"),
        }
    }
}

/// A time in RFC 3339.
fn time(at_us: i64) -> String {
    jiff::Timestamp::from_microsecond(at_us).map_or_else(|_| format!("{at_us} us"), |at| at.to_string())
}

impl std::error::Error for RestoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(error) => Some(error),
            Self::Follow(error) => Some(error),
            Self::Lineage(fault) => Some(fault),
            Self::Disk { source, .. } | Self::Random(source) => Some(source),
            _ => None,
        }
    }
}

impl From<StoreError> for RestoreError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<FollowError> for RestoreError {
    fn from(error: FollowError) -> Self {
        Self::Follow(error)
    }
}

impl From<LineageFault> for RestoreError {
    fn from(fault: LineageFault) -> Self {
        Self::Lineage(fault)
    }
}
