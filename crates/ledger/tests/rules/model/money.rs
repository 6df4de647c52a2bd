//! Piles of coins and the purses they lie in.

use super::rules::{Counted, Rules};
use super::{Model, Refusal, invalid};
use tocos_ledger::{Amount, Category, Limits, Lot, LotAmount, MAX_AMOUNT, Micros};

/// Coins of one lot. Only plain coins can be fewer than none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pile {
    pub(crate) lot: Lot,
    pub(crate) amount: i64,
}

/// A user's coins of one kind, those in holds not among them.
#[derive(Clone, Debug)]
pub(crate) struct Purse {
    pub(crate) user: String,
    pub(crate) coin: String,
    pub(crate) limits: Limits,
    pub(crate) rules: Rules,
    pub(crate) counted: Option<Counted>,
    pub(crate) piles: Vec<Pile>,
}

/// The burn order of rule 13, as a key to sort by.
fn rank(lot: &Lot) -> (u8, bool, Option<Micros>, bool, u64) {
    let marks = lot.marks;
    (marks.priority, marks.expires_at.is_none(), marks.expires_at, marks.category == Category::Paid, lot.grant)
}

pub(super) fn alive(lot: &Lot, now: Micros) -> bool {
    match lot.marks.expires_at {
        Some(at) => now < at,
        None => true,
    }
}

/// As the core names coins.
pub(crate) fn named(piles: &[Pile]) -> Vec<LotAmount> {
    piles.iter().map(|pile| LotAmount { lot: pile.lot, amount: pile.amount.unsigned_abs() }).collect()
}

pub(super) fn sum(piles: &[Pile]) -> i64 {
    piles.iter().map(|pile| pile.amount).sum()
}

/// Takes `wanted` from the front of a list of piles.
pub(super) fn take_front(piles: &mut Vec<Pile>, mut wanted: i64) -> Vec<Pile> {
    let mut taken = Vec::new();
    while wanted > 0 {
        let first = &mut piles[0];
        let amount = first.amount.min(wanted);
        taken.push(Pile { amount, ..*first });
        first.amount -= amount;
        wanted -= amount;
        if first.amount == 0 {
            piles.remove(0);
        }
    }
    taken
}

impl Purse {
    pub(crate) fn available(&self) -> i64 {
        sum(&self.piles)
    }

    pub(crate) fn of_lot(&self, lot: &Lot) -> i64 {
        self.piles.iter().filter(|pile| pile.lot == *lot).map(|pile| pile.amount).sum()
    }

    /// Lots above 0 in burn order.
    pub(crate) fn burn_order(&self) -> Vec<Pile> {
        let mut piles: Vec<Pile> = self.piles.iter().copied().filter(|pile| pile.amount > 0).collect();
        piles.sort_by_key(|pile| rank(&pile.lot));
        piles
    }

    pub(super) fn change(&mut self, lot: Lot, by: i64) {
        match self.piles.iter_mut().find(|pile| pile.lot == lot) {
            Some(pile) => pile.amount += by,
            None => self.piles.push(Pile { lot, amount: by }),
        }
        self.piles.retain(|pile| pile.amount != 0);
    }

    pub(super) fn put(&mut self, piles: &[Pile]) {
        for pile in piles {
            self.change(pile.lot, pile.amount);
        }
    }

    /// Takes coins one pile after the other; what then is missing is owed in plain coins.
    fn burn(&mut self, mut wanted: i64) -> Vec<Pile> {
        let mut taken: Vec<Pile> = Vec::new();
        for pile in self.burn_order() {
            let amount = pile.amount.min(wanted);
            if amount > 0 {
                taken.push(Pile { amount, ..pile });
            }
            wanted -= amount;
        }
        if wanted > 0 {
            match taken.iter_mut().find(|pile| pile.lot == Lot::PLAIN) {
                Some(plain) => plain.amount += wanted,
                None => taken.push(Pile { lot: Lot::PLAIN, amount: wanted }),
            }
        }
        for pile in &taken {
            self.change(pile.lot, -pile.amount);
        }
        taken
    }
}

impl Model {
    pub(crate) fn purse(&self, user: &str, coin: &str) -> Option<&Purse> {
        self.purses.iter().find(|purse| purse.user == user && purse.coin == coin)
    }

    /// The purse, made if it is not there.
    pub(super) fn purse_mut(&mut self, user: &str, coin: &str) -> &mut Purse {
        let found = self.purses.iter().position(|purse| purse.user == user && purse.coin == coin);
        let at = found.unwrap_or_else(|| {
            let (user, coin, limits) = (user.to_owned(), coin.to_owned(), Limits::default());
            let rules = Rules::default();
            self.purses.push(Purse { user, coin, limits, rules, counted: None, piles: Vec::new() });
            self.purses.len() - 1
        });
        &mut self.purses[at]
    }

    pub(super) fn limits(&self, user: &str, coin: &str) -> Limits {
        self.purse(user, coin).map_or(Limits::default(), |purse| purse.limits)
    }

    pub(crate) fn available(&self, user: &str, coin: &str) -> i64 {
        self.purse(user, coin).map_or(0, Purse::available)
    }

    pub(crate) fn held(&self, user: &str, coin: &str) -> i64 {
        let mine = |hold: &&super::Reserve| hold.user == user && hold.coin == coin;
        self.holds.values().filter(mine).map(|hold| sum(&hold.piles)).sum()
    }

    pub(crate) fn total(&self, user: &str, coin: &str) -> i64 {
        self.available(user, coin) + self.held(user, coin)
    }

    /// All that is held of a coin.
    pub(super) fn held_of_coin(&self, coin: &str) -> i128 {
        let of_coin = self.holds.values().filter(|hold| hold.coin == coin);
        of_coin.map(|hold| i128::from(sum(&hold.piles))).sum()
    }

    pub(super) fn short(&self, user: &str, coin: &str, available: i64, needed: Amount) -> Refusal {
        Refusal::InsufficientFunds { user: user.into(), coin: coin.into(), available, needed }
    }

    /// Takes an amount above 0 out of what a user has available, in burn order, as far as the floor lets it.
    pub(super) fn burn(&mut self, user: &str, coin: &str, amount: Amount) -> Result<Vec<Pile>, Refusal> {
        let available = self.available(user, coin);
        if available - self.limits(user, coin).floor < signed(amount) {
            return Err(self.short(user, coin, available, amount));
        }
        Ok(self.purse_mut(user, coin).burn(signed(amount)))
    }

    pub(super) fn check_ceiling(&self, user: &str, coin: &str, amount: i64) -> Result<(), Refusal> {
        let (ceiling, total) = (self.limits(user, coin).ceiling, self.total(user, coin));
        if amount > 0 && total + amount > signed(ceiling) {
            return Err(Refusal::AboveCeiling { user: user.into(), coin: coin.into(), ceiling, total });
        }
        Ok(())
    }

    /// No count of one coin exceeds 2^53-1.
    pub(super) fn check_count(&self, coin: &str, now: i128, more: i64) -> Result<(), Refusal> {
        let remaining = u64::try_from(i128::from(MAX_AMOUNT) - now).unwrap();
        if signed(remaining) < more {
            return Err(Refusal::SupplyExhausted { coin: coin.into(), remaining });
        }
        Ok(())
    }

    pub(super) fn check_not_frozen(&self, user: &str, coin: &str) -> Result<(), Refusal> {
        if self.limits(user, coin).frozen {
            return Err(Refusal::AccountFrozen { user: user.into(), coin: coin.into() });
        }
        Ok(())
    }

    pub(super) fn find_user(&self, user: &str) -> Result<(), Refusal> {
        if !self.users.contains_key(user) {
            return Err(Refusal::UserNotFound { user: user.into() });
        }
        Ok(())
    }

    pub(super) fn find_coin(&self, coin: &str) -> Result<(), Refusal> {
        if !self.coins.contains_key(coin) {
            return Err(Refusal::CoinNotFound { coin: coin.into() });
        }
        Ok(())
    }

    pub(super) fn check_open(&self, user: &str) -> Result<(), Refusal> {
        if self.users[user].closed {
            return Err(Refusal::UserClosed { user: user.into() });
        }
        Ok(())
    }

    pub(super) fn check_future(&self, field: &'static str, at: Option<Micros>) -> Result<(), Refusal> {
        if at.is_some_and(|at| at <= self.now) {
            return Err(invalid(field));
        }
        Ok(())
    }
}

pub(super) fn signed(amount: Amount) -> i64 {
    i64::try_from(amount).unwrap()
}
