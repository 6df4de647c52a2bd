//! New coins.

use super::Judge;
use crate::amount::Amount;
use crate::event::{Fact, GrantTerms, Leg, Legs, MovementKind, Place};
use crate::lot::{Lot, LotAmount};
use crate::refusal::Refusal;

impl Judge<'_> {
    pub(super) fn grant<'a>(
        &self,
        user: &str,
        coin: &str,
        amount: Amount,
        terms: GrantTerms,
    ) -> Result<Fact<'a>, Refusal> {
        let GrantTerms { marks, lot, .. } = terms;
        let user = self.ledger.first_user(self.staged, user)?;
        let coin = self.ledger.require_coin(coin)?;
        self.check_open(user)?;
        if !marks.is_alive(self.now) {
            return Err(Refusal::invalid("expires_at", "coins can't expire before they are granted".to_owned()));
        }
        let party = self.party(user, coin);
        self.check_ceiling(party, amount)?;
        self.check_countable(coin, self.state.coin(coin).issued_and_owed(), amount)?;
        let mut leg = Leg::plain(Place::Issued, Place::A, amount);
        if lot || !marks.is_plain() {
            let grant = self.state.last_event() + 1;
            leg.lots = vec![LotAmount { lot: Lot { grant, marks }, amount }];
        }
        let kind = MovementKind::Grant(terms);
        Ok(Fact::Moved(self.movement(kind, amount, party, None, Legs { first: leg, rest: Vec::new() })))
    }
}
