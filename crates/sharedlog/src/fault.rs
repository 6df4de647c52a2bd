//! Why the log could not be used, and whether trying again helps.

use std::fmt;

/// Why the log could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The engine can't be reached, or did not respond. What was asked may have been done or not. Try again.
    Away(String),
    /// The engine is there and will not do this: a wrong password, no such table, another version. Trying again brings nothing
    /// until somebody has changed something.
    Misused(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(reason) => write!(f, "the shared log can't be reached: {reason}"),
            Self::Misused(reason) => write!(f, "the shared log can't be used: {reason}"),
        }
    }
}

impl std::error::Error for Fault {}
