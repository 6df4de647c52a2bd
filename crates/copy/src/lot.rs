//! Lots: coins of one grant with one expiry. Plain coins have grant 0.

use std::cmp::Ordering;

use crate::event::Part;
use crate::instant::{self, NEVER};

/// Which lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Lot {
    /// The event of its grant; 0 for plain coins.
    pub grant: i64,
    /// Microseconds since 1970, or [`NEVER`].
    pub expires_at: i64,
    pub priority: i16,
    pub is_promotional: bool,
}

impl Lot {
    pub(crate) const PLAIN: Self = Self { grant: 0, expires_at: NEVER, priority: 50, is_promotional: false };

    pub(crate) fn is_plain(&self) -> bool {
        self.grant == 0
    }
}

/// The order in which coins are spent.
impl Ord for Lot {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |lot: &Self| (lot.priority, lot.expires_at, !lot.is_promotional, lot.grant);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Lot {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Some coins of a lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coins {
    pub lot: Lot,
    pub amount: i64,
}

impl Coins {
    pub(crate) fn plain(amount: i64) -> Self {
        Self { lot: Lot::PLAIN, amount }
    }

    /// What an event names.
    pub(crate) fn of(part: &Part<'_>) -> Option<Self> {
        let Some(grant) = part.grant else { return Some(Self::plain(part.amount)) };
        let expires_at = part.expires_at.as_deref().map_or(Some(NEVER), instant::parse)?;
        let is_promotional = is_promotional(part.category.as_deref());
        let lot =
            Lot { grant: grant as i64, expires_at, priority: part.priority.map_or(50, i16::from), is_promotional };
        Some(Self { lot, amount: part.amount })
    }
}

pub(crate) fn is_promotional(category: Option<&str>) -> bool {
    category == Some("promotional")
}

pub(crate) fn category(is_promotional: bool) -> &'static str {
    if is_promotional { "promotional" } else { "paid" }
}

/// How many there are.
pub(crate) fn sum(coins: &[Coins]) -> i64 {
    coins.iter().map(|coins| coins.amount).sum()
}

/// Takes some coins out of a list; false if it has less.
pub(crate) fn take(from: &mut Vec<Coins>, wanted: Coins) -> bool {
    let Some(at) = from.iter().position(|coins| coins.lot == wanted.lot) else { return false };
    let left = from[at].amount - wanted.amount;
    match left {
        0 => drop(from.remove(at)),
        1.. => from[at].amount = left,
        _ => return false,
    }
    true
}

/// Adds coins to a list, to those of the same lot if there are any.
pub(crate) fn put(to: &mut Vec<Coins>, more: Coins) {
    match to.iter_mut().find(|coins| coins.lot == more.lot) {
        Some(coins) => coins.amount += more.amount,
        None => to.push(more),
    }
}

/// The first `amount` coins of a list, and the others.
pub(crate) fn split(list: &[Coins], amount: i64) -> (Vec<Coins>, Vec<Coins>) {
    let (mut first, mut rest, mut wanted) = (Vec::new(), Vec::new(), amount);
    for coins in list {
        let now = coins.amount.min(wanted);
        wanted -= now;
        if now > 0 {
            first.push(Coins { amount: now, ..*coins });
        }
        if coins.amount > now {
            rest.push(Coins { amount: coins.amount - now, ..*coins });
        }
    }
    (first, rest)
}
