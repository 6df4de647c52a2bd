//! Spending coins, or paying them to a user.

use super::Judge;
use crate::amount::Amount;
use crate::event::{Fact, Legs, MovementKind, Place, SpendTerms};
use crate::refusal::Refusal;
use crate::terms::Mode;

impl Judge<'_> {
    pub(super) fn spend<'a>(
        &self,
        user: &str,
        coin: &str,
        requested: Amount,
        to: Option<&str>,
        mode: Mode,
    ) -> Result<Fact<'a>, Refusal> {
        let user = self.ledger.first_user(self.staged, user)?;
        let to = to.map(|id| self.ledger.second_user(self.staged, id)).transpose()?;
        let coin = self.ledger.require_coin(coin)?;
        self.check_open(user)?;
        to.map_or(Ok(()), |to| self.check_open(to))?;
        let payer = self.party(user, coin);
        let payee = to.map(|to| self.party(to, coin));
        self.check_not_frozen(payer)?;
        let amount = match mode {
            Mode::Exact => requested,
            // What is available, without going into debt, and within the spending limit.
            Mode::UpTo => {
                let available = u64::try_from(payer.balance().available()).unwrap_or(0);
                requested.min(available).min(self.spendable(payer).unwrap_or(requested))
            }
        };
        self.check_spend_limit(payer, amount)?;
        let place = if payee.is_some() { Place::B } else { Place::Spent };
        let leg = self.burn(payer, amount, place)?;
        self.check_payable(payee, coin, amount)?;
        let kind = MovementKind::Spend(SpendTerms { requested, mode });
        Ok(Fact::Moved(self.movement(kind, amount, payer, payee, Legs { first: leg, rest: Vec::new() })))
    }
}
