//! Open holds, and what happens at which time.

use crate::amount::{Amount, Micros};
use crate::lot::LotAmount;
use crate::state::{AccountId, UserId};

/// Coins that are reserved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Whose coins.
    pub account: AccountId,
    /// Who gets what is captured; `None` is `@spent`.
    pub to: Option<UserId>,
    /// When it ends by itself.
    pub expires_at: Micros,
    /// What it reserved at first.
    pub amount: Amount,
    /// What was captured from it so far.
    pub captured: Amount,
    /// What it still reserves, by lot, in the order in which it is captured.
    pub lots: Vec<LotAmount>,
}

impl Hold {
    /// What it still reserves.
    #[must_use]
    pub fn held(&self) -> Amount {
        self.lots.iter().map(|part| part.amount).sum()
    }
}

/// What the clock does when its time comes. Holds go before lots of the same instant: what a hold gives back
/// into a lot that expires at that very instant expires with it. New coins come last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// The hold with this id ends.
    Hold(u64),
    /// Lots of this account expire.
    Lots(AccountId),
    /// What the last occurrence of the schedule that this event made granted is to follow a change.
    Adjustment(u64),
    /// The schedule that this event made has an occurrence.
    Schedule(u64),
}
