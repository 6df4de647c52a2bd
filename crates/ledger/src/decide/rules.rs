//! The rules of an account that are its own or its coin's: thresholds and spending limits.

use super::{Judge, Party};
use crate::amount::Amount;
use crate::event::{Fact, Whose};
use crate::refusal::Refusal;
use crate::spending::SpendLimit;
use crate::thresholds::{Crossing, Thresholds};

impl Judge<'_> {
    pub(super) fn put_thresholds<'a>(
        &self,
        user: Option<&str>,
        coin: &str,
        thresholds: &Option<Thresholds>,
    ) -> Result<Fact<'a>, Refusal> {
        Ok(Fact::ThresholdsPut { whose: self.whose(user, coin)?, thresholds: thresholds.clone() })
    }

    pub(super) fn put_spend_limit<'a>(
        &self,
        user: Option<&str>,
        coin: &str,
        limit: Option<SpendLimit>,
    ) -> Result<Fact<'a>, Refusal> {
        Ok(Fact::SpendLimitPut { whose: self.whose(user, coin)?, limit })
    }

    fn whose(&self, user: Option<&str>, coin: &str) -> Result<Whose, Refusal> {
        let user = user.map(|user| self.ledger.require_user(user)).transpose()?;
        let coin = self.ledger.require_coin(coin)?;
        let Some(user) = user else { return Ok(Whose::Coin(coin)) };
        self.check_open(user)?;
        Ok(Whose::Account(self.untouched_entry(self.party(user, coin))))
    }

    /// The thresholds that a party crosses when it comes to have so much available.
    #[inline]
    pub(super) fn crossed(&self, party: Party<'_>, available: i64) -> Option<Box<[Crossing]>> {
        if !self.state.may_have_rules(party.row()) {
            return None;
        }
        self.state.thresholds(party.coin, party.row())?.crossed(party.balance().available(), available)
    }

    /// What a party may spend or hold by its spending limit.
    pub(super) fn spendable(&self, party: Party<'_>) -> Option<Amount> {
        self.state.spending(party.coin, party.row(), self.now).map(|spending| spending.left)
    }

    /// No more is spent or held than the spending limit leaves.
    #[inline]
    pub(super) fn check_spend_limit(&self, party: Party<'_>, needed: Amount) -> Result<(), Refusal> {
        if !self.state.may_have_rules(party.row()) {
            return Ok(());
        }
        self.check_within_limit(party, needed)
    }

    fn check_within_limit(&self, party: Party<'_>, needed: Amount) -> Result<(), Refusal> {
        let Some(spending) = self.state.spending(party.coin, party.row(), self.now) else { return Ok(()) };
        if needed <= spending.left {
            return Ok(());
        }
        let (user, coin) = (self.id_of(party.user), self.code_of(party.coin));
        let (left, resets_at) = (spending.left, spending.resets_at);
        Err(Refusal::SpendLimitReached { user, coin, left, needed, resets_at })
    }
}
