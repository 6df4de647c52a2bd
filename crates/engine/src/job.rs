//! What a snapshot is made of.

use tocos_journal::Position;
use tocos_ledger::State;

/// A state, and its position in the log.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) state: State,
    pub(crate) position: Position,
}
