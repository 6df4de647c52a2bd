//! What the clock does.

use super::{Judge, Party};
use crate::amount::{Amount, MAX_AMOUNT, Micros};
use crate::event::{AdjustmentTerms, Event, Fact, GrantTerms, HoldEnd, Leg, Legs, MovementKind, Place, RolloverTerms};
use crate::ledger::Ledger;
use crate::lot::{Lot, LotAmount};
use crate::recalled::Recalled;
use crate::schedule::Occurrence;
use crate::stage::Staged;
use crate::state::{AccountId, CoinId, Due, Schedule, UserId};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Something that is due, with what is needed to do it.
#[derive(Clone, Debug)]
pub struct Occasion {
    at: Micros,
    what: What,
}

/// What is due of one user, in order.
#[derive(Clone, Debug)]
pub struct DueOf {
    now: Micros,
    left: BTreeSet<(Micros, Due)>,
    touched: Option<Touched>,
}

/// The account, which may come into being only now, and the schedule of what was given last.
#[derive(Clone, Copy, Debug)]
struct Touched {
    user: UserId,
    coin: CoinId,
    schedule: Option<u64>,
}

#[derive(Clone, Debug)]
enum What {
    Hold(u64),
    /// Goes before what expires in the account at that instant.
    Rollover(u64, Arc<Schedule>),
    Lots(AccountId),
    Occurrence(u64, Arc<Schedule>),
    Adjustment(u64, Arc<Schedule>),
}

impl Ledger {
    /// What is due next at `now`, if anything is. In order of time; at one instant holds end, then what is left of an occurrence
    /// rolls over, then coins expire, then occurrences are executed.
    #[must_use]
    pub fn next_occasion(&self, now: Micros) -> Option<Occasion> {
        let (at, due) = self.state.due.get_min().filter(|(at, _)| *at <= now)?;
        Some(self.occasion(*at, *due))
    }

    /// What is due of one user alone, for [`Ledger::next_of`].
    #[must_use]
    pub fn due_of(&self, user: UserId, now: Micros) -> DueOf {
        let state = &self.state;
        let of_accounts = state.accounts_of(user).flat_map(|id| {
            let holds = state.holds_of(id).map(|(number, hold)| (hold.expires_at, Due::Hold(number)));
            holds.chain(self.expiries(id))
        });
        let schedules = state.schedules_of(user).flat_map(|(number, _)| state.appointments_of(number));
        let left = of_accounts.chain(schedules).filter(|(at, _)| *at <= now).collect();
        DueOf { now, left, touched: None }
    }

    /// What comes next of it, once what was given before has been applied.
    #[must_use]
    pub fn next_of(&self, due: &mut DueOf) -> Option<Occasion> {
        if let Some(Touched { user, coin, schedule }) = due.touched.take() {
            // It may have made more due.
            let schedule = schedule.into_iter().flat_map(|number| self.state.appointments_of(number));
            let expiries = self.state.account_of(user, coin).into_iter().flat_map(|account| self.expiries(account));
            due.left.extend(expiries.chain(schedule).filter(|(at, _)| *at <= due.now));
        }
        loop {
            let (at, next) = due.left.pop_first()?;
            if !self.state.due.contains(&(at, next)) {
                continue;
            }
            let occasion = self.occasion(at, next);
            let of_account = |account: AccountId| {
                let row = self.state.account(account);
                Touched { user: row.user, coin: row.coin, schedule: None }
            };
            due.touched = match &occasion.what {
                What::Hold(id) => self.state.hold(*id).map(|hold| of_account(hold.account)),
                What::Lots(account) => Some(of_account(*account)),
                What::Rollover(number, schedule)
                | What::Occurrence(number, schedule)
                | What::Adjustment(number, schedule) => {
                    Some(Touched { user: schedule.user, coin: schedule.coin, schedule: Some(*number) })
                }
            };
            if let What::Rollover(..) = occasion.what {
                // What was due comes after it.
                due.left.insert((at, next));
            }
            return Some(occasion);
        }
    }

    fn expiries(&self, account: AccountId) -> impl Iterator<Item = (Micros, Due)> {
        let lots = self.state.account(account).other_lots().iter();
        lots.filter_map(move |part| part.lot.marks.expires_at.map(|at| (at, Due::Lots(account))))
    }

    fn occasion(&self, at: Micros, due: Due) -> Occasion {
        let state = &self.state;
        let what = match due {
            Due::Hold(id) => What::Hold(id),
            Due::Lots(account) => self
                .rolling(account, at)
                .map_or(What::Lots(account), |(number, schedule)| What::Rollover(number, Arc::clone(schedule))),
            Due::Adjustment(number) => What::Adjustment(number, Arc::clone(&state.schedules[&number])),
            Due::Schedule(number) => {
                let schedule = Arc::clone(&state.schedules[&number]);
                if self.rolls_over(&schedule, at) {
                    What::Rollover(number, schedule)
                } else {
                    What::Occurrence(number, schedule)
                }
            }
        };
        Occasion { at, what }
    }

    /// The first schedule of an account of which something goes on at this instant.
    fn rolling(&self, account: AccountId, at: Micros) -> Option<(u64, &Arc<Schedule>)> {
        if self.state.schedules.is_empty() {
            return None;
        }
        let row = self.state.account(account);
        let mut of_user = self.state.schedules_of(row.user);
        of_user.find(|(_, schedule)| schedule.coin == row.coin && self.rolls_over(schedule, at))
    }

    /// Whether anything of a schedule's last occurrence goes on at this instant.
    fn rolls_over(&self, schedule: &Schedule, at: Micros) -> bool {
        let (Some(_), Some(lot)) = (schedule.plan.rollover, schedule.lot) else { return false };
        // Held coins that expired before stay as they are.
        let is_over = lot.marks.expires_at.is_some_and(|expires_at| expires_at < at);
        if schedule.paused || schedule.next_due() != at || is_over {
            return false;
        }
        let Some(account) = self.state.account_of(schedule.user, schedule.coin) else { return false };
        self.state.account(account).amount_of(&lot) > 0 || self.state.held_of_lot(account, &lot) > 0
    }

    /// The event by which something that is due at `now` is done, as of the instant at which it was due.
    #[must_use]
    pub fn expire<'o>(&self, occasion: &'o Occasion, now: Micros) -> Event<'o> {
        let (staged, recalled) = (&Staged::default(), &Recalled::default());
        let judge = Judge { ledger: self, state: &self.state, staged, recalled, now: occasion.at };
        let mut reference = None;
        let fact = match &occasion.what {
            What::Hold(id) => {
                let hold = &self.state.holds[id];
                // What it gives back can go on at this very instant; the rest of it expires then.
                let can_go_on = self.rolling(hold.account, occasion.at).is_some();
                let judge = Judge { now: occasion.at - i64::from(can_go_on), ..judge };
                judge.end_hold(MovementKind::HoldExpired(HoldEnd { hold: *id }), hold)
            }
            What::Lots(account) => judge.expire_lots(*account),
            What::Rollover(number, schedule) => {
                reference = Some(schedule.id.as_str());
                judge.roll_over(*number, schedule)
            }
            What::Adjustment(number, schedule) => {
                reference = Some(schedule.id.as_str());
                judge.adjust(*number, schedule)
            }
            What::Occurrence(number, schedule) => {
                reference = Some(schedule.id.as_str());
                judge.execute(*number, schedule)
            }
        };
        let number = self.state.last_event + 1;
        Event { number, at: now, by: 0, key: None, metadata: None, reference, fact }
    }
}

impl Judge<'_> {
    fn expire_lots(&self, account: AccountId) -> Fact<'static> {
        let dead = |part: &LotAmount| !part.lot.marks.is_alive(self.now);
        let lots: Vec<LotAmount> = self.state.account(account).other_lots().iter().copied().filter(dead).collect();
        let amount: Amount = lots.iter().map(|part| part.amount).sum();
        let legs = Legs { first: Leg::of_lots(Place::A, Place::Expired, lots), rest: Vec::new() };
        Fact::Moved(self.movement(MovementKind::LotExpired, amount, self.party_of(account), None, legs))
    }

    /// New coins of an occurrence: as many as there is room for.
    fn execute(&self, number: u64, schedule: &Schedule) -> Fact<'static> {
        let plan = &schedule.plan;
        let party = self.party(schedule.user, schedule.coin);
        let amount = plan.amount.min(self.room(party)).min(self.state.coin(schedule.coin).supply_left());
        let marks = plan.marks(schedule.anchor, schedule.next, plan.lasting);
        let occurrence =
            Occurrence { schedule: number, number: schedule.next, due_at: self.now, scheduled: plan.amount };
        let mut leg = Leg::plain(Place::Issued, Place::A, amount);
        if amount > 0 && !marks.is_plain() {
            let grant = self.state.last_event() + 1;
            leg.lots = vec![LotAmount { lot: Lot { grant, marks }, amount }];
        }
        let kind = MovementKind::Grant(GrantTerms { marks, lot: false, occurrence: Some(occurrence) });
        Fact::Moved(self.movement(kind, amount, party, None, Legs { first: leg, rest: Vec::new() }))
    }

    /// The last occurrence grants as much as the schedule does now: what is missing is added as far as there is room, what is too much is
    /// taken as far as it is there.
    fn adjust(&self, number: u64, schedule: &Schedule) -> Fact<'static> {
        let party = self.party(schedule.user, schedule.coin);
        let lot = schedule.lot.unwrap_or(Lot::PLAIN);
        let before = schedule.granted;
        let scheduled = schedule.adjustment.map_or(before, |(_, amount)| amount);
        let (amount, from, to) = if scheduled > before {
            let room = self.room(party).min(self.state.coin(schedule.coin).supply_left());
            ((scheduled - before).min(room), Place::Issued, Place::A)
        } else {
            let left = if lot.is_plain() { 0 } else { party.row().map_or(0, |row| row.amount_of(&lot)) };
            // Of what was reversed while it was spent or held, nothing is taken back again.
            let most = schedule.reversible.saturating_add(schedule.added);
            ((before - scheduled).min(left).min(most), Place::A, Place::Issued)
        };
        let mut leg = Leg::plain(from, to, amount);
        if amount > 0 && !lot.is_plain() {
            leg.lots = vec![LotAmount { lot, amount }];
        }
        let left = schedule.adjusted_by(scheduled > before, amount);
        let remaining = left.map_or(schedule.reversible, |(reversible, _)| reversible);
        let terms = AdjustmentTerms { schedule: number, due_at: self.now, lot, before, scheduled, remaining };
        let legs = Legs { first: leg, rest: Vec::new() };
        Fact::Moved(self.movement(MovementKind::Adjustment(terms), amount, party, None, legs))
    }

    /// How much an account can take in below its ceiling.
    fn room(&self, party: Party<'_>) -> Amount {
        let ceiling = party.row().map_or(MAX_AMOUNT, |account| account.limits().ceiling);
        // Both are below 2^54, so the difference fits.
        u64::try_from(ceiling as i64 - party.balance().total).unwrap_or(0)
    }

    /// What is left of an occurrence when the next one comes, available coins before held ones.
    fn roll_over(&self, number: u64, schedule: &Schedule) -> Fact<'static> {
        let plan = &schedule.plan;
        let (max, lasting) = plan.rollover.map_or((0, plan.lasting), |rollover| (rollover.max, rollover.lasting));
        let party = self.party(schedule.user, schedule.coin);
        let from = schedule.lot.unwrap_or(Lot::PLAIN);
        let available = party.row().map_or(0, |row| row.amount_of(&from)).min(max);
        let held = party.account.map_or(0, |(id, _)| self.state.held_of_lot(id, &from)).min(max - available);
        let marks = plan.marks(schedule.anchor, schedule.next, lasting);
        let to = Lot { grant: self.state.last_event() + 1, marks };
        let leg = |place, amount| {
            let lots = if amount > 0 { vec![LotAmount { lot: from, amount }] } else { Vec::new() };
            Leg { from: place, to: place, amount, lots }
        };
        let rest = if held > 0 { vec![leg(Place::Hold, held)] } else { Vec::new() };
        let legs = Legs { first: leg(Place::A, available), rest };
        let terms = RolloverTerms { schedule: number, number: schedule.next, due_at: self.now, from, to };
        Fact::Moved(self.movement(MovementKind::Rollover(terms), available + held, party, None, legs))
    }
}
