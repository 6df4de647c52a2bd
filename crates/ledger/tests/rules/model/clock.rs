//! What time does.

use super::money::{alive, named, sum};
use super::{Model, Moved, Outcome};
use tocos_ledger::{EndedAs, Micros};

enum Next {
    Hold(u64),
    /// The purse with this number.
    Lots(usize),
}

impl Model {
    /// Everything that is due, in order of time; of one instant, holds before lots.
    pub(crate) fn tick(&mut self, now: Micros) {
        self.now = now;
        while let Some(next) = self.next_due() {
            let mut moved = None;
            let (kind, outcome) = match next {
                Next::Hold(id) => {
                    let piles = self.given_back(id);
                    let expired = self.end_hold(id, EndedAs::Expired);
                    ("hold_expired", (piles, expired))
                }
                Next::Lots(at) => {
                    let mut dead = self.purses[at].burn_order();
                    dead.retain(|pile| !alive(&pile.lot, now));
                    self.purses[at].piles.retain(|pile| alive(&pile.lot, now));
                    let gone = sum(&dead);
                    let (user, coin) = (self.purses[at].user.clone(), self.purses[at].coin.clone());
                    moved = Some(Moved { kind: "expire", user, coin, got: None, piles: dead.clone() });
                    self.coins.get_mut(&self.purses[at].coin).unwrap().expired += i128::from(gone);
                    ("expire", (dead, gone.unsigned_abs()))
                }
            };
            let (piles, expired) = outcome;
            let event = self.next_event();
            self.events.push(kind);
            self.moved.extend(moved.map(|moved| (event, moved)));
            let (amount, lots) = (sum(&piles).unsigned_abs(), named(&piles));
            self.answers.insert(event, Outcome { event, replayed: false, amount, lots, expired });
        }
    }

    fn next_due(&self) -> Option<Next> {
        let holds = self.holds.iter().map(|(id, hold)| ((hold.expires_at, 0, *id), Next::Hold(*id)));
        let lots = self.purses.iter().enumerate().flat_map(|(at, purse)| {
            let instants = purse.piles.iter().filter_map(|pile| pile.lot.marks.expires_at);
            instants.map(move |instant| ((instant, 1, at as u64), Next::Lots(at)))
        });
        holds.chain(lots).filter(|((at, ..), _)| *at <= self.now).min_by_key(|(when, _)| *when).map(|(_, next)| next)
    }
}
