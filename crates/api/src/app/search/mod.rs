//! Searching users by a part of their id or name: an index beside the ledger, made when it is first needed.
//!
//! The index holds the ids and names of all users, folded ([`folded`]), and is searched from its beginning to its end: some
//! milliseconds for a million users. Before each search it takes in what has changed, which the ledger knows for each run
//! of users ([`State::naming_event`]). What is found are candidates: whoever shows them compares them with the ledger again,
//! since they may have been renamed meanwhile. One search runs at a time, on a thread of its own, so searches never take more than one
//! processor from the writes. An index that was not used for some minutes is dropped.
//!
//! [`State::naming_event`]: tocos_ledger::State::naming_event

mod fold;
mod index;

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tocos_engine::{AsOf, Engine, Unavailable};
use tocos_ledger::{NAMED_TOGETHER, UserId};
use tokio::sync::{Mutex, OwnedMutexGuard};

pub(crate) use fold::{fold_into, folded};
use index::{COPIED_AT_ONCE, Copied, Filling, Index};

/// An index that was not used for so long is dropped.
const IDLE_MAX: Duration = Duration::from_mins(10);

/// The index, if there is one.
#[derive(Debug)]
pub(crate) struct Search {
    held: Arc<Mutex<Option<Held>>>,
    idle_max: Duration,
}

#[derive(Debug)]
struct Held {
    index: Index,
    used_at: Instant,
}

/// Users that were found.
#[derive(Debug)]
pub(crate) struct Found {
    /// In the order in which they were created. Each may have been renamed meanwhile.
    pub users: Vec<UserId>,
    /// No user who matched then is missing. When this is durable, the numbers of these users mean the same to any node.
    pub seen: AsOf,
}

impl Default for Search {
    fn default() -> Self {
        Self { held: Arc::default(), idle_max: IDLE_MAX }
    }
}

impl Search {
    /// Waits for the searches before, and returns the right to search once, on a thread that may take its time.
    pub(crate) async fn begin(&self) -> Searching {
        let held = Arc::clone(&self.held).lock_owned().await;
        if held.is_none() {
            tokio::spawn(drop_when_idle(Arc::downgrade(&self.held), self.idle_max));
        }
        Searching { held }
    }
}

/// Drops the index when it was not used for `idle_max`. Ends then, or with the service.
async fn drop_when_idle(held: Weak<Mutex<Option<Held>>>, idle_max: Duration) {
    let mut wait = idle_max;
    loop {
        tokio::time::sleep(wait).await;
        let Some(held) = held.upgrade() else { return };
        let mut held = held.lock().await;
        let idle = held.as_ref().map_or(idle_max, |held| held.used_at.elapsed());
        wait = idle_max.saturating_sub(idle);
        if wait.is_zero() {
            let dropped = held.take();
            drop(held);
            // It is large.
            tokio::task::spawn_blocking(move || drop(dropped));
            return;
        }
    }
}

/// The right to search once.
#[derive(Debug)]
pub(crate) struct Searching {
    held: OwnedMutexGuard<Option<Held>>,
}

impl Searching {
    /// Brings the index up to date and finds the first `most` users from number `from` on whose id or name contains
    /// `wanted`, which is folded and not empty. Takes milliseconds, and for the first search about a microsecond for each user.
    ///
    /// # Errors
    /// As [`Engine::read`].
    pub(crate) fn find(mut self, engine: &Engine, wanted: &str, from: u32, most: usize) -> Result<Found, Unavailable> {
        let held = self.held.get_or_insert_with(|| Held { index: Index::default(), used_at: Instant::now() });
        let seen = refresh(engine, &mut held.index)?;
        let users = held.index.find(wanted, from, most);
        held.used_at = Instant::now();
        Ok(Found { users, seen })
    }
}

/// Takes in what has changed, a portion at a time, so that nobody waits long for the ledger.
fn refresh(engine: &Engine, index: &mut Index) -> Result<AsOf, Unavailable> {
    loop {
        let looked = engine.read(|ledger, _| index.stale(ledger.state()))?;
        if index.goes_on_with(looked.seen) && refill(engine, index, &looked.value)? {
            return Ok(looked.seen);
        }
        // This node lost the lead of its group, and its events since then are others'.
        *index = Index::default();
    }
}

/// Fills these runs again. Says `false` if the ledger went on with another history meanwhile.
fn refill(engine: &Engine, index: &mut Index, runs: &[usize]) -> Result<bool, Unavailable> {
    let mut copied = Copied::default();
    for run in runs {
        let mut filling = Filling::default();
        let mut event = None;
        for from in (run * NAMED_TOGETHER..(run + 1) * NAMED_TOGETHER).step_by(COPIED_AT_ONCE) {
            let seen = engine.read(|ledger, _| copied.copy(ledger.state(), from))?.seen;
            if !index.goes_on_with(seen) {
                return Ok(false);
            }
            event.get_or_insert(seen.event);
            filling.add(&copied);
            if copied.len() < COPIED_AT_ONCE {
                break;
            }
        }
        index.put(*run, filling.finish(event.unwrap_or_default()));
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
