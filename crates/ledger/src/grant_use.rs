//! Where the coins of one grant went, event by event.

use crate::amount::Amount;
use crate::event::{Event, Fact, GrantTerms, Movement, MovementKind, Place};
use crate::lot::Lot;
use crate::state::AccountId;

/// By how much an event, or several, changed where the coins of a grant are. The sum of the places is what was `added`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GrantUse {
    /// Available in the account that they were granted to.
    pub left: i64,
    /// Reserved there by holds.
    pub held: i64,
    /// Spent.
    pub spent: i64,
    /// Passed on to other users, or rolled over into another lot.
    pub moved_on: i64,
    /// Expired.
    pub expired: i64,
    /// Taken back by a reversal of the grant, or because its schedule grants less.
    pub reversed: i64,
    /// Added to the grant since, because its schedule grants more.
    pub added: i64,
}

impl GrantUse {
    /// Whether it changed nothing.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what another event changed.
    pub fn add(&mut self, other: &Self) {
        self.left += other.left;
        self.held += other.held;
        self.spent += other.spent;
        self.moved_on += other.moved_on;
        self.expired += other.expired;
        self.reversed += other.reversed;
        self.added += other.added;
    }

    fn change(&mut self, of: Where, by: i64) {
        let count = match of {
            Where::Left => &mut self.left,
            Where::Held => &mut self.held,
            Where::Spent => &mut self.spent,
            Where::Elsewhere => &mut self.moved_on,
            Where::Expired => &mut self.expired,
            Where::Reversed => &mut self.reversed,
            Where::NotYet => {
                self.added -= by;
                return;
            }
        };
        *count += by;
    }
}

/// Where coins are, as seen by the account that they were granted to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Left,
    Held,
    Spent,
    Elsewhere,
    Expired,
    Reversed,
    /// Coins that are only now issued.
    NotYet,
}

impl Where {
    fn is_in_account(self) -> bool {
        matches!(self, Self::Left | Self::Held)
    }
}

/// A grant's coins: the lot that they came as, and the account that they came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The account.
    pub account: AccountId,
    /// The lot; plain for coins that nobody can follow.
    pub lot: Lot,
    /// How many there were.
    pub amount: Amount,
    /// How many of them were reserved from the first: a hold may have coins that roll over.
    pub held: Amount,
}

impl Granted {
    /// What an event granted, or rolled over.
    #[must_use]
    pub fn by(event: &Event<'_>) -> Option<Self> {
        let Fact::Moved(movement) = &event.fact else { return None };
        let lot = match &movement.kind {
            // Of one that there was no room for, coins may come later.
            MovementKind::Grant(GrantTerms { marks, occurrence: Some(_), .. }) if !marks.is_plain() => {
                Lot { grant: event.number, marks: *marks }
            }
            MovementKind::Grant(_) => movement.legs.first.lots.first().map_or(Lot::PLAIN, |part| part.lot),
            MovementKind::Rollover(terms) => terms.to,
            _ => return None,
        };
        let held = movement.legs.iter().filter(|leg| leg.to == Place::Hold).map(|leg| leg.amount).sum();
        Some(Self { account: movement.a.account, lot, amount: movement.amount, held })
    }

    /// Where the coins were at first.
    #[must_use]
    pub fn at_first(&self) -> GrantUse {
        let held = self.held as i64;
        GrantUse { left: self.amount as i64 - held, held, ..GrantUse::default() }
    }

    /// By how much an event that is not the grant itself changed where its coins are.
    #[must_use]
    pub fn used_by(&self, event: &Event<'_>) -> GrantUse {
        let mut found = GrantUse::default();
        let Fact::Moved(movement) = &event.fact else { return found };
        for leg in movement.legs.iter() {
            for part in leg.parts() {
                let kind = &movement.kind;
                let from = match leg.from {
                    Place::Issued => Where::NotYet,
                    place => self.place(movement, place, kind.taken_lot(place, part.lot)),
                };
                let to = self.place(movement, leg.to, kind.given_lot(leg.to, part.lot));
                // Coins of other lots, and of other accounts, are none of its business. Of those that come back the lot may be over.
                let comes_back = self.came_from_here(movement, part.lot);
                if from.is_in_account() || to.is_in_account() || comes_back {
                    found.change(from, -(part.amount as i64));
                    found.change(to, part.amount as i64);
                }
            }
        }
        found
    }

    /// Whether a reversal brings these coins back to the account.
    fn came_from_here(&self, movement: &Movement, lot: Lot) -> bool {
        matches!(movement.kind, MovementKind::Reverse(_))
            && movement.a.account == self.account
            && lot.grant == self.lot.grant
    }

    fn place(&self, movement: &Movement, place: Place, lot: Lot) -> Where {
        let is_of = |account: Option<AccountId>| account == Some(self.account) && lot.grant == self.lot.grant;
        let a = Some(movement.a.account);
        match place {
            // Lots that are gone come back to the giver of a transfer out of `@spent`, where the receiver pays for them.
            Place::Spent if movement.kind.is_transfer_back() => Where::Elsewhere,
            Place::Spent => Where::Spent,
            Place::Expired => Where::Expired,
            Place::Issued => Where::Reversed,
            Place::A if is_of(a) => Where::Left,
            Place::Hold if is_of(a) => Where::Held,
            Place::B if is_of(movement.b.as_ref().map(|entry| entry.account)) => Where::Left,
            Place::A | Place::B | Place::Hold => Where::Elsewhere,
        }
    }
}
