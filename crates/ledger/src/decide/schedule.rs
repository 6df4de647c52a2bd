//! Putting schedules, and taking them away.

use super::Judge;
use crate::amount::Micros;
use crate::event::Fact;
use crate::refusal::Refusal;
use crate::schedule::Plan;
use crate::state::{CoinId, Schedule, UserId};

impl Judge<'_> {
    pub(super) fn put_schedule<'a>(
        &self,
        id: &'a str,
        user: &str,
        coin: &str,
        plan: &Plan,
    ) -> Result<Fact<'a>, Refusal> {
        let user = self.ledger.require_user(user)?;
        let coin = self.ledger.require_coin(coin)?;
        self.check_open(user)?;
        let mut before = None;
        let (number, anchor, from) = match self.state.schedule_by_id(id) {
            Some((number, schedule)) => {
                check_same_account(schedule, user, coin)?;
                before = Some(schedule);
                (number, plan.anchor.unwrap_or(schedule.anchor), self.earliest(schedule))
            }
            None => {
                let anchor = plan.anchor.or(plan.starts_at).unwrap_or(self.now);
                (self.state.last_event() + 1, anchor, self.now)
            }
        };
        let Some((next, next_at)) = plan.next(anchor, 0, from) else {
            let field = if plan.ends_at.is_some() { "ends_at" } else { "anchor" };
            let words = "no occurrence is left from now on; occurrences of the past are not made up for".to_owned();
            return Err(Refusal::invalid(field, words));
        };
        if let Some(before) = before.filter(|before| plan.now && before.is_adjustable(self.now, next_at))
            && plan.amount < before.granted
        {
            let Some(lot) = before.lot else {
                let words = "coins of this schedule are no lot of their own, so none can be taken back; leave takes_effect out, and less is granted from the next occurrence on";
                return Err(Refusal::invalid("takes_effect", words.to_owned()));
            };
            let party = self.party(user, coin);
            if party.row().is_some_and(|row| row.amount_of(&lot) > 0) {
                self.check_not_frozen(party)?;
            }
        }
        Ok(Fact::SchedulePut { number, id, user, coin, plan: *plan, anchor, next })
    }

    pub(super) fn end_schedule<'a>(&self, id: &'a str) -> Result<Fact<'a>, Refusal> {
        let (number, _) = self.require_schedule(id)?;
        Ok(Fact::ScheduleEnded { number, id })
    }

    pub(super) fn pause_schedule<'a>(&self, id: &'a str) -> Result<Fact<'a>, Refusal> {
        let (number, _) = self.require_schedule(id)?;
        Ok(Fact::SchedulePaused { number, id })
    }

    pub(super) fn resume_schedule<'a>(&self, id: &'a str) -> Result<Fact<'a>, Refusal> {
        let (number, schedule) = self.require_schedule(id)?;
        let next = if schedule.paused {
            schedule.plan.next(schedule.anchor, 0, self.earliest(schedule)).map(|(next, _)| next)
        } else {
            Some(schedule.next)
        };
        Ok(Fact::ScheduleResumed { number, id, next })
    }

    fn require_schedule(&self, id: &str) -> Result<(u64, &Schedule), Refusal> {
        self.state.schedule_by_id(id).ok_or_else(|| Refusal::ScheduleNotFound { schedule: id.into() })
    }

    /// From when on a schedule may have an occurrence: nothing of the past is made up for, and none is executed twice.
    fn earliest(&self, schedule: &Schedule) -> Micros {
        schedule.last_due.map_or(self.now, |last_due| self.now.max(last_due.saturating_add(1)))
    }
}

fn check_same_account(schedule: &Schedule, user: UserId, coin: CoinId) -> Result<(), Refusal> {
    let field = match (schedule.user == user, schedule.coin == coin) {
        (true, true) => return Ok(()),
        (false, _) => "user",
        (true, false) => "coin",
    };
    let words = "a schedule stays with its user and coin; delete it and put one of another id".to_owned();
    Err(Refusal::invalid(field, words))
}
