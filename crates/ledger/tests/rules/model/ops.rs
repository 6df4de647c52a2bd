//! The operations of the model: users, limits, grants, payments and holds.

use super::money::{Pile, alive, named, signed, sum, take_front};
use super::{Done, Model, Moved, Person, Reserve, invalid};
use crate::request::seconds;
use tocos_ledger::{Amount, EndedAs, Excess, Lot, Marks, Micros, Mode, Refusal, Until};

/// What somebody else gets of a payment: plain coins, whatever they were.
fn as_plain(piles: &[Pile]) -> Pile {
    Pile { lot: Lot::PLAIN, amount: sum(piles) }
}

impl Model {
    pub(super) fn put_user(
        &mut self,
        user: &str,
        name: Option<String>,
        metadata: Option<String>,
    ) -> Result<Done, Refusal> {
        if self.users.contains_key(user) {
            self.check_open(user)?;
        }
        self.users.insert(user.to_owned(), Person { name, metadata, closed: false });
        Ok(Done::plainly("user"))
    }

    pub(super) fn close_user(&mut self, user: &str) -> Result<Done, Refusal> {
        self.find_user(user)?;
        self.check_open(user)?;
        // The account that came last is looked at first, and named.
        for purse in self.purses.iter().rev().filter(|purse| purse.user == user) {
            let total = self.total(user, &purse.coin);
            if total != 0 || self.held(user, &purse.coin) != 0 || !purse.piles.is_empty() {
                return Err(Refusal::UserNotEmpty { user: user.into(), coin: purse.coin.as_str().into(), total });
            }
        }
        self.users.get_mut(user).unwrap().closed = true;
        self.schedules.retain(|_, table| table.user != user);
        Ok(Done::plainly("user_closed"))
    }

    pub(super) fn put_limits(
        &mut self,
        user: &str,
        coin: &str,
        floor: i64,
        ceiling: Amount,
        frozen: bool,
    ) -> Result<Done, Refusal> {
        self.find_user(user)?;
        self.find_coin(coin)?;
        self.check_open(user)?;
        self.purse_mut(user, coin).limits = tocos_ledger::Limits { floor, ceiling, frozen };
        Ok(Done::plainly("limits"))
    }

    pub(super) fn grant(
        &mut self,
        user: &str,
        coin: &str,
        amount: Amount,
        marks: Marks,
        lot: bool,
    ) -> Result<Done, Refusal> {
        self.find_user(user)?;
        self.find_coin(coin)?;
        self.check_open(user)?;
        self.check_future("expires_at", marks.expires_at)?;
        self.check_ceiling(user, coin, signed(amount))?;
        self.check_count(coin, self.coins[coin].issued + self.coins[coin].owed, signed(amount))?;
        let defaults = Marks { expires_at: None, priority: 50, category: tocos_ledger::Category::Paid };
        let grant = if marks == defaults && !lot { 0 } else { self.next_event() };
        let pile = Pile { lot: Lot { grant, marks }, amount: signed(amount) };
        self.purse_mut(user, coin).put(&[pile]);
        self.coins.get_mut(coin).unwrap().issued += i128::from(amount);
        let moved =
            Moved { kind: "grant", user: user.into(), coin: coin.into(), got: None, piles: vec![pile], at: self.now };
        Ok(Done { kind: "grant", amount, lots: named(&[pile]), expired: 0, moved: Some(moved) })
    }

    pub(super) fn spend(
        &mut self,
        user: &str,
        coin: &str,
        requested: Amount,
        to: Option<&str>,
        mode: Mode,
    ) -> Result<Done, Refusal> {
        self.find_user(user)?;
        to.map_or(Ok(()), |to| self.find_user(to))?;
        self.find_coin(coin)?;
        self.check_open(user)?;
        to.map_or(Ok(()), |to| self.check_open(to))?;
        self.check_not_frozen(user, coin)?;
        let amount = match mode {
            Mode::Exact => signed(requested),
            Mode::UpTo => signed(requested).min(self.available(user, coin)).max(0).min(self.spendable(user, coin)),
        };
        self.check_spend_limit(user, coin, amount.unsigned_abs())?;
        self.purse_mut(user, coin);
        let piles = if amount == 0 { Vec::new() } else { self.burn(user, coin, amount.unsigned_abs())? };
        self.pay(user, coin, to, &piles)?;
        self.count_spent(user, coin, amount);
        let (lots, got, at) = (named(&piles), to.map(str::to_owned), self.now);
        let moved = Moved { kind: "spend", user: user.into(), coin: coin.into(), got, piles, at };
        Ok(Done { kind: "spend", amount: amount.unsigned_abs(), lots, expired: 0, moved: Some(moved) })
    }

    /// Coins on their way to `@spent` or to another user.
    fn pay(&mut self, payer: &str, coin: &str, to: Option<&str>, piles: &[Pile]) -> Result<(), Refusal> {
        assert_ne!(Some(payer), to);
        if let Some(to) = to {
            self.check_ceiling(to, coin, sum(piles))?;
            self.purse_mut(to, coin).put(&[as_plain(piles)]);
            return Ok(());
        }
        self.check_count(coin, self.coins[coin].spent, sum(piles))?;
        self.coins.get_mut(coin).unwrap().spent += i128::from(sum(piles));
        Ok(())
    }

    pub(super) fn transfer(&mut self, from: &str, to: &str, coin: &str, amount: Amount) -> Result<Done, Refusal> {
        self.find_user(from)?;
        self.find_user(to)?;
        self.find_coin(coin)?;
        self.check_open(from)?;
        self.check_open(to)?;
        self.check_not_frozen(from, coin)?;
        self.check_spend_limit(from, coin, amount)?;
        let piles = self.burn(from, coin, amount)?;
        self.count_spent(from, coin, signed(amount));
        self.check_ceiling(to, coin, signed(amount))?;
        self.purse_mut(to, coin).put(&piles);
        let lots = named(&piles);
        let (got, at) = (Some(to.into()), self.now);
        let moved = Moved { kind: "transfer", user: from.into(), coin: coin.into(), got, piles, at };
        Ok(Done { kind: "transfer", amount, lots, expired: 0, moved: Some(moved) })
    }

    pub(super) fn hold(
        &mut self,
        user: &str,
        coin: &str,
        amount: Amount,
        until: Until,
        to: Option<&str>,
    ) -> Result<Done, Refusal> {
        self.find_user(user)?;
        to.map_or(Ok(()), |to| self.find_user(to))?;
        self.find_coin(coin)?;
        self.check_open(user)?;
        to.map_or(Ok(()), |to| self.check_open(to))?;
        self.check_not_frozen(user, coin)?;
        let (field, expires_at) = match until {
            Until::At(at) => ("expires_at", at),
            Until::InSeconds(count) => ("timeout_s", self.now + seconds(i64::from(count))),
        };
        self.check_hold_end(field, expires_at)?;
        self.check_spend_limit(user, coin, amount)?;
        let held = self.held_of_coin(coin);
        let piles = self.burn(user, coin, amount)?;
        self.check_count(coin, held, signed(amount))?;
        let lots = named(&piles);
        let (user, coin, to) = (user.to_owned(), coin.to_owned(), to.map(str::to_owned));
        let hold = Reserve { user, coin, to, expires_at, amount, captured: 0, piles };
        self.holds.insert(self.next_event(), hold);
        Ok(Done { kind: "hold", amount, lots, expired: 0, moved: None })
    }

    /// A hold ends later than now and within 400 days.
    fn check_hold_end(&self, field: &'static str, at: Micros) -> Result<(), Refusal> {
        self.check_future(field, Some(at))?;
        if at > self.now + seconds(400 * 24 * 60 * 60) {
            return Err(invalid(field));
        }
        Ok(())
    }

    fn open_hold(&self, id: u64) -> Result<Reserve, Refusal> {
        if let Some((ended_as, _)) = self.ended.get(&id) {
            return Err(Refusal::HoldEnded { hold: id, ended_as: *ended_as });
        }
        self.holds.get(&id).cloned().ok_or(Refusal::HoldNotFound { hold: id })
    }

    pub(super) fn capture(
        &mut self,
        id: u64,
        amount: Option<Amount>,
        last: bool,
        excess: Excess,
    ) -> Result<Done, Refusal> {
        let mut hold = self.open_hold(id)?;
        let (user, coin) = (hold.user.clone(), hold.coin.clone());
        hold.to.as_ref().map_or(Ok(()), |to| self.check_open(to))?;
        self.check_not_frozen(&user, &coin)?;
        let held = sum(&hold.piles);
        let wanted = amount.map_or(held, signed);
        if wanted > held && excess == Excess::Reject {
            return Err(Refusal::HoldAmountExceeded { hold: id, held: held.unsigned_abs() });
        }
        let mut piles = take_front(&mut hold.piles, wanted.min(held));
        hold.captured += sum(&piles).unsigned_abs();
        // What is held counts already.
        let more = (wanted - held).min(self.available(&user, &coin)).min(self.spendable(&user, &coin));
        if more > 0 {
            piles.extend(self.burn(&user, &coin, more.unsigned_abs())?);
        }
        let to = hold.to.clone();
        self.pay(&user, &coin, to.as_deref(), &piles)?;
        self.count_spent(&user, &coin, sum(&piles));
        let ended = last || hold.piles.is_empty();
        self.holds.insert(id, hold);
        let expired = if ended { self.end_hold(id, EndedAs::Captured) } else { 0 };
        let (lots, amount) = (named(&piles), sum(&piles).unsigned_abs());
        let moved = Moved { kind: "capture", user, coin, got: to, piles, at: self.now };
        Ok(Done { kind: "capture", amount, lots, expired, moved: Some(moved) })
    }

    /// Releases what a hold still has; returns how much of it went to `@expired`.
    pub(super) fn end_hold(&mut self, id: u64, ended_as: EndedAs) -> Amount {
        let hold = self.holds.remove(&id).unwrap();
        self.ended.insert(id, (ended_as, self.next_event()));
        let now = self.now;
        let (good, gone): (Vec<Pile>, Vec<Pile>) = hold.piles.iter().partition(|pile| alive(&pile.lot, now));
        self.purse_mut(&hold.user, &hold.coin).put(&good);
        self.coins.get_mut(&hold.coin).unwrap().expired += i128::from(sum(&gone));
        sum(&gone).unsigned_abs()
    }

    /// What a hold gives back is named good coins first.
    pub(super) fn given_back(&self, id: u64) -> Vec<Pile> {
        let mut piles = self.holds[&id].piles.clone();
        piles.sort_by_key(|pile| !alive(&pile.lot, self.now));
        piles
    }

    pub(super) fn release(&mut self, id: u64) -> Result<Done, Refusal> {
        self.open_hold(id)?;
        let piles = self.given_back(id);
        let expired = self.end_hold(id, EndedAs::Released);
        Ok(Done { kind: "release", amount: sum(&piles).unsigned_abs(), lots: named(&piles), expired, moved: None })
    }

    pub(super) fn extend(&mut self, id: u64, expires_at: Micros) -> Result<Done, Refusal> {
        let hold = self.open_hold(id)?;
        if expires_at <= hold.expires_at {
            return Err(invalid("expires_at"));
        }
        self.check_hold_end("expires_at", expires_at)?;
        self.holds.get_mut(&id).unwrap().expires_at = expires_at;
        Ok(Done::plainly("extend"))
    }
}
