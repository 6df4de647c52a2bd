//! Why a copy does not go on, and whether waiting helps.

use std::fmt;

/// Why a copy does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The service or the database is away: trying again may help. Nothing is lost.
    Away(String),
    /// Somebody must change something. What to do is in the text.
    Stuck(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(text) | Self::Stuck(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Trouble {}
