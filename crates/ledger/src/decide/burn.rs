//! Which coins go first.

use super::{Judge, Party};
use crate::amount::Amount;
use crate::event::{Leg, Place};
use crate::lot::{Lot, LotAmount};
use crate::refusal::Refusal;

impl Judge<'_> {
    /// How much a party could give: what is available, and what its floor lets it owe.
    pub(super) fn within_floor(&self, party: Party<'_>) -> i64 {
        party.row().map_or(0, |account| party.balance().available() - account.limits().floor)
    }

    /// Takes `amount` of a party's available coins to `to` in burn order: lots first to last, then plain coins
    /// below 0 as far as the floor allows.
    pub(super) fn burn(&self, party: Party<'_>, amount: Amount, to: Place) -> Result<Leg, Refusal> {
        // Nothing can always be taken, even where a raised floor is above what there is.
        if amount > 0 && self.within_floor(party) < amount as i64 {
            return Err(self.insufficient(party, party.balance().available(), amount));
        }
        let mut leg = Leg::plain(Place::A, to, amount);
        let Some(account) = party.row().filter(|account| !account.other_lots().is_empty()) else {
            return Ok(leg);
        };
        let mut left = amount;
        for part in account.lots(self.now) {
            let taken = part.amount.min(left);
            if taken > 0 {
                leg.lots.push(LotAmount { amount: taken, ..part });
            }
            left -= taken;
        }
        if left > 0 {
            // An overdraft is plain coins below 0, in one part with the plain coins there were.
            match leg.lots.iter_mut().find(|part| part.lot.is_plain()) {
                Some(part) => part.amount += left,
                None => leg.lots.push(LotAmount { lot: Lot::PLAIN, amount: left }),
            }
        }
        leg.forget_plain();
        Ok(leg)
    }
}
