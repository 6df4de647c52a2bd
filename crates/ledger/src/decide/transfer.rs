//! Coins from user to user.

use super::Judge;
use crate::amount::Amount;
use crate::event::{Fact, Legs, MovementKind, Place};
use crate::refusal::Refusal;

impl Judge<'_> {
    pub(super) fn transfer<'a>(&self, from: &str, to: &str, coin: &str, amount: Amount) -> Result<Fact<'a>, Refusal> {
        let from = self.ledger.first_user(self.staged, from)?;
        let to = self.ledger.second_user(self.staged, to)?;
        let coin = self.ledger.require_coin(coin)?;
        self.check_open(from)?;
        self.check_open(to)?;
        let (giver, taker) = (self.party(from, coin), self.party(to, coin));
        self.check_not_frozen(giver)?;
        self.check_spend_limit(giver, amount)?;
        let leg = self.burn(giver, amount, Place::B)?;
        self.check_ceiling(taker, amount)?;
        let legs = Legs { first: leg, rest: Vec::new() };
        Ok(Fact::Moved(self.movement(MovementKind::Transfer, amount, giver, Some(taker), legs)))
    }
}
