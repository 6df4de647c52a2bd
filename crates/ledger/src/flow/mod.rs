//! What an event changes of the coins that are owed to users: how many, of which category, why, and as of which instant. And what it changes of
//! those that are held among them.
//!
//! What is outstanding of a coin is all that users have of it, held coins included. At any instant it is what was granted by then,
//! less what was spent and what expired, plus the net effect of reversals.

mod outstanding;
mod totals;

pub use outstanding::Outstanding;
pub use totals::{DayTotal, FlowTotals};

use crate::amount::Micros;
use crate::bytes::Malformed;
use crate::event::{AdjustmentTerms, Event, Fact, GrantTerms, MovementKind, Place, RolloverTerms};
use crate::lot::{Category, LotAmount};
use crate::record::{Moves, RECORD_BYTES};
use crate::state::{AccountId, CoinId};

/// Why what is outstanding changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlowKind {
    /// Coins were issued, by a request or by a schedule. Adds.
    Granted,
    /// Coins went to `@spent`. Subtracts.
    Spent,
    /// Coins went to `@expired`, but not by a reversal. Subtracts.
    Expired,
    /// What a reversal changed on balance, of either sign, or a schedule took back that grants less from now on. Adds.
    Reversed,
    /// Coins went from one category to the other, which both have such a flow: they were paid to a user, for whom they
    /// are plain coins, or rolled over under another category. Adds.
    Converted,
    /// Coins went into a hold, or below 0 out of one. Says nothing about what is outstanding: held coins are.
    Held,
}

impl FlowKind {
    /// All of them, each at the place of its number.
    pub const ALL: [Self; 6] = [Self::Granted, Self::Spent, Self::Expired, Self::Reversed, Self::Converted, Self::Held];

    /// By how much what is outstanding grows by an amount of this kind.
    #[must_use]
    pub fn change(self, amount: i128) -> i128 {
        match self {
            Self::Granted | Self::Reversed | Self::Converted => amount,
            Self::Spent | Self::Expired => -amount,
            Self::Held => 0,
        }
    }
}

impl Category {
    /// Both, each at the place of its number.
    pub const ALL: [Self; 2] = [Self::Promotional, Self::Paid];
}

/// One change of what is outstanding, or of what is held of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Of which coin.
    pub coin: CoinId,
    /// Of which category.
    pub category: Category,
    /// Why.
    pub kind: FlowKind,
    /// How many coins. Negative only where the kind may have either sign.
    pub amount: i64,
    /// As of when: the instant at which it was due, of what is done by the clock; else the event's time.
    pub at: Micros,
}

impl Flow {
    /// By how much what is outstanding has grown.
    #[must_use]
    pub fn change(&self) -> i128 {
        self.kind.change(i128::from(self.amount))
    }
}

impl Event<'_> {
    /// What the event changes of what is outstanding and of what is held. `coin_of` gives the coin of an account that an earlier event, or this one,
    /// brought into being.
    ///
    /// # Errors
    /// [`Malformed`] if the event's account is not known.
    pub fn flows(
        &self,
        coin_of: impl FnOnce(AccountId) -> Option<CoinId>,
    ) -> Result<impl Iterator<Item = Flow>, Malformed> {
        let moved = match &self.fact {
            Fact::Moved(movement) => {
                let coin = movement.a.opens.map(|(_, coin)| coin).or_else(|| coin_of(movement.a.account));
                Some((movement, coin.ok_or(Malformed("its account is not known"))?))
            }
            _ => None,
        };
        Ok(moved.into_iter().flat_map(move |(movement, coin)| {
            let parts = movement.legs.iter().flat_map(|leg| leg.parts().map(move |part| (leg, part)));
            parts.flat_map(move |(leg, part)| {
                movement.kind.flows_of((leg.from, leg.to), part, coin, self.at).into_iter().flatten()
            })
        }))
    }
}

impl Event<'_> {
    /// Hands out the flows of an event that is a record and its blob, without decoding the rest of it: the same as those of the event that
    /// they stand for, for whoever reads very many. `coin_of` must know the event's account.
    ///
    /// # Errors
    /// [`Malformed`] if the event's account is not known, or these bytes are no event.
    #[inline]
    pub fn read_flows(
        at: Micros,
        record: &[u8; RECORD_BYTES],
        blob: &[u8],
        coin_of: impl FnOnce(AccountId) -> Option<CoinId>,
        mut each: impl FnMut(&Flow),
    ) -> Result<(), Malformed> {
        let Some(moves) = Moves::read(record, blob)? else { return Ok(()) };
        let coin = coin_of(moves.account).ok_or(Malformed("its account is not known"))?;
        moves.each_part(|from, to, part| {
            moves.kind.flows_of((from, to), part, coin, at).iter().flatten().for_each(&mut each);
        })
    }
}

/// Whether coins at a place are a user's.
fn is_owed(place: Place) -> bool {
    matches!(place, Place::A | Place::B | Place::Hold)
}

impl MovementKind {
    /// What some coins of one lot change that a movement of this kind moves from one place to another.
    fn flows_of(&self, (from, to): (Place, Place), part: LotAmount, coin: CoinId, at: Micros) -> [Option<Flow>; 4] {
        let amount = part.amount as i64;
        let taken = is_owed(from).then(|| self.taken_lot(from, part.lot).marks.category);
        let given = is_owed(to).then(|| self.given_lot(to, part.lot).marks.category);
        // What was due is done as of when it was, however late.
        let at = self.effective_at(part, at).min(at);
        let flow = |category, kind, amount| Some(Flow { coin, category, kind, amount, at });
        let is_taken_back = matches!(self, Self::Adjustment(_)) && to == Place::Issued;
        let is_reversal = is_taken_back || matches!(self, Self::Reverse(_));
        let [first, second] = match (taken, given) {
            (Some(taken), Some(given)) if taken == given => [None, None],
            (None, None) => [None, None],
            (taken, given) if is_reversal || (taken.is_some() && given.is_some()) => {
                let kind = if is_reversal { FlowKind::Reversed } else { FlowKind::Converted };
                [taken.and_then(|taken| flow(taken, kind, -amount)), given.and_then(|given| flow(given, kind, amount))]
            }
            (_, Some(given)) => [flow(given, FlowKind::Granted, amount), None],
            (Some(taken), _) => {
                let kind = if to == Place::Expired { FlowKind::Expired } else { FlowKind::Spent };
                [flow(taken, kind, amount), None]
            }
        };
        let out = taken.filter(|_| from == Place::Hold).and_then(|taken| flow(taken, FlowKind::Held, -amount));
        let into = given.filter(|_| to == Place::Hold).and_then(|given| flow(given, FlowKind::Held, amount));
        match (from, to) {
            // Held coins that stay held and in their category.
            (Place::Hold, Place::Hold) if taken == given => [first, second, None, None],
            _ => [first, second, out, into],
        }
    }

    /// As of when a movement of this kind moves some coins, if it is carried out at `at`.
    fn effective_at(&self, part: LotAmount, at: Micros) -> Micros {
        match self {
            Self::Grant(GrantTerms { occurrence: Some(occurrence), .. }) => occurrence.due_at,
            Self::Rollover(RolloverTerms { due_at, .. }) | Self::Adjustment(AdjustmentTerms { due_at, .. }) => *due_at,
            Self::LotExpired => part.lot.marks.expires_at.unwrap_or(at),
            _ => at,
        }
    }
}
