//! Schedules: every occurrence counted from the anchor, one after the other, on a calendar of its own.

use super::money::{Pile, signed, sum};
use super::rules::{DAY, days_of};
use super::{Done, Model, Moved, invalid};
use crate::request::seconds;
use tocos_ledger::{Amount, Category, Every, Lasting, Lot, MAX_AMOUNT, Marks, Micros, Plan, Refusal};

/// A schedule that goes on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Timetable {
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) coin: String,
    pub(crate) plan: Plan,
    pub(crate) anchor: Micros,
    /// The occurrence that comes next, and when.
    pub(crate) next: (u32, Micros),
    pub(crate) paused: bool,
    /// When the last one that was executed was due.
    pub(crate) done: Option<Micros>,
    /// The coins of that one, until some of them went on.
    pub(crate) lot: Option<Lot>,
    /// What that one was to grant.
    pub(crate) granted: Amount,
    /// What changes added to it and did not take back.
    pub(crate) added: i64,
    /// What it is to grant instead, and since when.
    pub(crate) adjust: Option<(Micros, Amount)>,
}

/// When occurrence `k` is.
pub(crate) fn instant(plan: &Plan, anchor: Micros, k: u32) -> Micros {
    let k = i64::from(k);
    match plan.every {
        Every::Once => anchor,
        Every::Days(days) => anchor + k * i64::from(days) * DAY,
        Every::Months(months) => {
            let (mut day, time) = (anchor / DAY, anchor % DAY);
            let mut month = 0;
            while day >= days_of(month) {
                day -= days_of(month);
                month += 1;
            }
            let month = month + k * i64::from(months);
            let before: i64 = (0..month).map(days_of).sum();
            (before + day.min(days_of(month) - 1)) * DAY + time
        }
    }
}

/// The first occurrence at or after an instant, if there is one.
fn next(plan: &Plan, anchor: Micros, from: Micros) -> Option<(u32, Micros)> {
    for k in 0.. {
        let at = instant(plan, anchor, k);
        let is_one = k == 0 || plan.every != Every::Once;
        let is_over = plan.ends_at.is_some_and(|end| at >= end) || plan.occurrences.is_some_and(|count| k >= count);
        if !is_one || is_over {
            return None;
        }
        if at >= from && plan.starts_at.is_none_or(|start| at >= start) {
            return Some((k, at));
        }
    }
    None
}

/// What can be said against a plan whenever it is put.
pub(super) fn well_formed(plan: &Plan) -> Result<(), Refusal> {
    let lasts = |field, lasting| match lasting {
        Lasting::After(0) => Err(invalid(field)),
        _ => Ok(()),
    };
    if !(1..=MAX_AMOUNT).contains(&plan.amount) {
        return Err(invalid("amount"));
    }
    match plan.every {
        Every::Days(0 | 3_661..) | Every::Months(0 | 121..) => return Err(invalid("every")),
        Every::Once if plan.lasting == Lasting::AtNext => return Err(invalid("expires")),
        Every::Once if plan.rollover.is_some() => return Err(invalid("rollover")),
        _ => {}
    }
    for (field, at) in [("anchor", plan.anchor), ("starts_at", plan.starts_at), ("ends_at", plan.ends_at)] {
        if at.is_some_and(|at| at < 0) {
            return Err(invalid(field));
        }
    }
    if plan.ends_at.is_some() && plan.starts_at >= plan.ends_at {
        return Err(invalid("ends_at"));
    }
    if plan.occurrences == Some(0) {
        return Err(invalid("occurrences"));
    }
    lasts("expires_after_s", plan.lasting)?;
    if plan.priority > 100 {
        return Err(invalid("priority"));
    }
    let Some(rollover) = plan.rollover else { return Ok(()) };
    if plan.lasting != Lasting::AtNext {
        return Err(invalid("rollover"));
    }
    if !(1..=MAX_AMOUNT).contains(&rollover.max) {
        return Err(invalid("rollover.max"));
    }
    lasts("rollover.expires_after_s", rollover.lasting)
}

/// The marks of coins that last so long from occurrence `k` on.
fn marks(table: &Timetable, k: u32, lasting: Lasting) -> Marks {
    let plan = &table.plan;
    let expires_at = match lasting {
        Lasting::Never => None,
        Lasting::AtNext => Some(instant(plan, table.anchor, k + 1)),
        Lasting::After(count) => Some(instant(plan, table.anchor, k) + seconds(i64::from(count))),
    };
    Marks { expires_at, priority: plan.priority, category: plan.category }
}

impl Model {
    pub(super) fn put_schedule(&mut self, id: &str, user: &str, coin: &str, plan: &Plan) -> Result<Done, Refusal> {
        self.find_user(user)?;
        self.find_coin(coin)?;
        self.check_open(user)?;
        let number = self.schedule_of_id(id);
        let before = number.map(|number| self.schedules[&number].clone());
        if let Some(before) = &before {
            if before.user != user {
                return Err(invalid("user"));
            }
            if before.coin != coin {
                return Err(invalid("coin"));
            }
        }
        let anchor = match &before {
            Some(before) => plan.anchor.unwrap_or(before.anchor),
            None => plan.anchor.or(plan.starts_at).unwrap_or(self.now),
        };
        let next = next(plan, anchor, self.not_before(before.as_ref()));
        let next = next.ok_or(invalid(if plan.ends_at.is_some() { "ends_at" } else { "anchor" }))?;
        let (id, user, coin) = (id.to_owned(), user.to_owned(), coin.to_owned());
        let (plan, at_once) = (Plan { now: false, ..*plan }, plan.now);
        let table = match before {
            Some(mut before) => {
                let is_over = before.lot.is_some_and(|lot| lot.marks.expires_at.is_some_and(|end| end <= self.now));
                if at_once && before.done.is_some() && !is_over && next.1 > self.now {
                    if plan.amount < before.granted {
                        let lot = before.lot.ok_or(invalid("takes_effect"))?;
                        let left = self.purse(&user, &coin).map_or(0, |purse| purse.of_lot(&lot));
                        if left > 0 && self.limits(&user, &coin).frozen {
                            return Err(Refusal::AccountFrozen { user: user.into(), coin: coin.into() });
                        }
                    }
                    before.adjust = Some((self.now, plan.amount));
                }
                Timetable { plan, anchor, next, ..before }
            }
            None => Timetable {
                id,
                user,
                coin,
                plan,
                anchor,
                next,
                paused: false,
                done: None,
                lot: None,
                granted: 0,
                added: 0,
                adjust: None,
            },
        };
        self.schedules.insert(number.unwrap_or(self.next_event()), table);
        Ok(Done::plainly("schedule"))
    }

    /// Nothing of the past, and nothing twice.
    fn not_before(&self, table: Option<&Timetable>) -> Micros {
        self.now.max(table.and_then(|table| table.done).map_or(0, |done| done + 1))
    }

    fn schedule_of_id(&self, id: &str) -> Option<u64> {
        self.schedules.iter().find(|(_, table)| table.id == id).map(|(number, _)| *number)
    }

    fn find_schedule(&self, id: &str) -> Result<u64, Refusal> {
        self.schedule_of_id(id).ok_or_else(|| Refusal::ScheduleNotFound { schedule: id.into() })
    }

    pub(super) fn end_schedule(&mut self, id: &str) -> Result<Done, Refusal> {
        let number = self.find_schedule(id)?;
        self.schedules.remove(&number);
        Ok(Done::plainly("schedule_deleted"))
    }

    pub(super) fn pause_schedule(&mut self, id: &str) -> Result<Done, Refusal> {
        let number = self.find_schedule(id)?;
        self.schedules.get_mut(&number).unwrap().paused = true;
        Ok(Done::plainly("schedule_paused"))
    }

    pub(super) fn resume_schedule(&mut self, id: &str) -> Result<Done, Refusal> {
        let number = self.find_schedule(id)?;
        let mut table = self.schedules.remove(&number).unwrap();
        if let Some(next) = next(&table.plan, table.anchor, self.not_before(Some(&table))) {
            (table.paused, table.next) = (false, next);
            self.schedules.insert(number, table);
        }
        Ok(Done::plainly("schedule_resumed"))
    }

    /// The first schedule of a purse, or that of this number, of which something goes on at an instant.
    pub(super) fn rolling(&self, user: &str, coin: &str, at: Micros, only: Option<u64>) -> Option<u64> {
        let rolls = |(number, table): &(&u64, &Timetable)| {
            let left = table.lot.map_or(0, |lot| {
                let held = self.held_of_lot(user, coin, &lot);
                self.purse(user, coin).map_or(0, |purse| purse.of_lot(&lot)) + held
            });
            let is_now = !table.paused && table.next.1 == at && table.plan.rollover.is_some();
            let is_good = table.lot.is_some_and(|lot| lot.marks.expires_at.is_none_or(|end| end >= at));
            let mine = table.user == user && table.coin == coin && only.is_none_or(|only| only == **number);
            mine && is_now && is_good && left > 0
        };
        self.schedules.iter().find(rolls).map(|(number, _)| *number)
    }

    fn held_of_lot(&self, user: &str, coin: &str, lot: &Lot) -> i64 {
        let mine = self.holds.values().filter(|hold| hold.user == user && hold.coin == coin);
        mine.flat_map(|hold| &hold.piles).filter(|pile| pile.lot == *lot).map(|pile| pile.amount).sum()
    }

    /// What goes on of an occurrence when the next one comes. Returns it as it was before.
    pub(super) fn roll_over(&mut self, number: u64) -> Vec<Pile> {
        let event = self.next_event();
        let table = self.schedules.get_mut(&number).unwrap();
        let (from, rollover) = (table.lot.take().unwrap(), table.plan.rollover.unwrap());
        let to = Lot { grant: event, marks: marks(table, table.next.0, rollover.lasting) };
        let Timetable { user, coin, .. } = table.clone();
        let mut left = signed(rollover.max);
        let purse = self.purse_mut(&user, &coin);
        let available = purse.of_lot(&from).min(left);
        purse.change(from, -available);
        purse.change(to, available);
        left -= available;
        let mut held = 0;
        for hold in self.holds.values_mut().filter(|hold| hold.user == user && hold.coin == coin) {
            let mut piles = Vec::new();
            for pile in &hold.piles {
                let amount = if pile.lot == from { pile.amount.min(left) } else { 0 };
                piles.push(Pile { amount: pile.amount - amount, ..*pile });
                piles.push(Pile { lot: to, amount });
                left -= amount;
                held += amount;
            }
            piles.retain(|pile| pile.amount > 0);
            hold.piles = piles;
        }
        let mut before = vec![Pile { lot: from, amount: available }, Pile { lot: from, amount: held }];
        before.retain(|pile| pile.amount > 0);
        before
    }

    /// Makes what the last occurrence granted what it is to be now.
    pub(super) fn adjust(&mut self, number: u64) -> Vec<Pile> {
        let table = self.schedules.get_mut(&number).unwrap();
        let (_, amount) = table.adjust.take().unwrap();
        let change = signed(amount) - signed(table.granted);
        table.granted = amount;
        let (user, coin, lot) = (table.user.clone(), table.coin.clone(), table.lot.unwrap_or(Lot::PLAIN));
        let added = table.added;
        let room = (signed(self.limits(&user, &coin).ceiling) - self.total(&user, &coin)).max(0);
        let mint = self.coins[&coin];
        let supply = i64::try_from(i128::from(MAX_AMOUNT) - mint.issued - mint.owed).unwrap();
        let left = if lot == Lot::PLAIN { 0 } else { self.purse(&user, &coin).map_or(0, |purse| purse.of_lot(&lot)) };
        let reversible = self.moved.get(&lot.grant).map_or(0, |moved| sum(&moved.piles));
        let change = change.min(room).min(supply).max(-left).max(-(reversible + added));
        // What was added goes first, then what the occurrence granted, which then can't be reversed any more.
        let of_grant = (-change - added).max(0);
        self.schedules.get_mut(&number).unwrap().added = (added + change).max(0);
        if let Some(pile) = self.moved.get_mut(&lot.grant).and_then(|moved| moved.piles.last_mut()) {
            pile.amount -= of_grant;
        }
        if change > 0 {
            self.purse_mut(&user, &coin).put(&[Pile { lot, amount: change }]);
        } else {
            self.purse_mut(&user, &coin).change(lot, change);
        }
        self.coins.get_mut(&coin).unwrap().issued += i128::from(change);
        if change == 0 { Vec::new() } else { vec![Pile { lot, amount: change.abs() }] }
    }

    /// Grants what there is room for.
    pub(super) fn execute(&mut self, number: u64) -> Moved {
        let event = self.next_event();
        let mut table = self.schedules.remove(&number).unwrap();
        let (k, due) = table.next;
        let (user, coin, plan) = (table.user.clone(), table.coin.clone(), table.plan);
        let room = signed(self.limits(&user, &coin).ceiling) - self.total(&user, &coin);
        let mint = self.coins[&coin];
        let supply = i64::try_from(i128::from(MAX_AMOUNT) - mint.issued - mint.owed).unwrap();
        let amount = signed(plan.amount).min(room).min(supply).max(0);
        let marks = marks(&table, k, plan.lasting);
        let defaults = Marks { expires_at: None, priority: 50, category: Category::Paid };
        let lot = if marks == defaults { Lot::PLAIN } else { Lot { grant: event, marks } };
        self.purse_mut(&user, &coin).put(&[Pile { lot, amount }]);
        self.coins.get_mut(&coin).unwrap().issued += i128::from(amount);
        (table.granted, table.added) = (plan.amount, 0);
        (table.done, table.lot) = (Some(due), Some(lot).filter(|lot| *lot != Lot::PLAIN));
        if let Some(next) = next(&plan, table.anchor, due + 1) {
            table.next = next;
            self.schedules.insert(number, table);
        }
        let piles = if amount > 0 { vec![Pile { lot, amount }] } else { Vec::new() };
        Moved { kind: "grant", user, coin, got: None, piles, at: due }
    }
}

/// The amount of some piles.
pub(super) fn amount_of(piles: &[Pile]) -> Amount {
    sum(piles).unsigned_abs()
}
