//! What the clock does.

use super::Judge;
use crate::amount::{Amount, Micros};
use crate::event::{Event, Fact, HoldEnd, Leg, Legs, MovementKind, Place};
use crate::ledger::Ledger;
use crate::lot::LotAmount;
use crate::recalled::Recalled;
use crate::stage::Staged;
use crate::state::Due;

impl Ledger {
    /// The event by which the next thing that is due at `now` expires; `None` when nothing is.
    #[must_use]
    pub fn expire(&self, now: Micros) -> Option<Event<'static>> {
        let (_, due) = self.state.due.get_min().filter(|(at, _)| *at <= now)?;
        let (staged, recalled) = (&Staged::default(), &Recalled::default());
        let judge = Judge { ledger: self, state: &self.state, staged, recalled, now };
        let fact = match due {
            Due::Hold(id) => {
                let hold = self.state.hold(*id)?;
                judge.end_hold(MovementKind::HoldExpired(HoldEnd { hold: *id }), hold)
            }
            Due::Lots(account) => {
                let dead = |part: &LotAmount| !part.lot.marks.is_alive(now);
                let lots: Vec<LotAmount> =
                    self.state.account(*account).other_lots().iter().copied().filter(dead).collect();
                let amount: Amount = lots.iter().map(|part| part.amount).sum();
                let legs = Legs { first: Leg::of_lots(Place::A, Place::Expired, lots), rest: Vec::new() };
                let party = judge.party_of(*account);
                Fact::Moved(judge.movement(MovementKind::LotExpired, amount, party, None, legs))
            }
        };
        let number = self.state.last_event + 1;
        Some(Event { number, at: now, by: 0, key: None, metadata: None, fact })
    }
}
