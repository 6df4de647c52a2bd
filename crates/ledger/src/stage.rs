//! Looking up together what a few dozen operations name.
//!
//! Deciding one plain transfer at random among a million users misses the cache some ten times, one miss waiting for
//! the other. Finding what a few dozen operations name, stage by stage, lets the processor wait for many at once, and
//! what was found needs no second search. Nothing here changes anything or is needed for being right.

use crate::ledger::Ledger;
use crate::operation::{Operation, Request};
use crate::refusal::Refusal;
use crate::state::UserId;
use core::hint::black_box;

/// Operations to stage at once: enough to overlap their misses, few enough that what the first needs is still in the
/// cache when it is decided.
pub const STAGED_AT_ONCE: usize = 32;

/// What was found ahead of what one operation names. What was not found, or not looked for, is looked for again when the
/// operation is decided: an operation before it may have made it. What was found stays, since users are never removed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Staged {
    /// The first user it names.
    pub(crate) first: Option<UserId>,
    /// The second user it names.
    pub(crate) second: Option<UserId>,
    /// The hash of its idempotency key.
    pub(crate) key: Option<u128>,
}

impl Staged {
    /// What is known ahead of a request of which only the key was looked at.
    #[must_use]
    pub fn of_key(hash: u128) -> Self {
        Self { key: Some(hash), ..Self::default() }
    }
}

impl Ledger {
    /// Finds what deciding these requests, [`STAGED_AT_ONCE`] at most, will look for; the rest of them is left unstaged.
    /// It holds as long as no batch is rolled back. `hashes_of_keys` are those of these requests, where they are known already.
    #[must_use]
    pub fn stage(&self, requests: &[Request<'_>], hashes_of_keys: Option<&[Option<u128>]>) -> [Staged; STAGED_AT_ONCE] {
        let mut staged = [Staged::default(); STAGED_AT_ONCE];
        // Each stage does nothing but look, so that one look need not wait for the other: hashing before, comparing after.
        let mut hashes = [None; 2 * STAGED_AT_ONCE];
        for (request, pair) in requests.iter().zip(hashes.as_chunks_mut::<2>().0) {
            *pair = ids_of(&request.operation).map(|id| id.map(|id| self.index.hash(id)));
        }
        match hashes_of_keys {
            Some(known) => staged.iter_mut().zip(known).for_each(|(staged, hash)| staged.key = *hash),
            None => staged.iter_mut().zip(requests).for_each(|(staged, request)| {
                staged.key = request.key.map(|key| self.keys.hash(key));
            }),
        }
        let likely = hashes.map(|hash| self.index.likely(hash?));
        for key in staged.iter().filter_map(|staged| staged.key) {
            black_box(self.keys.touch(key));
        }
        let accounts = likely.map(|user| self.state.users.find(user?)?.account());
        for account in accounts.into_iter().flatten() {
            self.state.accounts.touch(account.0);
            black_box(self.state.accounts.find(account.0).map(|account| account.plain));
        }
        for ((request, staged), likely) in requests.iter().zip(&mut staged).zip(likely.as_chunks::<2>().0) {
            let ids = ids_of(&request.operation);
            let found = |at: usize| {
                let (id, user) = (ids[at]?, likely[at]?);
                (self.state.users.get(user).id == id).then_some(UserId(user))
            };
            (staged.first, staged.second) = (found(0), found(1));
        }
        staged
    }

    /// The first user of an operation, found ahead or by its id.
    pub(crate) fn first_user(&self, staged: &Staged, id: &str) -> Result<UserId, Refusal> {
        staged.first.map_or_else(|| self.require_user(id), Ok)
    }

    /// The second user of an operation, found ahead or by its id.
    pub(crate) fn second_user(&self, staged: &Staged, id: &str) -> Result<UserId, Refusal> {
        staged.second.map_or_else(|| self.require_user(id), Ok)
    }
}

/// The users that an operation names, for [`Ledger::first_user`] and [`Ledger::second_user`].
fn ids_of<'a>(operation: &Operation<'a>) -> [Option<&'a str>; 2] {
    match operation {
        Operation::Transfer { from, to, .. } => [Some(*from), Some(*to)],
        Operation::Spend { user, to, .. } | Operation::Hold { user, to, .. } => [Some(*user), *to],
        Operation::Grant { user, .. } => [Some(*user), None],
        _ => [None, None],
    }
}
