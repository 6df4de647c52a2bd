//! A ledger: the state, its two hash indexes, and the three things that can be done with it.

use crate::amount::Micros;
use crate::event::{Event, Key};
use crate::refusal::Refusal;
use crate::state::{Coin, Generation, KeyHasher, Keys, State, UserId, UserIndex};
use crate::undo::Undo;

/// What deciding came to, when it was not refused.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a decision lives for a moment on the stack; a box would cost every one")]
pub enum Decision<'a> {
    /// This is to be done; [`Ledger::apply`] does it.
    Do(Event<'a>),
    /// The idempotency key already names this event. Compare the requests with [`Event::same_request`] and replay it.
    Known(u64),
}

/// A ledger as a value.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub(crate) state: State,
    pub(crate) index: UserIndex,
    pub(crate) keys: Keys,
    pub(crate) undo: Option<Box<Undo>>,
}

impl Ledger {
    /// An empty ledger with the coin `toco`. `seed` keys the hashes: random for each ledger, and the same
    /// whenever that ledger is opened.
    #[must_use]
    pub fn new(seed: [u8; 16]) -> Self {
        let toco = Coin::new("toco", 0);
        Self::with_state(seed, State { coins: vec![toco], ..State::default() })
    }

    pub(crate) fn with_state(seed: [u8; 16], state: State) -> Self {
        let word = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| seed[at + i]));
        let seed = (word(0), word(8));
        let mut index = UserIndex::new(seed);
        index.rebuild(&state.users);
        Self { state, index, keys: Keys::new(seed), undo: None }
    }

    /// The state, to read or to clone.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The user with this id, closed or not.
    #[must_use]
    pub fn find_user(&self, id: &str) -> Option<UserId> {
        self.index.find(&self.state.users, id)
    }

    /// The user with this id, or the refusal that says there is none.
    ///
    /// # Errors
    /// [`Refusal::UserNotFound`].
    pub fn require_user(&self, id: &str) -> Result<UserId, Refusal> {
        self.find_user(id).ok_or_else(|| Refusal::UserNotFound { user: id.into() })
    }

    /// The coin with this code, or the refusal that says there is none.
    ///
    /// # Errors
    /// [`Refusal::CoinNotFound`].
    pub fn require_coin(&self, code: &str) -> Result<crate::state::CoinId, Refusal> {
        self.state.coin_by_code(code).ok_or_else(|| Refusal::CoinNotFound { coin: code.into() })
    }

    /// The event that an idempotency key names, if it is in memory.
    #[must_use]
    pub fn known(&self, key: &str) -> Option<u64> {
        self.keys.find(self.keys.hash(key))
    }

    /// How many idempotency keys are remembered, those that are no longer in memory among them.
    #[must_use]
    pub fn key_count(&self) -> u64 {
        self.keys.count()
    }

    /// How many idempotency keys are in memory.
    #[must_use]
    pub fn keys_in_memory(&self) -> usize {
        self.keys.len()
    }

    /// Keys of events up to this one, and of no later ones, need not be in memory: whoever decides looks them up elsewhere. They
    /// leave bit by bit, where room is needed, and are not taken in.
    pub fn forget_keys_through(&mut self, event: u64) {
        self.keys.forget_through(event);
    }

    /// So many keys of events up to `event` were remembered before, and are found elsewhere.
    pub fn count_keys_through(&mut self, event: u64, count: u64) {
        self.keys.count_through(event, count);
    }

    /// What is over by now is to be written to tables; see [`Ledger::forget_over_through`].
    pub fn age_over(&mut self) {
        self.state.over.age(self.state.last_event);
    }

    /// Takes out of memory what was over at the last [`Ledger::age_over`], if that was at or before this event: whoever
    /// decides looks it up elsewhere. Drop it where nobody waits.
    pub fn forget_over_through(&mut self, event: u64) -> Generation {
        self.state.over.forget_through(event)
    }

    /// The key with its hash under this ledger's seed.
    #[must_use]
    pub fn hashed_key<'a>(&self, text: &'a str) -> Key<'a> {
        Key { text, hash: self.keys.hash(text) }
    }

    /// Hashes keys as [`Ledger::hashed_key`] does, for who does not have the ledger.
    #[must_use]
    pub fn key_hasher(&self) -> KeyHasher {
        self.keys.hasher()
    }

    /// Remembers a key read back from an index file: `hash` as [`Ledger::hashed_key`] gave it.
    pub fn remember(&mut self, hash: u128, event: u64) {
        self.keys.insert(hash, event);
    }

    /// The hashes of the keys that name events in a range, with those events, by event.
    #[must_use]
    pub fn keys_between(&self, first: u64, last: u64) -> Vec<(u64, u128)> {
        let mut keys: Vec<_> = self.keys.iter().filter(|(event, _)| (first..=last).contains(event)).collect();
        keys.sort_unstable();
        keys
    }

    /// Whether anything expires at or before `now`. If so, [`Ledger::expire`] comes before any other decision.
    #[must_use]
    pub fn is_due(&self, now: Micros) -> bool {
        self.state.next_due().is_some_and(|at| at <= now)
    }

    /// From here on [`Ledger::roll_back`] can take everything back, until [`Ledger::keep`].
    pub fn begin(&mut self) {
        self.undo = Some(Box::new(Undo::new(&self.state)));
    }

    /// What was done since [`Ledger::begin`] stays.
    pub fn keep(&mut self) {
        self.undo = None;
    }

    /// Takes back everything since [`Ledger::begin`].
    pub fn roll_back(&mut self) {
        if let Some(undo) = self.undo.take() {
            undo.restore(self);
        }
    }
}
