//! Touching memory before it is needed.
//!
//! Deciding one plain transfer at random among a million users misses the cache some ten times, one miss waiting for
//! the other. Touching what a few dozen operations need, stage by stage, lets the processor wait for many at once.
//! Nothing here changes anything or is needed for being right.

use crate::event::{Event, Fact};
use crate::ledger::Ledger;
use crate::operation::{Operation, Request};
use std::hint::black_box;

/// Operations to warm at once: enough to overlap their misses, few enough that the first is still there when it is
/// decided.
pub const WARM_AT_ONCE: usize = 32;

impl Ledger {
    /// Touches what deciding these requests, [`WARM_AT_ONCE`] at most, will look at.
    pub fn warm(&self, requests: &[Request<'_>]) {
        // Hashing is all work and no waiting; it goes first, so that the touches follow each other closely.
        let mut ids = [None; 2 * WARM_AT_ONCE];
        let mut keys = [None; WARM_AT_ONCE];
        for ((request, pair), key) in requests.iter().zip(ids.as_chunks_mut::<2>().0).zip(&mut keys) {
            *key = request.key.map(|key| self.keys.hash(key));
            *pair = ids_of(&request.operation).map(|id| id.map(|id| self.index.hash(id)));
        }
        let users = ids.map(|hash| self.index.likely(hash?));
        for key in keys.into_iter().flatten() {
            black_box(self.keys.touch(key));
        }
        let accounts = users.map(|user| self.state.users.find(user?)?.account());
        for account in accounts.into_iter().flatten() {
            black_box(self.state.accounts.find(account.0).map(|account| account.plain));
        }
    }

    /// Touches what applying these events, [`WARM_AT_ONCE`] at most, will change.
    pub fn warm_events(&self, events: &[Event<'_>]) {
        for event in events {
            if let Some(key) = &event.key {
                black_box(self.keys.touch(key.hash));
            }
            if let Fact::Moved(movement) = &event.fact {
                for entry in [Some(&movement.a), movement.b.as_ref()].into_iter().flatten() {
                    black_box(self.state.accounts.find(entry.account.0).map(|account| account.plain));
                }
            }
        }
    }
}

/// The users that an operation names.
fn ids_of<'a>(operation: &Operation<'a>) -> [Option<&'a str>; 2] {
    match operation {
        Operation::Transfer { from, to, .. } => [Some(*from), Some(*to)],
        Operation::Spend { user, to, .. } | Operation::Hold { user, to, .. } => [Some(*user), *to],
        Operation::Grant { user, .. } | Operation::PutUser { user, .. } | Operation::PutLimits { user, .. } => {
            [Some(*user), None]
        }
        _ => [None, None],
    }
}
