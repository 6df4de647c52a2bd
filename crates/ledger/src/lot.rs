//! Lots: coins that came from one grant and share its expiry, priority and category.

use crate::amount::{Amount, Micros};
use core::cmp::Ordering;

/// Whether coins were bought or given away; promotional coins burn first among equals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Given away: burns before paid coins of the same priority and expiry.
    Promotional,
    /// Bought, or otherwise the user's own. The default.
    #[default]
    Paid,
}

/// What sets the coins of a grant apart from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Marks {
    /// From this instant on the coins are not available; `None` never expires.
    pub expires_at: Option<Micros>,
    /// 0 burns first, 100 last.
    pub priority: u8,
    /// Promotional or paid.
    pub category: Category,
}

impl Marks {
    /// The priority of a grant that names none.
    pub const PRIORITY_DEFAULT: u8 = 50;
    /// The marks of plain coins.
    pub const PLAIN: Self = Self { expires_at: None, priority: Self::PRIORITY_DEFAULT, category: Category::Paid };

    /// Whether coins with these attributes are plain: one amount for each account, without their grants.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::PLAIN
    }

    /// Whether coins with these marks are spendable at `now`.
    #[must_use]
    pub fn is_alive(&self, now: Micros) -> bool {
        self.expires_at.is_none_or(|at| at > now)
    }
}

/// Which lot: the grant it came from and its marks. Plain coins have grant 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lot {
    /// Event number of the grant; 0 for plain coins.
    pub grant: u64,
    /// The marks the coins carry.
    pub marks: Marks,
}

impl Lot {
    /// The plain coins of an account.
    pub const PLAIN: Self = Self { grant: 0, marks: Marks::PLAIN };

    /// Whether this is the account's plain coins.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.grant == 0
    }
}

/// The burn order: lower priority first, then sooner expiry (none last), then promotional before paid, then
/// the older grant. Plain coins are oldest of all.
impl Ord for Lot {
    fn cmp(&self, other: &Self) -> Ordering {
        // No expiry is later than any expiry, the last instant of all included.
        let expiry = |lot: &Self| (lot.marks.expires_at.is_none(), lot.marks.expires_at);
        self.marks
            .priority
            .cmp(&other.marks.priority)
            .then_with(|| expiry(self).cmp(&expiry(other)))
            .then_with(|| self.marks.category.cmp(&other.marks.category))
            .then_with(|| self.grant.cmp(&other.grant))
    }
}

impl PartialOrd for Lot {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Some coins of one lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LotAmount {
    /// Whose coins.
    pub lot: Lot,
    /// How many, in the coin's smallest unit.
    pub amount: Amount,
}
