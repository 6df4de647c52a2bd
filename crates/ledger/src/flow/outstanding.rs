//! What is outstanding in a state, added up over all accounts.

use super::{Flow, FlowKind};
use crate::amount::Micros;
use crate::lot::{Category, LotAmount};
use crate::state::{CoinId, State};

/// What users have of a coin, held coins included, by category; or what is held of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outstanding {
    coins: [i128; 2],
}

impl Outstanding {
    /// What is of one category. Debts are plain coins below 0, so they count as paid.
    #[must_use]
    pub fn of(&self, category: Category) -> i128 {
        self.coins[category as usize]
    }

    /// What is of both.
    #[must_use]
    pub fn total(&self) -> i128 {
        self.coins.iter().sum()
    }

    /// Adds coins of a category.
    pub fn add(&mut self, category: Category, amount: i128) {
        self.coins[category as usize] += amount;
    }

    fn add_part(&mut self, part: &LotAmount) {
        self.add(part.lot.marks.category, i128::from(part.amount));
    }
}

impl State {
    /// The coin of each account, in the order of their ids.
    #[must_use]
    pub fn coins_of_accounts(&self) -> Vec<CoinId> {
        self.accounts.iter().map(|account| account.coin).collect()
    }

    /// What is outstanding of a coin at `now`, counted afresh over all accounts and open holds. Lots that expired by then and have
    /// no `expire` event yet are not counted; `dead` is given what that event will bring.
    #[must_use]
    pub fn outstanding(&self, coin: CoinId, now: Micros, mut dead: impl FnMut(Flow)) -> Outstanding {
        let mut sum = Outstanding::default();
        for account in self.accounts.iter().filter(|account| account.coin == coin) {
            sum.add(Category::Paid, i128::from(account.plain()));
            for part in account.other_lots() {
                let marks = part.lot.marks;
                match marks.expires_at.filter(|_| !marks.is_alive(now)) {
                    None => sum.add_part(part),
                    Some(at) => {
                        let (category, amount) = (marks.category, part.amount as i64);
                        dead(Flow { coin, category, kind: FlowKind::Expired, amount, at });
                    }
                }
            }
        }
        let held = self.held(coin);
        Category::ALL.into_iter().for_each(|category| sum.add(category, held.of(category)));
        sum
    }

    /// What is held of a coin, counted afresh over all open holds.
    #[must_use]
    pub fn held(&self, coin: CoinId) -> Outstanding {
        let mut sum = Outstanding::default();
        let held = self.open_holds().filter(|(_, hold)| self.account(hold.account).coin == coin);
        held.flat_map(|(_, hold)| &hold.lots).for_each(|part| sum.add_part(part));
        sum
    }
}
