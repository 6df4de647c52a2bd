//! Moving coins back.

use super::{Judge, Party};
use crate::amount::{Amount, MAX_AMOUNT, Micros};
use crate::event::{Event, Fact, Leg, Legs, Movement, MovementKind, Place, ReverseTerms};
use crate::lot::{Lot, LotAmount, Marks};
use crate::refusal::Refusal;
use crate::state::{Account, CoinId};
use crate::terms::{Mode, Taking};

impl Judge<'_> {
    /// Coins go back in the opposite order to that in which they were taken, so that a reversal in several steps
    /// gives back first what would have burned last.
    pub(super) fn reverse<'a>(
        &self,
        of: u64,
        original: Option<&Event<'_>>,
        requested: Option<Amount>,
        renew_expires_at: Option<Micros>,
        taking: Taking,
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
        let giver = if matches!(movement.kind, MovementKind::Grant(_)) { Some(back_to) } else { other };
        giver.map_or(Ok(()), |giver| self.check_not_frozen(giver))?;
        self.check_renewal(renew_expires_at, &movement.kind)?;
        let left = self.state.remaining(of).or(self.recalled.remaining).unwrap_or(movement.amount);
        let wanted = match (taking.mode, requested) {
            (Mode::UpTo, Some(requested)) => requested.min(left),
            (_, requested) => requested.unwrap_or(left),
        };
        if wanted > left || left == 0 {
            return Err(Refusal::AlreadyReversed { event: of, remaining: left });
        }
        let b_is_plain = matches!(movement.kind, MovementKind::Spend(_) | MovementKind::Capture(_));
        let mut back = Back { parts: parts_back(movement, left, wanted), owed: Vec::new() };
        if let Some(giver) = giver {
            let missing = missing(giver, &back.parts, b_is_plain);
            let short = sum(&missing);
            match taking {
                Taking { debt: true, .. } => self.check_may_owe(giver, short, wanted)?,
                Taking { mode: Mode::UpTo, .. } => {
                    let there = if b_is_plain { wanted - short } else { before_first_gap(&back.parts, &missing) };
                    back.parts = parts_back(movement, left, there);
                }
                Taking { mode: Mode::Exact, .. } if short > 0 => {
                    return Err(self.insufficient(giver, (wanted - short) as i64, wanted));
                }
                Taking { mode: Mode::Exact, .. } => {}
            }
            if taking.debt {
                back.owed = missing;
            }
        }
        let (amount, debt) = (sum(&back.parts), sum(&back.owed));
        let remaining = left - amount;
        let of_kind = original.kind();
        let was_spent =
            matches!(movement.kind, MovementKind::Spend(_) | MovementKind::Capture(_) | MovementKind::Transfer);
        let spent_at = self.state.spend_limit(back_to.coin, back_to.row()).filter(|_| was_spent).map(|_| original.at);
        let kind = MovementKind::Reverse(ReverseTerms {
            of,
            of_kind,
            requested,
            renew_expires_at,
            remaining,
            taking,
            debt,
            spent_at,
        });
        let legs = match (&movement.kind, other) {
            (MovementKind::Grant(_), _) => vec![Leg::of_lots(Place::A, Place::Issued, back.owed_in_plain())],
            (MovementKind::LotExpired, _) => self.legs_home(Place::Expired, back.parts, renew_expires_at),
            (_, None) => self.legs_home(Place::Spent, back.parts, renew_expires_at),
            (_, Some(_)) if b_is_plain => self.legs_home(Place::B, back.parts, renew_expires_at),
            (_, Some(other)) => self.legs_of_lots_home(other.coin, &back, renew_expires_at)?,
        };
        let coming: Amount = legs.iter().filter(|leg| leg.to == Place::A).map(|leg| leg.amount).sum();
        self.check_ceiling(back_to, coming)?;
        let mut legs = legs.into_iter();
        // Of coins that are all gone, none come home.
        let first = legs.next().unwrap_or_else(|| Leg::plain(Place::B, Place::A, 0));
        Ok(Fact::Moved(self.movement(kind, amount, back_to, other, Legs { first, rest: legs.collect() })))
    }

    fn check_renewal(&self, renew_expires_at: Option<Micros>, kind: &MovementKind) -> Result<(), Refusal> {
        let words = match renew_expires_at {
            Some(at) if at <= self.now => "coins are renewed to a time in the future",
            None if *kind == MovementKind::LotExpired => {
                "an expiry is reversed by renewing its coins; say until when they are good now"
            }
            _ => return Ok(()),
        };
        Err(Refusal::invalid("renew_expires_at", words.to_owned()))
    }

    /// A debt for coins that are gone needs no floor, but every balance can be counted.
    fn check_may_owe(&self, giver: Party<'_>, short: Amount, wanted: Amount) -> Result<(), Refusal> {
        let plain = giver.row().map_or(0, Account::plain);
        if plain - (short as i64) < -(MAX_AMOUNT as i64) {
            return Err(self.insufficient(giver, (wanted - short) as i64, wanted));
        }
        Ok(())
    }

    /// Coins of a transfer, which kept their lots on the way. In place of lots that are gone the giver pays plain coins, and
    /// the lots come out of `@spent`, where those coins go.
    fn legs_of_lots_home(&self, coin: CoinId, back: &Back, renew: Option<Micros>) -> Result<Vec<Leg>, Refusal> {
        let owed: Vec<LotAmount> = back.owed.iter().copied().filter(|part| !part.lot.is_plain()).collect();
        let there = less(&back.parts, &owed);
        let mut legs = self.legs_home(Place::B, there, renew);
        if !owed.is_empty() {
            self.check_countable(coin, self.state.coin(coin).spent, sum(&owed))?;
            legs.push(Leg::plain(Place::B, Place::Spent, sum(&owed)));
            legs.extend(self.legs_home(Place::Spent, owed, renew));
        }
        // Lots that come back although others have them still may expire twice.
        self.check_countable(coin, self.state.coin(coin).issued_and_owed(), sum(&back.owed))?;
        Ok(legs)
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

/// What is to go back.
struct Back {
    /// All of it, in the order in which it goes back.
    parts: Vec<LotAmount>,
    /// What of it is no longer there and is taken all the same.
    owed: Vec<LotAmount>,
}

impl Back {
    /// The coins, with plain ones in place of those that are owed.
    fn owed_in_plain(&self) -> Vec<LotAmount> {
        let mut parts = less(&self.parts, &self.owed);
        let owed = sum(&self.owed);
        match parts.iter_mut().find(|part| part.lot.is_plain()) {
            Some(plain) => plain.amount += owed,
            None if owed > 0 => parts.push(LotAmount { lot: Lot::PLAIN, amount: owed }),
            None => {}
        }
        parts
    }
}

fn sum(parts: &[LotAmount]) -> Amount {
    parts.iter().map(|part| part.amount).sum()
}

/// `parts` without `others`, which are among them.
fn less(parts: &[LotAmount], others: &[LotAmount]) -> Vec<LotAmount> {
    let amount_in = |lot: &Lot| others.iter().filter(|part| part.lot == *lot).map(|part| part.amount).sum::<Amount>();
    let rest = parts.iter().map(|part| LotAmount { amount: part.amount - amount_in(&part.lot), ..*part });
    rest.filter(|part| part.amount > 0).collect()
}

/// What of these coins the giver no longer has, or has only to offset a debt: lots are not available as far as plain coins are
/// below 0. A payee has got plain coins, whatever was paid.
fn missing(giver: Party<'_>, parts: &[LotAmount], as_plain: bool) -> Vec<LotAmount> {
    let mut available = u64::try_from(giver.balance().available()).unwrap_or(0);
    let mut gap = |lot: Lot, amount: Amount| {
        let there = giver.row().map_or(0, |account| account.amount_of(&lot)).min(amount).min(available);
        available -= there;
        LotAmount { lot, amount: amount - there }
    };
    let gaps: Vec<LotAmount> = if as_plain {
        vec![gap(Lot::PLAIN, sum(parts))]
    } else {
        parts.iter().map(|part| gap(part.lot, part.amount)).collect()
    };
    gaps.into_iter().filter(|part| part.amount > 0).collect()
}

/// How many of the coins go back before the first that are missing.
fn before_first_gap(parts: &[LotAmount], missing: &[LotAmount]) -> Amount {
    let mut count = 0;
    for part in parts {
        let gap = missing.iter().find(|gap| gap.lot == part.lot).map_or(0, |gap| gap.amount);
        count += part.amount - gap;
        if gap > 0 {
            break;
        }
    }
    count
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
