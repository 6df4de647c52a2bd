//! What an account may still spend.

use crate::amount::{Amount, Micros};
use crate::spending::{SpendLimit, Spent};
use crate::state::{Account, CoinId, State};
use crate::thresholds::Thresholds;

/// A spending limit and how far it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spending {
    /// The limit that counts: the account's own, or its coin's.
    pub limit: SpendLimit,
    /// What was spent within its window and what is held.
    pub used: Amount,
    /// What may still be spent or held.
    pub left: Amount,
    /// When the window ends, or when the oldest part of a rolling one does. None if nothing in a rolling window ends.
    pub resets_at: Option<Micros>,
}

impl State {
    /// Whether thresholds or a spending limit may count for an account. Most have neither, which is quickly seen.
    #[inline]
    pub(crate) fn may_have_rules(&self, account: Option<&Account>) -> bool {
        self.coins_have_rules || account.is_some_and(|account| account.more.is_some())
    }

    /// To be called whenever the rules of a coin have changed.
    pub(crate) fn note_coins_rules(&mut self) {
        self.coins_have_rules = self.coins.iter().any(|coin| coin.thresholds.is_some() || coin.spend_limit.is_some());
    }

    /// The thresholds that count for an account of a coin: its own, or the coin's.
    #[must_use]
    pub fn thresholds<'a>(&'a self, coin: CoinId, account: Option<&'a Account>) -> Option<&'a Thresholds> {
        account.and_then(Account::own_thresholds).or(self.coin(coin).thresholds.as_ref())
    }

    /// The spending limit that counts for an account of a coin: its own, or the coin's.
    pub(crate) fn spend_limit(&self, coin: CoinId, account: Option<&Account>) -> Option<SpendLimit> {
        account.and_then(Account::own_spend_limit).or(self.coin(coin).spend_limit)
    }

    /// The spending limit of an account, or of one that has not come into being, and how far it is used at `now`.
    #[must_use]
    pub fn spending(&self, coin: CoinId, account: Option<&Account>, now: Micros) -> Option<Spending> {
        let limit = self.spend_limit(coin, account)?;
        let spent = account.and_then(|account| account.more.as_ref()?.spent.as_deref());
        // What was counted for another window says nothing about this one.
        let spent = spent.filter(|spent| spent.per == limit.per);
        let used = spent.map_or(0, |spent| spent.sum(now)) + account.map_or(0, Account::held);
        let resets_at = Spent::next_window(limit.per, now).or_else(|| spent?.next_less(now));
        Some(Spending { limit, used, left: limit.amount.saturating_sub(used), resets_at })
    }
}
