//! Accounts: one user's holdings of one coin.

use crate::amount::{Amount, MAX_AMOUNT, Micros};
use crate::lot::{Lot, LotAmount};
use crate::spending::{SpendLimit, Spent};
use crate::state::{CoinId, UserId};
use crate::thresholds::Thresholds;

/// An account's place in the order in which accounts came into being, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AccountId(pub u32);

/// Every 64th entry of an account is a milestone: the others point to the last one, and milestones point to
/// milestones further back.
pub(crate) const ENTRIES_PER_MILESTONE: u32 = 64;

/// What a plain transfer touches: one cache line. Everything rarer is in [`More`].
#[derive(Clone, Debug, Default)]
#[repr(align(64))]
pub struct Account {
    /// Whose.
    pub user: UserId,
    /// The same user's account that came into being before this one.
    pub(crate) next: Option<AccountId>,
    /// Of which coin.
    pub coin: CoinId,
    /// How many events touched it.
    pub(crate) entries: u32,
    /// The last event that touched it.
    pub(crate) head: u64,
    /// The last milestone among them.
    pub(crate) milestone: u64,
    /// Available plain coins; below 0 only when all lots are used and the floor allows it.
    pub(crate) plain: i64,
    pub(crate) more: Option<Box<More>>,
    /// Roots of the skew-binary list of milestones, the oldest first. Used once in 64 entries, so stored separately.
    pub(crate) roots: Option<Box<Roots>>,
}

const _: () = assert!(size_of::<Account>() == 64);

/// What only some accounts have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct More {
    /// Available lots that are not plain, in burn order.
    pub(crate) lots: Vec<LotAmount>,
    /// The sum of the open holds.
    pub(crate) held: Amount,
    pub(crate) limits: Limits,
    pub(crate) thresholds: Option<Thresholds>,
    pub(crate) spend_limit: Option<SpendLimit>,
    /// What counts towards its spending limit, or the coin's, but for what is held.
    pub(crate) spent: Option<Box<Spent>>,
}

impl More {
    /// What was spent lately, as far as it still counts.
    pub(crate) fn live_spent(&self, now: Micros) -> Option<&Spent> {
        self.spent.as_deref().filter(|spent| !spent.live(now).is_empty())
    }

    /// Whether an account without it is the same.
    pub(crate) fn is_nothing(&self, now: Micros) -> bool {
        self.live_spent(now).is_none()
            && self.lots.is_empty()
            && (self.held, self.limits) == (0, Limits::default())
            && (&self.thresholds, self.spend_limit) == (&None, None)
    }
}

/// The numbers of some milestones.
pub(crate) type Roots = Vec<u64>;

/// What bounds an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// What is available may not go below this; 0 or less.
    pub floor: i64,
    /// The total may not go above this.
    pub ceiling: Amount,
    /// A frozen account gives nothing; it may receive.
    pub frozen: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { floor: 0, ceiling: MAX_AMOUNT, frozen: false }
    }
}

/// Total, held and what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// All coins that are not expired, and all that are held.
    pub total: i64,
    /// Reserved by holds.
    pub held: Amount,
}

/// A balance with the account it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountBalance {
    /// Whose.
    pub account: AccountId,
    /// How much.
    pub balance: Balance,
}

impl Balance {
    /// What can be spent now: total less held.
    #[must_use]
    pub fn available(&self) -> i64 {
        self.total - self.held as i64
    }
}

impl Account {
    /// Total after the last event, lots that expired since included.
    pub(crate) fn total(&self) -> i64 {
        match &self.more {
            None => self.plain,
            Some(more) => {
                let lots: Amount = more.lots.iter().map(|part| part.amount).sum();
                self.plain + lots as i64 + more.held as i64
            }
        }
    }

    /// Reserved by open holds.
    #[must_use]
    pub fn held(&self) -> Amount {
        self.more.as_ref().map_or(0, |more| more.held)
    }

    /// The balance at `now`, which is not before the last event.
    #[must_use]
    pub fn balance(&self, now: Micros) -> Balance {
        let expired: Amount =
            self.other_lots().iter().filter(|part| !part.lot.marks.is_alive(now)).map(|part| part.amount).sum();
        Balance { total: self.total() - expired as i64, held: self.held() }
    }

    /// Floor, ceiling and whether it is frozen.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.more.as_ref().map_or_else(Limits::default, |more| more.limits)
    }

    /// Its own thresholds, if it has any.
    #[must_use]
    pub fn own_thresholds(&self) -> Option<&Thresholds> {
        self.more.as_ref()?.thresholds.as_ref()
    }

    /// Its own spending limit, if it has one.
    #[must_use]
    pub fn own_spend_limit(&self) -> Option<SpendLimit> {
        self.more.as_ref()?.spend_limit
    }

    /// The last event that touched it; 0 for none.
    #[must_use]
    pub fn last_event(&self) -> u64 {
        self.head
    }

    /// How many events touched it.
    #[must_use]
    pub fn entry_count(&self) -> u32 {
        self.entries
    }

    /// Available plain coins.
    #[must_use]
    pub fn plain(&self) -> i64 {
        self.plain
    }

    pub(crate) fn other_lots(&self) -> &[LotAmount] {
        self.more.as_ref().map_or(&[], |more| &more.lots)
    }

    /// What is available at `now` by lot, in burn order. Plain coins are among them if there are any above 0.
    pub fn lots(&self, now: Micros) -> impl Iterator<Item = LotAmount> {
        let others = self.other_lots();
        let plain_at = others.partition_point(|part| part.lot < Lot::PLAIN);
        let plain = u64::try_from(self.plain).unwrap_or(0);
        let part = (plain > 0).then_some(LotAmount { lot: Lot::PLAIN, amount: plain });
        others[..plain_at]
            .iter()
            .copied()
            .chain(part)
            .chain(others[plain_at..].iter().copied())
            .filter(move |part| part.lot.marks.is_alive(now))
    }

    /// What of one lot is available, expired or not.
    pub(crate) fn amount_of(&self, lot: &Lot) -> Amount {
        if lot.is_plain() {
            return u64::try_from(self.plain).unwrap_or(0);
        }
        self.other_lots().iter().find(|part| part.lot == *lot).map_or(0, |part| part.amount)
    }

    /// Roots of the skew-binary list of milestones, the oldest first.
    pub(crate) fn roots(&self) -> &[u64] {
        self.roots.as_ref().map_or(&[], |roots| roots)
    }

    pub(crate) fn more_mut(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    /// Adds coins of a lot to what is available.
    pub(crate) fn put(&mut self, part: LotAmount) {
        if part.lot.is_plain() {
            self.plain += part.amount as i64;
            return;
        }
        let lots = &mut self.more_mut().lots;
        match lots.binary_search_by(|other| other.lot.cmp(&part.lot)) {
            Ok(at) => lots[at].amount += part.amount,
            Err(at) => {
                // Most have one lot or two.
                if lots.len() == lots.capacity() && lots.len() < 4 {
                    lots.reserve_exact(1);
                }
                lots.insert(at, part);
            }
        }
    }

    /// Takes coins of a lot from what is available. Plain coins may go below 0; of others there must be enough.
    pub(crate) fn take(&mut self, part: LotAmount) -> bool {
        if part.lot.is_plain() {
            self.plain -= part.amount as i64;
            return true;
        }
        let Some(more) = &mut self.more else { return false };
        let Ok(at) = more.lots.binary_search_by(|other| other.lot.cmp(&part.lot)) else {
            return false;
        };
        if more.lots[at].amount < part.amount {
            return false;
        }
        more.lots[at].amount -= part.amount;
        if more.lots[at].amount == 0 {
            more.lots.remove(at);
        }
        true
    }

    /// What the next entry's skip pointer is, and whether that entry is a milestone.
    pub(crate) fn next_skip(&self) -> (u64, bool) {
        let count = self.entries + 1;
        if !count.is_multiple_of(ENTRIES_PER_MILESTONE) {
            return (self.milestone, false);
        }
        let roots = self.roots();
        let merged = merged_roots(count / ENTRIES_PER_MILESTONE - 1);
        (roots.len().checked_sub(merged + 1).map_or(0, |at| roots[at]), true)
    }

    /// Adds `event` to the account's chain of entries.
    pub(crate) fn link(&mut self, event: u64) {
        self.entries += 1;
        self.head = event;
        if self.entries.is_multiple_of(ENTRIES_PER_MILESTONE) {
            let merged = merged_roots(self.entries / ENTRIES_PER_MILESTONE - 1);
            self.milestone = event;
            let roots = self.roots.get_or_insert_default();
            roots.truncate(roots.len().saturating_sub(merged));
            roots.push(event);
        }
    }
}

/// Milestones form a skew-binary list (Myers, "An applicative random-access stack", 1983): a forest of complete
/// trees of 2^k - 1 milestones. A new milestone joins the two smallest trees when they are of one size, and
/// else stands alone; its skip pointer is the root before those. Says how many roots (0 or 2) the milestone
/// after `count` others joins.
fn merged_roots(count: u32) -> usize {
    let mut left = count;
    let mut smallest = [0u32; 2];
    // Greedy from the largest tree down: the skew-binary digits of the count.
    for k in (1..32).rev() {
        let size = (1u32 << k) - 1;
        while left >= size {
            left -= size;
            smallest = [smallest[1], size];
        }
    }
    if smallest[1] != 0 && smallest[0] == smallest[1] { 2 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milestones_are_reached_in_logarithmic_steps() {
        // Milestone n is event n; `parent` is n-1. Skips jump over whole trees.
        let mut roots: Vec<u64> = Vec::new();
        let mut skips = vec![0u64];
        for n in 1..=100_000u64 {
            let merged = merged_roots(u32::try_from(n - 1).unwrap());
            skips.push(roots.len().checked_sub(merged + 1).map_or(0, |at| roots[at]));
            roots.truncate(roots.len() - merged);
            roots.push(n);
        }
        for target in [1u64, 2, 63, 64, 4_095, 50_000, 99_998] {
            let mut at = 100_000u64;
            let mut steps = 0;
            while at > target {
                let skip = skips[usize::try_from(at).unwrap()];
                at = if skip >= target && skip != 0 { skip } else { at - 1 };
                steps += 1;
            }
            assert_eq!(at, target);
            assert!(steps <= 3 * 17, "milestone {target} took {steps} steps");
        }
    }
}
