//! Schedules: put, paused, executed.

use super::{Applied, count, holds};
use crate::amount::{Amount, Micros};
use crate::event::{AdjustmentTerms, Movement, Place, RolloverTerms};
use crate::ledger::Ledger;
use crate::lot::{Lot, LotAmount, Marks};
use crate::schedule::{Occurrence, Plan};
use crate::state::{AccountId, CoinId, Schedule, UserId};
use std::sync::Arc;

impl Ledger {
    pub(super) fn put_schedule(
        &mut self,
        (event, at): (u64, Micros),
        number: u64,
        id: &str,
        (user, coin): (UserId, CoinId),
        plan: &Plan,
        (anchor, next): (Micros, u32),
    ) -> Applied {
        let no_such = "its schedule has no such occurrence";
        if plan.check().is_err() || !Plan::may_be_anchor(anchor) {
            return Err(no_such);
        }
        let next = plan.next(anchor, next, Micros::MIN).filter(|(first, _)| *first == next).ok_or(no_such)?;
        if number == event {
            if self.state.users.find(user.0).is_none() || usize::from(coin.0) >= self.state.coins.len() {
                return Err("its schedule is for no user or of no coin");
            }
            let schedule = Schedule {
                id: id.into(),
                user,
                coin,
                plan: Plan { now: false, ..*plan },
                anchor,
                next: next.0,
                next_at: next.1,
                paused: false,
                last_due: None,
                lot: None,
                granted: 0,
                reversible: 0,
                added: 0,
                adjustment: None,
            };
            let is_new = self.state.keep_schedule(number, schedule);
            return if is_new { Ok(()) } else { Err("there is a schedule of that id already") };
        }
        let before = self.schedule_of_id(number, id)?;
        if (before.user, before.coin) != (user, coin) {
            return Err("its schedule is another user's or of another coin");
        }
        if before.last_due.is_some_and(|last_due| next.1 <= last_due) {
            return Err("its schedule would execute an occurrence twice");
        }
        let adjusts = plan.now && before.is_adjustable(at, next.1);
        let adjustment = if adjusts { Some((at, plan.amount)) } else { before.adjustment };
        let plan = Plan { now: false, ..*plan };
        let schedule = Schedule { plan, anchor, adjustment, ..(*before).clone() }.with_next(next);
        self.state.keep_schedule(number, schedule);
        Ok(())
    }

    pub(super) fn schedule_of_id(&self, number: u64, id: &str) -> Result<Arc<Schedule>, &'static str> {
        let schedule = self.state.schedules.get(&number).filter(|schedule| schedule.id == id);
        schedule.map(Arc::clone).ok_or("there is no such schedule")
    }

    pub(super) fn pause_schedule(&mut self, number: u64, id: &str) -> Applied {
        let before = self.schedule_of_id(number, id)?;
        self.state.keep_schedule(number, Schedule { paused: true, ..(*before).clone() });
        Ok(())
    }

    pub(super) fn resume_schedule(&mut self, number: u64, id: &str, next: Option<u32>) -> Applied {
        let before = self.schedule_of_id(number, id)?;
        let Some(next) = next else {
            self.state.drop_schedule(number);
            return Ok(());
        };
        let first = before.plan.next(before.anchor, next, Micros::MIN);
        let next = first.filter(|(first, _)| *first == next && next >= before.next);
        let next = next.ok_or("its schedule has no such occurrence to come")?;
        self.state.keep_schedule(number, Schedule { paused: false, ..(*before).clone() }.with_next(next));
        Ok(())
    }

    /// The schedule of an occurrence that is executed, or that something rolls over to.
    fn schedule_for(
        &self,
        number: u64,
        next: u32,
        due_at: Micros,
        account: AccountId,
    ) -> Result<Arc<Schedule>, &'static str> {
        let schedule = self.state.schedules.get(&number).ok_or("there is no such schedule")?;
        let row = self.state.account(account);
        let fits = (schedule.user, schedule.coin) == (row.user, row.coin)
            && !schedule.paused
            && (schedule.next, schedule.next_due()) == (next, due_at);
        if fits { Ok(Arc::clone(schedule)) } else { Err("it is not the next occurrence of its schedule") }
    }

    pub(super) fn note_occurrence(
        &mut self,
        number: u64,
        movement: &Movement,
        marks: &Marks,
        occurrence: &Occurrence,
    ) -> Applied {
        let Occurrence { schedule: made_by, number: next, due_at, scheduled } = *occurrence;
        let mut schedule = (*self.schedule_for(made_by, next, due_at, movement.a.account)?).clone();
        if scheduled != schedule.plan.amount || movement.amount > scheduled {
            return Err("an occurrence grants more than its schedule");
        }
        schedule.last_due = Some(due_at);
        (schedule.granted, schedule.reversible, schedule.added) = (scheduled, movement.amount, 0);
        schedule.lot = (!marks.is_plain()).then_some(Lot { grant: number, marks: *marks });
        let after = next.checked_add(1).and_then(|next| schedule.plan.next(schedule.anchor, next, Micros::MIN));
        match after {
            Some(next) => self.state.advance_schedule(made_by, due_at, schedule.with_next(next)),
            None => self.state.drop_schedule(made_by),
        }
        Ok(())
    }

    /// The coins themselves were moved by the leg.
    pub(super) fn note_adjustment(&mut self, movement: &Movement, terms: &AdjustmentTerms) -> Applied {
        let number = terms.schedule;
        let schedule = self.state.schedules.get(&number).ok_or("there is no such schedule")?;
        let row = self.state.account(movement.a.account);
        let fits = (schedule.user, schedule.coin) == (row.user, row.coin)
            && schedule.lot.unwrap_or(Lot::PLAIN) == terms.lot
            && schedule.granted == terms.before
            && schedule.adjustment == Some((terms.due_at, terms.scheduled));
        if !fits {
            return Err("its schedule has no such change");
        }
        let leg = &movement.legs.first;
        let grows = terms.scheduled > terms.before;
        let places = if grows { (Place::Issued, Place::A) } else { (Place::A, Place::Issued) };
        let is_of_lot = leg.parts().all(|part| part.lot == terms.lot);
        let most = terms.scheduled.abs_diff(terms.before);
        if (leg.from, leg.to) != places || !movement.legs.rest.is_empty() || !is_of_lot || movement.amount > most {
            return Err("an adjustment is not of what its schedule changed");
        }
        let (reversible, added) =
            schedule.adjusted_by(grows, movement.amount).ok_or("more is taken back than was granted")?;
        if reversible != terms.remaining {
            return Err("what is left to reverse does not come out as written");
        }
        if !terms.lot.is_plain() {
            self.state.over.set_remaining(terms.lot.grant, reversible);
        }
        let schedule = Schedule { granted: terms.scheduled, reversible, added, ..(**schedule).clone() };
        self.state.drop_adjustment(number, schedule);
        Ok(())
    }

    /// An occurrence of a schedule that goes on may have been reversed.
    pub(super) fn note_reversed(&mut self, account: AccountId, of: u64, remaining: Amount) {
        let row = self.state.account(account);
        let of_lot = |schedule: &Schedule| schedule.coin == row.coin && schedule.lot.is_some_and(|lot| lot.grant == of);
        let changed = self.state.schedules_of(row.user).find(|(_, schedule)| of_lot(schedule));
        let changed =
            changed.map(|(number, schedule)| (number, Schedule { reversible: remaining, ..(**schedule).clone() }));
        if let Some((number, schedule)) = changed {
            self.state.schedules.insert(number, Arc::new(schedule));
        }
    }

    /// Coins go from one lot into another: available ones first, then held ones, in the order of the holds.
    pub(super) fn roll_over(&mut self, number: u64, movement: &Movement, terms: &RolloverTerms) -> Applied {
        let id = movement.a.account;
        let mut schedule = (*self.schedule_for(terms.schedule, terms.number, terms.due_at, id)?).clone();
        if schedule.lot.take() != Some(terms.from) || terms.to.grant != number || terms.to.is_plain() {
            return Err("it is not the lot of its schedule that rolls over");
        }
        let mut rolled: Amount = 0;
        for leg in movement.legs.iter() {
            count(&mut rolled, leg.amount)?;
            let mut left = leg.amount;
            for part in &leg.lots {
                if part.lot != terms.from {
                    return Err("coins of another lot roll over");
                }
            }
            match (leg.from, leg.to) {
                (Place::A, Place::A) => {
                    self.take_from_account(id, leg, false)?;
                    if leg.amount > 0 {
                        let to = LotAmount { lot: terms.to, amount: leg.amount };
                        self.state.accounts.get_mut(id.0).put(to);
                        self.keep_due(id, &terms.to);
                    }
                    left = 0;
                }
                (Place::Hold, Place::Hold) => {
                    let holds: Vec<u64> = self.state.holds_of(id).map(|(hold, _)| hold).collect();
                    for hold in holds {
                        left -= self.roll_over_held(hold, terms, left)?;
                    }
                }
                _ => {}
            }
            if left > 0 {
                return Err("less is left than rolls over");
            }
        }
        if rolled != movement.amount {
            return Err("what rolls over does not come out as written");
        }
        self.state.advance_schedule(terms.schedule, terms.due_at, schedule);
        Ok(())
    }

    /// At most so many of the coins that a hold has of a lot go on in another; says how many.
    fn roll_over_held(&mut self, id: u64, terms: &RolloverTerms, most: Amount) -> Result<Amount, &'static str> {
        let hold = &self.state.holds[&id];
        let Some(at) = hold.lots.iter().position(|part| part.lot == terms.from) else { return Ok(0) };
        let amount = hold.lots[at].amount.min(most);
        if amount == 0 {
            return Ok(0);
        }
        let mut hold = hold.clone();
        hold.lots.insert(at + 1, LotAmount { lot: terms.to, amount });
        holds::take_part(&mut hold.lots, LotAmount { lot: terms.from, amount })?;
        self.state.holds.insert(id, hold);
        Ok(amount)
    }
}
