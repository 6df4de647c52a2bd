//! Remembered idempotency keys: which event each names. 16 bytes a slot, in shards that grow one at a time, so
//! that growing never stalls a batch.

use siphasher::sip128::SipHasher24;

const SHARDS: usize = 256;
/// Slots in a shard to begin with: small, so that an empty ledger is small.
const SLOTS_MIN: usize = 16;
const HASH_BITS: u32 = 80;
const HASH_MASK: u128 = (1 << HASH_BITS) - 1;

/// A slot is the event's number (48 bits) above 80 bits of the key's hash; 0 is empty. Two different keys with
/// one hash (1 in 10^24 a pair, under a secret seed) would be told apart by the key text in the log: the second
/// is refused, never applied twice.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    shards: Vec<Shard>,
    seed: (u64, u64),
}

#[derive(Clone, Debug, Default)]
struct Shard {
    slots: Vec<u128>,
    len: usize,
}

impl Keys {
    pub(crate) fn new(seed: (u64, u64)) -> Self {
        Self { shards: vec![Shard::default(); SHARDS], seed }
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.len).sum()
    }

    /// The low 80 bits of the key's hash.
    pub(crate) fn hash(&self, key: &str) -> u128 {
        SipHasher24::new_with_keys(self.seed.0, self.seed.1).hash(key.as_bytes()).as_u128() & HASH_MASK
    }

    /// The event the key with this hash names.
    pub(crate) fn find(&self, hash: u128) -> Option<u64> {
        let shard = &self.shards[shard_of(hash)];
        if shard.slots.is_empty() {
            return None;
        }
        let mask = shard.slots.len() - 1;
        let mut at = home(hash) & mask;
        loop {
            let slot = shard.slots[at];
            if slot == 0 {
                return None;
            }
            if slot & HASH_MASK == hash {
                return Some((slot >> HASH_BITS) as u64);
            }
            at = (at + 1) & mask;
        }
    }

    /// What stands where the key with this hash would: the cache line that looking it up begins with.
    pub(crate) fn touch(&self, hash: u128) -> u128 {
        let slots = &self.shards[shard_of(hash)].slots;
        slots.get(home(hash) & slots.len().wrapping_sub(1)).copied().unwrap_or(0)
    }

    /// All keys: the event each names, and its hash.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u128)> {
        let slots = self.shards.iter().flat_map(|shard| &shard.slots).filter(|slot| **slot != 0);
        slots.map(|slot| ((slot >> HASH_BITS) as u64, slot & HASH_MASK))
    }

    /// Remembers that the key with this hash names `event`, which is not 0. Says `false` if it names another.
    pub(crate) fn insert(&mut self, hash: u128, event: u64) -> bool {
        let shard = &mut self.shards[shard_of(hash)];
        if shard.len * 8 >= shard.slots.len() * 7 {
            shard.grow();
        }
        let slot = u128::from(event) << HASH_BITS | hash;
        let place = shard.place_of(hash);
        match *place {
            0 => {
                *place = slot;
                shard.len += 1;
                true
            }
            other => other == slot,
        }
    }

    /// Forgets a key that is there: its batch was undone.
    pub(crate) fn forget(&mut self, hash: u128) {
        let shard = &mut self.shards[shard_of(hash)];
        let mask = shard.slots.len() - 1;
        let mut at = home(hash) & mask;
        while shard.slots[at] & HASH_MASK != hash {
            at = (at + 1) & mask;
        }
        shard.remove(at);
    }
}

fn shard_of(hash: u128) -> usize {
    (hash >> (HASH_BITS - 8)) as usize
}

fn home(hash: u128) -> usize {
    hash as u64 as usize
}

impl Shard {
    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(SLOTS_MIN);
        let old = std::mem::replace(&mut self.slots, vec![0; size]);
        for slot in old.into_iter().filter(|slot| *slot != 0) {
            *self.place_of(slot & HASH_MASK) = slot;
        }
    }

    /// The slot of the key with this hash, or the empty one in which it belongs.
    fn place_of(&mut self, hash: u128) -> &mut u128 {
        let mask = self.slots.len() - 1;
        let mut at = home(hash) & mask;
        while self.slots[at] != 0 && self.slots[at] & HASH_MASK != hash {
            at = (at + 1) & mask;
        }
        &mut self.slots[at]
    }

    /// Empties slot `at` and moves up those behind it that would no longer be found.
    fn remove(&mut self, at: usize) {
        let mask = self.slots.len() - 1;
        let mut hole = at;
        let mut next = (at + 1) & mask;
        while self.slots[next] != 0 {
            let wanted = home(self.slots[next] & HASH_MASK) & mask;
            if (next.wrapping_sub(wanted) & mask) >= (next.wrapping_sub(hole) & mask) {
                self.slots[hole] = self.slots[next];
                hole = next;
            }
            next = (next + 1) & mask;
        }
        self.slots[hole] = 0;
        self.len -= 1;
    }
}
