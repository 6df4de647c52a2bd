//! Moving coins back.

use super::{Judge, Party};
use crate::amount::{Amount, Micros};
use crate::event::{Event, Fact, Leg, Legs, Movement, MovementKind, Place, ReverseTerms};
use crate::lot::{Lot, LotAmount, Marks};
use crate::refusal::Refusal;

impl Judge<'_> {
    /// Coins go back in the opposite order to that in which they were taken, so that a reversal in several steps
    /// gives back first what would have burned last.
    pub(super) fn reverse<'a>(
        &self,
        of: u64,
        original: Option<&Event<'_>>,
        requested: Option<Amount>,
        renew_expires_at: Option<Micros>,
    ) -> Result<Fact<'a>, Refusal> {
        let Some(original) = original.filter(|_| of != 0 && of <= self.state.last_event()) else {
            return Err(Refusal::EventNotFound { event: of });
        };
        let movement = match &original.fact {
            Fact::Moved(movement) if is_reversible(&movement.kind) => movement,
            _ => {
                return Err(Refusal::NotReversible { event: of, kind: original.kind() });
            }
        };
        let back_to = self.party_of(movement.a.account);
        let other = movement.b.as_ref().map(|entry| self.party_of(entry.account));
        self.check_open(back_to.user)?;
        other.map_or(Ok(()), |other| self.check_open(other.user))?;
        let is_grant = matches!(movement.kind, MovementKind::Grant(_));
        if let Some(giver) = if is_grant { Some(back_to) } else { other } {
            self.check_not_frozen(giver)?;
        }
        let is_expiry = movement.kind == MovementKind::LotExpired;
        match renew_expires_at {
            Some(at) if at <= self.now => {
                return Err(Refusal::invalid(
                    "renew_expires_at",
                    "coins are renewed to a time in the future".to_owned(),
                ));
            }
            None if is_expiry => {
                let words = "an expiry is reversed by renewing its coins; say until when they are good now";
                return Err(Refusal::invalid("renew_expires_at", words.to_owned()));
            }
            _ => {}
        }
        let left = self.state.remaining(of).or(self.recalled.remaining).unwrap_or(movement.amount);
        let amount = requested.unwrap_or(left);
        if amount > left || left == 0 {
            return Err(Refusal::AlreadyReversed { event: of, remaining: left });
        }
        let parts = parts_back(movement, left, amount);
        let terms =
            ReverseTerms { of, of_kind: original.kind(), requested, renew_expires_at, remaining: left - amount };
        let kind = MovementKind::Reverse(terms);
        if let Some(giver) = if is_grant { Some(back_to) } else { other } {
            self.check_still_there(giver, &parts, amount, kind.b_is_plain())?;
        }
        let mut legs = if is_grant {
            vec![Leg::of_lots(Place::A, Place::Issued, parts)]
        } else {
            let from = match other {
                _ if is_expiry => Place::Expired,
                Some(_) => Place::B,
                None => Place::Spent,
            };
            self.legs_home(from, parts, renew_expires_at)
        };
        let coming: Amount = legs.iter().filter(|leg| leg.to == Place::A).map(|leg| leg.amount).sum();
        self.check_ceiling(back_to, coming)?;
        let first = legs.remove(0);
        Ok(Fact::Moved(self.movement(kind, amount, back_to, other, Legs { first, rest: legs })))
    }

    /// Coins return only if the receiver still has the same coins and they do not offset a debt: lots are not
    /// available as far as plain coins are below 0.
    fn check_still_there(
        &self,
        giver: Party<'_>,
        parts: &[LotAmount],
        amount: Amount,
        plain: bool,
    ) -> Result<(), Refusal> {
        let Some(account) = giver.row() else {
            return Err(self.insufficient(giver, 0, amount));
        };
        let there = |part: &LotAmount| account.amount_of(&part.lot).min(part.amount);
        let plain_coins = account.amount_of(&Lot::PLAIN);
        let available: Amount = if plain { plain_coins.min(amount) } else { parts.iter().map(there).sum() };
        let available = available.min(u64::try_from(giver.balance().available()).unwrap_or(0));
        if available < amount {
            return Err(self.insufficient(giver, available as i64, amount));
        }
        Ok(())
    }

    /// Coins that return to account A: to their lots, renewed if requested, else to `@expired`.
    fn legs_home(&self, from: Place, parts: Vec<LotAmount>, renew: Option<Micros>) -> Vec<Leg> {
        let (mut alive, expired): (Vec<_>, Vec<_>) =
            parts.into_iter().partition(|part| part.lot.marks.is_alive(self.now));
        let mut gone = Vec::new();
        for part in expired {
            match renew {
                Some(_) => {
                    let marks = Marks { expires_at: renew, ..part.lot.marks };
                    alive.push(LotAmount { lot: Lot { marks, ..part.lot }, ..part });
                }
                None => gone.push(part),
            }
        }
        [(Place::A, alive), (Place::Expired, gone)]
            .into_iter()
            .filter(|(_, lots)| !lots.is_empty())
            .map(|(to, lots)| Leg::of_lots(from, to, lots))
            .collect()
    }
}

fn is_reversible(kind: &MovementKind) -> bool {
    use MovementKind::{Capture, Grant, LotExpired, Spend, Transfer};
    matches!(kind, Grant(_) | Spend(_) | Transfer | Capture(_) | LotExpired)
}

/// The coins that a movement took, in the order of taking, but for what went back to a hold's owner.
fn parts_taken(movement: &Movement) -> Vec<LotAmount> {
    let taken = |leg: &&Leg| match leg.to {
        Place::Spent | Place::B => true,
        Place::A => leg.from == Place::Issued,
        Place::Expired => movement.kind == MovementKind::LotExpired,
        Place::Issued | Place::Hold => false,
    };
    movement.legs.iter().filter(taken).flat_map(Leg::parts).collect()
}

/// The last `amount` of the first `left` coins taken, the last first.
fn parts_back(movement: &Movement, left: Amount, amount: Amount) -> Vec<LotAmount> {
    let mut skip = movement.amount - left;
    let mut wanted = amount;
    let mut back: Vec<LotAmount> = Vec::new();
    for part in parts_taken(movement).iter().rev() {
        let skipped = part.amount.min(skip);
        skip -= skipped;
        let taken = (part.amount - skipped).min(wanted);
        wanted -= taken;
        if taken == 0 {
            continue;
        }
        match back.iter_mut().find(|other| other.lot == part.lot) {
            Some(other) => other.amount += taken,
            None => back.push(LotAmount { amount: taken, ..*part }),
        }
    }
    back
}
