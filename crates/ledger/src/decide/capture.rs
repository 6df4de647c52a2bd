//! Taking what was reserved.

use super::Judge;
use crate::amount::Amount;
use crate::event::{CaptureTerms, Fact, Leg, Legs, MovementKind, Place};
use crate::lot::LotAmount;
use crate::refusal::Refusal;
use crate::terms::Excess;

impl Judge<'_> {
    pub(super) fn capture<'a>(
        &self,
        id: u64,
        requested: Option<Amount>,
        last: bool,
        excess: Excess,
    ) -> Result<Fact<'a>, Refusal> {
        let hold = self.open_hold(id)?;
        let payer = self.party_of(hold.account);
        hold.to.map_or(Ok(()), |to| self.check_open(to))?;
        self.check_not_frozen(payer)?;
        let held = hold.held();
        let wanted = requested.unwrap_or(held);
        if wanted > held && excess == Excess::Reject {
            return Err(Refusal::HoldAmountExceeded { hold: id, held });
        }
        let payee = hold.to.map(|to| self.party(to, payer.coin));
        let place = if payee.is_some() { Place::B } else { Place::Spent };
        let (captured, left) = split(&hold.lots, wanted);
        let mut legs = vec![Leg::of_lots(Place::Hold, place, captured)];
        if wanted > held {
            // The work is done and cost more than was reserved: the rest comes from what is available, as far
            // as that and the spending limit go, without debt. What is held counts towards the limit already.
            let available = u64::try_from(payer.balance().available()).unwrap_or(0);
            let more = (wanted - held).min(available).min(self.spendable(payer).unwrap_or(available));
            if more > 0 {
                legs.push(self.burn(payer, more, place)?);
            }
        }
        let amount: Amount = legs.iter().map(|leg| leg.amount).sum();
        self.check_payable(payee, payer.coin, amount)?;
        let ended = last || left.is_empty();
        let held = if ended { 0 } else { left.iter().map(|part| part.amount).sum() };
        if ended {
            legs.extend(self.legs_back(left.into_iter()));
        }
        let kind = MovementKind::Capture(CaptureTerms { hold: id, requested, last, excess, held, ended });
        let first = legs.remove(0);
        Ok(Fact::Moved(self.movement(kind, amount, payer, payee, Legs { first, rest: legs })))
    }
}

/// The first `amount` coins of a list of lots, and the others.
pub(super) fn split(lots: &[LotAmount], amount: Amount) -> (Vec<LotAmount>, Vec<LotAmount>) {
    let (mut taken, mut left) = (Vec::new(), Vec::new());
    let mut wanted = amount;
    for part in lots {
        let now = part.amount.min(wanted);
        wanted -= now;
        if now > 0 {
            taken.push(LotAmount { amount: now, ..*part });
        }
        if part.amount > now {
            left.push(LotAmount { amount: part.amount - now, ..*part });
        }
    }
    (taken, left)
}
