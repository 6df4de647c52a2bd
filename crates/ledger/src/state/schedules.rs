//! Schedules as the state keeps them: those that go on, and no others.

use crate::amount::{Amount, Micros};
use crate::lot::Lot;
use crate::schedule::Plan;
use crate::state::{AccountId, CoinId, Due, Hold, State, UserId};
use compact_str::CompactString;
use std::sync::Arc;

/// A schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// As the client chose it.
    pub id: CompactString,
    /// Who gets the coins.
    pub user: UserId,
    /// Which coins.
    pub coin: CoinId,
    /// What it does.
    pub plan: Plan,
    /// From where its occurrences are counted.
    pub anchor: Micros,
    /// The number of the occurrence that comes next.
    pub next: u32,
    /// When that is: it follows from plan and anchor.
    pub(crate) next_at: Micros,
    /// Whether occurrences are skipped.
    pub paused: bool,
    /// The instant of the last occurrence that was executed.
    pub last_due: Option<Micros>,
    /// The lot of that occurrence, of which some may roll over or be adjusted; none if its coins are plain.
    pub(crate) lot: Option<Lot>,
    /// What that occurrence was to grant, as adjusted since.
    pub(crate) granted: Amount,
    /// What is left to reverse of that occurrence, and what adjustments added to it and did not take back.
    pub(crate) reversible: Amount,
    pub(crate) added: Amount,
    /// When it is to grant something else, and what: right after the change.
    pub(crate) adjustment: Option<(Micros, Amount)>,
}

impl Schedule {
    /// When it comes next.
    #[must_use]
    pub fn next_due(&self) -> Micros {
        self.next_at
    }

    /// What its last occurrence was to grant, as adjusted since; 0 before there was one.
    #[must_use]
    pub fn granted(&self) -> Amount {
        self.granted
    }

    /// Since when that occurrence is to grant something else, and what.
    #[must_use]
    pub fn adjustment(&self) -> Option<(Micros, Amount)> {
        self.adjustment
    }

    /// What would be left to reverse of its last occurrence, and left of what was added to that, if so much were added or taken back; none if
    /// that were more than there is.
    pub(crate) fn adjusted_by(&self, grows: bool, amount: Amount) -> Option<(Amount, Amount)> {
        if grows {
            return Some((self.reversible, self.added.checked_add(amount)?));
        }
        // What was added goes first.
        let of_added = amount.min(self.added);
        Some((self.reversible.checked_sub(amount - of_added)?, self.added - of_added))
    }

    /// Whether coins of the last occurrence can still be added to or taken away from, if the next one is at `next_at` by then.
    pub(crate) fn is_adjustable(&self, now: Micros, next_at: Micros) -> bool {
        let is_good = self.lot.is_none_or(|lot| lot.marks.is_alive(now));
        self.last_due.is_some() && is_good && next_at > now
    }

    /// The same schedule with another occurrence to come.
    pub(crate) fn with_next(self, (next, next_at): (u32, Micros)) -> Self {
        Self { next, next_at, ..self }
    }

    /// Its next occurrences, the soonest first. A paused schedule has none.
    pub fn upcoming(&self) -> impl Iterator<Item = (u32, Micros)> {
        let first = (!self.paused).then_some((self.next, self.next_at));
        std::iter::successors(first, |(number, _)| self.plan.next(self.anchor, number.checked_add(1)?, Micros::MIN))
    }
}

impl State {
    /// The schedule of this id, and the event that made it.
    #[must_use]
    pub fn schedule_by_id(&self, id: &str) -> Option<(u64, &Schedule)> {
        let number = *self.schedule_ids.get(id)?;
        self.schedules.get(&number).map(|schedule| (number, &**schedule))
    }

    /// Schedules in the order of their ids, from the first that is at least `from`.
    pub fn schedules_from<'s>(&'s self, from: &str) -> impl Iterator<Item = (u64, &'s Schedule)> + use<'s> {
        self.schedule_ids
            .range(CompactString::from(from)..)
            .filter_map(|(_, number)| self.schedules.get(number).map(|schedule| (*number, &**schedule)))
    }

    /// How many schedules go on.
    #[must_use]
    pub fn schedule_count(&self) -> usize {
        self.schedules.len()
    }

    /// A user's schedules with the events that made them, the oldest first.
    pub fn schedules_of(&self, user: UserId) -> impl Iterator<Item = (u64, &Arc<Schedule>)> {
        let of_user = self.schedules_of.range((user, 0)..=(user, u64::MAX));
        of_user.filter_map(|(_, number)| self.schedules.get(number).map(|schedule| (*number, schedule)))
    }

    /// An account's open holds, the oldest first.
    pub fn holds_of(&self, account: AccountId) -> impl Iterator<Item = (u64, &Hold)> {
        let of_account = self.holds_of.range((account, 0)..=(account, u64::MAX));
        of_account.filter_map(|(_, id)| self.holds.get(id).map(|hold| (*id, hold)))
    }

    /// What open holds of an account reserve of a lot.
    pub(crate) fn held_of_lot(&self, account: AccountId, lot: &Lot) -> Amount {
        let parts = self.holds_of(account).flat_map(|(_, hold)| &hold.lots);
        parts.filter(|part| part.lot == *lot).map(|part| part.amount).sum()
    }

    /// Takes a schedule in that has another occurrence to come, or another lot, and nothing else that is new.
    pub(crate) fn advance_schedule(&mut self, number: u64, before: Micros, schedule: Schedule) {
        let next_at = schedule.next_at;
        if before != next_at {
            self.due.remove(&(before, Due::Schedule(number)));
            self.due.insert((next_at, Due::Schedule(number)));
        }
        if let Some(kept) = self.schedules.get_mut(&number) {
            *kept = Arc::new(schedule);
        }
    }

    /// Takes a schedule in of which the adjustment that was due has been made.
    pub(crate) fn drop_adjustment(&mut self, number: u64, mut schedule: Schedule) {
        if let Some((at, _)) = schedule.adjustment.take() {
            self.due.remove(&(at, Due::Adjustment(number)));
        }
        if let Some(kept) = self.schedules.get_mut(&number) {
            *kept = Arc::new(schedule);
        }
    }

    /// Takes a schedule in, new or changed; false if another has its id.
    pub(crate) fn keep_schedule(&mut self, number: u64, schedule: Schedule) -> bool {
        self.drop_appointments_of(number);
        let other = self.schedule_ids.insert(schedule.id.clone(), number);
        self.schedules_of.insert((schedule.user, number));
        self.schedules.insert(number, Arc::new(schedule));
        self.due.extend(self.appointments_of(number).collect::<Vec<_>>());
        other.is_none_or(|other| other == number)
    }

    /// Forgets a schedule that is over.
    pub(crate) fn drop_schedule(&mut self, number: u64) {
        self.drop_appointments_of(number);
        if let Some(schedule) = self.schedules.remove(&number) {
            self.schedule_ids.remove(&schedule.id);
            self.schedules_of.remove(&(schedule.user, number));
        }
    }

    /// Forgets the schedules of a user who is closed.
    pub(crate) fn drop_schedules_of(&mut self, user: UserId) {
        let numbers: Vec<u64> = self.schedules_of(user).map(|(number, _)| number).collect();
        numbers.into_iter().for_each(|number| self.drop_schedule(number));
    }

    fn drop_appointments_of(&mut self, number: u64) {
        let appointments: Vec<(Micros, Due)> = self.appointments_of(number).collect();
        for appointment in appointments {
            self.due.remove(&appointment);
        }
    }

    /// When the clock has something to do for a schedule: an adjustment, and the next occurrence unless it is paused.
    pub(crate) fn appointments_of(&self, number: u64) -> impl Iterator<Item = (Micros, Due)> + use<> {
        let schedule = self.schedules.get(&number);
        let adjustment = schedule.and_then(|schedule| schedule.adjustment).map(|(at, _)| (at, Due::Adjustment(number)));
        let running = schedule.filter(|schedule| !schedule.paused);
        adjustment.into_iter().chain(running.map(|schedule| (schedule.next_due(), Due::Schedule(number))))
    }
}
