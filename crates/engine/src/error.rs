//! What can go wrong, and what the caller does next.

use crate::as_of::AsOf;
use crate::clock::in_words;
use std::fmt;
use tocos_journal::{OpenError, ReadError};
use tocos_ledger::{Inconsistent, Malformed, Micros, Refusal};

/// Why the ledger can't serve a request. After a failure of the storage the request may or may not have been applied:
/// a retry under its idempotency key finds out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// A write or a sync failed, or the writer met something impossible.
    Storage {
        /// What happened.
        cause: String,
    },
    /// The system's clock is implausible, and this depends on the time. Reads go on, as of the ledger's last time.
    Clock {
        /// The ledger's last time, in microseconds since 1970.
        ledger: Micros,
        /// What the system's clock says.
        system: Micros,
    },
    /// More was due of a user than fits into one frame; it is done meanwhile. Certainly nothing else was done.
    CatchingUp,
    /// The disk has no room for the log to grow. Nothing is written until it has; reads go on.
    Full {
        /// Where room is missing.
        place: String,
    },
    /// What was asked rests on old keys, or on what was over long ago, and the table that tells of it can't be read. Nothing
    /// was done. A damaged table is made again from the log.
    Tables {
        /// What happened.
        cause: String,
    },
    /// What was asked rests on events that are in the archive and not on this disk, and the writer waits for nobody. Nothing was
    /// done. Bring them with [`Engine::bring`](crate::Engine::bring) and ask again.
    Elsewhere {
        /// The events.
        events: Vec<u64>,
    },
    /// This node does not lead its group, and only the leader decides. Certainly nothing was done.
    NotLeader,
    /// This node lost the lead of its group before what this depends on was durable. Whether it was done is unknown: a retry under
    /// its idempotency key finds out.
    LeadershipLost,
    /// The ledger is being closed.
    ShuttingDown,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage { cause } => {
                let cause = cause.trim_end_matches('.');
                write!(
                    f,
                    "The ledger stopped because its storage failed: {cause}. Restart the service: it recovers at startup."
                )
            }
            Self::Clock { ledger, system } => write!(
                f,
                "The system's clock is {} ahead of the ledger's last time, which is not plausible: nothing is written or \
                 expired. Correct the clock, or accept it with `tocos clock accept`.",
                in_words(system - ledger)
            ),
            Self::CatchingUp => f.write_str(
                "The ledger is catching up with what came due, as after a time without service. Nothing was applied. Try again in a second.",
            ),
            Self::Full { place } => write!(
                f,
                "The disk is full, so nothing can be written: there is no room for {place}. Reads still work. Free space \
                 there; writes then resume automatically."
            ),
            Self::Tables { cause } => write!(
                f,
                "This can't be processed at the moment, and nothing was applied: {}. A damaged table is rebuilt from the log; \
                 retry in a moment with the same key.",
                cause.trim_end_matches('.')
            ),
            Self::Elsewhere { events } => write!(
                f,
                "This needs event {}, which is in the archive and not on this disk; nothing was applied. Retry in a moment \
                 with the same key.",
                events.first().copied().unwrap_or(0)
            ),
            Self::NotLeader => f.write_str(
                "This node does not lead its group, and only the leader applies writes; nothing was applied. Retry in a moment.",
            ),
            Self::LeadershipLost => f.write_str(
                "This node lost the lead of its group before this was durable, so a write may or may not have been applied. Retry \
                 in a moment with the same key.",
            ),
            Self::ShuttingDown => f.write_str("The service is shutting down. Retry in a moment with the same key."),
        }
    }
}

impl std::error::Error for Unavailable {}

/// Why one operation was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The rules refuse it. `seen` is the last event that the refusal depends on: respond when that is durable.
    Refused {
        /// Why.
        refusal: Refusal,
        /// See above.
        seen: AsOf,
    },
    /// It could not be decided.
    Unavailable(Unavailable),
}

/// Why a whole batch was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchRejection {
    /// It was atomic, and this operation of it is refused. Nothing was changed.
    Refused {
        /// Which, counted from 0.
        operation: usize,
        /// Why.
        refusal: Refusal,
        /// As in [`Rejection::Refused`].
        seen: AsOf,
    },
    /// It could not be decided.
    Unavailable(Unavailable),
}

/// Why a ledger could not be opened.
#[derive(Debug)]
pub enum OpenFailure {
    /// The data directory or its log can't be used.
    Journal(OpenError),
    /// The data directory can't be used at all.
    Directory {
        /// Its path.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// An event in the log can't be read.
    Malformed {
        /// Its number.
        event: u64,
        /// What is wrong with it.
        source: Malformed,
    },
    /// An event in the log does not follow from those before it.
    Inconsistent(Inconsistent),
    /// The operating system gave no random bytes for a new ledger.
    Random(getrandom::Error),
    /// A ledger with a test clock was opened without it, or the other way round.
    WrongClock {
        /// Whether the ledger has a test clock.
        is_test_ledger: bool,
    },
    /// The directory has another ledger than the group.
    OtherGroup {
        /// The directory.
        path: String,
    },
    /// The log can't be read.
    Log(ReadError),
    /// A table that is missing can't be made from the log.
    Tables {
        /// Why not.
        reason: String,
    },
    /// A thread could not be started.
    Thread(std::io::Error),
    /// The caller cancelled it. Nothing was changed.
    CalledOff,
}

impl fmt::Display for OpenFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(error) => error.fmt(f),
            Self::Directory { path, source } if source.kind() == std::io::ErrorKind::PermissionDenied => write!(
                f,
                "the data directory {path} can't be used: {source}. Tocos runs as user {user}, who must be able to write there: \
                 `chown -R {user} {path}`; if this is a container, run that on the host, with the directory's path there. \
                 Or choose another with --data-dir",
                user = rustix::process::geteuid().as_raw()
            ),
            Self::Directory { path, source } => {
                write!(f, "the data directory {path} can't be used: {source}. Choose another with --data-dir")
            }
            Self::Malformed { event, source } => write!(
                f,
                "event {event} in the log can't be read: {source}. Start the version that wrote it, or restore a backup; nothing was changed"
            ),
            Self::Inconsistent(error) => {
                write!(f, "{error}. The log is not as this program wrote it; restore a backup; nothing was changed")
            }
            Self::Random(error) => write!(f, "the operating system gave no random bytes: {error}"),
            Self::WrongClock { is_test_ledger: true } => {
                f.write_str("this ledger has a test clock; start it with --test-clock, or use another data directory")
            }
            Self::WrongClock { is_test_ledger: false } => f.write_str(
                "this ledger uses the system clock and can't have a test clock. Start without --test-clock, or use another data directory",
            ),
            Self::OtherGroup { path } => write!(
                f,
                "{path} has another ledger than the shared log. Use another data directory, or another shared log"
            ),
            Self::Log(error) => error.fmt(f),
            Self::Tables { reason } => write!(f, "a table of idempotency keys can't be made from the log: {reason}"),
            Self::Thread(error) => write!(f, "a thread could not be started: {error}"),
            Self::CalledOff => f.write_str("opening the ledger was cancelled; start the service again"),
        }
    }
}

impl std::error::Error for OpenFailure {}

impl From<OpenError> for OpenFailure {
    fn from(error: OpenError) -> Self {
        Self::Journal(error)
    }
}

impl From<Inconsistent> for OpenFailure {
    fn from(error: Inconsistent) -> Self {
        Self::Inconsistent(error)
    }
}

/// Why an event could not be read.
#[derive(Debug)]
pub enum EventError {
    /// There is none with that number.
    NotFound {
        /// The number.
        event: u64,
    },
    /// It is there but can't be read.
    Unreadable {
        /// The number.
        event: u64,
        /// What is wrong.
        reason: String,
    },
    /// The tables beside the log that tell which it is can't be read. They are made again.
    Tables {
        /// What is wrong.
        cause: String,
    },
    /// It is not on this disk, and was not to be fetched.
    Elsewhere {
        /// The number.
        event: u64,
    },
    /// It is in the archive and not on this disk, and could not be fetched.
    Unreachable {
        /// The number.
        event: u64,
        /// The object that it is in, with the archive's URL.
        place: String,
        /// Why not.
        reason: String,
    },
}

impl From<Unavailable> for EventError {
    fn from(unavailable: Unavailable) -> Self {
        Self::Tables { cause: unavailable.to_string() }
    }
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { event } => write!(f, "there is no event {event}"),
            Self::Unreadable { event, reason } => {
                write!(f, "event {event} can't be read: {reason}. Stop the service and run tocos verify")
            }
            Self::Tables { cause } => write!(f, "{cause}"),
            Self::Elsewhere { event } => write!(f, "event {event} is in the archive and not on this disk"),
            Self::Unreachable { event, place, reason } => write!(
                f,
                "event {event} is in the archive and not on this disk, and {place} could not be fetched: {}",
                reason.trim_end_matches('.')
            ),
        }
    }
}

impl std::error::Error for EventError {}
