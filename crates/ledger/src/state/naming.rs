//! When ids and names last changed, for whoever keeps a copy of them outside the state.

use std::sync::Arc;

use crate::state::UserId;

/// Users whose changes are noted together: numbers `n * NAMED_TOGETHER` up to the next multiple.
pub const NAMED_TOGETHER: usize = 512;

/// For each run of [`NAMED_TOGETHER`] users, the last event that created or renamed one of them. Clones share it until one
/// of them writes, so an undo point of it costs nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Naming {
    events: Arc<Vec<u64>>,
}

impl Naming {
    /// `event` creates or renames `user`.
    pub(crate) fn note(&mut self, user: UserId, event: u64) {
        let run = user.0 as usize / NAMED_TOGETHER;
        let events = Arc::make_mut(&mut self.events);
        if run >= events.len() {
            events.resize(run + 1, 0);
        }
        events[run] = event;
    }

    /// The last event noted of a run; 0 if there was none.
    pub(crate) fn event(&self, run: usize) -> u64 {
        self.events.get(run).copied().unwrap_or(0)
    }
}
