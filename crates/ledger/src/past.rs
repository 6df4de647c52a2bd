//! Looking back: an account's line in a record, and its lots at an earlier time.

use crate::event::{Entry, Event, Fact, Movement, Place, Whose};
use crate::lot::LotAmount;
use crate::record::RECORD_BYTES;
use crate::state::{Account, AccountId, CoinId, State, UserId};

/// One account's line in a record, read without decoding the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Total after the event.
    pub total: i64,
    /// The account's event before it; 0 for none.
    pub prev: u64,
    /// An event further back; see [`Entry::skip`].
    pub skip: u64,
}

impl Link {
    /// The line of `account` in a record that has one.
    #[must_use]
    pub fn of(record: &[u8; RECORD_BYTES], account: AccountId) -> Option<Self> {
        let u32_at = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| record[at + i]));
        let i64_at = |at: usize| i64::from_le_bytes(std::array::from_fn(|i| record[at + i]));
        let u48_at = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| if i < 6 { record[at + i] } else { 0 }));
        let [has_a, has_b] = [1, 2].map(|bit| record[1] & bit != 0);
        if has_a && u32_at(4) == account.0 {
            return Some(Self { total: i64_at(24), prev: u48_at(40), skip: u48_at(46) });
        }
        if has_b && u32_at(8) == account.0 {
            return Some(Self { total: i64_at(32), prev: u48_at(52), skip: u48_at(58) });
        }
        None
    }
}

impl Entry {
    /// Whose account it is and of which coin, also when the event has not been applied yet.
    #[must_use]
    pub fn owner(&self, state: &State) -> (UserId, CoinId) {
        self.opens.unwrap_or_else(|| {
            let account = state.account(self.account);
            (account.user, account.coin)
        })
    }
}

impl Event<'_> {
    /// The event's entry for `account`, if there is one, and the account's [`Place`] in its legs.
    #[must_use]
    pub fn entry_of(&self, account: AccountId) -> Option<(&Entry, Place)> {
        match &self.fact {
            Fact::Moved(Movement { a, .. }) if a.account == account => Some((a, Place::A)),
            Fact::Moved(Movement { b: Some(b), .. }) if b.account == account => Some((b, Place::B)),
            Fact::LimitsPut { entry, .. }
            | Fact::ThresholdsPut { whose: Whose::Account(entry), .. }
            | Fact::SpendLimitPut { whose: Whose::Account(entry), .. }
                if entry.account == account =>
            {
                Some((entry, Place::A))
            }
            _ => None,
        }
    }
}

impl Movement {
    /// By how much the movement changed the total and the held coins of the account at `place`.
    #[must_use]
    pub fn change(&self, place: Place) -> (i64, i64) {
        let (mut total, mut held) = (0, 0);
        for leg in self.legs.iter() {
            for (end, sign) in [(leg.from, -1), (leg.to, 1)] {
                let amount = sign * leg.amount as i64;
                let is_held = end == Place::Hold && place == Place::A;
                total += if end == place || is_held { amount } else { 0 };
                held += if is_held { amount } else { 0 };
            }
        }
        (total, held)
    }
}

/// The available lots of an account, followed from one of its milestones forward.
#[derive(Debug)]
pub struct PastLots {
    id: AccountId,
    account: Account,
}

impl PastLots {
    /// Starts with the lots that a milestone names, or with none before the first.
    #[must_use]
    pub fn new(id: AccountId, lots: &[LotAmount]) -> Self {
        let mut account = Account::default();
        for part in lots {
            account.put(*part);
        }
        Self { id, account }
    }

    /// Follows the account's next event.
    pub fn apply(&mut self, event: &Event<'_>) {
        let Fact::Moved(movement) = &event.fact else { return };
        let Some((_, place)) = event.entry_of(self.id) else { return };
        for leg in movement.legs.iter() {
            for part in leg.parts() {
                if leg.from == place {
                    self.account.take(LotAmount { lot: movement.kind.taken_lot(place, part.lot), ..part });
                }
                if leg.to == place {
                    self.account.put(LotAmount { lot: movement.kind.given_lot(place, part.lot), ..part });
                }
            }
        }
    }

    /// The lots that are not plain, in burn order; including those that are due and have no `expire` event yet.
    #[must_use]
    pub fn lots(&self) -> &[LotAmount] {
        self.account.other_lots()
    }
}
