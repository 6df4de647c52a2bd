//! Why the uploader could not go on for now.

use std::fmt;
use std::io;

use tocos_journal::ReadError;

use crate::branch::BranchFault;
use crate::store::StoreError;

/// Each is tried again later.
#[derive(Debug)]
pub(super) enum PutError {
    /// The store.
    Store(StoreError),
    /// A damaged log here, or a disk that fails.
    Log(ReadError),
    /// Another file of the data directory.
    File { place: String, source: io::Error },
    /// The prefix has the archive of another ledger.
    OtherLedger { place: String },
    /// The object that describes a branch can't be read.
    Branch { place: String, fault: BranchFault },
    /// The operating system has no random bytes.
    Random(io::Error),
}

impl fmt::Display for PutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Log(error) => error.fmt(f),
            Self::File { place, source } => write!(f, "{place} can't be used: {source}"),
            Self::OtherLedger { place } => write!(
                f,
                "{place} belongs to another ledger. Give each ledger a prefix of its own; nothing is put there."
            ),
            Self::Branch { place, fault } => write!(f, "{place} can't be used: {fault}"),
            Self::Random(source) => write!(f, "the operating system gives no random bytes: {source}"),
        }
    }
}

impl std::error::Error for PutError {}

impl From<StoreError> for PutError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<ReadError> for PutError {
    fn from(error: ReadError) -> Self {
        Self::Log(error)
    }
}
