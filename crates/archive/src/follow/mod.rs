//! Following the log of a branch through the objects of an archive, from hash to hash.
//!
//! What is listed only says where to look. At each event there are at most a few objects that can continue the log; one is
//! believed only as far as its frames link to the frame before. Whole segments come first. Where one is missing or damaged, the
//! pieces that were put while it was written are read instead.

mod lineage;
mod walk;

pub use lineage::Lineage;
pub use walk::{End, Followed, Walk};

use std::fmt;

use crate::branch::BranchId;
use crate::fault::Faulty;
use crate::store::StoreError;

/// Why a log can't be followed further.
#[derive(Debug)]
pub enum FollowError {
    /// The store could not be read.
    Store(StoreError),
    /// No good object has the next event.
    Faulty(Vec<Faulty>),
    /// No object has the next event, although some have later ones.
    Gap {
        /// The event.
        event: u64,
        /// The object that should have it.
        missing: String,
        /// The next object that is there.
        next: String,
    },
    /// A branch does not have what another branch says that both have.
    NotShared {
        /// The branch.
        branch: BranchId,
        /// The last event that both should have.
        event: u64,
    },
}

impl fmt::Display for FollowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Faulty(faults) => {
                for (nth, fault) in faults.iter().enumerate() {
                    write!(f, "{}{fault}", if nth == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
            Self::Gap { event, missing, next } => {
                write!(f, "{missing} is missing: no object has event {event}, and {next} is there")
            }
            Self::NotShared { branch, event } => {
                write!(
                    f,
                    "branch {branch} has no frame that ends with event {event} as the branch that goes on from there says"
                )
            }
        }
    }
}

impl std::error::Error for FollowError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl From<StoreError> for FollowError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
