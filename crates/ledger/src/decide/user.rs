//! Users and coins: the nouns of the ledger.

use super::Judge;
use crate::event::Fact;
use crate::refusal::Refusal;
use crate::state::{CoinId, UserId};

/// Rows are numbered in 32 bits and the highest number is kept free.
const USERS_MAX: usize = u32::MAX as usize - 1;
/// Coins are looked up by going through them.
const COINS_MAX: usize = 1_000;

impl Judge<'_> {
    pub(super) fn put_user<'a>(&self, id: &'a str, name: Option<&'a str>) -> Result<Fact<'a>, Refusal> {
        if let Some(user) = self.ledger.find_user(id) {
            self.check_open(user)?;
            return Ok(Fact::UserPut { user, id, name, created: false });
        }
        if self.state.user_count() >= USERS_MAX {
            return Err(Refusal::invalid("user", format!("a ledger has at most {USERS_MAX} users")));
        }
        let user = UserId(self.state.user_count() as u32);
        Ok(Fact::UserPut { user, id, name, created: true })
    }

    pub(super) fn close_user<'a>(&self, id: &str) -> Result<Fact<'a>, Refusal> {
        let user = self.open_user(id)?;
        for account in self.state.accounts_of(user) {
            let party = self.party_of(account);
            let balance = party.balance();
            // Lots beside a debt of their size would expire one day and leave the debt alone.
            if balance.total != 0 || balance.held != 0 || !self.state.account(account).other_lots().is_empty() {
                let coin = self.code_of(party.coin);
                return Err(Refusal::UserNotEmpty { user: self.id_of(user), coin, total: balance.total });
            }
        }
        Ok(Fact::UserClosed { user })
    }

    pub(super) fn put_coin<'a>(&self, code: &'a str, decimals: u8) -> Result<Fact<'a>, Refusal> {
        if let Some(coin) = self.state.coin_by_code(code) {
            return Ok(Fact::CoinPut { coin, code, decimals, created: false });
        }
        if self.state.coins().len() >= COINS_MAX {
            return Err(Refusal::invalid("coin", format!("a ledger has at most {COINS_MAX} coins")));
        }
        let coin = CoinId(self.state.coins().len() as u16);
        Ok(Fact::CoinPut { coin, code, decimals, created: true })
    }
}
