//! An account in memory: its totals and its available lots.

use std::collections::BTreeSet;

use crate::lot::{self, Coins, Lot};

/// The largest amount, and the ceiling of accounts that have no other: 2^53 - 1.
pub(crate) const AMOUNT_MAX: i64 = (1 << 53) - 1;

/// An account.
#[derive(Debug)]
pub(crate) struct Account {
    pub user: Box<str>,
    pub coin: u16,
    pub total: i64,
    pub held: i64,
    /// Available coins that are in no lot; below 0 for a debt.
    pub plain: i64,
    lots: Vec<Coins>,
    changed: Vec<Lot>,
    pub floor: i64,
    pub ceiling: i64,
    pub is_frozen: bool,
    pub thresholds: Option<String>,
    pub spend_limit: Option<String>,
    pub last_event: i64,
    pub is_dirty: bool,
    /// Its open holds.
    pub holds: BTreeSet<i64>,
}

impl Account {
    pub(crate) fn new(user: &str, coin: u16) -> Self {
        Self {
            user: user.into(),
            coin,
            total: 0,
            held: 0,
            plain: 0,
            lots: Vec::new(),
            changed: Vec::new(),
            floor: 0,
            ceiling: AMOUNT_MAX,
            is_frozen: false,
            thresholds: None,
            spend_limit: None,
            last_event: 0,
            is_dirty: false,
            holds: BTreeSet::new(),
        }
    }

    /// A lot as the table has it.
    pub(super) fn load(&mut self, coins: Coins) {
        self.lots.push(coins);
    }

    /// What there is of a lot; nothing of a debt.
    pub(super) fn amount_of(&self, lot: &Lot) -> i64 {
        if lot.is_plain() {
            return self.plain.max(0);
        }
        self.lots.iter().find(|coins| coins.lot == *lot).map_or(0, |coins| coins.amount)
    }

    pub(super) fn put(&mut self, coins: Coins) {
        if coins.lot.is_plain() {
            self.plain += coins.amount;
        } else if coins.amount > 0 {
            lot::put(&mut self.lots, coins);
            self.note(coins.lot);
        }
    }

    pub(super) fn take(&mut self, coins: Coins) -> Result<(), String> {
        if coins.lot.is_plain() {
            self.plain -= coins.amount;
        } else if coins.amount > 0 {
            if !lot::take(&mut self.lots, coins) {
                return Err(format!("{} has less of the coins of grant {} than is taken", self.user, coins.lot.grant));
            }
            self.note(coins.lot);
        }
        Ok(())
    }

    fn note(&mut self, lot: Lot) {
        if !self.changed.contains(&lot) {
            self.changed.push(lot);
        }
    }

    /// Whether plain coins, lots and held coins add up to the total.
    pub(super) fn adds_up(&self) -> bool {
        self.plain + lot::sum(&self.lots) + self.held == self.total
    }

    /// The lots that changed since the last time, as they are now.
    pub(super) fn take_changed_lots(&mut self) -> Vec<Coins> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().map(|lot| Coins { lot, amount: self.amount_of(&lot) }).collect()
    }
}
