//! What time does.

use super::money::{alive, named, sum};
use super::schedules::amount_of;
use super::{Model, Moved, Outcome};
use tocos_ledger::{EndedAs, Micros};

enum Next {
    Hold(u64),
    /// The purse with this number.
    Lots(usize),
    /// The change of the schedule that this event made.
    Adjustment(u64),
    /// The schedule that this event made.
    Schedule(u64),
}

impl Model {
    /// Everything that is due, in order of time and as of its own instant; of one instant, holds before rollovers, those
    /// before lots, and occurrences last.
    pub(crate) fn tick(&mut self, now: Micros) {
        while let Some((instant, next)) = self.next_due(now) {
            self.now = instant;
            let levels = self.levels();
            let (kind, piles, expired, moved) = match next {
                Next::Hold(id) => {
                    let (user, coin) = (self.holds[&id].user.clone(), self.holds[&id].coin.clone());
                    // What goes on at this instant is still good.
                    if self.rolling(&user, &coin, instant, None).is_some() {
                        self.now = instant - 1;
                    }
                    let piles = self.given_back(id);
                    let expired = self.end_hold(id, EndedAs::Expired);
                    self.now = instant;
                    ("hold_expired", piles, expired, None)
                }
                Next::Lots(at) => {
                    let (user, coin) = (self.purses[at].user.clone(), self.purses[at].coin.clone());
                    match self.rolling(&user, &coin, instant, None) {
                        Some(number) => ("rollover", self.rolled(number), 0, None),
                        None => {
                            let moved = self.expire_lots(at);
                            ("expire", moved.piles.clone(), amount_of(&moved.piles), Some(moved))
                        }
                    }
                }
                Next::Adjustment(number) => {
                    let piles = self.adjust(number);
                    self.adjusted.insert(self.next_event(), (self.schedules[&number].id.clone(), number));
                    ("adjustment", piles, 0, None)
                }
                Next::Schedule(number) => {
                    let (user, coin) = (self.schedules[&number].user.clone(), self.schedules[&number].coin.clone());
                    if self.rolling(&user, &coin, instant, Some(number)).is_some() {
                        ("rollover", self.rolled(number), 0, None)
                    } else {
                        self.note_schedule(number);
                        let moved = self.execute(number);
                        ("grant", moved.piles.clone(), 0, Some(moved))
                    }
                }
            };
            let event = self.next_event();
            self.events.push(kind);
            self.moved.extend(moved.map(|moved| (event, moved)));
            let (amount, lots) = (amount_of(&piles), named(&piles));
            let crossed = self.crossed_since(&levels);
            self.answers.insert(event, Outcome { event, replayed: false, amount, lots, expired, crossed });
        }
        self.now = now;
    }

    fn rolled(&mut self, number: u64) -> Vec<super::money::Pile> {
        self.note_schedule(number);
        self.roll_over(number)
    }

    /// The event that comes is one of this schedule's.
    fn note_schedule(&mut self, number: u64) {
        let table = &self.schedules[&number];
        let (k, due) = table.next;
        self.by_schedule.insert(self.next_event(), (table.id.clone(), number, k, due));
    }

    fn expire_lots(&mut self, at: usize) -> Moved {
        let now = self.now;
        let mut dead = self.purses[at].burn_order();
        dead.retain(|pile| !alive(&pile.lot, now));
        self.purses[at].piles.retain(|pile| alive(&pile.lot, now));
        let (user, coin) = (self.purses[at].user.clone(), self.purses[at].coin.clone());
        self.coins.get_mut(&coin).unwrap().expired += i128::from(sum(&dead));
        Moved { kind: "expire", user, coin, got: None, piles: dead, at: now }
    }

    fn next_due(&self, now: Micros) -> Option<(Micros, Next)> {
        let holds = self.holds.iter().map(|(id, hold)| ((hold.expires_at, 0, *id), Next::Hold(*id)));
        let lots = self.purses.iter().enumerate().flat_map(|(at, purse)| {
            let instants = purse.piles.iter().filter_map(|pile| pile.lot.marks.expires_at);
            instants.map(move |instant| ((instant, 1, at as u64), Next::Lots(at)))
        });
        let schedules = self.schedules.iter().filter(|(_, table)| !table.paused);
        let schedules = schedules.map(|(number, table)| ((table.next.1, 3, *number), Next::Schedule(*number)));
        let adjusted = self.schedules.iter().filter_map(|(number, table)| Some((*number, table.adjust?.0)));
        let adjusted = adjusted.map(|(number, at)| ((at, 2, number), Next::Adjustment(number)));
        let all = holds.chain(lots).chain(adjusted).chain(schedules).filter(|((at, ..), _)| *at <= now);
        all.min_by_key(|(when, _)| *when).map(|((at, ..), next)| (at, next))
    }
}
