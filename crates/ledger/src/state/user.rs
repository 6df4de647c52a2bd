//! Users, and finding one by id.

use crate::amount::Micros;
use crate::bytes::NONE_U32;
use crate::state::{AccountId, Chunked};
use compact_str::CompactString;
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
    /// Closed for good.
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

/// What only people look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Display name.
    pub name: Option<CompactString>,
    /// The client's JSON object.
    pub metadata: Option<Box<str>>,
    /// When the user was made.
    pub created_at: Micros,
}

/// Open addressing with linear probing: a slot is the upper hash bits and the user's number plus one; 0 is
/// empty. One cache miss finds the slot, one the user.
#[derive(Clone, Debug)]
pub(crate) struct UserIndex {
    slots: Vec<u64>,
    len: usize,
    seed: (u64, u64),
}

impl UserIndex {
    pub(crate) fn new(seed: (u64, u64)) -> Self {
        Self { slots: vec![0; 64], len: 0, seed }
    }

    pub(crate) fn hash(&self, id: &str) -> u64 {
        SipHasher13::new_with_keys(self.seed.0, self.seed.1).hash(id.as_bytes())
    }

    pub(crate) fn find(&self, users: &Chunked<User>, id: &str) -> Option<UserId> {
        self.find_hashed(users, id, self.hash(id))
    }

    pub(crate) fn find_hashed(&self, users: &Chunked<User>, id: &str, hash: u64) -> Option<UserId> {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                return None;
            }
            let user = (slot as u32) - 1;
            if slot >> 32 == hash >> 32 && users.get(user).id == id {
                return Some(UserId(user));
            }
            at = (at + 1) & mask;
        }
    }

    /// The user whose id most likely has this hash: found by the index alone, without a look at the user.
    pub(crate) fn likely(&self, hash: u64) -> Option<u32> {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while self.slots[at] != 0 {
            if self.slots[at] >> 32 == hash >> 32 {
                return Some((self.slots[at] as u32) - 1);
            }
            at = (at + 1) & mask;
        }
        None
    }

    pub(crate) fn insert(&mut self, users: &Chunked<User>, user: UserId) {
        if self.len * 4 >= self.slots.len() * 3 {
            self.grow(users, self.slots.len() * 2);
        }
        let hash = self.hash(&users.get(user.0).id);
        self.put(hash, user.0);
        self.len += 1;
    }

    /// Fills the index afresh from all users.
    pub(crate) fn rebuild(&mut self, users: &Chunked<User>) {
        self.len = users.len();
        self.grow(users, (users.len() * 2).next_power_of_two().max(64));
    }

    /// Forgets a user that is there: the batch that made it was undone.
    pub(crate) fn remove(&mut self, users: &Chunked<User>, user: UserId) {
        let mask = self.slots.len() - 1;
        let hash = self.hash(&users.get(user.0).id);
        let mut hole = hash as usize & mask;
        while self.slots[hole] as u32 != user.0 + 1 {
            hole = (hole + 1) & mask;
        }
        // Moves up those behind it that would no longer be found.
        let mut next = (hole + 1) & mask;
        while self.slots[next] != 0 {
            let other = (self.slots[next] as u32) - 1;
            let wanted = self.hash(&users.get(other).id) as usize & mask;
            if (next.wrapping_sub(wanted) & mask) >= (next.wrapping_sub(hole) & mask) {
                self.slots[hole] = self.slots[next];
                hole = next;
            }
            next = (next + 1) & mask;
        }
        self.slots[hole] = 0;
        self.len -= 1;
    }

    fn grow(&mut self, users: &Chunked<User>, size: usize) {
        self.slots = vec![0; size];
        for (at, user) in (0u32..).zip(users.iter()).take(self.len) {
            let hash = self.hash(&user.id);
            self.put(hash, at);
        }
    }

    fn put(&mut self, hash: u64, user: u32) {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while self.slots[at] != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = (hash >> 32 << 32) | (u64::from(user) + 1);
    }
}
