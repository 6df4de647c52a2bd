//! Remembered idempotency keys: which event each names. 16 bytes a slot, in shards that grow one at a time, so
//! that growing never stalls a batch.

use siphasher::sip128::SipHasher24;

const SHARD_BITS: u32 = 10;
const SHARDS: usize = 1 << SHARD_BITS;
/// Slots in a shard to begin with: small, so that an empty ledger is small.
const SLOTS_MIN: usize = 16;
/// Up to here all shards are of one size. Beyond, each is a little larger than the one before: hashes fill them alike, and
/// they would all be full, and grow, at the same time.
const SLOTS_ALIKE: usize = 256;
const HASH_BITS: u32 = 80;
const HASH_MASK: u128 = (1 << HASH_BITS) - 1;
/// At most three quarters of a shard's slots are taken, so that a search ends within two cache lines as a rule; it grows by
/// half, so that half of them are taken at least.
const FULL: (usize, usize) = (3, 4);

/// A slot is the event's number (48 bits) above 80 bits of the key's hash; 0 is empty. Two different keys with
/// one hash (1 in 10^24 a pair, under a secret seed) are distinguished by the key text in the log: the second
/// is refused, never applied twice.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    shards: Vec<Shard>,
    hasher: KeyHasher,
    /// Keys of events up to this one are found elsewhere.
    floor: u64,
    /// How many were ever remembered.
    count: u64,
}

/// Hashes keys as a ledger does, and without it.
#[derive(Clone, Copy, Debug)]
pub struct KeyHasher {
    seed: (u64, u64),
}

impl KeyHasher {
    /// The low 80 bits of the key's hash.
    #[must_use]
    pub fn hash(&self, key: &str) -> u128 {
        self.hash_bytes(key.as_bytes())
    }

    fn hash_bytes(&self, bytes: &[u8]) -> u128 {
        SipHasher24::new_with_keys(self.seed.0, self.seed.1).hash(bytes).as_u128() & HASH_MASK
    }
}

#[derive(Clone, Debug, Default)]
struct Shard {
    slots: Vec<u128>,
    len: usize,
}

impl Keys {
    pub(crate) fn new(seed: (u64, u64)) -> Self {
        Self { shards: vec![Shard::default(); SHARDS], hasher: KeyHasher { seed }, floor: 0, count: 0 }
    }

    /// How many were ever remembered.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Keys of events up to this one, and of no later ones, leave where room is needed.
    pub(crate) fn forget_through(&mut self, event: u64) {
        self.floor = event;
    }

    /// So many keys of events up to `event` were remembered before.
    pub(crate) fn count_through(&mut self, event: u64, count: u64) {
        self.count = count + self.iter().filter(|(named, _)| *named > event).count() as u64;
    }

    /// How many are in memory.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.len).sum()
    }

    pub(crate) fn hasher(&self) -> KeyHasher {
        self.hasher
    }

    /// See [`KeyHasher::hash`].
    pub(crate) fn hash(&self, key: &str) -> u128 {
        self.hasher.hash(key)
    }

    /// The low 80 bits of the hash of bytes that are no key.
    pub(crate) fn hash_bytes(&self, bytes: &[u8]) -> u128 {
        self.hasher.hash_bytes(bytes)
    }

    /// The event the key with this hash names.
    pub(crate) fn find(&self, hash: u128) -> Option<u64> {
        let shard = &self.shards[shard_of(hash)];
        if shard.slots.is_empty() {
            return None;
        }
        let mut at = shard.home(hash);
        loop {
            let slot = shard.slots[at];
            if slot == 0 {
                return None;
            }
            if slot & HASH_MASK == hash {
                return Some((slot >> HASH_BITS) as u64);
            }
            at = shard.behind(at);
        }
    }

    /// Prefetches: reads from the two cache lines in which a lookup of this hash begins and usually ends.
    pub(crate) fn touch(&self, hash: u128) -> u128 {
        const SLOTS_IN_A_LINE: usize = 64 / size_of::<u128>();
        let shard = &self.shards[shard_of(hash)];
        let home = shard.home(hash);
        let slot = |at| shard.slots.get(at).copied().unwrap_or(0);
        slot(home) | slot(home + SLOTS_IN_A_LINE)
    }

    /// All keys: the event each names, and its hash.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u128)> {
        let slots = self.shards.iter().flat_map(|shard| &shard.slots).filter(|slot| **slot != 0);
        slots.map(|slot| ((slot >> HASH_BITS) as u64, slot & HASH_MASK))
    }

    /// Remembers that the key with this hash names `event`, which is not 0. Says `false` if it names another.
    pub(crate) fn insert(&mut self, hash: u128, event: u64) -> bool {
        if event <= self.floor {
            return true;
        }
        let shard = &mut self.shards[shard_of(hash)];
        if shard.len * FULL.1 >= shard.slots.len() * FULL.0 {
            shard.make_room(shard_of(hash), self.floor);
        }
        let slot = u128::from(event) << HASH_BITS | hash;
        let place = shard.place_of(hash);
        match *place {
            0 => {
                *place = slot;
                shard.len += 1;
                self.count += 1;
                true
            }
            other => other == slot,
        }
    }

    /// Forgets a key that is there: its batch was undone.
    pub(crate) fn forget(&mut self, hash: u128) {
        let shard = &mut self.shards[shard_of(hash)];
        let mut at = shard.home(hash);
        while shard.slots[at] & HASH_MASK != hash {
            at = shard.behind(at);
        }
        shard.remove(at);
        self.count -= 1;
    }
}

fn shard_of(hash: u128) -> usize {
    (hash >> (HASH_BITS - SHARD_BITS)) as usize
}

impl Shard {
    /// Where a search begins: the slots in the order of the hashes, so that growing reads and writes from front to back.
    #[inline]
    fn home(&self, hash: u128) -> usize {
        (((hash & u128::from(u64::MAX)) * self.slots.len() as u128) >> 64) as usize
    }

    #[inline]
    fn behind(&self, at: usize) -> usize {
        if at + 1 == self.slots.len() { 0 } else { at + 1 }
    }

    /// Makes room in the shard that is the `nth`, from 0: keys of events up to `floor` leave it, and if that is not enough,
    /// it grows.
    fn make_room(&mut self, nth: usize, floor: u64) {
        let stays = |slot: &u128| (slot >> HASH_BITS) as u64 > floor;
        let len = self.slots.iter().filter(|slot| stays(slot)).count();
        let before = self.slots.len();
        let mut size = before.max(SLOTS_MIN);
        if len * 2 > before || before == 0 {
            size = (before + before / 2).max(SLOTS_MIN);
            if before <= SLOTS_ALIKE && size > SLOTS_ALIKE {
                // Between 1 and 1.5 times the size, which is how far it is to the next growth.
                size += size * nth / (2 * SHARDS);
            }
        } else if len * 8 < before {
            size = (before / 2).max(SLOTS_MIN);
        }
        let old = std::mem::replace(&mut self.slots, vec![0; size]);
        self.len = len;
        for slot in old.into_iter().filter(stays) {
            *self.place_of(slot & HASH_MASK) = slot;
        }
    }

    /// The slot of the key with this hash, or the empty one in which it belongs.
    fn place_of(&mut self, hash: u128) -> &mut u128 {
        let mut at = self.home(hash);
        while self.slots[at] != 0 && self.slots[at] & HASH_MASK != hash {
            at = self.behind(at);
        }
        &mut self.slots[at]
    }

    /// How many slots further `to` is than `from`, going round.
    fn steps(&self, from: usize, to: usize) -> usize {
        if to >= from { to - from } else { to + self.slots.len() - from }
    }

    /// Empties slot `at` and moves up those behind it that would no longer be found.
    fn remove(&mut self, at: usize) {
        let mut hole = at;
        let mut next = self.behind(at);
        while self.slots[next] != 0 {
            let wanted = self.home(self.slots[next] & HASH_MASK);
            if self.steps(wanted, next) >= self.steps(hole, next) {
                self.slots[hole] = self.slots[next];
                hole = next;
            }
            next = self.behind(next);
        }
        self.slots[hole] = 0;
        self.len -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        /// Hashes crowd in two shards at both ends of the slots, so that searches and removals go round the end.
        #[test]
        fn keys_are_found_until_they_are_forgotten(
            steps in prop::collection::vec((any::<bool>(), 0..2u128, prop::bool::ANY, 0..60u128), 0..400)
        ) {
            let mut keys = Keys::new((1, 2));
            let mut model = HashMap::new();
            for (event, (forgets, shard, high, low)) in (1u64..).zip(steps) {
                let place = if high { u128::from(u64::MAX) - (low << 40) } else { low << 40 };
                let hash = shard << (HASH_BITS - SHARD_BITS) | place;
                prop_assert_eq!(keys.find(hash), model.get(&hash).copied());
                if forgets && model.remove(&hash).is_some() {
                    keys.forget(hash);
                } else if hash != 0 {
                    let is_new = !model.contains_key(&hash);
                    prop_assert_eq!(keys.insert(hash, event), is_new);
                    model.entry(hash).or_insert(event);
                }
                prop_assert_eq!(keys.len(), model.len());
            }
            let mut known: Vec<_> = keys.iter().collect();
            known.sort_unstable();
            let mut expected: Vec<_> = model.into_iter().map(|(hash, event)| (event, hash)).collect();
            expected.sort_unstable();
            prop_assert_eq!(known, expected);
        }
    }
}
