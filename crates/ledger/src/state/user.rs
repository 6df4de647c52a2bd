//! Users, and finding one by id.

use crate::amount::Micros;
use crate::bytes::NONE_U32;
use crate::state::{AccountId, Chunked};
use compact_str::CompactString;
use core::hint::black_box;
use siphasher::sip::SipHasher13;

/// A user's place in the order in which users were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UserId(pub u32);

/// What every operation needs of a user: one half of a cache line, so that it is fetched at once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(align(32))]
pub struct User {
    /// As the client chose it.
    pub id: CompactString,
    /// The account that came into being last; [`NONE_U32`] for none.
    account: u32,
    /// Closed permanently.
    pub closed: bool,
}

const _: () = assert!(size_of::<User>() == 32);

impl Default for User {
    fn default() -> Self {
        Self::new(CompactString::default())
    }
}

impl User {
    pub(crate) fn new(id: CompactString) -> Self {
        Self { id, account: NONE_U32, closed: false }
    }

    /// The account that came into being last.
    pub(crate) fn account(&self) -> Option<AccountId> {
        (self.account != NONE_U32).then_some(AccountId(self.account))
    }

    pub(crate) fn set_account(&mut self, account: Option<AccountId>) {
        self.account = account.map_or(NONE_U32, |id| id.0);
    }
}

/// Data that no rule reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Display name.
    pub name: Option<CompactString>,
    /// The client's JSON object.
    pub metadata: Option<Box<str>>,
    /// When the user was made.
    pub created_at: Micros,
}

/// Open addressing with linear probing: a slot is the upper half of the hash above the user's number plus one; 0 is
/// empty. One cache miss finds the slot, one the user. A search begins at the hash's uppermost bits, so that the slots are in the order
/// of the hashes, and growing needs neither the users nor their hashes afresh.
#[derive(Clone, Debug)]
pub(crate) struct UserIndex {
    /// A power of two of them.
    slots: Vec<u64>,
    len: usize,
    seed: (u64, u64),
}

const SLOTS_MIN: usize = 64;
/// How many buckets slots are sorted into when all are put at once: with ten million users the slots of one fit into a core's cache.
const BUCKETS: usize = 512;

impl UserIndex {
    pub(crate) fn new(seed: (u64, u64)) -> Self {
        Self { slots: vec![0; SLOTS_MIN], len: 0, seed }
    }

    pub(crate) fn hash(&self, id: &str) -> u64 {
        SipHasher13::new_with_keys(self.seed.0, self.seed.1).hash(id.as_bytes())
    }

    /// Where a search for a hash, or for a slot's upper half, begins. There are never more than 2^32 slots.
    #[inline]
    fn home(&self, hash: u64) -> usize {
        (hash >> (64 - self.slots.len().trailing_zeros())) as usize
    }

    #[inline]
    fn behind(&self, at: usize) -> usize {
        (at + 1) & (self.slots.len() - 1)
    }

    pub(crate) fn find(&self, users: &Chunked<User>, id: &str) -> Option<UserId> {
        self.place_of(users, id, self.hash(id)).ok()
    }

    /// The user with this id, or the empty slot in which it belongs.
    fn place_of(&self, users: &Chunked<User>, id: &str, hash: u64) -> Result<UserId, usize> {
        let mut at = self.home(hash);
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                return Err(at);
            }
            let user = (slot as u32) - 1;
            if slot >> 32 == hash >> 32 && users.get(user).id == id {
                return Ok(UserId(user));
            }
            at = self.behind(at);
        }
    }

    /// The user whose id most likely has this hash: found by the index alone, without reading the user.
    pub(crate) fn likely(&self, hash: u64) -> Option<u32> {
        let mut at = self.home(hash);
        while self.slots[at] != 0 {
            if self.slots[at] >> 32 == hash >> 32 {
                return Some((self.slots[at] as u32) - 1);
            }
            at = self.behind(at);
        }
        None
    }

    /// Prefetches the slot of the user with this id.
    pub(crate) fn touch(&self, id: &str) {
        black_box(self.slots[self.home(self.hash(id))]);
    }

    /// Adds the user that is about to have this id and number. Says `false` if there is one of that id.
    pub(crate) fn insert(&mut self, users: &Chunked<User>, id: &str, user: UserId) -> bool {
        if self.len * 4 >= self.slots.len() * 3 {
            self.grow();
        }
        let hash = self.hash(id);
        let Err(place) = self.place_of(users, id, hash) else { return false };
        self.slots[place] = slot_of(hash, user.0);
        self.len += 1;
        true
    }

    /// Fills the index afresh from all users: bucket by bucket of slots, so that what is written next to each other is close in time.
    pub(crate) fn rebuild(&mut self, users: &Chunked<User>) {
        self.len = users.len();
        self.slots = vec![0; (users.len() * 2).next_power_of_two().max(SLOTS_MIN)];
        let room = users.len() / BUCKETS + users.len() / BUCKETS / 8;
        let mut buckets: Vec<Vec<u64>> = (0..BUCKETS).map(|_| Vec::with_capacity(room)).collect();
        for (at, user) in (0u32..).zip(users.iter()) {
            let slot = slot_of(self.hash(&user.id), at);
            buckets[(slot >> (64 - BUCKETS.trailing_zeros())) as usize].push(slot);
        }
        for slot in buckets.into_iter().flatten() {
            self.put(slot);
        }
    }

    /// Forgets a user that is there: the batch that made it was undone.
    pub(crate) fn remove(&mut self, users: &Chunked<User>, user: UserId) {
        let mask = self.slots.len() - 1;
        let mut hole = self.home(self.hash(&users.get(user.0).id));
        while self.slots[hole] as u32 != user.0 + 1 {
            hole = self.behind(hole);
        }
        // Moves up those behind it that would no longer be found.
        let mut next = self.behind(hole);
        while self.slots[next] != 0 {
            let wanted = self.home(self.slots[next]);
            if (next.wrapping_sub(wanted) & mask) >= (next.wrapping_sub(hole) & mask) {
                self.slots[hole] = self.slots[next];
                hole = next;
            }
            next = self.behind(next);
        }
        self.slots[hole] = 0;
        self.len -= 1;
    }

    fn grow(&mut self) {
        let twice = vec![0; self.slots.len() * 2];
        for slot in std::mem::replace(&mut self.slots, twice).into_iter().filter(|slot| *slot != 0) {
            self.put(slot);
        }
    }

    fn put(&mut self, slot: u64) {
        let mut at = self.home(slot);
        while self.slots[at] != 0 {
            at = self.behind(at);
        }
        self.slots[at] = slot;
    }
}

fn slot_of(hash: u64, user: u32) -> u64 {
    (hash >> 32 << 32) | (u64::from(user) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Users leave as they do when a batch is undone: the last one first.
        #[test]
        fn users_are_found_until_they_are_removed(steps in prop::collection::vec((0..4u8, 0..200u32), 0..150)) {
            let (mut users, mut index) = (Chunked::default(), UserIndex::new((1, 2)));
            let mut model: Vec<String> = Vec::new();
            for (step, number) in steps {
                let id = format!("user-{number}");
                if step == 0 && let Some(last) = model.len().checked_sub(1) {
                    // Rows are numbered in u32, so the cast is exact.
                    index.remove(&users, UserId(last as u32));
                    users.truncate(last);
                    model.pop();
                } else {
                    let is_new = !model.contains(&id);
                    prop_assert_eq!(index.insert(&users, &id, UserId(model.len() as u32)), is_new);
                    if is_new {
                        users.push(User::new(id.as_str().into()));
                        model.push(id);
                    }
                }
                let mut rebuilt = UserIndex::new((1, 2));
                rebuilt.rebuild(&users);
                for number in 0..200 {
                    let id = format!("user-{number}");
                    let place = model.iter().position(|other| *other == id).map(|at| UserId(at as u32));
                    prop_assert_eq!(index.find(&users, &id), place);
                    prop_assert_eq!(rebuilt.find(&users, &id), place);
                    prop_assert!(place.is_none() || index.likely(index.hash(&id)).is_some());
                }
            }
        }
    }
}
