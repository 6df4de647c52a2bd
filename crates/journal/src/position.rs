//! Places in the log.

use crate::layout::Hash;

/// A place between two frames: after `event`, with the hash of the frame that ends there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The last event before this place; 0 at the start of the log.
    pub event: u64,
    /// The hash of the frame that ends with it; at the start of the log the hash of the ledger id.
    pub chain: Hash,
}

impl Position {
    /// The start of a ledger's log.
    #[must_use]
    pub fn start(ledger_id: &[u8; 16]) -> Self {
        Self { event: 0, chain: *blake3::hash(ledger_id).as_bytes() }
    }
}
