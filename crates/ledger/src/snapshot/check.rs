//! Whether rows that were read make a valid state: every reference exists, every sum is right. Nothing checks this
//! again later, so a state that passes can be used as if it had been made by applying events.

use crate::amount::{Amount, MAX_AMOUNT, Micros};
use crate::bytes::Malformed;
use crate::decide::limits;
use crate::lot::LotAmount;
use crate::schedule::Plan;
use crate::state::{Account, AccountId, Schedule, State, UserId};
use std::collections::BTreeSet;

type Checked = Result<(), Malformed>;

pub(super) fn ensure(holds: bool, otherwise: &'static str) -> Checked {
    if holds { Ok(()) } else { Err(Malformed(otherwise)) }
}

impl State {
    /// Checks everything read but what was checked when it was added. The order of users is given beside it.
    pub(super) fn check(&self, order: &[u32]) -> Checked {
        self.check_order(order)?;
        self.check_coins()?;
        self.check_owners()?;
        self.check_holds()?;
        ensure(self.sums_of_all_balances().iter().all(|sum| *sum == 0), "the balances of a coin don't sum to 0")?;
        ensure(self.api_keys.len() <= usize::from(u16::MAX), "there are too many API keys")
    }

    fn check_order(&self, order: &[u32]) -> Checked {
        let fits = order.len() == self.users.len() && order.iter().all(|user| (*user as usize) < order.len());
        ensure(fits, "the order of users does not fit the users")?;
        let id = |user: &u32| self.users.get(*user).id.as_str();
        ensure(order.windows(2).all(|pair| id(&pair[0]) < id(&pair[1])), "the users are not in the order of their ids")
    }

    fn check_coins(&self) -> Checked {
        ensure(self.coins.len() <= usize::from(u16::MAX), "there are too many coins")?;
        let codes: BTreeSet<&str> = self.coins.iter().map(|coin| coin.code.as_str()).collect();
        ensure(codes.len() == self.coins.len(), "two coins have one code")?;
        for coin in &self.coins {
            let counts = [coin.issued, coin.spent, coin.expired, coin.held, coin.owed];
            ensure(counts.iter().all(|count| *count <= MAX_AMOUNT), "a coin's count is above 2^53-1")?;
            ensure(coin.issued_and_owed() <= MAX_AMOUNT, "a coin's count is above 2^53-1")?;
        }
        Ok(())
    }

    /// An account beside the users and coins, which were read before it.
    pub(super) fn check_account(&self, account: &Account) -> Checked {
        let known = (account.user.0 as usize) < self.users.len() && usize::from(account.coin.0) < self.coins.len();
        ensure(known, "an account is of no user or of no coin")?;
        ensure(account.head <= self.last_event, "an account's last event is still to come")?;
        let limits = account.limits();
        ensure(limits::are_allowed(limits.floor, limits.ceiling), "a limit is out of bounds")?;
        ensure(account.held() <= MAX_AMOUNT, "an account holds more than 2^53-1")?;
        ensure(account.plain.unsigned_abs() <= MAX_AMOUNT, "an account has more plain coins than 2^53-1")?;
        if let Some(spent) = account.more.as_ref().and_then(|more| more.spent.as_deref()) {
            let in_order = spent.parts.windows(2).all(|pair| pair[0].0 < pair[1].0);
            ensure(in_order, "what was spent lately is not in order")?;
        }
        check_lots(account.other_lots())?;
        let burns_in_order = account.other_lots().windows(2).all(|pair| pair[0].lot < pair[1].lot);
        ensure(burns_in_order, "an account's lots are not in burn order")?;
        ensure(account.other_lots().iter().all(|part| !part.lot.is_plain()), "plain coins stand among the lots")
    }

    /// Each account is found from its user, once, and no user has two of a coin.
    fn check_owners(&self) -> Checked {
        let (mut found, mut coins) = (0, Vec::new());
        for (at, user) in (0..).zip(self.users.iter()) {
            coins.clear();
            let (mut next, mut above) = (user.account(), AccountId(u32::MAX));
            while let Some(id) = next {
                // Older accounts have smaller numbers, so this comes to an end.
                let row = self.accounts.find(id.0).filter(|row| id < above && row.user == UserId(at));
                let row = row.ok_or(Malformed("a user's accounts are not that user's"))?;
                ensure(!coins.contains(&row.coin), "a user has two accounts of one coin")?;
                coins.push(row.coin);
                (next, above) = (row.next, id);
                found += 1;
            }
        }
        ensure(found == self.accounts.len(), "an account is not among its user's")
    }

    /// A schedule beside those that were read before it.
    pub(super) fn check_schedule(&self, number: u64, schedule: &Schedule) -> Checked {
        let known = self.users.find(schedule.user.0).is_some() && usize::from(schedule.coin.0) < self.coins.len();
        ensure(known, "a schedule is for no user or of no coin")?;
        ensure((1..=self.last_event).contains(&number), "a schedule is not of the past")?;
        let plan = &schedule.plan;
        ensure(Plan::may_be_anchor(schedule.anchor), "a schedule's anchor is out of bounds")?;
        let next = (schedule.next, schedule.next_at);
        let comes = plan.next(schedule.anchor, schedule.next, Micros::MIN) == Some(next);
        ensure(comes, "a schedule's next occurrence is none of its own")?;
        let is_new = !self.schedules.contains_key(&number) && !self.schedule_ids.contains_key(&schedule.id);
        ensure(is_new, "a schedule occurs twice")
    }

    fn check_holds(&self) -> Checked {
        let mut held_of_coin: Vec<Amount> = vec![0; self.coins.len()];
        let mut held_of_account = imbl::OrdMap::<AccountId, Amount>::new();
        for (id, hold) in &self.holds {
            let account = self.accounts.find(hold.account.0).ok_or(Malformed("a hold is of no account"))?;
            ensure(hold.to.is_none_or(|to| self.users.find(to.0).is_some()), "a hold leads to no user")?;
            ensure(*id <= self.last_event, "a hold is not of the past")?;
            check_lots(&hold.lots)?;
            ensure(!hold.lots.is_empty(), "an open hold is empty")?;
            ensure(hold.amount <= MAX_AMOUNT && hold.captured <= hold.amount, "a hold captured more than it held")?;
            let of_coin = &mut held_of_coin[usize::from(account.coin.0)];
            let of_account = held_of_account.entry(hold.account).or_default();
            for sum in [of_coin, of_account] {
                *sum += hold.held();
                ensure(*sum <= MAX_AMOUNT, "holds sum to more than 2^53-1")?;
            }
        }
        let coins = self.coins.iter().zip(held_of_coin).all(|(coin, held)| coin.held == held);
        ensure(coins, "a coin's held is not the sum of its holds")?;
        let accounts = self.accounts.iter().filter(|row| row.held() > 0).count() == held_of_account.len()
            && held_of_account.iter().all(|(id, held)| self.account(*id).held() == *held);
        ensure(accounts, "an account's held is not the sum of its holds")
    }
}

/// Reading bounds their sum.
fn check_lots(lots: &[LotAmount]) -> Checked {
    ensure(lots.iter().all(|part| part.amount > 0), "a lot is empty")
}
