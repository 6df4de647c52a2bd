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
        let mut users = [None; 2 * WARM_AT_ONCE];
        for (request, pair) in requests.iter().zip(users.as_chunks_mut::<2>().0) {
            if let Some(key) = request.key {
                black_box(self.keys.touch(self.keys.hash(key)));
            }
            for (id, user) in ids_of(&request.operation).into_iter().zip(pair) {
                *user = id.and_then(|id| self.index.likely(id));
            }
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
